/* lib/wire/prefs.h - what the owner of a device chose, as a table: checked, kept, shown.
 *
 * A program writes its table once (a .def file), gets a struct of values from it, and uses it here
 * through struct prefs_table. Kept as text, so that people can read it and a newer firmware can:
 *
 *     camrelay-camera 2
 *     relay_port=5000
 *     end 1A2B3C4D          CRC-32 of all bytes before this line
 *
 * Secrets can be set but are never shown. No allocation; the table and the values are borrowed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum {
    PREFS_VALUE_MAX = 160, /* bytes of a value as text with its NUL */
};

enum prefs_secrecy {
    PREFS_OPEN,
    PREFS_SECRET, /* write-only: pages and consoles show only whether it is set */
};

enum prefs_kind {
    PREFS_TEXT,   /* char name[most + 1] in the struct of values */
    PREFS_NUMBER, /* int32_t */
    PREFS_CHOICE, /* int32_t: number of the word */
};

struct prefs_row {
    const char *name;
    enum prefs_kind kind;
    enum prefs_secrecy secrecy;
    int32_t least;
    int32_t most; /* bytes of a text without NUL, largest number */
    int32_t standard;
    const char *standard_text; /* of a text */
    const char *words;         /* of a choice: "word|word" */
    const char *meaning;
    size_t offset; /* in the struct of values */
};

/* Rows of a table. `type` is the struct of values. */
#define PREFS_TEXT_ROW(type, name, text, size, secret, meaning)                                    \
    {#name, PREFS_TEXT, secret, 0, size, 0, text, NULL, meaning, offsetof(type, name)},
#define PREFS_NUMBER_ROW(type, name, value, low, high, meaning)                                    \
    {#name, PREFS_NUMBER, PREFS_OPEN, low, high, value, NULL, NULL, meaning, offsetof(type, name)},
#define PREFS_CHOICE_ROW(type, name, value, list, meaning)                                         \
    {#name, PREFS_CHOICE, PREFS_OPEN, 0, 0, value, NULL, list, meaning, offsetof(type, name)},

/* A name that was used before. */
struct prefs_renamed {
    const char *old;
    const char *now;
};

struct prefs_table {
    const char *heading; /* "camrelay-camera " */
    int version;
    const struct prefs_row *rows;
    unsigned count;
    const struct prefs_renamed *renamed;
    unsigned renamed_count;
    size_t values_bytes; /* sizeof the struct of values */
    /* Is `value`, which fits its kind and range, good for this row? Texts have no NUL in them. */
    enum err (*check)(const struct prefs_row *row, struct slice value);
};

/* The standard value of every row; bytes between them are 0. */
void prefs_defaults(const struct prefs_table *t, void *values);

/* The row of this name, also an old one; NULL: there is none. */
const struct prefs_row *prefs_find(const struct prefs_table *t, struct slice name);

/* Sets one value from text. ERR_INPUT: no such row, or not such a value; nothing changes then.
 * ERR_LIMIT: a number out of range or a text too long. */
CHECKED enum err prefs_set(const struct prefs_table *t, void *values, struct slice name,
                           struct slice value);

/* The value as text; of a secret only "(set)" or "". */
void prefs_put(const void *values, const struct prefs_row *row, struct buf *out);

/* Do both structs have the same value there? */
bool prefs_same(const struct prefs_row *row, const void *a, const void *b);

/* Everything, with secrets, to be kept. False: `out` overflowed. */
bool prefs_save(const struct prefs_table *t, const void *values, struct buf *out);

/* Starts from the defaults and reads what was saved. Values that are not allowed (any more) keep
 * their default and are counted in `*out_refused`. ERR_CORRUPT: not such a text, or damaged;
 * the defaults stand then. */
CHECKED enum err prefs_load(const struct prefs_table *t, void *values, struct slice text,
                            unsigned *out_refused);

/* Would prefs_load find it whole? */
bool prefs_is_whole(const struct prefs_table *t, struct slice text);

/* JSON list of all rows with ranges and meaning; secrets only as set or not. False: no room. */
bool prefs_put_json(const struct prefs_table *t, const void *values, struct buf *out);

/* A form of name=value pairs (form.h): all of them or none; `scratch` is a second struct of values.
 * On an error `out_wrong` has the name. An empty secret means: as it was. */
CHECKED enum err prefs_take_form(const struct prefs_table *t, void *values, void *scratch,
                                 struct slice form, struct buf *out_wrong);

/* For checks: no control characters; letters, digits and `also` only; "" or an IPv4 address; "" or
 * a password that WPA allows (8 to 63 characters; the upper limit is the row's). */
bool prefs_is_printable(struct slice s);
bool prefs_is_plain(struct slice s, const char *also);
bool prefs_is_address(struct slice s);
bool prefs_is_passphrase(struct slice s);
