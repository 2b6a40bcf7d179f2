#include "relay/main/commands.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/port/log.h"
#include "lib/wire/http_field.h"
#include "lib/wire/json_out.h"
#include "relay/logic/crashes.h"
#include "relay/main/uploads.h"

enum { NAMES_AT_ONCE = 256 };

enum command_kind { COMMAND_RETRY, COMMAND_IMPORT_SENT, COMMAND_CRASH };

static const struct {
    const char *path;
    enum command_kind kind;
} COMMANDS[] = {
    {"/api/retry", COMMAND_RETRY},
    {"/api/import-sent", COMMAND_IMPORT_SENT},
    {"/crash", COMMAND_CRASH},
};

struct commands {
    struct commands_deps deps;
    atomic_uint running;
    pthread_mutex_t crash_lock; /* dumps are written one after another */
};

struct command {
    struct commands *owner;
    enum command_kind kind;
    pthread_mutex_t lock;
    struct front_exchange *x; /* NULL once gone; under the lock */
    unsigned refs;            /* under the lock */
    char *body;
    size_t len, cap, at;
    bool overflowed;
    char camera[PHOTO_CAMERA_MAX]; /* for crash */
    /* for import: gathered and handed on in steps */
    char names[NAMES_AT_ONCE][PHOTO_NAME_MAX];
    size_t name_count;
    uint64_t done;
    bool more; /* another step is needed */
    enum err error;
    bool stopping;
};

static void unref(struct command *c)
{
    pthread_mutex_lock(&c->lock);
    bool last = --c->refs == 0;
    pthread_mutex_unlock(&c->lock);
    if (!last)
        return;
    atomic_fetch_sub(&c->owner->running, 1);
    pthread_mutex_destroy(&c->lock);
    free(c->body);
    free(c);
}

static void answer(struct command *c, unsigned status, const char *json)
{
    struct front_reply reply = {
        .status = status,
        .content_type = "application/json",
        .body = json,
        .body_len = strlen(json),
    };
    pthread_mutex_lock(&c->lock);
    if (c->x != NULL)
        front_answer(c->x, &reply);
    pthread_mutex_unlock(&c->lock);
}

static void answer_error(struct command *c, unsigned status, const char *code, const char *text)
{
    char memory[512];
    struct buf out;
    struct json_out j;
    buf_init(&out, memory, sizeof memory - 1);
    json_out_init(&j, &out);
    json_out_object(&j);
    json_out_put_bool(&j, "success", false);
    json_out_put_text(&j, "error", text);
    json_out_put_text(&j, "code", code);
    json_out_object_end(&j);
    buf_add_char(&out, '\n');
    memory[out.len] = '\0';
    answer(c, status, memory);
}

static void answer_done(struct command *c, const char *what)
{
    char json[96];
    if (c->stopping) {
        answer_error(c, 503, "stopping", "The relay is stopping; try again in a moment.");
        return;
    }
    if (c->error != ERR_OK) {
        answer_error(c, 503, "disk_failed", "The database could not be written.");
        return;
    }
    snprintf(json, sizeof json, "{\"success\": true, \"%s\": %llu}\n", what,
             (unsigned long long)c->done);
    answer(c, 200, json);
}

static bool is_interrupted(const struct command *c)
{
    return c->stopping || c->error != ERR_OK;
}

/* --- retry ------------------------------------------------------------------------------------ */

static void retry_now(void *arg, struct commit *commit)
{
    struct command *c = arg;
    const struct state *state = commit->deps.state;
    const char *name = c->name_count == 0 ? NULL : c->names[0];
    uint64_t count = 0;
    c->error = state->deliveries_retry(state->ctx, name, &count);
    c->done += count;
    c->more = name == NULL && count >= STATE_STEP_MAX; /* it works in steps of so many */
}

static void run_retry(struct command *c)
{
    struct json_receipt receipt;
    const struct json *json = c->owner->deps.json;
    json->receipt(json->ctx, c->body == NULL ? "" : c->body, c->len, &receipt);
    if (!receipt.is_object) {
        answer_error(c, 400, "bad_body", "Send {\"filename\": NAME}, or null for all.");
        return;
    }
    if (receipt.has_filename) {
        memcpy(c->names[0], receipt.filename, sizeof receipt.filename);
        c->name_count = 1;
    }
    uint64_t total = 0;
    do { /* in steps, so that uploads get their turn */
        c->done = 0;
        c->stopping = !committer_call(c->owner->deps.committer, retry_now, c);
        total += c->done;
    } while (!is_interrupted(c) && c->name_count == 0 && c->done > 0);
    c->done = total;
    if (!is_interrupted(c))
        forwarder_retry(c->owner->deps.forwarder);
    answer_done(c, "retried");
}

