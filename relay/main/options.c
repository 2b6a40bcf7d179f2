#include "relay/main/options.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/logic/config_table.h"
#include "relay/logic/config_value.h"
#include "relay/logic/manual.h"
#include "relay/port/config_ini.h"

static const char PREFIX[] = "CAMRELAY_";
static const char SECTION[] = "camrelayd";
static const char DESTINATION[] = "destination ";

enum {
    PREFIX_LEN = sizeof PREFIX - 1,
    DESTINATION_LEN = sizeof DESTINATION - 1,
    ENVIRONMENT_KEY_MAX = 64,
    ANSWER_MAX = 65536,
};

struct file_reading {
    struct config *config;
    const char *path;
    struct buf *why;
};

static struct slice destination_of(const char *section)
{
    struct slice s = slice_of(section);
    struct slice name = {s.ptr + DESTINATION_LEN, s.len - DESTINATION_LEN};
    return slice_trim(name);
}

static enum err check_section(const char *section, struct buf *why)
{
    if (strcmp(section, SECTION) == 0 || strncmp(section, DESTINATION, DESTINATION_LEN) == 0)
        return ERR_OK;
    buf_add_text(why, "unknown section ");
    config_value_quote(why, slice_of(section));
    buf_add_text(why, "; there are [camrelayd] and [destination NAME]");
    return ERR_INPUT;
}

static enum err set_from_line(struct file_reading *f, const struct config_ini_line *line)
{
    struct slice key = slice_of(line->key), value = slice_of(line->value);
    if (strncmp(line->section, DESTINATION, DESTINATION_LEN) == 0)
        return config_set_destination(f->config, destination_of(line->section), key, value, f->why);
    return config_set(f->config, CONFIG_FROM_FILE, key, value, f->why);
}

static bool take_line(void *arg, const struct config_ini_line *line)
{
    struct file_reading *f = arg;
    size_t before = f->why->len;
    buf_add_format(f->why, "%s:%u: ", f->path, line->number);
    if (line->key != NULL)
        buf_add_format(f->why, "%.40s: ", line->key);
    enum err e = line->key == NULL ? check_section(line->section, f->why) : set_from_line(f, line);
    if (e == ERR_OK)
        f->why->len = before;
    return e == ERR_OK;
}

static enum err read_file(struct options *o, struct buf *why)
{
    if (o->file[0] == '\0')
        return ERR_OK;
    struct file_reading f = {&o->config, o->file, why};
    return config_ini_read(o->file, take_line, &f, why);
}

static bool is_list(struct slice key)
{
    size_t count;
    const struct config_key *rows = config_table(&count);
    const struct config_key *row = config_table_find(rows, count, key);
    return row != NULL && row->kind == CONFIG_KIND_LIST;
}

/* A list holds its values between blanks. */
static enum err set_from_variable(struct config *c, struct slice key, struct slice value,
                                  struct buf *why)
{
    if (!is_list(key))
        return config_set(c, CONFIG_FROM_ENVIRONMENT, key, value, why);
    enum err e = ERR_OK;
    while (e == ERR_OK && slice_trim(value).len > 0) {
        value = slice_trim(value);
        e = config_set(c, CONFIG_FROM_ENVIRONMENT, key, slice_cut(value, ' ', &value), why);
    }
    return e;
}

/* The environment is everybody's: a name far from any setting is another program's, one that is
 * nearly a setting is a mistake. */
static bool is_for_us(struct slice key)
{
    size_t count;
    const struct config_key *rows = config_table(&count);
    return config_table_find(rows, count, key) != NULL || config_suggest(key) != NULL;
}

static enum err read_variable(struct config *c, const char *variable, struct buf *why)
{
    struct slice value, name = slice_cut(slice_of(variable), '=', &value);
    if (strncmp(variable, PREFIX, PREFIX_LEN) != 0)
        return ERR_OK;
    char key[ENVIRONMENT_KEY_MAX] = "";
    struct slice upper = {name.ptr + PREFIX_LEN, name.len - PREFIX_LEN};
    (void)slice_to_text(upper, key, sizeof key); /* too long is "", and no setting */
    for (char *c_at = key; *c_at != '\0'; c_at++)
        *c_at = *c_at >= 'A' && *c_at <= 'Z' ? (char)(*c_at + ('a' - 'A')) : *c_at;

