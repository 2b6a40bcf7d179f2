#include "camera/logic/backlog.h"

#include <assert.h>
#include <string.h>

static struct backlog_slot *slot(const struct backlog *b, uint32_t i)
{
    return &b->config.slots[(b->first + i) % b->config.slots_max];
}

/* A photo of the log as the counters name it: never 0, and unlike that of any other photo that can
 * be in the log at the same time. */
static uint32_t log_ref(uint64_t at)
{
    return (uint32_t)(at >> 3) | 1;
}

static uint32_t log_count(const struct backlog *b)
{
    return b->config.log == NULL ? 0 : b->config.log->count;
}

static bool is_busy_slot(const struct backlog *b, const struct backlog_slot *s)
{
    return b->busy && !b->busy_in_log && s == &b->config.slots[b->busy_slot];
}

/* ---- start ---- */

/* A photo of the log is counted as sent or dropped first and forgotten then. The power went in
 * between: forget it now. */
static void finish_last_step(struct backlog *b)
{
    const struct tally *t = b->config.tally;
    if ((t->last != TALLY_SENT && t->last != TALLY_DROPPED) || t->last_ref == 0)
        return;
    for (uint32_t i = 0; i < log_count(b); i++) {
        if (log_ref(b->config.log->entries[i].at) == t->last_ref) {
            (void)photolog_forget(b->config.log, b->config.log->entries[i].at);
            return;
        }
    }
}

void backlog_start(struct backlog *b, const struct backlog_config *config)
{
    assert(config->slots_max > 0 && config->tally != NULL);
    *b = (struct backlog){.config = *config};
    memset(config->slots, 0, config->slots_max * sizeof *config->slots);
    finish_last_step(b);
    struct tally_counts c = config->tally->now;
    uint32_t known = c.sent + c.dropped + log_count(b);
    if (c.captured > known) {
        b->lost_before = c.captured - known;
        c.dropped += b->lost_before;
    } else if (known > c.captured) {
        c.captured = known; /* counters erased with photos still here: those were captured */
    }
    tally_settle(config->tally, c);
}

/* ---- RAM ---- */

/* Forgets holes at both ends, so that the arena's free stretch is known from the ends. */
static void trim_slots(struct backlog *b)
{
    while (b->count > 0 && !slot(b, 0)->used) {
        b->first = (b->first + 1) % b->config.slots_max;
        b->count--;
    }
    while (b->count > 0 && !slot(b, b->count - 1)->used)
        b->count--;
}

static void release_slot(struct backlog *b, struct backlog_slot *s)
{
    if (s->give_back != NULL)
        s->give_back(s->give_back_ctx);
    *s = (struct backlog_slot){0};
    trim_slots(b);
}

/* A stretch of the arena, in a ring: behind the newest photo, or before the oldest. */
static bool find_room(const struct backlog *b, uint32_t len, uint32_t *out_offset)
{
    uint32_t begin = 0, end = 0;
    bool any = false;
    for (uint32_t i = 0; i < b->count; i++) {
        const struct backlog_slot *s = slot(b, i);
        if (!s->used || s->give_back != NULL)
            continue;
        if (!any)
            begin = s->offset;
        any = true;
        end = s->offset + s->shot.length_bytes;
    }
    uint32_t cap = b->config.arena_bytes;
    if (!any) {
        *out_offset = 0;
        return len <= cap;
    }
    if (end > begin) {
        *out_offset = len <= cap - end ? end : 0;
        return len <= cap - end || len <= begin;
    }
    *out_offset = end;
    return len <= begin - end;
}

static bool put_in_ram(struct backlog *b, const struct backlog_slot *photo)
{
    if (b->count == b->config.slots_max)
        return false;
    uint32_t offset = 0;
    if (photo->give_back == NULL && !find_room(b, photo->shot.length_bytes, &offset))
        return false;
    struct backlog_slot *s = slot(b, b->count);
    *s = *photo;
    s->used = true;
    if (photo->give_back == NULL) {
        memcpy(b->config.arena + offset, photo->bytes, photo->shot.length_bytes);
        s->bytes = b->config.arena + offset;
        s->offset = offset;
    }
    b->count++;
    return true;
}