/* --- import-sent ------------------------------------------------------------------------------ */

static void import_now(void *arg, struct commit *commit)
{
    struct command *c = arg;
    const struct state *state = commit->deps.state;
    const char *names[NAMES_AT_ONCE];
    for (size_t i = 0; i < c->name_count; i++)
        names[i] = c->names[i];
    c->error = state->sent_import(state->ctx, names, c->name_count);
}

static bool import_step(struct command *c)
{
    if (c->name_count > 0) {
        c->stopping = !committer_call(c->owner->deps.committer, import_now, c);
        c->done += c->name_count;
    }
    c->name_count = 0;
    return !c->stopping && c->error == ERR_OK;
}

static bool import_name(void *arg, const char *name)
{
    struct command *c = arg;
    snprintf(c->names[c->name_count++], PHOTO_NAME_MAX, "%s", name);
    return c->name_count < NAMES_AT_ONCE || import_step(c);
}

static enum err read_body(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct command *c = ctx;
    size_t n = c->len - c->at < cap ? c->len - c->at : cap;
    if (n > 0)
        memcpy(out, c->body + c->at, n);
    c->at += n;
    *out_len = n;
    return ERR_OK;
}

/* The names are on the medium when the answer comes. */
static void flush_now(void *arg, struct commit *commit)
{
    struct command *c = arg;
    c->error = commit_flush(commit);
}

static void run_import(struct command *c)
{
    struct json_source source = {c, read_body};
    struct json_trouble trouble = {0};
    const struct json *json = c->owner->deps.json;
    enum err e = json->names(json->ctx, &source, import_name, c, &trouble);
    if (e != ERR_OK && !is_interrupted(c)) {
        answer_error(c, 400, "bad_body",
                     trouble.text[0] != '\0' ? trouble.text : "Send an array of names.");
        return;
    }
    if (!is_interrupted(c) && import_step(c))
        c->stopping = !committer_call(c->owner->deps.committer, flush_now, c);
    forwarder_note_sent(c->owner->deps.forwarder);
    answer_done(c, "imported");
}

/* --- crash ------------------------------------------------------------------------------------ */

static void run_crash(struct command *c)
{
    const struct commands_deps *d = &c->owner->deps;
    char stamp[NAMES_STAMP_MAX];
    char name[CRASHES_NAME_MAX];
    char json[CRASHES_NAME_MAX + 64];
    d->stamp(d->ctx, d->clock->wall_now(d->clock->ctx), stamp);
    pthread_mutex_lock(&c->owner->crash_lock);
    enum err e =
        crashes_store(d->fs, slice_of(c->camera), stamp, (struct slice){c->body, c->len}, name);
    pthread_mutex_unlock(&c->owner->crash_lock);
    if (e != ERR_OK) {
        unsigned status = e == ERR_INPUT ? 400 : e == ERR_LIMIT ? 413 : e == ERR_FULL ? 507 : 503;
        answer_error(c, status, e == ERR_INPUT ? "empty" : "not_stored",
                     "The core dump was not stored; keep it and send it again.");
        return;
    }
    log_line(LOG_LEVEL_WARN, "a camera has crashed camera=%s dump=%s", c->camera, name);
    snprintf(json, sizeof json, "{\"success\": true, \"filename\": \"%s\"}\n", name);
    answer(c, 200, json);
}

static void run(void *arg)
{
    struct command *c = arg;
    switch (c->kind) {
    case COMMAND_CRASH: run_crash(c); break;
    case COMMAND_RETRY: run_retry(c); break;
    case COMMAND_IMPORT_SENT: run_import(c); break;
    }
    unref(c);
}

/* --- the network's side ----------------------------------------------------------------------- */

static struct command *make(struct commands *owner, struct front_exchange *x,
                            enum command_kind kind)
{
    if (atomic_fetch_add(&owner->running, 1) >= COMMANDS_AT_ONCE) {
        atomic_fetch_sub(&owner->running, 1);
        return NULL;
    }
    struct command *c = calloc(1, sizeof *c);
    if (c == NULL) {
        atomic_fetch_sub(&owner->running, 1);
        return NULL;
    }
    c->owner = owner;
    c->kind = kind;
    c->x = x;
    c->refs = 1;
    pthread_mutex_init(&c->lock, NULL);
    if (!slice_to_text(front_header(x, "X-Camera-Id"), c->camera, sizeof c->camera))
        c->camera[0] = '\0'; /* too long to keep: the dump is worth more than its name */
    return c;
}

