#include "camera/logic/photolog.h"

#include <assert.h>
#include <string.h>

#include "camera/logic/le.h"
#include "lib/base/crc32.h"

/* Record head, byte offsets. Everything up to HEAD_CRC is written once, before the JPEG; the three
 * words behind it stay all ones until they are cleared. */
enum {
    HEAD_MAGIC = 0,
    HEAD_LENGTH = 4,
    HEAD_JPEG_CRC = 8,
    HEAD_BOOT = 12,
    HEAD_EPOCH = 16,
    HEAD_SEQ = 24,
    HEAD_FLAGS = 28,
    HEAD_CAPTURED = 32,
    HEAD_MONO = 40,
    HEAD_DIGEST = 48,
    HEAD_POSITION = 80, /* its own place in the log: an old head at the same spot does not count */
    HEAD_CRC = 88,
    HEAD_COMPLETE = 92,
    HEAD_DONE = 96,
    HEAD_ASIDE = 100,
};

enum {
    SECTOR_MAGIC = 0x324C5243, /* "CRL2" */
    RECORD_MAGIC = 0x31545053, /* "SPT1" */
    FLAG_CLOCK_SURE = 1,
    FLAG_TRIGGER_SHIFT = 8,
    NO_RECORD = 0xFFFF,
    COPY_BYTES = 256, /* on the stack */
    OPEN_TRIES = 3,   /* worn-out sectors skipped for one append */
};

static uint64_t room(const struct photolog *l)
{
    return l->flash->sector_bytes - PHOTOLOG_SECTOR_HEAD_BYTES;
}

static uint64_t generation(const struct photolog *l, uint64_t at)
{
    return at / room(l);
}

static uint32_t sector_offset(const struct photolog *l, uint64_t gen)
{
    return (uint32_t)(gen % l->sectors) * l->flash->sector_bytes;
}

static uint32_t place(const struct photolog *l, uint64_t at)
{
    return sector_offset(l, generation(l, at)) + PHOTOLOG_SECTOR_HEAD_BYTES +
           (uint32_t)(at % room(l));
}

/* Where a record that would begin at or after `at` begins: aligned, its head in one sector. */
static uint64_t align(const struct photolog *l, uint64_t at)
{
    at = (at + 15) & ~(uint64_t)15;
    uint64_t in_sector = at % room(l);
    if (room(l) - in_sector < PHOTOLOG_RECORD_HEAD_BYTES)
        at += room(l) - in_sector;
    return at;
}

static uint64_t record_end(const struct photolog *l, uint64_t at, uint32_t length)
{
    return align(l, at + PHOTOLOG_RECORD_HEAD_BYTES + length);
}

static bool cleared(const uint8_t *word)
{
    uint32_t v = le_get32(word), zeros = 0;
    for (unsigned i = 0; i < 32; i++)
        zeros += 1 - (v >> i & 1);
    return zeros > 16;
}

/* The first generation whose sector must not be erased. */
static uint64_t tail_generation(const struct photolog *l)
{
    if (l->count > 0)
        return generation(l, l->entries[0].at);
    return generation(l, l->head);
}

uint32_t photolog_free_sectors(const struct photolog *l)
{
    uint64_t used = generation(l, l->head) - tail_generation(l);
    if (l->head_opened || l->head % room(l) != 0)
        used++;
    return used >= l->sectors ? 0 : l->sectors - (uint32_t)used;
}

/* ---- reading ---- */

static enum err read_span(const struct photolog *l, uint64_t at, uint8_t *out, size_t len)
{
    while (len > 0) {
        uint64_t left = room(l) - at % room(l);
        size_t n = len < left ? len : (size_t)left;
        enum err e = l->flash->read(l->flash->ctx, place(l, at), out, n);
        if (e != ERR_OK)
            return e;
        at += n;
        out += n;
        len -= n;
    }
    return ERR_OK;
}

