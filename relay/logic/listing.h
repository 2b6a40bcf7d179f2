/* relay/logic/listing.h - is a photo of ours among what a receiver lists?
 *
 * Asked after an answer got lost, of receivers that do not know keys. Best effort: the script that
 * receives with Flask appends its own time stamp to our name (STEM_YYYYmmdd_HHMMSS.jpg), so what
 * counts as found is our stem, with or without one such stamp (and a number behind it), the same
 * extension, and exactly our size. A listed sha256 decides alone. Our names carry a time stamp of
 * their own, so another photo with this stem and this size would have to be the same one.
 * A name the receiver changed otherwise is not recognised; then the photo is sent again. */
#pragma once

#include <stdbool.h>

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