/* The oldest photo in RAM that is not in flight, or NULL. */
static struct backlog_slot *oldest_in_ram(const struct backlog *b, bool with_aside)
{
    for (uint32_t i = 0; i < b->count; i++) {
        struct backlog_slot *s = slot(b, i);
        if (s->used && !is_busy_slot(b, s) && (with_aside || !s->aside))
            return s;
    }
    return NULL;
}

/* ---- the log ---- */

/* Gives up the oldest photo of the log. False: there is none, or it is being sent. */
static bool drop_oldest_in_log(struct backlog *b)
{
    struct photolog *l = b->config.log;
    if (l->count == 0 || (b->busy && b->busy_in_log && b->busy_at == l->entries[0].at))
        return false;
    tally_count(b->config.tally, TALLY_DROPPED, log_ref(l->entries[0].at));
    return photolog_forget(l, l->entries[0].at) == ERR_OK;
}

/* ERR_FULL: no room and the policy gives none. ERR_LIMIT: never fits. ERR_IO: the flash failed. */
static enum err put_in_log(struct backlog *b, const struct shot *s, const uint8_t *jpeg)
{
    if (b->config.log == NULL)
        return ERR_LIMIT;
    enum err e = photolog_append(b->config.log, s, jpeg);
    while (e == ERR_FULL && b->config.policy != BACKLOG_STOP && drop_oldest_in_log(b))
        e = photolog_append(b->config.log, s, jpeg);
    return e;
}

/* Moves one photo from RAM to the log. False: it stays where it is. */
static bool spill_slot(struct backlog *b, struct backlog_slot *s)
{
    enum err e = put_in_log(b, &s->shot, s->bytes);
    if (e != ERR_OK)
        return false;
    if (s->aside)
        (void)photolog_set_aside(b->config.log, b->config.log->entries[log_count(b) - 1].at);
    release_slot(b, s);
    return true;
}

void backlog_spill(struct backlog *b)
{
    for (uint32_t i = 0; i < b->count;) {
        struct backlog_slot *s = slot(b, i);
        uint32_t first = b->first;
        if (s->used && !is_busy_slot(b, s) && spill_slot(b, s) && b->first != first)
            i = 0; /* the holes at the front went away, and the numbers with them */
        else
            i++;
    }
}

/* ---- adding ---- */

/* Fill of the log in eighths. */
static uint32_t fill_eighths(const struct backlog *b)
{
    const struct photolog *l = b->config.log;
    return l == NULL ? 0 : (l->sectors - photolog_free_sectors(l)) * 8 / l->sectors;
}

static bool is_thinned_out(const struct backlog *b, const struct shot *s)
{
    if (b->config.policy != BACKLOG_THIN_OUT || !b->spilling)
        return false;
    uint32_t fill = fill_eighths(b), step = fill >= 7 ? 8 : fill >= 6 ? 4 : fill >= 4 ? 2 : 1;
    return s->seq % step != 0;
}

/* Frees a place in RAM for a newer photo: to the log if that works, else dropped. */
static bool make_room_in_ram(struct backlog *b)
{
    struct backlog_slot *s = oldest_in_ram(b, true);
    if (s == NULL)
        return false;
    if (spill_slot(b, s))
        return true;
    if (b->config.policy == BACKLOG_STOP)
        return false;
    tally_count(b->config.tally, TALLY_DROPPED, 0);
    release_slot(b, s);
    return true;
}

static bool fits_ram(const struct backlog *b, const struct backlog_slot *photo)
{
    return photo->give_back != NULL || photo->shot.length_bytes <= b->config.arena_bytes;
}

