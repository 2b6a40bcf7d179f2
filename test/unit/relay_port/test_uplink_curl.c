/* Goal: what every uplink must do, over real sockets. Method: the contract suite against
 * test/system/faulty_remote.py on loopback, started and ended here; then what only libcurl has. */
#include "test/unit/unit.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/port/uplink_curl.h"
#include "test/contract/relay/uplink_contract.h"

enum { LINE_BYTES = 1 << 20 };

struct bench {
    pid_t pid;
    FILE *orders;
    FILE *answers;
    char url[128];
    char *line;
    size_t files_before;
    struct uplink_curl *curl;
    struct uplink uplink;
    struct uplink_contract contract;
};

/* ---- the receiver ---- */

static const char *order(struct bench *b, const char *text)
{
    assert_true(fprintf(b->orders, "%s\n", text) > 0 && fflush(b->orders) == 0);
    assert_non_null(fgets(b->line, LINE_BYTES, b->answers));
    return b->line;
}

static void set_mode(void *ctx, const char *mode)
{
    char text[128];
    (void)snprintf(text, sizeof text, "{\"mode\": \"%s\"}", mode);
    (void)order(ctx, text);
}

/* The value behind "name": in a line of JSON as the receiver writes it; the last one. */
static bool value_of(const char *line, const char *name, char *out, size_t cap)
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

/* Of the newest request alone: an older one may have headers this one lacks. */
static const char *newest(struct bench *b)
{
    const char *line = order(b, "{\"requests\": true}");
    const char *at = line;
    for (const char *next = strstr(line, "{\"method\""); next != NULL;
         next = strstr(next + 1, "{\"method\""))
        at = next;
    return at;
}

static void seen(void *ctx, struct uplink_contract_seen *out)
{
    char text[32];
    const char *at = newest(ctx);
    (void)value_of(at, "method", out->method, sizeof out->method);
    (void)value_of(at, "path", out->path, sizeof out->path);
    (void)value_of(at, "body_sha256", out->body_sha256, sizeof out->body_sha256);
    assert_true(value_of(at, "body_size", text, sizeof text));
    out->body_size = strtoull(text, NULL, 10);
}

static unsigned count_of(struct bench *b, const char *name)
{
    char text[32];
    assert_true(value_of(order(b, "{\"counts\": true}"), name, text, sizeof text));
    return (unsigned)strtoul(text, NULL, 10);
}

static bool header(void *ctx, const char *name, char *out, size_t cap)
{
    return value_of(newest(ctx), name, out, cap);
}

static int make_file(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    char path[] = "/tmp/camrelay-uplink-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && unlink(path) == 0);
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, (const char *)data + at, len - at);
        assert_true(n > 0);
        at += (size_t)n;
    }
    return fd;
}

/* Deleted files are ours alone: see make_file. */
static size_t open_files(void *ctx)
{
    (void)ctx;
    size_t n = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    for (struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
        char path[300], target[300] = "";
        (void)snprintf(path, sizeof path, "/proc/self/fd/%s", e->d_name);
        (void)readlink(path, target, sizeof target - 1);
        n += strstr(target, "camrelay-uplink-") != NULL;
    }
    (void)closedir(folder);
    return n;
}

