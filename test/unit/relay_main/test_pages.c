/* Goal: every address answers what was agreed, to every method, and the right people. */

#include "test/unit/relay_main/pages_rig.h"

static struct rig s_rig;

static int open_rig(void **state)
{
    (void)state;
    rig_open(&s_rig);
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    rig_close(&s_rig);
    return 0;
}

static unsigned status_of(const char *method, const char *target, const char *headers)
{
    struct front_exchange *x = rig_ask(&s_rig, method, target, headers);
    unsigned status = fake_front_wait(x);
    fake_front_end(x);
    return status;
}

static void every_address_takes_its_methods_and_no_other(void **state)
{
    (void)state;
    rig_store(&s_rig, "a.jpg", "", "0123456789", 10);
    static const char *const readable[] = {
        "/",
        "/list",
        "/health",
        "/photos/a.jpg",
        "/cameras",
        "/metrics",
        "/api/status",
        "/api/photos",
        "/api/pending",
        "/api/dead",
        "/api/sent",
        "/assets/page.css",
        "/assets/page.js",
        "/favicon.svg",
    };
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        struct front_exchange *get = rig_ask(&s_rig, "GET", readable[i], NULL);
        if (fake_front_wait(get) != 200)
            fail_msg("GET %s: %u", readable[i], fake_front_wait(get));
        assert_true(fake_front_body(get).len > 0);
        assert_non_null(fake_front_type(get));
        struct front_exchange *head = rig_ask(&s_rig, "HEAD", readable[i], NULL);
        assert_int_equal(fake_front_wait(head), 200);
        assert_int_equal(fake_front_body(head).len, 0);
        assert_string_equal(fake_front_type(head), fake_front_type(get));
        fake_front_end(get);
        fake_front_end(head);
        struct front_exchange *options = rig_ask(&s_rig, "OPTIONS", readable[i], NULL);
        assert_int_equal(fake_front_wait(options), 204);
        assert_string_equal(fake_front_header(options, "Allow"), "GET, HEAD, OPTIONS");
        fake_front_end(options);
        static const char *const others[] = {"POST", "PUT", "DELETE", "PATCH", "get"};
        for (size_t m = 0; m < sizeof others / sizeof others[0]; m++) {
            struct front_exchange *x = rig_ask(&s_rig, others[m], readable[i], NULL);
            assert_int_equal(fake_front_wait(x), 405);
            assert_string_equal(fake_front_header(x, "Allow"), "GET, HEAD, OPTIONS");
            assert_non_null(strstr(rig_text(x), "\"success\":false"));
            fake_front_end(x);
        }
    }
}

static void uploads_are_not_read_here(void **state)
{
    (void)state;
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/upload", NULL);
    assert_int_equal(fake_front_wait(x), 405);
    assert_string_equal(fake_front_header(x, "Allow"), "POST, OPTIONS");
    fake_front_end(x);
    assert_int_equal(status_of("OPTIONS", "/c/snapshot", NULL), 204);
    assert_int_equal(status_of("GET", "/api/retry", NULL), 405);
    assert_int_equal(status_of("OPTIONS", "/api/import-sent", NULL), 204);
}

static void what_is_not_there_is_404_as_json(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "/nothing",
        "/photos/",
        "/photos",
        "/photos/none.jpg",
        "/photos/..%2Fx",
        "/photos/%2e%2e",
        "/photos/a/b",
        "/thumbs/none.jpg",
        "/assets/",
        "/assets/index.html",
        "/assets/none.css",
        "/photos/.camrelay",
        "/photos/.camrelay%2Fstate.db",
        "//",
        "/list/",
        "/LIST",
    };
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        struct front_exchange *x = rig_ask(&s_rig, "GET", targets[i], NULL);
        if (fake_front_wait(x) != 404)
            fail_msg("%s: %u", targets[i], fake_front_wait(x));
        assert_string_equal(fake_front_type(x), "application/json");
        assert_non_null(strstr(rig_text(x), "\"code\":\"not_found\""));
        fake_front_end(x);
    }
}

