#include "relay/logic/catalog.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/wire/timestamp.h"
#include "lib/wire/url.h"
#include "relay/logic/medium.h"

enum catalog_refusal catalog_query_read(struct slice limit, struct slice cursor,
                                        struct slice camera, struct catalog_query *q)
{
    uint64_t number;
    if (limit.ptr != NULL) {
        if (!slice_to_u64(limit, &number) || number < 1 || number > CATALOG_LIMIT_MAX)
            return CATALOG_BAD_LIMIT;
        q->has_limit = true;
        q->limit = (unsigned)number;
    }
    if (cursor.ptr != NULL) {
        if (!slice_to_u64(cursor, &number) || number < 1 || number > INT64_MAX)
            return CATALOG_BAD_CURSOR;
        q->cursor = (int64_t)number;
    }
    if (camera.ptr != NULL && !slice_to_text(camera, q->camera, sizeof q->camera))
        return CATALOG_BAD_CAMERA;
    return CATALOG_FINE;
}

const char *catalog_refusal_text(enum catalog_refusal r)
{
    switch (r) {
    case CATALOG_FINE: return "";
    case CATALOG_BAD_LIMIT: return "limit must be a number from 1 to 1000";
    case CATALOG_BAD_CURSOR: return "cursor must be the value of next from the page before";
    case CATALOG_BAD_CAMERA: return "no camera has a name that long";
    }
    return "";
}

const char *catalog_delivery_name(enum delivery_state s)
{
    switch (s) {
    case DELIVERY_STATE_NONE: return NULL;
    case DELIVERY_STATE_PENDING: return "pending";
    case DELIVERY_STATE_SENT: return "sent";
    case DELIVERY_STATE_DEAD: return "dead";
    }
    return NULL;
}

static void put_time(struct json_out *j, const char *key, struct wall w)
{
    char text[TIMESTAMP_TEXT_MAX];
    timestamp_format(w, false, text);
    json_out_put_text(j, key, w.ms == 0 ? NULL : text);
}

static const char *text_or_null(const char *text)
{
    return text[0] == '\0' ? NULL : text;
}

void catalog_write_photo(const struct listed_photo *row, const char *const *names,
                         size_t name_count, struct json_out *j)
{
    const struct photo *p = &row->photo;
    char sha256[65];
    hex_encode(p->sha256, sizeof p->sha256, sha256);
    json_out_put_text(j, "filename", p->name);
    json_out_put_uint(j, "size", p->size_bytes);
    put_time(j, "received_at", p->received);
    put_time(j, "captured_at", p->captured);
    json_out_put_text(j, "camera", text_or_null(p->camera));
    json_out_put_text(j, "sha256", sha256);
    json_out_key(j, "deliveries");
    json_out_object(j);
    for (size_t d = 0; d < name_count; d++)
        if (catalog_delivery_name(row->deliveries[d]) != NULL)
            json_out_put_text(j, names[d], catalog_delivery_name(row->deliveries[d]));
    json_out_object_end(j);
}

void catalog_write_address(const char *folder, const char *name, struct buf *out)
{
    buf_add_text(out, folder);
    url_encode_segment(slice_of(name), out);
}

static void put_address(struct json_out *j, const char *key, const char *folder, const char *name)
{
    char text[3 * PHOTO_NAME_MAX + 16];
    struct buf b;
    buf_init(&b, text, sizeof text);
    catalog_write_address(folder, name, &b);
    json_out_put_slice(j, key, buf_slice(&b));
}

static void write_delivery(struct catalog *c, const struct outbox_row *row)
{
    struct json_out *j = &c->json;
    bool known = row->destination < c->destination_count;
    json_out_put_text(j, "filename", row->photo.name);
    json_out_put_uint(j, "size", row->photo.size_bytes);
    put_time(j, "received_at", row->photo.received);
    json_out_put_text(j, "camera", text_or_null(row->photo.camera));
    json_out_put_text(j, "destination", known ? c->destinations[row->destination] : NULL);
    json_out_put_text(j, "state", row->dead ? "dead" : "pending");
    json_out_put_uint(j, "tries", row->tries);
    put_time(j, "due_at", row->due);
    json_out_put_bool(j, "ambiguous", row->ambiguous);
    json_out_put_text(j, "error", text_or_null(row->error));
}

static bool lists_photos(const struct catalog *c)
{
    return c->query.kind == CATALOG_PHOTOS || c->query.kind == CATALOG_GALLERY;
}

static enum err fill_photos(struct catalog *c, struct state_view *view)
{
    int64_t before = c->last_id == 0 ? INT64_MAX : c->last_id;
    const char *camera = text_or_null(c->query.camera);
    enum err e = view->list(view->ctx, c->query.seen, before, camera, c->page.photos, CATALOG_ROWS,
                            &c->page_count);
    c->page_is_last = c->page_count < CATALOG_ROWS;
    return e;
}

/* A photo owed to several destinations has several rows, and the next page begins behind its
 * number: so a full page gives back its last photo, which may not be there whole. */
