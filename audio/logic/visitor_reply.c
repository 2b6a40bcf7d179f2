#include "audio/logic/visitor_reply.h"

#include <inttypes.h>
#include <string.h>

#include "lib/wire/json_out.h"
#include "lib/wire/rtp.h"
#include "lib/wire/wav.h"

enum { BODY_BYTES_MAX = 900 };

static const char *reason(unsigned status)
{
    switch (status) {
    case 200: return "OK";
    case 206: return "Partial Content";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 426: return "Upgrade Required";
    case 431: return "Request Header Fields Too Large";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
    }
}

static void begin(struct buf *out, unsigned status, const char *type)
{
    buf_add_format(out, "HTTP/1.1 %u %s\r\nConnection: close\r\n", status, reason(status));
    buf_add_text(out, "X-Content-Type-Options: nosniff\r\n");
    if (type != NULL)
        buf_add_format(out, "Content-Type: %s\r\n", type);
}

static void end_with(const struct visitor *v, struct buf *out, struct slice body)
{
    buf_add_format(out, "Cache-Control: no-store\r\nContent-Length: %zu\r\n\r\n", body.len);
    if (!v->ask.head_only)
        buf_add_slice(out, body);
}

static void refuse(struct visitor *v, struct buf *out, unsigned status, const char *error)
{
    char memory[BODY_BYTES_MAX];
    struct buf body;
    struct json_out j;
    buf_init(&body, memory, sizeof memory);
    json_out_init(&j, &body);
    json_out_object(&j);
    json_out_put_text(&j, "error", error);
    json_out_object_end(&j);
    begin(out, status, "application/json");
    if (status == 302)
        buf_add_format(out, "Location: %s\r\n", v->studio->elsewhere);
    if (status == 405)
        buf_add_format(out, "Allow: %s\r\n", v->ask.allow);
    if (status == 401)
        buf_add_text(out, "WWW-Authenticate: Bearer\r\n");
    if (status == 426)
        buf_add_text(out, "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    if (status == 503)
        buf_add_text(out, "Retry-After: 5\r\n");
    end_with(v, out, buf_slice(&body));
}

static void reply_file(struct visitor *v, struct buf *out)
{
    const struct studio_file *f = &v->studio->files[v->ask.file];
    bool zip = f->gzip != NULL && v->ask.takes_gzip;
    begin(out, v->ask.has_etag ? 304 : 200, f->type);
    buf_add_format(out, "ETag: %s\r\nCache-Control: no-cache\r\nVary: Accept-Encoding\r\n",
                   f->etag);
    buf_add_text(out, "Content-Security-Policy: default-src 'self'; connect-src 'self' ws: wss:; "
                      "media-src 'self' blob:\r\n");
    if (v->ask.has_etag) {
        buf_add_text(out, "\r\n");
        return;
    }
    if (zip)
        buf_add_text(out, "Content-Encoding: gzip\r\n");
    size_t len = zip ? f->gzip_len : f->plain_len;
    buf_add_format(out, "Content-Length: %zu\r\n\r\n", len);
    if (!v->ask.head_only) {
        v->file = zip ? f->gzip : f->plain;
        v->file_len = len;
    }
}

static void reply_stats(struct visitor *v, struct buf *out)
{
    char memory[BODY_BYTES_MAX];
    struct buf body;
    buf_init(&body, memory, sizeof memory);
    studio_print_stats(v->studio, &body);
    begin(out, 200, "application/json");
    end_with(v, out, buf_slice(&body));
}

static void reply_sdp(struct visitor *v, struct buf *out)
{
    char memory[BODY_BYTES_MAX];
    struct buf body;
    const struct studio *s = v->studio;
    if (s->rtp_to[0] == '\0') {
        refuse(v, out, 404, "This streamer does not send RTP.");
        return;
    }
    buf_init(&body, memory, sizeof memory);
    const struct rtp_session session = {.name = s->name,
                                        .from = "0.0.0.0",
                                        .to = s->rtp_to,
                                        .id = 1,
                                        .port = s->rtp_port,
                                        .packet_samples = STUDIO_RTP_SAMPLES};
    rtp_print_sdp(&session, &body);
    begin(out, 200, "application/sdp");
    end_with(v, out, buf_slice(&body));
}

static void reply_socket(const struct visitor *v, struct buf *out)
{
    char accept[WEBSOCKET_ACCEPT_LEN + 1], memory[WEBSOCKET_CONTROL_MAX * 2];
    uint8_t head[WEBSOCKET_HEAD_BYTES_MAX];
    struct buf hello;
    (void)websocket_accept((struct slice){v->ask.key, ASK_KEY_LEN}, accept); /* ask checked it */
    buf_add_format(out,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                   accept);
    buf_init(&hello, memory, sizeof memory);
    studio_print_hello(v->studio, v->ask.codec, &hello);
    buf_add(out, head, websocket_write_head(WEBSOCKET_TEXT, hello.len, head));
    buf_add_slice(out, buf_slice(&hello));
}

/* The 44 bytes in front of the sound are part of what a range counts. */
static void reply_wav(struct visitor *v, struct buf *out)
{
    const struct ask *a = &v->ask;
    uint32_t data = a->counts_signed ? WAV_ENDLESS_2G : WAV_ENDLESS;
    uint8_t head[WAV_HEAD_BYTES];
    struct http_field_span span = {0, UINT64_MAX};
    bool bounded = false;
    if (a->range == HTTP_FIELD_RANGE_ONE) {
        bounded = a->span.first + a->span.len < WAV_ENDLESS;
        span = a->span;
    }
    begin(out, a->range == HTTP_FIELD_RANGE_ONE ? 206 : 200, "audio/wav");
    buf_add_text(out,
                 "Cache-Control: no-store\r\nAccept-Ranges: bytes\r\nX-Accel-Buffering: no\r\n");
    if (a->range == HTTP_FIELD_RANGE_ONE)
        buf_add_format(out, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu32 "\r\n",
                       span.first, span.first + span.len - 1, WAV_ENDLESS);
    if (bounded)
        buf_add_format(out, "Content-Length: %" PRIu64 "\r\n", span.len);
    buf_add_text(out, "\r\n");

    wav_write_head(head, CHAIN_HZ, data);
    v->left = span.len;
    if (span.first < WAV_HEAD_BYTES) {
        size_t n = WAV_HEAD_BYTES - (size_t)span.first;
        n = n < span.len ? n : (size_t)span.len;
        if (!a->head_only)
            buf_add(out, head + span.first, n);
        v->left -= n;
    } else {
        v->skip = (uint8_t)(span.first % 2);
    }
}

static void reply_recording(struct visitor *v, struct buf *out)
{
    uint8_t head[WAV_HEAD_BYTES];
    uint32_t data = v->ask.seconds * CHAIN_HZ * 2;
    begin(out, 200, "audio/wav");
    buf_add_format(out,
                   "Cache-Control: no-store\r\nContent-Length: %" PRIu32
                   "\r\nContent-Disposition: attachment; filename=\"recording.wav\"\r\n\r\n",
                   WAV_HEAD_BYTES + data);
    wav_write_head(head, CHAIN_HZ, data);
    if (!v->ask.head_only)
        buf_add(out, head, sizeof head);
    v->left = data;
}

static void reply_sound(struct visitor *v, struct buf *out, bool *out_plays)
{
    const struct studio *s = v->studio;
    if (!studio_can_play(s)) {
        refuse(v, out, 503, "The ADC does not run at the rate it should: see /stats.");
        return;
    }
    if (s->listeners >= s->listeners_max && !v->ask.head_only) {
        refuse(v, out, 503, "All places for listeners are taken.");
        return;
    }
    if (v->ask.route == ASK_WAV && v->ask.range == HTTP_FIELD_RANGE_UNSATISFIABLE) {
        refuse(v, out, 416, "There is nothing in that range.");
        return;
    }
    v->left = UINT64_MAX;
    if (v->ask.route == ASK_SOCKET) {
        reply_socket(v, out);
    } else if (v->ask.route == ASK_WAV) {
        reply_wav(v, out);
    } else if (v->ask.route == ASK_RECORDING) {
        reply_recording(v, out);
    } else {
        begin(out, 200, "audio/L16;rate=16000;channels=1");
        buf_add_text(out, "Cache-Control: no-store\r\n\r\n");
    }
    *out_plays = !v->ask.head_only && v->left > 0;
}

void visitor_reply(struct visitor *v, struct buf *out, bool *out_plays)
{
    *out_plays = false;
    if (v->ask.status != 0) {
        refuse(v, out, v->ask.status, v->ask.error);
        return;
    }
    switch (v->ask.route) {
    case ASK_FILE: reply_file(v, out); break;
    case ASK_STATS: reply_stats(v, out); break;
    case ASK_SDP: reply_sdp(v, out); break;
    case ASK_CONFIG: reply_stats(v, out); break;
    case ASK_WAV:
    case ASK_RECORDING:
    case ASK_L16:
    case ASK_SOCKET: reply_sound(v, out, out_plays); break;
    }
}
