/* Goal: what every uplink must do, over real sockets. Method: the contract suite against
 * test/system/faulty_remote.py on loopback, started and ended here; then what only libcurl has. */
#include "test/unit/unit.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/port/uplink_curl.h"
#include "test/contract/relay/uplink_contract.h"
#include "test/unit/faulty_remote.h"

struct bench {
    struct faulty_remote remote;
    struct uplink_curl *curl;
    struct uplink uplink;
    struct uplink_contract contract;
};

/* ---- the receiver ---- */

static void set_mode(void *ctx, const char *mode)
{
    faulty_remote_mode(&((struct bench *)ctx)->remote, mode);
}

static const char *order(struct bench *b, const char *text)
{
    return faulty_remote_order(&b->remote, text);
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
    (void)faulty_remote_value(at, "method", out->method, sizeof out->method);
    (void)faulty_remote_value(at, "path", out->path, sizeof out->path);
    (void)faulty_remote_value(at, "body_sha256", out->body_sha256, sizeof out->body_sha256);
    assert_true(faulty_remote_value(at, "body_size", text, sizeof text));
    out->body_size = strtoull(text, NULL, 10);
}

static bool header(void *ctx, const char *name, char *out, size_t cap)
{
    return faulty_remote_value(newest(ctx), name, out, cap);
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

static int set_up(void **state)
{
    /* None of these may be obeyed: nothing listens there. */
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("https_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    (void)unsetenv("no_proxy");
    struct bench *b = calloc(1, sizeof *b);
    if (b == NULL)
        return -1;
    faulty_remote_start(&b->remote, __FILE__);
    if (uplink_curl_open(&b->curl, &b->uplink) != ERR_OK)
        return -1;
    b->contract = (struct uplink_contract){
        .uplink = &b->uplink,
        .url = b->remote.url,
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
    bool ended = faulty_remote_stop(&b->remote);
    free(b);
    return ended ? 0 : -1;
}

/* ---- what only libcurl has ---- */

static struct uplink_result carry(struct bench *b, uint32_t stall_ms)
{
    struct uplink_request r = {
        .id = 1,
        .method = "POST",
        .url = b->remote.url,
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
    unsigned before = faulty_remote_count(&b->remote, "connections");
    for (int i = 0; i < 20; i++)
        assert_int_equal(carry(b, 0).status, 200);
    assert_int_equal(faulty_remote_count(&b->remote, "connections"), before);
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
    strcpy(url, b->remote.url);
    strcpy(b->remote.url, "http://name.invalid/upload"); /* RFC 6761: never resolves */
    struct uplink_result r = carry(b, 0);
    strcpy(b->remote.url, url);
    assert_int_equal(r.failure, UPLINK_UNREACHABLE);
}

static void a_server_without_tls_is_unreachable_for_https(void **state)
{
    struct bench *b = ((struct uplink_contract *)*state)->ctx;
    char url[128];
    strcpy(url, b->remote.url);
    (void)snprintf(b->remote.url, sizeof b->remote.url, "https%.100s", url + strlen("http"));
    struct uplink_result r = carry(b, 0);
    strcpy(b->remote.url, url);
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
