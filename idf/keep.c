#include "idf/keep.h"

#include <string.h>

#include "lib/pace/bootguard.h"
#include "lib/port/log.h"

static char s_text[KEEP_TEXT_BYTES_MAX]; /* too much for a task's stack */

void keep_load(const struct vault *v, const struct prefs_table *t, void *values)
{
    size_t len = 0;
    unsigned refused = 0;
    if (v->get(v->ctx, "settings", s_text, sizeof s_text, &len) != ERR_OK || len == 0)
        return;
    struct slice text = {s_text, len};
    /* Reading begins with the table's defaults: what a sketch said would be lost to a damaged one.
     */
    if (!prefs_is_whole(t, text))
        log_line(LOG_LEVEL_WARN, "the saved settings are damaged; the defaults stand");
    else if (prefs_load(t, values, text, &refused) != ERR_OK || refused > 0)
        log_line(LOG_LEVEL_WARN, "saved settings not taken count=%u", refused);
    memset(s_text, 0, sizeof s_text); /* secrets */
}

enum err keep_save(const struct vault *v, const struct prefs_table *t, const void *values)
{
    struct buf b;
    buf_init(&b, s_text, sizeof s_text);
    enum err e = ERR_FULL;
    if (prefs_save(t, values, &b))
        e = v->put(v->ctx, "settings", b.ptr, b.len);
    memset(s_text, 0, sizeof s_text);
    return e;
}

void keep_password(const struct vault *v, const struct random *r, char out[KEEP_PASSWORD_MAX])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    size_t len = 0;
    uint8_t bytes[KEEP_PASSWORD_LEN];
    out[KEEP_PASSWORD_LEN] = '\0';
    if (v->get(v->ctx, "password", out, KEEP_PASSWORD_LEN, &len) == ERR_OK &&
        len == KEEP_PASSWORD_LEN)
        return;
    r->fill(r->ctx, bytes, sizeof bytes);
    for (unsigned i = 0; i < KEEP_PASSWORD_LEN; i++)
        out[i] = letters[bytes[i] % (sizeof letters - 1)];
    if (v->put(v->ctx, "password", out, KEEP_PASSWORD_LEN) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the board's password could not be kept: it changes each start");
}

struct keep_crashes keep_count_crashes(const struct vault *v, bool was_crash)
{
    uint8_t before = 0;
    size_t len = 0;
    if (v->get(v->ctx, "crashes", &before, 1, &len) != ERR_OK)
        before = 0;
    struct keep_crashes c = {.count = bootguard_count(before, was_crash)};
    c.safe_mode = bootguard_is_safe_mode(c.count);
    uint8_t now = c.count < 255 ? (uint8_t)c.count : 255;
    if (now != before && v->put(v->ctx, "crashes", &now, 1) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the count of crashes could not be kept");
    if (c.safe_mode)
        log_line(LOG_LEVEL_WARN, "safe mode: set-up and update only crashes=%u", now);
    return c;
}

void keep_settle(struct keep_crashes *c, const struct vault *v, struct mono since_start)
{
    const uint8_t none = 0;
    if (c->count == 0 || !bootguard_is_healthy(since_start))
        return;
    c->count = 0;
    if (v->put(v->ctx, "crashes", &none, 1) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the count of crashes could not be cleared");
}
