#include "relay/port/uplink_curl.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    UPLOAD_BUFFER_BYTES =
        128 * 1024,  /* a usual photo with its multipart head leaves in one write */
    IDLE_S_MAX = 30, /* an older idle connection may be cut without our knowing */
    KEEPALIVE_IDLE_S = 30,
    CONNECTIONS_MAX = 64,
    DROPPED_BYTES_MAX =
        1024 * 1024, /* of an answer nobody keeps, before the connection is closed */
    RETRY_AFTER_S_MAX = 86400,
};

struct transfer {
    struct transfer *next; /* in the list of free or of used ones */
    CURL *easy;
    struct curl_slist *headers;
    uint64_t id;
    char *wrapping; /* prefix, then suffix */
    size_t wrapping_cap;
    size_t prefix_len, suffix_len;
    int fd;
    uint64_t fd_len;
    uint64_t at; /* bytes handed to libcurl */
    char *answer;
    size_t answer_len, answer_cap, answer_max;
    uint64_t dropped;
    bool file_failed;
    bool was_whole; /* a repetition was refused because the whole body may have left */
    char error[CURL_ERROR_SIZE];
};

struct uplink_curl {
    CURLM *multi;
    struct transfer *used;
    struct transfer *spare;
    struct transfer *told; /* its answer is lent until the next call */
    atomic_bool woken;
};

/* ---- bytes out and in ---- */

static uint64_t body_len(const struct transfer *t)
{
    return t->prefix_len + t->fd_len + t->suffix_len;
}

static size_t take_wrapping(struct transfer *t, size_t from, size_t len, char *out, size_t cap)
{
    size_t n = len < cap ? len : cap;
    memcpy(out, t->wrapping + from, n);
    t->at += n;
    return n;
}

static size_t take_file(struct transfer *t, char *out, size_t cap)
{
    uint64_t offset = t->at - t->prefix_len, left = t->fd_len - offset;
    size_t want = left < cap ? (size_t)left : cap;
    ssize_t n = pread(t->fd, out, want, (off_t)offset);
    if (n <= 0) {
        t->file_failed = true;
        return 0;
    }
    t->at += (uint64_t)n;
    return (size_t)n;
}

static size_t on_read(char *out, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t cap = size * count, done = 0;
    while (done < cap && t->at < body_len(t) && !t->file_failed) {
        size_t room = cap - done;
        uint64_t file_end = t->prefix_len + t->fd_len;
        if (t->at < t->prefix_len)
            done +=
                take_wrapping(t, (size_t)t->at, t->prefix_len - (size_t)t->at, out + done, room);
        else if (t->at < file_end)
            done += take_file(t, out + done, room);
        else
            done += take_wrapping(t, t->prefix_len + (size_t)(t->at - file_end),
                                  (size_t)(body_len(t) - t->at), out + done, room);
    }
    return t->file_failed ? CURL_READFUNC_ABORT : done;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
    struct transfer *t = arg;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > body_len(t))
        return CURL_SEEKFUNC_FAIL;
    if (t->at == body_len(t) && (uint64_t)offset < t->at) {
        t->was_whole = true; /* whether it arrived is for others to find out */
        return CURL_SEEKFUNC_FAIL;
    }
    t->at = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static bool grow_answer(struct transfer *t, size_t len)
{
    if (t->answer_len + len + 1 <= t->answer_cap)
        return true;
    size_t cap = 2 * (t->answer_len + len + 1);
    if (cap < 1024)
        cap = 1024;
    if (cap > t->answer_max + 1)
        cap = t->answer_max + 1;
    char *grown = realloc(t->answer, cap);
    if (grown == NULL)
        return false;
    t->answer = grown;
    t->answer_cap = cap;
    return true;
}

static size_t on_write(char *data, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * count, room = t->answer_max - t->answer_len;
    size_t keep = len < room ? len : room;
    if (keep > 0 && !grow_answer(t, keep))
        return CURL_WRITEFUNC_ERROR;
    if (keep > 0)
        memcpy(t->answer + t->answer_len, data, keep);
    t->answer_len += keep;
    t->dropped += len - keep;
    return t->dropped > DROPPED_BYTES_MAX ? CURL_WRITEFUNC_ERROR : len;
}

/* ---- transfers ---- */

static void free_transfer(struct transfer *t)
{
    if (t == NULL)
        return;
    if (t->fd >= 0)
        (void)close(t->fd);
    curl_slist_free_all(t->headers);
    if (t->easy != NULL)
        curl_easy_cleanup(t->easy);
    free(t->wrapping);
    free(t->answer);
    free(t);
}

