#include "relay/logic/intake.h"

#include <assert.h>
#include <string.h>

#include "lib/wire/http_field.h"
#include "lib/wire/timestamp.h"
#include "relay/logic/limits.h"

/* Which part is the photo: a higher rank beats a lower one that came before it. */
enum { RANK_NONE, RANK_FILENAME, RANK_ALIAS, RANK_FILE };

static enum refusal refuse(struct intake *in, enum refusal r)
{
    in->refusal = r;
    return r;
}

static uint8_t rank_of(const struct multipart_part *part)
{
    static const char *const aliases[] = {"imageFile", "image", "photo", "upfile"};
    if (slice_eq(part->name, SLICE("file")))
        return RANK_FILE;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (slice_eq(part->name, slice_of(aliases[i])))
            return RANK_ALIAS;
    }
    return part->has_filename ? RANK_FILENAME : RANK_NONE;
}

static bool accepts(const struct intake *in, enum medium m)
{
    return (in->limits.accept & MEDIUM_BIT(m)) != 0;
}

static uint64_t bytes_max_of(const struct intake *in, enum medium m)
{
    return medium_is_sound(m) ? in->limits.sound_bytes_max : in->limits.photo_bytes_max;
}

/* Of whatever is accepted. */
static uint64_t bytes_max(const struct intake *in)
{
    uint64_t most = 0;
    for (unsigned m = 0; m < MEDIUMS; m++) {
        uint64_t max = bytes_max_of(in, (enum medium)m);
        if (accepts(in, (enum medium)m) && max > most)
            most = max;
    }
    return most;
}

static enum refusal too_large(enum medium m)
{
    return medium_is_sound(m) ? REFUSAL_SOUND_TOO_LARGE : REFUSAL_TOO_LARGE;
}

/* Is this a type under which a bare photo comes? `in->declared` notes which. */
static enum refusal judge_bare_type(struct intake *in, struct slice content_type)
{
    struct http_field_media media;
    if (content_type.len == 0)
        return REFUSAL_NONE;
    if (http_field_media(content_type, &media) != ERR_OK)
        return REFUSAL_NOT_JPEG;
    if (http_field_media_is(&media, "application/octet-stream"))
        return REFUSAL_NONE;
    in->is_declared = medium_of_type(content_type, &in->declared);
    if (!in->is_declared)
        return REFUSAL_NOT_JPEG;
    return accepts(in, in->declared) ? REFUSAL_NONE : REFUSAL_NOT_ACCEPTED;
}

static enum refusal choose_form(struct intake *in, struct slice content_type)
{
    struct slice boundary;
    switch (multipart_boundary(content_type, &boundary)) {
    case MULTIPART_KIND_BAD: return REFUSAL_MALFORMED;
    case MULTIPART_KIND_BOUNDED:
        in->is_multipart = true;
        return multipart_init(&in->multipart, boundary) ? REFUSAL_NONE : REFUSAL_MALFORMED;
    case MULTIPART_KIND_UNBOUNDED: in->is_unbounded = true; return REFUSAL_NONE;
    case MULTIPART_KIND_OTHER: break;
    }
    return judge_bare_type(in, content_type);
}

/* What only describes the photo is left out if it cannot be read; what the sender relies on (key,
 * digest, camera) must be right. */
static enum refusal read_fields(struct intake *in, const struct intake_request *r)
{
    struct photo *p = &in->photo;
    if (!slice_to_text(slice_trim(r->key), p->key, sizeof p->key) ||
        !slice_to_text(slice_trim(r->camera), p->camera, sizeof p->camera))
        return REFUSAL_BAD_HEADER;
    if (r->digest.len > 0 && http_field_sha256(r->digest, &in->has_digest, in->digest) != ERR_OK)
        return REFUSAL_BAD_HEADER;
    if (timestamp_parse(slice_trim(r->captured_at), &p->captured) != ERR_OK)
        p->captured = (struct wall){0};
    p->has_seq =
        slice_to_u64(slice_trim(r->boot), &p->boot) && slice_to_u64(slice_trim(r->seq), &p->seq);
    return REFUSAL_NONE;
}

static enum refusal judge_length(const struct intake *in, uint64_t length)
{
    uint64_t overhead = in->is_multipart ? BODY_OVERHEAD_MAX : 0;
    uint64_t max = in->is_declared ? bytes_max_of(in, in->declared) : bytes_max(in);
    if (length <= max + overhead)
        return REFUSAL_NONE;
    return too_large(in->is_declared ? in->declared : MEDIUM_JPEG);
}

enum refusal intake_begin(struct intake *in, const struct intake_request *r,
                          const struct intake_limits *limits)
{
    *in = (struct intake){.limits = *limits};
    enum refusal verdict = choose_form(in, r->content_type);
    if (verdict == REFUSAL_NONE)
        verdict = read_fields(in, r);
    if (verdict == REFUSAL_NONE && r->has_length)
        verdict = judge_length(in, r->length);
    return refuse(in, verdict);
}

