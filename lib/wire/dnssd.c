#include "lib/wire/dnssd.h"

#include <string.h>

#include "lib/base/slice.h"

enum {
    HEAD_BYTES = 12,
    TYPE_PTR = 12,
    TYPE_TXT = 16,
    TYPE_SRV = 33,
    CLASS_IN = 1,
    CLASS_UNICAST = 0x8000, /* RFC 6762 5.4: answer me, not everybody; in answers: flush */
    FLAG_RESPONSE = 0x8000,
    LABEL_BYTES_MAX = 63,
    POINTERS_MAX = 16,
};

struct packet {
    const uint8_t *bytes;
    size_t len;
};

struct record {
    char name[DNSSD_NAME_MAX];
    uint16_t type;
    size_t at, len; /* of its data */
};

static uint16_t get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

size_t dnssd_write_query(const char *service, uint8_t out[DNSSD_QUERY_MAX])
{
    struct slice rest = slice_of(service);
    size_t at = HEAD_BYTES;
    if (rest.len == 0 || rest.len >= DNSSD_NAME_MAX)
        return 0;
    memset(out, 0, HEAD_BYTES);
    out[5] = 1; /* one question */
    while (rest.len > 0) {
        struct slice label = slice_cut(rest, '.', &rest);
        if (label.len == 0 || label.len > LABEL_BYTES_MAX)
            return 0;
        out[at++] = (uint8_t)label.len;
        memcpy(out + at, label.ptr, label.len);
        at += label.len;
    }
    static const uint8_t tail[] = {0, 0, TYPE_PTR, CLASS_UNICAST >> 8, CLASS_IN};
    memcpy(out + at, tail, sizeof tail);
    return at + sizeof tail;
}

/* One label to the end of a name being put together; false if it does not fit. */
static bool add_label(char *out, size_t *used, const uint8_t *label, size_t len)
{
    if (*used + len + 2 > DNSSD_NAME_MAX || memchr(label, 0, len) != NULL)
        return false;
    if (*used > 0)
        out[(*used)++] = '.';
    memcpy(out + *used, label, len);
    *used += len;
    return true;
}

/* Reads a name, following pointers backwards only (RFC 1035 4.1.4). `*at` moves behind it. */
static bool read_name(const struct packet *p, size_t *at, char out[DNSSD_NAME_MAX])
{
    size_t from = *at, used = 0;
    for (unsigned jumps = 0; from < p->len;) {
        uint8_t n = p->bytes[from];
        bool jump = (n & 0xC0) == 0xC0;
        if (jumps == 0)
            *at = from + (jump ? 2 : 1) + (jump ? 0 : n);
        if (n == 0) {
            out[used] = '\0';
            return true;
        }
        if (jump) {
            size_t to = from + 2 <= p->len ? (size_t)(get16(p->bytes + from) & 0x3FFF) : from;
            if (to >= from || ++jumps > POINTERS_MAX)
                return false;
            from = to;
            continue;
        }
        if (n > LABEL_BYTES_MAX || from + 1 + n > p->len ||
            !add_label(out, &used, p->bytes + from + 1, n))
            return false;
        from += 1 + (size_t)n;
    }
    return false;
}

static bool read_record(const struct packet *p, size_t *at, struct record *r)
{
    if (!read_name(p, at, r->name) || *at + 10 > p->len)
        return false;
    r->type = get16(p->bytes + *at);
    bool ours = (get16(p->bytes + *at + 2) & ~(unsigned)CLASS_UNICAST) == CLASS_IN;
    r->len = get16(p->bytes + *at + 8);
    r->at = *at + 10;
    if (r->at + r->len > p->len)
        return false;
    if (!ours)
        r->type = 0;
    *at = r->at + r->len;
    return true;
}

/* Calls `look` for the records of the packet until it answers false. */
static void each_record(const struct packet *p,
                        bool (*look)(void *ctx, const struct packet *p, const struct record *r),
                        void *ctx)
{
    char name[DNSSD_NAME_MAX];
    size_t at = HEAD_BYTES;
    if (p->len < HEAD_BYTES || (get16(p->bytes + 2) & FLAG_RESPONSE) == 0)
        return;
    for (unsigned i = get16(p->bytes + 4); i > 0; i--) { /* the question, repeated */
        if (!read_name(p, &at, name) || at + 4 > p->len)
            return;
        at += 4;
    }
    struct record r;
    for (unsigned i = 0; i < DNSSD_RECORDS_MAX && read_record(p, &at, &r); i++) {
        if (!look(ctx, p, &r))
            return;
    }
}

/* --- one instance ----------------------------------------------------------------------------- */

struct wanted {
    const char *name; /* of the instance */
    struct dnssd_service found;
};

static bool same_name(const char *a, const char *b)
{
    return slice_eq_nocase(slice_of(a), slice_of(b));
}

static void read_text(const struct packet *p, const struct record *r, struct dnssd_service *out)
{
    static const char KEY[] = "path=";
    const size_t key = sizeof KEY - 1;
    size_t end = r->at + r->len;
    for (size_t at = r->at; at < end;) {
        size_t n = p->bytes[at];
        const char *text = (const char *)p->bytes + at + 1;
        at += 1 + n;
        if (at <= end && n > key && slice_starts_nocase((struct slice){text, n}, slice_of(KEY)))
            (void)slice_to_text((struct slice){text + key, n - key}, out->path, sizeof out->path);
    }
}

static bool look_for_details(void *ctx, const struct packet *p, const struct record *r)
{
    struct wanted *w = ctx;
    if (!same_name(r->name, w->name))
        return true;
    if (r->type == TYPE_SRV && r->len >= 7) /* priority, weight, port, target */
        w->found.port = get16(p->bytes + r->at + 4);
    if (r->type == TYPE_TXT)
        read_text(p, r, &w->found);
    return true;
}

struct search {
    const char *service;
    void (*each)(void *ctx, const struct dnssd_service *found);
    void *ctx;
};

/* An instance may have dots in its first label: it is what stands before the service's name. */
static bool take_instance(const char *name, const char *service, char out[DNSSD_LABEL_MAX])
{
    size_t len = strlen(name), tail = strlen(service);
    if (len <= tail + 1 || name[len - tail - 1] != '.' || !same_name(name + len - tail, service))
        return false;
    return slice_to_text((struct slice){name, len - tail - 1}, out, DNSSD_LABEL_MAX);
}

static bool look_for_instances(void *ctx, const struct packet *p, const struct record *r)
{
    const struct search *s = ctx;
    char name[DNSSD_NAME_MAX];
    size_t at = r->at;
    if (r->type != TYPE_PTR || !same_name(r->name, s->service) || !read_name(p, &at, name))
        return true;
    struct wanted w = {.name = name};
    if (!take_instance(name, s->service, w.found.instance))
        return true;
    each_record(p, look_for_details, &w);
    if (w.found.port != 0)
        s->each(s->ctx, &w.found);
    return true;
}

void dnssd_read(const void *packet, size_t len, const char *service,
                void (*each)(void *ctx, const struct dnssd_service *found), void *ctx)
{
    struct packet p = {packet, len};
    struct search s = {service, each, ctx};
    each_record(&p, look_for_instances, &s);
}
