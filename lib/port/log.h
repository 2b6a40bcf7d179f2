/* lib/port/log.h - one line per thing a person should know.
 *
 * A plain function, because a program has exactly one log: the host links log_stderr.c, the
 * firmware log_esp.c. Lines are `key=value` pairs behind a short sentence; no secrets, no line
 * breaks. */
#pragma once

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARN,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG,
};

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
