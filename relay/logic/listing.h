/* relay/logic/listing.h - is a photo of ours among what a receiver lists?
 *
 * Asked after an answer got lost, of receivers that do not know keys. Best effort, and in doubt no,
 * because then the photo is only sent again. What counts as found has exactly our size and either
 * our very name, or our stem with the time stamp that the Flask script appends
 * (STEM_YYYYmmdd_HHMMSS.jpg). The latter only if our stem already ends in a time stamp of ours
 * (with or without a number behind it), so that no other photo has it. A listed sha256 must be
 * ours too. A name the receiver changed in another way is not recognised. */
#pragma once

#include <stdbool.h>

#include "lib/base/slice.h"
#include "relay/logic/ports/json.h"
#include "relay/logic/ports/photo.h"

enum {
    LISTING_LIMIT = 1000,                /* entries asked for */
    LISTING_BYTES_MAX = 4 * 1024 * 1024, /* of the answer; some 40,000 entries of the script's */
};

bool listing_is(const struct json_listed *entry, const struct photo *photo);

/* Looks through a whole answer. ERR_INPUT: not a list. */
CHECKED enum err listing_find(const struct json *json, struct slice answer,
                              const struct photo *photo, bool *out_found);
