/* Goal: a list is complete and in order however it is cut: in pages, in pieces, in rows. */

#include "relay/logic/catalog.h"
#include "test/unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 200, TEXT_MAX = 400000 };

/* A database in memory: photos 1..count, deliveries as told. */
struct rows {
    int64_t count;
    unsigned deliveries_each; /* outbox rows per photo */
    unsigned lent, calls;
    enum err fails_at_call; /* ERR_OK: never */
    unsigned failing_call;
    struct state_view view;
};

static void name_photo(struct photo *p, int64_t id)
{
    *p = (struct photo){.id = id, .size_bytes = (uint64_t)id * 10, .received = {id * 1000}};
    snprintf(p->name, sizeof p->name, "photo_%" PRId64 ".jpg", id);
}

static enum err rows_list(void *ctx, int64_t seen, int64_t before, const char *camera,
                          struct listed_photo *out, size_t cap, size_t *out_count)
{
    struct rows *r = ctx;
    if (++r->calls == r->failing_call)
        return r->fails_at_call;
    size_t n = 0;
    int64_t from = before - 1 < seen ? before - 1 : seen;
    for (int64_t id = from < r->count ? from : r->count; id > 0 && n < cap; id--) {
        if (camera != NULL && id % 2 != 0)
            continue;
        memset(&out[n], 0, sizeof out[n]);
        name_photo(&out[n].photo, id);
        strcpy(out[n].photo.camera, id % 2 == 0 ? "even" : "");
        out[n].deliveries[0] = (enum delivery_state)(id % 4);
        n++;
    }
    *out_count = n;
    return ERR_OK;
}

static enum err rows_outbox(void *ctx, int64_t seen, bool dead_only, int64_t after,
                            struct outbox_row *out, size_t cap, size_t *out_count)
{
    struct rows *r = ctx;
    size_t n = 0;
    for (int64_t id = after + 1; id <= r->count && id <= seen; id++) {
        for (unsigned d = 0; d < r->deliveries_each && n < cap; d++) {
            if (dead_only && id % 3 != 0)
                continue;
            memset(&out[n], 0, sizeof out[n]);
            name_photo(&out[n].photo, id);
            out[n].destination = d;
            out[n].dead = id % 3 == 0;
            n++;
        }
    }
    *out_count = n;
    return ERR_OK;
}

static enum err lend(void *ctx, struct state_view **out_view)
{
    struct rows *r = ctx;
    r->lent++;
    *out_view = &r->view;
    return ERR_OK;
}

static void give_back(void *ctx, struct state_view *view)
{
    struct rows *r = ctx;
    assert_ptr_equal(view, &r->view);
    r->lent--;
}

static struct rows rows_of(int64_t count, unsigned each)
{
    return (struct rows){.count = count, .deliveries_each = each};
}

static const char *const NAMES[] = {"remote", "attic", "c", "d", "e", "f", "g", "h"};

static enum err begin(struct catalog *c, struct rows *r, struct catalog_query q, int64_t seen)
{
    r->view = (struct state_view){.ctx = r, .list = rows_list, .outbox_list = rows_outbox};
    struct catalog_rows source = {r, lend, give_back};
    q.seen = seen;
    return catalog_begin(c, &source, &q, NAMES, 8);
}

/* The whole answer, pulled `piece` bytes at a time. */
static const char *whole(struct rows *r, struct catalog_query q, int64_t seen, size_t piece)
{
    static char text[TEXT_MAX];
    struct catalog *c = malloc(sizeof *c);
    assert_int_equal(begin(c, r, q, seen), ERR_OK);
    size_t len = 0, n;
    do {
        char *exact = malloc(piece); /* the sanitizer sees a byte too many */
        assert_int_equal(catalog_read(c, exact, piece, &n), ERR_OK);
        assert_true(n <= piece && len + n < TEXT_MAX);
        memcpy(text + len, exact, n);
        len += n;
        free(exact);
    } while (n > 0);
    text[len] = '\0';
    assert_int_equal(r->lent, 0);
    free(c);
    return text;
}

static unsigned count_of(const char *text, const char *what)
{
    unsigned n = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        n++;
    return n;
}

static void an_empty_list_is_a_list(void **state)
{
    (void)state;
    struct rows r = rows_of(0, 0);
    assert_string_equal(whole(&r, (struct catalog_query){0}, INT64_MAX, 64),
                        "{\"files\":[],\"count\":0,\"next\":null}\n");
}

static void an_entry_has_the_agreed_members(void **state)
{
    (void)state;
    struct rows r = rows_of(2, 0);
    struct catalog_query q = {.has_limit = true, .limit = 1};
    char expected[600];
    snprintf(expected, sizeof expected,
             "{\"files\":[{\"filename\":\"photo_2.jpg\",\"size\":20,"
             "\"received_at\":\"1970-01-01T00:00:02Z\",\"captured_at\":null,\"camera\":\"even\","
             "\"sha256\":\"%064d\",\"deliveries\":{\"remote\":\"sent\"}}],\"count\":1,"
             "\"next\":\"2\"}\n",
             0);
    assert_string_equal(whole(&r, q, INT64_MAX, 4096), expected);
}