/* What the bytes so far say of what is taken here. */
static enum refusal judge_medium(const struct intake *in)
{
    if (medium_verdict(&in->probe) == MEDIUM_ALIEN)
        return in->is_unbounded ? REFUSAL_MALFORMED : REFUSAL_NOT_JPEG;
    if (medium_is_sure(&in->probe) && !accepts(in, in->probe.medium))
        return REFUSAL_NOT_ACCEPTED;
    return REFUSAL_NONE;
}

static enum refusal take_photo(struct intake *in, struct slice bytes, struct buf *out)
{
    in->photo_bytes += bytes.len;
    (void)medium_feed(&in->probe, bytes.ptr, bytes.len);
    enum medium m = in->probe.begun ? in->probe.medium : MEDIUM_JPEG;
    /* A part with just any name may turn out not to be the photo; everything else is. */
    bool is_certain = !(in->is_multipart && in->rank == RANK_FILENAME);
    enum refusal r = judge_medium(in);
    if (r != REFUSAL_NONE && is_certain)
        return r;
    if (in->photo_bytes > (r == REFUSAL_NONE ? bytes_max_of(in, m) : bytes_max(in)))
        return too_large(m);
    buf_add_slice(out, bytes);
    assert(!out->overflowed);
    return REFUSAL_NONE;
}

static void choose_part(struct intake *in, struct buf *out)
{
    const struct multipart_part *part = &in->multipart.part;
    uint8_t rank = rank_of(part);
    bool better = rank > in->rank || (rank == in->rank && in->photo_bytes == 0);
    in->taking = rank != RANK_NONE && better;
    in->rival = rank != RANK_NONE && !better && rank == in->rank;
    if (!in->taking)
        return;
    if (in->photo_bytes > 0) {
        in->restart = true;
        buf_clear(out);
        in->photo_bytes = 0;
    }
    in->rank = rank;
    in->two_photos = false;
    in->probe = (struct medium_probe){0};
    struct slice name = part->filename;
    if (name.len >= sizeof in->photo.original) /* the end of a path is what tells */
        name = (struct slice){name.ptr + name.len - sizeof in->photo.original + 1,
                              sizeof in->photo.original - 1};
    if (!slice_to_text(name, in->photo.original, sizeof in->photo.original))
        in->photo.original[0] = '\0';
}

static enum refusal take_piece(struct intake *in, struct buf *out)
{
    if (in->taking)
        return take_photo(in, in->multipart.bytes, out);
    if (in->rival)
        in->two_photos = true;
    return REFUSAL_NONE;
}

static enum refusal feed_multipart(struct intake *in, struct slice bytes, struct buf *out)
{
    while (true) {
        size_t used = 0;
        enum refusal r = REFUSAL_NONE;
        switch (multipart_feed(&in->multipart, bytes.ptr, bytes.len, &used)) {
        case MULTIPART_PART: choose_part(in, out); break;
        case MULTIPART_BYTES: r = take_piece(in, out); break;
        case MULTIPART_BAD: return REFUSAL_MALFORMED;
        case MULTIPART_END: in->ended = true; return REFUSAL_NONE;
        case MULTIPART_MORE: return REFUSAL_NONE;
        }
        if (r != REFUSAL_NONE)
            return r;
        bytes = (struct slice){bytes.ptr + used, bytes.len - used};
    }
}

enum refusal intake_feed(struct intake *in, struct slice bytes, struct buf *out)
{
    assert(out->cap - out->len >= bytes.len + INTAKE_SLACK);
    if (in->refusal != REFUSAL_NONE || bytes.len == 0)
        return in->refusal;
    in->body_bytes += bytes.len;
    if (in->is_multipart && in->body_bytes > bytes_max(in) + BODY_OVERHEAD_MAX)
        return refuse(in, REFUSAL_TOO_LARGE);
    return refuse(in,
                  in->is_multipart ? feed_multipart(in, bytes, out) : take_photo(in, bytes, out));
}

enum refusal intake_end(struct intake *in)
{
    if (in->refusal != REFUSAL_NONE)
        return in->refusal;
    if (in->is_multipart && !in->ended)
        return refuse(in, REFUSAL_CUT);
    if (in->two_photos)
        return refuse(in, REFUSAL_TWO_PHOTOS);
    if (in->photo_bytes == 0)
        return refuse(in, REFUSAL_NO_PHOTO);
    enum refusal r = judge_medium(in);
    if (r == REFUSAL_NONE && !accepts(in, in->probe.medium))
        r = REFUSAL_NOT_ACCEPTED; /* too short to be sure of it, and that is all there is */
    if (r != REFUSAL_NONE)
        return refuse(in, r);
    switch (medium_verdict(&in->probe)) {
    case MEDIUM_INCOMPLETE:
        return refuse(in, in->probe.medium == MEDIUM_JPEG ? REFUSAL_JPEG_CUT : REFUSAL_SOUND_CUT);
    /* Unusual inside, but all there: the sender's bytes are kept as they are. */
    case MEDIUM_DAMAGED:
        if (in->probe.medium != MEDIUM_JPEG)
            return refuse(in, REFUSAL_SOUND_DAMAGED);
        break;
    case MEDIUM_ALIEN:
    case MEDIUM_WHOLE: break;
    }
    return REFUSAL_NONE;
}
