#include "idf/sockets.h" /* first: see there */

#include "camera/main/pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera_index.h"
#include "esp_heap_caps.h"
#include "esp_http_server.h"
#include "idf/desk_esp.h"
#include "idf/system_esp.h"
#include "idf/update_esp.h"
#include "lib/port/log.h"
#include "lib/wire/form.h"

enum {
    PAGES_STACK = 8 * 1024,
    QUERY_MAX = 128,
    HOST_MAX = 80,
    STREAM_PORT = 81,
    STREAM_FAILURES_MAX = 5,
    SENSOR_WAIT_MS = 5000, /* for whoever has it now; then "busy" */
    SEND_WAIT_S = 2,       /* for a viewer to take some bytes */
    SEND_PIECE = 2880,     /* of a lent frame: two segments */
    SEND_LENT_MAX_MS = 10 * 1000,
};

#define STREAM_BOUNDARY "camrelay-frame"

static struct app *app_of(httpd_req_t *r)
{
    return r->user_ctx;
}

static bool may(httpd_req_t *r)
{
    return desk_esp_may(&app_of(r)->desk, r);
}

/* ---- page and state ---- */

static esp_err_t get_index(httpd_req_t *r)
{
    if (!may(r))
        return ESP_OK;
    httpd_resp_set_type(r, "text/html");
    httpd_resp_set_hdr(r, "Content-Encoding", "gzip");
    httpd_resp_set_hdr(r, "Content-Security-Policy",
                       "default-src 'self' 'unsafe-inline'; img-src *");
    return httpd_resp_send(r, (const char *)CAMERA_INDEX, sizeof CAMERA_INDEX);
}

static bool put_status(void *ctx, struct buf *b)
{
    struct app *a = ctx;
    station_health(&a->station, app_now(a));
    return remote_put_status(&a->station, &a->board_facts, b);
}

static esp_err_t get_status(httpd_req_t *r)
{
    return may(r) ? desk_esp_send_json(&app_of(r)->desk, r, REMOTE_STATUS_MAX, put_status) : ESP_OK;
}

/* ---- changing ---- */

static esp_err_t get_control(httpd_req_t *r)
{
    char query[QUERY_MAX];
    if (!may(r) || !desk_esp_is_own_get(r))
        return ESP_OK;
    if (httpd_req_get_url_query_str(r, query, sizeof query) != ESP_OK)
        return desk_esp_refuse(r, "400 Bad Request", "var and val are wanted");
    struct form_field var = {0}, val = {0}, f;
    struct slice rest = slice_of(query);
    while (form_next_field(&rest, &f) == FORM_FIELD) {
        if (strcmp(f.name, "var") == 0)
            var = f;
        else if (strcmp(f.name, "val") == 0)
            val = f;
    }
    struct app *a = app_of(r);
    app_lock(a);
    a->trial = a->station.settings;
    enum err e = remote_control(&a->trial, slice_of(var.value), slice_of(val.value));
    if (e == ERR_OK)
        e = app_save(a, &a->trial);
    app_unlock(a);
    return desk_esp_answer(r, e, var.value);
}

static esp_err_t post_shoot(httpd_req_t *r)
{
    struct app *a = app_of(r);
    if (!may(r))
        return ESP_OK;
    app_lock(a);
    bool taken = trigger_request(&a->station.trigger);
    app_unlock(a);
    return taken
               ? httpd_resp_sendstr(r, "ok")
               : desk_esp_refuse(r, "429 Too Many Requests", "enough photos are asked for already");
}

/* The browser's clock, milliseconds since 1970. */
static esp_err_t post_time(httpd_req_t *r)
{
    char text[24];
    struct slice body;
    uint64_t ms;
    struct app *a = app_of(r);
    if (!may(r) || !desk_esp_read_body(r, text, sizeof text, &body))
        return ESP_OK;
    if (!slice_to_u64(slice_trim(body), &ms) || ms > INT64_MAX)
        return desk_esp_refuse(r, "400 Bad Request", "milliseconds since 1970 are wanted");
    app_lock(a);
    bool used =
        timekeep_hear(&a->station.time, TIMEKEEP_BROWSER, (struct wall){(int64_t)ms}, app_now(a));
    app_unlock(a);
    if (used)
        system_esp_set_time((struct wall){(int64_t)ms});
    return httpd_resp_sendstr(r, "ok");
}

