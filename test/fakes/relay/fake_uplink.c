#include "test/fakes/relay/fake_uplink.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/slice.h"

static bool read_file(struct fake_uplink *u, const struct uplink_request *r, char *out)
{
    uint64_t at = 0;
    while (at < r->fd_len) {
        size_t got;
        if (u->fs->read(u->fs->ctx, r->fd, at, out + at, (size_t)(r->fd_len - at), &got) !=
                ERR_OK ||
            got == 0)
            return false;
        at += got;
    }
    return true;
}

static void meet_remote(struct fake_uplink *u, const struct uplink_request *r,
                        struct fake_uplink_answer *a)
{
    size_t file = r->fd >= 0 ? (size_t)r->fd_len : 0;
    size_t len = r->prefix_len + file + r->suffix_len;
    char *body = malloc(len + 1);
    assert(body != NULL);
    body[len] = '\0';
    if (r->prefix_len > 0)
        memcpy(body, r->prefix, r->prefix_len);
    if (r->suffix_len > 0)
        memcpy(body + r->prefix_len + file, r->suffix, r->suffix_len);
    bool whole = file == 0 || read_file(u, r, body + r->prefix_len);
    *a = (struct fake_uplink_answer){
        .failure = UPLINK_ANSWERED, .status = 200, .body_sent_whole = true};
    struct fake_uplink_request request = {
        .method = r->method,
        .url = r->url,
        .headers = r->headers,
        .header_count = r->header_count,
        .body = body,
        .body_len = len,
        .give_up_ms = r->total_timeout_ms,
    };
    if (whole)
        u->remote(u->remote_arg, &request, a);
    else
        *a = (struct fake_uplink_answer){.failure = UPLINK_LOCAL, .error = "short file"};
    free(body);
}

static bool is_url(const char *text)
{
    struct slice s = slice_of(text);
    return slice_starts_nocase(s, SLICE("http://")) || slice_starts_nocase(s, SLICE("https://"));
}

static struct fake_uplink_flight *free_flight(struct fake_uplink *u)
{
    for (size_t i = 0; i < FAKE_UPLINK_FLIGHTS_MAX; i++) {
        if (!u->flights[i].used)
            return &u->flights[i];
    }
    return NULL;
}

static enum err start(void *ctx, const struct uplink_request *r)
{
    struct fake_uplink *u = ctx;
    struct fake_uplink_flight *f = free_flight(u);
    assert(f != NULL);
    u->starts++;
    enum err e = is_url(r->url) ? ERR_OK : ERR_INPUT;
    if (e == ERR_OK && u->fail_starts > 0) {
        u->fail_starts--;
        e = ERR_FULL;
    }
    if (e == ERR_OK) {
        *f = (struct fake_uplink_flight){.used = true, .id = r->id, .order = u->orders++};
        f->answer_max = r->answer_max > 0 ? r->answer_max : UPLINK_ANSWER_MAX;
        meet_remote(u, r, &f->answer);
        uint32_t after = f->answer.after_ms;
        if (after > r->total_timeout_ms) { /* given up; what the remote did it has done */
            free(f->answer.body);
            f->answer = (struct fake_uplink_answer){.failure = UPLINK_AMBIGUOUS,
                                                    .body_sent_whole = f->answer.body_sent_whole,
                                                    .error = "timed out"};
            after = r->total_timeout_ms;
        }
        f->at_ms = u->clock->mono.ms + after;
        u->in_flight++;
        if (u->in_flight > u->in_flight_max)
            u->in_flight_max = u->in_flight;
    }
    if (r->fd >= 0)
        (void)u->fs->close(u->fs->ctx, r->fd);
    return e;
}

static struct fake_uplink_flight *first_to_land(struct fake_uplink *u)
{
    struct fake_uplink_flight *first = NULL;
    for (size_t i = 0; i < FAKE_UPLINK_FLIGHTS_MAX; i++) {
        struct fake_uplink_flight *f = &u->flights[i];
        if (!f->used)
            continue;
        if (first == NULL || f->at_ms < first->at_ms ||
            (f->at_ms == first->at_ms && f->order < first->order))
            first = f;
    }
    return first;
}

static void land(struct fake_uplink *u, struct fake_uplink_flight *f, struct uplink_result *out)
{
    struct fake_uplink_answer *a = &f->answer;
    *out = (struct uplink_result){
        .id = f->id,
        .failure = a->failure,
        .status = a->failure == UPLINK_ANSWERED ? a->status : 0,
        .has_retry_after = a->retry_after_s > 0,
        .retry_after_s = a->retry_after_s,
        .body_sent_whole = a->body_sent_whole,
        .body = "",
    };
    if (a->error != NULL)
        (void)snprintf(out->error, sizeof out->error, "%s", a->error);
    if (a->body != NULL) {
        size_t len = a->body_len < f->answer_max ? a->body_len : f->answer_max;
        a->body = realloc(a->body, len + 1);
        assert(a->body != NULL);
        a->body[len] = '\0';
        out->body = u->lent = a->body;
        out->body_len = len;
    }
    f->used = false;
    u->in_flight--;
}

static void take_back(struct fake_uplink *u)
{
    free(u->lent);
    u->lent = NULL;
}

static enum err wait_result(void *ctx, uint32_t timeout_ms, bool *out_have,
                            struct uplink_result *out_result)
{
    struct fake_uplink *u = ctx;
    take_back(u);
    if (u->fail_waits > 0) {
        u->fail_waits--;
        return ERR_IO;
    }
    struct fake_uplink_flight *f = first_to_land(u);
    uint64_t now = u->clock->mono.ms;
    *out_have = f != NULL && f->at_ms <= now;
    if (!*out_have && timeout_ms > 0 && !u->woken) {
        bool in_time = f != NULL && f->at_ms <= now + timeout_ms;
        fake_clock_advance(u->clock, in_time ? f->at_ms - now : timeout_ms);
        *out_have = in_time;
    }
    if (timeout_ms > 0 && !*out_have)
        u->woken = false;
    if (*out_have)
        land(u, f, out_result);
    return ERR_OK;
}

static void wake(void *ctx)
{
    ((struct fake_uplink *)ctx)->woken = true;
}

static void cancel_all(void *ctx)
{
    struct fake_uplink *u = ctx;
    take_back(u);
    for (size_t i = 0; i < FAKE_UPLINK_FLIGHTS_MAX; i++) {
        if (u->flights[i].used)
            free(u->flights[i].answer.body);
        u->flights[i].used = false;
    }
    u->in_flight = 0;
}

void fake_uplink_init(struct fake_uplink *u, struct fake_clock *clock, const struct fs *fs)
{
    memset(u, 0, sizeof *u);
    u->clock = clock;
    u->fs = fs;
    u->uplink = (struct uplink){
        .ctx = u,
        .start = start,
        .wait = wait_result,
        .wake = wake,
        .cancel_all = cancel_all,
    };
}

void fake_uplink_deinit(struct fake_uplink *u)
{
    cancel_all(u);
}

void fake_uplink_say(struct fake_uplink_answer *a, unsigned status, const char *body)
{
    a->failure = UPLINK_ANSWERED;
    a->status = status;
    free(a->body);
    a->body = strdup(body);
    a->body_len = strlen(body);
}

const char *fake_uplink_header(const struct fake_uplink_request *r, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < r->header_count; i++) {
        const char *line = r->headers[i].line;
        if (strncmp(line, name, len) == 0 && strncmp(line + len, ": ", 2) == 0)
            return line + len + 2;
    }
    return NULL;
}