static void start_receiver(struct bench *b)
{
    char program[4096];
    (void)snprintf(program, sizeof program, "%s", __FILE__);
    char *tail = strstr(program, "test/unit/relay_port/");
    assert_non_null(tail);
    strcpy(tail, "test/system/faulty_remote.py");
    int in[2], out[2];
    assert_true(pipe(in) == 0 && pipe(out) == 0);
    b->pid = fork();
    assert_true(b->pid >= 0);
    if (b->pid == 0) {
        (void)dup2(in[0], STDIN_FILENO);
        (void)dup2(out[1], STDOUT_FILENO);
        (void)close(in[1]);
        (void)close(out[0]);
        execlp("python3", "python3", program, (char *)NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    b->orders = fdopen(in[1], "w");
    b->answers = fdopen(out[0], "r");
    assert_non_null(fgets(b->line, LINE_BYTES, b->answers));
    assert_true(value_of(b->line, "url", b->url, sizeof b->url));
}

static int set_up(void **state)
{
    /* None of these may be obeyed: nothing listens there. */
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("https_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    (void)unsetenv("no_proxy");
    struct bench *b = calloc(1, sizeof *b);
    b->line = malloc(LINE_BYTES);
    start_receiver(b);
    if (uplink_curl_open(&b->curl, &b->uplink) != ERR_OK)
        return -1;
    b->contract = (struct uplink_contract){
        .uplink = &b->uplink,
        .url = b->url,
        .ctx = b,
        .mode = set_mode,
        .seen = seen,
        .header = header,
        .file = make_file,
        .open_files = open_files,
    };
    *state = &b->contract;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    uplink_curl_close(b->curl);
    (void)fclose(b->orders); /* ends it */
    (void)fclose(b->answers);
    int status;
    bool ended = waitpid(b->pid, &status, 0) == b->pid && WIFEXITED(status);
    free(b->line);
    free(b);
    return ended ? 0 : -1;
}

/* ---- what only libcurl has ---- */

static struct uplink_result carry(struct bench *b, uint32_t stall_ms)
{
    struct uplink_request r = {
        .id = 1,
        .method = "POST",
        .url = b->url,
        .prefix = "pic",
        .prefix_len = 3,
        .fd = -1,
        .connect_timeout_ms = 20000,
        .total_timeout_ms = 60000,
        .stall_timeout_ms = stall_ms,
    };
    struct uplink_result result;
    bool have = false;
    assert_int_equal(b->uplink.start(b->uplink.ctx, &r), ERR_OK);
    while (!have)
        assert_int_equal(b->uplink.wait(b->uplink.ctx, 60000, &have, &result), ERR_OK);
    return result;
}

static void connections_are_kept(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    set_mode(b, "ok");
    assert_int_equal(carry(b, 0).status, 200);
    unsigned before = count_of(b, "connections");
    for (int i = 0; i < 20; i++)
        assert_int_equal(carry(b, 0).status, 200);
    assert_int_equal(count_of(b, "connections"), before);
}

static void a_connection_closed_while_idle_is_no_failure(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    set_mode(b, "ok");
    for (int i = 0; i < 20; i++) {
        assert_int_equal(carry(b, 0).status, 200);
        (void)order(b, "{\"close_idle\": true}");
        struct uplink_result r = carry(b, 0);
        /* The close may cross our request on the way; then nobody knows, and it is told so. */
        assert_true(r.status == 200 || r.failure == UPLINK_AMBIGUOUS);
    }
}

static void chunked_and_closing_answers_are_read(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    static const char *const MODES[] = {"chunked", "close", "drip:2000", "text", "empty", "html"};
    for (size_t i = 0; i < sizeof MODES / sizeof MODES[0]; i++) {
        set_mode(b, MODES[i]);
        struct uplink_result r = carry(b, 0);
        assert_int_equal(r.failure, UPLINK_ANSWERED);
        assert_int_equal(r.status, 200);
    }
}

static void a_stalled_receiver_is_given_up(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    set_mode(b, "hang");
    struct uplink_result r = carry(b, 1000); /* the total would be a minute */
    assert_int_equal(r.failure, UPLINK_AMBIGUOUS);
}

static void a_retry_after_date_becomes_seconds(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    set_mode(b, "status:503:retry=Fri, 31 Dec 2999 23:59:59 GMT");
    struct uplink_result r = carry(b, 0);
    assert_true(r.has_retry_after);
    assert_int_equal(r.retry_after_s, 86400);
    set_mode(b, "status:503:retry=Fri, 31 Dec 1999 23:59:59 GMT");
    assert_false(carry(b, 0).has_retry_after);
}

static void *wake_it(void *arg)
{
    struct bench *b = arg;
    b->uplink.wake(b->uplink.ctx);
    return NULL;
}

static void a_wake_from_another_thread_ends_a_wait(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    for (int i = 0; i < 50; i++) {
        pthread_t t;
        struct uplink_result r;
        bool have = true;
        assert_int_equal(pthread_create(&t, NULL, wake_it, b), 0);
        assert_int_equal(b->uplink.wait(b->uplink.ctx, 3600 * 1000, &have, &r), ERR_OK);
        assert_false(have);
        assert_int_equal(pthread_join(t, NULL), 0);
    }
}

static void an_unknown_host_is_unreachable(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    char url[128];
    strcpy(url, b->url);
    strcpy(b->url, "http://name.invalid/upload"); /* RFC 6761: never resolves */
    struct uplink_result r = carry(b, 0);
    strcpy(b->url, url);
    assert_int_equal(r.failure, UPLINK_UNREACHABLE);
}

static void a_server_without_tls_is_unreachable_for_https(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    char url[128];
    strcpy(url, b->url);
    (void)snprintf(b->url, sizeof b->url, "https%.100s", url + strlen("http"));
    struct uplink_result r = carry(b, 0);
    strcpy(b->url, url);
    assert_int_equal(r.failure, UPLINK_UNREACHABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UPLINK_CONTRACT_TESTS,
        cmocka_unit_test(connections_are_kept),
        cmocka_unit_test(a_connection_closed_while_idle_is_no_failure),
        cmocka_unit_test(chunked_and_closing_answers_are_read),
        cmocka_unit_test(a_stalled_receiver_is_given_up),
        cmocka_unit_test(a_retry_after_date_becomes_seconds),
        cmocka_unit_test(a_wake_from_another_thread_ends_a_wait),
        cmocka_unit_test(an_unknown_host_is_unreachable),
        cmocka_unit_test(a_server_without_tls_is_unreachable_for_https),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
