/* camera/port/dial_sockets.h - a TCP connection that is made, written and read without waiting; the
 * same on Linux and over lwIP. Descriptors are the caller's: -1 is no connection. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct sockaddr;

enum dial_state { DIAL_FAILED, DIAL_CONNECTING, DIAL_CONNECTED };

/* Begins to connect; -1 if that is refused at once or there is no descriptor. */
int dial_begin(const struct sockaddr *address, unsigned address_len);

/* To be asked until it is not DIAL_CONNECTING any more; the answer before the first write. */
enum dial_state dial_state_of(int fd);

/* What the system takes now, perhaps 0 bytes. ERR_IO: the connection is gone. */
CHECKED enum err dial_write(int fd, const void *data, size_t len, size_t *out_len);

/* What is there now, perhaps 0 bytes. `*out_end`: the peer closed. ERR_IO: it is gone. */
CHECKED enum err dial_read(int fd, void *out, size_t cap, size_t *out_len, bool *out_end);

/* Waits until it can be read (or written), at most so long. */
void dial_wait(int fd, bool wants_write, unsigned ms);

/* Closes it, if it is one, and leaves -1. */
void dial_close(int *fd);
