#include "camera/main/tasks.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "camera/port/mdns_esp.h"
#include "camera/port/sleep_esp.h"
#include "driver/gpio.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "idf/console_esp.h"
#include "idf/system_esp.h"
#include "idf/update_esp.h"
#include "idf/wifi_esp.h"
#include "lib/pace/bootguard.h"
#include "lib/port/log.h"

enum {
    STEP_MAX_MS = 500, /* no task sleeps longer: commands and settings are looked at */
    BUTTON_RESET_MS = 5000,
    NETWORK_STEP_MS = 100,
};

static uint32_t dice(const struct app *a)
{
    uint32_t d;
    a->random.fill(a->random.ctx, &d, sizeof d);
    return d;
}

static void watch_this_task(void)
{
    if (esp_task_wdt_add(NULL) != ESP_OK)
        log_line(LOG_LEVEL_WARN, "the task watchdog is off");
}

static void feed(void)
{
    (void)esp_task_wdt_reset(); /* fails only where the watchdog is off, which was said */
}

/* ---- capture ---- */

static struct trigger_local local_time(const struct app *a)
{
    struct wall w = timekeep_now(&a->station.time, app_now(a));
    unsigned weekday = 0, minute = 0;
    if (w.ms > 0)
        system_esp_local_time(w, &weekday, &minute);
    return (struct trigger_local){
        .known = w.ms > 0, .weekday = (uint8_t)weekday, .minute = (uint16_t)minute};
}

static bool gpio_says_now(const struct app *a)
{
    const struct settings *s = &a->station.settings;
    return s->gpio_pin >= 0 && gpio_get_level((gpio_num_t)s->gpio_pin) == s->gpio_level;
}

static void take_photo(struct app *a, enum shot_trigger why)
{
    struct station_exposure x;
    do {
        app_take_sensor(a, feed);
        station_expose(&a->station, app_now(a), why, &x);
        app_lock(a);
        station_keep(&a->station, &x);
        a->board_facts.sensor = a->camera.model;
        bool reboot = a->station.wants_reboot;
        app_unlock(a);
        xSemaphoreGive(a->sensor_lock);
        if (reboot)
            app_reboot(a);
    } while (x.again);
    app_lock(a);
    a->capturing = false;
    app_unlock(a);
}

void tasks_capture(void *arg)
{
    struct app *a = arg;
    bool was_active = false;
    watch_this_task();
    for (;;) {
        enum shot_trigger why = SHOT_BY_INTERVAL;
        app_lock(a);
        bool active = gpio_says_now(a);
        if (active && !was_active)
            trigger_gpio(&a->station.trigger, app_now(a));
        was_active = active;
        bool due = !atomic_load(&a->updating) &&
                   station_wants_photo(&a->station, app_now(a), local_time(a), &why);
        a->capturing = due;
        struct deadline next = trigger_wake(&a->station.trigger, app_now(a));
        bool gpio = a->station.settings.gpio_pin >= 0;
        app_unlock(a);
        feed();
        if (due) {
            take_photo(a, why);
            continue;
        }
        uint32_t ms = deadline_left_ms(next, app_now(a)), most = gpio ? 20 : STEP_MAX_MS / 5;
        vTaskDelay(pdMS_TO_TICKS(ms < 10 ? 10 : ms < most ? ms : most));
    }
}

/* ---- courier ---- */

static void report_upload(struct app *a, uint32_t *sent_before)
{
    uint32_t sent = a->station.tally.now.sent;
    if (sent == *sent_before)
        return;
    *sent_before = sent;
    update_esp_confirm(); /* a firmware that delivers is a good one */
    a->on_trial = false;
    log_line(LOG_LEVEL_INFO, "photo acknowledged sent=%" PRIu32 " waiting=%" PRIu32, sent,
             backlog_waiting(&a->station.backlog));
}

