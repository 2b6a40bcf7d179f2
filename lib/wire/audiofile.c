#include "lib/wire/audiofile.h"

#include <string.h>

enum {
    STEP_MAGIC,      /* what every file of the kind begins with */
    STEP_CHUNK,      /* WAV: the head of a chunk; FLAC: of a metadata block */
    STEP_DATA,       /* WAV: passing over the sound */
    STEP_FRAME,      /* FLAC: the first frame */
    STREAMINFO = 34, /* RFC 9639 8.2 */
    INFO_SEEN = 13,  /* of it: up to the rate */
    FORMAT_BYTES_MIN = 16,
};

/* From here on a length means "not known": what players and writers of endless files put there. */
static const uint32_t UNKNOWN_LENGTH = 0x7FFFFFFF;

static void hold(struct audiofile *a, uint8_t step, uint8_t want)
{
    a->step = step;
    a->held_len = 0;
    a->held_want = want;
}

void audiofile_init(struct audiofile *a, enum audiofile_kind kind)
{
    *a = (struct audiofile){.kind = kind};
    hold(a, STEP_MAGIC, kind == AUDIOFILE_WAV ? 12 : 8 + INFO_SEEN);
}

static uint32_t little(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* --- WAV -------------------------------------------------------------------------------------- */

static enum audiofile_verdict take_riff(struct audiofile *a)
{
    if (memcmp(a->held + 8, "WAVE", 4) != 0)
        return AUDIOFILE_ALIEN;
    hold(a, STEP_CHUNK, 8);
    return AUDIOFILE_INCOMPLETE;
}

static enum audiofile_verdict take_chunk(struct audiofile *a)
{
    uint32_t size = little(a->held + 4);
    if (memcmp(a->held, "data", 4) == 0) {
        bool unknown = size == 0 || size >= UNKNOWN_LENGTH;
        a->step = STEP_DATA;
        a->skip = size;
        if (!a->has_format)
            return AUDIOFILE_DAMAGED;
        return unknown ? AUDIOFILE_WHOLE : AUDIOFILE_INCOMPLETE;
    }
    if (memcmp(a->held, "fmt ", 4) == 0) {
        if (size < FORMAT_BYTES_MIN || a->has_format)
            return AUDIOFILE_DAMAGED;
        a->has_format = true;
    }
    a->skip = (uint64_t)size + (size & 1); /* chunks are padded to even length */
    hold(a, STEP_CHUNK, 8);
    return AUDIOFILE_INCOMPLETE;
}

/* --- FLAC ------------------------------------------------------------------------------------- */

static uint32_t block_len(const uint8_t *head)
{
    return (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
}

static void pass_block(struct audiofile *a, const uint8_t *head, uint32_t seen)
{
    bool is_last = (head[0] & 0x80) != 0;
    a->skip = block_len(head) - seen;
    hold(a, is_last ? STEP_FRAME : STEP_CHUNK, is_last ? 2 : 4);
}

/* The magic and the first block, which must be STREAMINFO with a rate. */
static enum audiofile_verdict take_flac(struct audiofile *a)
{
    const uint8_t *block = a->held + 4;
    const uint8_t *info = block + 4;
    uint32_t rate = (uint32_t)info[10] << 12 | (uint32_t)info[11] << 4 | info[12] >> 4;
    if ((block[0] & 0x7F) != 0 || block_len(block) != STREAMINFO || rate == 0)
        return AUDIOFILE_DAMAGED;
    pass_block(a, block, INFO_SEEN);
    return AUDIOFILE_INCOMPLETE;
}

static enum audiofile_verdict take_frame(const struct audiofile *a)
{
    bool sync = a->held[0] == 0xFF && (a->held[1] & 0xFE) == 0xF8;
    return sync ? AUDIOFILE_WHOLE : AUDIOFILE_DAMAGED;
}

bool audiofile_flac_close(uint8_t head[AUDIOFILE_FLAC_HEAD], uint64_t samples)
{
    uint8_t *info = head + 8;
    if (memcmp(head, "fLaC", 4) != 0 || (head[4] & 0x7F) != 0 || block_len(head + 4) != STREAMINFO)
        return false;
    memset(info + 4, 0, 6); /* smallest and largest frame */
    info[13] = (uint8_t)((info[13] & 0xF0) | ((samples >> 32) & 0x0F));
    for (unsigned i = 0; i < 4; i++)
        info[14 + i] = (uint8_t)(samples >> (24 - 8 * i));
    memset(info + 18, 0, 16);
    return true;
}

/* --- both ------------------------------------------------------------------------------------- */

static enum audiofile_verdict take_piece(struct audiofile *a)
{
    bool wav = a->kind == AUDIOFILE_WAV;
    switch (a->step) {
    case STEP_MAGIC: return wav ? take_riff(a) : take_flac(a);
    case STEP_CHUNK:
        if (wav)
            return take_chunk(a);
        if ((a->held[0] & 0x7F) == 0x7F) /* forbidden: it could be taken for a frame */
            return AUDIOFILE_DAMAGED;
        pass_block(a, a->held, 0);
        return AUDIOFILE_INCOMPLETE;
    default: return take_frame(a);
    }
}

/* Told as early as it can be: a few bytes of something else are not the beginning of sound. */
static bool is_alien(const struct audiofile *a)
{
    size_t n = a->held_len < 4 ? a->held_len : 4;
    return a->step == STEP_MAGIC &&
           memcmp(a->held, a->kind == AUDIOFILE_WAV ? "RIFF" : "fLaC", n) != 0;
}

static size_t pass_over(struct audiofile *a, size_t len)
{
    size_t n = a->skip < len ? (size_t)a->skip : len;
    a->skip -= n;
    if (a->skip == 0 && a->step == STEP_DATA)
        a->verdict = AUDIOFILE_WHOLE;
    return n;
}

enum audiofile_verdict audiofile_feed(struct audiofile *a, const void *data, size_t len)
{
    const uint8_t *p = data;
    while (len > 0 && a->verdict == AUDIOFILE_INCOMPLETE) {
        size_t n;
        if (a->skip > 0) {
            n = pass_over(a, len);
        } else {
            size_t want = (size_t)(a->held_want - a->held_len);
            n = want < len ? want : len;
            memcpy(a->held + a->held_len, p, n);
            a->held_len = (uint8_t)(a->held_len + n);
            if (is_alien(a))
                a->verdict = AUDIOFILE_ALIEN;
            else if (a->held_len == a->held_want)
                a->verdict = take_piece(a);
        }
        p += n;
        len -= n;
    }
    return a->verdict;
}

enum audiofile_verdict audiofile_verdict(const struct audiofile *a)
{
    return a->verdict;
}