static void any_piece_size_gives_the_same_answer(void **state)
{
    (void)state;
    struct rows r = rows_of(70, 0);
    char *one = strdup(whole(&r, (struct catalog_query){0}, INT64_MAX, TEXT_MAX / 2));
    assert_int_equal(count_of(one, "\"filename\""), 70);
    assert_non_null(strstr(one, "\"count\":70,\"next\":null}"));
    for (size_t piece = 1; piece < 200; piece += 3)
        assert_string_equal(whole(&r, (struct catalog_query){0}, INT64_MAX, piece), one);
    free(one);
}

/* Rows at, below and above what one page of the reader holds. */
static void every_photo_is_there_once_whatever_the_count(void **state)
{
    (void)state;
    for (int64_t count = 0; count < 3 * CATALOG_ROWS; count++) {
        struct rows r = rows_of(count, 0);
        const char *text = whole(&r, (struct catalog_query){0}, INT64_MAX, 5000);
        assert_int_equal(count_of(text, "\"filename\""), count);
        for (int64_t id = 1; id <= count; id++) {
            char name[64];
            snprintf(name, sizeof name, "\"photo_%" PRId64 ".jpg\"", id);
            assert_int_equal(count_of(text, name), 1);
        }
    }
}

static void photos_not_yet_safe_are_not_listed(void **state)
{
    (void)state;
    struct rows r = rows_of(10, 0);
    const char *text = whole(&r, (struct catalog_query){0}, 7, 500);
    assert_int_equal(count_of(text, "\"filename\""), 7);
    assert_null(strstr(text, "photo_8.jpg"));
}

static int64_t next_of(const char *text)
{
    const char *at = strstr(text, "\"next\":");
    assert_non_null(at);
    return at[7] == 'n' ? 0 : strtoll(at + 8, NULL, 10);
}

static void pages_join_without_gap_or_overlap(void **state)
{
    (void)state;
    for (unsigned limit = 1; limit <= 70; limit++) {
        struct rows r = rows_of(64, 0);
        struct catalog_query q = {.has_limit = true, .limit = limit};
        unsigned seen[ROWS_MAX] = {0}, pages = 0;
        do {
            const char *text = whole(&r, q, INT64_MAX, 900);
            assert_true(count_of(text, "\"filename\"") <= limit);
            for (int64_t id = 1; id <= 64; id++) {
                char name[64];
                snprintf(name, sizeof name, "\"photo_%" PRId64 ".jpg\"", id);
                seen[id] += count_of(text, name);
            }
            q.cursor = next_of(text);
            pages++;
        } while (q.cursor != 0);
        assert_int_equal(pages, (64 + limit - 1) / limit);
        for (int64_t id = 1; id <= 64; id++)
            assert_int_equal(seen[id], 1);
    }
}

static void a_camera_filters(void **state)
{
    (void)state;
    struct rows r = rows_of(10, 0);
    struct catalog_query q = {.camera = "even"};
    const char *text = whole(&r, q, INT64_MAX, 500);
    assert_int_equal(count_of(text, "\"camera\":\"even\""), 5);
    assert_int_equal(count_of(text, "\"filename\""), 5);
}

/* A photo owed to eight destinations has eight rows, and rows come 32 at a time. */
static void deliveries_of_one_photo_are_never_split(void **state)
{
    (void)state;
    for (unsigned each = 1; each <= DESTINATIONS_MAX; each++) {
        for (unsigned limit = 1; limit <= 40; limit += 13) {
            struct rows r = rows_of(23, each);
            struct catalog_query q = {.kind = CATALOG_PENDING, .has_limit = true, .limit = limit};
            unsigned total = 0;
            do {
                const char *text = whole(&r, q, INT64_MAX, 900);
                total += count_of(text, "\"filename\"");
                q.cursor = next_of(text);
            } while (q.cursor != 0);
            assert_int_equal(total, 23 * each);
            q = (struct catalog_query){.kind = CATALOG_PENDING};
            assert_int_equal(count_of(whole(&r, q, INT64_MAX, 900), "\"filename\""), 23 * each);
        }
    }
    struct rows r = rows_of(9, 2);
    struct catalog_query q = {.kind = CATALOG_DEAD};
    assert_int_equal(count_of(whole(&r, q, INT64_MAX, 900), "\"state\":\"dead\""), 6);
}

static void a_database_that_fails_is_told_at_once_or_cuts_the_answer(void **state)
{
    (void)state;
    struct catalog *c = malloc(sizeof *c);
    struct rows r = rows_of(100, 0);
    r.fails_at_call = ERR_IO;
    r.failing_call = 1;
    assert_int_equal(begin(c, &r, (struct catalog_query){0}, INT64_MAX), ERR_IO);
    assert_int_equal(r.lent, 0);
    r.calls = 0;
    r.failing_call = 3;
    assert_int_equal(begin(c, &r, (struct catalog_query){0}, INT64_MAX), ERR_OK);
    enum err e = ERR_OK;
    char out[512];
    for (size_t n = 1; e == ERR_OK && n > 0;)
        e = catalog_read(c, out, sizeof out, &n);
    assert_int_equal(e, ERR_IO);
    assert_int_equal(r.lent, 0);
    free(c);
}

