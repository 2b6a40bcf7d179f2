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
    bool wifi = wifi_differs(s, &a->station.settings) && a->join.trial != JOIN_TRIAL_RUNNING;
    enum err e = keep_save(&a->vault.vault, &settings_table, s);
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

static struct join_login login_of(const struct settings *s)
{
    return (struct join_login){.ssids = {s->ssid, s->ssid_2, s->ssid_3},
                               .passwords = {s->password, s->password_2, s->password_3},
                               .address = {s->ip_address, s->ip_netmask, s->ip_gateway, s->ip_dns}};
}

void app_try(struct app *a, const struct settings *s)
{
    a->trial = *s;
    const struct join_login login = login_of(&a->trial);
    join_try(&a->join, &login);
}

static void load_settings(struct app *a, const struct settings *standard)
{
    a->saved = *standard;
    if (a->queue != NULL && a->queue->size_bytes < APP_QUEUE_SMALL_BYTES)
        a->saved.size = SENSOR_SVGA; /* a picture that fits this queue */
    keep_load(&a->vault.vault, &settings_table, &a->saved);
}

static void load_ca(struct app *a)
{
    const struct vault *v = &a->vault.vault;
    size_t len = 0;
    if (v->get(v->ctx, "ca_pem", a->ca_pem, sizeof a->ca_pem - 1, &len) != ERR_OK)
        len = 0;
    a->ca_pem[len] = '\0';
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
        .address = a->join.address, .ssid = a->join.wifi.choice.ap.ssid,
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

static void prepare_join(struct app *a)
{
    snprintf(a->portal_ssid, sizeof a->portal_ssid, "camrelay-%.20s", a->device);
    a->join.login = login_of(&a->station.settings);
    a->join.portal_ssid = a->portal_ssid;
    a->join.portal_password = a->password;
    a->join.safe_mode = a->safe_mode;
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
    a->crashes = keep_count_crashes(&a->vault.vault, system_esp_was_crash());
    a->safe_mode = a->crashes.safe_mode;
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
    keep_password(&a->vault.vault, &a->random, a->password);
    start_station(a, has_psram());
    prepare_join(a);
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