static enum err place(struct backlog *b, const struct backlog_slot *photo)
{
    enum err e = ERR_LIMIT;
    bool tried_log = false;
    if (b->spilling || !fits_ram(b, photo)) {
        backlog_spill(b); /* older ones first, so that the log stays in order */
        e = put_in_log(b, &photo->shot, photo->bytes);
        tried_log = true;
    }
    if (e == ERR_OK) {
        if (photo->give_back != NULL)
            photo->give_back(photo->give_back_ctx);
        return ERR_OK;
    }
    if (tried_log && e == ERR_FULL && b->config.policy == BACKLOG_STOP)
        return ERR_FULL;
    bool placed = fits_ram(b, photo) && put_in_ram(b, photo);
    while (!placed && fits_ram(b, photo) && make_room_in_ram(b))
        placed = put_in_ram(b, photo);
    if (placed && tried_log)
        b->only_in_ram++;
    return placed ? ERR_OK : ERR_FULL;
}

static enum err add(struct backlog *b, const struct backlog_slot *photo)
{
    assert(photo->shot.length_bytes > 0);
    tally_count(b->config.tally, TALLY_TAKEN, 0);
    enum err e = ERR_FULL;
    if (!is_thinned_out(b, &photo->shot))
        e = place(b, photo);
    if (e != ERR_OK) {
        tally_count(b->config.tally, TALLY_DROPPED, 0);
        if (photo->give_back != NULL)
            photo->give_back(photo->give_back_ctx);
    }
    return e;
}

enum err backlog_add(struct backlog *b, const struct shot *s, const uint8_t *jpeg)
{
    return add(b, &(struct backlog_slot){.shot = *s, .bytes = jpeg});
}

enum err backlog_add_lent(struct backlog *b, const struct shot *s, const uint8_t *jpeg,
                          void (*give_back)(void *ctx), void *ctx)
{
    return add(b, &(struct backlog_slot){
                      .shot = *s, .bytes = jpeg, .give_back = give_back, .give_back_ctx = ctx});
}

static bool release_lent_slot(struct backlog *b, struct backlog_slot *s)
{
    if (is_busy_slot(b, s))
        return false;
    if (spill_slot(b, s))
        return true;
    if (b->config.policy == BACKLOG_STOP)
        return false;
    tally_count(b->config.tally, TALLY_DROPPED, 0);
    release_slot(b, s);
    return true;
}

bool backlog_release_lent(struct backlog *b)
{
    bool all = true;
    for (uint32_t i = 0; i < b->config.slots_max; i++) {
        struct backlog_slot *s = &b->config.slots[i];
        if (s->used && s->give_back != NULL)
            all = release_lent_slot(b, s) && all;
    }
    return all;
}

/* ---- taking ---- */

static const struct photolog_entry *oldest_in_log(const struct backlog *b)
{
    for (uint32_t i = 0; i < log_count(b); i++) {
        if (!b->config.log->entries[i].aside)
            return &b->config.log->entries[i];
    }
    return NULL;
}

static bool log_goes_first(const struct backlog *b, const struct photolog_entry *e,
                           const struct backlog_slot *s)
{
    if (s == NULL || e == NULL)
        return e != NULL;
    if (b->config.order == BACKLOG_FAIR)
        return b->log_turn;
    if (e->boot != s->shot.boot)
        return true; /* what RAM holds is of this boot */
    return e->seq < s->shot.seq;
}

/* Reads it back before a byte is sent. A photo that does not is given up. */
static bool take_from_log(struct backlog *b, const struct photolog_entry *e,
                          struct backlog_item *out)
{
    struct backlog_item item = {.in_log = true, .at = e->at};
    enum err err = photolog_verify(b->config.log, e);
    if (err == ERR_OK)
        err = photolog_load(b->config.log, e, &item.shot);
    if (err == ERR_OK) {
        *out = item;
        return true;
    }
    if (err == ERR_CORRUPT) {
        tally_count(b->config.tally, TALLY_DROPPED, log_ref(item.at));
        b->damaged++;
        (void)photolog_forget(b->config.log, item.at); /* a reboot would only count it again */
    }
    return false;
}

