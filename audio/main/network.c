#include "audio/main/network.h"

#include <stdio.h>
#include <string.h>

#include "audio/main/bluetooth.h"
#include "audio/main/setup.h"
#include "esp_system.h"
#include "freertos/task.h"
#include "idf/console_esp.h"
#include "idf/system_esp.h"
#include "idf/update_esp.h"
#include "idf/wifi_esp.h"
#include "lib/pace/bootguard.h"
#include "lib/port/log.h"
#include "lib/wire/prompt.h"
#include "mdns.h"

enum {
    STEP_MS = 100,
    PROVEN_MS = 60 * 1000, /* on the network so long: a new firmware is a good one */
    GOODBYE_MS = 500,      /* for the page's answer to go out */
    REPLY_BYTES = 2048,
};

/* ---- names ---- */

void network_start_names(const struct app *a)
{
    mdns_txt_item_t about[] = {
        {"name", a->tuning.name},
        {"path", "/stream.wav"},
        {"ws", "/ws"},
        {"rate", "16000"},
        {"token", a->tuning.token[0] != '\0' ? "yes" : "no"},
        {"version", CAMRELAY_VERSION},
    };
    esp_err_t rc = mdns_init();
    if (rc == ESP_OK)
        rc = mdns_hostname_set(a->host);
    if (rc == ESP_OK)
        rc = mdns_instance_name_set(a->tuning.name);
    if (rc == ESP_OK)
        rc = mdns_service_add(NULL, "_http", "_tcp", APP_PORT, NULL, 0);
    if (rc == ESP_OK && !a->safe_mode)
        rc = mdns_service_add(NULL, "_camrelay-audio", "_tcp", APP_PORT, about,
                              sizeof about / sizeof about[0]);
    if (rc != ESP_OK)
        log_line(LOG_LEVEL_WARN, "no mDNS: listeners need the address code=%d", (int)rc);
}

/* ---- Wi-Fi ---- */

/* Sleeping costs up to 300 ms of jitter; beside Bluetooth the radio must sleep. */
static void step_power(struct app *a)
{
    static bool s_awake;
    bool awake = a->join.online && a->studio.listeners > 0 && !a->bluetooth_runs;
    if (awake == s_awake)
        return;
    s_awake = awake;
    wifi_esp_save_power(!awake);
}

static void step_join(struct app *a)
{
    struct join_news news = join_step(&a->join, app_now(a), app_dice(a));
    if (news.trial_good)
        join_trial_end(&a->join, app_save(a, &a->trial) == ERR_OK);
    if (news.online)
        log_line(LOG_LEVEL_INFO, "listen at http://%s/ or http://%s.local/; set-up at :%d",
                 a->join.address, a->host, setup_port(a));
    if (a->safe_mode)
        return;
    bool alone = wifi_esp_portal_is_open() && !a->join.online;
    a->studio.elsewhere = alone ? SETUP_PORTAL_PAGE : NULL;
    bluetooth_pause(a, wifi_esp_portal_is_visited());
    step_power(a);
}

/* ---- health ---- */

static void step_health(struct app *a)
{
    struct mono now = app_now(a);
    if (a->join.online && now.ms >= PROVEN_MS)
        update_esp_confirm();
    keep_settle(&a->crashes, &a->vault.vault, now);
    if (a->safe_mode && now.ms >= BOOTGUARD_SAFE_MS)
        app_reboot(a); /* the count is back at 0 by then */
}

/* ---- console ---- */

/* What was typed, understood. */
struct typed {
    enum prompt_deed deed;
    struct slice word;
    struct tuning values;
};

static void obey(struct app *a, const struct typed *t, struct buf *out)
{
    switch (t->deed) {
    case PROMPT_SAID: return;
    case PROMPT_SAVE:
        if (app_save(a, &t->values) != ERR_OK)
            buf_add_text(out, "it could not be saved\r\n");
        return;
    case PROMPT_PORTAL: a->join.portal_asked = true; return;
    case PROMPT_REBOOT: app_reboot(a); return;
    case PROMPT_RESET: app_factory_reset(a); return;
    case PROMPT_OTHER:
        if (slice_eq(t->word, SLICE("status")))
            (void)setup_put_status(a, out); /* cut short if it does not fit */
        else
            buf_add_text(out, "help | status | show | set NAME VALUE | portal | reboot | "
                              "factory-reset yes\r\n");
        return;
    }
}

static void step_console(struct app *a)
{
    static char s_reply[REPLY_BYTES];
    static struct typed s_typed;
    struct slice line;
    while (console_esp_read(&line)) {
        struct buf out;
        buf_init(&out, s_reply, sizeof s_reply);
        s_typed.values = a->tuning;
        s_typed.deed = prompt_run(&tuning_table, &s_typed.values, line, &s_typed.word, &out);
        obey(a, &s_typed, &out);
        printf("%.*s\r\n", (int)out.len, out.ptr);
    }
}

static void step_reboot(struct app *a)
{
    if (!atomic_load(&a->wants_reboot))
        return;
    app_unlock(a);
    vTaskDelay(pdMS_TO_TICKS(GOODBYE_MS));
    esp_restart();
}

void network_task(void *ctx)
{
    struct app *a = ctx;
    app_lock(a);
    join_begin(&a->join, app_now(a));
    app_unlock(a);
    for (;;) {
        app_lock(a);
        step_join(a);
        step_health(a);
        step_console(a);
        step_reboot(a);
        app_unlock(a);
        vTaskDelay(pdMS_TO_TICKS(STEP_MS));
    }
}
