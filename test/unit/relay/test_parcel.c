/* Goal: a photo looks on the wire as the contract says, whatever its name and camera. Method: the
 * parts of the request are put together and read back with our own multipart reader. */
#include "test/unit/unit.h"

#include <string.h>

#include "lib/base/sha256.h"
#include "lib/wire/multipart.h"
#include "relay/logic/parcel.h"

static struct photo photo(const char *name)
{
    struct photo p = {.size_bytes = 5, .camera = "door1", .has_seq = true, .boot = 3, .seq = 99};
    strcpy(p.name, name);
    for (size_t i = 0; i < sizeof p.sha256; i++)
        p.sha256[i] = (uint8_t)i;
    p.captured.ms = 1768378502123; /* 2026-01-14T08:15:02.123Z */
    return p;
}

static const char *header(const struct parcel *p, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < p->header_count; i++) {
        const char *line = p->headers[i].line;
        if (strncmp(line, name, len) == 0 && strncmp(line + len, ": ", 2) == 0)
            return line + len + 2;
    }
    return NULL;
}

static void the_headers_of_the_contract_are_there(void **state)
{
    (void)state;
    struct photo ph = photo("a_20260114_081502.jpg");
    struct parcel p;
    parcel_make(&p, &ph, "secret");
    assert_int_equal(p.header_count, 8);
    assert_string_equal(header(&p, "Repr-Digest"),
                        "sha-256=:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=:");
    assert_string_equal(header(&p, "X-Camera-Id"), "door1");
    assert_string_equal(header(&p, "X-Captured-At"), "2026-01-14T08:15:02.123Z");
    assert_string_equal(header(&p, "X-Camera-Boot"), "3");
    assert_string_equal(header(&p, "X-Camera-Seq"), "99");
    assert_string_equal(header(&p, "Authorization"), "Bearer secret");
    assert_int_equal(strncmp(header(&p, "Content-Type"), "multipart/form-data; boundary=", 30), 0);
    assert_int_equal(strncmp(header(&p, "Idempotency-Key"),
                             "\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f-",
                             66),
                     0);
}

static void what_is_not_known_is_not_said(void **state)
{
    (void)state;
    struct photo ph = photo("a.jpg");
    ph.camera[0] = '\0';
    ph.captured.ms = 0;
    ph.has_seq = false;
    struct parcel p;
    parcel_make(&p, &ph, "");
    assert_int_equal(p.header_count, 3);
    assert_null(header(&p, "X-Camera-Id"));
    assert_null(header(&p, "X-Captured-At"));
    assert_null(header(&p, "X-Camera-Seq"));
    assert_null(header(&p, "Authorization"));
    parcel_make(&p, &ph, NULL);
    assert_null(header(&p, "Authorization"));
}

static void nothing_can_smuggle_a_second_header(void **state)
{
    (void)state;
    struct photo ph = photo("a.jpg");
    strcpy(ph.camera, "door\r\nX-Evil: 1");
    struct parcel p;
    parcel_make(&p, &ph, "tok\nX-Evil: 1");
    for (size_t i = 0; i < p.header_count; i++)
        assert_null(strpbrk(p.headers[i].line, "\r\n"));
    assert_null(header(&p, "X-Camera-Id"));
    assert_null(header(&p, "Authorization"));
}

static void a_token_that_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    struct photo ph = photo("a.jpg");
    char token[1200];
    memset(token, 't', sizeof token - 1);
    token[sizeof token - 1] = '\0';
    struct parcel p;
    parcel_make(&p, &ph, token);
    assert_null(header(&p, "Authorization"));
    token[900] = '\0';
    parcel_make(&p, &ph, token);
    assert_int_equal(strlen(header(&p, "Authorization")), 7 + 900);
}

/* Feeds prefix, "\xff\xd8ab\xd9" and suffix; checks that the photo comes out under its name. */
static void check_body(const struct parcel *p, const char *name)
{
    static const char JPEG[] = "\xff\xd8"
                               "ab\xd9";
    char body[PARCEL_PREFIX_MAX + PARCEL_SUFFIX_MAX + 8], got[8];
    size_t len = 0, got_len = 0, used;
    memcpy(body, p->prefix, p->prefix_len);
    memcpy(body + p->prefix_len, JPEG, 5);
    memcpy(body + p->prefix_len + 5, p->suffix, p->suffix_len);
    size_t total = p->prefix_len + 5 + p->suffix_len;

    struct slice boundary;
    struct multipart m;
    assert_int_equal(multipart_boundary(slice_of(header(p, "Content-Type")), &boundary),
                     MULTIPART_KIND_BOUNDED);
    assert_true(multipart_init(&m, boundary));
    enum multipart_event e = MULTIPART_PART;
    while (e == MULTIPART_PART || e == MULTIPART_BYTES) {
        e = multipart_feed(&m, body + len, total - len, &used);
        len += used;
        if (e == MULTIPART_PART) {
            assert_true(slice_eq(m.part.name, SLICE("file")));
            assert_true(slice_eq(m.part.filename, slice_of(name)));
            assert_true(slice_eq(m.part.content_type, SLICE("image/jpeg")));
        }
        if (e == MULTIPART_BYTES) {
            assert_true(got_len + m.bytes.len <= 5);
            memcpy(got + got_len, m.bytes.ptr, m.bytes.len);
            got_len += m.bytes.len;
        }
    }
    assert_int_equal(e, MULTIPART_END);
    assert_int_equal(m.parts, 1);
    assert_int_equal(got_len, 5);
    assert_memory_equal(got, JPEG, 5);
}

