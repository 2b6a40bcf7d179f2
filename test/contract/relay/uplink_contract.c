#include "test/contract/relay/uplink_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hex.h"
#include "lib/base/sha256.h"
#include "test/unit/unit.h"

enum { PATIENCE_MS = 20000 }; /* longer than any answer here takes; no test waits it out */

static const char PREFIX[] = "--edge\r\nContent-Disposition: form-data; name=\"file\"; "
                             "filename=\"p000001_20260114_081502.jpg\"\r\n\r\n";
static const char SUFFIX[] = "\r\n--edge--\r\n";
static const struct uplink_header HEADERS[] = {{"Content-Type: multipart/form-data; boundary=edge"},
                                               {"X-Camera-Id: door1"}};

static uint64_t next_id(void)
{
    static uint64_t id = 1;
    return id++;
}

static struct uplink_request to(const struct uplink_contract *c, const char *method)
{
    return (struct uplink_request){
        .id = next_id(),
        .method = method,
        .url = c->url,
        .headers = HEADERS,
        .header_count = 2,
        .fd = -1,
        .connect_timeout_ms = PATIENCE_MS,
        .total_timeout_ms = PATIENCE_MS,
        .stall_timeout_ms = PATIENCE_MS,
    };
}

static struct uplink_request upload(const struct uplink_contract *c, const void *data, size_t len)
{
    struct uplink_request r = to(c, "POST");
    r.prefix = PREFIX;
    r.prefix_len = sizeof PREFIX - 1;
    r.suffix = SUFFIX;
    r.suffix_len = sizeof SUFFIX - 1;
    r.fd = c->file(c->ctx, data, len);
    r.fd_len = len;
    return r;
}

static struct uplink_result await(const struct uplink_contract *c)
{
    struct uplink_result result;
    bool have = false;
    for (int i = 0; i < 100 && !have; i++)
        assert_int_equal(c->uplink->wait(c->uplink->ctx, PATIENCE_MS, &have, &result), ERR_OK);
    assert_true(have);
    return result;
}

static struct uplink_result carry(const struct uplink_contract *c, const struct uplink_request *r)
{
    assert_int_equal(c->uplink->start(c->uplink->ctx, r), ERR_OK);
    struct uplink_result result = await(c);
    assert_int_equal(result.id, r->id);
    if (result.failure != UPLINK_ANSWERED) {
        assert_int_equal(result.status, 0);
        assert_true(result.error[0] != '\0');
    }
    assert_int_equal(result.body[result.body_len], '\0');
    return result;
}

static struct uplink_result carry_small(const struct uplink_contract *c)
{
    struct uplink_request r = upload(c, "\xff\xd8pic\xff\xd9", 7);
    struct uplink_result result = carry(c, &r);
    return result;
}

static void *big(void)
{
    char *data = malloc(UPLINK_CONTRACT_BIG);
    assert_non_null(data);
    for (size_t i = 0; i < UPLINK_CONTRACT_BIG; i++)
        data[i] = (char)(i * 2654435761u >> 24);
    return data;
}

static void hash_of(const void *data, size_t len, char out[65])
{
    struct sha256 s;
    uint8_t digest[SHA256_BYTES];
    sha256_start(&s);
    sha256_add(&s, PREFIX, sizeof PREFIX - 1);
    sha256_add(&s, data, len);
    sha256_add(&s, SUFFIX, sizeof SUFFIX - 1);
    sha256_finish(&s, digest);
    hex_encode(digest, sizeof digest, out);
}

