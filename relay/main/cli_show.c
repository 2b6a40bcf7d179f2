/* status, list and pending: what a relay says, as lines for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/main/cli_link.h"
#include "relay/main/cli_offline.h"

enum { TEXT_MAX = 320, COLUMNS_MAX = 10, LIMIT_USUAL = 20, LIMIT_MAX = 1000 };

/* Values of one entry of an array, gathered until the next one begins. */
struct table {
    const char *array; /* "files" */
    const char *const *keys;
    size_t count;
    char cells[COLUMNS_MAX][TEXT_MAX];
    char rest[TEXT_MAX]; /* of "deliveries" */
    long entry;          /* -1: none yet */
    void (*print)(const struct table *t);
    uint64_t printed;
    bool more; /* there is a next page */
};

/* Terminals obey control characters, and names come from strangers. */
static void put_clean(char *out, size_t cap, const char *text)
{
    (void)snprintf(out, cap, "%s", text == NULL ? "-" : text);
    for (char *c = out; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
}

static const char *cell(const struct table *t, const char *key)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->keys[i], key) == 0)
            return t->cells[i];
    }
    return "-";
}

static void flush_entry(struct table *t)
{
    if (t->entry >= 0) {
        t->print(t);
        t->printed++;
    }
    for (size_t i = 0; i < t->count; i++)
        memcpy(t->cells[i], "-", 2);
    t->rest[0] = '\0';
}

static void add_delivery(struct table *t, const char *destination, const char *state)
{
    char clean[TEXT_MAX];
    size_t len = strlen(t->rest);
    put_clean(clean, sizeof clean, state);
    (void)snprintf(t->rest + len, sizeof t->rest - len, "%s%.40s:%.10s", len > 0 ? " " : "",
                   destination, clean);
}

static bool take_value(void *arg, const char *path, const char *value)
{
    struct table *t = arg;
    size_t len = strlen(t->array);
    if (strcmp(path, "next") == 0)
        t->more = value != NULL;
    if (strncmp(path, t->array, len) != 0 || path[len] != '.')
        return true;
    char *key;
    long entry = strtol(path + len + 1, &key, 10);
    if (*key != '.')
        return true;
    key++;
    if (entry != t->entry)
        flush_entry(t);
    t->entry = entry;
    if (strncmp(key, "deliveries.", 11) == 0)
        add_delivery(t, key + 11, value);
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(key, t->keys[i]) == 0)
            put_clean(t->cells[i], TEXT_MAX, value);
    }
    return true;
}

static int print_table(const struct cli_link_options *o, const struct cli_answer *a,
                       struct table *t)
{
    if (o->json)
        return fwrite(a->body, 1, a->body_len, stdout) == a->body_len ? CLI_DONE : CLI_NOT_DONE;
    t->entry = -1;
    flush_entry(t);
    if (cli_link_values(a, take_value, t) != ERR_OK) {
        cli_say("the answer is not JSON");
        return CLI_NOT_DONE;
    }
    flush_entry(t);
    if (t->more)
        cli_say("there are more; --limit shows up to %d", LIMIT_MAX);
    return fflush(stdout) == 0 ? CLI_DONE : CLI_NOT_DONE;
}

/* Asks the relay, or reads the database where none answers. */
static int show(const struct cli_link_options *o, const char *path, enum catalog_kind kind,
                unsigned limit, struct table *t)
{
    char address[128], database[1024];
    struct cli_answer a = {0};
    (void)snprintf(address, sizeof address, "%s?limit=%u", path, limit);
    if (o->dir == NULL)
        cli_link_ask(o, &(struct cli_request){.method = "GET", .path = address}, &a);
    int status;
    if (a.reached && a.status == 200)
        status = print_table(o, &a, t);
    else if (a.reached || !cli_link_store(o, database))
        status = o->dir != NULL ? CLI_NOT_DONE : cli_link_complain(o, &a);
    else {
        cli_link_free(&a);
        status = cli_offline_list(database, kind, limit, &a) ? print_table(o, &a, t) : CLI_NOT_DONE;
    }
    cli_link_free(&a);
    return status;
}

static void print_photo(const struct table *t)
{
    char size[24];
    cli_size_text(strtoull(cell(t, "size"), NULL, 10), size);
    (void)printf("%-20s %10s  %-16s %s%s%s\n", cell(t, "received_at"), size, cell(t, "camera"),
                 cell(t, "filename"), t->rest[0] == '\0' ? "" : "  ", t->rest);
}

int cli_list(char **argv)
{
    static const char *const KEYS[] = {"received_at", "size", "camera", "filename"};
    struct cli_link_options o = {0};
    unsigned limit = LIMIT_USUAL;
    const struct cli_option options[] = {CLI_LINK_OPTIONS(o),
                                         {"limit", CLI_NUMBER, &limit, 1, LIMIT_MAX}};
    size_t words;
    int status = cli_read_options(argv, options, sizeof options / sizeof options[0], &words);
    if (status != CLI_DONE)
        return status;
    struct table t = {.array = "files", .keys = KEYS, .count = 4, .print = print_photo};
    return show(&o, "/list", CATALOG_PHOTOS, limit, &t);
}

