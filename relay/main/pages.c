#include <stdlib.h>
#include <string.h>

#include "lib/wire/http_field.h"
#include "lib/wire/json_out.h"
#include "relay/logic/negotiate.h"
#include "relay/main/pages_inside.h"
#include "relay/main/web.h"

enum { ERROR_BYTES_MAX = 512, CREDENTIALS_MAX = 512 };

static const char REALM[] = "Basic realm=\"camrelay\", charset=\"UTF-8\"";

void pages_add_header(struct front_reply *reply, const char *name, const char *value)
{
    reply->headers[reply->header_count++] = (struct front_header_line){name, value};
}

static void answer_error_now(struct front_exchange *x, struct front_reply *reply, const char *code,
                             const char *text)
{
    char memory[ERROR_BYTES_MAX];
    struct buf out;
    struct json_out j;
    buf_init(&out, memory, sizeof memory);
    json_out_init(&j, &out);
    json_out_object(&j);
    json_out_put_bool(&j, "success", false);
    json_out_put_text(&j, "error", text);
    json_out_put_text(&j, "code", code);
    json_out_object_end(&j);
    buf_add_char(&out, '\n');
    reply->content_type = "application/json";
    reply->body = out.ptr;
    reply->body_len = out.len;
    pages_add_header(reply, "Cache-Control", "no-store");
    front_answer(x, reply);
}

void pages_answer(struct pages_request *r, struct front_reply *reply)
{
    reply->head_only = r->head_only;
    pages_add_header(reply, "X-Content-Type-Options", "nosniff");
    pthread_mutex_lock(&r->lock);
    if (r->x != NULL)
        front_answer(r->x, reply);
    else if (reply->source.close != NULL)
        reply->source.close(reply->source.ctx);
    pthread_mutex_unlock(&r->lock);
}

void pages_answer_error(struct pages_request *r, unsigned status, const char *code,
                        const char *text)
{
    struct front_reply reply = {.status = status, .head_only = r->head_only};
    if (status == 503)
        pages_add_header(&reply, "Retry-After", "2");
    pthread_mutex_lock(&r->lock);
    if (r->x != NULL)
        answer_error_now(r->x, &reply, code, text);
    pthread_mutex_unlock(&r->lock);
}

/* Text on the heap as a body that is pulled, so that it is not copied once more. */
struct text_source {
    size_t len, at;
    char *text;
};

static enum err text_read(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct text_source *t = ctx;
    size_t n = t->len - t->at < cap ? t->len - t->at : cap;
    memcpy(out, t->text + t->at, n);
    t->at += n;
    *out_len = n;
    return ERR_OK;
}

static void text_close(void *ctx)
{
    struct text_source *t = ctx;
    free(t->text);
    free(t);
}

void pages_set_text(struct front_reply *reply, char *text, size_t len)
{
    struct text_source *t = malloc(sizeof *t);
    if (t == NULL) {
        free(text);
        reply->status = 503;
        return;
    }
    *t = (struct text_source){len, 0, text};
    reply->source = (struct front_source){t, text_read, text_close};
    reply->has_source_length = true;
    reply->source_length = len;
}

static void let_go(struct pages_request *r, bool exchange_too)
{
    pthread_mutex_lock(&r->lock);
    if (exchange_too)
        r->x = NULL;
    bool last = --r->owners == 0;
    pthread_mutex_unlock(&r->lock);
    if (!last)
        return;
    struct pages *p = r->pages;
    pthread_mutex_destroy(&r->lock);
    free(r);
    pthread_mutex_lock(&p->lock);
    if (--p->requests == 0)
        pthread_cond_broadcast(&p->idle);
    pthread_mutex_unlock(&p->lock);
}

void pages_release(struct pages_request *r)
{
    let_go(r, false);
}

void pages_gone(struct pages_request *r)
{
    if (r != NULL)
        let_go(r, true);
}

bool pages_opens(struct pages *p, struct slice authorization)
{
    const struct pages_deps *d = &p->deps;
    struct slice user, password = {0}, token;
    char memory[CREDENTIALS_MAX];
    if (d->password_opens == NULL)
        return true;
    if (authorization.ptr != NULL && d->token_opens != NULL &&
        http_field_bearer(authorization, &token) && d->token_opens(d->ctx, token))
        return true;
    if (authorization.ptr != NULL &&
        http_field_basic(authorization, memory, sizeof memory, &user, &password) != ERR_OK)
        password = (struct slice){0};
    return d->password_opens(d->ctx, password);
}

