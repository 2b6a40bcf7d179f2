/* test/system/front_echo.c - the front with a tiny handler behind it, for tests from outside.
 *
 * Takes bodies as fast or as slowly as the query says and answers with their length and CRC-32:
 *   POST /upload?take=N        at most N bytes per call, then parked for a millisecond
 *        /upload?answer=late   answers from another thread
 *        /upload?refuse=head   413 before the body; refuse=N: 413 after N bytes
 *        /upload?hang=1        never answers (until the end)
 *   GET  /page                 a few words; /source?size=N[&length=0][&fail=N][&wait=1] from a
 * source /echo?x=...           path, method, the header X-Echo and the argument x /stats counters
 * as JSON usage: front_echo [--name value]...; prints "ready port=N library=V", ends on SIGTERM or
 * end of stdin. */
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "relay/port/http_mhd.h"

enum { BODY_SMALL = 512, SOURCE_FAIL_NEVER = -1 };

struct upload {
    struct upload *next;
    struct front_exchange *x;
    uint64_t bytes;
    uint32_t crc;
    size_t take_max;   /* 0: everything */
    int64_t refuse_at; /* -1: never */
    bool late, hang, head_only;
    bool resume_due, answer_due;
    char path[128];
};

struct source {
    uint64_t at, size;
    int64_t fail_at;
    bool waits;
    bool stalls; /* for ever, like a disk that does not come back */
};

/* One lock for all: the ticker must not touch an exchange that is gone. */
static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static struct upload *s_uploads;
static bool s_stopping;
static bool s_wants_crc = true;
static atomic_uint s_heads, s_finished, s_gone, s_sent, s_sources;
static atomic_bool s_resume_all;
static uint32_t s_crc_table[256];
static _Atomic(struct http_mhd *) s_front; /* requests may come before it is set */

static void make_crc_table(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = (c & 1) != 0 ? 0xedb88320u ^ (c >> 1) : c >> 1;
        s_crc_table[i] = c;
    }
}

static uint32_t add_crc(uint32_t crc, const unsigned char *data, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++)
        crc = s_crc_table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
    return ~crc;
}

static int64_t number(const struct front_exchange *x, const char *name, int64_t otherwise)
{
    uint64_t n = 0;
    return slice_to_u64(front_query(x, name), &n) ? (int64_t)n : otherwise;
}

static void answer_text(struct upload *u, unsigned status, const char *text)
{
    struct front_reply r = {.status = status,
                            .content_type = "application/json",
                            .body = text,
                            .body_len = strlen(text),
                            .head_only = u->head_only};
    front_answer(u->x, &r);
}

static void answer_upload(struct upload *u)
{
    char text[BODY_SMALL];
    (void)snprintf(text, sizeof text, "{\"success\": true, \"bytes\": %llu, \"crc\": %lu}\n",
                   (unsigned long long)u->bytes, (unsigned long)u->crc);
    answer_text(u, 200, text);
}

static enum err source_read(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct source *s = ctx;
    while (s->stalls)
        (void)pause();
    if (s->waits && s->at == s->size / 2) {
        s->waits = false;
        atomic_store(&s_resume_all, true); /* the ticker calls front_resume() */
        return ERR_FULL;
    }
    uint64_t end = s->waits ? s->size / 2 : s->size;
    size_t n = end - s->at < cap ? (size_t)(end - s->at) : cap;
    if (s->fail_at >= 0 && s->at == (uint64_t)s->fail_at)
        return ERR_IO;
    if (s->fail_at >= 0 && s->at + n > (uint64_t)s->fail_at)
        n = (size_t)((uint64_t)s->fail_at - s->at);
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)out)[i] = (unsigned char)((s->at + i) * 7 >> 3);
    s->at += n;
    *out_len = n;
    return ERR_OK;
}

static void source_close(void *ctx)
{
    atomic_fetch_sub(&s_sources, 1);
    free(ctx);
}

static void answer_source(struct upload *u)
{
    struct source *s = calloc(1, sizeof *s);
    if (s == NULL)
        abort();
    atomic_fetch_add(&s_sources, 1);
    s->size = (uint64_t)number(u->x, "size", 1000);
    s->fail_at = number(u->x, "fail", SOURCE_FAIL_NEVER);
    s->waits = number(u->x, "wait", 0) != 0;
    s->stalls = number(u->x, "stall", 0) != 0;
    struct front_reply r = {.status = 200,
                            .content_type = "application/octet-stream",
                            .source = {s, source_read, source_close},
                            .has_source_length = number(u->x, "length", 1) != 0,
                            .source_length = (uint64_t)number(u->x, "promise", (int64_t)s->size),
                            .head_only = u->head_only};
    front_answer(u->x, &r);
}

