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
    STREAM_PORT = 81,
    STREAM_FAILURES_MAX = 5,
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
    if (!may(r))
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

/* ---- pictures ---- */

/* A fresh frame, lent. Holds the sensor's lock until give_frame. */
static enum shutter_result lend_frame(struct app *a, struct shutter_photo *out)
{
    xSemaphoreTake(a->sensor_lock, portMAX_DELAY);
    return a->station.sensor_on ? shutter_take(&a->station.shutter, NULL, 0, out) : SHUTTER_FAILED;
}

static void give_frame(struct app *a, const struct shutter_photo *p, enum shutter_result result)
{
    if (result == SHUTTER_TAKEN)
        a->station.ports.sensor->give(a->station.ports.sensor->ctx, &p->frame);
    xSemaphoreGive(a->sensor_lock);
}

static esp_err_t get_capture(httpd_req_t *r)
{
    struct app *a = app_of(r);
    struct shutter_photo p = {0};
    if (!may(r))
        return ESP_OK;
    enum shutter_result result = lend_frame(a, &p);
    esp_err_t rc;
    if (result == SHUTTER_TAKEN) {
        httpd_resp_set_type(r, "image/jpeg");
        httpd_resp_set_hdr(r, "Cache-Control", "no-store");
        httpd_resp_set_hdr(r, "Content-Disposition", "inline; filename=capture.jpg");
        rc = httpd_resp_send(r, (const char *)p.bytes, (ssize_t)p.length_bytes);
    } else {
        rc = desk_esp_refuse(r, "503 Service Unavailable",
                             result == SHUTTER_TOO_DARK ? "it is too dark"
                                                        : "the sensor gives no picture");
    }
    give_frame(a, &p, result);
    return rc;
}

static esp_err_t send_frame(httpd_req_t *r, const struct shutter_photo *p)
{
    char head[96];
    int n = snprintf(head, sizeof head,
                     "\r\n--" STREAM_BOUNDARY "\r\nContent-Type: image/jpeg\r\n"
                     "Content-Length: %" PRIu32 "\r\n\r\n",
                     p->length_bytes);
    esp_err_t rc = httpd_resp_send_chunk(r, head, n);
    if (rc == ESP_OK)
        rc = httpd_resp_send_chunk(r, (const char *)p->bytes, (ssize_t)p->length_bytes);
    return rc;
}

static esp_err_t get_stream(httpd_req_t *r)
{
    struct app *a = app_of(r);
    if (!may(r))
        return ESP_OK;
    httpd_resp_set_type(r, "multipart/x-mixed-replace;boundary=" STREAM_BOUNDARY);
    esp_err_t rc = ESP_OK;
    unsigned failures = 0;
    while (rc == ESP_OK && failures < STREAM_FAILURES_MAX && !atomic_load(&a->wants_reboot)) {
        struct shutter_photo p = {0};
        enum shutter_result result = lend_frame(a, &p);
        failures = result == SHUTTER_TAKEN ? 0 : failures + 1;
        if (result == SHUTTER_TAKEN)
            rc = send_frame(r, &p);
        give_frame(a, &p, result);
        vTaskDelay(pdMS_TO_TICKS(failures > 0 ? 500 : 10)); /* the capture task comes first */
    }
    return rc == ESP_OK ? httpd_resp_send_chunk(r, NULL, 0) : rc;
}

static esp_err_t move_to_stream(httpd_req_t *r)
{
    char url[64];
    struct app *a = app_of(r);
    if (!may(r))
        return ESP_OK;
    app_lock(a);
    snprintf(url, sizeof url, "http://%s:%d/stream", a->join.address, STREAM_PORT);
    app_unlock(a);
    httpd_resp_set_status(r, "302 Found");
    httpd_resp_set_hdr(r, "Location", url);
    return httpd_resp_send(r, NULL, 0);
}

/* ---- update ---- */

/* The sensor is stopped first: its DMA and an erase of flash do not go together. */
static void stop_sensor(void *ctx)
{
    struct app *a = ctx;
    xSemaphoreTake(a->sensor_lock, portMAX_DELAY);
    if (a->station.sensor_on)
        a->station.ports.sensor->stop(a->station.ports.sensor->ctx);
    a->station.sensor_on = false;
    xSemaphoreGive(a->sensor_lock);
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
                            .reboot = reboot};
    bool good = desk_esp_open(&a->desk, &c, ROUTES_COUNT, &server) == ERR_OK;
    for (unsigned i = 0; good && i < ROUTES_COUNT; i++)
        good = add_route(server, a, &ROUTES[i]);
    if (good && !a->safe_mode)
        good = start_stream_server(a);
    return good ? ERR_OK : ERR_IO;
}