/* The CA that HTTPS is checked against, as PEM; an empty body: the built-in bundle. */
static esp_err_t post_ca(httpd_req_t *r)
{
    struct app *a = app_of(r);
    struct slice pem;
    if (!may(r))
        return ESP_OK;
    char *memory = malloc(REMOTE_PEM_MAX);
    if (memory == NULL)
        return desk_esp_refuse(r, "503 Service Unavailable", "no memory just now");
    if (!desk_esp_read_body(r, memory, REMOTE_PEM_MAX - 1, &pem)) {
        free(memory);
        return ESP_FAIL;
    }
    app_lock(a);
    enum err e = app_pin_ca(a, pem);
    app_unlock(a);
    free(memory);
    return desk_esp_answer(r, e, "a certificate in PEM is wanted");
}

/* ---- pictures ---- */

/* A picture for a viewer: a copy of its own where there is PSRAM, so that no viewer however slow
 * keeps the sensor; else the driver's frame, for a limited time. */
struct view {
    uint8_t *copy;
    struct shutter_photo photo;
    bool lent; /* and the sensor's lock is held */
};

static void open_view(const struct app *a, struct view *v)
{
    *v = (struct view){0};
    if (a->board_facts.psram)
        v->copy = heap_caps_malloc(APP_VIEW_BYTES, MALLOC_CAP_SPIRAM);
}

static void give_view(struct app *a, struct view *v)
{
    if (!v->lent)
        return;
    a->station.ports.sensor->give(a->station.ports.sensor->ctx, &v->photo.frame);
    v->lent = false;
    xSemaphoreGive(a->sensor_lock);
}

static void close_view(struct app *a, struct view *v)
{
    give_view(a, v);
    free(v->copy);
    v->copy = NULL;
}

/* With the sensor's lock held. */
static const char *take_view(struct app *a, struct view *v)
{
    app_lock(a);
    bool free_frame = a->station.memory.copy != NULL || backlog_release_lent(&a->station.backlog);
    app_unlock(a);
    if (!free_frame)
        return "the only frame is being sent";
    if (!a->station.sensor_on)
        return "the sensor is off or resting";
    switch (shutter_take(&a->station.shutter, v->copy, v->copy == NULL ? 0 : APP_VIEW_BYTES,
                         &v->photo)) {
    case SHUTTER_TAKEN: v->lent = v->photo.lent; return NULL;
    case SHUTTER_TOO_DARK: return "it is too dark";
    case SHUTTER_ENDED:
    case SHUTTER_FAILED: return "the sensor gives no picture";
    }
    return "the sensor gives no picture";
}

/* NULL: `v` has a picture, to be given back; else why not. */
static const char *look(struct app *a, struct view *v)
{
    if (xSemaphoreTake(a->sensor_lock, pdMS_TO_TICKS(SENSOR_WAIT_MS)) != pdTRUE)
        return "the sensor is busy";
    const char *problem = take_view(a, v);
    if (!v->lent)
        xSemaphoreGive(a->sensor_lock);
    return problem;
}

/* Pieces of a lent frame, as long as the viewer keeps up. */
static esp_err_t send_picture(httpd_req_t *r, const struct view *v)
{
    const char *bytes = (const char *)v->photo.bytes;
    size_t left = v->photo.length_bytes;
    if (!v->lent)
        return httpd_resp_send_chunk(r, bytes, (ssize_t)left);
    struct deadline end = deadline_in(app_now(app_of(r)), SEND_LENT_MAX_MS);
    while (left > 0) {
        size_t n = left < SEND_PIECE ? left : SEND_PIECE;
        if (deadline_passed(end, app_now(app_of(r))) ||
            httpd_resp_send_chunk(r, bytes, (ssize_t)n) != ESP_OK)
            return ESP_FAIL;
        bytes += n;
        left -= n;
    }
    return ESP_OK;
}

