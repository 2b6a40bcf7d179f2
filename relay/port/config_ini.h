/* relay/port/config_ini.h - reads an INI file line by line and hands out what it says (inih).
 *
 * A line is `key = value` (or `key: value`), `[section]`, empty, or a comment that begins with # or
 * ;. A blank and ; begin a comment behind a value. A UTF-8 byte order mark and Windows line ends
 * are read over. Blanks at both ends of a line mean nothing, so a value cannot go on in the next
 * one. Which sections and keys there are is not known here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/slice.h"

enum {
    CONFIG_INI_LINE_MAX = 1024, /* bytes of a line without its end */
    CONFIG_INI_LINES_MAX = 10000,
    CONFIG_INI_SECTION_MAX = 48, /* bytes of a section's name */
};

struct config_ini_line {
    unsigned number;     /* from 1 */
    const char *section; /* "" before the first; all texts are borrowed for the call */
    const char *key;     /* NULL: this is the heading of the section itself */
    const char *value;   /* NULL for a heading */
};

/* Calls `each` for every heading and setting in order; stops when it answers false, with ERR_INPUT
 * and no reason of its own. ERR_INPUT: the file is not INI; ERR_LIMIT: a line or the file is too
 * long; ERR_IO: it cannot be read. Reasons go to `why`, as "path:line: reason". */
CHECKED enum err config_ini_read(const char *path,
                                 bool (*each)(void *arg, const struct config_ini_line *line),
                                 void *arg, struct buf *why);

/* The same from memory; `name` stands for the path. */
CHECKED enum err config_ini_read_text(const char *name, struct slice text,
                                      bool (*each)(void *arg, const struct config_ini_line *line),
                                      void *arg, struct buf *why);
