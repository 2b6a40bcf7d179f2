#include "idf/sockets.h" /* first: see there */

#include "idf/desk_esp.h"

#include <stdlib.h>
#include <string.h>

#include "idf/update_esp.h"
#include "lib/wire/admin.h"
#include "lib/wire/form.h"
#include "lib/wire/json_out.h"

enum {
    STACK = 8 * 1024,
    FIELD_MAX = 256,
    FORM_BYTES_MAX = 4096,
    SETTINGS_JSON_MAX = 16 * 1024,
    SCAN_JSON_MAX = 3072,
    UPDATE_PIECE = 2048,
    UPDATE_SILENCES_MAX = 12, /* of the server's recv_wait_timeout, all together */
};

static struct desk *s_desk; /* for the handler of pages not found, which has no context */

/* ---- who may ---- */

static struct slice field(httpd_req_t *r, const char *name, char *memory, size_t cap)
{
    esp_err_t rc = httpd_req_get_hdr_value_str(r, name, memory, cap);
    if (rc != ESP_OK && rc != ESP_ERR_HTTPD_RESULT_TRUNC)
        return (struct slice){0};
    return slice_of(memory); /* cut short, a long one is still there and still wrong */
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

bool desk_esp_may(struct desk *d, httpd_req_t *r)
{
    char authorization[FIELD_MAX], origin[FIELD_MAX], host[FIELD_MAX], realm[64];
    if (r->method == HTTP_POST && !admin_is_same_origin(field(r, "Origin", origin, sizeof origin),
                                                        field(r, "Host", host, sizeof host))) {
        (void)desk_esp_refuse(r, "403 Forbidden",
                              "this may only be done from the device's own page");
        return false;
    }
    if (is_through_portal(r))
        return true;
    d->lock(d->ctx);
    bool good = admin_may(d->password(d->ctx),
                          field(r, "Authorization", authorization, sizeof authorization));
    d->unlock(d->ctx);
    if (good)
        return true;
    snprintf(realm, sizeof realm, "Basic realm=\"%s\", charset=\"UTF-8\"", d->realm);
    httpd_resp_set_hdr(r, "WWW-Authenticate", realm);
    (void)desk_esp_refuse(r, "401 Unauthorized",
                          "user admin; the password is printed on the serial console");
    return false;
}

bool desk_esp_is_own_get(httpd_req_t *r)
{
    char site[FIELD_MAX];
    if (admin_is_own_fetch(field(r, "Sec-Fetch-Site", site, sizeof site)))
        return true;
    (void)desk_esp_refuse(r, "403 Forbidden", "this may only be done from the device's own page");
    return false;
}

esp_err_t desk_esp_refuse(httpd_req_t *r, const char *status, const char *why)
{
    httpd_resp_set_status(r, status);
    return httpd_resp_sendstr(r, why);
}

bool desk_esp_read_body(httpd_req_t *r, char *out, size_t cap, struct slice *out_body)
{
    size_t len = 0;
    if (r->content_len > cap) {
        (void)desk_esp_refuse(r, "413 Content Too Large", "too long");
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

/* ---- settings ---- */

esp_err_t desk_esp_send_json(struct desk *d, httpd_req_t *r, size_t cap,
                             bool (*put)(void *ctx, struct buf *b))
{
    char *memory = malloc(cap);
    if (memory == NULL)
        return desk_esp_refuse(r, "503 Service Unavailable", "no memory just now");
    struct buf b;
    buf_init(&b, memory, cap);
    d->lock(d->ctx);
    bool good = put(d->ctx, &b);
    d->unlock(d->ctx);
    httpd_resp_set_type(r, "application/json");
    httpd_resp_set_hdr(r, "Cache-Control", "no-store");
    esp_err_t rc = good
                       ? httpd_resp_send(r, b.ptr, (ssize_t)b.len)
                       : desk_esp_refuse(r, "500 Internal Server Error", "the answer does not fit");
    free(memory);
    return rc;
}

static bool put_settings(void *ctx, struct buf *b)
{
    (void)ctx;
    return prefs_put_json(s_desk->table, s_desk->values(s_desk->ctx), b);
}

static bool put_scan(void *ctx, struct buf *b)
{
    const struct join *n = s_desk->join;
    struct json_out j;
    (void)ctx;
    json_out_init(&j, b);
    json_out_array(&j);
    for (unsigned i = 0; i < n->seen_count; i++) {
        json_out_object(&j);
        json_out_put_text(&j, "ssid", n->seen[i].ssid);
        json_out_put_int(&j, "rssi", n->seen[i].rssi_dbm);
        json_out_object_end(&j);
    }
    json_out_array_end(&j);
    return !b->overflowed;
}

static esp_err_t get_settings(httpd_req_t *r)
{
    struct desk *d = r->user_ctx;
    return desk_esp_may(d, r) ? desk_esp_send_json(d, r, SETTINGS_JSON_MAX, put_settings) : ESP_OK;
}

static esp_err_t get_scan(httpd_req_t *r)
{
    struct desk *d = r->user_ctx;
    return desk_esp_may(d, r) ? desk_esp_send_json(d, r, SCAN_JSON_MAX, put_scan) : ESP_OK;
}

esp_err_t desk_esp_answer(httpd_req_t *r, enum err e, const char *wrong)
{
    if (e == ERR_OK)
        return httpd_resp_sendstr(r, "ok");
    if (e == ERR_IO || e == ERR_FULL)
        return desk_esp_refuse(r, "500 Internal Server Error", "it could not be saved");
    return desk_esp_refuse(r, "400 Bad Request", wrong);
}

/* With the lock held. `scratch`: room for two structs of values. */
static enum err take_settings(struct desk *d, void *scratch, struct slice form, bool on_trial,
                              struct buf *out_wrong)
{
    size_t bytes = d->table->values_bytes;
    memcpy(scratch, d->values(d->ctx), bytes);
    enum err e = prefs_take_form(d->table, scratch, (char *)scratch + bytes, form, out_wrong);
    if (e != ERR_OK)
        return e;
    if (!on_trial)
        return d->save(d->ctx, scratch);
    d->try_wifi(d->ctx, scratch);
    return ERR_OK;
}

static esp_err_t post_settings(httpd_req_t *r)
{
    struct desk *d = r->user_ctx;
    if (!desk_esp_may(d, r))
        return ESP_OK;
    size_t scratch_bytes = 2 * d->table->values_bytes;
    char *memory = malloc(scratch_bytes + FORM_BYTES_MAX);
    struct slice form;
    if (memory == NULL || !desk_esp_read_body(r, memory + scratch_bytes, FORM_BYTES_MAX, &form)) {
        free(memory);
        return ESP_FAIL;
    }
    char text[FORM_NAME_MAX + 1];
    struct buf wrong;
    buf_init(&wrong, text, sizeof text);
    d->lock(d->ctx);
    enum err e = take_settings(d, memory, form, strcmp(r->uri, "/api/try-wifi") == 0, &wrong);
    d->unlock(d->ctx);
    free(memory);
    const char *name = buf_text(&wrong);
    return desk_esp_answer(r, e, name == NULL ? "a setting" : name);
}

static esp_err_t get_trial(httpd_req_t *r)
{
    struct desk *d = r->user_ctx;
    if (!desk_esp_may(d, r))
        return ESP_OK;
    d->lock(d->ctx);
    const char *name = join_trial_name(d->join);
    d->unlock(d->ctx);
    return httpd_resp_sendstr(r, name);
}

static esp_err_t post_reboot(httpd_req_t *r)
{
    struct desk *d = r->user_ctx;
    if (!desk_esp_may(d, r))
        return ESP_OK;
    d->reboot(d->ctx);
    return httpd_resp_sendstr(r, "ok");
}

/* ---- update and core dump ---- */

static enum err write_image(httpd_req_t *r, char *piece)
{
    size_t left = r->content_len;
    unsigned silences = 0;
    while (left > 0) {
        int n = httpd_req_recv(r, piece, left < UPDATE_PIECE ? left : UPDATE_PIECE);
        if (n == HTTPD_SOCK_ERR_TIMEOUT && ++silences < UPDATE_SILENCES_MAX)
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
    struct desk *d = r->user_ctx;
    if (!desk_esp_may(d, r))
        return ESP_OK;
    const char *why = update_esp_refusal();
    if (why != NULL)
        return desk_esp_refuse(r, "409 Conflict", why);
    char *piece = malloc(UPDATE_PIECE);
    if (piece == NULL)
        return desk_esp_refuse(r, "503 Service Unavailable", "no memory just now");
    d->before_update(d->ctx);
    enum err e = update_esp_begin();
    if (e == ERR_OK) {
        e = write_image(r, piece);
        if (e == ERR_OK)
            e = update_esp_finish();
        else
            update_esp_abort();
    }
    free(piece);
    if (e != ERR_OK && d->after_update != NULL)
        d->after_update(d->ctx);
    if (e != ERR_OK)
        return desk_esp_refuse(r, "400 Bad Request", "this is not a sound image for this board");
    d->reboot(d->ctx);
    return httpd_resp_sendstr(r, "ok");
}

static esp_err_t get_coredump(httpd_req_t *r)
{
    uint32_t size = update_esp_dump_bytes();
    if (!desk_esp_may(r->user_ctx, r))
        return ESP_OK;
    if (size == 0)
        return desk_esp_refuse(r, "404 Not Found",
                               "there was no crash, or its report is not kept here");
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

/* ---- start ---- */

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

static const httpd_uri_t ROUTES[DESK_ESP_ROUTES] = {
    {.uri = "/api/settings", .method = HTTP_GET, .handler = get_settings},
    {.uri = "/api/settings", .method = HTTP_POST, .handler = post_settings},
    {.uri = "/api/try-wifi", .method = HTTP_GET, .handler = get_trial},
    {.uri = "/api/try-wifi", .method = HTTP_POST, .handler = post_settings},
    {.uri = "/api/scan", .method = HTTP_GET, .handler = get_scan},
    {.uri = "/api/reboot", .method = HTTP_POST, .handler = post_reboot},
    {.uri = "/update", .method = HTTP_POST, .handler = post_update},
    {.uri = "/coredump", .method = HTTP_GET, .handler = get_coredump},
};

enum err desk_esp_open(struct desk *d, httpd_config_t *config, unsigned more,
                       httpd_handle_t *out_server)
{
    s_desk = d;
    config->stack_size = STACK;
    config->max_uri_handlers = (uint16_t)(DESK_ESP_ROUTES + more);
    config->max_open_sockets = 4;
    config->lru_purge_enable = true;
    bool good = httpd_start(out_server, config) == ESP_OK;
    for (unsigned i = 0; good && i < DESK_ESP_ROUTES; i++) {
        httpd_uri_t route = ROUTES[i];
        route.user_ctx = d;
        good = httpd_register_uri_handler(*out_server, &route) == ESP_OK;
    }
    if (good)
        good = httpd_register_err_handler(*out_server, HTTPD_404_NOT_FOUND, on_not_found) == ESP_OK;
    return good ? ERR_OK : ERR_IO;
}