static esp_err_t get_capture(httpd_req_t *r)
{
    struct app *a = app_of(r);
    struct view v;
    if (!may(r))
        return ESP_OK;
    open_view(a, &v);
    const char *problem = look(a, &v);
    esp_err_t rc;
    if (problem == NULL) {
        httpd_resp_set_type(r, "image/jpeg");
        httpd_resp_set_hdr(r, "Cache-Control", "no-store");
        httpd_resp_set_hdr(r, "Content-Disposition", "inline; filename=capture.jpg");
        rc = v.lent
                 ? send_picture(r, &v)
                 : httpd_resp_send(r, (const char *)v.photo.bytes, (ssize_t)v.photo.length_bytes);
        if (v.lent && rc == ESP_OK)
            rc = httpd_resp_send_chunk(r, NULL, 0);
    } else {
        rc = desk_esp_refuse(r, "503 Service Unavailable", problem);
    }
    close_view(a, &v);
    return rc;
}

static esp_err_t send_frame(httpd_req_t *r, const struct view *v)
{
    char head[96];
    int n = snprintf(head, sizeof head,
                     "\r\n--" STREAM_BOUNDARY "\r\nContent-Type: image/jpeg\r\n"
                     "Content-Length: %" PRIu32 "\r\n\r\n",
                     v->photo.length_bytes);
    esp_err_t rc = httpd_resp_send_chunk(r, head, n);
    return rc == ESP_OK ? send_picture(r, v) : rc;
}

/* Frame after frame until the viewer goes. */
static esp_err_t send_stream(httpd_req_t *r, struct view *v)
{
    struct app *a = app_of(r);
    unsigned failures = 0;
    while (failures < STREAM_FAILURES_MAX && !atomic_load(&a->wants_reboot) &&
           !atomic_load(&a->updating)) {
        const char *problem = look(a, v);
        failures = problem == NULL ? 0 : failures + 1;
        esp_err_t rc = problem == NULL ? send_frame(r, v) : ESP_OK;
        give_view(a, v);
        if (rc != ESP_OK)
            return rc;
        vTaskDelay(pdMS_TO_TICKS(failures > 0 ? 500 : 10)); /* the capture task comes first */
    }
    return httpd_resp_send_chunk(r, NULL, 0);
}

/* Came by way of move_to_stream? */
static bool has_ticket(httpd_req_t *r)
{
    char query[QUERY_MAX];
    struct app *a = app_of(r);
    struct form_field f;
    if (httpd_req_get_url_query_str(r, query, sizeof query) != ESP_OK)
        return false;
    struct slice rest = slice_of(query);
    bool opens = false;
    while (form_next_field(&rest, &f) == FORM_FIELD) {
        if (strcmp(f.name, "ticket") != 0)
            continue;
        app_lock(a);
        opens = ticket_opens(&a->ticket, slice_of(f.value), app_now(a));
        app_unlock(a);
    }
    return opens;
}

static esp_err_t get_stream(httpd_req_t *r)
{
    struct app *a = app_of(r);
    struct view v;
    if (!has_ticket(r) && !may(r))
        return ESP_OK;
    httpd_resp_set_type(r, "multipart/x-mixed-replace;boundary=" STREAM_BOUNDARY);
    open_view(a, &v);
    atomic_fetch_add(&a->watchers, 1);
    esp_err_t rc = send_stream(r, &v);
    atomic_fetch_sub(&a->watchers, 1);
    close_view(a, &v);
    return rc;
}

/* The stream has a port of its own, so that it does not hold up the rest. */
static esp_err_t move_to_stream(httpd_req_t *r)
{
    char host[HOST_MAX], url[HOST_MAX + TICKET_TEXT_MAX + 32];
    struct app *a = app_of(r);
    if (!may(r))
        return ESP_OK;
    if (httpd_req_get_hdr_value_str(r, "Host", host, sizeof host) != ESP_OK)
        return desk_esp_refuse(r, "400 Bad Request", "Host is wanted");
    host[strcspn(host, ":")] = '\0';
    app_lock(a);
    ticket_issue(&a->ticket, &a->random, app_now(a));
    snprintf(url, sizeof url, "http://%s:%d/stream?ticket=%s", host, STREAM_PORT, a->ticket.text);
    app_unlock(a);
    httpd_resp_set_status(r, "302 Found");
    httpd_resp_set_hdr(r, "Location", url);
    httpd_resp_set_hdr(r, "Cache-Control", "no-store");
    return httpd_resp_send(r, NULL, 0);
}

