/* camera/port/stream_esp.h - struct stream over TCP, plain or TLS by esp-tls, never waiting.
 *
 * Names are looked up by stream_esp_prepare, which may wait for the DNS and is therefore called
 * without the firmware's lock; open itself then only connects. */
#pragma once

#include <stdbool.h>

#include "camera/logic/ports/stream.h"

enum { STREAM_ESP_HOST_MAX = 128, STREAM_ESP_ADDRESS_MAX = 46 }; /* as MDNS_ESP_ADDRESS_MAX */

struct stream_esp {
    int fd;    /* -1: closed */
    void *tls; /* esp_tls_t *, NULL: plain, or not connected yet; owns the descriptor */
    struct stream_target target;
    char host[STREAM_ESP_HOST_MAX];       /* whose address is known */
    char address[STREAM_ESP_ADDRESS_MAX]; /* as text; "": not known */
    struct stream stream;                 /* valid as long as this struct stays where it is */
};

void stream_esp_init(struct stream_esp *s);

/* Looks the name up. Not from two threads at once. */
void stream_esp_prepare(struct stream_esp *s, const char *host);

/* The open connection's, -1: none. Under the lock of whoever opens and closes. */
int stream_esp_descriptor(const struct stream_esp *s);

/* Waits until it can be read (or written), at most so long; without a lock. -1: a short moment. */
void stream_esp_wait(int descriptor, bool wants_write, uint32_t ms);