void uplink_contract_prefix_file_and_suffix_arrive(void **state)
{
    struct uplink_contract *c = *state;
    static const size_t SIZES[] = {0, 1, 1000, 65536, 131072, 131073, 1000000};
    char *data = big(), expected[65], value[256];
    c->mode(c->ctx, "ok");
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        struct uplink_request r = upload(c, data, SIZES[i]);
        struct uplink_result result = carry(c, &r);
        assert_int_equal(result.failure, UPLINK_ANSWERED);
        assert_int_equal(result.status, 200);
        assert_true(result.body_sent_whole);
        struct uplink_contract_seen seen;
        c->seen(c->ctx, &seen);
        assert_string_equal(seen.method, "POST");
        assert_string_equal(seen.path, "/upload");
        assert_int_equal(seen.body_size, sizeof PREFIX + sizeof SUFFIX - 2 + SIZES[i]);
        hash_of(data, SIZES[i], expected);
        assert_string_equal(seen.body_sha256, expected);
    }
    assert_true(c->header(c->ctx, "x-camera-id", value, sizeof value));
    assert_string_equal(value, "door1");
    assert_true(c->header(c->ctx, "content-type", value, sizeof value));
    assert_string_equal(value, "multipart/form-data; boundary=edge");
    assert_false(c->header(c->ctx, "expect", value, sizeof value));
    assert_false(c->header(c->ctx, "transfer-encoding", value, sizeof value));
    assert_int_equal(c->open_files(c->ctx), 0);
    free(data);
}

void uplink_contract_a_question_has_no_body(void **state)
{
    struct uplink_contract *c = *state;
    char url[300];
    (void)snprintf(url, sizeof url, "%.*slist?limit=5", (int)(strlen(c->url) - strlen("upload")),
                   c->url);
    c->mode(c->ctx, "ok");
    struct uplink_request r = to(c, "GET");
    r.url = url;
    struct uplink_result result = carry(c, &r);
    assert_int_equal(result.status, 200);
    assert_non_null(strstr(result.body, "files"));
    struct uplink_contract_seen seen;
    c->seen(c->ctx, &seen);
    assert_string_equal(seen.method, "GET");
    assert_string_equal(seen.path, "/list?limit=5");
    assert_int_equal(seen.body_size, 0);
}

void uplink_contract_statuses_and_bodies_come_back(void **state)
{
    struct uplink_contract *c = *state;
    static const unsigned STATUSES[] = {201, 400, 401, 404, 413, 500, 503};
    for (size_t i = 0; i < sizeof STATUSES / sizeof STATUSES[0]; i++) {
        char mode[32];
        (void)snprintf(mode, sizeof mode, "status:%u", STATUSES[i]);
        c->mode(c->ctx, mode);
        struct uplink_result result = carry_small(c);
        assert_int_equal(result.failure, UPLINK_ANSWERED);
        assert_int_equal(result.status, STATUSES[i]);
        assert_non_null(strstr(result.body, "as told"));
        assert_false(result.has_retry_after);
    }
}

void uplink_contract_retry_after_comes_back(void **state)
{
    struct uplink_contract *c = *state;
    c->mode(c->ctx, "status:429:retry=7");
    struct uplink_result result = carry_small(c);
    assert_true(result.has_retry_after);
    assert_int_equal(result.retry_after_s, 7);
    c->mode(c->ctx, "status:503:retry=999999999");
    result = carry_small(c);
    assert_true(result.has_retry_after);
    assert_int_equal(result.retry_after_s, 86400);
}

void uplink_contract_nobody_listening_is_unreachable(void **state)
{
    struct uplink_contract *c = *state;
    c->mode(c->ctx, "refuse");
    struct uplink_result result = carry_small(c);
    assert_int_equal(result.failure, UPLINK_UNREACHABLE);
    assert_false(result.body_sent_whole);
    assert_int_equal(c->open_files(c->ctx), 0);
    c->mode(c->ctx, "ok");
    assert_int_equal(carry_small(c).status, 200);
}

void uplink_contract_no_answer_is_ambiguous(void **state)
{
    struct uplink_contract *c = *state;
    c->mode(c->ctx, "hang");
    struct uplink_request r = upload(c, "pic", 3);
    r.total_timeout_ms = 300;
    struct uplink_result result = carry(c, &r);
    assert_int_equal(result.failure, UPLINK_AMBIGUOUS);
    assert_true(result.body_sent_whole);
    assert_int_equal(c->open_files(c->ctx), 0);
}

