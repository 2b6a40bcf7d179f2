/* Goal: every answer a receiver can give means one thing. Method: tables of answers; the photo is
 * always the same. */
#include "test/unit/unit.h"

#include <string.h>

#include "relay/logic/verdict.h"

static const struct photo PHOTO = {
    .name = "a_20260114_081502.jpg", .size_bytes = 1000, .sha256 = {7}};

static struct uplink_result answer(unsigned status)
{
    return (struct uplink_result){
        .failure = UPLINK_ANSWERED, .status = status, .body_sent_whole = true, .body = ""};
}

static struct json_receipt good_receipt(void)
{
    struct json_receipt r = {
        .is_object = true,
        .has_success = true,
        .success = true,
        .has_size = true,
        .size_bytes = 1000,
        .has_sha256 = true,
        .sha256_readable = true,
        .has_filename = true,
        .filename = "b.jpg",
    };
    memcpy(r.sha256, PHOTO.sha256, sizeof r.sha256);
    return r;
}

static struct verdict judge(unsigned status, const struct json_receipt *r)
{
    struct uplink_result a = answer(status);
    return verdict_of(&a, r, &PHOTO);
}

static void each_status_means_one_thing(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        enum verdict_kind kind;
        enum verdict_reason reason;
        bool ambiguous;
    } ROWS[] = {
        {200, VERDICT_SENT, VERDICT_REASON_SENT, false},
        {201, VERDICT_SENT, VERDICT_REASON_SENT, false},
        {204, VERDICT_SENT, VERDICT_REASON_SENT, false},
        {299, VERDICT_SENT, VERDICT_REASON_SENT, false},
        {300, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {301, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {302, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {304, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {307, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {308, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {400, VERDICT_REFUSED, VERDICT_REASON_REFUSED, false},
        {401, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {402, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {403, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {404, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {405, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {407, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {408, VERDICT_LATER, VERDICT_REASON_FAILED, false},
        {409, VERDICT_AGAIN, VERDICT_REASON_FAILED, true},
        {411, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {413, VERDICT_REFUSED, VERDICT_REASON_REFUSED, false},
        {415, VERDICT_REFUSED, VERDICT_REASON_REFUSED, false},
        {418, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {422, VERDICT_REFUSED, VERDICT_REASON_REFUSED, false},
        {423, VERDICT_AGAIN, VERDICT_REASON_FAILED, true},
        {425, VERDICT_LATER, VERDICT_REASON_FAILED, false},
        {429, VERDICT_LATER, VERDICT_REASON_FAILED, false},
        {500, VERDICT_AGAIN, VERDICT_REASON_FAILED, true},
        {502, VERDICT_AGAIN, VERDICT_REASON_FAILED, true},
        {503, VERDICT_LATER, VERDICT_REASON_FAILED, false},
        {504, VERDICT_AGAIN, VERDICT_REASON_FAILED, true},
        {507, VERDICT_LATER, VERDICT_REASON_FAILED, false},
        {599, VERDICT_AGAIN, VERDICT_REASON_FAILED, true},
        {600, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
        {0, VERDICT_HOLD, VERDICT_REASON_REFUSED, false},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct json_receipt none = {0};
        struct verdict v = judge(ROWS[i].status, &none);
        if (v.kind != ROWS[i].kind || v.reason != ROWS[i].reason ||
            v.ambiguous != ROWS[i].ambiguous)
            fail_msg("status %u", ROWS[i].status);
        assert_int_equal(v.error[0] == '\0', v.kind == VERDICT_SENT);
        assert_false(v.knows_keys);
    }
}

static void a_receipt_that_agrees_proves_and_shows_that_keys_are_known(void **state)
{
    (void)state;
    struct json_receipt r = good_receipt();
    struct verdict v = judge(200, &r);
    assert_int_equal(v.kind, VERDICT_SENT);
    assert_true(v.knows_keys);
    assert_string_equal(v.error, "");

    r.has_sha256 = false; /* the Flask script's answer */
    v = judge(200, &r);
    assert_int_equal(v.kind, VERDICT_SENT);
    assert_false(v.knows_keys);
}

static void lie_success(struct json_receipt *r)
{
    r->success = false;
}
static void lie_size_low(struct json_receipt *r)
{
    r->size_bytes = 999;
}
static void lie_size_high(struct json_receipt *r)
{
    r->size_bytes = 1001;
}
static void lie_hash_first_byte(struct json_receipt *r)
{
    r->sha256[0] ^= 1;
}
static void lie_hash_last_byte(struct json_receipt *r)
{
    r->sha256[31] ^= 0x80;
}
static void garble_hash(struct json_receipt *r)
{
    r->sha256_readable = false;
}
static void lose_name(struct json_receipt *r)
{
    r->filename[0] = '\0';
}

static void a_2xx_whose_receipt_disagrees_is_not_sent(void **state)
{
    (void)state;
    void (*const lies[])(struct json_receipt *) = {
        lie_success,        lie_size_low, lie_size_high, lie_hash_first_byte,
        lie_hash_last_byte, garble_hash,  lose_name,
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct json_receipt r = good_receipt();
        lies[i](&r);
        struct verdict v = judge(200, &r);
        if (v.kind != VERDICT_AGAIN || v.reason != VERDICT_REASON_UNPROVEN || v.knows_keys)
            fail_msg("lie %zu was believed", i);
        assert_int_equal(strncmp(v.error, "not proven: ", 12), 0);
    }
}

static void what_is_no_object_is_taken_at_its_word(void **state)
{
    (void)state;
    struct json_receipt r = good_receipt();
    lie_success(&r);
    lie_size_low(&r);
    r.is_object = false;
    assert_int_equal(judge(200, &r).kind, VERDICT_SENT);
}

static void a_2xx_before_the_photo_had_left_is_not_sent(void **state)
{
    (void)state;
    struct json_receipt r = good_receipt();
    struct uplink_result a = answer(200);
    a.body_sent_whole = false;
    struct verdict v = verdict_of(&a, &r, &PHOTO);
    assert_int_equal(v.kind, VERDICT_AGAIN);
    assert_int_equal(v.reason, VERDICT_REASON_UNPROVEN);
}

static void bytes_damaged_on_the_way_are_sent_again_and_never_refused(void **state)
{
    (void)state;
    static const char *const CODES[] = {"digest", "digest_mismatch", "Digest"};
    for (size_t i = 0; i < 3; i++) {
        struct json_receipt r = {.is_object = true};
        strcpy(r.code, CODES[i]);
        struct verdict v = judge(422, &r);
        assert_int_equal(v.kind, VERDICT_AGAIN);
        assert_true(v.damaged);
        assert_false(verdict_was_refusal(v.error));
    }
    struct json_receipt other = {.is_object = true, .code = "key_reused"};
    assert_int_equal(judge(422, &other).kind, VERDICT_REFUSED);
    assert_false(judge(422, &other).damaged);
    other.is_object = false;
    strcpy(other.code, "digest");
    assert_int_equal(judge(422, &other).kind, VERDICT_REFUSED);
}

static void refusals_are_known_by_their_error(void **state)
{
    (void)state;
    struct json_receipt r = {.is_object = true, .error = "no JPEG"};
    struct verdict v = judge(415, &r);
    assert_true(verdict_was_refusal(v.error));
    assert_non_null(strstr(v.error, "415"));
    assert_non_null(strstr(v.error, "no JPEG"));
    assert_false(verdict_was_refusal(judge(500, &r).error));
    assert_false(verdict_was_refusal(judge(401, &r).error));
    assert_false(verdict_was_refusal(""));
}

static void failures_without_an_answer(void **state)
{
    (void)state;
    struct json_receipt none = {0};
    struct uplink_result r = {.failure = UPLINK_UNREACHABLE, .error = "refused"};
    struct verdict v = verdict_of(&r, &none, &PHOTO);
    assert_int_equal(v.kind, VERDICT_LATER);
    assert_int_equal(v.reason, VERDICT_REASON_UNREACHABLE);
    assert_false(v.ambiguous);
    assert_string_equal(v.error, "refused");

    r = (struct uplink_result){.failure = UPLINK_AMBIGUOUS, .body_sent_whole = true};
    v = verdict_of(&r, &none, &PHOTO);
    assert_int_equal(v.kind, VERDICT_AGAIN);
    assert_int_equal(v.reason, VERDICT_REASON_AMBIGUOUS);
    assert_true(v.ambiguous);
    assert_string_equal(v.error, "no answer");

    r.body_sent_whole = false; /* cut in the middle: it cannot have the photo */
    v = verdict_of(&r, &none, &PHOTO);
    assert_int_equal(v.kind, VERDICT_AGAIN);
    assert_false(v.ambiguous);

    r = (struct uplink_result){.failure = UPLINK_LOCAL};
    assert_int_equal(verdict_of(&r, &none, &PHOTO).kind, VERDICT_OUR_FILE);
}

static void retry_after_is_passed_on(void **state)
{
    (void)state;
    struct json_receipt none = {0};
    struct uplink_result r = answer(429);
    r.has_retry_after = true;
    r.retry_after_s = 77;
    struct verdict v = verdict_of(&r, &none, &PHOTO);
    assert_true(v.has_retry_after);
    assert_int_equal(v.retry_after_s, 77);
}

static void a_long_error_is_cut_between_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        struct json_receipt r = good_receipt(); /* the longest sentence of ours, and theirs */
        garble_hash(&r);
        memset(r.error, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof r.error; i += 3)
            memcpy(&r.error[i], "\xea\xb0\x80", 3); /* a Korean syllable */
        struct verdict v = judge(200, &r);
        size_t len = strlen(v.error);
        assert_in_range(len, DELIVERY_ERROR_MAX - 3, DELIVERY_ERROR_MAX - 1);
        assert_int_equal((unsigned char)v.error[len - 1], 0x80);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_status_means_one_thing),
        cmocka_unit_test(a_receipt_that_agrees_proves_and_shows_that_keys_are_known),
        cmocka_unit_test(a_2xx_whose_receipt_disagrees_is_not_sent),
        cmocka_unit_test(what_is_no_object_is_taken_at_its_word),
        cmocka_unit_test(a_2xx_before_the_photo_had_left_is_not_sent),
        cmocka_unit_test(bytes_damaged_on_the_way_are_sent_again_and_never_refused),
        cmocka_unit_test(refusals_are_known_by_their_error),
        cmocka_unit_test(failures_without_an_answer),
        cmocka_unit_test(retry_after_is_passed_on),
        cmocka_unit_test(a_long_error_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
