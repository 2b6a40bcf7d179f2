#include "audio/logic/ask.h"

#include <assert.h>
#include <string.h>

#include "lib/wire/framing.h"
#include "lib/wire/target.h"
#include "lib/wire/wav.h"
#include "lib/wire/websocket.h"

/* Fields that say something to us, as they were sent. */
struct fields {
    struct slice host, origin, bearer, range, none_match, accept_encoding;
    struct slice upgrade, connection, key, version;
};

static const struct {
    struct slice name;
    size_t offset;
} known[] = {
    {SLICE_INIT("host"), offsetof(struct fields, host)},
    {SLICE_INIT("origin"), offsetof(struct fields, origin)},
    {SLICE_INIT("authorization"), offsetof(struct fields, bearer)},
    {SLICE_INIT("range"), offsetof(struct fields, range)},
    {SLICE_INIT("if-none-match"), offsetof(struct fields, none_match)},
    {SLICE_INIT("accept-encoding"), offsetof(struct fields, accept_encoding)},
    {SLICE_INIT("upgrade"), offsetof(struct fields, upgrade)},
    {SLICE_INIT("connection"), offsetof(struct fields, connection)},
    {SLICE_INIT("sec-websocket-key"), offsetof(struct fields, key)},
    {SLICE_INIT("sec-websocket-version"), offsetof(struct fields, version)},
};

static const struct {
    struct slice path;
    enum ask_route route;
} paths[] = {
    {SLICE_INIT("/stream.wav"), ASK_WAV}, {SLICE_INIT("/rec.wav"), ASK_RECORDING},
    {SLICE_INIT("/audio.l16"), ASK_L16},  {SLICE_INIT("/audio.sdp"), ASK_SDP},
    {SLICE_INIT("/stats"), ASK_STATS},    {SLICE_INIT("/ws"), ASK_SOCKET},
    {SLICE_INIT("/config"), ASK_CONFIG},
};

static void refuse(struct ask *a, unsigned status, const char *error)
{
    if (a->status != 0)
        return;
    a->status = status;
    a->error = error;
}

/* A comma-separated list of words holds `word`; what stands behind a ";" is not compared. */
static bool list_has(struct slice list, struct slice word)
{
    while (list.len > 0) {
        struct slice item = slice_cut(list, ',', &list), parameters;
        if (slice_eq_nocase(slice_trim(slice_cut(item, ';', &parameters)), word))
            return true;
    }
    return false;
}

static bool same_bytes(struct slice a, const char *secret)
{
    size_t len = strlen(secret);
    unsigned differs = a.len != len;
    for (size_t i = 0; i < a.len; i++) /* as long for a wrong guess as for a right one */
        differs |= (unsigned char)a.ptr[i] ^ (unsigned char)secret[len == 0 ? 0 : i % len];
    return differs == 0;
}

/* A page of somebody else may not listen through the visitor's browser. */
static bool origin_is_ours(const struct fields *f)
{
    struct slice http = SLICE("http://"), https = SLICE("https://"), host = f->origin;
    if (f->origin.ptr == NULL)
        return true; /* not a browser */
    if (slice_starts_nocase(host, http))
        host = (struct slice){host.ptr + http.len, host.len - http.len};
    else if (slice_starts_nocase(host, https))
        host = (struct slice){host.ptr + https.len, host.len - https.len};
    else
        return false;
    return slice_eq_nocase(host, f->host);
}

static void read_fields(struct slice *rest, struct framing *framing, struct fields *f)
{
    for (;;) {
        struct slice line = slice_cut(*rest, '\n', rest), value;
        if (line.len > 0 && line.ptr[line.len - 1] == '\r')
            line.len--;
        if (line.len == 0)
            return;
        size_t colon = slice_find(line, ':');
        struct slice name = slice_cut(line, ':', &value);
        if (colon == line.len)
            name = (struct slice){line.ptr, 0}; /* no colon: no name */
        value = slice_trim(value);
        framing_header(framing, name, value);
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            struct slice *slot = (struct slice *)(void *)((char *)f + known[i].offset);
            if (slice_eq_nocase(name, known[i].name) && slot->ptr == NULL)
                *slot = value;
        }
    }
}

static bool find_route(struct ask *a, struct slice path, const struct studio *s)
{
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        a->route = paths[i].route;
        if (slice_eq(path, paths[i].path))
            return true;
    }
    a->route = ASK_FILE;
    if (slice_eq(path, SLICE("/")))
        path = SLICE("/index.html");
    for (a->file = 0; a->file < s->file_count; a->file++) {
        struct slice name = slice_of(s->files[a->file].name);
        if (path.len == name.len + 1 && memcmp(path.ptr + 1, name.ptr, name.len) == 0)
            return true;
    }
    return false;
}