static void print_delivery(const struct table *t)
{
    (void)printf("%-20s %-12s %-8s tries %-3s %s%s%s\n", cell(t, "received_at"),
                 cell(t, "destination"), cell(t, "state"), cell(t, "tries"), cell(t, "filename"),
                 strcmp(cell(t, "error"), "-") == 0 ? "" : "  ",
                 strcmp(cell(t, "error"), "-") == 0 ? "" : cell(t, "error"));
}

int cli_pending(char **argv)
{
    static const char *const KEYS[] = {"received_at", "destination", "state",
                                       "tries",       "filename",    "error"};
    struct cli_link_options o = {0};
    bool dead = false;
    unsigned limit = LIMIT_USUAL;
    const struct cli_option options[] = {CLI_LINK_OPTIONS(o),
                                         {"dead", CLI_FLAG, &dead, 0, 0},
                                         {"limit", CLI_NUMBER, &limit, 1, LIMIT_MAX}};
    size_t words;
    int status = cli_read_options(argv, options, sizeof options / sizeof options[0], &words);
    if (status != CLI_DONE)
        return status;
    struct table t = {.array = "deliveries", .keys = KEYS, .count = 6, .print = print_delivery};
    status = show(&o, dead ? "/api/dead" : "/api/pending", dead ? CATALOG_DEAD : CATALOG_PENDING,
                  limit, &t);
    if (status == CLI_DONE && t.printed == 0 && !o.json)
        (void)puts(dead ? "no dead letters" : "nothing is pending");
    return status;
}

static void print_destination(const struct table *t)
{
    (void)printf("  %-12s %-5s  pending %s, sent %s, dead %s", cell(t, "name"), cell(t, "state"),
                 cell(t, "pending"), cell(t, "sent_total"), cell(t, "dead"));
    (void)printf("%s%s", strcmp(cell(t, "url"), "-") == 0 ? "" : "  ",
                 strcmp(cell(t, "url"), "-") == 0 ? "" : cell(t, "url"));
    if (strcmp(cell(t, "last_error"), "-") != 0)
        (void)printf("\n      %s", cell(t, "last_error"));
    (void)putchar('\n');
}

/* The members that are no list; bytes as people read them. */
static bool print_member(void *arg, const char *path, const char *value)
{
    (void)arg;
    char clean[TEXT_MAX];
    size_t len = strlen(path), tail = strlen("_bytes");
    if (strncmp(path, "reasons.", 8) == 0) {
        put_clean(clean, sizeof clean, value);
        (void)printf("  %s\n", clean);
    }
    if (strchr(path, '.') != NULL)
        return true;
    if (len > tail && strcmp(path + len - tail, "_bytes") == 0 && value != NULL)
        cli_size_text(strtoull(value, NULL, 10), clean);
    else
        put_clean(clean, sizeof clean, value);
    (void)printf("%-18s %s\n", path, clean);
    return true;
}

static int print_status(const struct cli_link_options *o, const struct cli_answer *a)
{
    static const char *const KEYS[] = {"name", "state", "pending",   "sent_total",
                                       "dead", "url",   "last_error"};
    struct table t = {
        .array = "destinations", .keys = KEYS, .count = 7, .print = print_destination};
    if (!o->json && cli_link_values(a, print_member, NULL) == ERR_OK)
        (void)puts("destinations");
    int status = print_table(o, a, &t);
    if (status == CLI_DONE && t.printed == 0 && !o->json)
        (void)puts("  none");
    return a->status == 200 ? status : CLI_NOT_DONE;
}

int cli_status(char **argv)
{
    struct cli_link_options o = {0};
    const struct cli_option options[] = {CLI_LINK_OPTIONS(o)};
    size_t words;
    int status = cli_read_options(argv, options, sizeof options / sizeof options[0], &words);
    if (status != CLI_DONE)
        return status;
    char database[1024];
    struct cli_answer a = {0};
    if (o.dir == NULL)
        cli_link_ask(&o, &(struct cli_request){.method = "GET", .path = "/health"}, &a);
    if (a.reached && (a.status == 200 || a.status == 503)) { /* 503: the promise cannot be kept */
        status = print_status(&o, &a);
    } else if (a.reached || !cli_link_store(&o, database)) {
        status = o.dir != NULL ? CLI_NOT_DONE : cli_link_complain(&o, &a);
    } else {
        cli_link_free(&a);
        status = cli_offline_counts(database, &a) ? print_status(&o, &a) : CLI_NOT_DONE;
    }
    cli_link_free(&a);
    return status;
}
