/* audio/main/main.c - the firmware on the chip, as `idf.py menuconfig` set it. */
#include "audio/main/camrelay_audio.h"
#include "sdkconfig.h"

#ifndef CONFIG_CAMRELAY_AUDIO_TONE
#define CONFIG_CAMRELAY_AUDIO_TONE 0
#endif

void app_main(void);

void app_main(void)
{
    static const camrelay_audio_defaults s_defaults = {
        .ssid = CONFIG_CAMRELAY_AUDIO_SSID,
        .password = CONFIG_CAMRELAY_AUDIO_PASSWORD,
        .name = CONFIG_CAMRELAY_AUDIO_NAME,
        .token = CONFIG_CAMRELAY_AUDIO_TOKEN,
        .gpio = CONFIG_CAMRELAY_AUDIO_GPIO,
        .attenuation = CONFIG_CAMRELAY_AUDIO_ATTENUATION,
        .gain_db = CONFIG_CAMRELAY_AUDIO_GAIN_DB,
        .block = CONFIG_CAMRELAY_AUDIO_BLOCK,
        .tone = CONFIG_CAMRELAY_AUDIO_TONE,
        .rtp_to = CONFIG_CAMRELAY_AUDIO_RTP_TO,
        .rtp_port = CONFIG_CAMRELAY_AUDIO_RTP_PORT,
        .bluetooth = CONFIG_CAMRELAY_AUDIO_BLUETOOTH,
        .rate_hz = 16000,
    };
    camrelay_audio_begin(&s_defaults);
}