void uplink_contract_a_reset_in_the_body_did_not_send_it_whole(void **state)
{
    struct uplink_contract *c = *state;
    void *data = big();
    c->mode(c->ctx, "reset:100000");
    struct uplink_request r = upload(c, data, UPLINK_CONTRACT_BIG);
    struct uplink_result result = carry(c, &r);
    assert_int_equal(result.failure, UPLINK_AMBIGUOUS);
    assert_false(result.body_sent_whole);
    free(data);
}

void uplink_contract_an_early_answer_is_an_answer(void **state)
{
    struct uplink_contract *c = *state;
    void *data = big();
    c->mode(c->ctx, "early:413");
    struct uplink_request r = upload(c, data, UPLINK_CONTRACT_BIG);
    struct uplink_result result = carry(c, &r);
    assert_int_equal(result.failure, UPLINK_ANSWERED);
    assert_int_equal(result.status, 413);
    assert_false(result.body_sent_whole);
    assert_non_null(strstr(result.body, "not wanted"));
    free(data);
}

void uplink_contract_a_death_after_storing_is_not_repeated(void **state)
{
    struct uplink_contract *c = *state;
    static const char *const DEATHS[] = {"once:die", "once:die-reset", "once:swallow"};
    for (size_t i = 0; i < 3; i++) {
        c->mode(c->ctx, "ok"); /* so that the next one goes over a kept connection */
        assert_int_equal(carry_small(c).status, 200);
        c->mode(c->ctx, DEATHS[i]);
        struct uplink_result result = carry_small(c); /* a repetition would be answered 200 */
        assert_int_equal(result.failure, UPLINK_AMBIGUOUS);
        assert_true(result.body_sent_whole);
    }
}

void uplink_contract_a_short_file_is_our_fault(void **state)
{
    struct uplink_contract *c = *state;
    c->mode(c->ctx, "ok");
    struct uplink_request r = upload(c, "pic", 3);
    r.fd_len = 4;
    struct uplink_result result = carry(c, &r);
    assert_int_equal(result.failure, UPLINK_LOCAL);
    assert_int_equal(c->open_files(c->ctx), 0);
}

void uplink_contract_redirects_are_not_followed(void **state)
{
    struct uplink_contract *c = *state;
    static const unsigned STATUSES[] = {301, 302, 307, 308};
    for (size_t i = 0; i < 4; i++) {
        char mode[32];
        (void)snprintf(mode, sizeof mode, "once:redirect:%u", STATUSES[i]);
        c->mode(c->ctx, mode);
        assert_int_equal(carry_small(c).status, STATUSES[i]); /* followed, it would be 200 or 404 */
    }
}

void uplink_contract_long_answers_are_cut(void **state)
{
    struct uplink_contract *c = *state;
    static const struct {
        const char *mode;
        uint32_t max;
        size_t len;
    } ROWS[] = {
        {"long:65536", 0, UPLINK_ANSWER_MAX},
        {"long:65537", 0, UPLINK_ANSWER_MAX},
        {"long:100", 99, 99},
        {"long:100", 100, 100},
        {"long:100", 101, 100},
        {"long:300000", 200000, 200000},
        {"long:0", 10, 0},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        c->mode(c->ctx, ROWS[i].mode);
        struct uplink_request r = upload(c, "pic", 3);
        r.answer_max = ROWS[i].max;
        struct uplink_result result = carry(c, &r);
        assert_int_equal(result.failure, UPLINK_ANSWERED);
        assert_int_equal(result.body_len, ROWS[i].len);
        assert_int_equal(strlen(result.body), ROWS[i].len);
    }
}

void uplink_contract_a_cut_success_is_no_answer(void **state)
{
    struct uplink_contract *c = *state;
    c->mode(c->ctx, "cut-answer");
    assert_int_equal(carry_small(c).failure, UPLINK_AMBIGUOUS);
    c->mode(c->ctx, "cut-status:500"); /* of a failure the status says enough */
    struct uplink_result result = carry_small(c);
    assert_int_equal(result.failure, UPLINK_ANSWERED);
    assert_int_equal(result.status, 500);
}

