/* audio/logic/tuning.h - what the owner of a streamer chose: lib/wire/prefs.h with tuning.def. */
#pragma once

#include "lib/wire/prefs.h"

enum { TUNING_VERSION = 1, TUNING_TEXT_BYTES_MAX = 1536 };

enum tuning_source { TUNING_ADC, TUNING_I2S, TUNING_TONE };
enum tuning_bluetooth { TUNING_BT_OFF, TUNING_BT_BLE, TUNING_BT_SPEAKER, TUNING_BT_HANDSFREE };

struct tuning {
#define TUNING_TEXT(name, standard, size, secrecy, meaning) char name[(size) + 1];
#define TUNING_NUMBER(name, standard, least, most, meaning) int32_t name;
#define TUNING_CHOICE(name, standard, words, meaning) int32_t name;
#include "audio/logic/tuning.def"
#undef TUNING_TEXT
#undef TUNING_NUMBER
#undef TUNING_CHOICE
};

extern const struct prefs_table tuning_table;

/* Does the difference need a new start? Gain, codec, token and the page's password do not, and how
 * to join a Wi-Fi does not if just that `is_joined`. */
bool tuning_needs_restart(const struct tuning *old, const struct tuning *wanted, bool is_joined);

enum { TUNING_HOST_MAX = 32 }; /* bytes of a host name with its NUL */

/* A host name (RFC 952) made of the streamer's name: "ESP32-C3-Audio" -> "esp32-c3-audio";
 * `fallback` where nothing of it is left. */
void tuning_host(const struct tuning *t, const char *fallback, char out[TUNING_HOST_MAX]);
