#include "relay/logic/commit.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "relay/logic/limits.h"
#include "relay/logic/recovery.h"

void commit_init(struct commit *c, const struct commit_deps *deps, const struct state_mark *mark)
{
    *c = (struct commit){
        .deps = *deps,
        .next_photo = mark->last_photo + 1,
        .next_batch = mark->last_batch + 1,
        .flushed = mark->flushed,
        .seen = mark->last_photo,
    };
    journal_init(&c->journal, deps->fs);
}

static void fail(struct commit_item *item, enum err e)
{
    item->outcome = COMMIT_FAILED;
    item->error = e;
}

static void drop_spooled(struct commit *c, const struct commit_item *item)
{
    bool keep = item->kept && item->outcome == COMMIT_FAILED;
    if (!item->in_place && !keep)
        (void)c->deps.fs->remove(c->deps.fs->ctx, item->path); /* the sweep finds it too */
}

static bool same_bytes(const struct photo *a, const struct photo *b)
{
    return a->size_bytes == b->size_bytes && memcmp(a->sha256, b->sha256, sizeof a->sha256) == 0;
}

/* The earlier item of this batch that carries the same key, or NULL. */
static struct commit_item *find_twin(struct commit_item *const *items, size_t index)
{
    const struct photo *p = &items[index]->photo;
    for (size_t i = 0; i < index; i++) {
        struct commit_item *other = items[i];
        if (p->key[0] != '\0' && other->outcome == COMMIT_WAITING && other->twin == NULL &&
            strcmp(other->photo.key, p->key) == 0 && strcmp(other->photo.camera, p->camera) == 0)
            return other;
    }
    return NULL;
}

static void repeat_of(struct commit_item *item, const struct photo *first)
{
    if (!same_bytes(&item->photo, first)) {
        item->outcome = COMMIT_KEY_REUSED;
        return;
    }
    item->outcome = COMMIT_DUPLICATE;
    item->photo.id = first->id;
    item->photo.received = first->received;
    memcpy(item->photo.name, first->name, sizeof item->photo.name);
}

/* A file in place may be gone since it was looked at, and nobody flushed its bytes. A row for
 * nothing would answer for the photo when its sender repeats it. */
static enum err look_in_place(struct commit *c, const struct commit_item *item, bool *out_gone)
{
    const struct fs *fs = c->deps.fs;
    bool found = false;
    int fd = -1;
    enum err e = fs->open(fs->ctx, item->photo.name, &found, &fd);
    *out_gone = e == ERR_OK && !found;
    if (e != ERR_OK || !found)
        return e;
    if (c->deps.promise == GROUND_PER_FILE)
        e = fs->sync(fs->ctx, fd);
    (void)fs->close(fs->ctx, fd); /* only read */
    return e;
}

/* Decides whether the item is new; answers ERR_OK also when it is not. */
static enum err look_for_first(struct commit *c, struct commit_item *const *items, size_t index)
{
    struct commit_item *item = items[index];
    const struct state *state = c->deps.state;
    struct photo first;
    bool found = false;
    enum err e = ERR_OK;
    if (item->in_place) {
        bool gone = false;
        e = state->name_find(state->ctx, item->photo.name, &found, &first);
        if (e == ERR_OK && !found)
            e = look_in_place(c, item, &gone);
        if (e != ERR_OK || found || gone) {
            item->outcome = found || gone ? COMMIT_KNOWN : COMMIT_WAITING;
            return e;
        }
    }
    item->twin = find_twin(items, index);
    if (item->twin != NULL && item->in_place && !same_bytes(&item->photo, &item->twin->photo)) {
        item->twin = NULL;
        item->photo.key[0] = '\0'; /* a file of its own under a key that is not its own */
    }
    if (item->twin != NULL)
        return ERR_OK;
    if (item->photo.key[0] != '\0') {
        e = state->key_find(state->ctx, item->photo.camera, item->photo.key, &found, &first);
    } else if (c->deps.dedupe_window_s > 0 && !item->in_place) {
        struct wall since = {item->photo.received.ms - (int64_t)c->deps.dedupe_window_s * 1000};
        e = state->content_find(state->ctx, item->photo.camera, item->photo.sha256, since, &found,
                                &first);
    }
    if (e == ERR_OK && found && item->in_place && !same_bytes(&item->photo, &first))
        item->photo.key[0] = '\0'; /* as above */
    else if (e == ERR_OK && found)
        repeat_of(item, &first);
    return e;
}

/* A name that an imported sent_files.json holds is taken, too: under it the photo would count as
 * sent. Only a name that the sender stamped can be old enough for that. */
