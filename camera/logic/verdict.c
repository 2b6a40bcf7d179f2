#include "camera/logic/verdict.h"

#include "camera/logic/answer.h"
#include "lib/base/hex.h"

enum verdict verdict_of_status(unsigned status)
{
    if (status >= 200 && status <= 299)
        return VERDICT_SENT;
    if (status >= 500 || status < 200)
        return VERDICT_RETRY;
    switch (status) {
    case 408:
    case 425:
    case 429: return VERDICT_RETRY;
    case 400:
    case 413:
    case 415:
    case 422: return VERDICT_PHOTO;
    default: return VERDICT_HOLD;
    }
}

static bool agrees(const struct answer *a, const struct shot *s)
{
    if (a->has_success && !a->success)
        return false;
    if (a->has_size && a->size_bytes != s->length_bytes)
        return false;
    if (a->sha256.len == 0)
        return true;
    char hex[2 * SHOT_DIGEST_BYTES + 1];
    hex_encode(s->digest, SHOT_DIGEST_BYTES, hex);
    return slice_eq_nocase(a->sha256, (struct slice){hex, sizeof hex - 1});
}

enum verdict verdict_of_reply(const struct reply *r, const struct shot *s)
{
    enum verdict v = verdict_of_status(r->status);
    if (v != VERDICT_SENT && v != VERDICT_PHOTO)
        return v;
    struct answer a;
    if (!answer_read((struct slice){r->body, r->body_kept}, &a))
        return v; /* no JSON, or too long to be ours: the status speaks */
    if (v == VERDICT_SENT)
        return agrees(&a, s) ? VERDICT_SENT : VERDICT_RETRY;
    bool hurt_on_the_way =
        slice_eq_nocase(a.code, SLICE("digest")) || slice_eq_nocase(a.code, SLICE("cut"));
    return hurt_on_the_way ? VERDICT_RETRY : v;
}

const char *verdict_name(enum verdict v)
{
    switch (v) {
    case VERDICT_SENT: return "sent";
    case VERDICT_RETRY: return "retry";
    case VERDICT_HOLD: return "hold";
    case VERDICT_PHOTO: return "photo";
    }
    return "unknown";
}
