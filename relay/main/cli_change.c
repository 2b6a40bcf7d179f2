/* retry, export-sent and import-sent: only the daemon writes its database, so it is asked to. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/wire/json_out.h"
#include "relay/main/cli_link.h"
#include "relay/main/cli_offline.h"

enum { IMPORT_MAX = 8 << 20, NAME_MAX_BYTES = 256 };

/* One member of the answer, as text. */
struct wanted {
    const char *key;
    char value[32];
};

static bool take_member(void *arg, const char *path, const char *value)
{
    struct wanted *w = arg;
    if (strcmp(path, w->key) == 0 && value != NULL)
        (void)snprintf(w->value, sizeof w->value, "%.31s", value);
    return true;
}

/* Posts, and prints what `key` of the answer says behind `text`. */
static int post(const struct cli_link_options *o, const struct cli_request *r, const char *key,
                const char *text)
{
    struct cli_answer a;
    struct wanted w = {.key = key, .value = "?"};
    cli_link_ask(o, r, &a);
    int status = CLI_DONE;
    if (!a.reached || a.status != 200)
        status = cli_link_complain(o, &a);
    else if (o->json)
        (void)fwrite(a.body, 1, a.body_len, stdout);
    else if (cli_link_values(&a, take_member, &w) == ERR_OK)
        (void)printf("%s %s\n", text, w.value);
    cli_link_free(&a);
    return status;
}

static int refuse_dir(const struct cli_link_options *o)
{
    if (o->dir == NULL)
        return CLI_DONE;
    cli_say("this changes what the relay remembers, so a running one must be asked: no --dir");
    return CLI_MISUSED;
}

int cli_retry(char **argv)
{
    struct cli_link_options o = {0};
    const struct cli_option options[] = {CLI_LINK_OPTIONS(o)};
    size_t words;
    int status = cli_read_options(argv, options, sizeof options / sizeof options[0], &words);
    if (status == CLI_DONE)
        status = refuse_dir(&o);
    if (status != CLI_DONE)
        return status;
    if (words > 1 || (words == 1 && strlen(argv[0]) >= NAME_MAX_BYTES)) {
        cli_say("retry wants one name of a photo, or none for all dead letters");
        return CLI_MISUSED;
    }
    char body[6 * NAME_MAX_BYTES + 32];
    struct buf b;
    struct json_out j;
    buf_init(&b, body, sizeof body);
    json_out_init(&j, &b);
    json_out_object(&j);
    json_out_put_text(&j, "filename", words == 1 ? argv[0] : NULL);
    json_out_object_end(&j);
    struct cli_request r = {"POST", "/api/retry", b.ptr, b.len};
    return post(&o, &r, "retried", "dead letters to be sent again:");
}

/* The whole file on the heap, or NULL with the reason said. */
static char *read_whole(const char *path, size_t *out_len)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        cli_say("%s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = malloc(IMPORT_MAX + 1);
    size_t len = text == NULL ? 0 : fread(text, 1, IMPORT_MAX + 1, file);
    bool good = text != NULL && !ferror(file) && len <= IMPORT_MAX;
    (void)fclose(file);
    if (!good) {
        cli_say("%s: %s", path, len > IMPORT_MAX ? "is larger than 8 MiB" : "cannot be read");
        free(text);
        return NULL;
    }
    *out_len = len;
    return text;
}

int cli_import_sent(char **argv)
{
    struct cli_link_options o = {0};
    const struct cli_option options[] = {CLI_LINK_OPTIONS(o)};
    size_t words, len;
    int status = cli_read_options(argv, options, sizeof options / sizeof options[0], &words);
    if (status == CLI_DONE)
        status = refuse_dir(&o);
    if (status != CLI_DONE)
        return status;
    if (words != 1) {
        cli_say("import-sent wants one file, such as sent_files.json");
        return CLI_MISUSED;
    }
    char *text = read_whole(argv[0], &len);
    if (text == NULL)
        return CLI_NOT_DONE;
    struct cli_request r = {"POST", "/api/import-sent", text, len};
    status = post(&o, &r, "imported", "names taken as forwarded:");
    free(text);
    return status;
}

/* Beside the old file and then in its place, so that nobody ever reads half of it. */
static bool write_whole(const char *path, const char *text, size_t len)
{
    char beside[4096];
    int n = snprintf(beside, sizeof beside, "%s.new", path);
    if (n < 0 || (size_t)n >= sizeof beside)
        return false;
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return false;
    size_t done = 0;
    ssize_t step = 1;
    while (done < len && step > 0) {
        step = write(fd, text + done, len - done);
        done += step > 0 ? (size_t)step : 0;
    }
    bool good = done == len && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    if (good && rename(beside, path) == 0)
        return true;
    (void)unlink(beside); /* the old file is still there */
    return false;
}

static int put_sent(const struct cli_answer *a, const char *path)
{
    if (path == NULL)
        return fwrite(a->body, 1, a->body_len, stdout) == a->body_len && fflush(stdout) == 0
                   ? CLI_DONE
                   : CLI_NOT_DONE;
    if (write_whole(path, a->body, a->body_len))
        return CLI_DONE;
    cli_say("%s: %s", path, strerror(errno));
    return CLI_NOT_DONE;
}

int cli_export_sent(char **argv)
{
    struct cli_link_options o = {0};
    const struct cli_option options[] = {CLI_LINK_OPTIONS(o)};
    size_t words;
    int status = cli_read_options(argv, options, sizeof options / sizeof options[0], &words);
    if (status != CLI_DONE)
        return status;
    if (words > 1) {
        cli_say("export-sent wants one file, or none for standard output");
        return CLI_MISUSED;
    }
    const char *path = words == 1 ? argv[0] : NULL;
    char database[1024];
    struct cli_answer a = {0};
    if (o.dir == NULL)
        cli_link_ask(&o, &(struct cli_request){.method = "GET", .path = "/api/sent"}, &a);
    if (a.reached && a.status == 200) {
        status = put_sent(&a, path);
    } else if (a.reached || !cli_link_store(&o, database)) {
        status = o.dir != NULL ? CLI_NOT_DONE : cli_link_complain(&o, &a);
    } else {
        cli_link_free(&a);
        status = cli_offline_sent(database, &a) ? put_sent(&a, path) : CLI_NOT_DONE;
    }
    cli_link_free(&a);
    return status;
}
