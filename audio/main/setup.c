#include "idf/sockets.h" /* first: see there */

#include "audio/main/setup.h"

#include "esp_http_server.h"
#include "idf/desk_esp.h"
#include "idf/system_esp.h"
#include "idf/update_esp.h"
#include "idf/wifi_esp.h"
#include "lib/wire/json_out.h"

/* tools/embed names the type after the relay's; the fields are the same. */
#define web_file studio_file
#include "audio_setup_ui.h"
#undef web_file

enum { STATUS_BYTES = 1024 };

int setup_port(const struct app *a)
{
    return a->safe_mode ? APP_PORT : APP_SETUP_PORT;
}

/* ---- page and state ---- */

static esp_err_t get_page(httpd_req_t *r)
{
    struct app *a = r->user_ctx;
    const struct studio_file *page = &WEB_FILES[0];
    if (!desk_esp_may(&a->desk, r))
        return ESP_OK;
    httpd_resp_set_type(r, page->type);
    httpd_resp_set_hdr(r, "Content-Security-Policy", "default-src 'self' 'unsafe-inline'");
    httpd_resp_set_hdr(r, "Content-Encoding", "gzip");
    return httpd_resp_send(r, (const char *)page->gzip, (ssize_t)page->gzip_len);
}

static const char *bluetooth_name(const struct app *a)
{
    switch ((enum tuning_bluetooth)a->tuning.bluetooth) {
    case TUNING_BT_OFF: return "off";
    case TUNING_BT_BLE: return a->gatt.connected ? "ble, connected" : "ble";
    case TUNING_BT_SPEAKER: return "speaker";
    case TUNING_BT_HANDSFREE: return "handsfree";
    }
    return "";
}

bool setup_put_status(void *app, struct buf *out)
{
    const struct app *a = app;
    const char *refusal = update_esp_refusal();
    struct json_out j;
    int rssi;
    json_out_init(&j, out);
    json_out_object(&j);
    json_out_put_text(&j, "name", a->tuning.name);
    json_out_put_text(&j, "firmware", CAMRELAY_VERSION);
    json_out_put_bool(&j, "safe_mode", a->safe_mode);
    json_out_put_text(&j, "reset_reason", system_esp_reset_reason());
    json_out_put_uint(&j, "uptime_s", app_now(a).ms / 1000);
    json_out_put_text(&j, "ssid", a->join.online ? a->join.wifi.choice.ap.ssid : "");
    json_out_put_text(&j, "address", a->join.address);
    if (a->join.online && wifi_esp_rssi(&rssi))
        json_out_put_int(&j, "rssi", rssi);
    json_out_put_uint(&j, "listeners", a->studio.listeners);
    json_out_put_text(&j, "bluetooth", a->bluetooth_runs ? bluetooth_name(a) : "off");
    json_out_put_uint(&j, "heap_free", system_esp_heap_free());
    json_out_put_uint(&j, "heap_least", system_esp_heap_least());
    json_out_put_text(&j, "partitions", refusal == NULL ? "two app slots" : refusal);
    json_out_put_text(&j, "secrets", vault_nvs_note());
    json_out_object_end(&j);
    return !out->overflowed;
}

static esp_err_t get_status(httpd_req_t *r)
{
    struct app *a = r->user_ctx;
    return desk_esp_may(&a->desk, r)
               ? desk_esp_send_json(&a->desk, r, STATUS_BYTES, setup_put_status)
               : ESP_OK;
}

/* ---- what the desk asks of the streamer ---- */

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
    const struct app *a = ctx;
    return a->tuning.admin_password[0] != '\0' ? a->tuning.admin_password : a->password;
}

static const void *tuning_in_force(void *ctx)
{
    const struct app *a = ctx;
    return &a->tuning;
}

static enum err save(void *ctx, const void *values)
{
    return app_save(ctx, values);
}

static void try_wifi(void *ctx, const void *values)
{
    app_try(ctx, values);
}

/* The ADC's interrupt and its buffers are in RAM; what flash writes cost is counted as lost. */
static void before_update(void *ctx)
{
    (void)ctx;
}

static void reboot(void *ctx)
{
    app_reboot(ctx);
}

enum err setup_start(struct app *a)
{
    static const httpd_uri_t routes[] = {
        {.uri = "/", .method = HTTP_GET, .handler = get_page},
        {.uri = "/api/status", .method = HTTP_GET, .handler = get_status},
    };
    enum { ROUTES = sizeof routes / sizeof routes[0] };
    httpd_config_t c = HTTPD_DEFAULT_CONFIG();
    httpd_handle_t server = NULL;
    c.server_port = (uint16_t)setup_port(a);
    a->desk = (struct desk){.ctx = a,
                            .table = &tuning_table,
                            .realm = "streamer",
                            .join = &a->join,
                            .lock = lock,
                            .unlock = unlock,
                            .password = page_password,
                            .values = tuning_in_force,
                            .save = save,
                            .try_wifi = try_wifi,
                            .before_update = before_update,
                            .reboot = reboot};
    bool good = desk_esp_open(&a->desk, &c, ROUTES, &server) == ERR_OK;
    for (unsigned i = 0; good && i < ROUTES; i++) {
        httpd_uri_t route = routes[i];
        route.user_ctx = a;
        good = httpd_register_uri_handler(server, &route) == ESP_OK;
    }
    return good ? ERR_OK : ERR_IO;
}
