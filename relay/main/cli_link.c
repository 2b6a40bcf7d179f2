#include "relay/main/cli_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/base64.h"
#include "relay/logic/layout.h"
#include "relay/port/json_jansson.h"
#include "relay/port/uplink_curl.h"

enum {
    CONNECT_MS = 5000,
    STALL_MS = 30000,
    TOTAL_MS = 600000,
    URL_MAX = 2048,
    PASSWORD_MAX = 256,
    ANSWER_MAX = 256 << 20, /* a million names in /api/sent are some 40 MiB */
};

static const char USUAL_URL[] = "http://127.0.0.1:5000";
static const char USUAL_DIR[] = "esp32_photos";

static const char *relay_url(const struct cli_link_options *o)
{
    const char *named = o->url != NULL ? o->url : getenv("CAMRELAY_URL");
    return named != NULL ? named : USUAL_URL;
}

/* The URL of the relay with `path` behind it; one that ends in /upload is taken as well. */
static bool make_url(const struct cli_link_options *o, const char *path, char out[URL_MAX])
{
    const char *base = relay_url(o);
    size_t len = strlen(base), tail = strlen("/upload");
    if (len >= tail && strcmp(base + len - tail, "/upload") == 0)
        len -= tail;
    while (len > 0 && base[len - 1] == '/')
        len--;
    int n = snprintf(out, URL_MAX, "%.*s%s", (int)len, base, path);
    return n > 0 && n < URL_MAX;
}

/* HTTP Basic with the password of the environment; any user name will do. */
static size_t add_password(struct uplink_header *header)
{
    char plain[PASSWORD_MAX + 16], coded[BASE64_TEXT_LEN(sizeof plain) + 1];
    const char *password = getenv("CAMRELAY_PASSWORD");
    if (password == NULL || strlen(password) > PASSWORD_MAX)
        return 0;
    int n = snprintf(plain, sizeof plain, "camrelay:%s", password);
    base64_write(plain, (size_t)n, coded);
    (void)snprintf(header->line, sizeof header->line, "Authorization: Basic %s", coded);
    return 1;
}

static enum err transfer(struct uplink *up, const struct uplink_request *r, struct cli_answer *out)
{
    struct uplink_result result;
    bool have = false;
    enum err e = up->start(up->ctx, r);
    while (e == ERR_OK && !have)
        e = up->wait(up->ctx, TOTAL_MS, &have, &result);
    if (e != ERR_OK)
        return e;
    (void)snprintf(out->error, sizeof out->error, "%s", result.error);
    if (result.failure != UPLINK_ANSWERED)
        return ERR_OK;
    out->body = malloc(result.body_len + 1);
    if (out->body == NULL)
        return ERR_FULL;
    memcpy(out->body, result.body, result.body_len);
    out->body[result.body_len] = '\0';
    out->body_len = result.body_len;
    out->status = result.status;
    out->reached = true;
    return ERR_OK;
}

void cli_link_ask(const struct cli_link_options *o, const struct cli_request *r,
                  struct cli_answer *out)
{
    *out = (struct cli_answer){0};
    char url[URL_MAX];
    struct uplink_header headers[2];
    size_t count = add_password(headers);
    if (r->body != NULL)
        (void)snprintf(headers[count++].line, sizeof headers[0].line,
                       "Content-Type: application/json");
    struct uplink_curl *curl = NULL;
    struct uplink up;
    enum err e = make_url(o, r->path, url) ? uplink_curl_open(&curl, &up) : ERR_INPUT;
    struct uplink_request request = {
        .method = r->method,
        .url = url,
        .headers = headers,
        .header_count = count,
        .prefix = r->body,
        .prefix_len = r->body_len,
        .fd = -1,
        .connect_timeout_ms = CONNECT_MS,
        .total_timeout_ms = TOTAL_MS,
        .stall_timeout_ms = STALL_MS,
        .answer_max = ANSWER_MAX,
        .tls_insecure = o->tls_insecure,
        .ca_file = o->tls_ca,
    };
    if (e == ERR_OK)
        e = transfer(&up, &request, out);
    if (e != ERR_OK)
        (void)snprintf(out->error, sizeof out->error, "%s",
                       e == ERR_INPUT ? "that is no URL" : "not enough memory");
    uplink_curl_close(curl);
}

void cli_link_free(struct cli_answer *a)
{
    free(a->body);
    a->body = NULL;
}

/* The "error" of a JSON answer. */
static bool find_error(void *arg, const char *path, const char *value)
{
    struct cli_answer *a = arg;
    if (strcmp(path, "error") != 0 || value == NULL)
        return true;
    (void)snprintf(a->error, sizeof a->error, "%s", value);
    return false;
}

int cli_link_complain(const struct cli_link_options *o, const struct cli_answer *a)
{
    if (!a->reached) {
        cli_say("no relay answers at %s: %s", relay_url(o), a->error);
        return CLI_NOT_DONE;
    }
    struct cli_answer told = *a;
    told.error[0] = '\0';
    if (cli_link_values(a, find_error, &told) != ERR_OK)
        told.error[0] = '\0'; /* not JSON: the status must do */
    cli_say("%s answered %u%s%s", relay_url(o), a->status, told.error[0] == '\0' ? "" : ": ",
            told.error);
    if (a->status == 401)
        cli_say("put the page password into the variable CAMRELAY_PASSWORD");
    return CLI_NOT_DONE;
}

enum err cli_link_values(const struct cli_answer *a,
                         bool (*each)(void *arg, const char *path, const char *value), void *arg)
{
    struct json json = json_jansson();
    return json.values(json.ctx, a->body, a->body_len, each, arg);
}

bool cli_link_store(const struct cli_link_options *o, char out[1024])
{
    const char *dir = o->dir != NULL ? o->dir : USUAL_DIR;
    int n = snprintf(out, 1024, "%s/%s", dir, LAYOUT_DATABASE);
    bool there = n > 0 && n < 1024 && access(out, R_OK) == 0;
    if (there && o->dir == NULL)
        cli_say("no relay answers at %s; reading the database in %s", relay_url(o), dir);
    if (!there && o->dir != NULL)
        cli_say("there is no database in %s", dir);
    return there;
}
