#include "relay/logic/config_table.h"

#define R CONFIG_FLAG_RELOAD
#define S CONFIG_FLAG_SECRET
#define OFFSET_NUMBER(field) offsetof(struct config, field)
#define OFFSET_SIZE(field) offsetof(struct config, field)
#define OFFSET_DURATION(field) offsetof(struct config, field)
#define OFFSET_FLAG(field) offsetof(struct config, field)
#define OFFSET_TEXT(field) offsetof(struct config, field)
#define OFFSET_ADDRESS(field) offsetof(struct config, field)
#define OFFSET_SECRET(field) offsetof(struct config, field)
#define OFFSET_LIST(field) 0

static const struct config_key SETTINGS[] = {
#define CONFIG_KEY(kind_, key, field, fallback_, min_, max_, flags_, help_)                        \
    {.name = #key,                                                                                 \
     .kind = CONFIG_KIND_##kind_,                                                                  \
     .offset = OFFSET_##kind_(field),                                                              \
     .fallback = (fallback_),                                                                      \
     .min = (min_),                                                                                \
     .max = (max_),                                                                                \
     .flags = (flags_),                                                                            \
     .help = (help_)},
#define CONFIG_CHOICE(type, key, fallback_, words_, flags_, help_)                                 \
    {.name = #key,                                                                                 \
     .kind = CONFIG_KIND_CHOICE,                                                                   \
     .offset = offsetof(struct config, key),                                                       \
     .fallback = (fallback_),                                                                      \
     .flags = (flags_),                                                                            \
     .words = (words_),                                                                            \
     .help = (help_)},
#include "relay/logic/config.def"
};

static const struct config_key DESTINATION[] = {
#define CONFIG_DESTINATION_KEY(kind_, key, field, max_, flags_, help_)                             \
    {.name = #key,                                                                                 \
     .kind = CONFIG_KIND_##kind_,                                                                  \
     .offset = offsetof(struct config_destination, field),                                         \
     .fallback = "",                                                                               \
     .max = (max_),                                                                                \
     .flags = (flags_),                                                                            \
     .help = (help_)},
#include "relay/logic/config.def"
};

/* The order of the file: headings, and rows below them. */
static const struct {
    const char *heading; /* NULL: a row */
    size_t row;
} LAYOUT[] = {
#define CONFIG_GROUP(title) {title, 0},
#define CONFIG_KEY(kind_, key, field, fallback_, min_, max_, flags_, help_) {NULL, CONFIG_ID_##key},
#define CONFIG_CHOICE(type, key, fallback_, words_, flags_, help_) {NULL, CONFIG_ID_##key},
#include "relay/logic/config.def"
};

const struct config_key *config_table(size_t *out_count)
{
    *out_count = sizeof SETTINGS / sizeof SETTINGS[0];
    return SETTINGS;
}

const struct config_key *config_table_destination(size_t *out_count)
{
    *out_count = sizeof DESTINATION / sizeof DESTINATION[0];
    return DESTINATION;
}

const char *config_table_heading(size_t id)
{
    for (size_t i = 1; i < sizeof LAYOUT / sizeof LAYOUT[0]; i++) {
        if (LAYOUT[i].heading == NULL && LAYOUT[i].row == id)
            return LAYOUT[i - 1].heading;
    }
    return NULL;
}

static bool same_name(struct slice typed, const char *name)
{
    for (size_t i = 0; i < typed.len; i++) {
        char c = typed.ptr[i] == '-' ? '_' : typed.ptr[i];
        if (name[i] == '\0' || c != name[i])
            return false;
    }
    return name[typed.len] == '\0';
}

const struct config_key *config_table_find(const struct config_key *rows, size_t count,
                                           struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (same_name(name, rows[i].name))
            return &rows[i];
    }
    return NULL;
}