static enum err fill_outbox(struct catalog *c, struct state_view *view)
{
    enum err e = view->outbox_list(view->ctx, c->query.seen, c->query.kind == CATALOG_DEAD,
                                   c->last_id, c->page.outbox, CATALOG_ROWS, &c->page_count);
    c->page_is_last = c->page_count < CATALOG_ROWS;
    if (e != ERR_OK || c->page_is_last)
        return e;
    int64_t last = c->page.outbox[CATALOG_ROWS - 1].photo.id;
    while (c->page_count > 0 && c->page.outbox[c->page_count - 1].photo.id == last)
        c->page_count--;
    assert(c->page_count > 0); /* CATALOG_ROWS > DESTINATIONS_MAX */
    return ERR_OK;
}

static enum err fill_page(struct catalog *c)
{
    struct state_view *view;
    enum err e = c->rows.view(c->rows.ctx, &view);
    if (e != ERR_OK)
        return e;
    c->page_at = 0;
    c->page_count = 0;
    e = lists_photos(c) ? fill_photos(c, view) : fill_outbox(c, view);
    c->rows.done(c->rows.ctx, view);
    return e;
}

enum err catalog_begin(struct catalog *c, const struct catalog_rows *rows,
                       const struct catalog_query *q, const char *const *names, size_t name_count)
{
    assert(name_count <= DESTINATIONS_MAX);
    *c = (struct catalog){
        .rows = *rows, .query = *q, .destination_count = name_count, .last_id = q->cursor};
    for (size_t d = 0; d < name_count; d++)
        c->destinations[d] = names[d];
    buf_init(&c->buf, c->text, sizeof c->text);
    json_out_init(&c->json, &c->buf);
    json_out_object(&c->json);
    json_out_key(&c->json, lists_photos(c) ? "files" : "deliveries");
    json_out_array(&c->json);
    return fill_page(c);
}

static void write_end(struct catalog *c, bool more)
{
    char cursor[24];
    (void)snprintf(cursor, sizeof cursor, "%" PRId64, c->last_id);
    json_out_array_end(&c->json);
    json_out_put_uint(&c->json, "count", c->written);
    json_out_put_text(&c->json, "next", more ? cursor : NULL);
    json_out_object_end(&c->json);
    buf_add_char(&c->buf, '\n');
    c->ended = true;
}

static int64_t next_id(const struct catalog *c)
{
    return lists_photos(c) ? c->page.photos[c->page_at].photo.id
                           : c->page.outbox[c->page_at].photo.id;
}

/* Of a recording there is no small picture. */
static void put_kind(struct json_out *j, const char *name)
{
    enum medium m = MEDIUM_JPEG;
    (void)medium_of_name(slice_of(name), &m); /* every stored file has such a name */
    if (medium_is_sound(m))
        json_out_put_null(j, "thumb");
    else
        put_address(j, "thumb", "/thumbs/", name);
    json_out_put_text(j, "type", medium_type(m));
}

static void write_entry(struct catalog *c)
{
    c->last_id = next_id(c);
    json_out_object(&c->json);
    if (lists_photos(c)) {
        const struct listed_photo *row = &c->page.photos[c->page_at];
        catalog_write_photo(row, c->destinations, c->destination_count, &c->json);
        if (c->query.kind == CATALOG_GALLERY) {
            put_address(&c->json, "photo", "/photos/", row->photo.name);
            put_kind(&c->json, row->photo.name);
        }
    } else {
        write_delivery(c, &c->page.outbox[c->page_at]);
    }
    json_out_object_end(&c->json);
    c->page_at++;
    c->written++;
}

/* Puts the next piece into `text`: an entry, or the end. */
static enum err write_more(struct catalog *c)
{
    bool have = c->page_at < c->page_count;
    if (!have && !c->page_is_last) {
        enum err e = fill_page(c);
        if (e != ERR_OK)
            return e;
        have = c->page_at < c->page_count;
    }
    /* Rows of one photo stay together, or a cursor between them would skip the rest. */
    bool enough = c->query.has_limit && c->written >= c->query.limit;
    if (have && !(enough && next_id(c) != c->last_id))
        write_entry(c);
    else
        write_end(c, have);
    assert(!c->buf.overflowed);
    return ERR_OK;
}

enum err catalog_read(struct catalog *c, void *out, size_t cap, size_t *out_len)
{
    size_t len = 0;
    while (len < cap) {
        size_t rest = c->buf.len - c->text_at;
        if (rest > 0) {
            size_t n = rest < cap - len ? rest : cap - len;
            memcpy((char *)out + len, c->text + c->text_at, n);
            c->text_at += n;
            len += n;
            continue;
        }
        if (c->ended)
            break;
        buf_clear(&c->buf);
        c->text_at = 0;
        enum err e = write_more(c);
        if (e != ERR_OK)
            return e;
    }
    *out_len = len;
    return ERR_OK;
}