static void check_method(struct ask *a, struct slice method)
{
    a->head_only = slice_eq(method, SLICE("HEAD"));
    bool is_get = slice_eq(method, SLICE("GET"));
    if (a->route == ASK_CONFIG) {
        a->allow = "POST";
        if (!slice_eq(method, SLICE("POST")))
            refuse(a, 405, "Settings are changed with POST.");
    } else if (a->route == ASK_SOCKET) {
        a->allow = "GET";
        if (!is_get)
            refuse(a, 405, "A WebSocket begins with GET.");
    } else {
        a->allow = "GET, HEAD";
        if (!is_get && !a->head_only)
            refuse(a, 405, "This can only be read.");
    }
}

static void read_arguments(struct ask *a, const struct target *t, const struct studio *s)
{
    struct slice codec = target_argument(t, SLICE("codec"));
    a->codec = s->codec;
    if (codec.ptr != NULL && !audioframe_codec_from(codec.ptr, codec.len, &a->codec))
        refuse(a, 400, "The codec is one of pcm, ulaw, adpcm.");
    a->counts_signed = slice_eq(target_argument(t, SLICE("len")), SLICE("2g"));

    struct slice seconds = target_argument(t, SLICE("s"));
    uint64_t n = 10;
    bool good = seconds.ptr == NULL || slice_to_u64(seconds, &n);
    if (a->route == ASK_RECORDING && (!good || n < 1 || n > ASK_SECONDS_MAX))
        refuse(a, 400, "The length s is 1 to 600 seconds.");
    a->seconds = (uint32_t)n;
}

static void check_right(struct ask *a, const struct target *t, const struct fields *f,
                        const struct studio *s)
{
    if (a->route == ASK_FILE) /* the page itself is no secret: it asks for the token */
        return;
    struct slice token = target_argument(t, SLICE("t")), bearer;
    if (f->bearer.ptr != NULL && http_field_bearer(f->bearer, &bearer))
        token = bearer;
    if (s->token[0] != '\0' && (token.ptr == NULL || !same_bytes(token, s->token)))
        refuse(a, 401, "This needs the access token: ?t=TOKEN or Authorization: Bearer.");
    if (!origin_is_ours(f))
        refuse(a, 403, "A page of another site asked for this.");
}

static void check_socket(struct ask *a, const struct fields *f)
{
    char accept[WEBSOCKET_ACCEPT_LEN + 1];
    if (!list_has(f->upgrade, SLICE("websocket")) || !list_has(f->connection, SLICE("upgrade")))
        refuse(a, 426, "This address speaks WebSocket.");
    if (!slice_eq(f->version, SLICE("13")))
        refuse(a, 426, "The version of WebSocket is 13.");
    if (!websocket_accept(f->key, accept) || !slice_to_text(f->key, a->key, sizeof a->key))
        refuse(a, 400, "Sec-WebSocket-Key is not 16 bytes in base64.");
}

static void check_body(struct ask *a, const struct framing *framing)
{
    a->body_len = framing->length;
    a->expects_continue = framing->expects_continue;
    if (a->route == ASK_CONFIG && !framing->has_length)
        refuse(a, 411, "The length of the settings must be told.");
    if (framing->chunked || framing->length > (a->route == ASK_CONFIG ? ASK_BODY_MAX : 0))
        refuse(a, 413, "That is more than this address takes.");
}

static void understand(struct ask *a, struct slice method, const struct target *t,
                       const struct fields *f, const struct studio *s)
{
    bool found = find_route(a, t->path, s);
    if (s->elsewhere != NULL && (!found || slice_eq(t->path, SLICE("/")))) {
        refuse(a, 302, "This device is being set up.");
        return;
    }
    if (!found) {
        refuse(a, 404, "There is nothing under this address.");
        return;
    }
    check_method(a, method);
    check_right(a, t, f, s);
    read_arguments(a, t, s);
    if (a->route == ASK_SOCKET)
        check_socket(a, f);
    if (a->route == ASK_FILE && f->none_match.ptr != NULL)
        a->has_etag = http_field_has_etag(f->none_match, slice_of(s->files[a->file].etag));
    a->takes_gzip = list_has(f->accept_encoding, SLICE("gzip"));
    if (f->range.ptr != NULL)
        a->range = http_field_range(f->range, WAV_ENDLESS, &a->span);
}

void ask_read(struct ask *a, struct slice head, char *memory, const struct studio *studio)
{
    struct framing framing;
    struct fields fields = {0};
    struct target target;
    *a = (struct ask){.range = HTTP_FIELD_RANGE_NONE};

    struct slice rest, after;
    struct slice line = slice_cut(head, '\n', &rest);
    if (line.len > 0 && line.ptr[line.len - 1] == '\r')
        line.len--;
    struct slice method = slice_cut(line, ' ', &after), version;
    struct slice where = slice_cut(after, ' ', &version);
    framing_begin(&framing, method, where, version);
    read_fields(&rest, &framing, &fields);
    if (!framing_end(&framing)) {
        refuse(a, framing.status, framing.error);
        return;
    }
    if (target_decode(where, memory, &target) != ERR_OK) {
        refuse(a, 400, "The address is malformed.");
        return;
    }
    understand(a, method, &target, &fields, studio);
    check_body(a, &framing);
}
