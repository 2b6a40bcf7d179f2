#include "relay/logic/spool.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "relay/logic/tag.h"

enum { CLOSED = -1 };

static enum err begin_file(struct spool *s)
{
    enum err e = s->fs->create(s->fs->ctx, s->path, &s->fd);
    if (e != ERR_OK)
        return e;
    e = s->hash->begin(s->hash->ctx, &s->stream);
    s->size_bytes = 0;
    s->synced_bytes = 0;
    return e;
}

static void drop_file(struct spool *s)
{
    s->hash->discard(s->hash->ctx, s->stream);
    s->stream = NULL;
    if (s->fd != CLOSED)
        (void)s->fs->close(s->fs->ctx, s->fd);
    s->fd = CLOSED;
    (void)s->fs->remove(s->fs->ctx, s->path); /* the sweep at start finds it too */
}

enum err spool_begin(struct spool *s, const struct fs *fs, const struct hash *hash, const char *tmp,
                     uint64_t number)
{
    assert(s->fs == NULL);
    *s = (struct spool){.fs = fs, .hash = hash, .fd = CLOSED};
    snprintf(s->path, sizeof s->path, "%s/%" PRIu64, tmp, number);
    enum err e = begin_file(s);
    if (e != ERR_OK)
        spool_abort(s);
    return e;
}

enum err spool_write(struct spool *s, const void *data, size_t len)
{
    assert(s->fs != NULL && s->fd != CLOSED);
    enum err e = s->fs->write(s->fs->ctx, s->fd, data, len);
    if (e == ERR_OK) {
        s->hash->update(s->hash->ctx, s->stream, data, len);
        s->size_bytes += len;
    }
    if (e == ERR_OK && s->size_bytes - s->synced_bytes > SPOOL_UNSYNCED_MAX) {
        e = s->fs->sync(s->fs->ctx, s->fd);
        s->synced_bytes = s->size_bytes;
    }
    if (e != ERR_OK)
        spool_abort(s);
    return e;
}

enum err spool_restart(struct spool *s)
{
    assert(s->fs != NULL && s->fd != CLOSED);
    drop_file(s);
    enum err e = begin_file(s);
    if (e != ERR_OK)
        spool_abort(s);
    return e;
}

static enum err keep_tag(struct spool *s, const struct photo *p, bool *out_tagged)
{
    char memory[TAG_BYTES_MAX];
    struct buf record;
    buf_init(&record, memory, sizeof memory);
    tag_write(&record, p);
    assert(!record.overflowed);
    return s->fs->tag_set(s->fs->ctx, s->fd, record.ptr, record.len, out_tagged);
}

enum err spool_finish(struct spool *s, struct photo *p, bool sync, bool *out_tagged)
{
    assert(s->fs != NULL && s->fd != CLOSED);
    s->hash->finish(s->hash->ctx, s->stream, p->sha256);
    s->stream = NULL;
    p->size_bytes = s->size_bytes;

    enum err e = keep_tag(s, p, out_tagged);
    if (e == ERR_OK && (sync || s->synced_bytes > 0))
        e = s->fs->sync(s->fs->ctx, s->fd);
    enum err e_close = s->fs->close(s->fs->ctx, s->fd);
    s->fd = CLOSED;
    if (e == ERR_OK)
        e = e_close;
    if (e != ERR_OK)
        spool_abort(s);
    return e;
}

void spool_abort(struct spool *s)
{
    if (s->fs == NULL)
        return;
    drop_file(s);
    *s = (struct spool){0};
}
