/* Goal: a head that two readers could understand differently is refused, a good one is understood.
 * Method: one table of heads, each line given to the checker as a server library would. */
#include "test/unit/unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/framing.h"

struct head {
    const char *what;
    const char *line[3];   /* method, target, version; NULL: a good one */
    const char *fields[8]; /* name, value, ...; a Host comes before unless `no_host` */
    bool no_host;
    unsigned status; /* 0: good */
    uint64_t length;
    bool has_length, chunked, expects;
};

/* From memory that ends where the text ends. */
static struct slice exactly(const char *text, char **owned)
{
    size_t len = strlen(text);
    *owned = malloc(len > 0 ? len : 1);
    assert_non_null(*owned);
    memcpy(*owned, text, len);
    return (struct slice){*owned, len};
}

static bool judge(const struct head *h, struct framing *f)
{
    static const char *const usual[3] = {"POST", "/upload", "HTTP/1.1"};
    char *owned[3];
    struct slice line[3];
    for (size_t i = 0; i < 3; i++)
        line[i] = exactly(h->line[i] != NULL ? h->line[i] : usual[i], &owned[i]);
    framing_begin(f, line[0], line[1], line[2]);
    if (!h->no_host)
        framing_header(f, SLICE("Host"), SLICE("relay"));
    for (size_t i = 0; i + 1 < 8 && h->fields[i] != NULL; i += 2) {
        char *name, *value;
        struct slice n = exactly(h->fields[i], &name);
        framing_header(f, n, exactly(h->fields[i + 1], &value));
        free(name);
        free(value);
    }
    for (size_t i = 0; i < 3; i++)
        free(owned[i]);
    return framing_end(f);
}

static const struct head s_good[] = {
    {"no body", {0}, {0}, .has_length = false},
    {"a length", {0}, {"Content-Length", "5"}, .has_length = true, .length = 5},
    {"a length of zero", {0}, {"content-length", "0"}, .has_length = true},
    {"blanks around it", {0}, {"Content-Length", " \t7 "}, .has_length = true, .length = 7},
    {"the largest",
     {0},
     {"Content-Length", "18446744073709551615"},
     .has_length = true,
     .length = UINT64_MAX},
    {"zeros before it", {0}, {"Content-Length", "0005"}, .has_length = true, .length = 5},
    {"chunked", {0}, {"Transfer-Encoding", "Chunked "}, .chunked = true},
    {"expects",
     {0},
     {"Expect", "100-Continue", "Content-Length", "1"},
     .has_length = true,
     .length = 1,
     .expects = true},
    {"empty expect", {0}, {"Expect", ""}, .has_length = false},
    {"1.0 without a host", {"GET", "/", "HTTP/1.0"}, {0}, .no_host = true},
    {"1.0 expects nothing", {"GET", "/", "HTTP/1.0"}, {"Expect", "100-continue"}, .expects = false},
    {"empty host", {0}, {"Host", ""}, .no_host = true},
    {"host and port", {0}, {"hOST", "[fe80::1]:5000"}, .no_host = true},
    {"tab and high bytes in a value", {0}, {"A", "b\tc\xc3\xa9"}, .length = 0},
    {"absolute form", {"PUT", "http://prusa/c/snapshot", "HTTP/1.1"}, {0}, .length = 0},
    {"asterisk form", {"OPTIONS", "*", "HTTP/1.1"}, {0}, .length = 0},
    {"every token character", {"A!#$%&'*+-.^_`|~9z", "/", "HTTP/1.1"}, {0}, .length = 0},
};

static void good_heads_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_good / sizeof s_good[0]; i++) {
        const struct head *h = &s_good[i];
        struct framing f;
        if (!judge(h, &f) || f.length != h->length || f.has_length != h->has_length ||
            f.chunked != h->chunked || f.expects_continue != h->expects || f.status != 0)
            fail_msg("%s: %u %s", h->what, f.status, f.error != NULL ? f.error : "");
    }
}

