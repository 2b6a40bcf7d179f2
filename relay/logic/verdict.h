/* relay/logic/verdict.h - what the answer to a forwarded photo means.
 *
 * A photo counts as sent only on 2xx, and, where the answer is a JSON object, only if what it says
 * agrees: `success` is not false, `size` and `sha256` are ours, `filename` is not empty (a receiver
 * names the file as it likes). A 2xx with any other body is taken at its word: that receiver has
 * nothing better to give. Pure: no clock, no I/O. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "relay/logic/ports/json.h"
#include "relay/logic/ports/photo.h"
#include "relay/logic/ports/uplink.h"

enum {
    /* A receiver that refuses a photo itself is asked so often before the photo is put aside. */
    VERDICT_PHOTO_TRIES_MAX = 3,
};

enum verdict_kind {
    VERDICT_SENT,  /* proven, or claimed by a receiver that proves nothing */
    VERDICT_LATER, /* the destination cannot now; says nothing about the photo */
    VERDICT_AGAIN, /* failed, and may be this photo's fault or the destination's; never given up */
    VERDICT_REFUSED,  /* this photo is not wanted: 400, 413, 415, 422 */
    VERDICT_HOLD,     /* the destination is not what we think it is: a person must look */
    VERDICT_OUR_FILE, /* our own file could not be read to its end */
};

/* For counters: why an attempt ended as it did. */
enum verdict_reason {
    VERDICT_REASON_SENT,
    VERDICT_REASON_REFUSED,     /* REFUSED and HOLD */
    VERDICT_REASON_UNREACHABLE, /* no connection */
    VERDICT_REASON_AMBIGUOUS,   /* no answer after the request began */
    VERDICT_REASON_UNPROVEN,    /* 2xx, but its proof disagrees */
    VERDICT_REASON_FAILED,      /* 408, 425, 429, 5xx, our own file */
    VERDICT_REASONS,
};

struct verdict {
    enum verdict_kind kind;
    enum verdict_reason reason;
    bool ambiguous; /* the receiver may have stored it although it did not say so */
    bool damaged;   /* it says the bytes are not what the digest names */
    /* SENT only: the answer carried our sha256, so the receiver knows keys and folds repetitions.
     */
    bool knows_keys;
    bool has_retry_after;
    uint32_t retry_after_s;
    char error[DELIVERY_ERROR_MAX]; /* one sentence for people; "" if SENT */
};

/* Errors of refusals begin so; a row that carries one was refused when it was last tried. */
#define VERDICT_REFUSED_PREFIX "refused: "
bool verdict_was_refusal(const char *error);

/* Judges one attempt to deliver `photo`. `receipt` is what the answer's body says. */
struct verdict verdict_of(const struct uplink_result *result, const struct json_receipt *receipt,
                          const struct photo *photo);
