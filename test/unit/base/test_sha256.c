/* Goal: the digest is SHA-256 for every length around a block, in any number of pieces. */
#include "lib/base/sha256.h"

#include <string.h>

#include "lib/base/hex.h"
#include "test/unit/unit.h"

static void digest_text(const void *data, size_t len, char out[65])
{
    struct sha256 s;
    uint8_t digest[SHA256_BYTES];
    sha256_start(&s);
    sha256_add(&s, data, len);
    sha256_finish(&s, digest);
    hex_encode(digest, sizeof digest, out);
}

static void known_texts_have_their_known_digest(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *digest;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrl"
         "mno"
         "pqrsmnopqrstnopqrstu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[65];
        digest_text(rows[i].text, strlen(rows[i].text), text);
        assert_string_equal(text, rows[i].digest);
    }
}

/* The digest of the digests of 0, 1, 2 ... 200 bytes "a": one number over all places where the
 * padding can fall. Computed with another implementation. */
static void every_length_around_a_block_is_right(void **state)
{
    (void)state;
    struct sha256 all;
    uint8_t digest[SHA256_BYTES];
    char bytes[200];
    char text[65];
    memset(bytes, 'a', sizeof bytes);
    sha256_start(&all);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct sha256 s;
        sha256_start(&s);
        sha256_add(&s, bytes, len);
        sha256_finish(&s, digest);
        sha256_add(&all, digest, sizeof digest);
    }
    sha256_finish(&all, digest);
    hex_encode(digest, sizeof digest, text);
    assert_string_equal(text, "1be2d7d291484baf4c78d463a65b40a26c255b1946e5205eac8edad606a76fdd");
}

static void a_million_bytes_are_right(void **state)
{
    (void)state;
    static char bytes[1000000];
    char text[65];
    memset(bytes, 'a', sizeof bytes);
    digest_text(bytes, sizeof bytes, text);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void pieces_give_the_same_as_the_whole(void **state)
{
    (void)state;
    char bytes[150];
    char whole[65];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    digest_text(bytes, sizeof bytes, whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        struct sha256 s;
        uint8_t digest[SHA256_BYTES];
        char text[65];
        sha256_start(&s);
        sha256_add(&s, bytes, cut);
        sha256_add(&s, NULL, 0);
        sha256_add(&s, bytes + cut, sizeof bytes - cut);
        sha256_finish(&s, digest);
        hex_encode(digest, sizeof digest, text);
        assert_string_equal(text, whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_digest),
        cmocka_unit_test(every_length_around_a_block_is_right),
        cmocka_unit_test(a_million_bytes_are_right),
        cmocka_unit_test(pieces_give_the_same_as_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