static void answer_asset(struct front_exchange *x, const struct web_file *file, bool head_only)
{
    bool gzip = file->gzip != NULL && negotiate_gzip(front_header(x, "Accept-Encoding"));
    char etag[64];
    struct buf tag;
    buf_init(&tag, etag, sizeof etag);
    /* Other bytes, another strong tag: the closing quote makes room for the suffix. */
    buf_add(&tag, file->etag, strlen(file->etag) - 1);
    buf_add_text(&tag, gzip ? "-gzip\"" : "\"");
    struct front_reply reply = {.status = 200,
                                .content_type = file->type,
                                .body = gzip ? file->gzip : file->plain,
                                .body_len = gzip ? file->gzip_len : file->plain_len,
                                .body_is_static = true,
                                .head_only = head_only};
    pages_add_header(&reply, "ETag", buf_text(&tag));
    pages_add_header(&reply, "Vary", "Accept-Encoding");
    pages_add_header(&reply, "Cache-Control", "no-cache");
    pages_add_header(&reply, "X-Content-Type-Options", "nosniff");
    struct slice match = front_header(x, "If-None-Match");
    if (match.ptr != NULL && http_field_has_etag(match, buf_slice(&tag))) {
        reply.status = 304;
        reply.content_type = NULL;
        reply.body = NULL;
        reply.body_len = 0;
    } else if (gzip) {
        pages_add_header(&reply, "Content-Encoding", "gzip");
    }
    front_answer(x, &reply);
}

static bool copy_field(const struct front_exchange *x, const char *name, char *out)
{
    struct slice value = front_header(x, name);
    return value.ptr != NULL && slice_to_text(value, out, PHOTO_REPLY_FIELD_MAX);
}

static bool wants_korean(const struct front_exchange *x)
{
    struct slice asked = front_query(x, "lang");
    if (slice_eq(asked, SLICE("ko")) || slice_eq(asked, SLICE("en")))
        return asked.ptr[0] == 'k';
    return http_field_prefers_korean(front_header(x, "Accept-Language"));
}

/* Everything a worker will need: headers may not be read from there. NULL: no memory. */
static struct pages_request *remember(struct pages *p, struct front_exchange *x, enum route route,
                                      const struct front_head *h)
{
    struct pages_request *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    r->pages = p;
    r->route = route;
    r->head_only = h->method == FRONT_HEAD;
    r->korean = wants_korean(x);
    r->has_if_none_match = copy_field(x, "If-None-Match", r->if_none_match);
    r->has_if_range = copy_field(x, "If-Range", r->if_range);
    r->has_range = copy_field(x, "Range", r->range);
    pthread_mutex_init(&r->lock, NULL);
    r->x = x;
    r->owners = 2; /* the exchange, and the work */
    pthread_mutex_lock(&p->lock);
    p->requests++;
    pthread_mutex_unlock(&p->lock);
    return r;
}

static void post(struct pages_request *r, struct jobs *jobs, void (*run)(void *arg))
{
    if (jobs_post(jobs, run, r))
        return;
    pages_answer_error(r, 503, "busy", "The relay is busy; try again shortly.");
    pages_release(r);
}

static void begin_catalog(struct pages_request *r, enum catalog_kind kind)
{
    r->query.kind = kind;
    struct front_exchange *x = r->x;
    enum catalog_refusal refusal = catalog_query_read(
        front_query(x, "limit"), front_query(x, "cursor"), front_query(x, "camera"), &r->query);
    if (refusal != CATALOG_FINE) {
        pages_answer_error(r, 400, "bad_query", catalog_refusal_text(refusal));
        pages_release(r);
        return;
    }
    if (kind == CATALOG_GALLERY && !r->query.has_limit) {
        r->query.has_limit = true;
        r->query.limit = 50;
    }
    post(r, r->pages->deps.jobs, pages_catalog_run);
}

static void begin_named(struct pages_request *r, struct slice name)
{
    if (!photo_reply_name_ok(name) || !slice_to_text(name, r->name, sizeof r->name)) {
        pages_answer_error(r, 404, "not_found", "There is no photo of that name.");
        pages_release(r);
    } else if (r->route == ROUTE_PHOTO) {
        post(r, r->pages->deps.jobs, pages_photo_run);
    } else {
        post(r, r->pages->slow, pages_thumb_run);
    }
}

