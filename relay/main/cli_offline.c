#include "relay/main/cli_offline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/port/state_sqlite.h"

static const char *const NUMBERS[DESTINATIONS_MAX] = {"1", "2", "3", "4", "5", "6", "7", "8"};

static bool open_view(const char *database, struct state_view *out)
{
    if (state_sqlite_view_open(database, out) == ERR_OK)
        return true;
    cli_say("%s cannot be read", database);
    return false;
}

static bool grow(struct cli_answer *a, size_t more)
{
    if (a->body_len + more + 1 <= a->body_cap)
        return true;
    size_t cap = 2 * a->body_cap + more + 1;
    char *body = realloc(a->body, cap);
    if (body == NULL)
        return false;
    a->body = body;
    a->body_cap = cap;
    return true;
}

static bool append(struct cli_answer *a, const void *data, size_t len)
{
    if (!grow(a, len))
        return false;
    memcpy(a->body + a->body_len, data, len);
    a->body_len += len;
    a->body[a->body_len] = '\0';
    return true;
}

static enum err lend(void *ctx, struct state_view **out)
{
    *out = ctx;
    return ERR_OK;
}

static void take_back(void *ctx, struct state_view *view)
{
    (void)ctx;
    (void)view;
}

static enum err read_catalog(struct catalog *c, struct cli_answer *out)
{
    char piece[8192];
    size_t len;
    for (;;) {
        enum err e = catalog_read(c, piece, sizeof piece, &len);
        if (e != ERR_OK || len == 0)
            return e;
        if (!append(out, piece, len))
            return ERR_FULL;
    }
}

bool cli_offline_list(const char *database, enum catalog_kind kind, unsigned limit,
                      struct cli_answer *out)
{
    *out = (struct cli_answer){.reached = true, .status = 200};
    struct state_view view;
    if (!open_view(database, &view))
        return false;
    struct catalog *c = malloc(sizeof *c);
    enum err e = ERR_FULL;
    if (c != NULL) {
        struct catalog_rows rows = {&view, lend, take_back};
        struct catalog_query query = {
            .kind = kind, .has_limit = true, .limit = limit, .seen = INT64_MAX};
        e = catalog_begin(c, &rows, &query, NUMBERS, DESTINATIONS_MAX);
        if (e == ERR_OK)
            e = read_catalog(c, out);
    }
    free(c);
    view.close(view.ctx);
    if (e != ERR_OK)
        cli_say("%s cannot be read to its end", database);
    return e == ERR_OK;
}

struct collecting {
    struct cli_answer *answer;
    bool full, any;
};

static bool add_name(void *arg, const char *name)
{
    struct collecting *c = arg;
    char line[6 * PHOTO_NAME_MAX + 8];
    struct buf b;
    struct json_out j;
    buf_init(&b, line, sizeof line);
    buf_add_text(&b, c->any ? ",\n" : "\n");
    json_out_init(&j, &b);
    json_out_text(&j, slice_of(name));
    c->any = true;
    c->full = !append(c->answer, b.ptr, b.len);
    return !c->full;
}

bool cli_offline_sent(const char *database, struct cli_answer *out)
{
    *out = (struct cli_answer){.reached = true, .status = 200};
    struct state_view view;
    if (!open_view(database, &view))
        return false;
    struct collecting c = {.answer = out, .full = !append(out, "[", 1)};
    enum err e = view.sent_names(view.ctx, INT64_MAX, add_name, &c);
    view.close(view.ctx);
    if (e == ERR_OK && !c.full && append(out, "\n]\n", 3))
        return true;
    cli_say("%s cannot be read to its end", database);
    return false;
}

static void write_counts(const struct state_counts *n, struct json_out *j)
{
    json_out_object(j);
    json_out_put_text(j, "status", "no relay runs");
    json_out_put_uint(j, "stored_total", n->stored);
    json_out_key(j, "destinations");
    json_out_array(j);
    for (size_t d = 0; d < DESTINATIONS_MAX; d++) {
        if (n->pending[d] + n->sent[d] + n->dead[d] == 0)
            continue;
        json_out_object(j);
        json_out_put_text(j, "name", NUMBERS[d]);
        json_out_put_uint(j, "pending", n->pending[d]);
        json_out_put_uint(j, "sent_total", n->sent[d]);
        json_out_put_uint(j, "dead", n->dead[d]);
        json_out_object_end(j);
    }
    json_out_array_end(j);
    json_out_object_end(j);
}

bool cli_offline_counts(const char *database, struct cli_answer *out)
{
    *out = (struct cli_answer){.reached = true, .status = 200};
    struct state_view view;
    struct state_counts counts;
    if (!open_view(database, &view))
        return false;
    enum err e = view.counts(view.ctx, INT64_MAX, &counts);
    view.close(view.ctx);
    char text[4096];
    struct buf b;
    struct json_out j;
    buf_init(&b, text, sizeof text);
    json_out_init(&j, &b);
    write_counts(&counts, &j);
    if (e == ERR_OK && append(out, b.ptr, b.len))
        return true;
    cli_say("%s cannot be read", database);
    return false;
}