static enum err try_name(struct commit *c, struct commit_item *item, bool may_be_old,
                         bool *out_taken)
{
    const struct fs *fs = c->deps.fs;
    *out_taken = false;
    enum err e = ERR_OK;
    if (may_be_old)
        e = c->deps.state->sent_known(c->deps.state->ctx, item->photo.name, out_taken);
    if (e != ERR_OK || *out_taken)
        return e;
    e = fs->rename_noreplace(fs->ctx, item->path, item->photo.name, out_taken);
    if (e == ERR_OK && !*out_taken) /* one that is taken is perhaps a file just copied in */
        c->deps.named(c->deps.ctx, item->photo.name);
    return e;
}

/* Moves the spooled file to a name nobody has. */
static enum err give_name(struct commit *c, struct commit_item *item)
{
    const struct state *state = c->deps.state;
    char stamp[NAMES_STAMP_MAX];
    c->deps.stamp(c->deps.ctx, item->photo.received, stamp);
    struct names_base base;
    names_make_base(slice_of(item->photo.original), stamp, &base);
    snprintf(base.extension, sizeof base.extension, "%s", medium_extension(item->medium));

    uint32_t number = strcmp(c->last_base, base.base) == 0 ? c->last_number + 1 : 1;
    enum err e = ERR_OK;
    bool taken = true;
    bool asked = false;
    while (e == ERR_OK && taken) {
        names_number(&base, number, item->photo.name, sizeof item->photo.name);
        e = try_name(c, item, base.stamp_is_senders, &taken);
        if (e != ERR_OK || !taken)
            break;
        number++;
        /* Taken: go on behind the last number given for this base, not one after another. */
        uint32_t last = 0;
        if (!asked)
            e = state->name_counter(state->ctx, base.base, 0, &last);
        asked = true;
        if (last >= number)
            number = last + 1;
    }
    if (e != ERR_OK) {
        item->photo.name[0] = '\0';
        return e;
    }
    snprintf(c->last_base, sizeof c->last_base, "%s", base.base);
    c->last_number = number;
    if (number == 1)
        return ERR_OK;
    uint32_t last;
    return state->name_counter(state->ctx, base.base, number, &last);
}

/* Takes a name back: the photo was never acknowledged. */
static void take_name_back(struct commit *c, struct commit_item *item)
{
    const struct fs *fs = c->deps.fs;
    bool taken;
    if (item->kept && item->photo.name[0] != '\0') /* if not, it is found in the folder again */
        (void)(fs->rename_noreplace(fs->ctx, item->photo.name, item->path, &taken) == ERR_OK);
    else if (!item->in_place && item->photo.name[0] != '\0')
        (void)fs->remove(fs->ctx, item->photo.name);
    item->photo.name[item->in_place ? strlen(item->photo.name) : 0] = '\0';
}

/* Names the new items; those that cannot be named fail alone. Answers how many rows there are. */
static size_t name_items(struct commit *c, struct commit_item *const *items, size_t count,
                         struct commit_item **rows)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct commit_item *item = items[i];
        enum err e = look_for_first(c, items, i);
        bool fresh = e == ERR_OK && item->outcome == COMMIT_WAITING && item->twin == NULL;
        if (fresh && !item->in_place)
            e = give_name(c, item);
        if (fresh && e == ERR_OK && !item->tagged)
            e = journal_append(&c->journal, JOURNAL_STORED, &item->photo);
        if (e != ERR_OK) {
            take_name_back(c, item);
            fail(item, e);
        }
        if (item->outcome == COMMIT_WAITING && item->twin == NULL)
            rows[n++] = item;
    }
    return n;
}

/* One transaction for all rows; ids are given here, in order of receipt. */
static enum err write_rows(struct commit *c, struct commit_item **rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rows[i]->photo.id = c->next_photo + (int64_t)i;
        rows[i]->photo.batch = c->next_batch;
        c->photos[i] = rows[i]->photo;
    }
    struct state_batch batch = {c->next_batch, c->flushed, c->photos, count};
    return c->deps.state->commit(c->deps.state->ctx, &batch);
}

static enum err flush_names(struct commit *c)
{
    if (c->deps.promise != GROUND_PER_FILE)
        return ERR_OK;
    enum err e = c->deps.fs->sync_names(c->deps.fs->ctx, ".");
    return e == ERR_OK ? journal_sync(&c->journal) : e;
}

static enum err flush_all(struct commit *c)
{
    if (c->deps.promise != GROUND_ONE_FLUSH)
        return ERR_OK;
    return c->deps.fs->sync_all(c->deps.fs->ctx);
}