/* ---- update ---- */

/* The sensor is stopped first: its DMA and an erase of flash do not go together. */
static void stop_sensor(void *ctx)
{
    struct app *a = ctx;
    atomic_store(&a->updating, true); /* no photo, no sleep meanwhile */
    xSemaphoreTake(a->sensor_lock, portMAX_DELAY);
    if (a->station.sensor_on)
        a->station.ports.sensor->stop(a->station.ports.sensor->ctx);
    a->station.sensor_on = false;
    xSemaphoreGive(a->sensor_lock);
}

static void go_on_after_update(void *ctx)
{
    struct app *a = ctx;
    atomic_store(&a->updating, false);
}

/* ---- start ---- */

struct route {
    const char *uri;
    httpd_method_t method;
    esp_err_t (*handler)(httpd_req_t *r);
};

static const struct route ROUTES[] = {
    {"/", HTTP_GET, get_index},
    {"/status", HTTP_GET, get_status},
    {"/control", HTTP_GET, get_control},
    {"/capture", HTTP_GET, get_capture},
    {"/stream", HTTP_GET, move_to_stream},
    {"/api/shoot", HTTP_POST, post_shoot},
    {"/api/time", HTTP_POST, post_time},
    {"/api/ca", HTTP_POST, post_ca},
};

enum { ROUTES_COUNT = sizeof ROUTES / sizeof ROUTES[0] };

static bool add_route(httpd_handle_t server, struct app *a, const struct route *route)
{
    httpd_uri_t uri = {
        .uri = route->uri, .method = route->method, .handler = route->handler, .user_ctx = a};
    return httpd_register_uri_handler(server, &uri) == ESP_OK;
}

static bool start_stream_server(struct app *a)
{
    static const struct route stream = {"/stream", HTTP_GET, get_stream};
    httpd_config_t c = HTTPD_DEFAULT_CONFIG();
    c.server_port = STREAM_PORT;
    c.ctrl_port = (uint16_t)(c.ctrl_port + 1);
    c.stack_size = PAGES_STACK;
    c.send_wait_timeout = SEND_WAIT_S;
    c.max_open_sockets = 2;
    c.lru_purge_enable = true;
    httpd_handle_t server = NULL;
    return httpd_start(&server, &c) == ESP_OK && add_route(server, a, &stream);
}

/* ---- what the desk asks of the camera ---- */

static void lock(void *ctx)
{
    app_lock(ctx);
}

static void unlock(void *ctx)
{
    app_unlock(ctx);
}

static const char *page_password(void *ctx)
{
    return app_page_password(ctx);
}

static const void *settings_in_force(void *ctx)
{
    const struct app *a = ctx;
    return &a->station.settings;
}

static enum err save(void *ctx, const void *values)
{
    return app_save(ctx, values);
}

static void try_wifi(void *ctx, const void *values)
{
    app_try(ctx, values);
}

static void reboot(void *ctx)
{
    app_reboot(ctx);
}

enum err pages_start(struct app *a)
{
    httpd_config_t c = HTTPD_DEFAULT_CONFIG();
    httpd_handle_t server = NULL;
    c.send_wait_timeout = SEND_WAIT_S;
    a->desk = (struct desk){.ctx = a,
                            .table = &settings_table,
                            .realm = "camera",
                            .join = &a->join,
                            .lock = lock,
                            .unlock = unlock,
                            .password = page_password,
                            .values = settings_in_force,
                            .save = save,
                            .try_wifi = try_wifi,
                            .before_update = stop_sensor,
                            .after_update = go_on_after_update,
                            .reboot = reboot};
    bool good = desk_esp_open(&a->desk, &c, ROUTES_COUNT, &server) == ERR_OK;
    for (unsigned i = 0; good && i < ROUTES_COUNT; i++)
        good = add_route(server, a, &ROUTES[i]);
    if (good && !a->safe_mode)
        good = start_stream_server(a);
    return good ? ERR_OK : ERR_IO;
}
