/* camera/logic/settings.h - what the owner of a camera chose: lib/wire/prefs.h with settings.def.
 *
 * Version 1 had the names of the sketch (rpiServerIP, rpiServerPort, rpiServerPath); they are still
 * understood everywhere a name is. */
#pragma once

#include "lib/wire/prefs.h"

enum { SETTINGS_VERSION = 2, SETTINGS_TEXT_BYTES_MAX = 3072 };

struct settings {
#define SETTING_TEXT(name, standard, size, secrecy, meaning) char name[(size) + 1];
#define SETTING_NUMBER(name, standard, least, most, meaning) int32_t name;
#define SETTING_CHOICE(name, standard, words, meaning) int32_t name;
#include "camera/logic/settings.def"
#undef SETTING_TEXT
#undef SETTING_NUMBER
#undef SETTING_CHOICE
};

extern const struct prefs_table settings_table;

/* As the prefs_ functions of the same name. */
void settings_defaults(struct settings *s);
CHECKED enum err settings_set(struct settings *s, struct slice name, struct slice value);
bool settings_save(const struct settings *s, struct buf *out);
CHECKED enum err settings_load(struct settings *s, struct slice text, unsigned *out_refused);