static void a_photo_goes_out_whole_in_part_or_not_again(void **state)
{
    (void)state;
    char bytes[5000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7);
    rig_store(&s_rig, "현관 1.jpg", "door", bytes, sizeof bytes);
    const char *target = "/photos/%ED%98%84%EA%B4%80%201.jpg";
    struct front_exchange *x = rig_ask(&s_rig, "GET", target, NULL);
    assert_int_equal(fake_front_wait(x), 200);
    assert_int_equal(fake_front_body(x).len, sizeof bytes);
    assert_memory_equal(fake_front_body(x).ptr, bytes, sizeof bytes);
    assert_string_equal(fake_front_type(x), "image/jpeg");
    assert_non_null(strstr(fake_front_header(x, "Cache-Control"), "immutable"));
    char again[200];
    snprintf(again, sizeof again, "If-None-Match: %s\r\n", fake_front_header(x, "ETag"));
    assert_int_equal(strlen(fake_front_header(x, "ETag")), 66);
    fake_front_end(x);

    x = rig_ask(&s_rig, "GET", target, again);
    assert_int_equal(fake_front_wait(x), 304);
    assert_int_equal(fake_front_body(x).len, 0);
    fake_front_end(x);

    x = rig_ask(&s_rig, "GET", target, "Range: bytes=1000-3999\r\n");
    assert_int_equal(fake_front_wait(x), 206);
    assert_int_equal(fake_front_body(x).len, 3000);
    assert_memory_equal(fake_front_body(x).ptr, bytes + 1000, 3000);
    assert_string_equal(fake_front_header(x, "Content-Range"), "bytes 1000-3999/5000");
    fake_front_end(x);

    x = rig_ask(&s_rig, "GET", target, "Range: bytes=5000-\r\n");
    assert_int_equal(fake_front_wait(x), 416);
    assert_string_equal(fake_front_header(x, "Content-Range"), "bytes */5000");
    fake_front_end(x);

    x = rig_ask(&s_rig, "HEAD", target, NULL);
    assert_int_equal(fake_front_wait(x), 200);
    assert_true(fake_front_length(x) == sizeof bytes);
    fake_front_end(x);
}

static void a_photo_whose_file_is_gone_or_changed_says_so(void **state)
{
    (void)state;
    rig_store(&s_rig, "gone.jpg", "", NULL, 10);
    assert_int_equal(status_of("GET", "/photos/gone.jpg", NULL), 404);
    rig_store(&s_rig, "cut.jpg", "", "0123456789", 10);
    char path[TEMP_FOLDER_MAX + 32];
    snprintf(path, sizeof path, "%s/cut.jpg", s_rig.folder);
    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(status_of("GET", "/photos/cut.jpg", NULL), 500);
}

static void a_photo_not_yet_safe_is_not_shown(void **state)
{
    (void)state;
    rig_store(&s_rig, "a.jpg", "", "0123456789", 10);
    s_rig.seen = 0;
    assert_int_equal(status_of("GET", "/photos/a.jpg", NULL), 404);
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/list", NULL);
    assert_string_equal(rig_text(x), "{\"files\":[],\"count\":0,\"next\":null}\n");
    fake_front_end(x);
    s_rig.seen = 1;
    assert_int_equal(status_of("GET", "/photos/a.jpg", NULL), 200);
}