static struct mono now(const struct commit *c)
{
    return c->deps.clock->mono_now(c->deps.clock->ctx);
}

/* Rows and flush, in the order of the promise. `*out_written` tells whether rows are in the
 * database (a failed flush then leaves them there, unseen, for commit_recover). */
static enum err make_durable(struct commit *c, struct commit_item **rows, size_t count,
                             bool *out_written)
{
    struct mono begin = now(c);
    *out_written = false;
    enum err e = flush_names(c);
    if (e != ERR_OK) {
        c->failing = true;
        return e;
    }
    e = write_rows(c, rows, count);
    if (e != ERR_OK)
        return e;
    *out_written = true;
    c->next_photo += (int64_t)count;
    c->next_batch++;
    struct mono flush = c->deps.promise == GROUND_ONE_FLUSH ? now(c) : begin;
    e = flush_all(c);
    c->last_flush_ms = (uint32_t)(now(c).ms - flush.ms);
    if (e != ERR_OK) {
        c->failing = true;
        return e;
    }
    c->flushed = c->next_batch - 1;
    c->seen = c->next_photo - 1;
    return ERR_OK;
}

static void settle_rows(struct commit *c, struct commit_item **rows, size_t count, enum err e,
                        bool written)
{
    for (size_t i = 0; i < count; i++) {
        if (e == ERR_OK) {
            rows[i]->outcome = COMMIT_STORED;
            continue;
        }
        if (!written)
            take_name_back(c, rows[i]);
        fail(rows[i], e);
    }
}

/* Repeats share the fate of their first, and no spooled file is left behind. */
static void settle_others(struct commit *c, struct commit_item *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct commit_item *item = items[i];
        if (item->twin != NULL && item->twin->outcome == COMMIT_STORED)
            repeat_of(item, &item->twin->photo);
        else if (item->twin != NULL)
            fail(item, item->twin->error);
        assert(item->outcome != COMMIT_WAITING);
        if (item->outcome != COMMIT_STORED)
            drop_spooled(c, item);
    }
}

void commit_batch(struct commit *c, struct commit_item *const *items, size_t count)
{
    assert(count <= BATCH_PHOTOS_MAX);
    struct commit_item *rows[BATCH_PHOTOS_MAX];
    enum err e = c->failing ? ERR_IO : ERR_OK;
    bool written = false;
    for (size_t i = 0; i < count; i++) {
        items[i]->outcome = COMMIT_WAITING;
        items[i]->twin = NULL;
        if (e != ERR_OK)
            fail(items[i], e);
    }
    size_t n = e == ERR_OK ? name_items(c, items, count, rows) : 0;
    if (n > 0) {
        e = make_durable(c, rows, n, &written);
        settle_rows(c, rows, n, e, written);
    }
    settle_others(c, items, count);
}

enum err commit_recover(struct commit *c)
{
    if (!c->failing)
        return ERR_OK;
    const struct state *state = c->deps.state;
    const struct fs *fs = c->deps.fs;
    /* A flush that failed once and then works proves nothing about what was dirty before: what is
     * on the medium is read back. The database is copied whole out of its log first, and the log
     * left behind: it may have a hole, at which a later start would stop reading it. */
    enum err e = state->empty_log(state->ctx);
    if (e == ERR_OK && c->deps.promise == GROUND_ONE_FLUSH)
        e = fs->sync_all(fs->ctx);
    struct recovery_found found = {0};
    if (e == ERR_OK)
        e = recovery_verify(fs, c->deps.hash, state, c->flushed, &found);
    if (e == ERR_OK && found.unreadable > 0)
        e = ERR_IO;
    if (e == ERR_OK && c->deps.promise == GROUND_ONE_FLUSH)
        e = fs->sync_all(fs->ctx);
    if (e == ERR_OK)
        e = flush_names(c);
    if (e == ERR_OK)
        e = state->note_flushed(state->ctx, c->next_batch - 1,
                                c->deps.clock->wall_now(c->deps.clock->ctx));
    if (e != ERR_OK)
        return e;
    c->flushed = c->next_batch - 1;
    c->seen = c->next_photo - 1;
    c->failing = false;
    return ERR_OK;
}

enum err commit_flush(struct commit *c)
{
    if (c->failing)
        return ERR_IO;
    enum err e = flush_names(c);
    if (e == ERR_OK)
        e = flush_all(c);
    c->failing = e != ERR_OK;
    return e;
}

enum err commit_journal(struct commit *c, const struct photo *p)
{
    return journal_append(&c->journal, JOURNAL_DELETED, p);
}

void commit_close(struct commit *c)
{
    journal_close(&c->journal);
}
