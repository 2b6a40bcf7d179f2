// ESP32C3_AudioStream - a microphone on an ADC pin, heard in a browser (camrelay).
//
// Copy secrets.example.h to secrets.h and fill it in. The address to open is printed here.
#include <camrelay_audio.h>

#if __has_include("secrets.h")
#include "secrets.h"
#else
#include "secrets.example.h"
#endif

static const int ADC_PIN = 2;         // GPIO 3 or 4 if your board does not start reliably with 2
static const int BUFFER_SIZE = 512;   // samples of a packet, at 16 kHz

static const camrelay_audio_defaults defaults = {
    ssid, password, "ESP32-C3-Audio", token, ADC_PIN, 3, 0, BUFFER_SIZE, 0, "", 5004, 0};

void setup() {
  Serial.begin(115200);
  camrelay_audio_begin(&defaults);
}

void loop() { delay(1000); }
