/* audio/main/camrelay_audio.h - what a sketch or a main() needs to start the audio streamer. */
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    const char *ssid;     /* Wi-Fi to join */
    const char *password; /* of it */
    const char *name;     /* told to listeners and to the network; up to 32 characters */
    const char *token;    /* listeners must know it; "": everybody in reach may listen */
    int gpio;           /* of ADC1; 2 as described, 3 or 4 recommended: GPIO 2 is a strapping pin */
    int attenuation;    /* 0, 1, 2, 3: 0, 2.5, 6, 12 dB */
    int gain_db;        /* -20 to 40 */
    uint16_t block;     /* samples of a packet: even, 80 to 512 */
    int tone;           /* not 0: a built-in tone instead of the ADC */
    const char *rtp_to; /* IPv4 address RTP is sent to all the time; "": none */
    uint16_t rtp_port;  /* there */
    int speaker;        /* not 0: also a Bluetooth speaker; ESP32 only, with A2DP in the build */
} camrelay_audio_defaults;

/* Starts everything in tasks of its own and returns. Once. */
void camrelay_audio_begin(const camrelay_audio_defaults *defaults);

#ifdef __cplusplus
}
#endif
