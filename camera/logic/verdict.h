/* camera/logic/verdict.h - what an answer means for the photo and for those behind it.
 *
 *   2xx                                       the photo is safe, unless the JSON disagrees
 *   408 425 429 5xx, no answer, bad digest    try again after a while
 *   400 413 415 422                           it is about this photo: three tries, then set aside
 *   everything else (redirects, 401, 403, 404, 405, 407, 411 ...)
 *                                             relay or token are not right yet: hold everything */
#pragma once

#include <stdint.h>

#include "camera/logic/reply.h"
#include "camera/logic/shot.h"

enum verdict {
    VERDICT_SENT,
    VERDICT_RETRY,
    VERDICT_HOLD,
    VERDICT_PHOTO,
};

enum verdict verdict_of_status(unsigned status);

/* Status and JSON together: a 2xx whose JSON says false, another size or another hash is a retry;
 * so is a refusal with the code "digest" or "cut": the bytes were hurt on the way. */
enum verdict verdict_of_reply(const struct reply *r, const struct shot *s);

/* "sent", "retry", "hold", "photo". */
const char *verdict_name(enum verdict v);
