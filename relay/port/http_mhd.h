/* relay/port/http_mhd.h - the relay's front (relay/logic/ports/front.h) over libmicrohttpd.
 *
 * Works with libmicrohttpd 0.9.75 (Debian 12) and 1.0.1 (Debian 13). What the library lets pass and
 * must not is refused here: see lib/wire/framing.h. Its threads make no file or database call; the
 * bodies of answers that come from a front_source are read by workers of this port.
 *
 * Limits in time, each counted by a thread of our own, because the library's timeout starts again
 * with every byte:
 *   head   a new connection, or one whose request line came, has `head_timeout_ms` for the rest
 *   idle   a kept-alive connection has `idle_timeout_ms` until the next head is complete
 *   body   `body_rate_min` bytes per second in every window of `rate_window_ms`; time while the
 * handler has parked the exchange does not count answer the same rate while bytes of ours wait to
 * be taken An exchange that waits for the handler (parked, or complete and not yet answered) has no
 * limit here: the handler has a deadline of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "relay/logic/ports/front.h"

enum {
    HTTP_MHD_HOSTS_MAX = 4,           /* listen addresses (one library daemon each) */
    HTTP_MHD_DISCARD_BYTES = 1 << 20, /* read and thrown away after an early answer */
    HTTP_MHD_DISCARD_MS = 2000,       /* ... and for how long */
    HTTP_MHD_LINGER_MAX = 128, /* connections being read out after their answer; more just close */
};

struct http_mhd; /* one running front */

/* Zeros mean the default in brackets. All text is borrowed during http_mhd_open() only. */
struct http_mhd_options {
    const char
        *hosts[HTTP_MHD_HOSTS_MAX]; /* address or name; all NULL = "0.0.0.0" and "::" as one */
    uint16_t port;                  /* 0: the kernel picks one, the same for all hosts */
    int listen_fd;    /* > 0: a socket that already listens (socket activation); hosts and port
                         are not used; taken, closed by http_mhd_close() */
    unsigned threads; /* of the library, per address (2) */
    unsigned source_threads;  /* reading front_source bodies (2) */
    unsigned source_buffers;  /* of 64 KiB, the most answers read at a time (16) */
    unsigned connections_max; /* all addresses together (4096: at 7 KiB each 28 MiB at worst) */
    unsigned per_address_max; /* connections of one client address; 0 = no limit */
    uint32_t head_timeout_ms; /* (15000) */
    uint32_t idle_timeout_ms; /* (60000) */
    uint32_t rate_window_ms;  /* over which a rate is judged (15000) */
    uint32_t body_rate_min;   /* bytes per second (100) */
    size_t connection_bytes;  /* memory of one connection, bounds its head (7168) */
    const char *tls_cert_pem; /* both or none: HTTPS */
    const char *tls_key_pem;
};

/* Listens and serves until http_mhd_close(). `*handler` is copied; its ctx is borrowed. `*out` is
 * untouched on failure. ERR_INPUT: an address that cannot be used, or a bad certificate (logged);
 * ERR_IO: the system refused. */
CHECKED enum err http_mhd_open(const struct http_mhd_options *options,
                               const struct front_handler *handler, struct http_mhd **out);

/* The port of the first address. */
uint16_t http_mhd_port(const struct http_mhd *h);

/* Connections open now, for /health and tests. */
unsigned http_mhd_connections(const struct http_mhd *h);

/* No new connections from now on; those that are there go on. */
void http_mhd_stop_listening(struct http_mhd *h);

/* Ends every exchange (`gone` comes for each, from a library thread, before this returns), closes
 * every connection and frees `h`; NULL does nothing. Takes at most a few seconds: a source that
 * does not come back from its read within 3 s is left behind with its thread (logged). */
void http_mhd_close(struct http_mhd *h);