static void begin(struct pages_request *r, struct slice rest)
{
    switch (r->route) {
    case ROUTE_HOME:
    case ROUTE_HEALTH:
    case ROUTE_METRICS:
    case ROUTE_CAMERAS:
    case ROUTE_STATUS:
        r->wait = (struct snapshot_wait){.done = pages_live_done, .arg = r};
        snapshot_ask(r->pages->snapshots, &r->wait);
        break;
    case ROUTE_PHOTO:
    case ROUTE_THUMB: begin_named(r, rest); break;
    case ROUTE_LIST: begin_catalog(r, CATALOG_PHOTOS); break;
    case ROUTE_GALLERY: begin_catalog(r, CATALOG_GALLERY); break;
    case ROUTE_PENDING: begin_catalog(r, CATALOG_PENDING); break;
    case ROUTE_DEAD: begin_catalog(r, CATALOG_DEAD); break;
    case ROUTE_SENT: post(r, r->pages->slow, pages_sent_run); break;
    case ROUTE_UPLOAD:
    case ROUTE_SNAPSHOT:
    case ROUTE_CRASH:
    case ROUTE_RETRY:
    case ROUTE_IMPORT_SENT:
    case ROUTE_ASSET:
    case ROUTE_ICON:
    case ROUTE_OLD_ICON:
    case ROUTE_COUNT: abort(); /* answered before, or not ours */
    }
}

static const struct web_file *asset_of(enum route route, struct slice rest)
{
    if (route == ROUTE_ICON || route == ROUTE_OLD_ICON) /* the latter is what browsers guess */
        return web_find(SLICE("favicon.svg"));
    if (route != ROUTE_ASSET || slice_eq(rest, SLICE("index.html"))) /* a template, not a page */
        return NULL;
    return web_find(rest);
}

/* Answers that need no more than the request. */
static bool answer_at_once(struct pages *p, struct front_exchange *x, const struct front_head *h,
                           enum route route, const struct web_file *asset)
{
    struct front_reply reply = {.status = 204, .head_only = h->method == FRONT_HEAD};
    bool ours = h->method == FRONT_GET || h->method == FRONT_HEAD;
    if (route == ROUTE_NONE || (route == ROUTE_ASSET && asset == NULL)) {
        reply.status = 404;
        answer_error_now(x, &reply, "not_found",
                         "There is nothing at this address; photos go to POST /upload.");
    } else if (h->method == FRONT_OPTIONS) {
        pages_add_header(&reply, "Allow", routes_allow(route));
        front_answer(x, &reply);
    } else if (!ours || !routes_allows(route, h->method_text)) {
        reply.status = 405;
        pages_add_header(&reply, "Allow", routes_allow(route));
        answer_error_now(x, &reply, "method", "This address does not take that method.");
    } else if (route != ROUTE_HEALTH && !pages_opens(p, front_header(x, "Authorization"))) {
        reply.status = 401;
        pages_add_header(&reply, "WWW-Authenticate", REALM);
        answer_error_now(x, &reply, "no_password", "These pages want a password.");
    } else if (asset != NULL) {
        answer_asset(x, asset, h->method == FRONT_HEAD);
    } else {
        return false;
    }
    return true;
}

enum front_want pages_head(struct pages *p, struct front_exchange *x, const struct front_head *h,
                           struct pages_request **out_request)
{
    struct slice rest;
    enum route route = routes_find(h->path, &rest);
    *out_request = NULL;
    if (answer_at_once(p, x, h, route, asset_of(route, rest)))
        return FRONT_ANSWERED;
    struct pages_request *r = remember(p, x, route, h);
    if (r == NULL) {
        struct front_reply reply = {.status = 503, .head_only = h->method == FRONT_HEAD};
        pages_add_header(&reply, "Retry-After", "2");
        answer_error_now(x, &reply, "busy", "The relay is short of memory; try again shortly.");
        return FRONT_ANSWERED;
    }
    *out_request = r;
    begin(r, rest);
    return FRONT_WANT_BODY;
}

enum err pages_create(const struct pages_deps *deps, struct pages **out)
{
    struct pages *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_FULL;
    p->deps = *deps;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->idle, NULL);
    struct views_opener opener = {deps->ctx, deps->view_open};
    enum err e = views_create(&opener, PAGES_VIEWS, &p->views);
    if (e == ERR_OK)
        e = thumbs_create(deps->fs, deps->thumb, deps->metrics, &p->thumbs);
    if (e == ERR_OK)
        e = jobs_create(1, PAGES_SLOW_WAITING, &p->slow);
    if (e == ERR_OK) {
        struct snapshot_deps s = {deps->fs, deps->clock, p->views, deps->ctx, deps->seen};
        e = snapshot_create(&s, &p->snapshots);
    }
    if (e != ERR_OK) {
        pages_destroy(p);
        return e;
    }
    *out = p;
    return ERR_OK;
}

void pages_destroy(struct pages *p)
{
    if (p == NULL)
        return;
    snapshot_destroy(p->snapshots); /* answers who waits */
    jobs_destroy(p->slow);
    pthread_mutex_lock(&p->lock);
    while (p->requests > 0)
        pthread_cond_wait(&p->idle, &p->lock);
    pthread_mutex_unlock(&p->lock);
    thumbs_destroy(p->thumbs);
    views_destroy(p->views);
    pthread_cond_destroy(&p->idle);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
