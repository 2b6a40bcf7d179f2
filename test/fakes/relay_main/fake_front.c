#include "test/fakes/relay_main/fake_front.h"

#include <assert.h>
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { FAKE_HEADERS_MAX = 128, PULL_BYTES = 1000 /* odd, so that sources meet odd ends */ };

struct header_copy {
    char *name, *value;
};

struct front_exchange {
    struct front_exchange *next; /* of those not yet ended */
    const struct front_handler *handler;
    void *user;
    char *path, *query;
    struct header_copy headers[FAKE_HEADERS_MAX];
    size_t header_count;
    struct front_head head;
    bool gone;

    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool answered, resumed, pulled, cut;
    unsigned status;
    const char *type;
    struct header_copy reply_headers[FRONT_HEADERS_MAX];
    size_t reply_header_count;
    struct front_source source;
    bool has_length, head_only, close;
    uint64_t length;
    char *body;
    size_t body_len;
};

static struct front_exchange *s_open;

static char *copy_of(const char *text, size_t len)
{
    char *out = malloc(len + 1);
    assert(out != NULL);
    memcpy(out, text, len);
    out[len] = '\0';
    return out;
}

static char *decoded(const char *text, size_t len, size_t *out_len, bool plus)
{
    char *out = copy_of(text, len);
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned value = 0;
        char c = text[i];
        if (c == '%' && i + 2 < len && isxdigit((unsigned char)text[i + 1]) &&
            sscanf(text + i + 1, "%2x", &value) == 1) {
            c = (char)value;
            i += 2;
        } else if (plus && c == '+') {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = '\0';
    *out_len = n;
    return out;
}

static void read_headers(struct front_exchange *x, const char *lines)
{
    while (lines != NULL && *lines != '\0') {
        const char *end = strstr(lines, "\r\n");
        const char *colon = strchr(lines, ':');
        assert(end != NULL && colon != NULL && colon < end);
        const char *value = colon + 1;
        while (*value == ' ')
            value++;
        assert(x->header_count < FAKE_HEADERS_MAX);
        x->headers[x->header_count++] = (struct header_copy){
            copy_of(lines, (size_t)(colon - lines)), copy_of(value, (size_t)(end - value))};
        lines = end + 2;
    }
}

static enum front_method method_of(const char *text)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0)
            return (enum front_method)i;
    return FRONT_OTHER;
}

struct slice front_header(const struct front_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->header_count; i++)
        if (strcasecmp(x->headers[i].name, name) == 0)
            return slice_of(x->headers[i].value);
    return (struct slice){0};
}

void front_each_header(const struct front_exchange *x,
                       void (*each)(void *arg, struct slice name, struct slice value), void *arg)
{
    for (size_t i = 0; i < x->header_count; i++)
        each(arg, slice_of(x->headers[i].name), slice_of(x->headers[i].value));
}

struct slice front_query(const struct front_exchange *x, const char *name)
{
    /* Arguments were decoded in place and end in a NUL each: "a=1\0b=2\0\0". */
    for (const char *at = x->query; *at != '\0'; at += strlen(at) + 1) {
        size_t len = strlen(name);
        if (strncmp(at, name, len) == 0 && at[len] == '=')
            return slice_of(at + len + 1);
        if (strcmp(at, name) == 0)
            return SLICE("");
    }
    return (struct slice){0};
}

static char *split_query(const char *text)
{
    char *out = calloc(1, strlen(text) + 2);
    assert(out != NULL);
    size_t at = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, "&"), n;
        char *one = decoded(text, len, &n, true);
        memcpy(out + at, one, n + 1);
        at += n + 1;
        free(one);
        text += len + (text[len] == '&');
    }
    return out;
}

struct front_exchange *fake_front_begin(const struct front_handler *handler, const char *method,
                                        const char *target, const char *headers)
{
    struct front_exchange *x = calloc(1, sizeof *x);
    assert(x != NULL);
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->changed, NULL);
    x->handler = handler;
    x->next = s_open;
    s_open = x;
    read_headers(x, headers);
    size_t path_len = strcspn(target, "?");
    x->path = decoded(target, path_len, &x->head.path.len, false);
    x->query = split_query(target[path_len] == '?' ? target + path_len + 1 : "");
    x->head.path.ptr = x->path;
    x->head.method = method_of(method);
    x->head.method_text = slice_of(method);
    x->head.peer = SLICE("127.0.0.1");
    x->head.has_length = slice_to_u64(front_header(x, "Content-Length"), &x->head.length);
    x->head.chunked = slice_eq_nocase(front_header(x, "Transfer-Encoding"), SLICE("chunked"));
    x->head.expects_continue = slice_eq_nocase(front_header(x, "Expect"), SLICE("100-continue"));
    enum front_want want = handler->head(handler->ctx, x, &x->head, &x->user);
    assert(want == FRONT_WANT_BODY || fake_front_answered(x));
    return x;
}

void front_answer(struct front_exchange *x, const struct front_reply *reply)
{
    pthread_mutex_lock(&x->lock);
    assert(!x->gone); /* the promise of whoever answers from another thread */
    if (x->answered) {
        pthread_mutex_unlock(&x->lock);
        if (reply->source.close != NULL)
            reply->source.close(reply->source.ctx);
        return;
    }
    assert(reply->header_count <= FRONT_HEADERS_MAX && reply->status >= 200);
    x->status = reply->status;
    x->type = reply->content_type;
    for (size_t i = 0; i < reply->header_count; i++) {
        const struct front_header_line *h = &reply->headers[i];
        assert(strpbrk(h->value, "\r\n") == NULL);
        x->reply_headers[i] = (struct header_copy){copy_of(h->name, strlen(h->name)),
                                                   copy_of(h->value, strlen(h->value))};
    }
    x->reply_header_count = reply->header_count;
    x->source = reply->source;
    x->head_only = reply->head_only;
    x->close = reply->close;
    x->has_length = x->source.read == NULL || reply->has_source_length;
    x->length = x->source.read != NULL ? reply->source_length : reply->body_len;
    if (x->source.read == NULL && !reply->head_only && reply->body_len > 0) {
        x->body = copy_of(reply->body, reply->body_len);
        x->body_len = reply->body_len;
    }
    x->answered = true;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
}

