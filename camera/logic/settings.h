/* camera/logic/settings.h - what the owner chose: checked, kept, moved on from older versions.
 *
 * The table is settings.def. Kept as text, so that people can read it and a newer firmware can:
 *
 *     camrelay-camera 2
 *     relay_port=5000
 *     end 1A2B3C4D          CRC-32 of all bytes before this line
 *
 * Version 1 had the names of the sketch (rpiServerIP, rpiServerPort, rpiServerPath); they are still
 * understood everywhere a name is. Secrets can be set but are never shown. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { SETTINGS_VERSION = 2, SETTINGS_TEXT_BYTES_MAX = 3072, SETTINGS_VALUE_MAX = 160 };

enum settings_secrecy {
    SETTINGS_OPEN,
    SETTINGS_SECRET, /* write-only: pages and consoles show only whether it is set */
};

enum settings_kind {
    SETTINGS_TEXT,
    SETTINGS_NUMBER,
    SETTINGS_CHOICE,
};

struct settings {
#define SETTING_TEXT(name, standard, size, secrecy, meaning) char name[(size) + 1];
#define SETTING_NUMBER(name, standard, least, most, meaning) int32_t name;
#define SETTING_CHOICE(name, standard, words, meaning) int32_t name;
#include "camera/logic/settings.def"
#undef SETTING_TEXT
#undef SETTING_NUMBER
#undef SETTING_CHOICE
};

/* One row of the table. */
struct settings_row {
    const char *name;
    enum settings_kind kind;
    enum settings_secrecy secrecy;
    int32_t least;
    int32_t most; /* bytes of a text, number of the last choice */
    int32_t standard;
    const char *standard_text; /* of a text */
    const char *words;         /* of a choice: "word|word" */
    const char *meaning;
    size_t offset;
};

extern const struct settings_row settings_rows[];
extern const unsigned settings_rows_count;

void settings_defaults(struct settings *s);

/* The row of this name, also an old one; NULL: there is none. */
const struct settings_row *settings_find(struct slice name);

/* Sets one value from text. ERR_INPUT: no such setting, or not such a value; nothing changes then.
 * ERR_LIMIT: a number out of range or a text too long. */
CHECKED enum err settings_set(struct settings *s, struct slice name, struct slice value);

/* The value as text; of a secret only "(set)" or "". */
void settings_put(const struct settings *s, const struct settings_row *row, struct buf *out);

/* Everything, with secrets, for the vault. False: `out` overflowed. */
bool settings_save(const struct settings *s, struct buf *out);

/* Starts from the defaults and reads what was saved. Values that are not allowed (any more) keep
 * their default and are counted in `*out_refused`. ERR_CORRUPT: not such a text, or damaged;
 * the defaults stand then. */
CHECKED enum err settings_load(struct settings *s, struct slice text, unsigned *out_refused);
