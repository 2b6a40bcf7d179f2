/* relay/logic/parcel.h - a photo as one HTTP request to the next hop.
 *
 * multipart/form-data (RFC 7578) with one part, "file". The boundary is made of the photo's own
 * SHA-256: no photo can contain it but by finding a preimage, and every retry has the same length.
 *
 * The Idempotency-Key is made of the photo's SHA-256 and our name for it, and of nothing else: a
 * database rebuilt from the files yields the same key, a retry after years too. The name is part of
 * it because two photos with equal bytes are two photos. The sender's own key is not passed on: two
 * senders that number their photos 1, 2, 3 would meet at the next hop. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "relay/logic/ports/photo.h"
#include "relay/logic/ports/uplink.h"

enum {
    PARCEL_KEY_MAX = 96,
    PARCEL_PREFIX_MAX = 1280, /* a name of 255 bytes, each escaped to three, and 300 around it */
    PARCEL_SUFFIX_MAX = 96,
    PARCEL_URL_MAX = 2048,
    PARCEL_HEADERS = 9,
};

struct parcel {
    struct uplink_header headers[PARCEL_HEADERS];
    size_t header_count;
    char prefix[PARCEL_PREFIX_MAX];
    size_t prefix_len;
    char suffix[PARCEL_SUFFIX_MAX];
    size_t suffix_len;
};

/* Writes headers, and what goes before and after the photo's bytes. `token` NULL or "" = none; one
 * with control characters is left out, and answered for by a 401. */
void parcel_make(struct parcel *p, const struct photo *photo, const char *token);

/* "SHA256HEX-NAMEHASHHEX", without the quotes it travels in (a String of RFC 9651, as
 * draft-ietf-httpapi-idempotency-key-header wants it). */
void parcel_key(const struct photo *photo, char out[PARCEL_KEY_MAX]);

/* Headers of a question to the same destination: the token alone. */
void parcel_make_question(struct parcel *p, const char *token);

/* The address of the receiver's list: "list" in place of the last segment of the upload path, with
 * `?limit=`; query and fragment are dropped. ERR_INPUT: no http(s) URL; ERR_LIMIT: too long. */
CHECKED enum err parcel_list_url(const char *upload_url, unsigned limit, char *out, size_t cap);
