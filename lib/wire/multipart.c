#include "lib/wire/multipart.h"

#include <string.h>

#include "lib/wire/disposition.h"
#include "lib/wire/http_field.h"

enum state {
    SEEK,        /* skipping the preamble (no part yet) or reading data, up to a delimiter */
    AFTER,       /* CRLF "--" boundary stood there; what comes decides what it was */
    AFTER_DASH,  /* and one "-" */
    AFTER_BLANK, /* and blanks */
    AFTER_CR,    /* and CR */
    HEAD,
    END,
    BAD,
};

static bool usable(struct slice boundary)
{
    if (boundary.len == 0 || boundary.len > MULTIPART_BOUNDARY_MAX)
        return false;
    for (size_t i = 0; i < boundary.len; i++) {
        if (boundary.ptr[i] < ' ' || boundary.ptr[i] > '~')
            return false;
    }
    return boundary.ptr[boundary.len - 1] != ' ';
}

/* At the start of a body or of a part's data the CRLF before a delimiter has already been. */
static void expect_delimiter(struct multipart *m)
{
    m->state = SEEK;
    m->matched = 2;
    m->ghost = 2;
}

bool multipart_init(struct multipart *m, struct slice boundary)
{
    if (!usable(boundary))
        return false;
    memset(m, 0, offsetof(struct multipart, head));
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.ptr, boundary.len);
    m->delimiter[4 + boundary.len] = '-';
    m->delimiter_len = (unsigned char)(4 + boundary.len);
    expect_delimiter(m);
    return true;
}

static enum multipart_event refuse(struct multipart *m, enum multipart_fault fault)
{
    m->state = BAD;
    m->fault = fault;
    return MULTIPART_BAD;
}

/* Hands out bytes that turned out to be no delimiter. */
static enum multipart_event give(struct multipart *m, struct slice bytes)
{
    if (bytes.len == 0)
        return MULTIPART_MORE;
    if (m->parts > 0) {
        m->bytes = bytes;
        return MULTIPART_BYTES;
    }
    if (bytes.len > (size_t)(MULTIPART_PREAMBLE_MAX - m->preamble_len))
        return refuse(m, MULTIPART_FAULT_PREAMBLE);
    m->preamble_len = (uint16_t)(m->preamble_len + bytes.len);
    return MULTIPART_MORE;
}

/* The held-back bytes are known: they are the beginning of the delimiter. */
static enum multipart_event give_back(struct multipart *m)
{
    struct slice held = {m->delimiter + m->ghost, (size_t)(m->matched - m->ghost)};
    m->state = SEEK;
    m->matched = 0;
    m->ghost = 0;
    return give(m, held);
}

/* Goes on comparing with the delimiter; answers how many bytes more it was. */
static size_t match(struct multipart *m, struct slice in)
{
    size_t n = 0;
    while (n < in.len && m->matched < m->delimiter_len && in.ptr[n] == m->delimiter[m->matched]) {
        n++;
        m->matched++;
    }
    if (m->matched == m->delimiter_len)
        m->state = AFTER;
    return n;
}

/* No boundary holds a CR, so behind a false start the search goes on where the match ended: every
 * byte is looked at once. */
static enum multipart_event seek(struct multipart *m, struct slice in, size_t *used)
{
    if (m->matched > 0) {
        *used = match(m, in);
        return m->state == AFTER || *used == in.len ? MULTIPART_MORE : give_back(m);
    }
    size_t at = 0;
    while (at < in.len) {
        const char *cr = memchr(in.ptr + at, '\r', in.len - at);
        if (cr == NULL)
            break;
        at = (size_t)(cr - in.ptr);
        size_t n = match(m, (struct slice){cr, in.len - at});
        if (m->state == AFTER || at + n == in.len) {
            *used = at + n;
            return give(m, (struct slice){in.ptr, at});
        }
        m->matched = 0;
        at += n;
    }
    *used = in.len;
    return give(m, in);
}

static enum multipart_event begin_head(struct multipart *m)
{
    if (m->parts == MULTIPART_PARTS_MAX)
        return refuse(m, MULTIPART_FAULT_PARTS_MAX);
    m->parts++;
    m->part = (struct multipart_part){0};
    m->state = HEAD;
    m->head_len = 0;
    m->head_tail = 2; /* the delimiter's own line end */
    return MULTIPART_MORE;
}