void tasks_courier(void *arg)
{
    struct app *a = arg;
    uint32_t sent_before = a->station.tally.now.sent;
    bool was_sending = false;
    char host[COURIER_HOST_MAX];
    watch_this_task();
    for (;;) {
        app_lock(a);
        snprintf(host, sizeof host, "%s", a->station.relay.host);
        bool online = a->join.online;
        app_unlock(a);
        if (online)
            stream_esp_prepare(&a->stream, host); /* may wait for the DNS */
        feed();
        app_lock(a);
        courier_set_online(&a->station.courier, online);
        station_send(&a->station, app_now(a));
        report_upload(a, &sent_before);
        uint32_t ms = deadline_left_ms(station_send_wake(&a->station), app_now(a));
        bool wants_write, sending = station_wants_stream(&a->station, &wants_write);
        int descriptor = stream_esp_descriptor(&a->stream);
        bool saves = a->station.settings.wifi_power_save != 0;
        app_unlock(a);
        if (sending != was_sending && online)
            wifi_esp_save_power(saves && !sending);
        was_sending = sending;
        ms = ms < STEP_MAX_MS ? ms : STEP_MAX_MS;
        if (sending)
            stream_esp_wait(descriptor, wants_write, ms);
        else
            vTaskDelay(pdMS_TO_TICKS(ms < 50 ? 50 : ms < 200 ? ms : 200));
    }
}

/* ---- network: Wi-Fi ---- */

static void step_join(struct app *a)
{
    struct join_news news = join_step(&a->join, app_now(a), dice(a));
    if (news.online)
        system_esp_sntp(a->station.settings.ntp_server);
    if (news.trial_good)
        join_trial_end(&a->join, app_save(a, &a->trial) == ERR_OK);
}

/* ---- network: the relay's address and the time ---- */

/* Waits for answers, without the lock. */
static void browse(struct app *a)
{
    char host[MDNS_ESP_ADDRESS_MAX] = "";
    uint16_t port = 0;
    bool found = mdns_esp_find_relay(host, &port);
    app_lock(a);
    if (found)
        relayfind_found(&a->station.relay, host, port);
    else
        relayfind_not_found(&a->station.relay, app_now(a));
    app_unlock(a);
    if (found)
        log_line(LOG_LEVEL_INFO, "relay found host=%s port=%u", host, port);
}

static void step_clock(struct app *a)
{
    struct timekeep *t = &a->station.time;
    struct wall before = timekeep_now(t, app_now(a));
    enum timekeep_source source = t->source;
    if (system_esp_sntp_answered())
        (void)timekeep_hear(t, TIMEKEEP_SNTP, a->clock.wall_now(a->clock.ctx), app_now(a));
    else if (source == TIMEKEEP_RELAY && before.ms - a->clock.wall_now(a->clock.ctx).ms > 5000)
        system_esp_set_time(before); /* so that log and test picture show it, too */
}

static void step_health(struct app *a)
{
    struct health *h = &a->station.courier.health;
    int rssi = 0;
    h->has_rssi = a->join.online && wifi_esp_rssi(&rssi);
    h->rssi_dbm = (int16_t)rssi;
    h->heap_free_bytes = system_esp_heap_free();
    h->heap_least_bytes = system_esp_heap_least();
    keep_settle(&a->crashes, &a->vault.vault, app_now(a));
}

/* ---- network: console, button, sleep ---- */

static void obey(struct app *a, enum remote_deed deed, const struct settings *wanted)
{
    switch (deed) {
    case REMOTE_SAID: return;
    case REMOTE_SAVE:
        if (app_save(a, wanted) != ERR_OK)
            printf("it could not be saved\r\n");
        return;
    case REMOTE_SHOOT:
        if (!trigger_request(&a->station.trigger))
            printf("enough photos are asked for already\r\n");
        return;
    case REMOTE_PORTAL: a->join.portal_asked = true; return;
    case REMOTE_REBOOT: atomic_store(&a->wants_reboot, true); return;
    case REMOTE_RESET: app_factory_reset(a); return;
    }
}

