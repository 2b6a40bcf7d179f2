#include "audio/main/bluetooth.h"

#include "audio/port/a2dp_esp.h"
#include "audio/port/ble_esp.h"
#include "audio/port/handsfree_esp.h"
#include "lib/port/log.h"

/* ---- BLE: the stack's task tells, the listeners' task sends; `lock` keeps them apart ---- */

static void on_connected(void *ctx)
{
    struct app *a = ctx;
    app_lock(a);
    gattcast_connected(&a->gatt, app_now(a));
    app_unlock(a);
}

static void on_gone(void *ctx)
{
    struct app *a = ctx;
    app_lock(a);
    gattcast_gone(&a->gatt);
    app_unlock(a);
}

static void on_mtu(void *ctx, uint16_t mtu)
{
    struct app *a = ctx;
    app_lock(a);
    gattcast_mtu(&a->gatt, mtu);
    app_unlock(a);
}

static void on_subscribed(void *ctx, uint16_t characteristic, bool on)
{
    struct app *a = ctx;
    app_lock(a);
    gattcast_subscribed(&a->gatt, characteristic, on);
    app_unlock(a);
}

static void on_secured(void *ctx)
{
    struct app *a = ctx;
    app_lock(a);
    gattcast_secured(&a->gatt);
    app_unlock(a);
}

static void on_channel(void *ctx, uint16_t mtu)
{
    struct app *a = ctx;
    app_lock(a);
    gattcast_channel(&a->gatt, mtu);
    app_unlock(a);
}

static unsigned on_control(void *ctx, const uint8_t *data, size_t len)
{
    struct app *a = ctx;
    app_lock(a);
    unsigned answer = gattcast_control(&a->gatt, data, len);
    app_unlock(a);
    return answer;
}

static size_t on_read(void *ctx, uint16_t characteristic, uint8_t out[RADIO_VALUE_MAX])
{
    struct app *a = ctx;
    app_lock(a);
    size_t len = gattcast_read(&a->gatt, characteristic, out);
    app_unlock(a);
    return len;
}

static enum err start_ble(struct app *a)
{
    static struct ble_esp_config s_config;
    s_config = (struct ble_esp_config){
        .name = a->tuning.name, .version = CAMRELAY_VERSION, .pairing = a->tuning.ble_pairing != 0};
    a->ears = (struct radio_ears){.ctx = a,
                                  .connected = on_connected,
                                  .gone = on_gone,
                                  .mtu = on_mtu,
                                  .subscribed = on_subscribed,
                                  .secured = on_secured,
                                  .channel = on_channel,
                                  .control = on_control,
                                  .read = on_read};
    gattcast_init(&a->gatt, &a->studio, ble_esp_radio());
    a->gatt.pairing = s_config.pairing;
    a->gatt.psm = ble_esp_psm();
    return ble_esp_start(&s_config, &a->ears);
}

/* ---- Classic: the stack's task pulls; the listeners' task counts it as a listener ---- */

static void classic_wanted(void *ctx, bool on)
{
    struct app *a = ctx;
    if (on)
        btpull_open(&a->classic, &a->tape);
    atomic_store(&a->classic_wants, on);
}

static void speaker_pull(void *ctx, int16_t *out, size_t frames)
{
    struct app *a = ctx;
    btpull_stereo(&a->classic, out, frames);
}

static void handsfree_pull(void *ctx, int16_t *out, size_t count, bool narrow)
{
    struct app *a = ctx;
    if (narrow)
        btpull_narrow(&a->classic, out, count);
    else
        btpull_mono(&a->classic, out, count);
}

static void follow_classic(struct app *a)
{
    bool wants = atomic_load(&a->classic_wants) && studio_can_play(&a->studio);
    if (wants == a->classic_counted)
        return;
    a->classic_counted = wants;
    if (wants)
        studio_enter(&a->studio);
    else
        studio_leave(&a->studio);
}

static enum err start_speaker(struct app *a)
{
    static struct a2dp_esp_sound s_sound;
    s_sound = (struct a2dp_esp_sound){.ctx = a, .pull = speaker_pull, .wanted = classic_wanted};
    return a2dp_esp_start(a->tuning.name, &s_sound);
}

static enum err start_handsfree(struct app *a)
{
    static struct handsfree_esp_sound s_sound;
    s_sound =
        (struct handsfree_esp_sound){.ctx = a, .pull = handsfree_pull, .wanted = classic_wanted};
    return handsfree_esp_start(a->tuning.name, &s_sound);
}

/* ---- */

void bluetooth_start(struct app *a)
{
    enum err e = ERR_OK;
    switch ((enum tuning_bluetooth)a->tuning.bluetooth) {
    case TUNING_BT_OFF: return;
    case TUNING_BT_BLE: e = start_ble(a); break;
    case TUNING_BT_SPEAKER: e = start_speaker(a); break;
    case TUNING_BT_HANDSFREE: e = start_handsfree(a); break;
    }
    a->bluetooth_runs = e == ERR_OK;
    if (e == ERR_INPUT)
        log_line(LOG_LEVEL_WARN, "this chip or build has no such Bluetooth: it stays off");
}

void bluetooth_step(struct app *a)
{
    if (!a->bluetooth_runs)
        return;
    if (a->tuning.bluetooth == TUNING_BT_BLE)
        gattcast_step(&a->gatt, app_now(a));
    else
        follow_classic(a);
}

void bluetooth_pause(struct app *a, bool paused)
{
    if (a->bluetooth_runs && a->tuning.bluetooth == TUNING_BT_BLE)
        gattcast_pause(&a->gatt, paused);
}
