/* audio/main/camrelay_audio.h - what a sketch or a main() needs to start the audio streamer. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CAMRELAY_AUDIO_NO_BLUETOOTH = 0,
    CAMRELAY_AUDIO_BLE = 1,     /* our own stream; every chip with Bluetooth, builds with NimBLE */
    CAMRELAY_AUDIO_SPEAKER = 2, /* A2DP source: ESP32 only, builds with Bluedroid */
    CAMRELAY_AUDIO_HANDSFREE = 3, /* hands-free unit, experimental: as before */
};

/* What counts until something is saved on the set-up page. NULL texts: nothing. */
typedef struct {
    const char *ssid;     /* Wi-Fi to join; "": the device opens its set-up portal */
    const char *password; /* of it */
    const char *name;     /* told to listeners, to the network and over Bluetooth; 29 characters */
    const char *token;    /* listeners must know it; "": everybody in reach may listen */
    int gpio;           /* of ADC1; 2 as described, 3 or 4 recommended: GPIO 2 is a strapping pin */
    int attenuation;    /* 0, 1, 2, 3: 0, 2.5, 6, 12 dB */
    int gain_db;        /* -20 to 40 */
    uint16_t block;     /* samples of a packet: even, 80 to 512 */
    int tone;           /* not 0: a built-in tone instead of the ADC */
    const char *rtp_to; /* IPv4 address RTP is sent to all the time; "": none */
    uint16_t rtp_port;  /* there */
    int bluetooth;      /* CAMRELAY_AUDIO_... */
    uint32_t rate_hz;   /* 16000: what the listeners get is always that */
} camrelay_audio_defaults;

/* Starts everything in tasks of its own and returns. Once. Copies what it needs. */
void camrelay_audio_begin(const camrelay_audio_defaults *defaults);

#ifdef __cplusplus
}
#endif