/* Is the sector of this generation there? `*out_first`: where its first record begins, or 0. */
static enum err read_sector_head(const struct photolog *l, uint32_t index, bool *out_sound,
                                 uint64_t *out_gen, uint32_t *out_first)
{
    uint8_t h[PHOTOLOG_SECTOR_HEAD_BYTES];
    enum err e = l->flash->read(l->flash->ctx, index * l->flash->sector_bytes, h, sizeof h);
    if (e != ERR_OK)
        return e;
    uint32_t low = le_get32(h + 4), first = le_get32(h + 8) & 0xFFFF;
    uint64_t gen = (uint64_t)(le_get32(h + 8) >> 16) << 32 | low;
    bool sound = le_get32(h) == SECTOR_MAGIC && le_get32(h + 12) == crc32_add(0, h, 12) &&
                 gen % l->sectors == index;
    *out_sound = sound;
    if (sound) {
        *out_gen = gen;
        *out_first = first;
    }
    return ERR_OK;
}

struct head {
    struct shot shot;
    uint32_t jpeg_crc;
    bool complete;
    bool done;
    bool aside;
};

static bool parse_head(const uint8_t *h, uint64_t at, struct head *out)
{
    if (le_get32(h + HEAD_MAGIC) != RECORD_MAGIC || le_get64(h + HEAD_POSITION) != at ||
        le_get32(h + HEAD_CRC) != crc32_add(0, h, HEAD_CRC))
        return false;
    uint32_t flags = le_get32(h + HEAD_FLAGS), trigger = flags >> FLAG_TRIGGER_SHIFT & 0xFF;
    if (le_get32(h + HEAD_LENGTH) > SHOT_BYTES_MAX || trigger > SHOT_BY_BOOT)
        return false;
    *out = (struct head){
        .shot = {.epoch = le_get64(h + HEAD_EPOCH),
                 .boot = le_get32(h + HEAD_BOOT),
                 .seq = le_get32(h + HEAD_SEQ),
                 .length_bytes = le_get32(h + HEAD_LENGTH),
                 .captured_ms = (int64_t)le_get64(h + HEAD_CAPTURED),
                 .mono_ms = le_get64(h + HEAD_MONO),
                 .clock_sure = (flags & FLAG_CLOCK_SURE) != 0,
                 .trigger = (enum shot_trigger)trigger},
        .jpeg_crc = le_get32(h + HEAD_JPEG_CRC),
        .complete = cleared(h + HEAD_COMPLETE),
        .done = cleared(h + HEAD_DONE),
        .aside = cleared(h + HEAD_ASIDE),
    };
    memcpy(out->shot.digest, h + HEAD_DIGEST, SHOT_DIGEST_BYTES);
    return true;
}

static enum err read_head(const struct photolog *l, uint64_t at, struct head *out)
{
    uint8_t h[PHOTOLOG_RECORD_HEAD_BYTES];
    enum err e = read_span(l, at, h, sizeof h);
    if (e != ERR_OK)
        return e;
    return parse_head(h, at, out) ? ERR_OK : ERR_CORRUPT;
}

/* ---- mount ---- */

/* All sectors a record runs over must still be those it was written to. */
static enum err is_whole(const struct photolog *l, uint64_t at, uint32_t length, bool *out_whole)
{
    uint64_t last = generation(l, at + PHOTOLOG_RECORD_HEAD_BYTES + length - 1);
    *out_whole = true;
    for (uint64_t g = generation(l, at) + 1; g <= last && *out_whole; g++) {
        bool sound;
        uint64_t gen = 0;
        uint32_t first;
        enum err e = read_sector_head(l, (uint32_t)(g % l->sectors), &sound, &gen, &first);
        if (e != ERR_OK)
            return e;
        *out_whole = sound && gen == g;
    }
    return ERR_OK;
}

