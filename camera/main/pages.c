#include "idf/sockets.h" /* first: see there */

#include "camera/main/pages.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera_index.h"
#include "esp_heap_caps.h"
#include "esp_http_server.h"
#include "idf/system_esp.h"
#include "idf/update_esp.h"
#include "lib/port/log.h"
#include "lib/wire/form.h"
#include "lib/wire/json_out.h"

enum {
    PAGES_STACK = 8 * 1024,
    QUERY_MAX = 128,
    FIELD_MAX = 256,
    FORM_BYTES_MAX = 4096,
    UPDATE_PIECE = 2048,
    SCAN_JSON_MAX = 3072,
    STREAM_PORT = 81,
    STREAM_FAILURES_MAX = 5,
};

#define STREAM_BOUNDARY "camrelay-frame"

static struct app *app_of(httpd_req_t *r)
{
    return r->user_ctx;
}

/* ---- who may ---- */

static struct slice field(httpd_req_t *r, const char *name, char *memory, size_t cap)
{
    if (httpd_req_get_hdr_value_str(r, name, memory, cap) != ESP_OK)
        return (struct slice){0};
    return slice_of(memory);
}

/* Did it come through the portal's access point? Servers listen on IPv6 as well; an IPv4 address
 * then stands at the end of a longer one. */
static bool is_through_portal(httpd_req_t *r)
{
    static const uint8_t portal[4] = {192, 168, 4, 1};
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    if (getsockname(httpd_req_to_sockfd(r), (struct sockaddr *)&a, &len) != 0)
        return false;
    const uint8_t *at = (const uint8_t *)&((struct sockaddr_in *)(void *)&a)->sin_addr;
    if (a.ss_family == AF_INET6)
        at = (const uint8_t *)&((struct sockaddr_in6 *)(void *)&a)->sin6_addr + 12;
    return memcmp(at, portal, sizeof portal) == 0;
}

static bool may(httpd_req_t *r)
{
    struct app *a = app_of(r);
    char authorization[FIELD_MAX], origin[FIELD_MAX], host[FIELD_MAX];
    if (r->method == HTTP_POST && !admin_is_same_origin(field(r, "Origin", origin, sizeof origin),
                                                        field(r, "Host", host, sizeof host))) {
        httpd_resp_set_status(r, "403 Forbidden");
        httpd_resp_sendstr(r, "this may only be done from the camera's own page");
        return false;
    }
    if (is_through_portal(r))
        return true;
    app_lock(a);
    bool good = admin_may(app_page_password(a),
                          field(r, "Authorization", authorization, sizeof authorization));
    app_unlock(a);
    if (good)
        return true;
    httpd_resp_set_status(r, "401 Unauthorized");
    httpd_resp_set_hdr(r, "WWW-Authenticate", "Basic realm=\"camera\", charset=\"UTF-8\"");
    httpd_resp_sendstr(r, "user admin; the password is printed on the serial console");
    return false;
}

static esp_err_t refuse(httpd_req_t *r, const char *status, const char *why)
{
    httpd_resp_set_status(r, status);
    return httpd_resp_sendstr(r, why);
}

