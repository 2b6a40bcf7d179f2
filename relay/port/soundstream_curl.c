#include "relay/port/soundstream_curl.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_MS = 10 * 1000 };

struct reader {
    CURL *easy; /* NULL: not open */
    struct soundstream_curl *owner;
    unsigned source;
};

struct soundstream_curl {
    CURLM *multi;
    const struct soundstream_sink *sink; /* while waiting */
    struct reader readers[SOUNDSTREAM_MAX];
};

/* What is not a 200 is no sound. */
static size_t on_bytes(char *data, size_t size, size_t count, void *arg)
{
    struct reader *r = arg;
    long status = 0;
    size_t len = size * count;
    (void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
    const struct soundstream_sink *sink = r->owner->sink;
    if (status != 200 || sink == NULL)
        return status == 200 ? len : 0;
    sink->bytes(sink->ctx, r->source, data, len);
    return len;
}

static bool configure(struct reader *r, const char *url)
{
    CURL *c = r->easy;
    return curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_WRITEDATA, r) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PRIVATE, r) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK;
}

static void close_reader(struct soundstream_curl *s, struct reader *r)
{
    if (r->easy == NULL)
        return;
    (void)curl_multi_remove_handle(s->multi, r->easy); /* fails only for one not in there */
    curl_easy_cleanup(r->easy);
    r->easy = NULL;
}

static enum err open_stream(void *ctx, unsigned source, const char *url)
{
    struct soundstream_curl *s = ctx;
    struct reader *r = &s->readers[source];
    r->easy = curl_easy_init();
    if (r->easy == NULL)
        return ERR_FULL;
    if (!configure(r, url)) {
        curl_easy_cleanup(r->easy);
        r->easy = NULL;
        return ERR_INPUT;
    }
    if (curl_multi_add_handle(s->multi, r->easy) == CURLM_OK)
        return ERR_OK;
    curl_easy_cleanup(r->easy);
    r->easy = NULL;
    return ERR_FULL;
}

static void close_stream(void *ctx, unsigned source)
{
    struct soundstream_curl *s = ctx;
    close_reader(s, &s->readers[source]);
}

/* One that ended. The texts of libcurl name no address. */
static void tell_end(struct soundstream_curl *s, CURL *easy, CURLcode code)
{
    struct reader *r = NULL;
    long status = 0;
    char why[SOUNDSTREAM_ERROR_MAX];
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &r);
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 0 && status != 200)
        snprintf(why, sizeof why, "it answered %ld", status);
    else
        snprintf(why, sizeof why, "%s",
                 code == CURLE_OK ? "it ended the stream" : curl_easy_strerror(code));
    unsigned source = r->source;
    close_reader(s, r);
    s->sink->ended(s->sink->ctx, source, why);
}

static void wait_streams(void *ctx, uint32_t timeout_ms, const struct soundstream_sink *sink)
{
    struct soundstream_curl *s = ctx;
    int running = 0, left = 0;
    s->sink = sink;
    (void)curl_multi_poll(s->multi, NULL, 0, (int)timeout_ms, NULL);
    (void)curl_multi_perform(s->multi, &running); /* what failed is told below */
    for (CURLMsg *m = curl_multi_info_read(s->multi, &left); m != NULL;
         m = curl_multi_info_read(s->multi, &left)) {
        if (m->msg == CURLMSG_DONE)
            tell_end(s, m->easy_handle, m->data.result);
    }
    s->sink = NULL;
}

static void wake(void *ctx)
{
    struct soundstream_curl *s = ctx;
    (void)curl_multi_wakeup(s->multi); /* no memory: the wait ends a little later */
}

enum err soundstream_curl_create(struct soundstream_curl **out, struct soundstream *out_calls)
{
    struct soundstream_curl *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_FULL;
    bool global = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    s->multi = global ? curl_multi_init() : NULL;
    if (s->multi == NULL) {
        if (global)
            curl_global_cleanup();
        free(s);
        return ERR_FULL;
    }
    for (unsigned i = 0; i < SOUNDSTREAM_MAX; i++)
        s->readers[i] = (struct reader){.owner = s, .source = i};
    *out = s;
    *out_calls = (struct soundstream){s, open_stream, close_stream, wait_streams, wake};
    return ERR_OK;
}

void soundstream_curl_destroy(struct soundstream_curl *s)
{
    if (s == NULL)
        return;
    for (unsigned i = 0; i < SOUNDSTREAM_MAX; i++)
        close_reader(s, &s->readers[i]);
    (void)curl_multi_cleanup(s->multi);
    curl_global_cleanup();
    free(s);
}