bool backlog_take(struct backlog *b, struct backlog_item *out_item)
{
    assert(!b->busy);
    for (;;) {
        const struct photolog_entry *e = oldest_in_log(b);
        struct backlog_slot *s = oldest_in_ram(b, false);
        if (e == NULL && s == NULL)
            return false;
        uint32_t before = log_count(b);
        if (log_goes_first(b, e, s)) {
            if (take_from_log(b, e, out_item))
                break;
            if (log_count(b) == before)
                return false; /* the flash cannot be read just now */
            continue;
        }
        *out_item = (struct backlog_item){.shot = s->shot, .slot = (uint32_t)(s - b->config.slots)};
        break;
    }
    b->busy = true;
    b->busy_in_log = out_item->in_log;
    b->busy_at = out_item->at;
    b->busy_slot = out_item->slot;
    b->log_turn = !out_item->in_log;
    return true;
}

enum err backlog_read(const struct backlog *b, const struct backlog_item *item, uint32_t offset,
                      void *out, size_t len)
{
    assert(offset <= item->shot.length_bytes && len <= item->shot.length_bytes - offset);
    if (!item->in_log) {
        memcpy(out, b->config.slots[item->slot].bytes + offset, len);
        return ERR_OK;
    }
    const struct photolog_entry *e = photolog_find(b->config.log, item->at);
    return e == NULL ? ERR_CORRUPT : photolog_read(b->config.log, e, offset, out, len);
}

/* ---- settling ---- */

void backlog_sent(struct backlog *b, const struct backlog_item *item)
{
    assert(b->busy);
    b->busy = false;
    b->spilling = false;
    tally_count(b->config.tally, TALLY_SENT, item->in_log ? log_ref(item->at) : 0);
    if (item->in_log)
        (void)photolog_forget(b->config.log, item->at); /* else it is sent again, with its key */
    else
        release_slot(b, &b->config.slots[item->slot]);
}

void backlog_kept(struct backlog *b, const struct backlog_item *item)
{
    (void)item;
    assert(b->busy);
    b->busy = false;
}

void backlog_failed(struct backlog *b, const struct backlog_item *item)
{
    backlog_kept(b, item);
    backlog_offline(b);
}

void backlog_offline(struct backlog *b)
{
    b->spilling = true;
    backlog_spill(b);
}

static bool set_aside_in_log(struct backlog *b, uint64_t at)
{
    if (b->log_tries_at != at)
        b->log_tries = 0;
    b->log_tries_at = at;
    if (++b->log_tries < BACKLOG_PHOTO_TRIES_MAX)
        return false;
    (void)photolog_set_aside(b->config.log, at); /* else it is refused again after a reboot */
    return true;
}

bool backlog_refused(struct backlog *b, const struct backlog_item *item)
{
    backlog_kept(b, item);
    bool aside;
    if (item->in_log) {
        aside = set_aside_in_log(b, item->at);
    } else {
        struct backlog_slot *s = &b->config.slots[item->slot];
        s->tries++;
        s->aside = s->tries >= BACKLOG_PHOTO_TRIES_MAX;
        aside = s->aside;
    }
    if (aside)
        b->refused++;
    return aside;
}

uint32_t backlog_waiting(const struct backlog *b)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < log_count(b); i++)
        n += b->config.log->entries[i].aside ? 0 : 1;
    for (uint32_t i = 0; i < b->count; i++)
        n += slot(b, i)->used && !slot(b, i)->aside ? 1 : 0;
    return n;
}

uint32_t backlog_aside(const struct backlog *b)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < log_count(b); i++)
        n += b->config.log->entries[i].aside ? 1 : 0;
    for (uint32_t i = 0; i < b->count; i++)
        n += slot(b, i)->used && slot(b, i)->aside ? 1 : 0;
    return n;
}