static void lists_are_streamed_or_paged(void **state)
{
    (void)state;
    for (int i = 1; i <= 70; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%d.jpg", i);
        rig_store(&s_rig, name, i % 2 ? "odd" : "", NULL, 10);
    }
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/list", NULL);
    assert_non_null(strstr(rig_text(x), "\"count\":70,\"next\":null}"));
    assert_true(fake_front_length(x) == UINT64_MAX);
    fake_front_end(x);
    x = rig_ask(&s_rig, "GET", "/list?limit=2", NULL);
    assert_non_null(strstr(rig_text(x), "p70.jpg"));
    assert_non_null(strstr(rig_text(x), "\"deliveries\":{\"remote\":\"pending\"}"));
    assert_non_null(strstr(rig_text(x), "\"count\":2,\"next\":\"69\"}"));
    fake_front_end(x);
    x = rig_ask(&s_rig, "GET", "/list?limit=1&cursor=69&camera=odd", NULL);
    assert_non_null(strstr(rig_text(x), "p67.jpg"));
    fake_front_end(x);
    x = rig_ask(&s_rig, "GET", "/api/photos", NULL);
    assert_non_null(strstr(rig_text(x), "\"count\":50,\"next\":\"21\"}"));
    assert_non_null(strstr(rig_text(x), "\"thumb\":\"/thumbs/p70.jpg\""));
    fake_front_end(x);
    rig_store(&s_rig, "p71.wav", "mic", NULL, 10);
    x = rig_ask(&s_rig, "GET", "/api/photos?limit=1", NULL);
    assert_non_null(strstr(rig_text(x), "\"photo\":\"/photos/p71.wav\",\"thumb\":null"));
    assert_non_null(strstr(rig_text(x), "\"type\":\"audio/wav\""));
    fake_front_end(x);
    assert_int_equal(status_of("GET", "/thumbs/p71.wav", NULL), 404);
    x = rig_ask(&s_rig, "GET", "/api/pending?limit=3", NULL);
    assert_non_null(strstr(rig_text(x), "\"count\":3,\"next\":\"3\"}"));
    fake_front_end(x);
    static const char *const bad[] = {"/list?limit=0",    "/list?limit=1001", "/list?limit=",
                                      "/list?limit=%31x", "/list?cursor=-1",  "/api/dead?limit=a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(status_of("GET", bad[i], NULL), 400);
}

static void sent_names_are_an_array(void **state)
{
    (void)state;
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/api/sent", NULL);
    assert_string_equal(rig_text(x), "[]\n");
    fake_front_end(x);
    const char *names[] = {"old \"1\".jpg", "old2.jpg"};
    assert_int_equal(s_rig.state.sent_import(s_rig.state.ctx, names, 2), ERR_OK);
    x = rig_ask(&s_rig, "GET", "/api/sent", NULL);
    assert_non_null(strstr(rig_text(x), "\"old \\\"1\\\".jpg\""));
    assert_non_null(strstr(rig_text(x), "\"old2.jpg\""));
    fake_front_end(x);
}

static void a_failed_promise_is_503_and_everything_else_still_answers(void **state)
{
    (void)state;
    s_rig.flush_failed = true;
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/health", NULL);
    assert_int_equal(fake_front_wait(x), 503);
    assert_non_null(strstr(rig_text(x), "\"status\":\"failing\""));
    fake_front_end(x);
    assert_int_equal(status_of("GET", "/", NULL), 200);
    assert_int_equal(status_of("GET", "/metrics", NULL), 200);
}

static void a_database_that_cannot_be_read_is_said_not_hidden(void **state)
{
    (void)state;
    s_rig.view_fails = ERR_IO; /* no view was opened yet */
    assert_int_equal(status_of("GET", "/list", NULL), 503);
    assert_int_equal(status_of("GET", "/photos/a.jpg", NULL), 503);
    assert_int_equal(status_of("GET", "/api/sent", NULL), 503);
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/health", NULL);
    assert_int_equal(fake_front_wait(x), 200);
    assert_non_null(strstr(rig_text(x), "\"degraded\""));
    fake_front_end(x);
    s_rig.view_fails = ERR_OK;
    assert_int_equal(status_of("GET", "/list", NULL), 200); /* and it comes back by itself */
}

static void the_page_speaks_the_browsers_language(void **state)
{
    (void)state;
    static const struct {
        const char *target, *headers, *lang, *word;
    } rows[] = {
        {"/", NULL, "<html lang=\"en\">", "Received this session"},
        {"/", "Accept-Language: ko-KR,ko;q=0.9,en;q=0.8\r\n", "<html lang=\"ko\">",
         "이번 세션 수신"},
        {"/", "Accept-Language: en-US,ko;q=0.5\r\n", "<html lang=\"en\">", "Stored in total"},
        {"/?lang=ko", "Accept-Language: en\r\n", "<html lang=\"ko\">", "전체 저장"},
        {"/?lang=en", "Accept-Language: ko\r\n", "<html lang=\"en\">", "Forwarded"},
        {"/?lang=xx", "Accept-Language: ko\r\n", "<html lang=\"ko\">", "원격 전송 완료"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct front_exchange *x = rig_ask(&s_rig, "GET", rows[i].target, rows[i].headers);
        assert_int_equal(fake_front_wait(x), 200);
        const char *text = rig_text(x);
        if (strstr(text, rows[i].lang) == NULL || strstr(text, rows[i].word) == NULL)
            fail_msg("row %zu", i);
        fake_front_end(x);
    }
}

static void the_page_has_real_numbers_and_nothing_unescaped(void **state)
{
    (void)state;
    rig_store(&s_rig, "현관 <1>.jpg", "\"><script>", "0123456789", 10);
    rig_store(&s_rig, "b.jpg", "", "0123456789", 10);
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/", NULL);
    const char *text = rig_text(x);
    assert_non_null(strstr(text, "<dd id=\"received\">1,234</dd>"));
    assert_non_null(strstr(text, "<dd id=\"stored\">2</dd>"));
    assert_non_null(strstr(text, "<dd id=\"pending\">2</dd>"));
    assert_non_null(strstr(text, "/srv/photos"));
    assert_non_null(strstr(text, "&lt;b&gt;&amp;&quot;&#39;"));
    assert_non_null(strstr(text, "src=\"/thumbs/%ED%98%84%EA%B4%80%20%3C1%3E.jpg\""));
    assert_null(strstr(text, "\"><script>"));
    assert_null(strstr(text, "{{"));
    assert_null(strstr(text, " style="));
    const char *policy = fake_front_header(x, "Content-Security-Policy");
    assert_non_null(strstr(policy, "default-src 'none'"));
    assert_null(strstr(policy, "unsafe"));
    fake_front_end(x);
}

static void status_and_cameras_tell_the_same_as_the_page(void **state)
{
    (void)state;
    rig_store(&s_rig, "a.jpg", "door", "0123456789", 10);
    struct front_exchange *x = rig_ask(&s_rig, "GET", "/api/status", NULL);
    const char *text = rig_text(x);
    static const char *const parts[] = {
        "\"status\":\"ok\"",
        "\"received_session\":1234",
        "\"stored_total\":1",
        "\"stored_bytes\":10",
        "\"pending\":1",
        "\"failed\":0",
        "\"dir\":\"/srv/photos\"",
        "{\"key\":\"port\",\"value\":\"5000\"}",
        "\"filename\":\"a.jpg\"",
        "\"path\":\"/upload\"",
        "\"url\":\"http://192.0.2.1:6000/upload\"",
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (strstr(text, parts[i]) == NULL)
            fail_msg("%s not in %s", parts[i], text);
    fake_front_end(x);
    x = rig_ask(&s_rig, "GET", "/cameras", NULL);
    assert_non_null(strstr(rig_text(x),
                           "{\"camera\":\"door\",\"photos\":1,\"bytes\":10,\"missing\":0,"
                           "\"last_received_at\":\"2026-01-14T08:15:02Z\",\"vitals\":null}"));
    fake_front_end(x);
    x = rig_ask(&s_rig, "GET", "/metrics", NULL);
    assert_non_null(strstr(rig_text(x), "\ncamrelay_backlog_photos{destination=\"remote\"} 1\n"));
    assert_non_null(strstr(rig_text(x), "\ncamrelay_forward_total{result=\"ambiguous\","
                                        "destination=\"remote\"} 5\n"));
    assert_string_equal(fake_front_type(x), "text/plain; version=0.0.4; charset=utf-8");
    fake_front_end(x);
}

static void a_page_password_is_asked_for_everywhere_but_health(void **state)
{
    (void)state;
    rig_store(&s_rig, "a.jpg", "", "0123456789", 10);
    s_rig.password = "open sesame";
    s_rig.token = "camera-token";
    static const char *const guarded[] = {
        "/",        "/list",       "/photos/a.jpg", "/thumbs/a.jpg",
        "/metrics", "/api/status", "/api/sent",     "/assets/page.js"};
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        struct front_exchange *x = rig_ask(&s_rig, "GET", guarded[i], NULL);
        assert_int_equal(fake_front_wait(x), 401);
        assert_non_null(strstr(fake_front_header(x, "WWW-Authenticate"), "Basic realm="));
        fake_front_end(x);
    }
    assert_int_equal(status_of("GET", "/health", NULL), 200);
    static const struct {
        const char *headers;
        unsigned status;
    } rows[] = {
        {"Authorization: Basic YW55Om9wZW4gc2VzYW1l\r\n", 200}, /* any:open sesame */
        {"Authorization: Basic Om9wZW4gc2VzYW1l\r\n", 200},     /* :open sesame */
        {"Authorization: Basic YW55Om9wZW4gc2VzYW1=\r\n", 401}, /* not base64 */
        {"Authorization: Basic YW55Ong=\r\n", 401},             /* any:x */
        {"Authorization: Basic \r\n", 401},
        {"Authorization: Bearer camera-token\r\n", 200},
        {"Authorization: Bearer other\r\n", 401},
        {"Authorization: Digest x\r\n", 401},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (status_of("GET", "/list", rows[i].headers) != rows[i].status)
            fail_msg("row %zu", i);
}

static void assets_are_zipped_for_who_takes_that(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        bool zipped;
    } rows[] = {
        {NULL, false},
        {"Accept-Encoding: gzip, deflate, br\r\n", true},
        {"Accept-Encoding: deflate;q=1, GZIP;q=0.5\r\n", true},
        {"Accept-Encoding: gzip;q=0\r\n", false},
        {"Accept-Encoding: gzip;q=0.000, *\r\n", false},
        {"Accept-Encoding: *\r\n", true},
        {"Accept-Encoding: identity\r\n", false},
        {"Accept-Encoding: \r\n", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct front_exchange *x = rig_ask(&s_rig, "GET", "/assets/page.css", rows[i].headers);
        assert_int_equal(fake_front_wait(x), 200);
        bool zipped = fake_front_header(x, "Content-Encoding") != NULL;
        if (zipped != rows[i].zipped)
            fail_msg("row %zu", i);
        assert_int_equal(memcmp(fake_front_body(x).ptr, "\x1f\x8b", 2) == 0, zipped);
        assert_string_equal(fake_front_header(x, "Vary"), "Accept-Encoding");
        assert_int_equal(strstr(fake_front_header(x, "ETag"), "gzip") != NULL, zipped);
        char again[200];
        snprintf(again, sizeof again, "If-None-Match: %s\r\n%s", fake_front_header(x, "ETag"),
                 rows[i].headers == NULL ? "" : rows[i].headers);
        assert_int_equal(status_of("GET", "/assets/page.css", again), 304);
        fake_front_end(x);
    }
}

static void a_visitor_who_leaves_early_harms_nothing(void **state)
{
    (void)state;
    rig_store(&s_rig, "a.jpg", "", "0123456789", 10);
    static const char *const targets[] = {"/", "/list", "/photos/a.jpg", "/api/sent",
                                          "/thumbs/a.jpg"};
    for (int round = 0; round < 40; round++) {
        struct front_exchange *x =
            fake_front_begin(&s_rig.handler, "GET", targets[round % 5], NULL);
        if (round % 2 == 0)
            fake_front_finish(x);
        /* With luck before the answer, at the same time, or after: none may touch the other. */
        fake_front_vanish(x);
        fake_front_end(x);
    }
    assert_int_equal(status_of("GET", "/list", NULL), 200);
}

#define PAGES_TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGES_TEST(every_address_takes_its_methods_and_no_other),
        PAGES_TEST(uploads_are_not_read_here),
        PAGES_TEST(what_is_not_there_is_404_as_json),
        PAGES_TEST(a_photo_goes_out_whole_in_part_or_not_again),
        PAGES_TEST(a_photo_whose_file_is_gone_or_changed_says_so),
        PAGES_TEST(a_photo_not_yet_safe_is_not_shown),
        PAGES_TEST(lists_are_streamed_or_paged),
        PAGES_TEST(sent_names_are_an_array),
        PAGES_TEST(a_failed_promise_is_503_and_everything_else_still_answers),
        PAGES_TEST(a_database_that_cannot_be_read_is_said_not_hidden),
        PAGES_TEST(the_page_speaks_the_browsers_language),
        PAGES_TEST(the_page_has_real_numbers_and_nothing_unescaped),
        PAGES_TEST(status_and_cameras_tell_the_same_as_the_page),
        PAGES_TEST(a_page_password_is_asked_for_everywhere_but_health),
        PAGES_TEST(assets_are_zipped_for_who_takes_that),
        PAGES_TEST(a_visitor_who_leaves_early_harms_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
