/* Goal: SHA-256 as FIPS 180-4 has it, however the bytes are cut, with streams used again. */
#include "relay/port/hash_openssl.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/unit.h"

static const struct {
    const char *text;
    const char *sha256; /* FIPS 180-4 examples */
} s_rows[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void as_text(const uint8_t sum[HASH_BYTES], char out[65])
{
    for (size_t i = 0; i < HASH_BYTES; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static void known_texts_have_their_known_sums_at_every_cut(void **state)
{
    (void)state;
    struct hash_openssl *h = hash_openssl_create();
    assert_non_null(h);
    const struct hash *hash = hash_openssl_calls(h);
    for (size_t i = 0; i < sizeof s_rows / sizeof s_rows[0]; i++) {
        size_t len = strlen(s_rows[i].text);
        for (size_t cut = 0; cut <= len; cut++) {
            struct hash_stream *s = NULL;
            uint8_t sum[HASH_BYTES];
            char text[65];
            assert_int_equal(hash->begin(hash->ctx, &s), ERR_OK);
            hash->update(hash->ctx, s, s_rows[i].text, cut);
            hash->update(hash->ctx, s, s_rows[i].text + cut, len - cut);
            hash->finish(hash->ctx, s, sum);
            as_text(sum, text);
            assert_string_equal(text, s_rows[i].sha256);
        }
    }
    hash_openssl_destroy(h);
}

static void streams_side_by_side_do_not_mix(void **state)
{
    (void)state;
    enum { MANY = HASH_OPENSSL_SPARE_MAX + 10 }; /* more than are kept */
    struct hash_openssl *h = hash_openssl_create();
    const struct hash *hash = hash_openssl_calls(h);
    struct hash_stream *s[MANY];
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < MANY; i++) {
            assert_int_equal(hash->begin(hash->ctx, &s[i]), ERR_OK);
            hash->update(hash->ctx, s[i], "abc", i % 2 == 0 ? 3 : 1);
        }
        for (size_t i = 0; i < MANY; i++) {
            uint8_t sum[HASH_BYTES];
            char text[65];
            if (i % 2 != 0) {
                hash->discard(hash->ctx, s[i]);
                continue;
            }
            hash->finish(hash->ctx, s[i], sum);
            as_text(sum, text);
            assert_string_equal(text, s_rows[1].sha256);
        }
    }
    hash->discard(hash->ctx, NULL);
    hash_openssl_destroy(h);
    hash_openssl_destroy(NULL);
}

static void *hash_many(void *arg)
{
    const struct hash *hash = arg;
    for (int i = 0; i < 500; i++) {
        struct hash_stream *s = NULL;
        uint8_t sum[HASH_BYTES];
        char text[65];
        if (hash->begin(hash->ctx, &s) != ERR_OK)
            return "begin";
        hash->update(hash->ctx, s, "abc", 3);
        hash->finish(hash->ctx, s, sum);
        as_text(sum, text);
        if (strcmp(text, s_rows[1].sha256) != 0)
            return "sum";
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct hash_openssl *h = hash_openssl_create();
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, hash_many, (void *)(uintptr_t)hash_openssl_calls(h)),
            0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong = "none";
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    hash_openssl_destroy(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_sums_at_every_cut),
        cmocka_unit_test(streams_side_by_side_do_not_mix),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
