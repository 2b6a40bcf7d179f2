#include "audio/port/handsfree_esp.h"

#include "sdkconfig.h"

#if CONFIG_BT_HFP_CLIENT_ENABLE && CONFIG_BT_HFP_AUDIO_DATA_PATH_HCI &&                            \
    !CONFIG_BT_HFP_USE_EXTERNAL_CODEC

#include <stdatomic.h>

#include "audio/port/classic_esp.h"
#include "esp_bt.h"
#include "esp_gap_bt_api.h"
#include "esp_hf_client_api.h"
#include "lib/port/log.h"

static const struct handsfree_esp_sound *s_sound;
static atomic_bool s_narrow;

/* What we hear is not played; its arrival is the clock of what we send. */
static void on_heard(const uint8_t *data, uint32_t len)
{
    (void)data;
    (void)len;
    esp_hf_client_outgoing_data_ready();
}

static uint32_t on_pull(uint8_t *out, uint32_t len)
{
    s_sound->pull(s_sound->ctx, (int16_t *)(void *)out, len / sizeof(int16_t),
                  atomic_load(&s_narrow));
    return len;
}

static void on_audio(esp_hf_client_audio_state_t state)
{
    bool wide = state == ESP_HF_CLIENT_AUDIO_STATE_CONNECTED_MSBC;
    if (wide || state == ESP_HF_CLIENT_AUDIO_STATE_CONNECTED) {
        log_line(LOG_LEVEL_INFO, "hands-free: sound wanted rate=%u", wide ? 16000U : 8000U);
        atomic_store(&s_narrow, !wide);
        s_sound->wanted(s_sound->ctx, true);
        (void)esp_hf_client_register_data_callback(on_heard, on_pull);
    } else if (state == ESP_HF_CLIENT_AUDIO_STATE_DISCONNECTED) {
        s_sound->wanted(s_sound->ctx, false);
    }
}

static void on_hands_free(esp_hf_client_cb_event_t event, esp_hf_client_cb_param_t *p)
{
    if (event == ESP_HF_CLIENT_AUDIO_STATE_EVT)
        on_audio(p->audio_stat.state); /* calls are answered by people, on the other side */
}

static void on_gap(esp_bt_gap_cb_event_t event, esp_bt_gap_cb_param_t *p)
{
    if (event == ESP_BT_GAP_CFM_REQ_EVT) /* there is no display to compare with */
        (void)esp_bt_gap_ssp_confirm_reply(p->cfm_req.bda, true);
}

enum err handsfree_esp_start(const char *name, const struct handsfree_esp_sound *sound)
{
    const esp_bt_cod_t headset = {.major = ESP_BT_COD_MAJOR_DEV_AV,
                                  .minor = 1, /* wearable headset */
                                  .service = ESP_BT_COD_SRVC_AUDIO | ESP_BT_COD_SRVC_CAPTURING};
    s_sound = sound;
    enum err e = classic_esp_start(name, true);
    if (e != ERR_OK)
        return e;
    esp_err_t rc = esp_bt_gap_register_callback(on_gap);
    if (rc == ESP_OK)
        rc = esp_bt_gap_set_cod(headset, ESP_BT_SET_COD_ALL);
    if (rc == ESP_OK) /* the controller's own default is its PCM pins */
        rc = esp_bredr_sco_datapath_set(ESP_SCO_DATA_PATH_HCI);
    if (rc == ESP_OK)
        rc = esp_hf_client_register_callback(on_hands_free);
    if (rc == ESP_OK)
        rc = esp_hf_client_init();
    if (rc == ESP_OK)
        return ERR_OK;
    log_line(LOG_LEVEL_ERROR, "hands-free does not start code=%d", (int)rc);
    return ERR_IO;
}

#else /* a chip without Bluetooth Classic, or a build without hands-free */

enum err handsfree_esp_start(const char *name, const struct handsfree_esp_sound *sound)
{
    (void)name;
    (void)sound;
    return ERR_INPUT;
}

#endif
