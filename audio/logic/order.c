#include "audio/logic/order.h"

#include "audio/logic/loudness.h"

struct reader {
    const char *at, *end;
};

static void skip_blanks(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
        r->at++;
}

static bool take(struct reader *r, char c)
{
    skip_blanks(r);
    if (r->at == r->end || *r->at != c)
        return false;
    r->at++;
    return true;
}

static bool take_text(struct reader *r, struct slice *out)
{
    if (!take(r, '"'))
        return false;
    const char *start = r->at;
    while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= ' ')
        r->at++;
    *out = (struct slice){start, (size_t)(r->at - start)};
    return r->at < r->end && *r->at++ == '"';
}

static bool take_int(struct reader *r, int64_t *out)
{
    bool minus = take(r, '-');
    const char *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    struct slice digits = {start, (size_t)(r->at - start)};
    uint64_t value;
    if (digits.len > 9 || !slice_to_u64(digits, &value))
        return false;
    *out = minus ? -(int64_t)value : (int64_t)value;
    return true;
}

struct members {
    struct slice op;
    int64_t db;
    bool has_db;
};

static bool take_member(struct reader *r, struct members *m)
{
    struct slice name;
    skip_blanks(r);
    if (!take_text(r, &name) || !take(r, ':'))
        return false;
    skip_blanks(r);
    if (slice_eq(name, SLICE("op")) && m->op.ptr == NULL)
        return take_text(r, &m->op);
    if (!slice_eq(name, SLICE("db")) || m->has_db)
        return false;
    m->has_db = true;
    return take_int(r, &m->db);
}

enum err order_read(struct slice text, struct order *out)
{
    struct reader r = {text.ptr, text.ptr + text.len};
    struct members m = {0};
    if (text.len == 0 || !take(&r, '{'))
        return ERR_INPUT;
    do {
        if (!take_member(&r, &m))
            return ERR_INPUT;
    } while (take(&r, ','));
    if (!take(&r, '}'))
        return ERR_INPUT;
    skip_blanks(&r);
    if (r.at != r.end || m.op.ptr == NULL || !slice_eq(m.op, SLICE("gain")) || !m.has_db)
        return ERR_INPUT;
    if (m.db < LOUDNESS_DB_MIN || m.db > LOUDNESS_DB_MAX)
        return ERR_LIMIT;
    out->gain_db = (int)m.db;
    return ERR_OK;
}
