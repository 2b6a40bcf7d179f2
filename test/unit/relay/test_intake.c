/* Goal: the photo is found in every form cameras send, at every split, and nothing else is taken
 * for one. Method: bodies as they come over the wire, cut at every place, from memory that ends
 * exactly where the piece ends. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/logic/intake.h"
#include "relay/logic/limits.h"
#include "test/unit/unit.h"

/* The smallest thing our reader calls a whole JPEG: SOI, frame header, scan, a little data, EOI. */
static const unsigned char JPEG[] = {0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0x01, 0x00,
                                     0x01, 0x01, 0x01, 0x11, 0x00, 0xFF, 0xDA, 0x00, 0x08, 0x01,
                                     0x01, 0x00, 0x00, 0x3F, 0x00, 0x12, 0x0D, 0x0A, 0x2D, 0x2D,
                                     0x62, 0x0D, 0x0A, 0x2D, 0x2D, 0x34, 0xFF, 0xD9};

enum { BODY_MAX = 4096, ROOMY = 64 * 1024 * 1024 };

struct body {
    char bytes[BODY_MAX];
    size_t len;
};

static void add(struct body *b, const void *data, size_t len)
{
    assert_true(b->len + len <= BODY_MAX);
    memcpy(b->bytes + b->len, data, len);
    b->len += len;
}

static void add_text(struct body *b, const char *text)
{
    add(b, text, strlen(text));
}

static void add_jpeg(struct body *b)
{
    add(b, JPEG, sizeof JPEG);
}

struct result {
    enum refusal refusal;
    char photo[BODY_MAX];
    size_t len;
    char original[PHOTO_ORIGINAL_MAX];
};

static void feed(struct intake *in, const char *data, size_t len, struct result *out)
{
    char *exact = malloc(len + 1); /* +1: malloc(0) may be NULL */
    char *room = malloc(len + INTAKE_SLACK);
    struct buf buf;
    memcpy(exact, data, len);
    buf_init(&buf, room, len + INTAKE_SLACK);
    enum refusal r = intake_feed(in, (struct slice){exact, len}, &buf);
    assert_int_equal(r, in->refusal);
    if (in->restart)
        out->len = 0;
    in->restart = false;
    assert_true(out->len + buf.len <= sizeof out->photo);
    memcpy(out->photo + out->len, buf.ptr, buf.len);
    out->len += buf.len;
    free(exact);
    free(room);
}

static unsigned s_accept = MEDIUM_BIT(MEDIUM_JPEG);
static uint64_t s_sound_max = ROOMY;

static enum refusal begin(struct intake *in, const struct intake_request *r, uint64_t max)
{
    struct intake_limits limits = {s_accept, max, s_sound_max};
    return intake_begin(in, r, &limits);
}

/* Takes the body in two pieces. */
static void take(const char *content_type, const struct body *b, size_t cut, uint64_t max,
                 struct result *out)
{
    static struct intake in;
    struct intake_request r = {.content_type = slice_of(content_type)};
    *out = (struct result){0};
    out->refusal = begin(&in, &r, max);
    if (out->refusal != REFUSAL_NONE)
        return;
    feed(&in, b->bytes, cut, out);
    feed(&in, b->bytes + cut, b->len - cut, out);
    out->refusal = intake_end(&in);
    memcpy(out->original, in.photo.original, sizeof out->original);
}

static void expect(const char *content_type, const struct body *b, enum refusal refusal)
{
    static struct result out;
    for (size_t cut = 0; cut <= b->len; cut++) {
        take(content_type, b, cut, ROOMY, &out);
        assert_int_equal(out.refusal, refusal);
        if (refusal != REFUSAL_NONE)
            continue;
        assert_int_equal(out.len, sizeof JPEG);
        assert_memory_equal(out.photo, JPEG, sizeof JPEG);
    }
}

static const char FORM[] = "multipart/form-data; boundary=b42";

static void part(struct body *b, const char *disposition)
{
    add_text(b, "--b42\r\nContent-Disposition: form-data");
    add_text(b, disposition);
    add_text(b, "\r\nContent-Type: image/jpeg\r\n\r\n");
}

static void photo_part(struct body *b, const char *disposition)
{
    part(b, disposition);
    add_jpeg(b);
    add_text(b, "\r\n");
}

static void text_part(struct body *b, const char *disposition, const char *text)
{
    part(b, disposition);
    add_text(b, text);
    add_text(b, "\r\n");
}

static void every_name_a_camera_uses_is_taken(void **state)
{
    (void)state;
    static const char *const names[] = {
        "; name=\"file\"; filename=\"a.jpg\"",
        "; name=\"file\"",
        "; name=\"imageFile\"; filename=a.jpg",
        "; name=\"image\"; filename=\"a.jpg\"",
        "; name=\"photo\"; filename=\"a.jpg\"",
        "; name=\"upfile\"; filename=\"a.jpg\"",
        "; name='file'; filename=\"a.jpg\"",
        "; name=\"anything\"; filename=\"a.jpg\"",
        "; filename=\"a.jpg\"",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct body b = {0};
        photo_part(&b, names[i]);
        add_text(&b, "--b42--\r\n");
        expect(FORM, &b, REFUSAL_NONE);
    }
}

