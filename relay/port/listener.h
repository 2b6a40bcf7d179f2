/* relay/port/listener.h - sockets that listen for TCP. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { LISTENER_BACKLOG = 1024 }; /* the kernel caps it at net.core.somaxconn */

/* Listens on every address that `host` (numeric or a name) stands for, up to `cap`. "::" takes IPv4
 * as well. `*port` 0 becomes the one the kernel picked and is then used for all. The descriptors,
 * non-blocking and close-on-exec, belong to the caller. ERR_INPUT: no such host; ERR_IO: the
 * address cannot be used (both logged); then nothing stays open. */
CHECKED enum err listener_open(const char *host, uint16_t *port, int *out_fds, size_t cap,
                               size_t *out_count);

/* The port a descriptor listens on; 0 if it is no TCP socket. */
uint16_t listener_port(int fd);
