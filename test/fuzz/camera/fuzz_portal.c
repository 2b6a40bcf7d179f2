/* Whatever a browser or a person at the console sends: settings stay within their limits, change
 * whole or not at all, and the answers fit. The first byte chooses the way in. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "camera/logic/remote.h"
#include "camera/logic/ticket.h"
#include "lib/wire/admin.h"
#include "lib/wire/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err vault_get(void *ctx, const char *name, void *out, size_t cap, size_t *out_len)
{
    (void)ctx;
    (void)name;
    (void)out;
    (void)cap;
    *out_len = 0;
    return ERR_OK;
}

static enum err vault_put(void *ctx, const char *name, const void *data, size_t len)
{
    (void)ctx;
    (void)name;
    (void)data;
    (void)len;
    return ERR_OK;
}

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 7, len);
}

static void hang_up(void *ctx)
{
    (void)ctx;
}

static void start(struct station *s)
{
    static const struct vault vault = {.get = vault_get, .put = vault_put};
    static const struct random random = {.fill = fill};
    static const struct stream stream = {.close = hang_up}; /* nobody is called here */
    static struct backlog_slot slot;
    static uint8_t piece[64];
    const struct station_ports ports = {.stream = &stream, .vault = &vault, .random = &random};
    const struct station_memory memory = {
        .slots = &slot, .slots_max = 1, .piece = piece, .piece_bytes = sizeof piece};
    struct settings standard;
    settings_defaults(&standard);
    station_start(s, &ports, &memory, &standard, "cam-fuzz");
}

/* They can be taken into use, kept, read back, and shown. */
static void check(struct station *s, const struct settings *k)
{
    static char text[16 * 1024];
    static const struct remote_board board = {.firmware = "",
                                              .model = "",
                                              .sensor = "",
                                              .address = "",
                                              .ssid = "",
                                              .reset_reason = "",
                                              .partition = "",
                                              .vault_note = ""};
    struct settings again;
    unsigned refused = 0;
    struct buf b;
    buf_init(&b, text, sizeof text);
    assert(settings_save(k, &b));
    assert(settings_load(&again, buf_slice(&b), &refused) == ERR_OK && refused == 0);
    assert(memcmp(&again, k, sizeof again) == 0);
    station_apply(s, k, (struct mono){1000});
    buf_init(&b, text, REMOTE_STATUS_MAX);
    assert(remote_put_status(s, &board, &b));
    buf_init(&b, text, sizeof text);
    assert(prefs_put_json(&settings_table, k, &b));
}

static void by_form(struct settings *k, struct slice raw)
{
    char name[FORM_NAME_MAX + 1];
    struct buf wrong;
    struct settings before = *k, scratch;
    buf_init(&wrong, name, sizeof name);
    if (prefs_take_form(&settings_table, k, &scratch, raw, &wrong) != ERR_OK)
        assert(memcmp(&before, k, sizeof before) == 0);
}

static void by_control(struct settings *k, struct slice raw)
{
    struct form_field f, last = {0};
    while (form_next_field(&raw, &f) == FORM_FIELD) {
        struct settings before = *k;
        if (remote_control(k, slice_of(last.value), slice_of(f.value)) != ERR_OK)
            assert(memcmp(&before, k, sizeof before) == 0);
        last = f;
    }
}

static void by_console(struct station *s, struct settings *k, struct slice raw)
{
    static const struct remote_board board = {.firmware = "",
                                              .model = "",
                                              .sensor = "",
                                              .address = "",
                                              .ssid = "",
                                              .reset_reason = "",
                                              .partition = "",
                                              .vault_note = ""};
    char text[REMOTE_REPLY_MAX];
    while (raw.len > 0) {
        struct buf b;
        buf_init(&b, text, sizeof text);
        struct slice line = slice_cut(raw, '\n', &raw);
        enum remote_deed deed = remote_console(s, &board, k, line, &b);
        assert(deed <= REMOTE_RESET);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct station station;
    struct ticket ticket = {0};
    if (size == 0)
        return 0;
    struct slice raw = {(const char *)data + 1, size - 1};
    start(&station);
    struct settings k = station.settings;
    switch (data[0] % 4) {
    case 0: by_form(&k, raw); break;
    case 1: by_control(&k, raw); break;
    case 2: by_console(&station, &k, raw); break;
    default:
        (void)admin_may("hush-hush", raw);
        (void)admin_is_own_fetch(raw);
        (void)remote_is_certificate(raw);
        assert(!ticket_opens(&ticket, raw, (struct mono){1}));
    }
    check(&station, &k);
    return 0;
}
