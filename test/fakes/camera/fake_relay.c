#include "test/fakes/camera/fake_relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/hex.h"
#include "lib/base/sha256.h"
#include "test/unit/unit.h"

void fake_relay_init(struct fake_relay *r)
{
    memset(r, 0, sizeof *r);
    r->request = malloc(FAKE_RELAY_BYTES_MAX);
    r->listener = r->socket = -1;
}

void fake_relay_free(struct fake_relay *r)
{
    if (r->socket >= 0)
        close(r->socket);
    if (r->listener >= 0)
        close(r->listener);
    free(r->request);
}

void fake_relay_plan(struct fake_relay *r, enum fake_relay_deed deed, uint32_t after,
                     const char *answer)
{
    assert_true(r->calls_count < FAKE_RELAY_CALLS_MAX);
    r->calls[r->calls_count++] =
        (struct fake_relay_call){.deed = deed, .after = after, .answer = answer};
}

static const struct fake_relay_call *call(const struct fake_relay *r)
{
    static const struct fake_relay_call good = {.deed = FAKE_RELAY_ANSWER};
    if (r->calls_count == 0)
        return &good;
    return &r->calls[r->next < r->calls_count ? r->next : r->calls_count - 1];
}

/* ---- reading requests ---- */

static const uint8_t *find(const uint8_t *in, uint32_t len, const char *what)
{
    size_t n = strlen(what);
    return n > len ? NULL : memmem(in, len, what, n);
}

bool fake_relay_field(const uint8_t *request, uint32_t len, const char *name, char *out, size_t cap)
{
    const uint8_t *end = find(request, len, "\r\n\r\n");
    assert_non_null(end);
    size_t n = strlen(name);
    const uint8_t *at = find(request, len, "\r\n");
    while (at != NULL && at < end) {
        at += 2;
        const uint8_t *stop = find(at, (uint32_t)(end + 2 - at), "\r\n");
        if (strncasecmp((const char *)at, name, n) == 0 && at[n] == ':') {
            snprintf(out, cap, "%.*s", (int)(stop - at - (ptrdiff_t)n - 2), at + n + 2);
            return true;
        }
        at = stop;
    }
    return false;
}

static uint32_t head_len(const struct fake_relay *r)
{
    const uint8_t *end = find(r->request, r->request_len, "\r\n\r\n");
    return end == NULL ? 0 : (uint32_t)(end - r->request) + 4;
}

static bool is_whole(const struct fake_relay *r)
{
    char length[32];
    uint32_t head = head_len(r);
    if (head == 0)
        return false;
    assert_true(
        fake_relay_field(r->request, r->request_len, "Content-Length", length, sizeof length));
    uint32_t want = head + (uint32_t)strtoul(length, NULL, 10);
    assert_true(r->request_len <= want); /* not a byte more than announced */
    return r->request_len == want;
}

const uint8_t *fake_relay_file(const uint8_t *request, uint32_t len, uint32_t *out_len)
{
    char type[128];
    assert_true(fake_relay_field(request, len, "Content-Type", type, sizeof type));
    char *boundary = strstr(type, "boundary=");
    assert_non_null(boundary);
    char delimiter[96], closing[96];
    snprintf(delimiter, sizeof delimiter, "--%s\r\n", boundary + 9);
    snprintf(closing, sizeof closing, "\r\n--%s--\r\n", boundary + 9);
    const uint8_t *body = find(request, len, "\r\n\r\n") + 4;
    uint32_t body_len = len - (uint32_t)(body - request);
    assert_true(body_len > strlen(delimiter) + strlen(closing));
    assert_memory_equal(body, delimiter, strlen(delimiter));
    assert_memory_equal(body + body_len - strlen(closing), closing, strlen(closing));
    const uint8_t *file = find(body, body_len, "\r\n\r\n");
    assert_non_null(file);
    file += 4;
    *out_len = (uint32_t)(body + body_len - strlen(closing) - file);
    return file;
}

/* ---- answering ---- */