    if (!is_for_us(slice_of(key)))
        return ERR_OK;
    size_t before = why->len;
    buf_add_format(why, "%.*s: ", (int)(name.len < 80 ? name.len : 80), name.ptr);
    enum err e = set_from_variable(c, slice_of(key), value, why);
    if (e == ERR_OK)
        why->len = before;
    return e;
}

static enum err read_environment(struct config *c, char *const *environment, struct buf *why)
{
    enum err e = ERR_OK;
    for (; *environment != NULL && e == ERR_OK; environment++)
        e = read_variable(c, *environment, why);
    return e;
}

/* Options that are no settings. */
enum special {
    SPECIAL_NONE,
    SPECIAL_CONFIG,
    SPECIAL_CHECK,
    SPECIAL_PRINT,
    SPECIAL_HELP,
    SPECIAL_VERSION,
};

static const struct {
    const char *name;
    char letter;
} SPECIALS[] = {
    [SPECIAL_CONFIG] = {"config", 'c'},       [SPECIAL_CHECK] = {"check-config", '\0'},
    [SPECIAL_PRINT] = {"print-config", '\0'}, [SPECIAL_HELP] = {"help", 'h'},
    [SPECIAL_VERSION] = {"version", 'V'},
};

/* One argument, taken apart. */
struct argument {
    enum special special;
    struct slice key;   /* without its dashes */
    struct slice value; /* ptr NULL: none given with = */
};

static enum special find_special(struct slice key, bool is_letter)
{
    for (int i = SPECIAL_CONFIG; i <= SPECIAL_VERSION; i++) {
        bool same = is_letter ? key.len == 1 && key.ptr[0] == SPECIALS[i].letter
                              : slice_eq(key, slice_of(SPECIALS[i].name));
        if (same)
            return (enum special)i;
    }
    return SPECIAL_NONE;
}

static enum err take_apart(const char *text, struct argument *out, struct buf *why)
{
    bool two = text[0] == '-' && text[1] == '-' && text[2] != '\0';
    bool one = text[0] == '-' && text[1] != '\0' && text[1] != '-' && text[2] == '\0';
    if (!two && !one) {
        config_value_quote(why, slice_of(text));
        buf_add_text(why, " is not an option; --help lists them");
        return ERR_INPUT;
    }
    struct slice all = slice_of(text + (two ? 2 : 1)), value;
    *out = (struct argument){.key = slice_cut(all, '=', &value)};
    if (out->key.len < all.len)
        out->value = (struct slice){all.ptr + out->key.len + 1, value.len};
    out->special = find_special(out->key, one);
    if (one && out->special == SPECIAL_NONE) {
        buf_add_format(why, "%s is not an option; --help lists them", text);
        return ERR_INPUT;
    }
    return ERR_OK;
}

static const struct config_key *find_flag(struct slice key)
{
    size_t count;
    const struct config_key *rows = config_table(&count);
    const struct config_key *row = config_table_find(rows, count, key);
    return row != NULL && row->kind == CONFIG_KIND_FLAG ? row : NULL;
}

/* --immediate, --no-immediate: these take no argument behind a blank. */
static bool is_bare_flag(struct argument *a)
{
    const struct slice no = SLICE("no-");
    if (a->value.ptr != NULL)
        return false;
    if (find_flag(a->key) != NULL) {
        a->value = SLICE("yes");
        return true;
    }
    struct slice rest = {a->key.ptr + no.len, a->key.len - no.len};
    if (!slice_starts_nocase(a->key, no) || find_flag(rest) == NULL)
        return false;
    a->key = rest;
    a->value = SLICE("no");
    return true;
}

static bool takes_value(const struct argument *a)
{
    return a->special == SPECIAL_NONE || a->special == SPECIAL_CONFIG;
}

static void act_on(struct options *o, enum special special)
{
    switch (special) {
    case SPECIAL_CHECK: o->action = OPTIONS_CHECK; break;
    case SPECIAL_PRINT: o->action = OPTIONS_PRINT; break;
    case SPECIAL_HELP: o->action = OPTIONS_HELP; break;
    case SPECIAL_VERSION: o->action = OPTIONS_VERSION; break;
    case SPECIAL_NONE:
    case SPECIAL_CONFIG: break;
    }
}

