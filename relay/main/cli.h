/* relay/main/cli.h - what the commands of camrelay(1) share. Each command is one file cli_NAME.c.
 *
 * Results go to standard output, everything else to standard error, so that the first can be piped.
 * Exit status: 0 done, 1 not (all) done, 2 the command was not understood. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

enum { CLI_DONE = 0, CLI_NOT_DONE = 1, CLI_MISUSED = 2 };
enum { CLI_WORDS_MAX = 1 << 20 }; /* arguments that are no options */

enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_NUMBER };

/* One option of one command. */
struct cli_option {
    const char *name; /* without dashes */
    enum cli_kind kind;
    void *target;      /* bool, const char * (borrowed from argv), or unsigned */
    unsigned min, max; /* NUMBER */
};

/* Reads the options of `argv` (its first word is the command itself) and moves the other words to
 * its front: they are argv[0] to argv[*out_words - 1] afterwards. Everything behind "--" is a word.
 * CLI_MISUSED with a reason on standard error, or CLI_DONE. */
CHECKED int cli_read_options(char **argv, const struct cli_option *options, size_t count,
                             size_t *out_words);

/* Says `format` behind "camrelay: " on standard error. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "4.2 MiB" and the like, for people. */
void cli_size_text(uint64_t bytes, char out[24]);

/* A line that shows how far something is, only where standard error is a terminal. */
struct cli_progress {
    bool shown;
    uint64_t drawn_ms; /* when it was drawn last */
    uint64_t started_ms;
};
void cli_progress_start(struct cli_progress *p);
/* `done` of `total` pieces, `bytes` so far; draws ten times a second at most. */
void cli_progress_draw(struct cli_progress *p, uint64_t done, uint64_t total, uint64_t bytes);
/* Takes the line away, for something else to be printed or at the end. */
void cli_progress_clear(struct cli_progress *p);

/* The commands: argv[0] is the command's own name. */
int cli_send(char **argv);
int cli_status(char **argv);
int cli_list(char **argv);
int cli_pending(char **argv);
int cli_retry(char **argv);
int cli_export_sent(char **argv);
int cli_import_sent(char **argv);
int cli_verify(char **argv);
int cli_install_service(char **argv);
