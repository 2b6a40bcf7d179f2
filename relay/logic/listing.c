#include "relay/logic/listing.h"

#include <string.h>

#include "lib/base/slice.h"

enum { STAMP_LEN = 16 }; /* "_YYYYmmdd_HHMMSS" */

/* Splits at the last dot; a name without one has no extension. */
static void split_name(struct slice name, struct slice *out_stem, struct slice *out_extension)
{
    size_t dot = name.len;
    while (dot > 0 && name.ptr[dot - 1] != '.')
        dot--;
    if (dot == 0)
        dot = name.len + 1;
    *out_stem = (struct slice){name.ptr, dot - 1};
    *out_extension = dot > name.len ? (struct slice){name.ptr, 0}
                                    : (struct slice){name.ptr + dot, name.len - dot};
}

static bool all_digits(struct slice s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    }
    return s.len > 0;
}

static struct slice skip(struct slice s, size_t n)
{
    return (struct slice){s.ptr + n, s.len - n};
}

static bool is_stamp(struct slice s)
{
    return s.len == STAMP_LEN && s.ptr[0] == '_' && s.ptr[9] == '_' &&
           all_digits((struct slice){s.ptr + 1, 8}) && all_digits(skip(s, 10));
}

static struct slice last(struct slice s, size_t n)
{
    return s.len < n ? s : skip(s, s.len - n);
}

/* Without a number that stands behind a stamp: "_20240101_120000_2". */
static struct slice drop_number(struct slice stem)
{
    size_t at = stem.len;
    while (at > 0 && stem.ptr[at - 1] != '_')
        at--;
    if (at == 0 || !all_digits(skip(stem, at)))
        return stem;
    return (struct slice){stem.ptr, at - 1};
}

static bool is_stamped(struct slice stem)
{
    return is_stamp(last(stem, STAMP_LEN)) || is_stamp(last(drop_number(stem), STAMP_LEN));
}

bool listing_is(const struct json_listed *entry, const struct photo *photo)
{
    if (entry->has_sha256 && memcmp(entry->sha256, photo->sha256, sizeof photo->sha256) != 0)
        return false;
    if (!entry->has_size || entry->size_bytes != photo->size_bytes)
        return false;

    struct slice ours = slice_of(photo->name), theirs = slice_of(entry->filename);
    if (slice_eq(ours, theirs))
        return true;
    struct slice our_stem, our_extension, stem, extension;
    split_name(ours, &our_stem, &our_extension);
    split_name(theirs, &stem, &extension);
    if (!is_stamped(our_stem) || stem.len < our_stem.len ||
        !slice_eq_nocase(extension, our_extension))
        return false;
    struct slice begin = {stem.ptr, our_stem.len};
    return slice_eq(begin, our_stem) && is_stamp(skip(stem, our_stem.len));
}

struct search {
    const struct photo *photo;
    bool found;
};

static bool look(void *arg, const struct json_listed *entry)
{
    struct search *s = arg;
    s->found = listing_is(entry, s->photo);
    return !s->found;
}

enum err listing_find(const struct json *json, struct slice answer, const struct photo *photo,
                      bool *out_found)
{
    struct search s = {.photo = photo};
    bool whole;
    enum err e = json->listing(json->ctx, answer, look, &s, &whole);
    if (e == ERR_OK)
        *out_found = s.found;
    return e;
}