static void other_fields_do_not_disturb(void **state)
{
    (void)state;
    struct body b = {0};
    text_part(&b, "; name=\"time\"", "2026-01-14 08:15:02");
    photo_part(&b, "; name=\"file\"; filename=\"a.jpg\"");
    text_part(&b, "; name=\"note\"", "\xff\xd8\xff not a photo");
    add_text(&b, "--b42--\r\ntrailing rubbish");
    expect(FORM, &b, REFUSAL_NONE);
}

static void the_part_named_file_wins_whatever_came_before(void **state)
{
    (void)state;
    struct body b = {0};
    text_part(&b, "; name=\"meta\"; filename=\"meta.json\"", "{\"a\": 1}");
    text_part(&b, "; name=\"more\"; filename=\"more.txt\"", "more");
    text_part(&b, "; name=\"image\"; filename=\"\"", "");
    photo_part(&b, "; name=\"file\"; filename=\"a.jpg\"");
    text_part(&b, "; name=\"last\"; filename=\"z.jpg\"", "\xff\xd8\xff\xe0");
    add_text(&b, "--b42--");
    expect(FORM, &b, REFUSAL_NONE);
    static struct result out;
    take(FORM, &b, 0, ROOMY, &out);
    assert_string_equal(out.original, "a.jpg");
}

static void an_empty_file_field_gives_way_to_a_full_one(void **state)
{
    (void)state;
    struct body b = {0};
    text_part(&b, "; name=\"file\"; filename=\"\"", "");
    photo_part(&b, "; name=\"file\"; filename=\"b.jpg\"");
    text_part(&b, "; name=\"file\"; filename=\"\"", "");
    add_text(&b, "--b42--\r\n");
    expect(FORM, &b, REFUSAL_NONE);
}

static void bare_bodies_are_taken_under_every_type_seen(void **state)
{
    (void)state;
    static const char *const types[] = {
        "image/jpeg", "image/jpg",           "IMAGE/JPEG; q=1",      "application/octet-stream",
        "",           "multipart/form-data", "multipart/form-data;",
    };
    struct body b = {0};
    add_jpeg(&b);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        expect(types[i], &b, REFUSAL_NONE);
    add(&b, "\0\0\0\r\n", 5); /* padding behind the end marker is part of the photo */
    static struct result out;
    take("image/jpeg", &b, 7, ROOMY, &out);
    assert_int_equal(out.refusal, REFUSAL_NONE);
    assert_int_equal(out.len, sizeof JPEG + 5);
}

static void what_is_not_a_whole_photo_is_refused(void **state)
{
    (void)state;
    struct body b = {0};
    expect("text/plain", &b, REFUSAL_NOT_JPEG);
    expect("image/jpeg", &b, REFUSAL_NO_PHOTO);
    expect("multipart/form-data; boundary=", &b, REFUSAL_MALFORMED);
    add_text(&b, "GIF89a");
    expect("image/jpeg", &b, REFUSAL_NOT_JPEG);
    expect("multipart/form-data", &b, REFUSAL_MALFORMED);

    struct body cut = {0};
    add(&cut, JPEG, sizeof JPEG - 2);
    expect("image/jpeg", &cut, REFUSAL_JPEG_CUT);

    struct body none = {0};
    text_part(&none, "; name=\"time\"", "now");
    add_text(&none, "--b42--\r\n");
    expect(FORM, &none, REFUSAL_NO_PHOTO);

    struct body two = {0};
    photo_part(&two, "; name=\"file\"; filename=\"a.jpg\"");
    photo_part(&two, "; name=\"file\"; filename=\"b.jpg\"");
    add_text(&two, "--b42--\r\n");
    expect(FORM, &two, REFUSAL_TWO_PHOTOS);

    struct body two_unknown = {0};
    photo_part(&two_unknown, "; name=\"x\"; filename=\"a.jpg\"");
    photo_part(&two_unknown, "; name=\"y\"; filename=\"b.jpg\"");
    add_text(&two_unknown, "--b42--\r\n");
    expect(FORM, &two_unknown, REFUSAL_TWO_PHOTOS);

    struct body text = {0};
    text_part(&text, "; name=\"file\"; filename=\"a.jpg\"", "hello");
    add_text(&text, "--b42--\r\n");
    expect(FORM, &text, REFUSAL_NOT_JPEG);
}

static void every_truncation_of_a_form_is_refused(void **state)
{
    (void)state;
    struct body b = {0};
    photo_part(&b, "; name=\"file\"; filename=\"a.jpg\"");
    add_text(&b, "--b42--");
    static struct result out;
    for (size_t len = 0; len < b.len; len++) {
        struct body shorter = b;
        shorter.len = len;
        take(FORM, &shorter, len / 2, ROOMY, &out);
        assert_int_not_equal(out.refusal, REFUSAL_NONE);
    }
}