static void answer(struct fake_relay *r)
{
    const char *text = call(r)->answer;
    r->out_at = 0;
    if (text != NULL) {
        r->out_len = (uint32_t)snprintf(r->out, sizeof r->out, "%s", text);
        return;
    }
    if (memcmp(r->request, "POST /crash ", 12) == 0) {
        r->out_len = (uint32_t)snprintf(r->out, sizeof r->out,
                                        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    uint32_t len = 0;
    const uint8_t *file = fake_relay_file(r->request, r->request_len, &len);
    uint8_t digest[32];
    char hex[65], body[256];
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, file, len);
    sha256_finish(&h, digest);
    hex_encode(digest, sizeof digest, hex);
    int n = snprintf(body, sizeof body,
                     "{\"success\": true, \"filename\": \"a.jpg\", \"size\": %u, \"path\": \"/a\", "
                     "\"sha256\": \"%s\", \"duplicate\": false}",
                     len, hex);
    r->out_len = (uint32_t)snprintf(r->out, sizeof r->out,
                                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                    "Content-Length: %d\r\n\r\n%s",
                                    n, body);
}

static void finish_request(struct fake_relay *r)
{
    r->requests_done++;
    if (r->stored != NULL)
        r->stored(r->stored_ctx, r->request, r->request_len);
}

/* Bytes arrived: what now? */
static void react(struct fake_relay *r)
{
    const struct fake_relay_call *c = call(r);
    if (r->answered)
        return;
    switch (c->deed) {
    case FAKE_RELAY_RESET_HALFWAY: r->reset = r->request_len >= c->after; break;
    case FAKE_RELAY_CLOSE_HALFWAY: r->closing = r->request_len >= c->after; break;
    case FAKE_RELAY_ANSWER_EARLY:
    case FAKE_RELAY_ANSWER_EARLY_STAY:
        if (head_len(r) == 0)
            return;
        answer(r);
        r->answered = true;
        r->deaf = true;
        r->closing = c->deed == FAKE_RELAY_ANSWER_EARLY;
        return;
    case FAKE_RELAY_STALL_READING: r->deaf = r->request_len >= c->after; break;
    case FAKE_RELAY_ANSWER:
    case FAKE_RELAY_ANSWER_CLOSE:
    case FAKE_RELAY_STALL_ANSWER:
    case FAKE_RELAY_CUT_ANSWER:
    case FAKE_RELAY_REFUSE:
    case FAKE_RELAY_DEAF: break;
    }
    if (!is_whole(r))
        return;
    r->answered = true;
    finish_request(r);
    if (c->deed == FAKE_RELAY_STALL_ANSWER)
        return;
    answer(r);
    r->closing = c->deed == FAKE_RELAY_ANSWER_CLOSE || c->deed == FAKE_RELAY_CUT_ANSWER;
    if (c->deed == FAKE_RELAY_CUT_ANSWER)
        r->out_len = c->after < r->out_len ? c->after : r->out_len;
}

/* The answer is out and another request may come over the same connection. */
static void turn_page(struct fake_relay *r)
{
    bool close_idle = call(r)->close_before_next;
    r->next++;
    r->request_len = 0;
    r->answered = false;
    r->closing = r->closing || close_idle;
    r->deaf = call(r)->deed == FAKE_RELAY_DEAF;
}

static void hang_up(struct fake_relay *r)
{
    if (!r->connected)
        return;
    r->connected = false;
    r->open_now--;
    if (r->answered || r->request_len > 0 || call(r)->deed == FAKE_RELAY_DEAF)
        r->next++;
}

static void accept_one(struct fake_relay *r)
{
    r->connections++;
    r->open_now++;
    r->connected = true;
    r->request_len = r->out_len = r->out_at = 0;
    r->answered = r->closing = r->reset = false;
    r->deaf = call(r)->deed == FAKE_RELAY_DEAF;
}

/* ---- in memory ---- */

static void stream_close(void *ctx)
{
    hang_up(ctx);
}

static enum err stream_open(void *ctx, const struct stream_target *target)
{
    struct fake_relay *r = ctx;
    (void)target;
    hang_up(r);
    if (call(r)->deed == FAKE_RELAY_REFUSE) {
        r->next++;
        return ERR_IO;
    }
    accept_one(r);
    return ERR_OK;
}

static enum err stream_ready(void *ctx, bool *out_ready)
{
    (void)ctx;
    *out_ready = true;
    return ERR_OK;
}

static enum err stream_write(void *ctx, const void *data, size_t len, size_t *out_len)
{
    struct fake_relay *r = ctx;
    *out_len = 0;
    if (!r->connected || r->reset || (r->closing && r->out_at == r->out_len))
        return ERR_IO;
    if (r->deaf)
        return r->closing ? ERR_IO : ERR_OK;
    if (r->answered && r->out_at == r->out_len)
        turn_page(r);
    size_t n = r->write_max > 0 && len > r->write_max ? r->write_max : len;
    assert_true(r->request_len + n <= FAKE_RELAY_BYTES_MAX);
    memcpy(r->request + r->request_len, data, n);
    r->request_len += (uint32_t)n;
    react(r);
    *out_len = n;
    return ERR_OK;
}

static enum err stream_read(void *ctx, void *out, size_t cap, size_t *out_len, bool *out_end)
{
    struct fake_relay *r = ctx;
    *out_len = 0;
    *out_end = false;
    if (!r->connected || r->reset)
        return ERR_IO;
    size_t n = r->out_len - r->out_at;
    n = n < cap ? n : cap;
    memcpy(out, r->out + r->out_at, n);
    r->out_at += (uint32_t)n;
    *out_len = n;
    if (r->answered && !r->closing && r->out_at == r->out_len && call(r)->close_before_next)
        r->closing = true;
    *out_end = r->closing && r->out_at == r->out_len && n == 0;
    return ERR_OK;
}

const struct stream *fake_relay_stream(struct fake_relay *r)
{
    r->stream = (struct stream){.ctx = r,
                                .open = stream_open,
                                .ready = stream_ready,
                                .write = stream_write,
                                .read = stream_read,
                                .close = stream_close};
    return &r->stream;
}

/* ---- on loopback ---- */

void fake_relay_listen(struct fake_relay *r)
{
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int small = 4096; /* so that a deaf relay is felt soon */
    assert_int_equal(setsockopt(r->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    assert_int_equal(bind(r->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(r->listener, 8), 0);
    assert_int_equal(getsockname(r->listener, (struct sockaddr *)&a, &len), 0);
    r->port = ntohs(a.sin_port);
}

static void drop_socket(struct fake_relay *r, bool reset)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    if (reset)
        (void)setsockopt(r->socket, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    else
        shutdown(r->socket, SHUT_RDWR);
    close(r->socket);
    r->socket = -1;
    hang_up(r);
}

static bool accept_socket(struct fake_relay *r)
{
    r->socket = accept4(r->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (r->socket < 0)
        return false;
    bool refuse = call(r)->deed == FAKE_RELAY_REFUSE;
    accept_one(r);
    if (refuse) {
        r->next++;
        drop_socket(r, true);
    }
    return true;
}

static bool pump_out(struct fake_relay *r)
{
    if (r->out_at == r->out_len)
        return false;
    ssize_t n = send(r->socket, r->out + r->out_at, r->out_len - r->out_at, MSG_NOSIGNAL);
    r->out_at += n > 0 ? (uint32_t)n : 0;
    return n > 0;
}

/* `*out_gone`: the client closed or reset. */
static bool pump_in(struct fake_relay *r, bool *out_gone)
{
    struct pollfd next = {.fd = r->listener, .events = POLLIN};
    *out_gone = r->deaf && poll(&next, 1, 0) > 0; /* the client gave up and comes anew */
    if (r->deaf)
        return *out_gone;
    if (r->answered && r->out_at == r->out_len) {
        char peek;
        if (recv(r->socket, &peek, 1, MSG_PEEK) == 1)
            turn_page(r);
    }
    ssize_t n =
        recv(r->socket, r->request + r->request_len, FAKE_RELAY_BYTES_MAX - r->request_len, 0);
    *out_gone = n == 0 || (n < 0 && errno != EAGAIN);
    if (n <= 0)
        return *out_gone;
    r->request_len += (uint32_t)n;
    react(r);
    return true;
}

bool fake_relay_step(struct fake_relay *r)
{
    if (r->socket < 0)
        return accept_socket(r);
    bool gone;
    bool did = pump_in(r, &gone);
    if (gone) {
        drop_socket(r, false);
        return true;
    }
    did = pump_out(r) || did;
    bool idle_close = r->answered && r->out_at == r->out_len && call(r)->close_before_next;
    if (r->reset || ((r->closing || idle_close) && r->out_at == r->out_len)) {
        drop_socket(r, r->reset);
        did = true;
    }
    return did;
}
