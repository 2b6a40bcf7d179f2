#include "relay/logic/sentfile.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"
#include "lib/base/utf8.h"
#include "lib/wire/json_out.h"

enum {
    PATH_MAX_BYTES = SENTFILE_NAME_MAX + 24,
    NAME_TEXT_MAX = 6 * PHOTO_NAME_MAX + 8, /* every byte escaped, quotes, comma, line end */
};

enum err sentfile_init(struct sentfile *s, const struct fs *fs, const struct json *json,
                       const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len >= SENTFILE_NAME_MAX || strchr(name, '/') != NULL)
        return ERR_LIMIT;
    s->fs = fs;
    s->json = json;
    memcpy(s->name, name, len + 1);
    s->strange = true; /* until it was read */
    s->unread = true;
    s->changed = false;
    s->not_before = (struct mono){0};
    return ERR_OK;
}

/* ---- reading ---- */

struct import {
    const struct fs *fs;
    int fd;
    uint64_t at;
    const struct sentfile_sink *sink;
    struct sentfile_found *found;
    enum err sunk; /* what the sink said */
    size_t count;
    char names[SENTFILE_NAMES_AT_ONCE][PHOTO_NAME_MAX];
};

static enum err read_piece(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct import *i = ctx;
    enum err e = i->fs->read(i->fs->ctx, i->fd, i->at, out, cap, out_len);
    if (e == ERR_OK)
        i->at += *out_len;
    return e;
}

static bool hand_on(struct import *i)
{
    const char *pointers[SENTFILE_NAMES_AT_ONCE];
    for (size_t n = 0; n < i->count; n++)
        pointers[n] = i->names[n];
    if (i->count > 0)
        i->sunk = i->sink->names(i->sink->ctx, pointers, i->count);
    i->count = 0;
    return i->sunk == ERR_OK;
}

static bool take_name(void *arg, const char *name)
{
    struct import *i = arg;
    (void)snprintf(i->names[i->count++], PHOTO_NAME_MAX, "%s", name);
    i->found->names++;
    return i->count < SENTFILE_NAMES_AT_ONCE || hand_on(i);
}

static enum err read_names(struct sentfile *s, int fd, const struct sentfile_sink *sink,
                           struct sentfile_found *found)
{
    struct import i = {.fs = s->fs, .fd = fd, .sink = sink, .found = found};
    struct json_source source = {.ctx = &i, .read = read_piece};
    enum err e = s->json->names(s->json->ctx, &source, take_name, &i, &found->trouble);
    if (i.sunk == ERR_OK)
        (void)hand_on(&i); /* tells by i.sunk */
    if (i.sunk != ERR_OK)
        return i.sunk;
    s->unread = e == ERR_IO || e == ERR_FULL || e == ERR_BUSY;
    s->strange = e != ERR_OK || found->trouble.is_object;
    return s->unread ? e : ERR_OK;
}

enum err sentfile_import(struct sentfile *s, const struct sentfile_sink *sink,
                         struct sentfile_found *out_found)
{
    const struct fs *fs = s->fs;
    int fd;
    *out_found = (struct sentfile_found){0};
    enum err e = fs->open(fs->ctx, s->name, &out_found->there, &fd);
    if (e != ERR_OK)
        return e;
    if (!out_found->there) {
        s->strange = s->unread = false;
        return ERR_OK;
    }
    e = read_names(s, fd, sink, out_found);
    (void)fs->close(fs->ctx, fd); /* it was only read */
    return e;
}

/* ---- writing ---- */

struct writing {
    struct sentfile *s;
    const struct sentfile_writing *w;
    struct buf buf;
    int fd;
    bool any;
    enum err e;
};

static void empty_buffer(struct writing *x)
{
    const struct fs *fs = x->s->fs;
    if (x->e == ERR_OK && x->buf.len > 0)
        x->e = fs->write(fs->ctx, x->fd, x->buf.ptr, x->buf.len);
    buf_clear(&x->buf);
}

