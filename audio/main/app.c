#include "audio/main/app.h"

#include <stdio.h>

#include "audio/logic/adcword.h"
#include "audio/logic/btpull.h"
#include "audio/logic/hall.h"
#include "audio/logic/rtpcast.h"
#include "audio/logic/tonegen.h"
#include "audio/port/a2dp_esp.h"
#include "audio/port/adc_esp.h"
#include "audio/port/cast_sockets.h"
#include "audio/port/door_sockets.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "idf/system_esp.h"
#include "idf/vault_nvs.h"
#include "idf/wifi_esp.h"
#include "lib/port/log.h"

/* tools/embed names the type after the relay's; the fields are the same. */
#define web_file studio_file
#include "audio_ui.h"
#undef web_file

enum {
    TAPE_SAMPLES = 8192, /* 512 ms */
    PLACES = 6,
    LISTENERS = 4,
    FRAME_WORDS = 256,
    FRAME_MS = 5,
    STEP_MS = 5,
    PORT = 80,
    /* lwIP runs at 18 and Wi-Fi at 23: the sound goes before the first and after the second. */
    SOUND_PRIORITY = 20,
    LISTENERS_PRIORITY = 10,
    NETWORK_PRIORITY = 4,
    STACK_BYTES = 8192,
};

static struct {
    const camrelay_audio_defaults *defaults;
    struct clock clock;
    struct random random;
    struct vault_nvs vault;
    _Atomic int16_t samples[TAPE_SAMPLES];
    struct tape tape;
    struct chain chain;
    struct pulse pulse;
    struct studio studio;
    struct door_sockets door;
    struct hall_place places[PLACES];
    struct hall hall;
    struct wifiplan wifi;
    struct cast_sockets cast;
    struct rtpcast rtp;
    struct btpull speaker;
    _Atomic bool speaker_wants;
    bool speaker_counted;
} s_app;

static struct mono now(void)
{
    return s_app.clock.mono_now(s_app.clock.ctx);
}

static uint32_t dice(void)
{
    uint32_t n;
    s_app.random.fill(s_app.random.ctx, &n, sizeof n);
    return n;
}

/* ---- network: joins and joins again, for ever ---- */

static void network_events(void)
{
    static struct wifiplan_ap s_seen[WIFIPLAN_SEEN_MAX];
    struct wifi_esp_events e = wifi_esp_take_events();
    if (e.scanned)
        wifiplan_scanned(&s_app.wifi, s_seen, wifi_esp_take_scan(s_seen, WIFIPLAN_SEEN_MAX), now());
    if (e.lost)
        wifiplan_lost(&s_app.wifi, now(), dice());
    if (e.joined) {
        char address[WIFI_ESP_ADDRESS_MAX];
        wifi_esp_own_address(address);
        wifiplan_joined(&s_app.wifi);
        if (!s_app.defaults->speaker)   /* beside Bluetooth the radio must sleep */
            wifi_esp_save_power(false); /* sleeping costs up to 300 ms of jitter */
        log_line(LOG_LEVEL_INFO, "listen at http://%s/", address);
    }
}

static void network_task(void *ctx)
{
    (void)ctx;
    for (;;) {
        struct wifiplan_join join;
        network_events();
        switch (wifiplan_step(&s_app.wifi, now(), dice(), &join)) {
        case WIFIPLAN_NOTHING: break;
        case WIFIPLAN_SCAN: wifi_esp_scan(); break;
        case WIFIPLAN_JOIN: wifi_esp_join(&join, s_app.defaults->password); break;
        }
        vTaskDelay(pdMS_TO_TICKS(100));
    }
}

/* ---- sound ---- */

static void feed(const uint32_t *words, size_t count, uint32_t lost)
{
    if (lost > 0)
        chain_lost(&s_app.chain, lost);
    if (count > 0)
        chain_feed(&s_app.chain, words, count);
    if (count + lost > 0)
        pulse_feed(&s_app.pulse, (uint32_t)(count + lost), now());
}

static void tone_task(void *ctx)
{
    static uint32_t s_words[FRAME_WORDS];
    struct tonegen tone;
    uint64_t done = 0, start = now().ms;
    (void)ctx;
    tonegen_init(&tone, s_app.chain.channel);
    for (;;) {
        uint64_t due = (now().ms - start) * (CHAIN_ADC_HZ / 1000);
        for (; done + FRAME_WORDS <= due; done += FRAME_WORDS) {
            tonegen_fill(&tone, s_words, FRAME_WORDS);
            feed(s_words, FRAME_WORDS, 0);
        }
        vTaskDelay(pdMS_TO_TICKS(FRAME_MS));
    }
}

static void sound_task(void *ctx)
{
    static uint32_t s_words[FRAME_WORDS];
    (void)ctx;
    for (;;) {
        size_t count = 0;
        uint32_t lost = 0;
        if (adc_esp_read(s_words, FRAME_WORDS, &count, &lost) != ERR_OK)
            vTaskDelay(pdMS_TO_TICKS(FRAME_MS));
        feed(s_words, count, lost);
        if (!pulse_is_silent(&s_app.pulse, now()))
            continue;
        /* How much was missed is what the clock says. */
        chain_lost(&s_app.chain, PULSE_SILENT_MS * (CHAIN_ADC_HZ / 1000));
        log_line(LOG_LEVEL_WARN, "the ADC was silent and is started again");
        if (adc_esp_restart() != ERR_OK)
            vTaskDelay(pdMS_TO_TICKS(1000));
        pulse_restarted(&s_app.pulse, now());
    }
}

