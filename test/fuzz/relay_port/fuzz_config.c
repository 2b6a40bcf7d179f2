/* Whatever a configuration file holds: no crash, a reason for every refusal, and what was taken can
 * be printed and read again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "relay/logic/config.h"
#include "relay/logic/manual.h"
#include "relay/port/config_ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config s_config, s_again;

struct taking {
    struct config *config;
    struct buf *why;
};

static bool take(void *arg, const struct config_ini_line *line)
{
    struct taking *t = arg;
    const struct slice destination = SLICE("destination ");
    struct slice section = slice_of(line->section);
    if (line->key == NULL)
        return true;
    if (!slice_starts_nocase(section, destination))
        return config_set(t->config, CONFIG_FROM_FILE, slice_of(line->key), slice_of(line->value),
                          t->why) == ERR_OK;
    struct slice name = {section.ptr + destination.len, section.len - destination.len};
    return config_set_destination(t->config, name, slice_of(line->key), slice_of(line->value),
                                  t->why) == ERR_OK;
}

static enum err read_config(struct config *c, const char *text, size_t len)
{
    char memory[2048];
    struct buf why;
    buf_init(&why, memory, sizeof memory);
    config_init(c);
    struct taking t = {c, &why};
    enum err e = config_ini_read_text("fuzz", (struct slice){text, len}, take, &t, &why);
    if (e == ERR_OK)
        e = config_finish(c, &why);
    assert((e == ERR_OK) == (why.len == 0));
    assert(!why.overflowed && memchr(memory, '\n', why.len) == NULL);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (read_config(&s_config, (const char *)data, size) != ERR_OK)
        return 0;
    if (memchr(data, ';', size) != NULL) /* printed behind a blank it would begin a comment */
        return 0;
    static char printed[65536];
    struct buf out;
    buf_init(&out, printed, sizeof printed);
    manual_print(&s_config, &out);
    assert(!out.overflowed);
    assert(read_config(&s_again, printed, out.len) == ERR_OK);
    assert(s_again.port == s_config.port && s_again.interval_ms == s_config.interval_ms);
    assert(s_again.max_upload_bytes == s_config.max_upload_bytes);
    assert(s_again.destination_count == s_config.destination_count);
    return 0;
}
