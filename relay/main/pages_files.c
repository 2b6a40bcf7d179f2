/* What is answered from a worker that reads files and rows: photos, thumbnails, lists. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "relay/logic/layout.h"
#include "relay/logic/medium.h"
#include "relay/main/pages_inside.h"

enum { EXPORT_BYTES = 32768 };

/* A part of an open file, pulled while it is sent. */
struct file_source {
    const struct fs *fs;
    int fd;
    uint64_t at, end;
};

static enum err file_read(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct file_source *f = ctx;
    size_t want = f->end - f->at < cap ? (size_t)(f->end - f->at) : cap;
    *out_len = 0;
    if (want == 0)
        return ERR_OK;
    size_t n = 0;
    enum err e = f->fs->read(f->fs->ctx, f->fd, f->at, out, want, &n);
    if (e != ERR_OK)
        return e;
    if (n == 0) /* the file became shorter than what was announced */
        return ERR_CORRUPT;
    f->at += n;
    *out_len = n;
    return ERR_OK;
}

static void file_close(void *ctx)
{
    struct file_source *f = ctx;
    (void)f->fs->close(f->fs->ctx, f->fd); /* only read */
    free(f);
}

/* `fd` is taken, also when there is no memory (false). */
static bool set_file(struct front_reply *reply, const struct fs *fs, int fd, uint64_t first,
                     uint64_t len)
{
    struct file_source *f = malloc(sizeof *f);
    if (f == NULL) {
        (void)fs->close(fs->ctx, fd);
        return false;
    }
    *f = (struct file_source){fs, fd, first, first + len};
    reply->source = (struct front_source){f, file_read, file_close};
    reply->has_source_length = true;
    reply->source_length = len;
    return true;
}

static void answer_unreadable(struct pages_request *r)
{
    pages_answer_error(r, 503, "unreadable", "The relay cannot read its disk just now.");
}

/* Finds the row; answers what is to be said if there is none. */
static bool find_photo(struct pages_request *r, struct photo *out)
{
    struct pages *p = r->pages;
    struct state_view *view;
    struct listed_photo row;
    bool found = false;
    enum err e = views_take(p->views, &view);
    if (e == ERR_OK) {
        e = view->by_name(view->ctx, p->deps.seen(p->deps.ctx), r->name, &found, &row);
        views_give(p->views, view);
    }
    if (e != ERR_OK)
        answer_unreadable(r);
    else if (!found)
        pages_answer_error(r, 404, "not_found", "There is no photo of that name.");
    else
        *out = row.photo;
    return e == ERR_OK && found;
}

static struct slice field(bool has, const char *text)
{
    return has ? slice_of(text) : (struct slice){0};
}

static void add_photo_headers(struct front_reply *reply, const struct photo_reply *d)
{
    pages_add_header(reply, "ETag", d->etag);
    pages_add_header(reply, "Last-Modified", d->last_modified);
    pages_add_header(reply, "Cache-Control", "private, max-age=31536000, immutable");
    pages_add_header(reply, "Accept-Ranges", "bytes");
    /* Whatever somebody uploaded, it is shown or played and never runs as a page. */
    pages_add_header(reply, "Content-Security-Policy", "default-src 'none'; sandbox");
    if (d->content_range[0] != '\0')
        pages_add_header(reply, "Content-Range", d->content_range);
}

static struct photo_reply decide(const struct pages_request *r, const struct photo *photo)
{
    struct photo_reply_ask ask = {.if_none_match = field(r->has_if_none_match, r->if_none_match),
                                  .if_range = field(r->has_if_range, r->if_range),
                                  .range = field(r->has_range, r->range),
                                  .is_head = r->head_only};
    struct photo_reply d;
    photo_reply_decide(&ask, photo->sha256, photo->size_bytes, photo->received, &d);
    return d;
}

