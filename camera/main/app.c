#include "camera/main/app.h"

#include <stdio.h>
#include <string.h>

#include "camera/main/pages.h"
#include "camera/main/tasks.h"
#include "camera/port/sd_esp.h"
#include "driver/gpio.h"
#include "esp_heap_caps.h"
#include "esp_psram.h"
#include "idf/system_esp.h"
#include "idf/update_esp.h"
#include "idf/wifi_esp.h"
#include "lib/pace/bootguard.h"
#include "lib/port/log.h"
#include "mdns.h"
#include "sdkconfig.h"

enum { CAPTURE_PRIORITY = 6, COURIER_PRIORITY = 5, NETWORK_PRIORITY = 4 };

struct mono app_now(const struct app *a)
{
    return a->clock.mono_now(a->clock.ctx);
}

void app_lock(struct app *a)
{
    xSemaphoreTake(a->lock, portMAX_DELAY);
}

void app_unlock(struct app *a)
{
    xSemaphoreGive(a->lock);
}

const char *app_page_password(const struct app *a)
{
    const char *chosen = a->station.settings.admin_password;
    return chosen[0] != '\0' ? chosen : a->password;
}

void app_reboot(struct app *a)
{
    atomic_store(&a->wants_reboot, true);
}

void app_factory_reset(struct app *a)
{
    log_line(LOG_LEVEL_WARN, "factory reset");
    if (a->vault.vault.clear(a->vault.vault.ctx) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "the settings could not be erased");
    app_reboot(a);
}

/* ---- settings ---- */

static enum err save_settings(struct app *a, const struct settings *s)
{
    static char s_text[SETTINGS_TEXT_BYTES_MAX];
    struct buf b;
    buf_init(&b, s_text, sizeof s_text);
    if (!settings_save(s, &b))
        return ERR_FULL;
    return a->vault.vault.put(a->vault.vault.ctx, "settings", b.ptr, b.len);
}

static bool wifi_differs(const struct settings *a, const struct settings *b)
{
    return strcmp(a->ssid, b->ssid) != 0 || strcmp(a->password, b->password) != 0 ||
           strcmp(a->ssid_2, b->ssid_2) != 0 || strcmp(a->password_2, b->password_2) != 0 ||
           strcmp(a->ssid_3, b->ssid_3) != 0 || strcmp(a->password_3, b->password_3) != 0 ||
           strcmp(a->ip_address, b->ip_address) != 0;
}

static void use_gpio(const struct settings *s)
{
    if (s->gpio_pin < 0)
        return;
    const gpio_config_t pin = {.pin_bit_mask = 1ULL << s->gpio_pin,
                               .mode = GPIO_MODE_INPUT,
                               .pull_up_en = s->gpio_level == 0,
                               .pull_down_en = s->gpio_level != 0};
    if (gpio_config(&pin) != ESP_OK)
        log_line(LOG_LEVEL_WARN, "that pin cannot be an input pin=%d", (int)s->gpio_pin);
}

enum err app_save(struct app *a, const struct settings *s)
{
    struct settings *wanted = &a->saved;
    bool wifi = wifi_differs(s, &a->station.settings) && a->trial_state != APP_TRIAL_RUNNING;
    enum err e = save_settings(a, s);
    if (e != ERR_OK)
        return e;
    *wanted = *s;
    station_apply(&a->station, wanted, app_now(a));
    system_esp_set_zone(wanted->timezone);
    use_gpio(wanted);
    if (wifi)
        app_reboot(a); /* the radio starts anew with the rest */
    return ERR_OK;
}

