#include "camera/main/app.h"

#include <stdio.h>
#include <string.h>

#include "camera/main/pages.h"
#include "camera/main/tasks.h"
#include "camera/port/board_esp.h"
#include "camera/port/dump_esp.h"
#include "camera/port/mdns_esp.h"
#include "camera/port/sd_esp.h"
#include "camera/port/sleep_esp.h"
#include "driver/gpio.h"
#include "esp_heap_caps.h"
#include "esp_psram.h"
#include "idf/system_esp.h"
#include "idf/update_esp.h"
#include "idf/wifi_esp.h"
#include "lib/pace/bootguard.h"
#include "lib/port/log.h"
#include "sdkconfig.h"

enum { CAPTURE_PRIORITY = 6, COURIER_PRIORITY = 5, NETWORK_PRIORITY = 4 };
enum { SENSOR_WAIT_MS = 1000 };

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

void app_take_sensor(struct app *a, void (*feed)(void))
{
    do {
        feed();
    } while (xSemaphoreTake(a->sensor_lock, pdMS_TO_TICKS(SENSOR_WAIT_MS)) != pdTRUE);
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
           strcmp(a->ip_address, b->ip_address) != 0 || strcmp(a->ip_netmask, b->ip_netmask) != 0 ||
           strcmp(a->ip_gateway, b->ip_gateway) != 0 || strcmp(a->ip_dns, b->ip_dns) != 0;
}

static bool has_psram(void)
{
#if CONFIG_SPIRAM
    return esp_psram_is_initialized();
#else
    return false;
#endif
}

static const char *pin_refusal(const struct app *a, int pin)
{
    return board_esp_pin_refusal(&a->board, pin, has_psram(), a->queue == &a->card.flash);
}

static void use_gpio(const struct app *a, const struct settings *s)
{
    if (s->gpio_pin < 0 || a->safe_mode)
        return;
    const char *refusal = pin_refusal(a, s->gpio_pin);
    if (refusal != NULL) {
        log_line(LOG_LEVEL_WARN, "%s pin=%d", refusal, (int)s->gpio_pin);
        return;
    }
    const gpio_config_t pin = {.pin_bit_mask = 1ULL << s->gpio_pin,
                               .mode = GPIO_MODE_INPUT,
                               .pull_up_en = s->gpio_level == 0,
                               .pull_down_en = s->gpio_level != 0};
    if (gpio_config(&pin) != ESP_OK)
        log_line(LOG_LEVEL_WARN, "that pin cannot be an input pin=%d", (int)s->gpio_pin);
}

static void use_button(const struct board *b)
{
    const gpio_config_t pin = {.pin_bit_mask = 1ULL << (b->button < 0 ? 0 : b->button),
                               .mode = GPIO_MODE_INPUT,
                               .pull_up_en = GPIO_PULLUP_ENABLE};
    if (b->button >= 0 && gpio_config(&pin) != ESP_OK)
        log_line(LOG_LEVEL_WARN, "the button does not work pin=%d", b->button);
}

enum err app_save(struct app *a, const struct settings *s)
{
    struct settings *wanted = &a->saved;
    const char *refusal = pin_refusal(a, s->gpio_pin);
    if (refusal != NULL) {
        log_line(LOG_LEVEL_WARN, "%s pin=%d", refusal, (int)s->gpio_pin);
        return ERR_LIMIT;
    }
    bool wifi = wifi_differs(s, &a->station.settings) && a->join.trial != JOIN_TRIAL_RUNNING;
    enum err e = keep_save(&a->vault.vault, &settings_table, s);
    if (e != ERR_OK)
        return e;
    *wanted = *s;
    station_apply(&a->station, wanted, app_now(a));
    system_esp_set_zone(wanted->timezone);
    use_gpio(a, wanted);
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
    if (v->get(v->ctx, "ca_pem", a->ca_pem, sizeof a->ca_pem - 1, &len) != ERR_OK ||
        !remote_is_certificate((struct slice){a->ca_pem, len}))
        len = 0;
    a->ca_pem[len] = '\0';
}

enum err app_pin_ca(struct app *a, struct slice pem)
{
    const struct vault *v = &a->vault.vault;
    bool none = slice_trim(pem).len == 0;
    if (!none && !remote_is_certificate(pem))
        return ERR_INPUT;
    enum err e =
        none ? v->put(v->ctx, "ca_pem", "none", 4) : v->put(v->ctx, "ca_pem", pem.ptr, pem.len);
    if (e != ERR_OK)
        return e;
    memcpy(a->ca_pem, pem.ptr, none ? 0 : pem.len);
    a->ca_pem[none ? 0 : pem.len] = '\0';
    station_apply(&a->station, &a->saved, app_now(a)); /* the next connection checks against it */
    return ERR_OK;
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
                                        .random = &a->random,
                                        .dump = &a->dump};
    struct station_memory memory = station_room(a, psram);
    a->dump = dump_esp_open();
    station_start(&a->station, &ports, &memory, &a->saved, a->device);
    a->station.ca_pem = a->ca_pem;
    a->station.courier.config.ca_pem = a->ca_pem;
    /* The clock goes on through sleep and reset, if not through a loss of power. */
    (void)timekeep_hear(&a->station.time, TIMEKEEP_SAVED, a->clock.wall_now(a->clock.ctx),
                        app_now(a));
    if (sleep_esp_woke_by_pin())
        trigger_gpio(&a->station.trigger, app_now(a));
}

static void prepare_join(struct app *a)
{
    snprintf(a->portal_ssid, sizeof a->portal_ssid, "camrelay-%.20s", a->device);
    a->join.login = login_of(&a->station.settings);
    a->join.portal_ssid = a->portal_ssid;
    a->join.portal_password = a->password;
    a->join.safe_mode = a->safe_mode;
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
    vTaskDelay(pdMS_TO_TICKS(bootguard_pause_ms(a->crashes.count)));
    a->on_trial = update_esp_is_on_trial();
    a->queue = open_queue(a);
    load_settings(a, standard);
    load_ca(a);
    system_esp_set_zone(a->saved.timezone);
    use_gpio(a, &a->saved);
    use_button(board);
    stream_esp_init(&a->stream);
    sleep_esp_release_lamp(board->lamp);
    camera_esp32_init(&a->camera, board, has_psram());
    /* The radio before the sensor: together they draw more than weak supplies give, and its
     * noise is what makes random bytes random. */
    if (wifi_esp_start(a->device) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "no Wi-Fi; photos are taken and kept");
    keep_password(&a->vault.vault, &a->random, a->password);
    start_station(a, has_psram());
    prepare_join(a);
    describe_board(a, has_psram());
    if (mdns_esp_start(a->device) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "no mDNS: the relay's address must be configured");
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
