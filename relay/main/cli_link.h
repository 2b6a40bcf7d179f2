/* relay/main/cli_link.h - how a command reaches a relay: over HTTP, or its database where none
 * runs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "relay/main/cli.h"

/* Options every such command knows. Zeroed before. */
struct cli_link_options {
    const char *url; /* NULL: CAMRELAY_URL, or the usual port of this machine */
    const char *dir; /* not NULL: read this photo folder's database and ask nobody */
    const char *tls_ca;
    bool tls_insecure;
    bool json;
};
#define CLI_LINK_OPTIONS(o)                                                                        \
    {"url", CLI_TEXT, &(o).url, 0, 0}, {"dir", CLI_TEXT, &(o).dir, 0, 0},                          \
        {"tls-ca", CLI_TEXT, &(o).tls_ca, 0, 0},                                                   \
        {"tls-insecure", CLI_FLAG, &(o).tls_insecure, 0, 0},                                       \
    {                                                                                              \
        "json", CLI_FLAG, &(o).json, 0, 0                                                          \
    }

struct cli_request {
    const char *method;
    const char *path; /* with query */
    const void *body; /* JSON; NULL: none */
    size_t body_len;
};

struct cli_answer {
    bool reached; /* a relay answered; else `error` says why not */
    unsigned status;
    char *body; /* on the heap, NUL behind it */
    size_t body_cap;
    size_t body_len;
    char error[160];
};

/* Asks once. The answer is to be freed in any case. */
void cli_link_ask(const struct cli_link_options *o, const struct cli_request *r,
                  struct cli_answer *out);
void cli_link_free(struct cli_answer *a);

/* What is said where no relay, or no good answer came. Always CLI_NOT_DONE. */
int cli_link_complain(const struct cli_link_options *o, const struct cli_answer *a);

/* Calls `each` for every value of a JSON answer, see json.values. */
CHECKED enum err cli_link_values(const struct cli_answer *a,
                                 bool (*each)(void *arg, const char *path, const char *value),
                                 void *arg);

/* The database to read: that of --dir; or, where no relay answered, that of ./esp32_photos if there
 * is one, which is then said. False: neither. `out` is a path. */
bool cli_link_store(const struct cli_link_options *o, char out[1024]);
