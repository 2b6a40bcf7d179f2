#include "relay/port/config_ini.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

/* Debian's inih lets a program choose how long a line may be (its own is 200 bytes, too short for a
 * URL with a token behind it); the original has none of these. Weak, so that both link. */
extern int ini_max_line __attribute__((weak));
extern int ini_initial_alloc __attribute__((weak));
extern bool ini_use_stack __attribute__((weak));

struct reading {
    FILE *file;
    const char *name;
    bool (*each)(void *arg, const struct config_ini_line *line);
    void *arg;
    struct buf *why;
    unsigned number;
    enum err result; /* the first failure; nothing is handed out after it */
    char section[CONFIG_INI_SECTION_MAX + 1];
};

static void fail(struct reading *r, enum err e, const char *reason)
{
    if (r->result != ERR_OK)
        return;
    r->result = e;
    buf_add_format(r->why, "%s:%u: %s", r->name, r->number, reason);
}

static void hand_out(struct reading *r, const char *key, const char *value)
{
    struct config_ini_line line = {r->number, r->section, key, value};
    if (r->result == ERR_OK && !r->each(r->arg, &line))
        r->result = ERR_INPUT;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

/* Reads one line into `out`; false at the end of the file. `*out_len` counts what came before its
 * end, also when that is more than fits. */
static bool read_line(struct reading *r, char *out, size_t cap, size_t *out_len)
{
    size_t len = 0;
    bool any = false;
    for (int c = getc(r->file); c != EOF; c = getc(r->file)) {
        any = true;
        if (c == '\n')
            break;
        if (len < cap)
            out[len] = (char)c;
        len++;
        if (c == '\0')
            fail(r, ERR_INPUT, "holds a NUL byte");
    }
    *out_len = len;
    return any;
}

/* inih has no call for a heading, and one without keys below it would never be seen. */
static void note_heading(struct reading *r, const char *line)
{
    const char *end = strchr(line, ']');
    if (line[0] != '[' || end == NULL) /* inih says what is wrong with it */
        return;
    size_t len = (size_t)(end - line) - 1;
    const char *rest = end + 1;
    while (is_blank(*rest))
        rest++;
    if (len > CONFIG_INI_SECTION_MAX) {
        fail(r, ERR_LIMIT, "the name of this section is too long");
        return;
    }
    if (*rest != '\0' && *rest != ';' && *rest != '#') {
        fail(r, ERR_INPUT, "there is something behind the ] of this section");
        return;
    }
    memcpy(r->section, line + 1, len);
    r->section[len] = '\0';
    hand_out(r, NULL, NULL);
}

/* What inih calls for the next line; it wants the line's end in it. After a failure the file ends.
 */
static char *next_line(char *out, int cap, void *stream)
{
    struct reading *r = stream;
    size_t room = (size_t)cap - 2, len;
    if (room > CONFIG_INI_LINE_MAX)
        room = CONFIG_INI_LINE_MAX;
    r->number++;
    if (r->result != ERR_OK || !read_line(r, out, room, &len))
        return NULL;
    if (len > room)
        fail(r, ERR_LIMIT, "this line is too long");
    if (r->number > CONFIG_INI_LINES_MAX)
        fail(r, ERR_LIMIT, "this file has too many lines");
    if (r->result != ERR_OK)
        return NULL;

    size_t start = r->number == 1 && len >= 3 && memcmp(out, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (start < len && is_blank(out[start]))
        start++;
    while (len > start && is_blank(out[len - 1]))
        len--;
    memmove(out, out + start,
            len - start); /* a blank in front would make it part of the value above */
    memcpy(out + len - start, "\n", 2);
    out[len - start] = '\0';
    note_heading(r, out);
    memcpy(out + len - start, "\n", 2);
    return r->result == ERR_OK ? out : NULL;
}

static int take_setting(void *user, const char *section, const char *key, const char *value)
{
    struct reading *r = user;
    (void)section; /* inih cuts it; note_heading() did not */
    if (*key == '\0')
        fail(r, ERR_INPUT, "there is no key before the =");
    else
        hand_out(r, key, value);
    return r->result == ERR_OK;
}

static enum err read_file(FILE *file, struct reading *r)
{
    if (&ini_max_line != NULL && &ini_initial_alloc != NULL && &ini_use_stack != NULL) {
        ini_use_stack = false;
        ini_max_line = ini_initial_alloc = CONFIG_INI_LINE_MAX + 3;
    }
    r->file = file;
    int wrong = ini_parse_stream(next_line, r, take_setting, r);
    if (r->result != ERR_OK)
        return r->result;
    if (ferror(file)) {
        fail(r, ERR_IO, "cannot be read further");
    } else if (wrong < 0) {
        fail(r, ERR_FULL, "not enough memory");
    } else if (wrong > 0) { /* it goes on after a line it does not understand */
        r->number = (unsigned)wrong;
        fail(r, ERR_INPUT, "neither `key = value`, [section] nor a comment");
    }
    return r->result;
}

enum err config_ini_read(const char *path,
                         bool (*each)(void *arg, const struct config_ini_line *line), void *arg,
                         struct buf *why)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        buf_add_format(why, "%s: %s", path, strerror(errno));
        return ERR_IO;
    }
    struct reading r = {.name = path, .each = each, .arg = arg, .why = why};
    enum err e = read_file(file, &r);
    (void)fclose(file); /* nothing was written */
    return e;
}

enum err config_ini_read_text(const char *name, struct slice text,
                              bool (*each)(void *arg, const struct config_ini_line *line),
                              void *arg, struct buf *why)
{
    struct reading r = {.name = name, .each = each, .arg = arg, .why = why};
    if (text.len == 0)
        return ERR_OK; /* fmemopen() takes no empty memory */
    FILE *file = fmemopen((void *)(uintptr_t)text.ptr, text.len, "r");
    if (file == NULL) {
        buf_add_format(why, "%s: %s", name, strerror(errno));
        return ERR_IO;
    }
    enum err e = read_file(file, &r);
    (void)fclose(file);
    return e;
}