static void load_settings(struct app *a, const struct settings *standard)
{
    static char s_text[SETTINGS_TEXT_BYTES_MAX];
    const struct vault *v = &a->vault.vault;
    size_t len = 0;
    unsigned refused = 0;
    a->saved = *standard;
    if (a->queue != NULL && a->queue->size_bytes < APP_QUEUE_SMALL_BYTES)
        a->saved.size = SENSOR_SVGA; /* a picture that fits this queue */
    if (v->get(v->ctx, "settings", s_text, sizeof s_text, &len) != ERR_OK || len == 0)
        return;
    struct settings loaded;
    if (settings_load(&loaded, (struct slice){s_text, len}, &refused) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the saved settings are damaged; the defaults stand");
    else
        a->saved = loaded;
    if (refused > 0)
        log_line(LOG_LEVEL_WARN, "saved settings not taken count=%u", refused);
}

/* Twelve letters and digits that are hard to mix up, made once and kept. */
static void load_password(struct app *a)
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789";
    const struct vault *v = &a->vault.vault;
    size_t len = 0;
    if (v->get(v->ctx, "password", a->password, APP_PASSWORD_LEN, &len) == ERR_OK &&
        len == APP_PASSWORD_LEN)
        return;
    uint8_t bytes[APP_PASSWORD_LEN];
    a->random.fill(a->random.ctx, bytes, sizeof bytes);
    for (unsigned i = 0; i < APP_PASSWORD_LEN; i++)
        a->password[i] = letters[bytes[i] % (sizeof letters - 1)];
    if (v->put(v->ctx, "password", a->password, APP_PASSWORD_LEN) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the board's password could not be kept: it changes each start");
}

static void load_ca(struct app *a)
{
    const struct vault *v = &a->vault.vault;
    size_t len = 0;
    if (v->get(v->ctx, "ca_pem", a->ca_pem, sizeof a->ca_pem - 1, &len) != ERR_OK)
        len = 0;
    a->ca_pem[len] = '\0';
}

static void count_crashes(struct app *a)
{
    const struct vault *v = &a->vault.vault;
    uint8_t before = 0;
    size_t len = 0;
    if (v->get(v->ctx, "crashes", &before, 1, &len) != ERR_OK)
        before = 0;
    a->crashes = bootguard_count(before, system_esp_was_crash());
    a->safe_mode = bootguard_is_safe_mode(a->crashes);
    uint8_t now = a->crashes < 255 ? (uint8_t)a->crashes : 255;
    if (now != before && v->put(v->ctx, "crashes", &now, 1) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the count of crashes could not be kept");
    if (a->safe_mode)
        log_line(LOG_LEVEL_WARN, "safe mode: set-up and update only crashes=%u", now);
}

/* ---- start ---- */

static struct station_memory station_room(struct app *a, bool psram)
{
    struct station_memory m = {
        .slots = a->slots,
        .slots_max = psram ? APP_SLOTS : 1,
        .entries = a->entries,
        .entries_max = APP_ENTRIES,
        .piece = a->piece,
        .piece_bytes = sizeof a->piece,
    };
    if (!psram)
        return m; /* frames are lent, one at a time */
    m.arena = heap_caps_malloc(APP_ARENA_BYTES, MALLOC_CAP_SPIRAM);
    m.arena_bytes = m.arena == NULL ? 0 : APP_ARENA_BYTES;
    m.copy = heap_caps_malloc(APP_COPY_BYTES, MALLOC_CAP_SPIRAM);
    m.copy_bytes = m.copy == NULL ? 0 : APP_COPY_BYTES;
    if (m.arena == NULL || m.copy == NULL)
        log_line(LOG_LEVEL_WARN, "less PSRAM than expected: frames are lent, one at a time");
    return m;
}

static const struct flash *open_queue(struct app *a)
{
#if CONFIG_CAMRELAY_SD_CARD
    if (a->board.sd_1bit && sd_esp_open(&a->card) == ERR_OK)
        return &a->card.flash;
#endif
    if (flash_esp_open(&a->flash) == ERR_OK)
        return &a->flash.flash;
    log_line(LOG_LEVEL_WARN, "no partition for the queue: photos wait in RAM only");
    return NULL;
}

static bool has_psram(void)
{
#if CONFIG_SPIRAM
    return esp_psram_is_initialized();
#else
    return false;
#endif
}

static void describe_board(struct app *a, bool psram)
{
    const char *refusal = update_esp_refusal();
    a->board_facts = (struct remote_board)
    {
        .firmware = CAMRELAY_VERSION, .model = a->board.name, .sensor = a->camera.model,
        .address = a->address, .ssid = a->wifi.choice.ap.ssid,
        .reset_reason = system_esp_reset_reason(),
        .partition = refusal == NULL ? "two app slots" : refusal, .vault_note = vault_nvs_note(),
        .psram = psram,
#if CONFIG_ESP_BROWNOUT_DET
        .brownout_detector = true,
#endif
        .safe_mode = a->safe_mode,
    };
    struct health *h = &a->station.courier.health;
    snprintf(h->firmware, sizeof h->firmware, "%s", CAMRELAY_VERSION);
    snprintf(h->reset_reason, sizeof h->reset_reason, "%s", system_esp_reset_reason());
}

static void start_station(struct app *a, bool psram)
{
    const struct station_ports ports = {.sensor = &a->camera.sensor,
                                        .stream = &a->stream.stream,
                                        .flash = a->queue,
                                        .vault = &a->vault.vault,
                                        .random = &a->random};
    struct station_memory memory = station_room(a, psram);
    station_start(&a->station, &ports, &memory, &a->saved, a->device);
    a->station.ca_pem = a->ca_pem;
    a->station.courier.config.ca_pem = a->ca_pem;
}

static void start_names(const struct app *a)
{
    if (mdns_init() != ESP_OK || mdns_hostname_set(a->device) != ESP_OK ||
        mdns_service_add(NULL, "_http", "_tcp", 80, NULL, 0) != ESP_OK)
        log_line(LOG_LEVEL_WARN, "no mDNS: the relay's address must be configured");
}

void app_start(struct app *a, const struct board *board, const struct settings *standard)
{
    char suffix[7];
    a->board = *board;
    a->clock = system_esp_clock();
    a->random = system_esp_random();
    a->lock = xSemaphoreCreateMutex();
    a->sensor_lock = xSemaphoreCreateMutex();
    system_esp_suffix(suffix);
    snprintf(a->device, sizeof a->device, "cam-%s", suffix);
    if (vault_nvs_open(&a->vault, "camrelay") != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "settings cannot be kept");
    count_crashes(a);
    a->queue = open_queue(a);
    load_settings(a, standard);
    load_ca(a);
    system_esp_set_zone(a->saved.timezone);
    use_gpio(&a->saved);
    stream_esp_init(&a->stream);
    camera_esp32_init(&a->camera, board, has_psram());
    /* The radio before the sensor: together they draw more than weak supplies give, and its
     * noise is what makes random bytes random. */
    if (wifi_esp_start(a->device) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "no Wi-Fi; photos are taken and kept");
    load_password(a);
    start_station(a, has_psram());
    describe_board(a, has_psram());
    start_names(a);
    if (pages_start(a) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "the page does not run");
    printf("\r\ncamrelay camera %s on %s\r\nuser admin, password %s\r\ntype help\r\n",
           CAMRELAY_VERSION, a->board.name, a->password);
}

static void start_task(void (*task)(void *arg), const char *name, uint32_t stack, struct app *a,
                       unsigned priority)
{
    if (xTaskCreate(task, name, stack, a, priority, NULL) != pdPASS)
        log_line(LOG_LEVEL_ERROR, "no memory for a task name=%s", name);
}

void app_run(struct app *a)
{
    start_task(tasks_network, "network", APP_NETWORK_STACK, a, NETWORK_PRIORITY);
    if (a->safe_mode)
        return; /* set-up and update only */
    start_task(tasks_courier, "courier", APP_COURIER_STACK, a, COURIER_PRIORITY);
    start_task(tasks_capture, "capture", APP_CAPTURE_STACK, a, CAPTURE_PRIORITY);
}