static struct transfer *take_transfer(struct uplink_curl *u)
{
    struct transfer *t = u->spare;
    if (t != NULL) {
        u->spare = t->next;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    t->fd = -1;
    t->easy = curl_easy_init();
    if (t->easy == NULL) {
        free_transfer(t);
        return NULL;
    }
    return t;
}

static void close_file(struct transfer *t)
{
    if (t->fd >= 0)
        (void)close(t->fd); /* it was only read */
    t->fd = -1;
}

/* Keeps handle and buffers for the next one, but a large answer. */
static void give_transfer(struct uplink_curl *u, struct transfer *t)
{
    close_file(t);
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    if (t->answer_cap > UPLINK_ANSWER_MAX + 1) {
        free(t->answer);
        t->answer = NULL;
        t->answer_cap = 0;
    }
    t->next = u->spare;
    u->spare = t;
}

static void unlink_used(struct uplink_curl *u, struct transfer *t)
{
    struct transfer **at = &u->used;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    (void)curl_multi_remove_handle(u->multi, t->easy); /* fails only for a handle not in there */
}

static bool is_url(const char *text)
{
    CURLU *url = curl_url();
    char *scheme = NULL;
    bool good = url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_url_cleanup(url);
    return good;
}

static bool add_line(struct transfer *t, const char *line)
{
    struct curl_slist *longer = curl_slist_append(t->headers, line);
    if (longer == NULL)
        return false;
    t->headers = longer;
    return true;
}

static bool copy_request(struct transfer *t, const struct uplink_request *r)
{
    size_t need = r->prefix_len + r->suffix_len;
    if (need > t->wrapping_cap) {
        char *grown = realloc(t->wrapping, need);
        if (grown == NULL)
            return false;
        t->wrapping = grown;
        t->wrapping_cap = need;
    }
    if (r->prefix_len > 0)
        memcpy(t->wrapping, r->prefix, r->prefix_len);
    if (r->suffix_len > 0)
        memcpy(t->wrapping + r->prefix_len, r->suffix, r->suffix_len);
    bool fits = add_line(t, "Expect:");
    for (size_t i = 0; i < r->header_count && fits; i++)
        fits = add_line(t, r->headers[i].line);
    t->id = r->id;
    t->prefix_len = r->prefix_len;
    t->suffix_len = r->suffix_len;
    t->fd_len = r->fd >= 0 ? r->fd_len : 0;
    t->at = 0;
    t->answer_len = 0;
    t->answer_max = r->answer_max > 0 ? r->answer_max : UPLINK_ANSWER_MAX;
    t->dropped = 0;
    t->file_failed = false;
    t->was_whole = false;
    t->error[0] = '\0';
    return fits;
}

static long in_seconds(uint32_t ms)
{
    return (long)ms / 1000 + (ms % 1000 != 0);
}

static void set_method(struct transfer *t, const struct uplink_request *r)
{
    CURL *c = t->easy;
    if (strcmp(r->method, "GET") == 0) {
        curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
        return;
    }
    if (strcmp(r->method, "POST") == 0) {
        curl_easy_setopt(c, CURLOPT_POST, 1L);
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_len(t));
    } else {
        curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
        curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)body_len(t));
    }
    curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER_BYTES);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(c, CURLOPT_READDATA, t);
    curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(c, CURLOPT_SEEKDATA, t);
}

/* Options are constants of the right type, so setting them can fail for lack of memory only; what
 * then is missing makes the transfer fail, or the check of url and CA at its start. */
static bool set_options(struct transfer *t, const struct uplink_request *r)
{
    CURL *c = t->easy;
    curl_easy_reset(c); /* keeps nothing but connections, which belong to the multi handle */
    set_method(t, r);
    curl_easy_setopt(c, CURLOPT_PRIVATE, t);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "camrelay/" CAMRELAY_VERSION);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_write);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->error);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L); /* a slow resolver must not delay our end */
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_MAXAGE_CONN, (long)IDLE_S_MAX);
    curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)r->connect_timeout_ms);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)r->total_timeout_ms);
    if (r->stall_timeout_ms > 0) {
        curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, in_seconds(r->stall_timeout_ms));
    }
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, r->tls_insecure ? 0L : 1L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, r->tls_insecure ? 0L : 2L);
    CURLcode ca = CURLE_OK;
    if (r->ca_file != NULL)
        ca = curl_easy_setopt(c, CURLOPT_CAINFO, r->ca_file);
    return ca == CURLE_OK && curl_easy_setopt(c, CURLOPT_URL, r->url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROXY, r->proxy != NULL ? r->proxy : "") == CURLE_OK;
}

static void recycle_told(struct uplink_curl *u)
{
    if (u->told != NULL)
        give_transfer(u, u->told);
    u->told = NULL;
}

static enum err start(void *ctx, const struct uplink_request *r)
{
    struct uplink_curl *u = ctx;
    recycle_told(u);
    bool speakable = is_url(r->url);
    struct transfer *t = speakable ? take_transfer(u) : NULL;
    if (t == NULL) {
        if (r->fd >= 0)
            (void)close(r->fd);
        return speakable ? ERR_FULL : ERR_INPUT;
    }
    t->fd = r->fd;
    if (!copy_request(t, r) || !set_options(t, r) ||
        curl_multi_add_handle(u->multi, t->easy) != CURLM_OK) {
        free_transfer(t);
        return ERR_FULL;
    }
    t->next = u->used;
    u->used = t;
    return ERR_OK;
}

/* ---- results ---- */