/* With the lock held. */
static void run_line(struct app *a, struct slice line)
{
    static char s_reply[REMOTE_REPLY_MAX];
    static struct settings s_wanted;
    struct buf out;
    buf_init(&out, s_reply, sizeof s_reply);
    s_wanted = a->station.settings;
    enum remote_deed deed = remote_console(&a->station, &a->board_facts, &s_wanted, line, &out);
    printf("%.*s\r\n", (int)out.len, out.ptr);
    obey(a, deed, &s_wanted);
}

static void step_console(struct app *a)
{
    struct slice line;
    while (console_esp_read(&line))
        run_line(a, line);
}

static void step_button(struct app *a, struct deadline *held)
{
    if (a->board.button < 0)
        return;
    if (gpio_get_level((gpio_num_t)a->board.button) != 0)
        *held = deadline_never();
    else if (!held->set)
        *held = deadline_in(app_now(a), BUTTON_RESET_MS);
    else if (deadline_passed(*held, app_now(a)))
        app_factory_reset(a);
}

/* Between photos, if the owner wants that and nothing is lost by it. */
static void step_sleep(struct app *a)
{
    struct station *s = &a->station;
    enum join_trial trial = a->join.trial;
    const struct nap_facts facts = {
        .held = a->safe_mode || wifi_esp_portal_is_open() || atomic_load(&a->updating) ||
                atomic_load(&a->watchers) > 0 || trial == JOIN_TRIAL_WANTED ||
                trial == JOIN_TRIAL_RUNNING || a->on_trial,
        .woke = sleep_esp_woke(),
        .looked = !a->capturing,
        .has_pin = sleep_esp_can_wake(s->settings.gpio_pin),
        .now = app_now(a),
    };
    uint32_t ms = station_nap_ms(s, &facts, local_time(a));
    if (ms == 0 || xSemaphoreTake(a->sensor_lock, 0) != pdTRUE)
        return;
    courier_set_online(&s->courier, false);
    if (s->sensor_on)
        s->ports.sensor->stop(s->ports.sensor->ctx);
    bool wired = false;
    s->ports.sensor->power(s->ports.sensor->ctx, false, &wired);
    log_line(LOG_LEVEL_INFO, "sleeping ms=%" PRIu32, ms);
    const struct sleep_esp_plan plan = {.ms = ms,
                                        .pin = s->settings.gpio_pin,
                                        .level = s->settings.gpio_level,
                                        .lamp = a->board.lamp,
                                        .lamp_active_low = a->board.lamp_active_low};
    sleep_esp_begin(&plan);
}

static void step_reboot(struct app *a)
{
    if (a->safe_mode && !atomic_load(&a->updating) && bootguard_safe_mode_ends(app_now(a)))
        app_reboot(a); /* perhaps it was the weather */
    if (!atomic_load(&a->wants_reboot))
        return;
    courier_set_online(&a->station.courier, false); /* what is in RAM goes to the queue */
    app_unlock(a);
    vTaskDelay(pdMS_TO_TICKS(500)); /* the page's answer goes out */
    esp_restart();
}

void tasks_network(void *arg)
{
    struct app *a = arg;
    struct deadline button_held = {0};
    watch_this_task();
    app_lock(a);
    join_begin(&a->join, app_now(a));
    app_unlock(a);
    for (;;) {
        feed();
        app_lock(a);
        step_join(a);
        step_clock(a);
        step_health(a);
        step_console(a);
        step_button(a, &button_held);
        step_sleep(a);
        step_reboot(a);
        bool wants_browse = a->join.online && relayfind_wants_browse(&a->station.relay, app_now(a));
        app_unlock(a);
        if (wants_browse)
            browse(a);
        vTaskDelay(pdMS_TO_TICKS(NETWORK_STEP_MS));
    }
}