void front_resume(struct front_exchange *x)
{
    pthread_mutex_lock(&x->lock);
    x->resumed = true;
    pthread_cond_broadcast(&x->changed);
    pthread_mutex_unlock(&x->lock);
}

bool fake_front_answered(struct front_exchange *x)
{
    pthread_mutex_lock(&x->lock);
    bool answered = x->answered;
    pthread_mutex_unlock(&x->lock);
    return answered;
}

/* Waits until an answer is there, or (`or_resumed`) the exchange was resumed. */
static bool wait_for(struct front_exchange *x, bool or_resumed)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FAKE_FRONT_WAIT_S;
    int rc = 0;
    pthread_mutex_lock(&x->lock);
    while (!x->answered && !(or_resumed && x->resumed) && rc == 0)
        rc = pthread_cond_timedwait(&x->changed, &x->lock, &until);
    pthread_mutex_unlock(&x->lock);
    return rc == 0;
}

size_t fake_front_try(struct front_exchange *x, const void *data, size_t len)
{
    if (fake_front_answered(x))
        return len;
    pthread_mutex_lock(&x->lock);
    x->resumed = false; /* a resume from now on concerns this piece */
    pthread_mutex_unlock(&x->lock);
    size_t took = x->handler->body(x->handler->ctx, x, x->user, data, len);
    assert(took <= len);
    return took;
}

bool fake_front_send(struct front_exchange *x, const void *data, size_t len)
{
    const char *at = data;
    while (len > 0) {
        size_t took = fake_front_try(x, at, len);
        at += took;
        len -= took;
        if (len > 0 && !wait_for(x, true))
            return false;
    }
    return true;
}

void fake_front_finish(struct front_exchange *x)
{
    if (!fake_front_answered(x))
        x->handler->finish(x->handler->ctx, x, x->user);
}

void fake_front_vanish(struct front_exchange *x)
{
    pthread_mutex_lock(&x->lock);
    bool again = x->gone;
    pthread_mutex_unlock(&x->lock);
    assert(!again);
    (void)again;
    x->handler->gone(x->handler->ctx, x, x->user, false);
    pthread_mutex_lock(&x->lock);
    x->gone = true;
    pthread_mutex_unlock(&x->lock);
}

static void pull(struct front_exchange *x)
{
    x->pulled = true;
    while (!x->head_only && x->status != 304 && x->status != 204) {
        x->body = realloc(x->body, x->body_len + PULL_BYTES + 1);
        assert(x->body != NULL);
        size_t n = PULL_BYTES + 1;
        enum err e = x->source.read(x->source.ctx, x->body + x->body_len, PULL_BYTES, &n);
        assert(e != ERR_OK || n <= PULL_BYTES);
        x->cut = e != ERR_OK;
        if (e != ERR_OK || n == 0)
            break;
        x->body_len += n;
    }
    x->source.close(x->source.ctx);
    bool whole = x->cut || x->head_only || !x->has_length || x->body_len == x->length;
    assert(whole);
    (void)whole;
}

unsigned fake_front_wait(struct front_exchange *x)
{
    if (!wait_for(x, false))
        return 0;
    if (x->source.read != NULL && !x->pulled)
        pull(x);
    return x->status;
}

const char *fake_front_header(const struct front_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->reply_header_count; i++)
        if (strcasecmp(x->reply_headers[i].name, name) == 0)
            return x->reply_headers[i].value;
    return NULL;
}

const char *fake_front_type(const struct front_exchange *x)
{
    return x->type;
}

struct slice fake_front_body(const struct front_exchange *x)
{
    return (struct slice){x->body, x->body_len};
}

uint64_t fake_front_length(const struct front_exchange *x)
{
    return x->has_length ? x->length : UINT64_MAX;
}

bool fake_front_cut(const struct front_exchange *x)
{
    return x->cut;
}

bool fake_front_closes(const struct front_exchange *x)
{
    return x->close;
}

static void free_headers(struct header_copy *h, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(h[i].name);
        free(h[i].value);
    }
}

void fake_front_end_all(void)
{
    while (s_open != NULL)
        fake_front_end(s_open);
}

void fake_front_end(struct front_exchange *x)
{
    struct front_exchange **at = &s_open;
    while (*at != x)
        at = &(*at)->next;
    *at = x->next;
    if (!x->gone)
        x->handler->gone(x->handler->ctx, x, x->user, fake_front_answered(x));
    if (x->answered && x->source.read != NULL && !x->pulled)
        x->source.close(x->source.ctx);
    free_headers(x->headers, x->header_count);
    free_headers(x->reply_headers, x->reply_header_count);
    pthread_cond_destroy(&x->changed);
    pthread_mutex_destroy(&x->lock);
    free(x->path);
    free(x->query);
    free(x->body);
    free(x);
}

struct front_exchange *fake_front_ask(const struct front_handler *handler, const char *method,
                                      const char *target, const char *headers)
{
    struct front_exchange *x = fake_front_begin(handler, method, target, headers);
    fake_front_finish(x);
    (void)fake_front_wait(x);
    return x;
}
