#include "test/fakes/relay/far_side.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/sha256.h"

void far_side_init(struct far_side *f)
{
    *f = (struct far_side){0};
}

void far_side_deinit(struct far_side *f)
{
    free(f->photos);
    *f = (struct far_side){0};
}

uint32_t far_side_dice(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static struct far_side_photo *photo_of(struct far_side *f, size_t number)
{
    if (number >= f->count) {
        size_t count = 2 * number + 16;
        f->photos = realloc(f->photos, count * sizeof *f->photos);
        assert(f->photos != NULL);
        memset(f->photos + f->count, 0, (count - f->count) * sizeof *f->photos);
        f->count = count;
    }
    return &f->photos[number];
}

unsigned far_side_copies(const struct far_side *f, int64_t photo)
{
    return (size_t)photo < f->count ? f->photos[photo].copies : 0;
}

unsigned far_side_doubts(const struct far_side *f, int64_t photo)
{
    return (size_t)photo < f->count ? f->photos[photo].doubts : 0;
}

struct upload {
    size_t number;
    char name[256];
    const char *bytes;
    size_t len;
    char key[160];
};

static void read_upload(const struct fake_uplink_request *r, struct upload *out)
{
    const char *name = strstr(r->body, "filename=\"");
    assert(name != NULL);
    name += strlen("filename=\"");
    (void)snprintf(out->name, sizeof out->name, "%.*s", (int)strcspn(name, "\""), name);
    out->number = strtoul(out->name + 1, NULL, 10);
    const char *body = strstr(name, "\r\n\r\n");
    assert(body != NULL);
    out->bytes = body + 4;
    size_t boundary = strcspn(r->body, "\r");
    size_t tail = boundary + 6; /* CRLF boundary "--" CRLF */
    out->len = r->body_len - (size_t)(out->bytes - r->body) - tail;
    const char *key = fake_uplink_header(r, "Idempotency-Key");
    (void)snprintf(out->key, sizeof out->key, "%s", key == NULL ? "" : key);
}

static void say(struct fake_uplink_answer *a, unsigned status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(struct fake_uplink_answer *a, unsigned status, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fake_uplink_say(a, status, text);
}

static void receipt(const struct far_side *f, const struct upload *u, bool again,
                    struct fake_uplink_answer *a)
{
    struct sha256 s;
    uint8_t digest[SHA256_BYTES];
    char hex[2 * SHA256_BYTES + 1];
    sha256_start(&s);
    sha256_add(&s, u->bytes, u->len);
    sha256_finish(&s, digest);
    if (f->lie == FAR_SIDE_LIES_HASH)
        digest[0] ^= 1;
    hex_encode(digest, sizeof digest, hex);
    size_t size = f->lie == FAR_SIDE_LIES_SIZE ? u->len - 1 : u->len;
    const char *success = f->lie == FAR_SIDE_LIES_SUCCESS ? "false" : "true";
    if (f->is_script)
        say(a, 200, "{\"success\": %s, \"filename\": \"%s\", \"size\": %zu}", success, u->name,
            size);
    else
        say(a, 200,
            "{\"success\": %s, \"filename\": \"%s\", \"size\": %zu, \"sha256\": \"%s\", "
            "\"duplicate\": %s}",
            success, u->name, size, hex, again ? "true" : "false");
}

static void cut(struct fake_uplink_answer *a, bool whole)
{
    a->failure = UPLINK_AMBIGUOUS;
    a->body_sent_whole = whole;
    a->error = "connection reset";
}

static bool take_one(unsigned *count)
{
    if (*count == 0)
        return false;
    (*count)--;
    return true;
}

static bool store(struct far_side *f, const struct upload *u)
{
    struct far_side_photo *p = photo_of(f, u->number);
    bool again = p->copies > 0 && !f->is_script;
    if (!again) {
        p->copies++;
        f->stored++;
    }
    p->size = u->len;
    (void)snprintf(p->name, sizeof p->name, "%s", u->name);
    return again;
}

/* One of the ways an upload can go wrong; false: it goes right this time. */
static bool have_mishap(struct far_side *f, const struct upload *u, struct fake_uplink_answer *a)
{
    if (f->mishap_percent == 0 || far_side_dice(f->seed) % 100 >= f->mishap_percent)
        return false;
    switch (far_side_dice(f->seed) % 7) {
    case 0: a->failure = UPLINK_UNREACHABLE; return true;
    case 1: cut(a, false); return true;
    case 2: cut(a, true); return true;
    case 3:
        store(f, u);
        photo_of(f, u->number)->doubts++;
        cut(a, true);
        return true;
    case 4: say(a, 500, "oops"); return true;
    case 5: say(a, 503, "{\"success\": false, \"error\": \"busy\"}"); return true;
    default: say(a, 422, "{\"success\": false, \"code\": \"digest\"}"); return true;
    }
}

static void meet_upload(struct far_side *f, uint64_t now_ms, const struct fake_uplink_request *r,
                        struct fake_uplink_answer *a)
{
    struct upload u;
    read_upload(r, &u);
    f->uploads++;
    struct far_side_photo *p = photo_of(f, u.number);
    assert(now_ms >= p->busy_until); /* the same photo twice at once */
    bool late = a->after_ms > r->give_up_ms;
    p->busy_until = now_ms + (late ? r->give_up_ms : a->after_ms);
    p->doubts += late;
    if (p->key[0] != '\0' && strcmp(p->key, u.key) != 0)
        f->foreign_keys++;
    (void)snprintf(p->key, sizeof p->key, "%s", u.key);

    if (f->hated != 0 && (size_t)f->hated == u.number) {
        f->hated_uploads++;
        say(a, f->hated_status, "{\"success\": false, \"error\": \"no\"}");
    } else if (f->status != 0) {
        say(a, f->status, "{\"success\": false}");
        a->retry_after_s = f->retry_after_s;
    } else if (take_one(&f->digest_wrong)) {
        say(a, 422, "{\"success\": false, \"code\": \"digest\"}");
    } else if (take_one(&f->swallow)) {
        cut(a, true);
    } else if (take_one(&f->lose_answers)) {
        store(f, &u);
        p->doubts++;
        cut(a, true);
    } else if (!have_mishap(f, &u, a)) {
        bool again = f->lie == FAR_SIDE_HONEST && store(f, &u);
        receipt(f, &u, again, a);
    }
}

void far_side_cut_off(struct far_side *f, uint64_t now_ms)
{
    for (size_t i = 0; i < f->count; i++) {
        struct far_side_photo *p = &f->photos[i];
        if (p->busy_until <= now_ms)
            continue;
        p->doubts++;
        p->busy_until = 0;
    }
}

static void meet_question(struct far_side *f, struct fake_uplink_answer *a)
{
    f->questions++;
    if (f->listless || f->status != 0) {
        say(a, f->listless ? 404 : f->status, "nothing here");
        return;
    }
    size_t cap = 64 + f->count * 400, len = 0;
    char *text = malloc(cap);
    assert(text != NULL);
    len += (size_t)snprintf(text, cap, "{\"count\": %u, \"files\": [", f->stored);
    bool any = false;
    for (size_t i = 0; i < f->count; i++) {
        const struct far_side_photo *p = &f->photos[i];
        if (p->copies == 0)
            continue;
        int stem = (int)strcspn(p->name, ".");
        len += (size_t)snprintf(text + len, cap - len,
                                "%s{\"filename\": \"%.*s%s.jpg\", \"size\": %zu}", any ? ", " : "",
                                stem, p->name, f->is_script ? "_20260115_120000" : "", p->size);
        any = true;
    }
    len += (size_t)snprintf(text + len, cap - len, "]}");
    free(a->body);
    a->body = text;
    a->body_len = len;
    a->status = 200;
}

void far_side_meet(struct far_side *f, uint64_t now_ms, const struct fake_uplink_request *r,
                   struct fake_uplink_answer *a)
{
    a->after_ms = f->delay_ms;
    if (f->gone) {
        a->failure = UPLINK_UNREACHABLE;
        a->error = "connection refused";
        return;
    }
    if (strcmp(r->method, "POST") == 0)
        meet_upload(f, now_ms, r, a);
    else
        meet_question(f, a);
}

void far_side_shuffle(struct far_side *f, uint32_t *seed)
{
    static const unsigned STATUSES[] = {500, 502, 503, 429, 401, 404, 302, 507};
    far_side_behave(f);
    f->seed = seed;
    switch (far_side_dice(seed) % 8) {
    case 0: f->gone = true; break;
    case 1: f->status = STATUSES[far_side_dice(seed) % 8]; break;
    case 2:
        f->listless = true;
        f->mishap_percent = 40;
        break;
    case 3: f->mishap_percent = 30; break;
    case 4: f->mishap_percent = 60; break;
    case 5: f->delay_ms = far_side_dice(seed) % 900000; break;
    case 6: f->lie = FAR_SIDE_LIES_SIZE; break;
    default: break;
    }
}

void far_side_behave(struct far_side *f)
{
    f->gone = false;
    f->listless = false;
    f->status = 0;
    f->retry_after_s = 0;
    f->mishap_percent = 0;
    f->delay_ms = 0;
    f->lie = FAR_SIDE_HONEST;
}