static void the_body_is_one_file_part(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"a_20260114_081502.jpg", "a b.jpg",
                                        "\xec\x82\xac\xec\xa7\x84_20260114_081502.jpg"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        struct photo ph = photo(NAMES[i]);
        struct parcel p;
        parcel_make(&p, &ph, NULL);
        check_body(&p, NAMES[i]);
    }
}

static void the_longest_and_ugliest_names_fit(void **state)
{
    (void)state;
    char name[PHOTO_NAME_MAX];
    name[sizeof name - 1] = '\0';
    memset(name, 'n', sizeof name - 1);
    struct photo ph = photo(name);
    struct parcel p;
    parcel_make(&p, &ph, NULL);
    check_body(&p, name);
    memset(name, '"', sizeof name - 1); /* each becomes three */
    ph = photo(name);
    parcel_make(&p, &ph, NULL); /* asserts that it fits */
    memset(name, '\n', sizeof name - 1);
    ph = photo(name);
    parcel_make(&p, &ph, NULL);
    size_t lines = 0;
    for (size_t i = 0; i < p.prefix_len; i++)
        lines += p.prefix[i] == '\n';
    assert_int_equal(lines, 4); /* boundary, disposition, type, end of the head */
}

static void a_key_depends_on_bytes_and_name_and_nothing_else(void **state)
{
    (void)state;
    char a[PARCEL_KEY_MAX], b[PARCEL_KEY_MAX];
    struct photo ph = photo("a.jpg"), other = ph;
    other.id = 77;
    other.camera[0] = '\0';
    strcpy(other.key, "the sender's");
    other.captured.ms = 0;
    other.received.ms = 5;
    parcel_key(&ph, a);
    parcel_key(&other, b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), 64 + 1 + 16);

    other = ph;
    strcpy(other.name, "a_2.jpg"); /* two photos with equal bytes are two photos */
    parcel_key(&other, b);
    assert_string_not_equal(a, b);
    other = ph;
    other.sha256[31] ^= 1;
    parcel_key(&other, b);
    assert_string_not_equal(a, b);
}

static void a_key_stays_what_it_was_in_every_version(void **state)
{
    (void)state;
    /* Not derived from the code: sha256("a.jpg") by another program. A change here makes every
     * receiver store a second copy of what it has. */
    struct photo ph = photo("a.jpg");
    char key[PARCEL_KEY_MAX];
    parcel_key(&ph, key);
    assert_string_equal(key, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f-"
                             "509b0d4641a7c3ba");
}

static void the_list_is_beside_the_upload(void **state)
{
    (void)state;
    static const struct {
        const char *upload, *list;
    } ROWS[] = {
        {"http://h/upload", "http://h/list?limit=7"},
        {"http://h:6000/upload", "http://h:6000/list?limit=7"},
        {"https://h/api/v1/upload", "https://h/api/v1/list?limit=7"},
        {"http://h/upload?token=x", "http://h/list?limit=7"},
        {"http://h", "http://h/list?limit=7"},
        {"http://h/", "http://h/list?limit=7"},
        {"http://h?x=1", "http://h/list?limit=7"},
        {"http://h/photos/", "http://h/photos/list?limit=7"},
        {"http://u:p@h:1/upload", "http://u:p@h:1/list?limit=7"},
        {"http://[::1]:80/upload", "http://[::1]:80/list?limit=7"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        char out[PARCEL_URL_MAX];
        assert_int_equal(parcel_list_url(ROWS[i].upload, 7, out, sizeof out), ERR_OK);
        assert_string_equal(out, ROWS[i].list);
    }
    char out[32];
    assert_int_equal(parcel_list_url("ftp://h/upload", 7, out, sizeof out), ERR_INPUT);
    assert_int_equal(parcel_list_url("h/upload", 7, out, sizeof out), ERR_INPUT);
    assert_int_equal(parcel_list_url("http://h/upload", 7, out, 22), ERR_OK);
    assert_int_equal(parcel_list_url("http://h/upload", 7, out, 21), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_headers_of_the_contract_are_there),
        cmocka_unit_test(what_is_not_known_is_not_said),
        cmocka_unit_test(nothing_can_smuggle_a_second_header),
        cmocka_unit_test(a_token_that_does_not_fit_is_left_out_whole),
        cmocka_unit_test(the_body_is_one_file_part),
        cmocka_unit_test(the_longest_and_ugliest_names_fit),
        cmocka_unit_test(a_key_depends_on_bytes_and_name_and_nothing_else),
        cmocka_unit_test(a_key_stays_what_it_was_in_every_version),
        cmocka_unit_test(the_list_is_beside_the_upload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
