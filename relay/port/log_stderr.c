#include "relay/port/log_stderr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static atomic_int s_level_max = LOG_LEVEL_INFO;
static atomic_bool s_journal;
static atomic_bool s_timeless;

void log_stderr_set_level(enum log_level max)
{
    atomic_store(&s_level_max, (int)max);
}

/* JOURNAL_STREAM is "device:inode" of what standard error was connected to; it is inherited by
 * programs whose output goes elsewhere, so it must be compared. */
static bool is_journal(void)
{
    const char *text = getenv("JOURNAL_STREAM");
    struct stat st;
    char *end = NULL;
    if (text == NULL || fstat(STDERR_FILENO, &st) != 0)
        return false;
    uintmax_t device = strtoumax(text, &end, 10);
    if (*end != ':')
        return false;
    uintmax_t inode = strtoumax(end + 1, &end, 10);
    return *end == '\0' && device == (uintmax_t)st.st_dev && inode == (uintmax_t)st.st_ino;
}

void log_stderr_open(enum log_stderr_times times)
{
    bool journal = is_journal();
    atomic_store(&s_journal, journal);
    atomic_store(&s_timeless,
                 times == LOG_STDERR_TIMES_NO || (times == LOG_STDERR_TIMES_AUTO && journal));
}

static size_t write_time(char *out, size_t cap)
{
    struct timespec now;
    struct tm parts;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (localtime_r(&now.tv_sec, &parts) == NULL)
        return 0;
    size_t len = strftime(out, cap, "%Y-%m-%d %H:%M:%S", &parts);
    return len + (size_t)snprintf(out + len, cap - len, ".%03d ", (int)(now.tv_nsec / 1000000));
}

static size_t write_prefix(char *out, size_t cap, enum log_level level)
{
    static const struct {
        int priority; /* syslog(3) */
        char letter;
    } rows[] = {
        [LOG_LEVEL_ERROR] = {3, 'E'},
        [LOG_LEVEL_WARN] = {4, 'W'},
        [LOG_LEVEL_INFO] = {6, 'I'},
        [LOG_LEVEL_DEBUG] = {7, 'D'},
    };
    bool journal = atomic_load(&s_journal);
    size_t len = journal ? (size_t)snprintf(out, cap, "<%d>", rows[level].priority) : 0;
    if (!atomic_load(&s_timeless))
        len += write_time(out + len, cap - len);
    if (!journal)
        len += (size_t)snprintf(out + len, cap - len, "%c ", rows[level].letter);
    return len;
}

void log_line(enum log_level level, const char *format, ...)
{
    if ((int)level > atomic_load(&s_level_max))
        return;
    int saved = errno;
    char line[LOG_STDERR_LINE_MAX + 1];
    size_t start = write_prefix(line, 64, level);
    size_t cap = LOG_STDERR_LINE_MAX - start; /* of the text and its NUL, where '\n' goes later */
    va_list args;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is, one line above */
    int n = vsnprintf(line + start, cap, format, args);
    va_end(args);
    size_t len = start + (n < 0 ? 0 : (size_t)n);
    if (n >= 0 && (size_t)n >= cap) {
        len = LOG_STDERR_LINE_MAX - 1;
        memcpy(line + len - 3, "...", 3);
    }
    for (size_t i = start; i < len; i++) {
        if ((unsigned char)line[i] < 32 || line[i] == 127)
            line[i] = '?';
    }
    line[len++] = '\n';
    while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
        continue; /* any other failure: there is nobody left to tell */
    errno = saved;
}
