/* Whatever was saved or typed: settings stay within their limits and save again as they are. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "camera/logic/remote.h"
#include "lib/base/crc32.h"
#include "lib/wire/admin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct settings *s)
{
    static char text[SETTINGS_TEXT_BYTES_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    assert(settings_save(s, &b));
    struct settings again;
    unsigned refused = 0;
    assert(settings_load(&again, buf_slice(&b), &refused) == ERR_OK);
    assert(refused == 0 && memcmp(&again, s, sizeof again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[4096 + 32];
    struct settings s;
    unsigned refused = 0;
    struct slice raw = {(const char *)data, size};
    (void)(settings_load(&s, raw, &refused) == ERR_OK); /* with its own CRC: rarely right */
    struct buf b;
    buf_init(&b, text, sizeof text);
    buf_add_text(&b, "camrelay-camera 2\n");
    buf_add(&b, data, size < 4000 ? size : 4000);
    buf_add_char(&b, '\n');
    buf_add_format(&b, "end %08lX\n", (unsigned long)crc32_add(0, b.ptr, b.len));
    assert(settings_load(&s, buf_slice(&b), &refused) == ERR_OK);
    check_round_trip(&s);
    char name[64];
    struct buf wrong;
    buf_init(&wrong, name, sizeof name);
    settings_defaults(&s);
    struct settings before = s, scratch;
    if (prefs_take_form(&settings_table, &s, &scratch, raw, &wrong) != ERR_OK)
        assert(memcmp(&before, &s, sizeof s) == 0);
    check_round_trip(&s);
    (void)admin_may("hush-hush", raw);
    return 0;
}