static void answer_echo(struct upload *u, const struct front_head *h)
{
    char text[BODY_SMALL];
    struct slice header = front_header(u->x, "x-echo");
    struct slice argument = front_query(u->x, "x");
    (void)snprintf(text, sizeof text, "%.*s|%.*s|%.*s|%.*s|%.*s", (int)h->method_text.len,
                   h->method_text.ptr, (int)h->path.len, h->path.ptr, (int)header.len,
                   header.len > 0 ? header.ptr : "", (int)argument.len,
                   argument.len > 0 ? argument.ptr : "", (int)h->peer.len, h->peer.ptr);
    answer_text(u, 200, text);
}

static void answer_stats(struct upload *u)
{
    char text[BODY_SMALL];
    const struct http_mhd *front = atomic_load(&s_front);
    (void)snprintf(text, sizeof text,
                   "{\"heads\": %u, \"finished\": %u, \"gone\": %u, \"sent\": %u, \"sources\": %u, "
                   "\"connections\": %u}\n",
                   atomic_load(&s_heads), atomic_load(&s_finished), atomic_load(&s_gone),
                   atomic_load(&s_sent), atomic_load(&s_sources),
                   front != NULL ? http_mhd_connections(front) : 0);
    answer_text(u, 200, text);
}

static void answer_get(struct upload *u, const struct front_head *h)
{
    if (slice_eq(h->path, SLICE("/stats")))
        answer_stats(u);
    else if (slice_starts_nocase(h->path, SLICE("/echo")))
        answer_echo(u, h);
    else if (slice_eq(h->path, SLICE("/source")))
        answer_source(u);
    else if (slice_eq(h->path, SLICE("/page")))
        answer_text(u, 200, "{\"page\": true}\n");
    else
        answer_text(u, 404, "{\"success\": false, \"error\": \"no\", \"code\": \"not_found\"}\n");
}

static enum front_want on_head(void *ctx, struct front_exchange *x, const struct front_head *h,
                               void **out_user)
{
    (void)ctx;
    atomic_fetch_add(&s_heads, 1);
    struct upload *u = calloc(1, sizeof *u);
    if (u == NULL)
        abort();
    *out_user = u;
    u->x = x;
    u->head_only = h->method == FRONT_HEAD;
    u->take_max = (size_t)number(x, "take", 0);
    u->refuse_at = number(x, "refuse", -1);
    u->late = slice_eq(front_query(x, "answer"), SLICE("late"));
    u->hang = front_query(x, "hang").ptr != NULL;
    (void)pthread_mutex_lock(&s_lock);
    u->next = s_uploads;
    s_uploads = u;
    (void)pthread_mutex_unlock(&s_lock);

    bool upload = slice_eq(h->path, SLICE("/upload")) || slice_eq(h->path, SLICE("/c/snapshot"));
    if (upload && slice_eq(front_query(x, "refuse"), SLICE("head")))
        answer_text(u, 413, "{\"success\": false, \"error\": \"big\", \"code\": \"too_large\"}\n");
    else if (!upload)
        answer_get(u, h);
    else
        return FRONT_WANT_BODY;
    return FRONT_ANSWERED;
}

static size_t on_body(void *ctx, struct front_exchange *x, void *user, const void *data, size_t len)
{
    struct upload *u = user;
    (void)ctx;
    (void)x;
    size_t n = len;
    if (u->take_max > 0) {
        (void)pthread_mutex_lock(&s_lock);
        n = u->resume_due ? 0 : (len < u->take_max ? len : u->take_max);
        u->resume_due = true;
        (void)pthread_mutex_unlock(&s_lock);
    }
    if (s_wants_crc)
        u->crc = add_crc(u->crc, data, n);
    u->bytes += n;
    if (u->refuse_at >= 0 && u->bytes >= (uint64_t)u->refuse_at)
        answer_text(u, 413, "{\"success\": false, \"error\": \"big\", \"code\": \"too_large\"}\n");
    return n;
}

static void on_finish(void *ctx, struct front_exchange *x, void *user)
{
    struct upload *u = user;
    (void)ctx;
    (void)x;
    atomic_fetch_add(&s_finished, 1);
    if (u->late) {
        (void)pthread_mutex_lock(&s_lock);
        u->answer_due = true;
        (void)pthread_mutex_unlock(&s_lock);
    } else if (!u->hang) {
        answer_upload(u);
    }
}

