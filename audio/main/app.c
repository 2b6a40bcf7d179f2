#include "audio/main/app.h"

#include <stdio.h>

#include "audio/main/bluetooth.h"
#include "audio/main/network.h"
#include "audio/main/setup.h"
#include "audio/main/sound.h"
#include "freertos/task.h"
#include "idf/system_esp.h"
#include "idf/wifi_esp.h"
#include "lib/pace/bootguard.h"
#include "lib/port/log.h"

/* tools/embed names the type after the relay's; the fields are the same. */
#define web_file studio_file
#include "audio_ui.h"
#undef web_file

enum {
    STEP_MS = 5,
    /* lwIP runs at 18 and Wi-Fi at 23: the sound goes before the first and after the second. */
    SOUND_PRIORITY = 20,
    LISTENERS_PRIORITY = 10,
    NETWORK_PRIORITY = 4,
    STACK_BYTES = 8192,
};

struct mono app_now(const struct app *a)
{
    return a->clock.mono_now(a->clock.ctx);
}

uint32_t app_dice(const struct app *a)
{
    uint32_t n;
    a->random.fill(a->random.ctx, &n, sizeof n);
    return n;
}

void app_lock(struct app *a)
{
    xSemaphoreTake(a->lock, portMAX_DELAY);
}

void app_unlock(struct app *a)
{
    xSemaphoreGive(a->lock);
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

static struct join_login login_of(const struct tuning *t)
{
    return (struct join_login){.ssids = {t->ssid, t->ssid_2, t->ssid_3},
                               .passwords = {t->password, t->password_2, t->password_3},
                               .address = {t->ip_address, t->ip_netmask, t->ip_gateway, t->ip_dns}};
}

void app_try(struct app *a, const struct tuning *t)
{
    a->trial = *t;
    const struct join_login login = login_of(&a->trial);
    join_try(&a->join, &login);
}

/* What needs no new start. */
static void apply(struct app *a)
{
    struct studio *s = &a->studio;
    const struct tuning *t = &a->tuning;
    s->codec = (enum audioframe_codec)t->codec;
    (void)snprintf(s->token, sizeof s->token, "%s", t->token);
    if (s->gain_db != t->gain_db)
        studio_set_gain(s, t->gain_db);
}

enum err app_save(struct app *a, const struct tuning *t)
{
    bool is_joined = t == &a->trial && a->join.trial == JOIN_TRIAL_RUNNING;
    bool restart = tuning_needs_restart(&a->tuning, t, is_joined);
    enum err e = keep_save(&a->vault.vault, &tuning_table, t);
    if (e != ERR_OK)
        return e;
    a->tuning = *t;
    if (!a->safe_mode)
        apply(a);
    if (restart)
        app_reboot(a);
    return ERR_OK;
}

/* ---- start ---- */

static void furnish(struct app *a)
{
    const struct tuning *t = &a->tuning;
    a->studio = (struct studio){.block = (uint16_t)t->block,
                                .gain_db = t->gain_db,
                                .files = WEB_FILES,
                                .file_count = sizeof WEB_FILES / sizeof WEB_FILES[0],
                                .chain = &a->chain,
                                .pulse = &a->pulse,
                                .listeners_max = APP_LISTENERS};
    (void)snprintf(a->studio.name, sizeof a->studio.name, "%s", t->name);
    apply(a);
}

static void open_rtp(struct app *a)
{
    const struct tuning *t = &a->tuning;
    uint32_t seed[2] = {app_dice(a), app_dice(a)};
    if (t->rtp_to[0] == '\0')
        return;
    (void)snprintf(a->studio.rtp_to, sizeof a->studio.rtp_to, "%s", t->rtp_to);
    a->studio.rtp_port = (uint16_t)t->rtp_port;
    if (cast_sockets_open(&a->cast, t->rtp_to, (uint16_t)t->rtp_port) == ERR_OK)
        rtpcast_open(&a->rtp, &a->studio, &a->cast.cast, seed);
    else
        log_line(LOG_LEVEL_ERROR, "RTP cannot be sent to=%s", t->rtp_to);
}

static void listeners_task(void *ctx)
{
    struct app *a = ctx;
    for (;;) {
        app_lock(a);
        hall_step(&a->hall, app_now(a));
        rtpcast_step(&a->rtp);
        bluetooth_step(a);
        app_unlock(a);
        door_sockets_wait(&a->door, STEP_MS);
    }
}

static void spawn(struct app *a, TaskFunction_t run, const char *name, UBaseType_t priority)
{
    if (xTaskCreate(run, name, STACK_BYTES, a, priority, NULL) != pdPASS)
        log_line(LOG_LEVEL_ERROR, "no memory for a task name=%s", name);
}

static void open_listeners(struct app *a)
{
    furnish(a);
    if (door_sockets_open(&a->door, "0.0.0.0", APP_PORT) != ERR_OK) {
        log_line(LOG_LEVEL_ERROR, "nobody can listen: no socket");
        return;
    }
    open_rtp(a);
    hall_init(&a->hall, a->places, APP_PLACES, &a->studio, &a->door.door);
    bluetooth_start(a);
    spawn(a, sound_task(a), "sound", SOUND_PRIORITY);
    spawn(a, listeners_task, "listeners", LISTENERS_PRIORITY);
}

static void load(struct app *a, const struct tuning *standard)
{
    char suffix[7], fallback[TUNING_HOST_MAX];
    if (vault_nvs_open(&a->vault, "audio") != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "settings cannot be kept");
    a->crashes = keep_count_crashes(&a->vault.vault, system_esp_was_crash());
    a->safe_mode = a->crashes.safe_mode;
    vTaskDelay(pdMS_TO_TICKS(bootguard_pause_ms(a->crashes.count)));
    a->tuning = *standard;
    keep_load(&a->vault.vault, &tuning_table, &a->tuning);
    system_esp_suffix(suffix);
    (void)snprintf(fallback, sizeof fallback, "audio-%s", suffix);
    tuning_host(&a->tuning, fallback, a->host);
    (void)snprintf(a->portal_ssid, sizeof a->portal_ssid, "camrelay-audio-%s", suffix);
}

void app_start(struct app *a, const struct tuning *standard)
{
    a->clock = system_esp_clock();
    a->random = system_esp_random();
    a->lock = xSemaphoreCreateMutex();
    load(a, standard);
    /* Wi-Fi before the ADC: see adc_esp.h. NVS before Wi-Fi, which keeps its own things there. */
    if (wifi_esp_start(a->host) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "no radio");
    keep_password(&a->vault.vault, &a->random, a->password); /* random only once the radio is on */
    a->join.login = login_of(&a->tuning);
    a->join.portal_ssid = a->portal_ssid;
    a->join.portal_password = a->password;
    a->join.safe_mode = a->safe_mode;
    if (!a->safe_mode) {
        sound_open(a);
        open_listeners(a);
    }
    if (setup_start(a) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "the set-up page does not run");
    network_start_names(a);
    spawn(a, network_task, "network", NETWORK_PRIORITY);
    printf("\r\ncamrelay audio %s\r\nuser admin, password %s\r\ntype help\r\n", CAMRELAY_VERSION,
           a->password);
}