static void answer_photo(struct pages_request *r, const struct photo *photo)
{
    const struct fs *fs = r->pages->deps.fs;
    struct photo_reply d = decide(r, photo);
    struct front_reply reply = {.status = d.status};
    bool found = false;
    int fd = -1;
    struct fs_stat st = {0};
    enum err e = fs->stat(fs->ctx, photo->name, &found, &st);
    if (e == ERR_OK && found && st.size_bytes == photo->size_bytes)
        e = fs->open(fs->ctx, photo->name, &found, &fd);
    if (e != ERR_OK) {
        answer_unreadable(r);
    } else if (!found) {
        pages_answer_error(r, 404, "gone", "The file of this photo is no longer in the folder.");
    } else if (fd < 0) {
        pages_answer_error(r, 500, "damaged", "The file of this photo was changed on disk.");
    } else if (d.status == 200 || d.status == 206) {
        reply.content_type = photo_reply_type(slice_of(photo->name));
        add_photo_headers(&reply, &d);
        if (set_file(&reply, fs, fd, d.first, d.length))
            pages_answer(r, &reply);
        else
            answer_unreadable(r);
    } else {
        (void)fs->close(fs->ctx, fd); /* only opened */
        add_photo_headers(&reply, &d);
        pages_answer(r, &reply);
    }
}

void pages_photo_run(void *arg)
{
    struct pages_request *r = arg;
    struct photo photo;
    if (find_photo(r, &photo))
        answer_photo(r, &photo);
    pages_release(r);
}

static bool is_sound(const struct photo *photo)
{
    enum medium m;
    return medium_of_name(slice_of(photo->name), &m) && medium_is_sound(m);
}

static void answer_thumb(struct pages_request *r, const struct photo *photo)
{
    if (is_sound(photo)) {
        pages_answer_error(r, 404, "no_picture", "This is a recording: there is nothing to see.");
        return;
    }
    r->has_range = false; /* small enough to be sent whole */
    struct photo_reply d = decide(r, photo);
    struct front_reply reply = {.status = d.status};
    char *jpeg;
    size_t len;
    enum err e = d.status == 304 ? ERR_OK : thumbs_get(r->pages->thumbs, photo, &jpeg, &len);
    if (e == ERR_INPUT) {
        pages_answer_error(r, 422, "damaged", "This photo cannot be shown small: it is damaged.");
        return;
    }
    if (e == ERR_LIMIT) {
        pages_answer_error(r, 422, "too_large", "This photo is too large to be shown small.");
        return;
    }
    if (e == ERR_CORRUPT) {
        pages_answer_error(r, 404, "gone", "The file of this photo is no longer in the folder.");
        return;
    }
    if (e != ERR_OK) {
        answer_unreadable(r);
        return;
    }
    pages_add_header(&reply, "ETag", d.etag);
    pages_add_header(&reply, "Cache-Control", "private, max-age=31536000, immutable");
    if (d.status == 200) {
        reply.content_type = "image/jpeg";
        pages_set_text(&reply, jpeg, len);
    }
    pages_answer(r, &reply);
}

void pages_thumb_run(void *arg)
{
    struct pages_request *r = arg;
    struct photo photo;
    if (find_photo(r, &photo))
        answer_thumb(r, &photo);
    pages_release(r);
}

/* A list being sent: rows through the shared readers, names of destinations as they were. */
struct list_source {
    struct catalog catalog;
    char names[DESTINATIONS_MAX][DESTINATION_NAME_MAX];
};

static enum err lend_view(void *ctx, struct state_view **out_view)
{
    return views_take(ctx, out_view);
}

static void take_view_back(void *ctx, struct state_view *view)
{
    views_give(ctx, view);
}

static enum err list_read(void *ctx, void *out, size_t cap, size_t *out_len)
{
    struct list_source *l = ctx;
    return catalog_read(&l->catalog, out, cap, out_len);
}

static size_t name_destinations(struct pages *p, struct list_source *l, const char **out_names)
{
    struct health_input in = {0};
    p->deps.health(p->deps.ctx, &in);
    for (size_t d = 0; d < in.destination_count; d++) {
        (void)snprintf(l->names[d], sizeof l->names[d], "%s", in.destinations[d].name);
        out_names[d] = l->names[d];
    }
    return in.destination_count;
}

