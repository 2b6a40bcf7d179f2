/* lib/wire/prompt.h - one line of a device's serial console: what every device understands.
 *
 * show | set NAME VALUE | portal | reboot | factory-reset yes. Text in, text out; the serial port
 * is a port, the deeds are the program's. */
#pragma once

#include "lib/wire/prefs.h"

enum prompt_deed {
    PROMPT_SAID,   /* the reply says it all */
    PROMPT_SAVE,   /* `values` changed: save and apply */
    PROMPT_PORTAL, /* open the set-up portal */
    PROMPT_REBOOT,
    PROMPT_RESET, /* factory reset, then reboot */
    PROMPT_OTHER, /* `*out_word` is none of these: the program may know it, or says what it knows */
};

/* `*out_word` points into `line`; empty: an empty line. */
enum prompt_deed prompt_run(const struct prefs_table *t, void *values, struct slice line,
                            struct slice *out_word, struct buf *out);
