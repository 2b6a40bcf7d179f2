/* relay/logic/config.h - the settings of camrelayd: one table (config.def), one way to read a
 * value.
 *
 * Sources are applied in this order, each over the one before: defaults (config_init), file,
 * environment, options. A value is checked the moment it is set; what concerns several keys is
 * checked by config_finish(). Nothing here touches a file or the environment. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"
#include "relay/logic/ports/photo.h"

enum {
    CONFIG_PATH_MAX = 512, /* bytes with the NUL, as all below */
    CONFIG_ADDRESS_MAX = 46,
    CONFIG_URL_MAX = 512,
    CONFIG_TOKEN_MAX = 256,
    CONFIG_USER_MAX = 33, /* useradd's own limit of 32 */
    CONFIG_TOKENS_MAX = 16,
    CONFIG_AUDIO_MAX = 8,
    CONFIG_WHY_MAX = 512, /* the longest reason config_set() gives */
};
#define CONFIG_GIB (1024ull * 1024 * 1024)
#define CONFIG_TIB (1024ull * CONFIG_GIB)
#define CONFIG_CENTURY_MS (36500ull * 86400 * 1000)

enum config_durability {
    CONFIG_DURABILITY_AUTO,
    CONFIG_DURABILITY_ONE_FLUSH,
    CONFIG_DURABILITY_PER_FILE,
    CONFIG_DURABILITY_NONE,
};
enum config_audio_format {
    CONFIG_AUDIO_FORMAT_FLAC,
    CONFIG_AUDIO_FORMAT_WAV,
};
enum config_log_level { /* the same order as enum log_level */
                        CONFIG_LOG_ERROR,
                        CONFIG_LOG_WARN,
                        CONFIG_LOG_INFO,
                        CONFIG_LOG_DEBUG,
};
enum config_timestamps {
    CONFIG_TIMESTAMPS_AUTO,
    CONFIG_TIMESTAMPS_YES,
    CONFIG_TIMESTAMPS_NO,
};

enum config_source { /* later ones win */
                     CONFIG_FROM_DEFAULT,
                     CONFIG_FROM_FILE,
                     CONFIG_FROM_ENVIRONMENT,
                     CONFIG_FROM_OPTION,
};

enum config_id { /* CONFIG_ID_port and so on: the index into config_table() */
#define CONFIG_KEY(kind, key, field, fallback, min, max, flags, help) CONFIG_ID_##key,
#define CONFIG_CHOICE(type, key, fallback, words, flags, help) CONFIG_ID_##key,
#include "relay/logic/config.def"
                 CONFIG_ID_COUNT
};

struct config_destination {
    char name[DESTINATION_NAME_MAX]; /* letters, digits, '.', '_', '-' */
    char url[CONFIG_URL_MAX];        /* http or https, with a path, without a password */
    char token[CONFIG_TOKEN_MAX];    /* "" = none. Secret */
    char tls_ca[CONFIG_PATH_MAX];    /* "" = the system's */
    bool tls_insecure;
    bool enabled;
};

struct config_audio {
    char name[DESTINATION_NAME_MAX]; /* as of a destination */
    char url[CONFIG_URL_MAX];        /* http or https, with a path; may hold a token */
};

/* A secret somebody has to present. Only its hash is kept, however the owner wrote it. */
struct config_secret {
    bool set;
    uint8_t sha256[32]; /* if set */
};

/* About 16 KiB: keep it static or on the heap. */
struct config {
#define CONFIG_FIELD_NUMBER(field) unsigned field;
#define CONFIG_FIELD_SIZE(field) uint64_t field;
#define CONFIG_FIELD_DURATION(field) uint64_t field;
#define CONFIG_FIELD_FLAG(field) bool field;
#define CONFIG_FIELD_TEXT(field) char field[CONFIG_PATH_MAX];
#define CONFIG_FIELD_ADDRESS(field) char field[CONFIG_ADDRESS_MAX];
#define CONFIG_FIELD_SECRET(field) struct config_secret field;
#define CONFIG_FIELD_LIST(field)
#define CONFIG_KEY(kind, key, field, fallback, min, max, flags, help) CONFIG_FIELD_##kind(field)
#define CONFIG_CHOICE(type, key, fallback, words, flags, help) enum type key;
#include "relay/logic/config.def"
    struct config_destination destinations[DESTINATIONS_MAX];
    size_t destination_count;
    struct config_audio audio[CONFIG_AUDIO_MAX];
    size_t audio_count;
    struct config_secret upload_tokens[CONFIG_TOKENS_MAX];
    size_t upload_token_count;

    /* Where each value came from; the rest is for config_set() alone. */
    enum config_source source[CONFIG_ID_COUNT];
    enum config_source destination_source[DESTINATIONS_MAX]; /* of the URL */
    unsigned destination_keys[DESTINATIONS_MAX];             /* one bit per key seen in the file */
    unsigned remotes_unnamed; /* seen so far in the source being applied */
};

/* Everything at its default. */
void config_init(struct config *c);

/* Sets `key` (underscores, or dashes as in options) from text. ERR_INPUT: unknown key or a value
 * that does not fit; a reason for a person is added to `why`, without key and place, which the
 * caller knows, and without a secret. `c` is unchanged then. A key repeated within the file is
 * refused, a repeated option overrides; keys of kind LIST add up within one source and replace
 * those of an earlier one (destinations: one of the same name). */
CHECKED enum err config_set(struct config *c, enum config_source source, struct slice key,
                            struct slice value, struct buf *why);

/* The same for a key of [destination NAME]. */
CHECKED enum err config_set_destination(struct config *c, struct slice name, struct slice key,
                                        struct slice value, struct buf *why);

/* The setting a mistyped name may mean, or NULL if it is near none. */
const char *config_suggest(struct slice typed);

/* Is this what the owner set? Takes the same time whatever is presented; false if nothing is set.
 */
bool config_secret_matches(const struct config_secret *s, struct slice presented);

/* The setting `accept` as MEDIUM_BITs (medium.h), after config_finish(). */
unsigned config_accept(const struct config *c);

/* To be called once all sources are applied: judges what one key alone cannot tell, and gives
 * remote_token to the destination it is meant for. */
CHECKED enum err config_finish(struct config *c, struct buf *why);