/* Reads a body of at most `cap` bytes. False: too long or broken off; an answer was sent. */
static bool read_body(httpd_req_t *r, char *out, size_t cap, struct slice *out_body)
{
    size_t len = 0;
    if (r->content_len > cap) {
        (void)refuse(r, "413 Content Too Large", "too long");
        return false;
    }
    while (len < r->content_len) {
        int n = httpd_req_recv(r, out + len, r->content_len - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
    }
    *out_body = (struct slice){out, len};
    return true;
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

/* Calls `put` under the lock with a buffer from the heap, then sends it. */
static esp_err_t send_json(httpd_req_t *r, size_t cap, bool (*put)(struct app *a, struct buf *b))
{
    char *memory = malloc(cap);
    if (memory == NULL)
        return refuse(r, "503 Service Unavailable", "no memory just now");
    struct buf b;
    buf_init(&b, memory, cap);
    app_lock(app_of(r));
    bool good = put(app_of(r), &b);
    app_unlock(app_of(r));
    httpd_resp_set_type(r, "application/json");
    httpd_resp_set_hdr(r, "Cache-Control", "no-store");
    esp_err_t rc = good ? httpd_resp_send(r, b.ptr, (ssize_t)b.len)
                        : refuse(r, "500 Internal Server Error", "the answer does not fit");
    free(memory);
    return rc;
}

static bool put_status(struct app *a, struct buf *b)
{
    station_health(&a->station, app_now(a));
    return remote_put_status(&a->station, &a->board_facts, b);
}

static bool put_settings(struct app *a, struct buf *b)
{
    return prefs_put_json(&settings_table, &a->station.settings, b);
}

static bool put_scan(struct app *a, struct buf *b)
{
    struct json_out j;
    json_out_init(&j, b);
    json_out_array(&j);
    for (unsigned i = 0; i < a->seen_count; i++) {
        json_out_object(&j);
        json_out_put_text(&j, "ssid", a->seen[i].ssid);
        json_out_put_int(&j, "rssi", a->seen[i].rssi_dbm);
        json_out_object_end(&j);
    }
    json_out_array_end(&j);
    return !b->overflowed;
}

static esp_err_t get_status(httpd_req_t *r)
{
    return may(r) ? send_json(r, REMOTE_STATUS_MAX, put_status) : ESP_OK;
}

static esp_err_t get_settings(httpd_req_t *r)
{
    return may(r) ? send_json(r, REMOTE_SETTINGS_MAX, put_settings) : ESP_OK;
}

static esp_err_t get_scan(httpd_req_t *r)
{
    return may(r) ? send_json(r, SCAN_JSON_MAX, put_scan) : ESP_OK;
}

/* ---- changing ---- */

static esp_err_t answer_change(httpd_req_t *r, enum err e, const char *wrong)
{
    if (e == ERR_OK)
        return httpd_resp_sendstr(r, "ok");
    if (e == ERR_IO || e == ERR_FULL)
        return refuse(r, "500 Internal Server Error", "it could not be saved");
    return refuse(r, "400 Bad Request", wrong);
}

static esp_err_t post_settings(httpd_req_t *r)
{
    if (!may(r))
        return ESP_OK;
    char *memory = malloc(FORM_BYTES_MAX);
    struct slice form;
    if (memory == NULL || !read_body(r, memory, FORM_BYTES_MAX, &form)) {
        free(memory);
        return ESP_FAIL;
    }
    struct app *a = app_of(r);
    char text[FORM_NAME_MAX + 1];
    struct buf wrong;
    buf_init(&wrong, text, sizeof text);
    app_lock(a);
    a->trial = a->station.settings;
    enum err e = remote_take_form(&a->trial, form, &wrong);
    if (e == ERR_OK && strcmp(r->uri, "/api/try-wifi") == 0)
        a->trial_state = APP_TRIAL_WANTED;
    else if (e == ERR_OK)
        e = app_save(a, &a->trial);
    app_unlock(a);
    free(memory);
    const char *name = buf_text(&wrong);
    return answer_change(r, e, name == NULL ? "a setting" : name);
}

static esp_err_t get_trial(httpd_req_t *r)
{
    static const char *const words[] = {"none", "trying", "trying", "joined", "failed"};
    struct app *a = app_of(r);
    if (!may(r))
        return ESP_OK;
    app_lock(a);
    enum app_trial state = a->trial_state;
    app_unlock(a);
    return httpd_resp_sendstr(r, words[state]);
}

static esp_err_t get_control(httpd_req_t *r)
{
    char query[QUERY_MAX];
    if (!may(r))
        return ESP_OK;
    if (httpd_req_get_url_query_str(r, query, sizeof query) != ESP_OK)
        return refuse(r, "400 Bad Request", "var and val are wanted");
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
    return answer_change(r, e, var.value);
}

static esp_err_t post_shoot(httpd_req_t *r)
{
    struct app *a = app_of(r);
    if (!may(r))
        return ESP_OK;
    app_lock(a);
    bool taken = trigger_request(&a->station.trigger);
    app_unlock(a);
    return taken ? httpd_resp_sendstr(r, "ok")
                 : refuse(r, "429 Too Many Requests", "enough photos are asked for already");
}

static esp_err_t post_reboot(httpd_req_t *r)
{
    if (!may(r))
        return ESP_OK;
    app_reboot(app_of(r));
    return httpd_resp_sendstr(r, "ok");
}

/* The browser's clock, milliseconds since 1970. */
static esp_err_t post_time(httpd_req_t *r)
{
    char text[24];
    struct slice body;
    uint64_t ms;
    struct app *a = app_of(r);
    if (!may(r) || !read_body(r, text, sizeof text, &body))
        return ESP_OK;
    if (!slice_to_u64(slice_trim(body), &ms) || ms > INT64_MAX)
        return refuse(r, "400 Bad Request", "milliseconds since 1970 are wanted");
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
        rc = refuse(r, "503 Service Unavailable",
                    result == SHUTTER_TOO_DARK ? "it is too dark" : "the sensor gives no picture");
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
    snprintf(url, sizeof url, "http://%s:%d/stream", a->address, STREAM_PORT);
    app_unlock(a);
    httpd_resp_set_status(r, "302 Found");
    httpd_resp_set_hdr(r, "Location", url);
    return httpd_resp_send(r, NULL, 0);
}

/* ---- update and core dump ---- */

/* The sensor is stopped first: its DMA and an erase of flash do not go together. */
static void stop_sensor(struct app *a)
{
    xSemaphoreTake(a->sensor_lock, portMAX_DELAY);
    if (a->station.sensor_on)
        a->station.ports.sensor->stop(a->station.ports.sensor->ctx);
    a->station.sensor_on = false;
    xSemaphoreGive(a->sensor_lock);
}

static enum err write_image(httpd_req_t *r, char *piece)
{
    size_t left = r->content_len;
    while (left > 0) {
        int n = httpd_req_recv(r, piece, left < UPDATE_PIECE ? left : UPDATE_PIECE);
        if (n == HTTPD_SOCK_ERR_TIMEOUT)
            continue;
        if (n <= 0)
            return ERR_IO;
        enum err e = update_esp_write(piece, (size_t)n);
        if (e != ERR_OK)
            return e;
        left -= (size_t)n;
    }
    return ERR_OK;
}

static esp_err_t post_update(httpd_req_t *r)
{
    struct app *a = app_of(r);
    if (!may(r))
        return ESP_OK;
    const char *why = update_esp_refusal();
    if (why != NULL)
        return refuse(r, "409 Conflict", why);
    char *piece = malloc(UPDATE_PIECE);
    if (piece == NULL)
        return refuse(r, "503 Service Unavailable", "no memory just now");
    stop_sensor(a);
    enum err e = update_esp_begin();
    if (e == ERR_OK) {
        e = write_image(r, piece);
        if (e == ERR_OK)
            e = update_esp_finish();
        else
            update_esp_abort();
    }
    free(piece);
    if (e != ERR_OK)
        return refuse(r, "400 Bad Request", "this is not a sound image for this board");
    app_reboot(a);
    return httpd_resp_sendstr(r, "ok");
}

static esp_err_t get_coredump(httpd_req_t *r)
{
    uint32_t size = update_esp_dump_bytes();
    if (!may(r))
        return ESP_OK;
    if (size == 0)
        return refuse(r, "404 Not Found", "there was no crash, or its report is not kept here");
    httpd_resp_set_type(r, "application/octet-stream");
    httpd_resp_set_hdr(r, "Content-Disposition", "attachment; filename=coredump.elf");
    esp_err_t rc = ESP_OK;
    for (uint32_t at = 0; at < size && rc == ESP_OK;) {
        char part[512];
        uint32_t n = size - at < sizeof part ? size - at : sizeof part;
        if (update_esp_dump_read(at, part, n) != ERR_OK)
            return ESP_FAIL;
        rc = httpd_resp_send_chunk(r, part, (ssize_t)n);
        at += n;
    }
    return rc == ESP_OK ? httpd_resp_send_chunk(r, NULL, 0) : rc;
}

/* Phones in the portal ask for pages of their makers: they are sent to ours. */
static esp_err_t on_not_found(httpd_req_t *r, httpd_err_code_t code)
{
    (void)code;
    if (!is_through_portal(r))
        return httpd_resp_send_err(r, HTTPD_404_NOT_FOUND, "there is nothing here");
    httpd_resp_set_status(r, "302 Found");
    httpd_resp_set_hdr(r, "Location", "http://192.168.4.1/");
    return httpd_resp_send(r, NULL, 0);
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
    {"/api/settings", HTTP_GET, get_settings},
    {"/api/settings", HTTP_POST, post_settings},
    {"/api/try-wifi", HTTP_GET, get_trial},
    {"/api/try-wifi", HTTP_POST, post_settings},
    {"/api/scan", HTTP_GET, get_scan},
    {"/api/shoot", HTTP_POST, post_shoot},
    {"/api/reboot", HTTP_POST, post_reboot},
    {"/api/time", HTTP_POST, post_time},
    {"/update", HTTP_POST, post_update},
    {"/coredump", HTTP_GET, get_coredump},
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

enum err pages_start(struct app *a)
{
    httpd_config_t c = HTTPD_DEFAULT_CONFIG();
    c.stack_size = PAGES_STACK;
    c.max_uri_handlers = ROUTES_COUNT;
    c.max_open_sockets = 4;
    c.lru_purge_enable = true;
    httpd_handle_t server = NULL;
    bool good = httpd_start(&server, &c) == ESP_OK;
    for (unsigned i = 0; good && i < ROUTES_COUNT; i++)
        good = add_route(server, a, &ROUTES[i]);
    if (good)
        good = httpd_register_err_handler(server, HTTPD_404_NOT_FOUND, on_not_found) == ESP_OK;
    if (good && !a->safe_mode)
        good = start_stream_server(a);
    return good ? ERR_OK : ERR_IO;
}
