/* relay/port/log_stderr.h - log_line() of lib/port/log.h, to the standard error output.
 *
 * Under systemd (standard error is the journal, as JOURNAL_STREAM tells, systemd.exec(5)) each line
 * begins with its priority, "<4>" (sd-daemon(3)); elsewhere with its level. A line is written by
 * one call, so lines of several threads do not mix; bytes below 32 become '?', and what is longer
 * than LOG_STDERR_LINE_MAX ends in "...". */
#pragma once

#include "lib/port/log.h"

enum { LOG_STDERR_LINE_MAX = 1024 }; /* bytes with prefix and line end */

/* Lines above `max` are dropped; LOG_LEVEL_INFO until this is called. Any thread, any time. */
void log_stderr_set_level(enum log_level max);

enum log_stderr_times {
    LOG_STDERR_TIMES_AUTO, /* local time before each line, but not in the journal, which has its own
                            */
    LOG_STDERR_TIMES_YES,
    LOG_STDERR_TIMES_NO,
};

/* Looks where standard error goes. Until it is called lines go out as to a terminal. */
void log_stderr_open(enum log_stderr_times times);
