/* camera/logic/shot.h - what is known about one photo besides its bytes, fixed when it is queued.
 *
 * The identity (device, epoch, boot, seq) never changes afterwards: every retry, also after a
 * reboot, carries the same key, so that a relay can tell a repeat from a new photo. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum {
    SHOT_BYTES_MAX = 4 * 1024 * 1024, /* largest JPEG a sensor of ours makes (5 MP) with room */
    SHOT_DIGEST_BYTES = 32,
    SHOT_DEVICE_MAX = 32, /* bytes of a device name without NUL */
    SHOT_KEY_MAX = 96,    /* bytes of a key with its NUL */
    SHOT_NAME_MAX = 96,   /* bytes of a file name with its NUL */
};

enum shot_trigger {
    SHOT_BY_INTERVAL,
    SHOT_BY_GPIO,
    SHOT_BY_REQUEST, /* a person or a program asked over HTTP, console or button */
    SHOT_BY_BOOT,    /* woken from deep sleep, or the first after power on */
};

struct shot {
    uint64_t epoch; /* random, made together with the boot counter; see ident.h */
    uint32_t boot;  /* 1.. */
    uint32_t seq;   /* 1.. within a boot */
    uint32_t length_bytes;
    int64_t captured_ms; /* Unix time in ms; 0: not known when it was taken */
    uint64_t mono_ms;    /* time since this boot, to work out captured_ms later */
    bool clock_sure;     /* captured_ms comes from SNTP, the relay or a person, not from a guess */
    enum shot_trigger trigger;
    uint8_t digest[SHOT_DIGEST_BYTES]; /* SHA-256 of the JPEG */
};

/* "door1-9f…16 hex…-3-17": device, epoch, boot, sequence. False when `out` overflows. */
bool shot_put_key(const struct shot *s, const char *device, struct buf *out);

/* "door1_20260114T081502Z_17.jpg"; without a known time "door1_b3_17.jpg". */
bool shot_put_name(const struct shot *s, const char *device, struct buf *out);

/* The short word for a trigger, as the relay stores it: "interval", "gpio", "request", "boot". */
const char *shot_trigger_name(enum shot_trigger t);
