#include "relay/logic/adopt.h"

#include <stdio.h>
#include <string.h>

#include "relay/logic/layout.h"
#include "relay/logic/tag.h"

enum { READ_BYTES = 32 * 1024 };

bool adopt_is_name(const char *name)
{
    struct slice s = slice_of(name);
    enum medium m;
    return s.len > 0 && s.len < PHOTO_NAME_MAX && name[0] != '.' && medium_of_name(s, &m);
}

static bool find_photo(void *arg, const char *name)
{
    bool *nothing = arg;
    *nothing = !adopt_is_name(name);
    return *nothing;
}

static bool find_any(void *arg, const char *name)
{
    (void)name;
    bool *nothing = arg;
    *nothing = false;
    return false;
}

enum err adopt_is_nothing(const struct fs *fs, bool *out_nothing)
{
    *out_nothing = true;
    enum err e = fs->list(fs->ctx, ".", find_photo, out_nothing);
    if (e == ERR_OK && *out_nothing)
        e = fs->list(fs->ctx, LAYOUT_JOURNAL, find_any, out_nothing);
    return e;
}

static enum err read_record(const struct fs *fs, int fd, bool *out_found, struct photo *out)
{
    char bytes[TAG_BYTES_MAX];
    size_t len = 0;
    *out_found = false;
    enum err e = fs->tag_get(fs->ctx, fd, bytes, sizeof bytes, &len);
    if (e == ERR_LIMIT)
        return ERR_OK; /* not one of ours */
    if (e == ERR_OK && len > 0)
        *out_found = tag_read((struct slice){bytes, len}, out) == ERR_OK;
    return e;
}

enum err adopt_read_tag(const struct fs *fs, const char *name, bool *out_found,
                        struct photo *out_photo)
{
    struct fs_stat st;
    bool there = false;
    int fd = -1;
    *out_found = false;
    enum err e = fs->stat(fs->ctx, name, &there, &st);
    if (e != ERR_OK || !there || !st.is_file)
        return e;
    e = fs->open(fs->ctx, name, &there, &fd);
    if (e != ERR_OK || !there)
        return e;
    struct photo p = {0};
    bool found = false;
    e = read_record(fs, fd, &found, &p);
    (void)fs->close(fs->ctx, fd); /* only read */
    if (e != ERR_OK || !found || p.size_bytes != st.size_bytes)
        return e;
    snprintf(p.name, sizeof p.name, "%s", name);
    *out_photo = p;
    *out_found = true;
    return ERR_OK;
}

/* Hashes the file and walks its structure in one reading. */
static enum err read_through(const struct fs *fs, const struct hash *hash, int fd, struct photo *p,
                             struct medium_probe *probe)
{
    struct hash_stream *stream;
    enum err e = hash->begin(hash->ctx, &stream);
    if (e != ERR_OK)
        return e;
    *probe = (struct medium_probe){0};
    char bytes[READ_BYTES];
    size_t got = 1;
    p->size_bytes = 0;
    while (e == ERR_OK && got > 0) {
        e = fs->read(fs->ctx, fd, p->size_bytes, bytes, sizeof bytes, &got);
        if (e != ERR_OK || got == 0)
            break;
        hash->update(hash->ctx, stream, bytes, got);
        (void)medium_feed(probe, bytes, got);
        p->size_bytes += got;
    }
    if (e != ERR_OK) {
        hash->discard(hash->ctx, stream);
        return e;
    }
    hash->finish(hash->ctx, stream, p->sha256);
    return ERR_OK;
}

/* Is it what its name says, and all of it? */
static bool is_whole(const struct photo *p, const struct medium_probe *probe)
{
    enum medium named;
    return medium_of_name(slice_of(p->name), &named) && probe->begun && probe->medium == named &&
           medium_verdict(probe) == MEDIUM_WHOLE;
}

static void judge(const struct photo *seen, const struct medium_probe *probe,
                  const struct photo *record, struct adopt_found *out)
{
    if (record != NULL) {
        bool same = record->size_bytes == seen->size_bytes &&
                    memcmp(record->sha256, seen->sha256, sizeof seen->sha256) == 0;
        out->photo = *record;
        memcpy(out->photo.name, seen->name, sizeof seen->name);
        out->verdict = same ? ADOPT_TAKE : ADOPT_DAMAGED;
        return;
    }
    out->photo = *seen;
    out->verdict = is_whole(seen, probe) ? ADOPT_TAKE : ADOPT_NEVER;
}

static bool is_accepted(const struct adopt_look *look)
{
    enum medium m;
    return medium_of_name(slice_of(look->name), &m) && (look->accept & MEDIUM_BIT(m)) != 0;
}

static enum err examine_open(const struct fs *fs, const struct hash *hash, int fd,
                             const struct adopt_look *look, struct adopt_found *out)
{
    struct photo own = {0};
    struct photo seen = out->photo;
    struct medium_probe probe;
    enum err e = read_record(fs, fd, &out->tagged, &own);
    if (e != ERR_OK)
        return e;
    bool ours = out->tagged || look->record != NULL;
    if (!ours && !is_accepted(look))
        out->verdict = ADOPT_NEVER;
    if (!ours && (out->verdict == ADOPT_NOT_YET || !is_accepted(look)))
        return ERR_OK;
    e = read_through(fs, hash, fd, &seen, &probe);
    if (e == ERR_OK)
        judge(&seen, &probe, out->tagged ? &own : look->record, out);
    return e;
}

static bool is_still(struct wall modified, const struct adopt_look *s)
{
    return modified.ms <= s->now.ms - (int64_t)s->still_ms ||
           modified.ms > s->now.ms + (int64_t)s->still_ms;
}

enum err adopt_examine(const struct fs *fs, const struct hash *hash, const struct adopt_look *look,
                       struct adopt_found *out)
{
    const char *name = look->name;
    *out = (struct adopt_found){.verdict = ADOPT_NEVER};
    struct fs_stat st;
    bool there = false;
    int fd = -1;
    enum err e = fs->stat(fs->ctx, name, &there, &st);
    if (e != ERR_OK || !there || !st.is_file || strlen(name) >= PHOTO_NAME_MAX)
        return e;
    e = fs->open(fs->ctx, name, &there, &fd);
    if (e != ERR_OK || !there)
        return e;
    snprintf(out->photo.name, sizeof out->photo.name, "%s", name);
    snprintf(out->photo.original, sizeof out->photo.original, "%s", name);
    out->photo.received = st.modified;
    out->verdict = is_still(st.modified, look) ? ADOPT_NEVER : ADOPT_NOT_YET;
    e = examine_open(fs, hash, fd, look, out);
    (void)fs->close(fs->ctx, fd); /* only read */
    return e;
}

bool adopt_keep_tag(const struct fs *fs, const struct photo *p)
{
    bool there = false;
    bool kept = false;
    int fd = -1;
    if (fs->open(fs->ctx, p->name, &there, &fd) != ERR_OK || !there)
        return false;
    char memory[TAG_BYTES_MAX];
    struct buf record;
    buf_init(&record, memory, sizeof memory);
    tag_write(&record, p);
    enum err e = fs->tag_set(fs->ctx, fd, record.ptr, record.len, &kept);
    (void)fs->close(fs->ctx, fd); /* only the record was written */
    return e == ERR_OK && kept;
}
