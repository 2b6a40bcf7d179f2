/* Goal: the uplink in memory keeps the promises of a real one. Method: the contract suite, with a
 * far side that plays the modes of test/system/faulty_remote.py. */
#include "test/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/sha256.h"
#include "lib/base/slice.h"
#include "test/contract/relay/uplink_contract.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/fakes/relay/fake_uplink.h"

struct bench {
    struct fake_clock clock;
    struct fake_fs disk;
    struct fake_uplink net;
    struct uplink_contract contract;
    char mode[64];
    bool once;
    struct uplink_contract_seen seen;
    char headers[2][1024];
    size_t header_count;
};

static void set_mode(void *ctx, const char *mode)
{
    struct bench *b = ctx;
    b->once = strncmp(mode, "once:", 5) == 0;
    (void)snprintf(b->mode, sizeof b->mode, "%s", mode + (b->once ? 5 : 0));
}

static void note(struct bench *b, const struct fake_uplink_request *r)
{
    struct sha256 s;
    uint8_t digest[SHA256_BYTES];
    sha256_start(&s);
    sha256_add(&s, r->body, r->body_len);
    sha256_finish(&s, digest);
    hex_encode(digest, sizeof digest, b->seen.body_sha256);
    b->seen.body_size = r->body_len;
    (void)snprintf(b->seen.method, sizeof b->seen.method, "%s", r->method);
    const char *path = strchr(strstr(r->url, "://") + 3, '/');
    (void)snprintf(b->seen.path, sizeof b->seen.path, "%s", path);
    b->header_count = r->header_count;
    for (size_t i = 0; i < r->header_count; i++)
        memcpy(b->headers[i], r->headers[i].line, sizeof b->headers[i]);
}

static void fail_with(struct fake_uplink_answer *a, enum uplink_failure failure, bool whole)
{
    a->failure = failure;
    a->body_sent_whole = whole;
    a->error = "as told";
}

static void say_long(struct fake_uplink_answer *a, size_t len)
{
    a->body = malloc(len + 1);
    assert_non_null(a->body);
    memset(a->body, 'x', len);
    a->body_len = len;
}

static void say_receipt(const struct fake_uplink_request *r, struct fake_uplink_answer *a)
{
    char text[128];
    const char *photo = strstr(r->body, "\r\n\r\n"), *end = r->body;
    size_t len = r->body_len;
    if (photo != NULL) {
        end = r->body + r->body_len - strlen("\r\n--edge--\r\n");
        len = (size_t)(end - photo - 4);
    }
    (void)snprintf(text, sizeof text, "{\"success\": true, \"size\": %zu, \"files\": []}", len);
    fake_uplink_say(a, 200, text);
}

static bool is(const struct bench *b, const char *mode)
{
    return strncmp(b->mode, mode, strlen(mode)) == 0;
}

static void play_failures(struct bench *b, struct fake_uplink_answer *a)
{
    if (is(b, "refuse"))
        fail_with(a, UPLINK_UNREACHABLE, false);
    else if (is(b, "hang"))
        a->after_ms = 3600 * 1000;
    else if (is(b, "reset"))
        fail_with(a, UPLINK_AMBIGUOUS, false);
    else
        fail_with(a, UPLINK_AMBIGUOUS, true); /* die, die-reset, swallow, garbage, cut-answer */
}

static void play(void *arg, const struct fake_uplink_request *r, struct fake_uplink_answer *a)
{
    struct bench *b = arg;
    unsigned number = (unsigned)strtoul(
        b->mode + strcspn(b->mode, ":") + (strchr(b->mode, ':') != NULL), NULL, 10);
    note(b, r);
    if (is(b, "ok") || strcmp(r->method, "GET") == 0) {
        say_receipt(r, a);
    } else if (is(b, "status") || is(b, "redirect") || is(b, "cut-status")) {
        fake_uplink_say(a, number, "as told");
        const char *retry = strstr(b->mode, "retry=");
        unsigned long s = retry != NULL ? strtoul(retry + strlen("retry="), NULL, 10) : 0;
        a->retry_after_s = s > 86400 ? 86400 : (uint32_t)s;
    } else if (is(b, "early")) {
        fake_uplink_say(a, number, "not wanted");
        a->body_sent_whole = false;
    } else if (is(b, "long")) {
        say_long(a, number);
    } else {
        play_failures(b, a);
    }
    if (b->once)
        set_mode(b, "ok");
}

static void seen(void *ctx, struct uplink_contract_seen *out)
{
    *out = ((struct bench *)ctx)->seen;
}

static bool header(void *ctx, const char *name, char *out, size_t cap)
{
    const struct bench *b = ctx;
    size_t len = strlen(name);
    for (size_t i = 0; i < b->header_count; i++) {
        if (slice_starts_nocase(slice_of(b->headers[i]), slice_of(name)) &&
            b->headers[i][len] == ':') {
            (void)snprintf(out, cap, "%s", b->headers[i] + len + 2);
            return true;
        }
    }
    return false;
}

static int make_file(void *ctx, const void *data, size_t len)
{
    struct bench *b = ctx;
    bool found;
    int fd;
    fake_fs_put(&b->disk, "photo", data, len);
    assert_int_equal(b->disk.fs.open(b->disk.fs.ctx, "photo", &found, &fd), ERR_OK);
    assert_true(found);
    return fd;
}

static size_t open_files(void *ctx)
{
    return fake_fs_open_count(&((struct bench *)ctx)->disk);
}

static int set_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    if (b == NULL)
        return -1;
    fake_clock_init(&b->clock);
    fake_fs_init(&b->disk);
    fake_uplink_init(&b->net, &b->clock, &b->disk.fs);
    b->net.remote = play;
    b->net.remote_arg = b;
    b->contract = (struct uplink_contract){
        .uplink = &b->net.uplink,
        .url = "http://far/upload",
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
    fake_uplink_deinit(&b->net);
    fake_fs_deinit(&b->disk);
    free(b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {UPLINK_CONTRACT_TESTS};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