static const struct head s_bad[] = {
    {"two lengths", {0}, {"Content-Length", "5", "Content-Length", "6"}, .status = 400},
    {"two equal lengths", {0}, {"Content-Length", "5", "content-length", "5"}, .status = 400},
    {"a list", {0}, {"Content-Length", "5, 5"}, .status = 400},
    {"a sign", {0}, {"Content-Length", "+5"}, .status = 400},
    {"hexadecimal", {0}, {"Content-Length", "0x5"}, .status = 400},
    {"nothing", {0}, {"Content-Length", ""}, .status = 400},
    {"one too large", {0}, {"Content-Length", "18446744073709551616"}, .status = 400},
    {"length, then chunked",
     {0},
     {"Content-Length", "0", "Transfer-Encoding", "chunked"},
     .status = 400},
    {"chunked, then length",
     {0},
     {"Transfer-Encoding", "chunked", "Content-Length", "0"},
     .status = 400},
    {"chunked twice",
     {0},
     {"Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"},
     .status = 400},
    {"another coding", {0}, {"Transfer-Encoding", "gzip, chunked"}, .status = 400},
    {"identity", {0}, {"Transfer-Encoding", "identity"}, .status = 400},
    {"chunked and more", {0}, {"Transfer-Encoding", "chunkedx"}, .status = 400},
    {"vertical tab", {0}, {"Transfer-Encoding", "\vchunked"}, .status = 400},
    {"chunked in 1.0", {"POST", "/", "HTTP/1.0"}, {"Transfer-Encoding", "chunked"}, .status = 400},
    {"no host", {0}, {0}, .no_host = true, .status = 400},
    {"two hosts", {0}, {"Host", "relay"}, .status = 400},
    {"two hosts in one", {0}, {"Host", "a,b"}, .no_host = true, .status = 400},
    {"a host with a path", {0}, {"Host", "a/b"}, .no_host = true, .status = 400},
    {"blank behind a name", {0}, {"Content-Length ", "5"}, .status = 400},
    {"blank before a name", {0}, {" A", "5"}, .status = 400},
    {"empty name", {0}, {"", "5"}, .status = 400},
    {"control in a name", {0}, {"A\x01", "5"}, .status = 400},
    {"high byte in a name", {0}, {"A\x80", "5"}, .status = 400},
    {"CR in a value", {0}, {"A", "b\rc"}, .status = 400},
    {"LF in a value", {0}, {"A", "b\nc"}, .status = 400},
    {"DEL in a value", {0}, {"A", "b\x7f"}, .status = 400},
    {"another expectation", {0}, {"Expect", "101-continue"}, .status = 417},
    {"1.2", {"GET", "/", "HTTP/1.2"}, {0}, .status = 505},
    {"small letters", {"GET", "/", "http/1.1"}, {0}, .status = 505},
    {"1.10", {"GET", "/", "HTTP/1.10"}, {0}, .status = 505},
    {"no version", {"GET", "/", ""}, {0}, .status = 505},
    {"no method", {"", "/", "HTTP/1.1"}, {0}, .status = 400},
    {"odd method", {"G(T", "/", "HTTP/1.1"}, {0}, .status = 400},
    {"no target", {"GET", "", "HTTP/1.1"}, {0}, .status = 400},
    {"blank in the target", {"GET", "/a b", "HTTP/1.1"}, {0}, .status = 400},
    {"asterisk", {"GET", "*", "HTTP/1.1"}, {0}, .status = 400},
    {"authority form", {"CONNECT", "a:1", "HTTP/1.1"}, {0}, .status = 400},
    {"the first fault stays", {"GET", "/", "HTTP/2.0"}, {"Expect", "x"}, .status = 505},
};

static void bad_heads_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof s_bad / sizeof s_bad[0]; i++) {
        struct framing f;
        bool good = judge(&s_bad[i], &f);
        if (good || f.status != s_bad[i].status || f.code == NULL || f.error == NULL)
            fail_msg("%s: %u", s_bad[i].what, f.status);
    }
}

/* A NUL cannot stand in the table. */
static void a_nul_is_refused_everywhere(void **state)
{
    (void)state;
    const struct slice nul = {"a\0b", 3};
    struct framing f;
    framing_begin(&f, nul, SLICE("/"), SLICE("HTTP/1.1"));
    assert_int_equal(f.status, 400);
    framing_begin(&f, SLICE("GET"), (struct slice){"/\0", 2}, SLICE("HTTP/1.1"));
    assert_int_equal(f.status, 400);
    framing_begin(&f, SLICE("GET"), SLICE("/"), SLICE("HTTP/1.1"));
    framing_header(&f, nul, SLICE("x"));
    assert_int_equal(f.status, 400);
    framing_begin(&f, SLICE("GET"), SLICE("/"), SLICE("HTTP/1.1"));
    framing_header(&f, SLICE("A"), nul);
    assert_int_equal(f.status, 400);
    framing_begin(&f, SLICE("GET"), SLICE("/"), SLICE("HTTP/1.1"));
    framing_header(&f, SLICE("Host"), nul);
    assert_int_equal(f.status, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_heads_are_understood),
        cmocka_unit_test(bad_heads_are_refused),
        cmocka_unit_test(a_nul_is_refused_everywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
