#include "lib/port/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_line(enum log_level level, const char *format, ...)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    fprintf(stderr, "%s: ", names[level]);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}
