#include "relay/main/server.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/http_field.h"

struct server {
    struct server_deps deps;
    struct uploads *uploads;
    pthread_mutex_t lock; /* of the settings below */
    struct config_secret tokens[CONFIG_TOKENS_MAX];
    size_t token_count;
    struct config_secret page_password;
    struct retention_rules rules;
    bool refusing; /* the disk was full at the last look */
    struct vitals vitals;
    uint32_t stuck_ms; /* of the committer's work; then nothing is let in */
};

/* The form on the page: whoever may see the pages may upload there. */
static bool password_opens(struct server *s, struct slice authorization)
{
    char memory[CONFIG_TOKEN_MAX + CONFIG_USER_MAX];
    struct slice user;
    struct slice password;
    return s->page_password.set &&
           http_field_basic(authorization, memory, sizeof memory, &user, &password) == ERR_OK &&
           config_secret_matches(&s->page_password, password);
}

/* A token may come as Bearer, or as cameras of Prusa send it. */
enum refusal server_check_token(struct server *s, struct front_exchange *x)
{
    struct slice token = front_header(x, "Token");
    struct slice authorization = front_header(x, "Authorization");
    if (authorization.len > 0 && !http_field_bearer(authorization, &token))
        token = (struct slice){0};
    enum refusal r = REFUSAL_NONE;
    pthread_mutex_lock(&s->lock);
    bool known = s->token_count == 0;
    for (size_t i = 0; i < s->token_count; i++)
        known |= config_secret_matches(&s->tokens[i], token);
    if (!known && !password_opens(s, authorization))
        r = token.len == 0 ? REFUSAL_NO_TOKEN : REFUSAL_BAD_TOKEN;
    pthread_mutex_unlock(&s->lock);
    return r;
}

/* Is the disk in a state to take anything? */
static enum refusal check_disk(struct server *s)
{
    struct committer_status status;
    committer_status(s->deps.committer, &status);
    if (status.failing)
        return REFUSAL_DISK_FAILED;
    pthread_mutex_lock(&s->lock);
    bool stuck = status.busy_ms > s->stuck_ms;
    pthread_mutex_unlock(&s->lock);
    return stuck ? REFUSAL_DISK_STUCK : REFUSAL_NONE;
}

static enum refusal check_room(struct server *s, uint64_t bytes)
{
    struct fs_space space = keeper_space(s->deps.keeper).space;
    pthread_mutex_lock(&s->lock);
    bool room = retention_has_room(&s->rules, space, bytes, &s->refusing);
    pthread_mutex_unlock(&s->lock);
    return room ? REFUSAL_NONE : REFUSAL_FULL;
}

enum refusal server_admit(void *ctx, struct front_exchange *x, uint64_t bytes)
{
    struct server *s = ctx;
    enum refusal r = server_check_token(s, x);
    if (r == REFUSAL_NONE)
        r = check_disk(s);
    if (r != REFUSAL_NONE)
        return r;
    if (front_header(x, "Idempotency-Key").len > 0 && keeper_is_rebuilding(s->deps.keeper))
        return REFUSAL_REBUILDING;
    return check_room(s, bytes);
}

/* What the front keeps for us with each request that is not answered at once: one of the three. */
struct visit {
    struct upload *upload;
    struct command *command;
    struct pages_request *page;
};

/* An address that takes exactly one method for uploads. */
static const struct {
    const char *path;
    enum front_method method;
    const char *allow;
} UPLOAD_PATHS[] = {
    {"/upload", FRONT_POST, "POST, OPTIONS"},
    {"/c/snapshot", FRONT_PUT, "PUT, OPTIONS"},
};

static enum front_want answer_options(struct front_exchange *x, const char *allow)
{
    struct front_reply reply = {.status = 204, .header_count = 1};
    reply.headers[0] = (struct front_header_line){"Allow", allow};
    front_answer(x, &reply);
    return FRONT_ANSWERED;
}

static void add_vital(void *arg, struct slice name, struct slice value)
{
    vitals_add(arg, name, value);
}

static void note_vitals(struct server *s, struct front_exchange *x)
{
    struct vitals_camera report = {0};
    front_each_header(x, add_vital, &report);
    pthread_mutex_lock(&s->lock);
    (void)vitals_put(&s->vitals, front_header(x, "X-Camera-Id"),
                     s->deps.clock->wall_now(s->deps.clock->ctx), &report); /* no name: no entry */
    pthread_mutex_unlock(&s->lock);
}

