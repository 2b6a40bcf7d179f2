#include "camera/logic/settings.h"

#include "camera/logic/trigger.h"

#define SETTING_TEXT(name, standard, size, secrecy, meaning)                                       \
    PREFS_TEXT_ROW(struct settings, name, standard, size, secrecy, meaning)
#define SETTING_NUMBER(name, standard, least, most, meaning)                                       \
    PREFS_NUMBER_ROW(struct settings, name, standard, least, most, meaning)
#define SETTING_CHOICE(name, standard, words, meaning)                                             \
    PREFS_CHOICE_ROW(struct settings, name, standard, words, meaning)
static const struct prefs_row ROWS[] = {
#include "camera/logic/settings.def"
};
#undef SETTING_TEXT
#undef SETTING_NUMBER
#undef SETTING_CHOICE

/* Names that were used before, and by the sketch in the description. */
static const struct prefs_renamed RENAMED[] = {
    {"rpiServerIP", "relay_host"},
    {"rpiServerPort", "relay_port"},
    {"rpiServerPath", "relay_path"},
};

/* What goes into a request line or field must not be able to end it. */
static enum err check_text(const struct prefs_row *row, struct slice v)
{
    struct slice name = slice_of(row->name);
    bool good = prefs_is_printable(v);
    if (slice_eq(name, SLICE("device")))
        good = prefs_is_plain(v, "-_.");
    else if (slice_eq(name, SLICE("relay_host")))
        good = prefs_is_plain(v, "-_.:");
    else if (slice_eq(name, SLICE("relay_path")))
        good = v.len > 0 && v.ptr[0] == '/' && prefs_is_plain(v, "-._~%!$&'()*+,;=:@/?");
    else if (slice_eq(name, SLICE("relay_token")))
        good = prefs_is_plain(v, "-._~+/=");
    else if (slice_starts_nocase(name, SLICE("ip_")))
        good = prefs_is_address(v);
    else if (slice_starts_nocase(name, SLICE("password")) ||
             slice_eq(name, SLICE("admin_password")))
        good = prefs_is_passphrase(v);
    if (slice_eq(name, SLICE("windows"))) {
        struct trigger_config unused;
        return trigger_read_windows(v, &unused);
    }
    return good ? ERR_OK : ERR_INPUT;
}

const struct prefs_table settings_table = {
    .heading = "camrelay-camera ",
    .version = SETTINGS_VERSION,
    .rows = ROWS,
    .count = sizeof ROWS / sizeof ROWS[0],
    .renamed = RENAMED,
    .renamed_count = sizeof RENAMED / sizeof RENAMED[0],
    .values_bytes = sizeof(struct settings),
    .check = check_text,
};

void settings_defaults(struct settings *s)
{
    prefs_defaults(&settings_table, s);
}

enum err settings_set(struct settings *s, struct slice name, struct slice value)
{
    return prefs_set(&settings_table, s, name, value);
}

bool settings_save(const struct settings *s, struct buf *out)
{
    return prefs_save(&settings_table, s, out);
}

enum err settings_load(struct settings *s, struct slice text, unsigned *out_refused)
{
    return prefs_load(&settings_table, s, text, out_refused);
}