void uplink_contract_garbage_is_no_answer(void **state)
{
    struct uplink_contract *c = *state;
    c->mode(c->ctx, "garbage");
    struct uplink_result result = carry_small(c);
    assert_int_equal(result.failure, UPLINK_AMBIGUOUS);
    assert_true(result.body_sent_whole);
}

void uplink_contract_nonsense_urls_are_refused(void **state)
{
    struct uplink_contract *c = *state;
    static const char *const URLS[] = {"", "upload", "ftp://127.0.0.1/x", "file:///etc/passwd"};
    for (size_t i = 0; i < sizeof URLS / sizeof URLS[0]; i++) {
        struct uplink_request r = upload(c, "pic", 3);
        r.url = URLS[i];
        assert_int_equal(c->uplink->start(c->uplink->ctx, &r), ERR_INPUT);
        assert_int_equal(c->open_files(c->ctx), 0);
    }
}

void uplink_contract_a_wake_ends_the_next_wait(void **state)
{
    struct uplink_contract *c = *state;
    struct uplink_result result;
    bool have = true;
    c->uplink->wake(c->uplink->ctx); /* else this would wait for an hour */
    assert_int_equal(c->uplink->wait(c->uplink->ctx, 3600 * 1000, &have, &result), ERR_OK);
    assert_false(have);
    have = true;
    assert_int_equal(c->uplink->wait(c->uplink->ctx, 0, &have, &result), ERR_OK);
    assert_false(have);
    have = true;
    assert_int_equal(c->uplink->wait(c->uplink->ctx, 1, &have, &result), ERR_OK);
    assert_false(have);
}

void uplink_contract_cancelled_ones_are_never_heard_of(void **state)
{
    struct uplink_contract *c = *state;
    c->mode(c->ctx, "hang");
    for (int i = 0; i < 5; i++) {
        struct uplink_request r = upload(c, "pic", 3);
        r.total_timeout_ms = 200;
        assert_int_equal(c->uplink->start(c->uplink->ctx, &r), ERR_OK);
    }
    struct uplink_result result;
    bool have;
    assert_int_equal(c->uplink->wait(c->uplink->ctx, 0, &have, &result), ERR_OK);
    c->uplink->cancel_all(c->uplink->ctx);
    assert_int_equal(c->open_files(c->ctx), 0);
    assert_int_equal(c->uplink->wait(c->uplink->ctx, 400, &have, &result), ERR_OK);
    assert_false(have);
    c->uplink->cancel_all(c->uplink->ctx);
    c->mode(c->ctx, "ok");
    assert_int_equal(carry_small(c).status, 200);
}

void uplink_contract_each_answer_belongs_to_its_request(void **state)
{
    struct uplink_contract *c = *state;
    enum { COUNT = 24 };
    bool came[COUNT] = {false};
    uint64_t first = 0;
    c->mode(c->ctx, "ok");
    for (int i = 0; i < COUNT; i++) {
        char text[32];
        int len = snprintf(text, sizeof text, "%.*s", i + 1, "abcdefghijklmnopqrstuvwxyz");
        struct uplink_request r = upload(c, text, (size_t)len);
        first = i == 0 ? r.id : first;
        assert_int_equal(c->uplink->start(c->uplink->ctx, &r), ERR_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        struct uplink_result result = await(c);
        assert_in_range(result.id, first, first + COUNT - 1);
        size_t n = (size_t)(result.id - first);
        assert_false(came[n]);
        came[n] = true;
        const char *size = strstr(result.body, "\"size\": ");
        assert_non_null(size);
        assert_int_equal(strtoul(size + strlen("\"size\": "), NULL, 10), n + 1);
    }
    assert_int_equal(c->open_files(c->ctx), 0);
}
