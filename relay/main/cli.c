#include "relay/main/cli.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/slice.h"

void cli_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("camrelay: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
}

static const struct cli_option *find_option(const struct cli_option *options, size_t count,
                                            struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_eq(slice_of(options[i].name), name))
            return &options[i];
    }
    return NULL;
}

static int put_number(const struct cli_option *o, struct slice text)
{
    uint64_t value;
    if (!slice_to_u64(text, &value) || value < o->min || value > o->max) {
        cli_say("--%s wants a number from %u to %u", o->name, o->min, o->max);
        return CLI_MISUSED;
    }
    *(unsigned *)o->target = (unsigned)value;
    return CLI_DONE;
}

/* `*at` is the option; it is moved to the last word used. */
static int take_option(char ***at, const struct cli_option *options, size_t count)
{
    const char *text = **at;
    struct slice value, name = slice_cut(slice_of(text + 2), '=', &value);
    const struct cli_option *o = find_option(options, count, name);
    bool glued = text[2 + name.len] == '=';
    if (text[1] != '-' || o == NULL) {
        cli_say("%.60s is not an option of this command; camrelay --help lists them", text);
        return CLI_MISUSED;
    }
    if (o->kind == CLI_FLAG) {
        if (glued)
            cli_say("--%s takes no value", o->name);
        *(bool *)o->target = true;
        return glued ? CLI_MISUSED : CLI_DONE;
    }
    const char *argument = text + 2 + name.len + 1;
    if (!glued) {
        argument = (*at)[1];
        if (argument == NULL) {
            cli_say("--%s needs a value", o->name);
            return CLI_MISUSED;
        }
        (*at)++;
    }
    if (o->kind == CLI_NUMBER)
        return put_number(o, slice_of(argument));
    *(const char **)o->target = argument;
    return CLI_DONE;
}

int cli_read_options(char **argv, const struct cli_option *options, size_t count, size_t *out_words)
{
    size_t words = 0;
    bool only_words = false;
    for (char **at = argv + 1; *at != NULL; at++) {
        if (!only_words && strcmp(*at, "--") == 0) {
            only_words = true;
        } else if (!only_words && (*at)[0] == '-' && (*at)[1] != '\0') {
            if (take_option(&at, options, count) != CLI_DONE)
                return CLI_MISUSED;
        } else {
            argv[words++] = *at;
        }
    }
    *out_words = words;
    return CLI_DONE;
}

void cli_size_text(uint64_t bytes, char out[24])
{
    static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    double value = (double)bytes;
    while (value >= 1024 && unit < 4) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(out, 24, unit == 0 ? "%.0f %s" : "%.1f %s", value, UNITS[unit]);
}

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void cli_progress_start(struct cli_progress *p)
{
    *p = (struct cli_progress){.shown = isatty(STDERR_FILENO) == 1, .started_ms = now_ms()};
}

void cli_progress_draw(struct cli_progress *p, uint64_t done, uint64_t total, uint64_t bytes)
{
    enum { WIDTH = 30, PAUSE_MS = 100 };
    uint64_t now = now_ms();
    if (!p->shown || total == 0 || (now - p->drawn_ms < PAUSE_MS && done < total))
        return;
    p->drawn_ms = now;
    char bar[WIDTH + 1], rate[24];
    size_t filled = (size_t)(done * WIDTH / total);
    memset(bar, ' ', WIDTH);
    memset(bar, '#', filled);
    bar[WIDTH] = '\0';
    uint64_t elapsed = now - p->started_ms;
    cli_size_text(elapsed == 0 ? 0 : bytes * 1000 / elapsed, rate);
    (void)fprintf(stderr, "\r[%s] %" PRIu64 "/%" PRIu64 "  %s/s\033[K", bar, done, total, rate);
    (void)fflush(stderr);
}

void cli_progress_clear(struct cli_progress *p)
{
    if (p->shown && p->drawn_ms != 0)
        (void)fputs("\r\033[K", stderr);
    p->drawn_ms = 0;
}
