#include "relay/logic/medium.h"

#include "lib/wire/http_field.h"

static const struct {
    const char *type;
    const char *extension;
    unsigned char first; /* byte of every such file */
    uint8_t sure;        /* bytes after which it can be no other kind */
} MEDIA[MEDIUMS] = {
    [MEDIUM_JPEG] = {"image/jpeg", ".jpg", 0xFF, 3},
    [MEDIUM_WAV] = {"audio/wav", ".wav", 'R', 12},
    [MEDIUM_FLAC] = {"audio/flac", ".flac", 'f', 4},
};

const char *medium_type(enum medium m)
{
    return MEDIA[m].type;
}

const char *medium_extension(enum medium m)
{
    return MEDIA[m].extension;
}

bool medium_is_sound(enum medium m)
{
    return m != MEDIUM_JPEG;
}

static bool ends_in(struct slice name, struct slice extension)
{
    if (name.len <= extension.len)
        return false;
    struct slice end = {name.ptr + name.len - extension.len, extension.len};
    return slice_eq_nocase(end, extension);
}

bool medium_of_name(struct slice name, enum medium *out)
{
    for (unsigned m = 0; m < MEDIUMS; m++) {
        if (ends_in(name, slice_of(MEDIA[m].extension))) {
            *out = (enum medium)m;
            return true;
        }
    }
    if (!ends_in(name, SLICE(".jpeg")))
        return false;
    *out = MEDIUM_JPEG;
    return true;
}

bool medium_of_type(struct slice content_type, enum medium *out)
{
    static const struct {
        const char *type;
        enum medium medium;
    } rows[] = {
        {"image/jpeg", MEDIUM_JPEG},    {"image/jpg", MEDIUM_JPEG},  {"image/pjpeg", MEDIUM_JPEG},
        {"audio/wav", MEDIUM_WAV},      {"audio/x-wav", MEDIUM_WAV}, {"audio/wave", MEDIUM_WAV},
        {"audio/vnd.wave", MEDIUM_WAV}, {"audio/flac", MEDIUM_FLAC}, {"audio/x-flac", MEDIUM_FLAC},
    };
    struct http_field_media media;
    if (http_field_media(content_type, &media) != ERR_OK)
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (http_field_media_is(&media, rows[i].type)) {
            *out = rows[i].medium;
            return true;
        }
    }
    return false;
}

enum err medium_read_list(struct slice text, unsigned *out_mask, struct buf *why)
{
    unsigned mask = 0;
    struct slice rest = text;
    do {
        struct slice word = slice_trim(slice_cut(rest, ',', &rest));
        enum medium m;
        if (!medium_of_type(word, &m)) {
            buf_add_text(why,
                         "accept holds a type that is not known; write image/jpeg, audio/wav or "
                         "audio/flac, with commas between them");
            return ERR_INPUT;
        }
        mask |= MEDIUM_BIT(m);
    } while (rest.len > 0);
    *out_mask = mask;
    return ERR_OK;
}

static void begin(struct medium_probe *p, unsigned char first)
{
    unsigned m = 0;
    while (m < MEDIUMS && MEDIA[m].first != first)
        m++;
    p->alien = m == MEDIUMS;
    if (p->alien)
        return;
    p->begun = true;
    p->medium = (enum medium)m;
    if (p->medium == MEDIUM_JPEG)
        jpeg_init(&p->jpeg);
    else
        audiofile_init(&p->audio, p->medium == MEDIUM_WAV ? AUDIOFILE_WAV : AUDIOFILE_FLAC);
}

enum medium_verdict medium_feed(struct medium_probe *p, const void *data, size_t len)
{
    if (len > 0 && !p->begun && !p->alien)
        begin(p, *(const unsigned char *)data);
    if (p->begun && p->fed < MEDIA[p->medium].sure) {
        size_t left = (size_t)(MEDIA[p->medium].sure - p->fed);
        p->fed = (uint8_t)(p->fed + (len < left ? len : left));
    }
    if (p->begun && p->medium == MEDIUM_JPEG)
        (void)jpeg_feed(&p->jpeg, data, len);
    else if (p->begun)
        (void)audiofile_feed(&p->audio, data, len);
    return medium_verdict(p);
}

static enum medium_verdict judge_jpeg(const struct jpeg *j)
{
    switch (jpeg_verdict(j)) {
    case JPEG_INCOMPLETE: return MEDIUM_INCOMPLETE;
    case JPEG_WHOLE: return MEDIUM_WHOLE;
    case JPEG_ALIEN: return MEDIUM_ALIEN;
    case JPEG_DAMAGED: break;
    }
    return MEDIUM_DAMAGED;
}

static enum medium_verdict judge_audio(const struct audiofile *a)
{
    switch (audiofile_verdict(a)) {
    case AUDIOFILE_INCOMPLETE: return MEDIUM_INCOMPLETE;
    case AUDIOFILE_WHOLE: return MEDIUM_WHOLE;
    case AUDIOFILE_ALIEN: return MEDIUM_ALIEN;
    case AUDIOFILE_DAMAGED: break;
    }
    return MEDIUM_DAMAGED;
}

bool medium_is_sure(const struct medium_probe *p)
{
    return p->begun && p->fed == MEDIA[p->medium].sure && medium_verdict(p) != MEDIUM_ALIEN;
}

enum medium_verdict medium_verdict(const struct medium_probe *p)
{
    if (p->alien)
        return MEDIUM_ALIEN;
    if (!p->begun)
        return MEDIUM_INCOMPLETE;
    return p->medium == MEDIUM_JPEG ? judge_jpeg(&p->jpeg) : judge_audio(&p->audio);
}