/* Takes the option at `*at` and moves `*at` behind it and its value. */
static enum err next_argument(char *const **at, struct argument *out, struct buf *why)
{
    const char *text = *(*at)++;
    enum err e = take_apart(text, out, why);
    if (e != ERR_OK)
        return e;
    if (!takes_value(out)) {
        if (out->value.ptr == NULL)
            return ERR_OK;
        buf_add_format(why, "--%s takes no value", SPECIALS[out->special].name);
        return ERR_INPUT;
    }
    if (out->value.ptr != NULL || is_bare_flag(out))
        return ERR_OK;
    if (**at == NULL) {
        buf_add_format(why, "%s needs a value", text);
        return ERR_INPUT;
    }
    out->value = slice_of(*(*at)++);
    return ERR_OK;
}

static enum err read_specials(struct options *o, char *const *argv, struct buf *why)
{
    for (char *const *at = argv + 1; *at != NULL;) {
        struct argument a;
        enum err e = next_argument(&at, &a, why);
        if (e != ERR_OK)
            return e;
        act_on(o, a.special);
        if (a.special == SPECIAL_CONFIG && !slice_to_text(a.value, o->file, sizeof o->file)) {
            buf_add_text(why, "--config: the path is too long");
            return ERR_INPUT;
        }
    }
    return ERR_OK;
}

static enum err read_settings(struct options *o, char *const *argv, struct buf *why)
{
    for (char *const *at = argv + 1; *at != NULL;) {
        struct argument a;
        enum err e = next_argument(&at, &a, why);
        if (e != ERR_OK)
            return e;
        if (a.special != SPECIAL_NONE)
            continue;
        size_t before = why->len;
        buf_add_format(why, "--%.*s: ", (int)(a.key.len < 80 ? a.key.len : 80), a.key.ptr);
        e = config_set(&o->config, CONFIG_FROM_OPTION, a.key, a.value, why);
        if (e != ERR_OK)
            return e;
        why->len = before;
    }
    return ERR_OK;
}

/* The file named by the environment, unless the command line names one. */
static enum err default_file(struct options *o, char *const *environment, struct buf *why)
{
    const struct slice name = SLICE("CAMRELAY_CONFIG=");
    for (; o->file[0] == '\0' && *environment != NULL; environment++) {
        struct slice variable = slice_of(*environment);
        if (!slice_starts_nocase(variable, name) || strncmp(variable.ptr, name.ptr, name.len) != 0)
            continue;
        struct slice path = {variable.ptr + name.len, variable.len - name.len};
        if (!slice_to_text(path, o->file, sizeof o->file)) {
            buf_add_text(why, "CAMRELAY_CONFIG: the path is too long");
            return ERR_INPUT;
        }
    }
    return ERR_OK;
}

enum err options_read(struct options *o, char *const *argv, char *const *environment,
                      struct buf *why)
{
    o->action = OPTIONS_RUN;
    o->file[0] = '\0';
    config_init(&o->config);
    enum err e = read_specials(o, argv, why);
    if (e != ERR_OK || o->action == OPTIONS_HELP || o->action == OPTIONS_VERSION)
        return e;
    e = default_file(o, environment, why);
    if (e == ERR_OK)
        e = read_file(o, why);
    if (e == ERR_OK)
        e = read_environment(&o->config, environment, why);
    if (e == ERR_OK)
        e = read_settings(o, argv, why);
    if (e == ERR_OK)
        e = config_finish(&o->config, why);
    return e;
}

static bool print(struct buf *text)
{
    assert(!text->overflowed);
    return fwrite(text->ptr, 1, text->len, stdout) == text->len && fflush(stdout) == 0;
}

bool options_answer(const struct options *o)
{
    assert(o->action != OPTIONS_RUN);
    char *memory = malloc(ANSWER_MAX);
    if (memory == NULL)
        return false;
    struct buf text;
    buf_init(&text, memory, ANSWER_MAX);
    switch (o->action) {
    case OPTIONS_HELP: manual_help(&text); break;
    case OPTIONS_VERSION: buf_add_text(&text, "camrelayd " CAMRELAY_VERSION "\n"); break;
    case OPTIONS_PRINT: manual_print(&o->config, &text); break;
    case OPTIONS_CHECK: buf_add_text(&text, "the settings are good\n"); break;
    case OPTIONS_RUN: break;
    }
    bool printed = print(&text);
    free(memory);
    return printed;
}