static void the_longest_entry_fits(void **state)
{
    (void)state;
    static char text[CATALOG_ENTRY_BYTES];
    static struct listed_photo row;
    memset(row.photo.name, '\x01', PHOTO_NAME_MAX - 1);
    memset(row.photo.camera, '"', PHOTO_CAMERA_MAX - 1);
    row.photo.size_bytes = UINT64_MAX;
    row.photo.received.ms = row.photo.captured.ms = 1;
    static char name[DESTINATION_NAME_MAX];
    memset(name, '"', DESTINATION_NAME_MAX - 1);
    const char *names[DESTINATIONS_MAX];
    for (size_t d = 0; d < DESTINATIONS_MAX; d++) {
        names[d] = name;
        row.deliveries[d] = DELIVERY_STATE_PENDING;
    }
    struct buf out;
    struct json_out j;
    buf_init(&out, text, sizeof text);
    json_out_init(&j, &out);
    json_out_object(&j);
    catalog_write_photo(&row, names, DESTINATIONS_MAX, &j);
    json_out_object_end(&j);
    assert_false(out.overflowed);
    assert_true(out.len + 2 * (3 * PHOTO_NAME_MAX + 40) < CATALOG_ENTRY_BYTES);
}

static void arguments_are_numbers_within_limits(void **state)
{
    (void)state;
    static const struct {
        const char *limit, *cursor;
        enum catalog_refusal refusal;
    } rows[] = {
        {NULL, NULL, CATALOG_FINE},
        {"1", NULL, CATALOG_FINE},
        {"1000", "1", CATALOG_FINE},
        {"1001", NULL, CATALOG_BAD_LIMIT},
        {"0", NULL, CATALOG_BAD_LIMIT},
        {"-1", NULL, CATALOG_BAD_LIMIT},
        {"", NULL, CATALOG_BAD_LIMIT},
        {"1e3", NULL, CATALOG_BAD_LIMIT},
        {" 1", NULL, CATALOG_BAD_LIMIT},
        {"18446744073709551617", NULL, CATALOG_BAD_LIMIT},
        {NULL, "0", CATALOG_BAD_CURSOR},
        {NULL, "abc", CATALOG_BAD_CURSOR},
        {NULL, "", CATALOG_BAD_CURSOR},
        {NULL, "9223372036854775807", CATALOG_FINE},
        {NULL, "9223372036854775808", CATALOG_BAD_CURSOR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct catalog_query q = {0};
        enum catalog_refusal got = catalog_query_read(
            slice_of(rows[i].limit), slice_of(rows[i].cursor), (struct slice){0}, &q);
        if (got != rows[i].refusal)
            fail_msg("row %zu", i);
        assert_int_equal(catalog_refusal_text(got)[0] == '\0', got == CATALOG_FINE);
    }
    struct catalog_query q = {0};
    char camera[PHOTO_CAMERA_MAX + 1] = {0};
    memset(camera, 'a', PHOTO_CAMERA_MAX - 1);
    assert_int_equal(catalog_query_read((struct slice){0}, (struct slice){0}, slice_of(camera), &q),
                     CATALOG_FINE);
    assert_string_equal(q.camera, camera);
    camera[PHOTO_CAMERA_MAX - 1] = 'a';
    assert_int_equal(catalog_query_read((struct slice){0}, (struct slice){0}, slice_of(camera), &q),
                     CATALOG_BAD_CAMERA);
}

static void addresses_are_encoded(void **state)
{
    (void)state;
    char text[200];
    struct buf out;
    buf_init(&out, text, sizeof text);
    catalog_write_address("/photos/", "현 ?#%\".jpg", &out);
    assert_string_equal(buf_text(&out), "/photos/%ED%98%84%20%3F%23%25%22.jpg");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_is_a_list),
        cmocka_unit_test(an_entry_has_the_agreed_members),
        cmocka_unit_test(any_piece_size_gives_the_same_answer),
        cmocka_unit_test(every_photo_is_there_once_whatever_the_count),
        cmocka_unit_test(photos_not_yet_safe_are_not_listed),
        cmocka_unit_test(pages_join_without_gap_or_overlap),
        cmocka_unit_test(a_camera_filters),
        cmocka_unit_test(deliveries_of_one_photo_are_never_split),
        cmocka_unit_test(a_database_that_fails_is_told_at_once_or_cuts_the_answer),
        cmocka_unit_test(the_longest_entry_fits),
        cmocka_unit_test(arguments_are_numbers_within_limits),
        cmocka_unit_test(addresses_are_encoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
