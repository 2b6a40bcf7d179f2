#include "audio/logic/tuning.h"

#include <stdio.h>
#include <string.h>

#define TUNING_TEXT(name, standard, size, secrecy, meaning)                                        \
    PREFS_TEXT_ROW(struct tuning, name, standard, size, secrecy, meaning)
#define TUNING_NUMBER(name, standard, least, most, meaning)                                        \
    PREFS_NUMBER_ROW(struct tuning, name, standard, least, most, meaning)
#define TUNING_CHOICE(name, standard, words, meaning)                                              \
    PREFS_CHOICE_ROW(struct tuning, name, standard, words, meaning)
static const struct prefs_row ROWS[] = {
#include "audio/logic/tuning.def"
};
#undef TUNING_TEXT
#undef TUNING_NUMBER
#undef TUNING_CHOICE

/* The name goes into JSON, SDP and Bluetooth as it is; the token into addresses. */
static enum err check_value(const struct prefs_row *row, struct slice v)
{
    struct slice name = slice_of(row->name);
    bool good = prefs_is_printable(v);
    if (slice_eq(name, SLICE("name")))
        good = v.len > 0 && prefs_is_plain(v, " -_.,:+()#/");
    else if (slice_eq(name, SLICE("token")))
        good = prefs_is_plain(v, "-._~");
    else if (slice_starts_nocase(name, SLICE("ip_")) || slice_eq(name, SLICE("rtp_to")))
        good = prefs_is_address(v);
    else if (slice_starts_nocase(name, SLICE("password")) ||
             slice_eq(name, SLICE("admin_password")))
        good = prefs_is_passphrase(v);
    else if (slice_eq(name, SLICE("block")))
        good = v.len > 0 && (v.ptr[v.len - 1] - '0') % 2 == 0;
    return good ? ERR_OK : ERR_INPUT;
}

const struct prefs_table tuning_table = {
    .heading = "camrelay-audio ",
    .version = TUNING_VERSION,
    .rows = ROWS,
    .count = sizeof ROWS / sizeof ROWS[0],
    .values_bytes = sizeof(struct tuning),
    .check = check_value,
};

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

bool tuning_needs_restart(const struct tuning *old, const struct tuning *wanted, bool is_joined)
{
    static const char *const at_once[] = {"gain_db", "codec", "token", "admin_password"};
    static const char *const wifi[] = {"ssid",       "password",   "ssid_2",     "password_2",
                                       "ssid_3",     "password_3", "ip_address", "ip_netmask",
                                       "ip_gateway", "ip_dns"};
    for (unsigned i = 0; i < tuning_table.count; i++) {
        const char *name = ROWS[i].name;
        bool applied = is_one_of(name, at_once, sizeof at_once / sizeof at_once[0]) ||
                       (is_joined && is_one_of(name, wifi, sizeof wifi / sizeof wifi[0]));
        if (!applied && !prefs_same(&ROWS[i], old, wanted))
            return true;
    }
    return false;
}

void tuning_host(const struct tuning *t, const char *fallback, char out[TUNING_HOST_MAX])
{
    size_t n = 0;
    for (const char *p = t->name; *p != '\0' && n < TUNING_HOST_MAX - 1; p++) {
        char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (letter)
            out[n++] = c;
        else if (n > 0 && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n > 0 && out[n - 1] == '-')
        n--;
    out[n] = '\0';
    if (n == 0)
        (void)snprintf(out, TUNING_HOST_MAX, "%s", fallback);
}