/* ---- listeners ---- */

/* The speaker's wish comes from the Bluetooth stack's thread; it counts as a listener in ours. */
static void follow_speaker(void)
{
    bool wants = atomic_load(&s_app.speaker_wants);
    if (wants == s_app.speaker_counted)
        return;
    s_app.speaker_counted = wants;
    if (wants)
        studio_enter(&s_app.studio);
    else
        studio_leave(&s_app.studio);
}

static void speaker_wanted(void *ctx, bool on)
{
    (void)ctx;
    if (on)
        btpull_open(&s_app.speaker, &s_app.tape);
    atomic_store(&s_app.speaker_wants, on);
}

static void speaker_pull(void *ctx, int16_t *out, size_t frames)
{
    (void)ctx;
    btpull_stereo(&s_app.speaker, out, frames);
}

static void open_rtp(const camrelay_audio_defaults *d)
{
    uint32_t seed[2] = {dice(), dice()};
    if (d->rtp_to[0] == '\0')
        return;
    (void)snprintf(s_app.studio.rtp_to, sizeof s_app.studio.rtp_to, "%s", d->rtp_to);
    s_app.studio.rtp_port = d->rtp_port;
    if (cast_sockets_open(&s_app.cast, d->rtp_to, d->rtp_port) == ERR_OK)
        rtpcast_open(&s_app.rtp, &s_app.studio, &s_app.cast.cast, seed);
    else
        log_line(LOG_LEVEL_ERROR, "RTP cannot be sent to=%s", d->rtp_to);
}

static void listeners_task(void *ctx)
{
    (void)ctx;
    for (;;) {
        hall_step(&s_app.hall, now());
        rtpcast_step(&s_app.rtp);
        follow_speaker();
        door_sockets_wait(&s_app.door, STEP_MS);
    }
}

static void furnish(const camrelay_audio_defaults *d)
{
    struct studio *s = &s_app.studio;
    *s = (struct studio){.block = d->block,
                         .codec = AUDIOFRAME_PCM,
                         .gain_db = d->gain_db,
                         .files = WEB_FILES,
                         .file_count = sizeof WEB_FILES / sizeof WEB_FILES[0],
                         .chain = &s_app.chain,
                         .pulse = &s_app.pulse,
                         .listeners_max = LISTENERS};
    (void)snprintf(s->name, sizeof s->name, "%s", d->name);
    (void)snprintf(s->token, sizeof s->token, "%s", d->token);
}

static enum err open_sound(const camrelay_audio_defaults *d)
{
    const struct adc_esp_config config = {
        .gpio = d->gpio, .attenuation = d->attenuation, .rate_hz = CHAIN_ADC_HZ};
    unsigned channel = 0;
    enum err e = d->tone ? ERR_OK : adc_esp_open(&config, &channel);
    tape_init(&s_app.tape, s_app.samples, TAPE_SAMPLES);
    chain_init(&s_app.chain, &s_app.tape, channel, d->gain_db);
    if (e == ERR_OK && !d->tone)
        linear_init(&s_app.chain.linear, adc_esp_calibrated_mv, NULL);
    pulse_init(&s_app.pulse, CHAIN_ADC_HZ, 1, now());
    return e;
}

static void spawn(TaskFunction_t run, const char *name, UBaseType_t priority)
{
    if (xTaskCreate(run, name, STACK_BYTES, NULL, priority, NULL) != pdPASS)
        log_line(LOG_LEVEL_ERROR, "no memory for a task name=%s", name);
}

void app_start(const camrelay_audio_defaults *d)
{
    const char *const ssids[WIFIPLAN_NETWORKS_MAX] = {d->ssid, "", ""};
    s_app.defaults = d;
    s_app.clock = system_esp_clock();
    s_app.random = system_esp_random();
    /* Wi-Fi before the ADC: see adc_esp.h. NVS before Wi-Fi, which keeps its own things there. */
    if (vault_nvs_open(&s_app.vault, "audio") != ERR_OK)
        log_line(LOG_LEVEL_WARN, "flash for settings cannot be used");
    if (wifi_esp_start(d->name) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "no radio");
    wifiplan_init(&s_app.wifi, ssids, now());
    if (open_sound(d) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "no sound: this pin cannot be heard gpio=%d", d->gpio);
    furnish(d);
    if (door_sockets_open(&s_app.door, "0.0.0.0", PORT) != ERR_OK) {
        log_line(LOG_LEVEL_ERROR, "nobody can listen: no socket");
        return;
    }
    open_rtp(d);
    static const struct a2dp_esp_sound s_speaker = {.pull = speaker_pull, .wanted = speaker_wanted};
    if (d->speaker && a2dp_esp_start(d->name, &s_speaker) != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "no Bluetooth speaker: this chip or build has no A2DP");
    hall_init(&s_app.hall, s_app.places, PLACES, &s_app.studio, &s_app.door.door);
    spawn(network_task, "network", NETWORK_PRIORITY);
    spawn(d->tone ? tone_task : sound_task, "sound", SOUND_PRIORITY);
    spawn(listeners_task, "listeners", LISTENERS_PRIORITY);
}