static void answer_list(struct pages_request *r)
{
    struct pages *p = r->pages;
    struct list_source *l = calloc(1, sizeof *l);
    if (l == NULL) {
        answer_unreadable(r);
        return;
    }
    const char *names[DESTINATIONS_MAX];
    size_t count = name_destinations(p, l, names);
    struct catalog_rows rows = {p->views, lend_view, take_view_back};
    r->query.seen = p->deps.seen(p->deps.ctx);
    enum err e = catalog_begin(&l->catalog, &rows, &r->query, names, count);
    if (e != ERR_OK) {
        free(l);
        answer_unreadable(r);
        return;
    }
    struct front_reply reply = {.status = 200, .content_type = "application/json"};
    reply.source = (struct front_source){l, list_read, free};
    pages_add_header(&reply, "Cache-Control", "no-store");
    pages_answer(r, &reply);
}

void pages_catalog_run(void *arg)
{
    struct pages_request *r = arg;
    answer_list(r);
    pages_release(r);
}

/* The names go through a file that has no name any more: the database hands them out in one go,
 * the client takes them at its own pace, and memory holds neither. */
struct export
{
    const struct fs *fs;
    int fd;
    enum err e;
    uint64_t len;
    struct buf buf;
    struct json_out json;
    char text[EXPORT_BYTES];
};

static void export_flush(struct export *x)
{
    if (x->e == ERR_OK)
        x->e = x->fs->write(x->fs->ctx, x->fd, x->text, x->buf.len);
    x->len += x->buf.len;
    buf_clear(&x->buf);
}

static bool export_name(void *arg, const char *name)
{
    struct export *x = arg;
    json_out_text(&x->json, slice_of(name));
    if (x->buf.len > EXPORT_BYTES / 2)
        export_flush(x);
    return x->e == ERR_OK;
}

static enum err export_names(struct pages *p, struct export *x)
{
    struct state_view *view;
    enum err e = views_take(p->views, &view);
    if (e != ERR_OK)
        return e;
    buf_init(&x->buf, x->text, sizeof x->text);
    json_out_init(&x->json, &x->buf);
    json_out_array(&x->json);
    e = view->sent_names(view->ctx, p->deps.seen(p->deps.ctx), export_name, x);
    views_give(p->views, view);
    json_out_array_end(&x->json);
    buf_add_char(&x->buf, '\n');
    export_flush(x);
    return e != ERR_OK ? e : x->e;
}

static enum err export_to_file(struct pages *p, struct export *x, bool *out_found)
{
    const struct fs *fs = p->deps.fs;
    char path[FS_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/sent-%u", LAYOUT_TMP, atomic_fetch_add(&p->exports, 1));
    (void)fs->remove(fs->ctx, path); /* left by an earlier run */
    enum err e = fs->create(fs->ctx, path, &x->fd);
    if (e != ERR_OK)
        return e;
    e = export_names(p, x);
    enum err e_close = fs->close(fs->ctx, x->fd);
    if (e == ERR_OK)
        e = e_close;
    if (e == ERR_OK)
        e = fs->open(fs->ctx, path, out_found, &x->fd);
    (void)fs->remove(fs->ctx, path); /* the sweep at start finds it too */
    return e;
}

void pages_sent_run(void *arg)
{
    struct pages_request *r = arg;
    struct pages *p = r->pages;
    struct front_reply reply = {.status = 200, .content_type = "application/json"};
    pages_add_header(&reply, "Cache-Control", "no-store");
    struct export *x = calloc(1, sizeof *x);
    bool found = false;
    if (x != NULL) {
        x->fs = p->deps.fs;
        if (export_to_file(p, x, &found) != ERR_OK)
            found = false;
    }
    if (found && set_file(&reply, p->deps.fs, x->fd, 0, x->len))
        pages_answer(r, &reply);
    else
        answer_unreadable(r);
    free(x);
    pages_release(r);
}