static enum multipart_event refuse_delimiter(struct multipart *m)
{
    return refuse(m, MULTIPART_FAULT_DELIMITER);
}

/* The first byte behind the boundary. */
static enum multipart_event read_after(struct multipart *m, char c, size_t *used)
{
    *used = 1;
    switch (c) {
    case '-':
        m->matched++; /* the delimiter text has this dash, should it have to be given back */
        m->state = AFTER_DASH;
        return MULTIPART_MORE;
    case ' ':
    case '\t': m->state = AFTER_BLANK; return MULTIPART_MORE;
    case '\r': m->state = AFTER_CR; return MULTIPART_MORE;
    case '\n': return refuse_delimiter(m);
    default: *used = 0; return give_back(m);
    }
}

static enum multipart_event read_after_dash(struct multipart *m, char c, size_t *used)
{
    if (c != '-')
        return give_back(m);
    *used = 1;
    m->state = END;
    return MULTIPART_END;
}

static enum multipart_event read_after_blank(struct multipart *m, char c, size_t *used)
{
    *used = 1;
    if (c == '\r')
        m->state = AFTER_CR;
    else if (c != ' ' && c != '\t')
        return refuse_delimiter(m);
    return MULTIPART_MORE;
}

static enum multipart_event read_after_cr(struct multipart *m, char c, size_t *used)
{
    *used = 1;
    return c == '\n' ? begin_head(m) : refuse_delimiter(m);
}

/* One header line without its line end. */
static enum multipart_fault read_line(struct multipart *m, char *line, size_t len, bool *disposed)
{
    struct slice value;
    struct slice name = slice_cut((struct slice){line, len}, ':', &value);
    if (name.len == len || !http_field_is_token(name))
        return MULTIPART_FAULT_HEAD;
    if (slice_eq_nocase(name, SLICE("content-disposition"))) {
        struct disposition d;
        if (*disposed || disposition_parse(line + name.len + 1, value.len, &d) != ERR_OK)
            return MULTIPART_FAULT_HEAD;
        *disposed = true;
        m->part.name = d.name;
        m->part.filename = d.filename;
        m->part.has_filename = d.has_filename;
    } else if (slice_eq_nocase(name, SLICE("content-type"))) {
        if (m->part.content_type.ptr != NULL)
            return MULTIPART_FAULT_HEAD;
        m->part.content_type = slice_trim(value);
    } else if (slice_eq_nocase(name, SLICE("content-transfer-encoding"))) {
        value = slice_trim(value);
        if (!slice_eq_nocase(value, SLICE("binary")) && !slice_eq_nocase(value, SLICE("8bit")) &&
            !slice_eq_nocase(value, SLICE("7bit")))
            return MULTIPART_FAULT_ENCODING;
    }
    return MULTIPART_FAULT_NONE;
}

/* RFC 5322 2.2.3: a line that begins with a blank goes on with the one before. */
static void unfold(struct multipart *m)
{
    for (size_t i = 0; i + 2 < m->head_len; i++) {
        if (m->head[i] == '\r' && (m->head[i + 2] == ' ' || m->head[i + 2] == '\t'))
            memset(m->head + i, ' ', 2);
    }
}

static enum multipart_event finish_head(struct multipart *m)
{
    unfold(m);
    bool disposed = false;
    size_t at = 0;
    while (m->head[at] != '\r') {
        size_t len = slice_find((struct slice){m->head + at, m->head_len - at}, '\r');
        enum multipart_fault fault = read_line(m, m->head + at, len, &disposed);
        if (fault != MULTIPART_FAULT_NONE)
            return refuse(m, fault);
        at += len + 2;
    }
    expect_delimiter(m);
    return MULTIPART_PART;
}

/* Gathers the head until its blank line. `head_tail` counts how much of CRLF CRLF the last bytes
 * were. */
