/* camera/port/host_dump.h - struct dump over a file, removed once a relay has it. */
#pragma once

#include "camera/logic/ports/dump.h"

struct host_dump {
    const char *path; /* borrowed */
    struct dump dump; /* valid as long as this struct stays where it is */
};

void host_dump_init(struct host_dump *d, const char *path);