/* Did the connection stand, so that the request may have begun? */
static bool had_begun(CURL *easy)
{
    curl_off_t us = 0;
    (void)curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &us);
    return us > 0;
}

static enum uplink_failure failure_of(const struct transfer *t, CURLcode code, long status)
{
    if (t->file_failed)
        return UPLINK_LOCAL;
    if (code == CURLE_OK && status >= 200)
        return UPLINK_ANSWERED;
    if (status >= 300 || (status >= 200 && code == CURLE_WRITE_ERROR && t->dropped > 0))
        return UPLINK_ANSWERED; /* all that counts of it has come */
    return t->was_whole || had_begun(t->easy) ? UPLINK_AMBIGUOUS : UPLINK_UNREACHABLE;
}

static void read_retry_after(CURL *easy, struct uplink_result *out)
{
    curl_off_t s = 0;
    if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &s) != CURLE_OK || s <= 0)
        return;
    out->has_retry_after = true;
    out->retry_after_s = s > RETRY_AFTER_S_MAX ? RETRY_AFTER_S_MAX : (uint32_t)s;
}

static void make_result(struct transfer *t, CURLcode code, struct uplink_result *out)
{
    long status = 0;
    curl_off_t sent = 0;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    *out = (struct uplink_result){
        .id = t->id,
        .failure = failure_of(t, code, status),
        .body_sent_whole = t->was_whole || (uint64_t)sent >= body_len(t),
        .body = "",
    };
    if (out->failure == UPLINK_ANSWERED) {
        out->status = (unsigned)status;
        read_retry_after(t->easy, out);
    }
    if (t->answer_len > 0) {
        t->answer[t->answer_len] = '\0';
        out->body = t->answer;
        out->body_len = t->answer_len;
    }
    if (code == CURLE_OK)
        return;
    const char *text = t->error[0] != '\0' ? t->error : curl_easy_strerror(code);
    if (t->file_failed)
        text = "our own file could not be read to its end";
    (void)snprintf(out->error, sizeof out->error, "%.*s", (int)sizeof out->error - 1, text);
}

static bool take_result(struct uplink_curl *u, struct uplink_result *out)
{
    int left;
    CURLMsg *m = curl_multi_info_read(u->multi, &left);
    if (m == NULL)
        return false;
    assert(m->msg == CURLMSG_DONE);
    CURLcode code = m->data.result; /* `m` dies with the handle's removal */
    char *private = NULL;
    (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &private);
    struct transfer *t = (struct transfer *)(void *)private;
    make_result(t, code, out);
    unlink_used(u, t);
    close_file(t);
    u->told = t;
    return true;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static enum err wait_result(void *ctx, uint32_t timeout_ms, bool *out_have,
                            struct uplink_result *out_result)
{
    struct uplink_curl *u = ctx;
    recycle_told(u);
    uint64_t end_ms = timeout_ms > 0 ? now_ms() + timeout_ms : 0;
    *out_have = take_result(u, out_result);
    while (!*out_have) {
        int running;
        if (curl_multi_perform(u->multi, &running) != CURLM_OK)
            return ERR_IO;
        *out_have = take_result(u, out_result);
        if (*out_have || timeout_ms == 0 || atomic_exchange(&u->woken, false))
            return ERR_OK;
        uint64_t now = now_ms();
        if (now >= end_ms)
            return ERR_OK;
        if (curl_multi_poll(u->multi, NULL, 0, (int)(end_ms - now), NULL) != CURLM_OK)
            return ERR_IO;
    }
    return ERR_OK;
}

static void wake(void *ctx)
{
    struct uplink_curl *u = ctx;
    atomic_store(&u->woken, true);
    (void)curl_multi_wakeup(u->multi); /* the flag ends the next wait even if this fails */
}

static void cancel_all(void *ctx)
{
    struct uplink_curl *u = ctx;
    recycle_told(u);
    while (u->used != NULL) {
        struct transfer *t = u->used;
        unlink_used(u, t);
        give_transfer(u, t);
    }
}

enum err uplink_curl_open(struct uplink_curl **out, struct uplink *out_uplink)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return ERR_FULL;
    struct uplink_curl *u = calloc(1, sizeof *u);
    if (u != NULL)
        u->multi = curl_multi_init();
    if (u == NULL || u->multi == NULL) {
        free(u);
        curl_global_cleanup();
        return ERR_FULL;
    }
    (void)curl_multi_setopt(u->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_MAX);
    (void)curl_multi_setopt(u->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    *out = u;
    *out_uplink = (struct uplink){
        .ctx = u,
        .start = start,
        .wait = wait_result,
        .wake = wake,
        .cancel_all = cancel_all,
    };
    return ERR_OK;
}

void uplink_curl_close(struct uplink_curl *u)
{
    if (u == NULL)
        return;
    cancel_all(u);
    while (u->spare != NULL) {
        struct transfer *t = u->spare;
        u->spare = t->next;
        free_transfer(t);
    }
    (void)curl_multi_cleanup(u->multi);
    free(u);
    curl_global_cleanup();
}
