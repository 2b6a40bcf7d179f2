/* test/unit/faulty_remote.h - starts test/system/faulty_remote.py for a test, gives it orders, and
 * ends it. */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/unit.h"

enum { FAULTY_REMOTE_LINE_BYTES = 1 << 20 };

struct faulty_remote {
    pid_t pid;
    FILE *orders;
    FILE *answers;
    char url[128]; /* of uploads */
    char *line;
};

/* One line of JSON there, one back; borrowed until the next order. */
static inline const char *faulty_remote_order(struct faulty_remote *f, const char *text)
{
    assert_true(fprintf(f->orders, "%s\n", text) > 0 && fflush(f->orders) == 0);
    assert_non_null(fgets(f->line, FAULTY_REMOTE_LINE_BYTES, f->answers));
    return f->line;
}

static inline void faulty_remote_mode(struct faulty_remote *f, const char *mode)
{
    char text[128];
    (void)snprintf(text, sizeof text, "{\"mode\": \"%s\"}", mode);
    (void)faulty_remote_order(f, text);
}

/* The value behind "name": in a line of JSON as the receiver writes it; the last one. */
static inline bool faulty_remote_value(const char *line, const char *name, char *out, size_t cap)
{
    char pattern[80];
    (void)snprintf(pattern, sizeof pattern, "\"%s\": ", name);
    const char *at = NULL;
    for (const char *next = strstr(line, pattern); next != NULL; next = strstr(next + 1, pattern))
        at = next;
    if (at == NULL)
        return false;
    at += strlen(pattern);
    bool quoted = *at == '"';
    at += quoted;
    (void)snprintf(out, cap, "%.*s", (int)strcspn(at, quoted ? "\"" : ",}"), at);
    return true;
}

/* One of its counts: "stored", "uploads", "connections" ... */
static inline unsigned faulty_remote_count(struct faulty_remote *f, const char *name)
{
    char text[32];
    const char *line = faulty_remote_order(f, "{\"counts\": true}");
    assert_true(faulty_remote_value(line, name, text, sizeof text));
    return (unsigned)strtoul(text, NULL, 10);
}

/* `tree` is a path inside the source tree: __FILE__ of the caller. */
static inline void faulty_remote_start(struct faulty_remote *f, const char *tree)
{
    char program[4096];
    (void)snprintf(program, sizeof program, "%s", tree);
    char *tail = strstr(program, "test/unit/");
    assert_non_null(tail);
    strcpy(tail, "test/system/faulty_remote.py");
    int in[2], out[2];
    f->line = malloc(FAULTY_REMOTE_LINE_BYTES);
    assert_non_null(f->line);
    assert_true(pipe(in) == 0 && pipe(out) == 0);
    f->pid = fork();
    assert_true(f->pid >= 0);
    if (f->pid == 0) {
        (void)dup2(in[0], STDIN_FILENO);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)close(in[1]);
        (void)close(out[0]);
        execlp("python3", "python3", program, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    f->orders = fdopen(in[1], "w");
    f->answers = fdopen(out[0], "r");
    assert_non_null(fgets(f->line, FAULTY_REMOTE_LINE_BYTES, f->answers));
    assert_true(faulty_remote_value(f->line, "url", f->url, sizeof f->url));
}

/* True if it ended as it should. */
static inline bool faulty_remote_stop(struct faulty_remote *f)
{
    int status;
    (void)fclose(f->orders); /* ends it */
    (void)fclose(f->answers);
    free(f->line);
    return waitpid(f->pid, &status, 0) == f->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