/* One name a line, so that people and line tools can read it too. */
static bool add_name(void *arg, const char *name)
{
    struct writing *x = arg;
    if (x->w->stop != NULL && x->w->stop(x->w->stop_arg))
        x->e = ERR_LIMIT;
    if (x->e != ERR_OK)
        return false;
    if (!utf8_valid(slice_of(name)))
        return true; /* no JSON text can hold it; the database knows */

    char text[NAME_TEXT_MAX];
    struct buf b;
    struct json_out j;
    buf_init(&b, text, sizeof text);
    json_out_init(&j, &b);
    json_out_text(&j, slice_of(name));
    assert(!b.overflowed);
    if (x->buf.cap - x->buf.len < b.len + 2)
        empty_buffer(x);
    buf_add_text(&x->buf, x->any ? ",\n" : "\n");
    buf_add_slice(&x->buf, buf_slice(&b));
    x->any = true;
    return x->e == ERR_OK;
}

static enum err write_names(struct sentfile *s, const struct sentfile_writing *w, int fd)
{
    struct writing x = {.s = s, .w = w, .fd = fd};
    buf_init(&x.buf, s->buffer, sizeof s->buffer);
    buf_add_char(&x.buf, '[');
    enum err e = w->view->sent_names(w->view->ctx, w->seen, add_name, &x);
    if (e == ERR_OK)
        e = x.e;
    if (e != ERR_OK)
        return e;
    if (x.buf.cap - x.buf.len < 4)
        empty_buffer(&x);
    buf_add_text(&x.buf, x.any ? "\n]\n" : "]\n");
    empty_buffer(&x);
    return x.e;
}

static enum err write_new(struct sentfile *s, const struct sentfile_writing *w, const char *path)
{
    const struct fs *fs = s->fs;
    int fd;
    enum err e = fs->remove(fs->ctx, path); /* what an interrupted writing left */
    if (e == ERR_OK)
        e = fs->create(fs->ctx, path, &fd);
    if (e != ERR_OK)
        return e;
    e = write_names(s, w, fd);
    if (e == ERR_OK)
        e = fs->sync(fs->ctx, fd);
    enum err closed = fs->close(fs->ctx, fd);
    return e == ERR_OK ? closed : e;
}

static enum err move_aside(struct sentfile *s)
{
    const struct fs *fs = s->fs;
    char path[PATH_MAX_BYTES];
    bool taken = true;
    for (unsigned n = 1; taken; n++) {
        if (n > SENTFILE_ASIDE_MAX)
            return ERR_LIMIT;
        struct buf b;
        buf_init(&b, path, sizeof path);
        buf_add_format(&b, n == 1 ? "%s.unreadable" : "%s.unreadable%u", s->name, n);
        (void)buf_text(&b); /* fits: PATH_MAX_BYTES */
        enum err e = fs->rename_noreplace(fs->ctx, s->name, path, &taken);
        if (e != ERR_OK)
            return e;
    }
    s->strange = false;
    return ERR_OK;
}

static enum err replace(struct sentfile *s, const struct sentfile_writing *w)
{
    const struct fs *fs = s->fs;
    char path[PATH_MAX_BYTES];
    struct buf b;
    buf_init(&b, path, sizeof path);
    buf_add_format(&b, ".%s.new", s->name);
    (void)buf_text(&b); /* fits: PATH_MAX_BYTES */

    /* Bytes, then the name: a power cut leaves the old file or the new one, whole. */
    enum err e = write_new(s, w, path);
    if (e == ERR_OK && s->strange)
        e = move_aside(s);
    if (e == ERR_OK)
        e = fs->rename(fs->ctx, path, s->name);
    if (e == ERR_OK)
        e = fs->sync_names(fs->ctx, ".");
    else
        (void)fs->remove(fs->ctx, path); /* the next writing removes it too */
    return e;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

enum err sentfile_write(struct sentfile *s, const struct sentfile_writing *w)
{
    if (s->unread)
        return ERR_CORRUPT;
    struct mono begun = w->clock->mono_now(w->clock->ctx);
    s->changed = false;
    enum err e = replace(s, w);
    if (e != ERR_OK)
        s->changed = true;
    struct mono ended = w->clock->mono_now(w->clock->ctx);
    uint64_t took_ms = ended.ms - begun.ms;
    s->not_before.ms =
        ended.ms + later(SENTFILE_PAUSE_MS, took_ms * (uint64_t)SENTFILE_PAUSE_FACTOR);
    return e;
}

void sentfile_note(struct sentfile *s)
{
    s->changed = true;
}

struct mono sentfile_next(const struct sentfile *s)
{
    return s->changed && !s->unread ? s->not_before : (struct mono){UINT64_MAX};
}

bool sentfile_due(const struct sentfile *s, struct mono now)
{
    return now.ms >= sentfile_next(s).ms;
}