static enum multipart_event read_head(struct multipart *m, struct slice in, size_t *used)
{
    for (size_t i = 0; i < in.len; i++) {
        char c = in.ptr[i];
        bool want_lf = m->head_tail % 2 == 1;
        if (c == '\0' || (c == '\n') != want_lf)
            return refuse(m, MULTIPART_FAULT_HEAD);
        if (m->head_len == MULTIPART_HEAD_MAX)
            return refuse(m, MULTIPART_FAULT_HEAD_MAX);
        m->head[m->head_len++] = c;
        m->head_tail = (unsigned char)(c == '\r' || c == '\n' ? m->head_tail + 1 : 0);
        if (m->head_tail == 4) {
            *used = i + 1;
            return finish_head(m);
        }
    }
    *used = in.len;
    return MULTIPART_MORE;
}

static enum multipart_event step(struct multipart *m, struct slice in, size_t *used)
{
    switch ((enum state)m->state) {
    case SEEK: return seek(m, in, used);
    case AFTER: return read_after(m, in.ptr[0], used);
    case AFTER_DASH: return read_after_dash(m, in.ptr[0], used);
    case AFTER_BLANK: return read_after_blank(m, in.ptr[0], used);
    case AFTER_CR: return read_after_cr(m, in.ptr[0], used);
    case HEAD: return read_head(m, in, used);
    case END: return MULTIPART_END;
    case BAD: break;
    }
    return MULTIPART_BAD;
}

enum multipart_event multipart_feed(struct multipart *m, const char *data, size_t len,
                                    size_t *out_used)
{
    size_t at = 0;
    enum multipart_event event = MULTIPART_MORE;
    m->bytes = (struct slice){0};
    if (m->state == END)
        event = MULTIPART_END;
    if (m->state == BAD)
        event = MULTIPART_BAD;
    while (event == MULTIPART_MORE && at < len) {
        size_t used = 0;
        event = step(m, (struct slice){data + at, len - at}, &used);
        at += used;
    }
    *out_used = event == MULTIPART_PART || event == MULTIPART_BYTES ? at : len;
    return event;
}

const char *multipart_fault_text(enum multipart_fault fault)
{
    switch (fault) {
    case MULTIPART_FAULT_NONE: return "the multipart body is in order";
    case MULTIPART_FAULT_DELIMITER: return "a boundary line does not end in CRLF or in --";
    case MULTIPART_FAULT_PREAMBLE: return "the body does not begin with the boundary";
    case MULTIPART_FAULT_HEAD: return "the headers of a part are malformed";
    case MULTIPART_FAULT_HEAD_MAX: return "the headers of a part are longer than 2048 bytes";
    case MULTIPART_FAULT_PARTS_MAX: return "the body has more than 16 parts";
    case MULTIPART_FAULT_ENCODING: return "a part is encoded; send its bytes as they are";
    }
    return "the multipart body is malformed";
}

static struct slice without_quotes(struct slice s)
{
    s = slice_trim(s);
    if (s.len < 2 || s.ptr[0] != '"' || s.ptr[s.len - 1] != '"')
        return s;
    return slice_trim((struct slice){s.ptr + 1, s.len - 2});
}

enum multipart_kind multipart_boundary(struct slice content_type, struct slice *out_boundary)
{
    struct http_field_media media;
    if (http_field_media(without_quotes(content_type), &media) != ERR_OK ||
        !http_field_media_is(&media, "multipart/form-data"))
        return MULTIPART_KIND_OTHER;

    struct http_field_param param;
    struct slice boundary = {0};
    enum http_field_next next;
    while ((next = http_field_param_next(&media.params, &param)) == HTTP_FIELD_PARAM) {
        if (!slice_eq_nocase(param.name, SLICE("boundary")))
            continue;
        bool escaped = param.quoted && slice_find(param.value, '\\') != param.value.len;
        if (boundary.len > 0 || escaped || !usable(param.value))
            return MULTIPART_KIND_BAD;
        boundary = param.value;
    }
    if (next == HTTP_FIELD_BAD)
        return MULTIPART_KIND_BAD;
    if (boundary.len == 0)
        return MULTIPART_KIND_UNBOUNDED;
    *out_boundary = boundary;
    return MULTIPART_KIND_BOUNDED;
}