/* Notes the record at `at` if it is wanted. `*out_next` = 0: nothing more to follow from here. */
static enum err take_record(struct photolog *l, uint64_t at, uint64_t *out_next)
{
    struct head h;
    *out_next = 0;
    enum err e = read_head(l, at, &h);
    if (e == ERR_CORRUPT)
        return ERR_OK; /* the end of the log, or a head that broke: the next sector has its own */
    if (e != ERR_OK)
        return e;
    *out_next = record_end(l, at, h.shot.length_bytes);
    if (!h.complete || h.done)
        return ERR_OK;
    bool whole = false;
    e = is_whole(l, at, h.shot.length_bytes, &whole);
    if (e != ERR_OK)
        return e;
    if (!whole || l->count == l->entries_max) {
        l->damaged++;
        return ERR_OK;
    }
    l->entries[l->count++] = (struct photolog_entry){.at = at,
                                                     .length_bytes = h.shot.length_bytes,
                                                     .boot = h.shot.boot,
                                                     .seq = h.shot.seq,
                                                     .aside = h.aside};
    return ERR_OK;
}

/* Follows the records that begin in one sector. */
static enum err walk_sector(struct photolog *l, uint64_t gen, uint32_t first)
{
    if (first < PHOTOLOG_SECTOR_HEAD_BYTES || first == NO_RECORD)
        return ERR_OK;
    uint64_t at = gen * room(l) + first - PHOTOLOG_SECTOR_HEAD_BYTES;
    while (at != 0 && generation(l, at) == gen) {
        if (align(l, at) != at)
            return ERR_OK; /* a damaged offset */
        enum err e = take_record(l, at, &at);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err find_newest(const struct photolog *l, uint64_t *out_newest)
{
    *out_newest = 0;
    for (uint32_t i = 0; i < l->sectors; i++) {
        bool sound;
        uint64_t gen = 0;
        uint32_t first;
        enum err e = read_sector_head(l, i, &sound, &gen, &first);
        if (e != ERR_OK)
            return e;
        if (sound && gen > *out_newest)
            *out_newest = gen;
    }
    return ERR_OK;
}

enum err photolog_mount(struct photolog *l, const struct flash *flash,
                        struct photolog_entry *entries, uint32_t entries_max)
{
    uint32_t sector = flash->sector_bytes;
    if (sector < 512 || sector > 32768 || sector % 16 != 0 ||
        flash->size_bytes / sector < PHOTOLOG_SECTORS_MIN)
        return ERR_INPUT;
    *l = (struct photolog){.flash = flash,
                           .entries = entries,
                           .entries_max = entries_max,
                           .sectors = flash->size_bytes / sector};
    uint64_t newest;
    enum err e = find_newest(l, &newest);
    if (e != ERR_OK)
        return e;
    uint64_t oldest = newest >= l->sectors ? newest - l->sectors + 1 : 1;
    for (uint64_t g = oldest; g <= newest && newest != 0; g++) {
        bool sound;
        uint64_t gen = 0;
        uint32_t first = NO_RECORD;
        e = read_sector_head(l, (uint32_t)(g % l->sectors), &sound, &gen, &first);
        if (e == ERR_OK && sound && gen == g)
            e = walk_sector(l, g, first);
        if (e != ERR_OK)
            return e;
    }
    l->head = (newest + 1) * room(l);
    return ERR_OK;
}

/* ---- writing ---- */

/* Erases the sector of generation `gen` and gives it its head. The old head goes first: an erase
 * that a power cut breaks off may leave anything, and must not leave a sector that looks sound. */
static enum err open_sector(struct photolog *l, uint64_t gen, uint64_t first_record)
{
    const struct flash *f = l->flash;
    uint32_t offset = sector_offset(l, gen);
    const uint8_t none[4] = {0};
    enum err e = f->write(f->ctx, offset, none, sizeof none);
    if (e == ERR_OK)
        e = f->erase(f->ctx, offset);
    if (e != ERR_OK)
        return e;
    uint32_t first = NO_RECORD;
    if (generation(l, first_record) == gen)
        first = (uint32_t)(first_record % room(l)) + PHOTOLOG_SECTOR_HEAD_BYTES;
    uint8_t h[PHOTOLOG_SECTOR_HEAD_BYTES];
    le_put32(h, SECTOR_MAGIC);
    le_put32(h + 4, (uint32_t)gen);
    le_put32(h + 8, (uint32_t)(gen >> 32) << 16 | first);
    le_put32(h + 12, crc32_add(0, h, 12));
    return f->write(f->ctx, offset, h, sizeof h);
}

/* Writes in multiples of 4, the last one padded with ones, which change nothing. */
static enum err write_bytes(struct photolog *l, uint32_t offset, const uint8_t *data, size_t len)
{
    const struct flash *f = l->flash;
    size_t even = len & ~(size_t)3;
    enum err e = even == 0 ? ERR_OK : f->write(f->ctx, offset, data, even);
    if (e != ERR_OK || even == len)
        return e;
    uint8_t last[4] = {0xFF, 0xFF, 0xFF, 0xFF};
    memcpy(last, data + even, len - even);
    return f->write(f->ctx, offset + (uint32_t)even, last, sizeof last);
}

/* Writes the JPEG behind its head, opening sector after sector. */
static enum err write_jpeg(struct photolog *l, uint64_t at, const uint8_t *data, uint32_t len)
{
    uint64_t next = record_end(l, at, len);
    at += PHOTOLOG_RECORD_HEAD_BYTES;
    while (len > 0) {
        if (at % room(l) == 0) {
            enum err e = open_sector(l, generation(l, at), next);
            if (e != ERR_OK)
                return e;
        }
        uint64_t left = room(l) - at % room(l);
        uint32_t n = len < left ? len : (uint32_t)left;
        enum err e = write_bytes(l, place(l, at), data, n);
        if (e != ERR_OK)
            return e;
        at += n;
        data += n;
        len -= n;
    }
    return ERR_OK;
}

static void build_head(uint8_t *h, uint64_t at, const struct shot *s, const void *jpeg)
{
    memset(h, 0xFF, PHOTOLOG_RECORD_HEAD_BYTES);
    le_put32(h + HEAD_MAGIC, RECORD_MAGIC);
    le_put32(h + HEAD_LENGTH, s->length_bytes);
    le_put32(h + HEAD_JPEG_CRC, crc32_add(0, jpeg, s->length_bytes));
    le_put32(h + HEAD_BOOT, s->boot);
    le_put64(h + HEAD_EPOCH, s->epoch);
    le_put32(h + HEAD_SEQ, s->seq);
    le_put32(h + HEAD_FLAGS,
             (s->clock_sure ? FLAG_CLOCK_SURE : 0u) | (uint32_t)s->trigger << FLAG_TRIGGER_SHIFT);
    le_put64(h + HEAD_CAPTURED, (uint64_t)s->captured_ms);
    le_put64(h + HEAD_MONO, s->mono_ms);
    memcpy(h + HEAD_DIGEST, s->digest, SHOT_DIGEST_BYTES);
    le_put64(h + HEAD_POSITION, at);
    le_put32(h + HEAD_CRC, crc32_add(0, h, HEAD_CRC));
}

/* Head, JPEG, then the word that says it is complete: in this order and no other. */
static enum err write_record(struct photolog *l, uint64_t at, const struct shot *s,
                             const void *jpeg)
{
    uint8_t h[PHOTOLOG_RECORD_HEAD_BYTES];
    build_head(h, at, s, jpeg);
    enum err e = ERR_OK;
    if (!l->head_opened)
        e = open_sector(l, generation(l, at), at);
    if (e == ERR_OK)
        e = l->flash->write(l->flash->ctx, place(l, at), h, HEAD_COMPLETE);
    if (e == ERR_OK)
        e = write_jpeg(l, at, jpeg, s->length_bytes);
    const uint8_t zeros[4] = {0};
    if (e == ERR_OK)
        e = l->flash->write(l->flash->ctx, place(l, at) + HEAD_COMPLETE, zeros, sizeof zeros);
    return e;
}

/* One sector more than the bytes need, so that a worn-out one can be stepped over. */
static uint64_t sectors_for(const struct photolog *l, uint32_t length)
{
    return (PHOTOLOG_RECORD_HEAD_BYTES + (uint64_t)length + 15 + room(l) - 1) / room(l) + 1;
}

bool photolog_fits(const struct photolog *l, uint32_t length_bytes)
{
    return length_bytes <= SHOT_BYTES_MAX && sectors_for(l, length_bytes) <= l->sectors &&
           l->entries_max > 0;
}

/* Does writing up to and including the sector of `end - 1` leave everything wanted alone? */
static bool has_room(const struct photolog *l, uint64_t at, uint32_t length)
{
    uint64_t last = generation(l, at + PHOTOLOG_RECORD_HEAD_BYTES + length - 1);
    return last - tail_generation(l) < l->sectors;
}

enum err photolog_append(struct photolog *l, const struct shot *s, const void *jpeg)
{
    assert(s->length_bytes > 0);
    if (!photolog_fits(l, s->length_bytes))
        return ERR_LIMIT;
    if (l->count == l->entries_max)
        return ERR_FULL;
    enum err e = ERR_IO;
    for (unsigned tries = 0; tries < OPEN_TRIES && e != ERR_OK; tries++) {
        uint64_t at = l->head;
        if (!has_room(l, at, s->length_bytes))
            return tries == 0 ? ERR_FULL : ERR_IO;
        e = write_record(l, at, s, jpeg);
        if (e == ERR_OK) {
            l->entries[l->count++] = (struct photolog_entry){
                .at = at, .length_bytes = s->length_bytes, .boot = s->boot, .seq = s->seq};
            l->head = record_end(l, at, s->length_bytes);
            l->head_opened = l->head % room(l) != 0;
        } else {
            l->head = (generation(l, at) + 1) * room(l);
            l->head_opened = false;
        }
    }
    return e;
}

/* ---- one photo ---- */

enum err photolog_load(const struct photolog *l, const struct photolog_entry *e,
                       struct shot *out_shot)
{
    struct head h;
    enum err err = read_head(l, e->at, &h);
    if (err == ERR_OK)
        *out_shot = h.shot;
    return err;
}

enum err photolog_read(const struct photolog *l, const struct photolog_entry *e, uint32_t offset,
                       void *out, size_t len)
{
    assert(offset <= e->length_bytes && len <= e->length_bytes - offset);
    return read_span(l, e->at + PHOTOLOG_RECORD_HEAD_BYTES + offset, out, len);
}

enum err photolog_verify(const struct photolog *l, const struct photolog_entry *e)
{
    struct head h;
    enum err err = read_head(l, e->at, &h);
    if (err != ERR_OK)
        return err;
    uint32_t crc = 0;
    for (uint32_t offset = 0; offset < e->length_bytes;) {
        uint8_t part[COPY_BYTES];
        uint32_t left = e->length_bytes - offset;
        uint32_t n = left < COPY_BYTES ? left : COPY_BYTES;
        err = photolog_read(l, e, offset, part, n);
        if (err != ERR_OK)
            return err;
        crc = crc32_add(crc, part, n);
        offset += n;
    }
    return crc == h.jpeg_crc ? ERR_OK : ERR_CORRUPT;
}

static struct photolog_entry *find(const struct photolog *l, uint64_t at)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->entries[i].at == at)
            return &l->entries[i];
    }
    return NULL;
}

const struct photolog_entry *photolog_find(const struct photolog *l, uint64_t at)
{
    return find(l, at);
}

static enum err clear_word(struct photolog *l, uint64_t at, unsigned word)
{
    const uint8_t zeros[4] = {0};
    return l->flash->write(l->flash->ctx, place(l, at) + word, zeros, sizeof zeros);
}

enum err photolog_forget(struct photolog *l, uint64_t at)
{
    struct photolog_entry *e = find(l, at);
    if (e == NULL)
        return ERR_OK;
    enum err err = clear_word(l, at, HEAD_DONE);
    uint32_t behind = l->count - (uint32_t)(e - l->entries) - 1;
    memmove(e, e + 1, behind * sizeof *e);
    l->count--;
    return err;
}

enum err photolog_set_aside(struct photolog *l, uint64_t at)
{
    struct photolog_entry *e = find(l, at);
    if (e == NULL || e->aside)
        return ERR_OK;
    e->aside = true;
    return clear_word(l, at, HEAD_ASIDE);
}