/* Only our own pages and programs may ask: browsers ask first before a stranger's page sends JSON.
 */
static bool is_json(struct front_exchange *x)
{
    struct http_field_media media;
    return http_field_media(front_header(x, "Content-Type"), &media) == ERR_OK &&
           http_field_media_is(&media, "application/json");
}

static uint64_t body_max(enum command_kind kind)
{
    return kind == COMMAND_CRASH ? CRASHES_BYTES_MAX : COMMANDS_BODY_MAX;
}

static enum refusal judge(struct commands *owner, struct front_exchange *x,
                          const struct front_head *h, enum command_kind kind)
{
    if (h->method != FRONT_POST)
        return REFUSAL_METHOD;
    if (h->has_length && h->length > body_max(kind))
        return REFUSAL_TOO_LARGE;
    if (kind == COMMAND_CRASH)
        return owner->deps.admit(owner->deps.ctx, x);
    if (!pages_opens(owner->deps.pages, front_header(x, "Authorization")))
        return REFUSAL_NO_PASSWORD;
    if (!is_json(x))
        return REFUSAL_NOT_JSON;
    return REFUSAL_NONE;
}

bool commands_head(struct commands *owner, struct front_exchange *x, const struct front_head *h,
                   struct command **out_command, enum front_want *out_want)
{
    size_t i = 0;
    while (i < sizeof COMMANDS / sizeof COMMANDS[0] &&
           !slice_eq(h->path, slice_of(COMMANDS[i].path)))
        i++;
    if (i == sizeof COMMANDS / sizeof COMMANDS[0])
        return false;
    *out_want = FRONT_ANSWERED;
    enum refusal r = judge(owner, x, h, COMMANDS[i].kind);
    if (h->method != FRONT_OPTIONS && r == REFUSAL_NONE) {
        *out_command = make(owner, x, COMMANDS[i].kind);
        r = *out_command == NULL ? REFUSAL_BUSY : REFUSAL_NONE;
    }
    if (h->method == FRONT_OPTIONS) {
        struct front_reply reply = {.status = 204, .header_count = 1};
        reply.headers[0] = (struct front_header_line){"Allow", "POST, OPTIONS"};
        front_answer(x, &reply);
    } else if (r != REFUSAL_NONE) {
        uploads_refuse(x, r, r == REFUSAL_METHOD ? "POST, OPTIONS" : NULL);
    } else {
        *out_want = FRONT_WANT_BODY;
    }
    return true;
}

void commands_body(struct command *c, const void *data, size_t len)
{
    if (c->overflowed || c->len + len > body_max(c->kind)) {
        c->overflowed = true;
        return;
    }
    if (c->len + len > c->cap) {
        size_t cap = c->cap == 0 ? 4096 : c->cap * 2;
        while (cap < c->len + len)
            cap *= 2;
        char *more = realloc(c->body, cap);
        if (more == NULL) {
            c->overflowed = true;
            return;
        }
        c->body = more;
        c->cap = cap;
    }
    memcpy(c->body + c->len, data, len);
    c->len += len;
}

void commands_finish(struct command *c)
{
    if (c->overflowed) {
        uploads_refuse(c->x, REFUSAL_TOO_LARGE, NULL);
        return;
    }
    pthread_mutex_lock(&c->lock);
    c->refs++;
    pthread_mutex_unlock(&c->lock);
    if (!jobs_post(c->owner->deps.jobs, run, c)) {
        uploads_refuse(c->x, REFUSAL_BUSY, NULL);
        unref(c);
    }
}

void commands_gone(struct command *c)
{
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->lock);
    c->x = NULL;
    pthread_mutex_unlock(&c->lock);
    unref(c);
}

enum err commands_create(const struct commands_deps *deps, struct commands **out)
{
    struct commands *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_FULL;
    c->deps = *deps;
    pthread_mutex_init(&c->crash_lock, NULL);
    *out = c;
    return ERR_OK;
}

void commands_destroy(struct commands *c)
{
    if (c == NULL)
        return;
    pthread_mutex_destroy(&c->crash_lock);
    free(c);
}
