/* camera/port/host_stream.h - struct stream over a TCP socket of the host, plain HTTP only. */
#pragma once

#include "camera/logic/ports/stream.h"

struct host_stream {
    int fd;               /* -1: closed; for poll */
    struct stream stream; /* valid as long as this struct stays where it is */
};

void host_stream_init(struct host_stream *s);