static void the_largest_photo_is_taken_and_one_byte_more_is_not(void **state)
{
    (void)state;
    struct body b = {0};
    add_jpeg(&b);
    static struct result out;
    take("image/jpeg", &b, 3, sizeof JPEG, &out);
    assert_int_equal(out.refusal, REFUSAL_NONE);
    take("image/jpeg", &b, 3, sizeof JPEG - 1, &out);
    assert_int_equal(out.refusal, REFUSAL_TOO_LARGE);

    struct body form = {0};
    photo_part(&form, "; name=\"file\"; filename=\"a.jpg\"");
    add_text(&form, "--b42--");
    take(FORM, &form, 9, sizeof JPEG, &out);
    assert_int_equal(out.refusal, REFUSAL_NONE);
    take(FORM, &form, 9, sizeof JPEG - 1, &out);
    assert_int_equal(out.refusal, REFUSAL_TOO_LARGE);

    static struct intake in;
    struct intake_request r = {.content_type = SLICE("image/jpeg"), .has_length = true};
    r.length = 1000;
    assert_int_equal(begin(&in, &r, 1000), REFUSAL_NONE);
    r.length = 1001;
    assert_int_equal(begin(&in, &r, 1000), REFUSAL_TOO_LARGE);
    r.content_type = slice_of(FORM);
    r.length = 1000 + BODY_OVERHEAD_MAX;
    assert_int_equal(begin(&in, &r, 1000), REFUSAL_NONE);
    r.length++;
    assert_int_equal(begin(&in, &r, 1000), REFUSAL_TOO_LARGE);
}

static void headers_that_matter_must_be_right(void **state)
{
    (void)state;
    static struct intake in;
    char key[PHOTO_KEY_MAX + 1];
    memset(key, 'k', sizeof key);
    struct intake_request r = {.key = {key, PHOTO_KEY_MAX - 1}};
    assert_int_equal(begin(&in, &r, ROOMY), REFUSAL_NONE);
    r.key.len++;
    assert_int_equal(begin(&in, &r, ROOMY), REFUSAL_BAD_HEADER);
    r = (struct intake_request){.camera = {key, PHOTO_CAMERA_MAX - 1}};
    assert_int_equal(begin(&in, &r, ROOMY), REFUSAL_NONE);
    r.camera.len++;
    assert_int_equal(begin(&in, &r, ROOMY), REFUSAL_BAD_HEADER);
    r = (struct intake_request){.digest = SLICE("sha-256=:AAAA:")};
    assert_int_equal(begin(&in, &r, ROOMY), REFUSAL_BAD_HEADER);
    r.digest = SLICE("md5=:AAAA:");
    assert_int_equal(begin(&in, &r, ROOMY), REFUSAL_NONE);
    assert_false(in.has_digest);
    r.digest = SLICE("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:");
    assert_int_equal(begin(&in, &r, ROOMY), REFUSAL_NONE);
    assert_true(in.has_digest);
    assert_int_equal(in.digest[0], 0xe3);
}

static void headers_that_only_tell_may_be_odd(void **state)
{
    (void)state;
    static struct intake in;
    struct intake_request r = {
        .captured_at = SLICE("yesterday"), .boot = SLICE("3"), .seq = SLICE("x")};
    assert_int_equal(begin(&in, &r, ROOMY), REFUSAL_NONE);
    assert_int_equal(in.photo.captured.ms, 0);
    assert_false(in.photo.has_seq);
    r.captured_at = SLICE(" 2026-01-14T08:15:02.5+09:00 ");
    r.seq = SLICE(" 17 ");
    assert_int_equal(begin(&in, &r, ROOMY), REFUSAL_NONE);
    assert_true(in.photo.captured.ms == 1768346102500);
    assert_true(in.photo.has_seq && in.photo.boot == 3 && in.photo.seq == 17);
}

static void a_long_file_name_keeps_its_end(void **state)
{
    (void)state;
    struct body b = {0};
    char head[512];
    char name[400];
    memset(name, 'd', sizeof name - 1);
    memcpy(name + sizeof name - 11, "/front.jpg", 11);
    snprintf(head, sizeof head, "; name=\"file\"; filename=\"%s\"", name);
    photo_part(&b, head);
    add_text(&b, "--b42--");
    static struct result out;
    take(FORM, &b, 0, ROOMY, &out);
    assert_int_equal(out.refusal, REFUSAL_NONE);
    assert_int_equal(strlen(out.original), PHOTO_ORIGINAL_MAX - 1);
    assert_string_equal(out.original + strlen(out.original) - 10, "/front.jpg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_a_camera_uses_is_taken),
        cmocka_unit_test(other_fields_do_not_disturb),
        cmocka_unit_test(the_part_named_file_wins_whatever_came_before),
        cmocka_unit_test(an_empty_file_field_gives_way_to_a_full_one),
        cmocka_unit_test(bare_bodies_are_taken_under_every_type_seen),
        cmocka_unit_test(what_is_not_a_whole_photo_is_refused),
        cmocka_unit_test(every_truncation_of_a_form_is_refused),
        cmocka_unit_test(the_largest_photo_is_taken_and_one_byte_more_is_not),
        cmocka_unit_test(headers_that_matter_must_be_right),
        cmocka_unit_test(headers_that_only_tell_may_be_odd),
        cmocka_unit_test(a_long_file_name_keeps_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