static void on_gone(void *ctx, struct front_exchange *x, void *user, bool sent)
{
    struct upload *u = user;
    (void)ctx;
    (void)x;
    atomic_fetch_add(&s_gone, 1);
    if (sent)
        atomic_fetch_add(&s_sent, 1);
    (void)pthread_mutex_lock(&s_lock);
    struct upload **at = &s_uploads;
    while (*at != u)
        at = &(*at)->next;
    *at = u->next;
    (void)pthread_mutex_unlock(&s_lock);
    free(u);
}

/* Stands for everything that happens on other threads: commits, full buffers, deadlines. */
static void *tick(void *arg)
{
    (void)arg;
    const struct timespec pause = {.tv_nsec = 1000000};
    (void)pthread_mutex_lock(&s_lock);
    while (!s_stopping) {
        bool all = atomic_exchange(&s_resume_all, false);
        for (struct upload *u = s_uploads; u != NULL; u = u->next) {
            bool resume = u->resume_due || all, answer = u->answer_due;
            u->resume_due = u->answer_due = false;
            if (resume)
                front_resume(u->x);
            if (answer)
                answer_upload(u);
        }
        (void)pthread_mutex_unlock(&s_lock);
        (void)nanosleep(&pause, NULL);
        (void)pthread_mutex_lock(&s_lock);
    }
    (void)pthread_mutex_unlock(&s_lock);
    return NULL;
}

static char *read_text(const char *path)
{
    static char memory[2][16384];
    static size_t used;
    FILE *file = fopen(path, "r");
    if (file == NULL || used == 2)
        abort();
    size_t n = fread(memory[used], 1, sizeof memory[0] - 1, file);
    (void)fclose(file);
    memory[used][n] = '\0';
    return memory[used++];
}

static void take_option(struct http_mhd_options *o, const char *name, const char *value)
{
    unsigned long n = strtoul(value, NULL, 10);
    if (strcmp(name, "--host") == 0)
        o->hosts[0] = value;
    else if (strcmp(name, "--threads") == 0)
        o->threads = (unsigned)n;
    else if (strcmp(name, "--memory") == 0)
        o->connection_bytes = n;
    else if (strcmp(name, "--connections") == 0)
        o->connections_max = (unsigned)n;
    else if (strcmp(name, "--per-address") == 0)
        o->per_address_max = (unsigned)n;
    else if (strcmp(name, "--head-ms") == 0)
        o->head_timeout_ms = (uint32_t)n;
    else if (strcmp(name, "--idle-ms") == 0)
        o->idle_timeout_ms = (uint32_t)n;
    else if (strcmp(name, "--window-ms") == 0)
        o->rate_window_ms = (uint32_t)n;
    else if (strcmp(name, "--listen-fd") == 0)
        o->listen_fd = (int)n;
    else if (strcmp(name, "--cert") == 0)
        o->tls_cert_pem = read_text(value);
    else if (strcmp(name, "--key") == 0)
        o->tls_key_pem = read_text(value);
    else if (strcmp(name, "--crc") == 0)
        s_wants_crc = n != 0;
    else
        abort();
}

static void wait_for_the_end(void)
{
    sigset_t set;
    int got = 0;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigwait(&set, &got);
}

int main(int argc, char **argv)
{
    struct http_mhd_options options = {.hosts = {"127.0.0.1"}};
    for (int i = 1; i + 1 < argc; i += 2)
        take_option(&options, argv[i], argv[i + 1]);
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
    make_crc_table();

    const struct front_handler handler = {
        .head = on_head, .body = on_body, .finish = on_finish, .gone = on_gone};
    pthread_t ticker;
    struct http_mhd *front = NULL;
    if (pthread_create(&ticker, NULL, tick, NULL) != 0 ||
        http_mhd_open(&options, &handler, &front) != ERR_OK)
        return EXIT_FAILURE;
    atomic_store(&s_front, front);
    (void)printf("ready port=%u library=%s\n", http_mhd_port(front), MHD_get_version());
    (void)fflush(stdout);
    wait_for_the_end();
    http_mhd_close(front);
    (void)pthread_mutex_lock(&s_lock);
    s_stopping = true;
    (void)pthread_mutex_unlock(&s_lock);
    (void)pthread_join(ticker, NULL);
    (void)printf("closed heads=%u gone=%u sources=%u\n", atomic_load(&s_heads),
                 atomic_load(&s_gone), atomic_load(&s_sources));
    return EXIT_SUCCESS;
}
