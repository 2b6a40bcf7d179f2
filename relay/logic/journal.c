#include "relay/logic/journal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "relay/logic/layout.h"
#include "relay/logic/tag.h"

enum {
    NO_SEGMENT = -1,
    SEGMENT_DIGITS = 8,
    SEGMENT_PATH_MAX = 64,
    LINE_BYTES_MAX = TAG_BYTES_MAX + 3 * PHOTO_NAME_MAX + 4,
    READ_BYTES = 4 * LINE_BYTES_MAX,
};

static const char MARKS[] = {[JOURNAL_STORED] = '+', [JOURNAL_DELETED] = '-'};

/* The number in a segment's name; 0 = not a segment. */
static uint64_t segment_number(const char *name)
{
    uint64_t number = 0;
    struct slice s = slice_of(name);
    if (s.len != SEGMENT_DIGITS || !slice_to_u64(s, &number))
        return 0;
    return number;
}

static void segment_path(uint64_t number, char out[SEGMENT_PATH_MAX])
{
    snprintf(out, SEGMENT_PATH_MAX, LAYOUT_JOURNAL "/%0*" PRIu64, SEGMENT_DIGITS, number);
}

struct segments {
    uint64_t above; /* look for the lowest number above this one */
    uint64_t lowest;
    uint64_t highest;
};

static bool note_segment(void *arg, const char *name)
{
    struct segments *s = arg;
    uint64_t number = segment_number(name);
    if (number > s->highest)
        s->highest = number;
    if (number > s->above && (s->lowest == 0 || number < s->lowest))
        s->lowest = number;
    return true;
}

void journal_init(struct journal *j, const struct fs *fs)
{
    *j = (struct journal){.fs = fs, .fd = NO_SEGMENT};
}

static enum err open_segment(struct journal *j)
{
    struct segments found = {0};
    enum err e = j->fs->list(j->fs->ctx, LAYOUT_JOURNAL, note_segment, &found);
    if (e != ERR_OK)
        return e;
    char path[SEGMENT_PATH_MAX];
    segment_path(found.highest + 1, path);
    return j->fs->create(j->fs->ctx, path, &j->fd);
}

enum err journal_append(struct journal *j, enum journal_kind kind, const struct photo *p)
{
    if (j->fd == NO_SEGMENT) {
        enum err e = open_segment(j);
        if (e != ERR_OK)
            return e;
    }
    char memory[LINE_BYTES_MAX];
    struct buf line;
    buf_init(&line, memory, sizeof memory);
    if (j->torn)
        buf_add_char(&line, '\n');
    buf_add_char(&line, MARKS[kind]);
    tag_escape(&line, p->name);
    buf_add_char(&line, '\t');
    tag_write(&line, p);
    buf_add_char(&line, '\n');
    assert(!line.overflowed);
    enum err e = j->fs->write(j->fs->ctx, j->fd, line.ptr, line.len);
    j->torn = e != ERR_OK;
    return e;
}

enum err journal_sync(struct journal *j)
{
    if (j->fd == NO_SEGMENT)
        return ERR_OK;
    enum err e = j->fs->sync(j->fs->ctx, j->fd);
    j->torn = j->torn || e != ERR_OK;
    return e == ERR_OK ? j->fs->sync_names(j->fs->ctx, LAYOUT_JOURNAL) : e;
}

void journal_close(struct journal *j)
{
    if (j->fs != NULL && j->fd != NO_SEGMENT)
        (void)j->fs->close(j->fs->ctx, j->fd); /* every line that matters was flushed before */
    *j = (struct journal){.fd = NO_SEGMENT};
}

struct reader {
    bool (*each)(void *arg, enum journal_kind kind, const struct photo *p);
    void *arg;
    uint64_t damaged;
    bool stopped;
};

static bool read_mark(struct slice *name, enum journal_kind *out_kind)
{
    if (name->len == 0 ||
        (name->ptr[0] != MARKS[JOURNAL_STORED] && name->ptr[0] != MARKS[JOURNAL_DELETED]))
        return false;
    *out_kind = name->ptr[0] == MARKS[JOURNAL_STORED] ? JOURNAL_STORED : JOURNAL_DELETED;
    *name = (struct slice){name->ptr + 1, name->len - 1};
    return true;
}

static void read_line(struct reader *r, struct slice line)
{
    struct slice record;
    struct slice name = slice_cut(line, '\t', &record);
    enum journal_kind kind;
    struct photo p;
    char text[PHOTO_NAME_MAX];
    if (line.len == 0)
        return; /* begun anew behind nothing */
    if (!read_mark(&name, &kind) || tag_read(record, &p) != ERR_OK ||
        !tag_unescape(name, text, sizeof text)) {
        r->damaged++;
        return;
    }
    memcpy(p.name, text, sizeof text);
    r->stopped = !r->each(r->arg, kind, &p);
}

/* Hands over the whole lines in `bytes`; answers how many bytes they were. */
static size_t read_lines(struct reader *r, struct slice bytes)
{
    size_t used = 0;
    while (!r->stopped) {
        struct slice left = {bytes.ptr + used, bytes.len - used};
        size_t end = slice_find(left, '\n');
        if (end == left.len)
            break;
        read_line(r, (struct slice){left.ptr, end});
        used += end + 1;
    }
    return used;
}

static enum err read_segment(const struct fs *fs, int fd, char *memory, struct reader *r)
{
    uint64_t offset = 0;
    size_t held = 0;
    while (!r->stopped) {
        size_t got = 0;
        enum err e = fs->read(fs->ctx, fd, offset, memory + held, READ_BYTES - held, &got);
        if (e != ERR_OK)
            return e;
        if (got == 0)
            break;
        offset += got;
        held += got;
        size_t used = read_lines(r, (struct slice){memory, held});
        if (used == 0 && held == READ_BYTES)
            used = held; /* no line is that long: skip the damage */
        memmove(memory, memory + used, held - used);
        held -= used;
    }
    if (held > 0 && !r->stopped)
        r->damaged++; /* a line without its end: torn */
    return ERR_OK;
}

enum err journal_read(const struct fs *fs,
                      bool (*each)(void *arg, enum journal_kind kind, const struct photo *p),
                      void *arg, uint64_t *out_damaged)
{
    struct reader r = {.each = each, .arg = arg};
    char memory[READ_BYTES];
    enum err e = ERR_OK;
    struct segments at = {0};
    while (e == ERR_OK && !r.stopped) {
        at.lowest = 0;
        e = fs->list(fs->ctx, LAYOUT_JOURNAL, note_segment, &at);
        if (e != ERR_OK || at.lowest == 0)
            break;
        char path[SEGMENT_PATH_MAX];
        segment_path(at.lowest, path);
        bool found = false;
        int fd = NO_SEGMENT;
        e = fs->open(fs->ctx, path, &found, &fd);
        if (e == ERR_OK && found) {
            e = read_segment(fs, fd, memory, &r);
            (void)fs->close(fs->ctx, fd); /* only read */
        }
        at.above = at.lowest;
    }
    *out_damaged = r.damaged;
    return e;
}
