// ESP32C3_AudioStream - a microphone on an ADC pin, heard in a browser and over Bluetooth LE
// (camrelay).
//
// Copy secrets.example.h to secrets.h and fill it in, or leave it: without a network the board opens
// its own (the password is printed here). Addresses to open are printed here as well. Settings that
// are changed on the board's page outlive this sketch.
#include <camrelay_audio.h>

#if __has_include("secrets.h")
#include "secrets.h"
#else
#include "secrets.example.h"
#endif

static const int ADC_PIN = 2;             // GPIO 3 or 4 if your board does not start with 2
static const uint32_t SAMPLE_RATE = 16000;
static const uint16_t BUFFER_SIZE = 512;  // samples of a packet
static const char DEVICE_NAME[] = "ESP32-C3-Audio";

static const camrelay_audio_defaults defaults = {
    ssid, password, DEVICE_NAME, token, ADC_PIN,
    3,            // 12 dB: the pin measures 0 to 2.5 V
    0,            // gain in dB
    BUFFER_SIZE,
    0,            // 1: a built-in tone instead of the microphone
    "", 5004,     // send RTP to this address
    CAMRELAY_AUDIO_BLE, SAMPLE_RATE};

// Without this the core gives Bluetooth's memory away before setup().
extern "C" bool btInUse() { return true; }

void setup() {
  Serial.begin(115200);
  camrelay_audio_begin(&defaults);
}

void loop() { delay(1000); }
