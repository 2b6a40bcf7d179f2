#include "relay/logic/tag.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/crc32.h"
#include "lib/base/hex.h"

void tag_escape(struct buf *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c < 0x21 || *c == 0x7F || *c == '%')
            buf_add_format(out, "%%%02X", (unsigned)*c);
        else
            buf_add_char(out, (char)*c);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool tag_unescape(struct slice field, char *out, size_t cap)
{
    size_t used = 0;
    for (size_t i = 0; i < field.len; i++) {
        unsigned char c = (unsigned char)field.ptr[i];
        if (c == '%') {
            int high = i + 2 < field.len ? hex_digit(field.ptr[i + 1]) : -1;
            int low = i + 2 < field.len ? hex_digit(field.ptr[i + 2]) : -1;
            if (high < 0 || low < 0 || high * 16 + low == 0)
                return false;
            c = (unsigned char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0' || used + 1 >= cap)
            return false;
        out[used++] = (char)c;
    }
    out[used] = '\0';
    return true;
}

void tag_write(struct buf *out, const struct photo *p)
{
    size_t start = out->len;
    char hex[65];
    hex_encode(p->sha256, sizeof p->sha256, hex);
    buf_add_format(out, "1\t%s\t%" PRIu64 "\t%" PRId64 "\t%" PRId64 "\t", hex, p->size_bytes,
                   p->received.ms, p->captured.ms);
    tag_escape(out, p->camera);
    buf_add_char(out, '\t');
    tag_escape(out, p->key);
    buf_add_char(out, '\t');
    tag_escape(out, p->original);
    if (p->has_seq)
        buf_add_format(out, "\t%" PRIu64 "\t%" PRIu64, p->boot, p->seq);
    else
        buf_add_text(out, "\t-\t-");
    if (!out->overflowed)
        buf_add_format(out, "\t%08" PRIx32, crc32_add(0, out->ptr + start, out->len - start));
}

/* Also before 1970: a clock that was never set, in a zone east of Greenwich. */
static bool read_time(struct slice field, struct wall *out)
{
    uint64_t ms;
    bool negative = field.len > 0 && field.ptr[0] == '-';
    if (negative)
        field = (struct slice){field.ptr + 1, field.len - 1};
    if (!slice_to_u64(field, &ms) || ms > INT64_MAX)
        return false;
    out->ms = negative ? -(int64_t)ms : (int64_t)ms;
    return true;
}

static bool read_sequence(struct slice boot, struct slice seq, struct photo *p)
{
    if (slice_eq(boot, SLICE("-")) && slice_eq(seq, SLICE("-")))
        return true;
    p->has_seq = true;
    return slice_to_u64(boot, &p->boot) && slice_to_u64(seq, &p->seq);
}

/* Is the last field the checksum of what stands before it? Cuts it off. */
static bool checked(struct slice *record)
{
    if (record->len < 10 || record->ptr[record->len - 9] != '\t')
        return false;
    uint8_t sum[4];
    struct slice field = {record->ptr + record->len - 8, 8};
    if (!hex_decode(field, sum, sizeof sum))
        return false;
    record->len -= 9;
    uint32_t want =
        (uint32_t)sum[0] << 24 | (uint32_t)sum[1] << 16 | (uint32_t)sum[2] << 8 | sum[3];
    return crc32_add(0, record->ptr, record->len) == want;
}

enum err tag_read(struct slice record, struct photo *out)
{
    enum { FIELDS = 10 };
    if (!checked(&record))
        return ERR_CORRUPT;
    struct slice field[FIELDS];
    for (size_t i = 0; i < FIELDS; i++)
        field[i] = slice_cut(record, '\t', &record);
    struct photo p = {0};
    bool ok = slice_eq(field[0], SLICE("1")) && record.ptr == NULL &&
              hex_decode(field[1], p.sha256, sizeof p.sha256) &&
              slice_to_u64(field[2], &p.size_bytes) && read_time(field[3], &p.received) &&
              read_time(field[4], &p.captured) &&
              tag_unescape(field[5], p.camera, sizeof p.camera) &&
              tag_unescape(field[6], p.key, sizeof p.key) &&
              tag_unescape(field[7], p.original, sizeof p.original) &&
              read_sequence(field[8], field[9], &p);
    if (!ok)
        return ERR_CORRUPT;
    *out = p;
    return ERR_OK;
}
