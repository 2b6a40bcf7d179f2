/* relay/port/notify_systemd.h - tells the service manager how the daemon is (sd_notify(3)), and
 * takes the sockets it may hand over (sd_listen_fds(3)). Without a service manager, every call does
 * nothing. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { NOTIFY_SOCKETS_MAX = 4 };

/* Sends "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=..." or several of them, one a line. ERR_IO:
 * there is a service manager and it could not be told. Callable from any thread. */
CHECKED enum err notify_send(const char *text);

/* "RELOADING=1" with the time systemd wants beside it; followed by "READY=1" when done. */
CHECKED enum err notify_reloading(void);

/* How often WATCHDOG=1 is expected: half of what the manager grants. 0: not at all. */
uint64_t notify_watchdog_interval_ms(void);

/* Descriptors of listening sockets handed over to this process; closed on exec. Answers how many.
 */
size_t notify_sockets(int out_fds[NOTIFY_SOCKETS_MAX]);
