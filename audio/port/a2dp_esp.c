#include "audio/port/a2dp_esp.h"

#include "sdkconfig.h"

#if CONFIG_BT_A2DP_ENABLE

#include <string.h>

#include "audio/port/classic_esp.h"
#include "esp_a2dp_api.h"
#include "esp_avrc_api.h"
#include "esp_gap_bt_api.h"
#include "lib/port/log.h"

enum {
    LOOK_FOR = 10,   /* times 1.28 s */
    FRAME_BYTES = 4, /* two samples */
};

static const struct a2dp_esp_sound *s_sound;
static bool s_connecting;

static void look_for_speaker(void)
{
    s_connecting = false;
    (void)esp_bt_gap_start_discovery(ESP_BT_INQ_MODE_GENERAL_INQUIRY, LOOK_FOR, 0);
}

static bool is_speaker(const esp_bt_gap_cb_param_t *p)
{
    for (int i = 0; i < p->disc_res.num_prop; i++) {
        const esp_bt_gap_dev_prop_t *prop = &p->disc_res.prop[i];
        if (prop->type != ESP_BT_GAP_DEV_PROP_COD)
            continue;
        uint32_t cod;
        memcpy(&cod, prop->val, sizeof cod);
        return esp_bt_gap_is_valid_cod(cod) &&
               (esp_bt_gap_get_cod_srvc(cod) & ESP_BT_COD_SRVC_RENDERING) != 0;
    }
    return false;
}

static void on_gap(esp_bt_gap_cb_event_t event, esp_bt_gap_cb_param_t *p)
{
    if (event == ESP_BT_GAP_DISC_RES_EVT && !s_connecting && is_speaker(p)) {
        s_connecting = true;
        (void)esp_bt_gap_cancel_discovery();
        (void)esp_a2d_source_connect(p->disc_res.bda);
    }
    if (event == ESP_BT_GAP_DISC_STATE_CHANGED_EVT && !s_connecting &&
        p->disc_st_chg.state == ESP_BT_GAP_DISCOVERY_STOPPED)
        look_for_speaker();
    if (event == ESP_BT_GAP_CFM_REQ_EVT) /* a speaker that compares numbers: we show none */
        (void)esp_bt_gap_ssp_confirm_reply(p->cfm_req.bda, true);
}

static void on_connection(esp_a2d_connection_state_t state)
{
    if (state == ESP_A2D_CONNECTION_STATE_CONNECTED) {
        log_line(LOG_LEVEL_INFO, "a speaker is connected");
        s_sound->wanted(s_sound->ctx, true);
        (void)esp_a2d_media_ctrl(ESP_A2D_MEDIA_CTRL_CHECK_SRC_RDY);
    }
    if (state == ESP_A2D_CONNECTION_STATE_DISCONNECTED) {
        s_sound->wanted(s_sound->ctx, false);
        look_for_speaker();
    }
}

static void on_a2dp(esp_a2d_cb_event_t event, esp_a2d_cb_param_t *p)
{
    if (event == ESP_A2D_CONNECTION_STATE_EVT)
        on_connection(p->conn_stat.state);
    if (event == ESP_A2D_MEDIA_CTRL_ACK_EVT &&
        p->media_ctrl_stat.cmd == ESP_A2D_MEDIA_CTRL_CHECK_SRC_RDY &&
        p->media_ctrl_stat.status == ESP_A2D_MEDIA_CTRL_ACK_SUCCESS)
        (void)esp_a2d_media_ctrl(ESP_A2D_MEDIA_CTRL_START);
}

static void on_remote_control(esp_avrc_ct_cb_event_t event, esp_avrc_ct_cb_param_t *p)
{
    (void)event; /* A2DP wants the profile there; its buttons say nothing to us */
    (void)p;
}

/* A short answer would be an underflow of the stack's: always all of it. */
static int32_t on_pull(uint8_t *out, int32_t len)
{
    if (out == NULL || len <= 0)
        return 0; /* a flush */
    s_sound->pull(s_sound->ctx, (int16_t *)(void *)out, (size_t)len / FRAME_BYTES);
    return len;
}

enum err a2dp_esp_start(const char *name, const struct a2dp_esp_sound *sound)
{
    s_sound = sound;
    enum err e = classic_esp_start(name, false);
    if (e != ERR_OK)
        return e;
    esp_err_t rc = esp_bt_gap_register_callback(on_gap);
    if (rc == ESP_OK)
        rc = esp_avrc_ct_init(); /* before A2DP */
    if (rc == ESP_OK)
        rc = esp_avrc_ct_register_callback(on_remote_control);
    if (rc == ESP_OK)
        rc = esp_a2d_register_callback(on_a2dp);
    if (rc == ESP_OK)
        rc = esp_a2d_source_register_data_callback(on_pull);
    if (rc == ESP_OK)
        rc = esp_a2d_source_init();
    if (rc != ESP_OK) {
        log_line(LOG_LEVEL_ERROR, "A2DP does not start code=%d", (int)rc);
        return ERR_IO;
    }
    look_for_speaker();
    return ERR_OK;
}

#else /* a chip without Bluetooth Classic, or a build without A2DP */

enum err a2dp_esp_start(const char *name, const struct a2dp_esp_sound *sound)
{
    (void)name;
    (void)sound;
    return ERR_INPUT;
}

#endif
