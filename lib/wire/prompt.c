#include "lib/wire/prompt.h"

static void show_all(const struct prefs_table *t, const void *values, struct buf *out)
{
    for (unsigned i = 0; i < t->count; i++) {
        buf_add_format(out, "%s=", t->rows[i].name);
        prefs_put(values, &t->rows[i], out);
        buf_add_text(out, "\r\n");
    }
}

static enum prompt_deed set_one(const struct prefs_table *t, void *values, struct slice rest,
                                struct buf *out)
{
    struct slice value;
    struct slice name = slice_cut(slice_trim(rest), ' ', &value);
    enum err e = prefs_set(t, values, name, slice_trim(value));
    if (e == ERR_OK) {
        buf_add_text(out, "set\r\n");
        return PROMPT_SAVE;
    }
    buf_add_text(out, e == ERR_LIMIT ? "out of range\r\n" : "no such setting or value\r\n");
    return PROMPT_SAID;
}

enum prompt_deed prompt_run(const struct prefs_table *t, void *values, struct slice line,
                            struct slice *out_word, struct buf *out)
{
    struct slice rest;
    struct slice word = slice_cut(slice_trim(line), ' ', &rest);
    *out_word = word;
    if (slice_eq(word, SLICE("set")))
        return set_one(t, values, rest, out);
    if (slice_eq(word, SLICE("portal")))
        return PROMPT_PORTAL;
    if (slice_eq(word, SLICE("reboot")))
        return PROMPT_REBOOT;
    if (slice_eq(word, SLICE("factory-reset")) && slice_eq(slice_trim(rest), SLICE("yes")))
        return PROMPT_RESET;
    if (!slice_eq(word, SLICE("show")))
        return PROMPT_OTHER;
    show_all(t, values, out);
    return PROMPT_SAID;
}