bool server_vitals(struct server *s, const char *camera, struct vitals_camera *out)
{
    pthread_mutex_lock(&s->lock);
    const struct vitals_camera *c = vitals_find(&s->vitals, camera);
    if (c != NULL)
        *out = *c;
    pthread_mutex_unlock(&s->lock);
    return c != NULL;
}

/* True (and answered, or taken up) if the path is one for uploads. */
static bool try_upload(struct server *s, struct front_exchange *x, const struct front_head *h,
                       struct visit *v, enum front_want *out_want)
{
    *out_want = FRONT_ANSWERED;
    for (size_t i = 0; i < sizeof UPLOAD_PATHS / sizeof UPLOAD_PATHS[0]; i++) {
        if (!slice_eq(h->path, slice_of(UPLOAD_PATHS[i].path)))
            continue;
        if (h->method == UPLOAD_PATHS[i].method)
            *out_want = uploads_head(s->uploads, x, h, &v->upload);
        else if (h->method == FRONT_OPTIONS)
            *out_want = answer_options(x, UPLOAD_PATHS[i].allow);
        else
            uploads_refuse(x, REFUSAL_METHOD, UPLOAD_PATHS[i].allow);
        if (v->upload != NULL)
            note_vitals(s, x);
        return true;
    }
    return false;
}

static enum front_want head(void *ctx, struct front_exchange *x, const struct front_head *h,
                            void **out_user)
{
    struct server *s = ctx;
    enum front_want want = FRONT_ANSWERED;
    struct visit *v = calloc(1, sizeof *v);
    *out_user = NULL;
    if (v == NULL) {
        uploads_refuse(x, REFUSAL_BUSY, NULL);
        return want;
    }
    if (!try_upload(s, x, h, v, &want) &&
        !commands_head(s->deps.commands, x, h, &v->command, &want))
        want = pages_head(s->deps.pages, x, h, &v->page);
    if (v->upload != NULL || v->command != NULL || v->page != NULL)
        *out_user = v;
    else
        free(v);
    return want;
}

static size_t body(void *ctx, struct front_exchange *x, void *user, const void *data, size_t len)
{
    (void)x;
    struct server *s = ctx;
    struct visit *v = user;
    if (v != NULL && v->upload != NULL)
        return uploads_body(s->uploads, v->upload, data, len);
    if (v != NULL && v->command != NULL)
        commands_body(v->command, data, len);
    return len;
}

static void finish(void *ctx, struct front_exchange *x, void *user)
{
    (void)x;
    struct server *s = ctx;
    struct visit *v = user;
    if (v != NULL && v->upload != NULL)
        uploads_finish(s->uploads, v->upload);
    if (v != NULL && v->command != NULL)
        commands_finish(v->command);
}

static void gone(void *ctx, struct front_exchange *x, void *user, bool sent)
{
    (void)x;
    (void)sent;
    struct server *s = ctx;
    struct visit *v = user;
    if (v == NULL)
        return;
    if (v->upload != NULL)
        uploads_gone(s->uploads, v->upload);
    commands_gone(v->command);
    pages_gone(v->page);
    free(v);
}

struct front_handler server_handler(struct server *s)
{
    return (struct front_handler){
        .ctx = s, .head = head, .body = body, .finish = finish, .gone = gone};
}

struct retention_rules server_retention_rules(const struct config *c)
{
    return (struct retention_rules){
        .floor_bytes = c->floor_bytes,
        .floor_percent = c->floor_percent,
        .make_room = c->retention,
        .overwrite_unsent = c->overwrite_unsent,
        .max_age_ms = c->retention_max_age_ms,
        .max_bytes = c->retention_max_bytes,
        .camera_bytes = c->camera_quota_bytes,
    };
}

void server_set_config(struct server *s, const struct config *config)
{
    pthread_mutex_lock(&s->lock);
    memcpy(s->tokens, config->upload_tokens, sizeof s->tokens);
    s->token_count = config->upload_token_count;
    s->page_password = config->page_password;
    s->rules = server_retention_rules(config);
    s->stuck_ms = (uint32_t)config->commit_timeout_ms;
    pthread_mutex_unlock(&s->lock);
}

void server_set_uploads(struct server *s, struct uploads *uploads)
{
    s->uploads = uploads;
}

enum err server_create(const struct server_deps *deps, const struct config *config,
                       struct server **out)
{
    struct server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_FULL;
    s->deps = *deps;
    pthread_mutex_init(&s->lock, NULL);
    server_set_config(s, config);
    *out = s;
    return ERR_OK;
}

void server_destroy(struct server *s)
{
    if (s == NULL)
        return;
    pthread_mutex_destroy(&s->lock);
    free(s);
}
