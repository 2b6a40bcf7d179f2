#include "relay/logic/verdict.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/slice.h"
#include "lib/base/utf8.h"

/* What a status says, before any proof is looked at. */
struct meaning {
    enum verdict_kind kind;
    bool ambiguous; /* some part of the receiver may have stored it before this was said */
};

static struct meaning meaning_of(unsigned status)
{
    if (status >= 200 && status < 300)
        return (struct meaning){VERDICT_SENT, false};
    switch (status) {
    case 400:
    case 413:
    case 415:
    case 422: return (struct meaning){VERDICT_REFUSED, false};
    /* "Not now": nothing was kept. 409 and 423: the same key is being worked on elsewhere. */
    case 408:
    case 425:
    case 429:
    case 503:
    case 507: return (struct meaning){VERDICT_LATER, false};
    case 409:
    case 423: return (struct meaning){VERDICT_AGAIN, true};
    default: break;
    }
    if (status >= 500 && status < 600)
        return (struct meaning){VERDICT_AGAIN, true};
    /* Redirects, 401, 403, 404, 405, 407, 411 and every other answer that no upload address gives.
     */
    return (struct meaning){VERDICT_HOLD, false};
}

static const char *status_text(unsigned status)
{
    switch (status) {
    case 400: return "bad request";
    case 401: return "it wants a token, or another one";
    case 403: return "it forbids us to upload";
    case 404: return "there is no upload address there";
    case 405: return "that address takes no uploads";
    case 407: return "a proxy wants a login";
    case 408: return "it timed out";
    case 411: return "it does not understand our length";
    case 413: return "too large for it";
    case 415: return "not a kind of file it takes";
    case 422: return "it could not use the photo";
    case 429: return "too many requests";
    case 503: return "not available now";
    case 507: return "its disk is full";
    default: break;
    }
    if (status >= 300 && status < 400)
        return "it points elsewhere; redirects are not followed";
    if (status >= 500)
        return "it failed";
    return "unexpected";
}

/* Adds as much as fits, in whole characters. */
static void say(struct verdict *v, const char *text)
{
    size_t used = strlen(v->error);
    size_t len = utf8_cut(slice_of(text), sizeof v->error - 1 - used);
    memcpy(v->error + used, text, len);
    v->error[used + len] = '\0';
}

static void say_theirs(struct verdict *v, const struct json_receipt *receipt)
{
    if (!receipt->is_object || receipt->error[0] == '\0')
        return;
    say(v, ": ");
    say(v, receipt->error);
}

static void explain_status(struct verdict *v, unsigned status, const struct json_receipt *receipt)
{
    char number[32];
    (void)snprintf(number, sizeof number, "HTTP %u: ", status);
    if (v->kind == VERDICT_REFUSED)
        say(v, VERDICT_REFUSED_PREFIX);
    say(v, number);
    say(v, status_text(status));
    say_theirs(v, receipt);
}

/* The first thing in a receipt that is not so; NULL if all of it agrees. */
static const char *disagreement(const struct json_receipt *r, const struct photo *photo)
{
    if (!r->is_object)
        return NULL;
    if (r->has_success && !r->success)
        return "it answered success: false";
    if (r->has_size && r->size_bytes != photo->size_bytes)
        return "it stored another size";
    if (r->has_sha256 &&
        (!r->sha256_readable || memcmp(r->sha256, photo->sha256, sizeof r->sha256) != 0))
        return "it stored other bytes (sha256)";
    if (r->has_filename && r->filename[0] == '\0')
        return "it named no file";
    return NULL;
}

static void judge_proof(struct verdict *v, const struct uplink_result *result,
                        const struct json_receipt *receipt, const struct photo *photo)
{
    const char *wrong = disagreement(receipt, photo);
    if (!result->body_sent_whole)
        wrong = "it answered before it had the photo";
    if (wrong == NULL) {
        v->reason = VERDICT_REASON_SENT;
        v->knows_keys = receipt->is_object && receipt->has_sha256;
        return;
    }
    v->kind = VERDICT_AGAIN;
    v->reason = VERDICT_REASON_UNPROVEN;
    say(v, "not proven: ");
    say(v, wrong);
    say_theirs(v, receipt);
}

static struct verdict judge_answer(const struct uplink_result *result,
                                   const struct json_receipt *receipt, const struct photo *photo)
{
    struct meaning m = meaning_of(result->status);
    struct verdict v = {
        .kind = m.kind,
        .reason = VERDICT_REASON_FAILED,
        .ambiguous = m.ambiguous,
        .has_retry_after = result->has_retry_after,
        .retry_after_s = result->retry_after_s,
    };
    if (m.kind == VERDICT_SENT) {
        judge_proof(&v, result, receipt, photo);
        return v;
    }
    if (m.kind == VERDICT_REFUSED || m.kind == VERDICT_HOLD)
        v.reason = VERDICT_REASON_REFUSED;
    /* Bytes that changed on the way are nobody's refusal: they are sent again. */
    if (m.kind == VERDICT_REFUSED && receipt->is_object &&
        slice_starts_nocase(slice_of(receipt->code), SLICE("digest"))) {
        v.kind = VERDICT_AGAIN;
        v.reason = VERDICT_REASON_UNPROVEN;
        v.damaged = true;
    }
    explain_status(&v, result->status, receipt);
    return v;
}

bool verdict_was_refusal(const char *error)
{
    return slice_starts_nocase(slice_of(error), SLICE(VERDICT_REFUSED_PREFIX));
}

struct verdict verdict_of(const struct uplink_result *result, const struct json_receipt *receipt,
                          const struct photo *photo)
{
    struct verdict v = {0};
    const char *text = result->error;
    switch (result->failure) {
    case UPLINK_ANSWERED: return judge_answer(result, receipt, photo);
    case UPLINK_UNREACHABLE:
        v.kind = VERDICT_LATER;
        v.reason = VERDICT_REASON_UNREACHABLE;
        break;
    case UPLINK_AMBIGUOUS:
        v.kind = VERDICT_AGAIN;
        v.reason = VERDICT_REASON_AMBIGUOUS;
        v.ambiguous = result->body_sent_whole; /* else it cannot have all of it */
        break;
    case UPLINK_LOCAL:
        v.kind = VERDICT_OUR_FILE;
        v.reason = VERDICT_REASON_FAILED;
        break;
    }
    say(&v, text[0] != '\0' ? text : "no answer");
    return v;
}
