#include "relay/logic/overview.h"

#include "lib/wire/timestamp.h"
#include "relay/logic/catalog.h"
#include "relay/logic/routes.h"

uint64_t overview_forwarded(const struct overview *o)
{
    uint64_t sum = 0;
    for (size_t d = 0; d < o->in.destination_count; d++)
        sum += o->in.destinations[d].sent_total;
    return sum;
}

uint64_t overview_pending(const struct overview *o)
{
    uint64_t sum = 0;
    for (size_t d = 0; d < o->in.destination_count; d++)
        sum += o->in.destinations[d].pending;
    return sum;
}

uint64_t overview_failed(const struct overview *o)
{
    uint64_t sum = 0;
    for (size_t d = 0; d < o->in.destination_count; d++)
        sum += o->in.destinations[d].dead;
    return sum;
}

static void put_time(struct json_out *j, const char *key, struct wall w)
{
    char text[TIMESTAMP_TEXT_MAX];
    timestamp_format(w, false, text);
    json_out_put_text(j, key, w.ms == 0 ? NULL : text);
}

static void write_latest(const struct overview *o, struct json_out *j)
{
    const char *names[DESTINATIONS_MAX];
    for (size_t d = 0; d < o->in.destination_count; d++)
        names[d] = o->in.destinations[d].name;
    json_out_key(j, "latest");
    json_out_array(j);
    for (size_t i = 0; i < o->latest_count; i++) {
        json_out_object(j);
        catalog_write_photo(&o->latest[i], names, o->in.destination_count, j);
        json_out_object_end(j);
    }
    json_out_array_end(j);
}

static void write_settings(const struct overview *o, struct json_out *j)
{
    /* A list of pairs, because a key may have several values. */
    json_out_key(j, "settings");
    json_out_array(j);
    for (size_t i = 0; i < o->setting_count; i++) {
        json_out_object(j);
        json_out_put_text(j, "key", o->settings[i].key);
        json_out_put_text(j, "value", o->settings[i].value);
        json_out_object_end(j);
    }
    json_out_array_end(j);
}

static void write_endpoints(struct json_out *j)
{
    json_out_key(j, "endpoints");
    json_out_array(j);
    for (unsigned r = 0; r < ROUTE_COUNT; r++) {
        if (routes_about((enum route)r, false)[0] == '\0')
            continue;
        json_out_object(j);
        json_out_put_text(j, "path", routes_path((enum route)r));
        json_out_put_text(j, "methods", routes_allow((enum route)r));
        json_out_put_text(j, "about", routes_about((enum route)r, false));
        json_out_object_end(j);
    }
    json_out_array_end(j);
}

static void write_vitals(const struct overview *o, const char *camera, struct json_out *j)
{
    struct vitals_camera v;
    if (o->vitals == NULL || !o->vitals(o->vitals_ctx, camera, &v)) {
        json_out_put_null(j, "vitals");
        return;
    }
    json_out_key(j, "vitals");
    json_out_object(j);
    put_time(j, "at", v.at);
    for (size_t i = 0; i < v.count; i++)
        json_out_put_text(j, v.fields[i].name, v.fields[i].value);
    json_out_object_end(j);
}

static void write_camera_list(const struct overview *o, struct json_out *j)
{
    json_out_key(j, "cameras");
    json_out_array(j);
    for (size_t i = 0; i < o->camera_count; i++) {
        const struct camera_row *c = &o->cameras[i];
        json_out_object(j);
        json_out_put_text(j, "camera", c->camera[0] == '\0' ? NULL : c->camera);
        json_out_put_uint(j, "photos", c->photos);
        json_out_put_uint(j, "bytes", c->bytes);
        json_out_put_uint(j, "missing", c->gaps);
        put_time(j, "last_received_at", c->last_received);
        write_vitals(o, c->camera, j);
        json_out_object_end(j);
    }
    json_out_array_end(j);
}

void overview_write_status(const struct overview *o, struct buf *out)
{
    struct json_out j;
    json_out_init(&j, out);
    json_out_object(&j);
    health_write_members(&o->in, &o->health, &j);
    put_time(&j, "server_time", o->in.now);
    json_out_put_uint(&j, "stored_bytes", o->in.stored_bytes);
    json_out_put_uint(&j, "forwarded_total", overview_forwarded(o));
    json_out_put_uint(&j, "pending", overview_pending(o));
    json_out_put_uint(&j, "failed", overview_failed(o));
    json_out_put_uint(&j, "duplicates_session", o->duplicates);
    json_out_put_uint(&j, "rejected_session", o->rejected);
    json_out_put_text(&j, "dir", o->dir);
    json_out_put_uint(&j, "disk_total_bytes", o->in.disk_total_bytes);
    write_latest(o, &j);
    write_camera_list(o, &j);
    soundboard_write_members(o->sound, &j);
    write_settings(o, &j);
    write_endpoints(&j);
    json_out_object_end(&j);
    buf_add_char(out, '\n');
}

void overview_write_cameras(const struct overview *o, struct buf *out)
{
    struct json_out j;
    json_out_init(&j, out);
    json_out_object(&j);
    write_camera_list(o, &j);
    json_out_put_uint(&j, "count", o->camera_count);
    json_out_object_end(&j);
    buf_add_char(out, '\n');
}
