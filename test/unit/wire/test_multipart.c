/* Goal: every well-formed body gives its parts byte for byte however it is cut into pieces; what is
 * not well-formed never ends, and so is never stored. Method: a table of bodies, each fed whole,
 * cut at every place, byte by byte, and cut short at every place. */
#include "lib/wire/multipart.h"
#include "test/unit/unit.h"
#include "test/unit/wire/multipart_record.h"

#define CD "Content-Disposition: form-data; "
#define FILE_HEAD                                                                                  \
    "--sep\r\n" CD "name=\"file\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
#define FILE_LOG "{file|a.jpg|image/jpeg}"
#define ENDS MULTIPART_END, MULTIPART_FAULT_NONE
#define OPEN MULTIPART_MORE, MULTIPART_FAULT_NONE
#define BAD(fault) MULTIPART_BAD, MULTIPART_FAULT_##fault
#define T(text) SLICE_INIT(text)

struct row {
    const char *what;
    struct slice body;
    struct slice log;
    enum multipart_event last;
    enum multipart_fault fault;
};

static const struct row delimiters[] = {
    {"one file", T(FILE_HEAD "DATA\r\n--sep--\r\n"), T(FILE_LOG "DATA"), ENDS},
    {"no line end behind the last", T(FILE_HEAD "DATA\r\n--sep--"), T(FILE_LOG "DATA"), ENDS},
    {"text before and behind", T("hi\r\n\r\n" FILE_HEAD "DATA\r\n--sep--\r\nbye\r\n--sep\r\n"),
     T(FILE_LOG "DATA"), ENDS},
    {"an empty line before", T("\r\n" FILE_HEAD "DATA\r\n--sep--\r\n"), T(FILE_LOG "DATA"), ENDS},
    {"dashes behind the last", T(FILE_HEAD "DATA\r\n--sep------------"), T(FILE_LOG "DATA"), ENDS},
    {"blanks behind the boundary",
     T("--sep \t \r\n" CD "name=a\r\n\r\n1\r\n--sep \r\n" CD "name=b\r\n\r\n2\r\n--sep-- \r\n"),
     T("{a|-|}1{b|-|}2"), ENDS},
    {"nothing but the end", T("--sep--\r\n"), T(""), ENDS},
    {"the end first, then a part", T("--sep--\r\n" FILE_HEAD "DATA\r\n--sep--"), T(""), ENDS},
    {"empty data", T(FILE_HEAD "\r\n--sep--"), T(FILE_LOG), ENDS},
    {"no data, not even its line", T("--sep\r\n" CD "name=a\r\n\r\n--sep--"), T("{a|-|}"), ENDS},
    {"no headers at all", T("--sep\r\n\r\nDATA\r\n--sep--"), T("{|-|}DATA"), ENDS},
    {"no headers and no data", T("--sep\r\n\r\n--sep--"), T("{|-|}"), ENDS},
    {"missing end", T(FILE_HEAD "DATA\r\n"), T(FILE_LOG "DATA"), OPEN},
    {"missing dashes", T(FILE_HEAD "DATA\r\n--sep"), T(FILE_LOG "DATA"), OPEN},
    {"one dash missing", T(FILE_HEAD "DATA\r\n--sep-"), T(FILE_LOG "DATA"), OPEN},
    {"a next part instead of the end", T(FILE_HEAD "DATA\r\n--sep\r\n"), T(FILE_LOG "DATA"), OPEN},
    {"close delimiter glued to the data", T(FILE_HEAD "DATA--sep--\r\n"), T(FILE_LOG "DATA--sep--"),
     OPEN},
    {"close delimiter behind LF only", T(FILE_HEAD "DATA\n--sep--\r\n"),
     T(FILE_LOG "DATA\n--sep--"), OPEN},
    {"close delimiter behind CR only", T(FILE_HEAD "DATA\r--sep--\r\n"),
     T(FILE_LOG "DATA\r--sep--"), OPEN},
    {"LF line ends", T("--sep\n" CD "name=a\n\nDATA\n--sep--\n"), T(""), BAD(DELIMITER)},
    {"CR line ends", T("--sep\r" CD "name=a\r\rDATA\r--sep--\r"), T(""), BAD(DELIMITER)},
    {"LF behind a later boundary", T(FILE_HEAD "DATA\r\n--sep\n"), T(FILE_LOG "DATA"),
     BAD(DELIMITER)},
    {"text behind blanks", T(FILE_HEAD "DATA\r\n--sep x\r\n"), T(FILE_LOG "DATA"), BAD(DELIMITER)},
    {"CR without LF behind the boundary", T(FILE_HEAD "DATA\r\n--sep\rx"), T(FILE_LOG "DATA"),
     BAD(DELIMITER)},
    {"a bare JPEG", T("\xFF\xD8\xFF\xE0"), T(""), OPEN},
    {"another boundary", T("--other\r\n\r\nDATA\r\n--other--\r\n"), T(""), OPEN},
    {"nothing", T(""), T(""), OPEN},
};

static const struct row data[] = {
    {"CR and LF everywhere", T(FILE_HEAD "\r\n\r\r\n\n\r\r\n--sep--"), T(FILE_LOG "\r\n\r\r\n\n\r"),
     ENDS},
    {"begins with CR", T(FILE_HEAD "\rDATA\r\n--sep--"), T(FILE_LOG "\rDATA"), ENDS},
    {"begins with LF", T(FILE_HEAD "\nDATA\r\n--sep--"), T(FILE_LOG "\nDATA"), ENDS},
    {"ends with CRLF", T(FILE_HEAD "DATA\r\n\r\n--sep--"), T(FILE_LOG "DATA\r\n"), ENDS},
    {"begins like the boundary", T(FILE_HEAD "--seX\r\n--sep--"), T(FILE_LOG "--seX"), ENDS},
    {"beginnings of a delimiter",
     T(FILE_HEAD "\r\n-\r\n--\r\n--s\r\n--se\r\n\r\r\n--se\r\n--sep--"),
     T(FILE_LOG "\r\n-\r\n--\r\n--s\r\n--se\r\n\r\r\n--se"), ENDS},
    {"the boundary goes on", T(FILE_HEAD "D\r\n--sepARATE\r\n--sep--"),
     T(FILE_LOG "D\r\n--sepARATE"), ENDS},
    {"the boundary goes on with one dash", T(FILE_HEAD "D\r\n--sep-x\r\n--sep-\r\n--sep--"),
     T(FILE_LOG "D\r\n--sep-x\r\n--sep-"), ENDS},
    {"the boundary goes on at the very start", T(FILE_HEAD "--sepX\r\n--sep--"),
     T(FILE_LOG "--sepX"), ENDS},
    {"the boundary amid a line", T(FILE_HEAD "D--sep\r\nD--sep--\r\n--sep--"),
     T(FILE_LOG "D--sep\r\nD--sep--"), ENDS},
    {"ends with CR", T(FILE_HEAD "DATA\r\r\n--sep--"), T(FILE_LOG "DATA\r"), ENDS},
    {"NUL and high bytes", T(FILE_HEAD "\0\xFF\xD8\0\r\n--sep--"), T(FILE_LOG "\0\xFF\xD8\0"),
     ENDS},
    {"looks like a head", T(FILE_HEAD CD "name=x\r\n\r\n\r\n--sep--"),
     T(FILE_LOG CD "name=x\r\n\r\n"), ENDS},
};

static const struct row heads[] = {
    {"any case, any order",
     T("--sep\r\ncontent-TYPE:image/JPEG\r\nX-Y: z\r\nCONTENT-dISPOSITION:form-data;NAME=a;"
       "FileName=b\r\n\r\n1\r\n--sep--"),
     T("{a|b|image/JPEG}1"), ENDS},
    {"folded",
     T("--sep\r\nContent-Disposition: form-data;\r\n name=a;\r\n\tfilename=b\r\n\r\n1\r\n--sep--"),
     T("{a|b|}1"), ENDS},
    {"file field left empty", T("--sep\r\n" CD "name=a; filename=\"\"\r\n\r\n\r\n--sep--"),
     T("{a||}"), ENDS},
    {"file field left empty, half a close delimiter",
     T("--sep\r\n" CD "name=a; filename=\"\"\r\n\r\n\r\n--sep-\r\n"), T("{a||}\r\n--sep-"), OPEN},
    {"folded inside a name", T("--sep\r\n" CD "name=a; filename=\"x\r\n y\"\r\n\r\n1\r\n--sep--"),
     T("{a|x   y|}1"), ENDS},
    {"extended name wins",
     T("--sep\r\n" CD "name=a; filename=\"x\"; filename*=UTF-8''%EC%82%AC\r\n\r\n1\r\n--sep--"),
     T("{a|\xEC\x82\xAC|}1"), ENDS},
    {"without disposition", T("--sep\r\nContent-Type: a/b\r\n\r\n1\r\n--sep--"), T("{|-|a/b}1"),
     ENDS},
    {"plain encodings",
     T("--sep\r\nContent-Transfer-Encoding: binary\r\n\r\n1\r\n--sep\r\n"
       "Content-Transfer-Encoding:8BIT\r\n\r\n2\r\n--sep\r\n"
       "Content-Transfer-Encoding: 7bit \r\n\r\n3\r\n--sep--"),
     T("{|-|}1{|-|}2{|-|}3"), ENDS},
    {"base64", T("--sep\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--sep--"), T(""),
     BAD(ENCODING)},
    {"quoted-printable", T("--sep\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n1"), T(""),
     BAD(ENCODING)},
    {"first line folded", T("--sep\r\n name: x\r\n\r\n1"), T(""), BAD(HEAD)},
    {"no colon", T("--sep\r\nContent-Type\r\n\r\n1"), T(""), BAD(HEAD)},
    {"blank before the colon", T("--sep\r\nContent-Type : a/b\r\n\r\n1"), T(""), BAD(HEAD)},
    {"no name", T("--sep\r\n: a/b\r\n\r\n1"), T(""), BAD(HEAD)},
    {"NUL in a value", T("--sep\r\n" CD "name=\"a\0b\"\r\n\r\n1"), T(""), BAD(HEAD)},
    {"NUL in an unknown header", T("--sep\r\nX-Y: \0\r\n\r\n1"), T(""), BAD(HEAD)},
    {"bare LF in a value", T("--sep\r\n" CD "name=\"a\nb\"\r\n\r\n1"), T(""), BAD(HEAD)},
    {"bare CR in a value", T("--sep\r\n" CD "name=\"a\rb\"\r\n\r\n1"), T(""), BAD(HEAD)},
    {"LF for the blank line", T("--sep\r\n" CD "name=a\r\n\n1"), T(""), BAD(HEAD)},
    {"CR for the blank line", T("--sep\r\n" CD "name=a\r\n\r1"), T(""), BAD(HEAD)},
    {"quote never closed", T("--sep\r\n" CD "name=\"a\r\n\r\n1"), T(""), BAD(HEAD)},
    {"two dispositions", T("--sep\r\n" CD "name=a\r\n" CD "name=b\r\n\r\n1"), T(""), BAD(HEAD)},
    {"two types", T("--sep\r\nContent-Type: a/b\r\ncontent-type: c/d\r\n\r\n1"), T(""), BAD(HEAD)},
    {"a delimiter instead of a head", T("--sep\r\n--sep--\r\n\r\n"), T(""), BAD(HEAD)},
    {"a bad second part", T(FILE_HEAD "D\r\n--sep\r\nx\r\n\r\n"), T(FILE_LOG "D"), BAD(HEAD)},
};

/* What cameras and tools send, in our own bytes. */
static const struct row field[] = {
    {"Arduino sketch with imageFile",
     T("--sep\r\n" CD "name=\"imageFile\"; filename=\"esp32-cam.jpg\"\r\n"
       "Content-Type: image/jpeg\r\n\r\n\xFF\xD8\r\n--sep--\r\n"),
     T("{imageFile|esp32-cam.jpg|image/jpeg}\xFF\xD8"), ENDS},
    {"JSON part first, lower-case disposition, bytes beyond the end",
     T("--sep\r\nContent-disposition: form-data; name=\"json\"\r\nContent-Type: "
       "application/json\r\n"
       "\r\n{\"a\":1}\r\n--sep\r\nContent-disposition: form-data; name=\"file\"; "
       "filename=\"a.jpg\"\r\nContent-Type: application/octet-stream\r\n\r\n\xFF\xD8\r\n--sep--\r\n"
       "\r\n"),
     T("{json|-|application/json}{\"a\":1}{file|a.jpg|application/octet-stream}\xFF\xD8"), ENDS},
    {"upfile with a line end in the epilogue",
     T("--sep\r\n" CD "name=\"upfile\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n"
       "\xFF\xD8\r\n--sep--\r\n\r\n"),
     T("{upfile|a.jpg|image/jpeg}\xFF\xD8"), ENDS},
    {"single quotes",
     T("--sep\r\n" CD "name='file'; filename='a.jpg'\r\n\r\n\xFF\xD8\r\n--sep--\r\n"),
     T("{file|a.jpg|}\xFF\xD8"), ENDS},
    {"full path of an old browser",
     T("--sep\r\n" CD "name=\"file\"; filename=\"C:\\Photos\\new\\a.jpg\"\r\n\r\n1\r\n--sep--\r\n"),
     T("{file|C:\\Photos\\new\\a.jpg|}1"), ENDS},
    {"raw Korean and escaped quotes",
     T("--sep\r\n" CD "name=\"file\"; filename=\"\xEC\x82\xAC%22\xEC\xA7\x84.jpg\"\r\n\r\n1\r\n"
       "--sep--\r\n"),
     T("{file|\xEC\x82\xAC\"\xEC\xA7\x84.jpg|}1"), ENDS},
};

static const struct {
    const struct row *rows;
    size_t count;
} tables[] = {
    {delimiters, sizeof delimiters / sizeof delimiters[0]},
    {data, sizeof data / sizeof data[0]},
    {heads, sizeof heads / sizeof heads[0]},
    {field, sizeof field / sizeof field[0]},
};

static struct multipart_record whole;
static struct multipart_record pieces;

static void begin(struct multipart_record *r)
{
    assert_true(multipart_record_begin(r, SLICE("sep")));
}

static void feed_whole(const struct row *row)
{
    begin(&whole);
    multipart_record_feed(&whole, row->body);
}

static void for_every_row(void (*check)(const struct row *row))
{
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (size_t i = 0; i < tables[t].count; i++)
            check(&tables[t].rows[i]);
    }
}

static void check_whole(const struct row *row)
{
    feed_whole(row);
    if (whole.last != row->last || whole.reader.fault != row->fault ||
        !slice_eq(buf_slice(&whole.log), row->log))
        fail_msg("%s: event %d fault %d, %s", row->what, (int)whole.last, (int)whole.reader.fault,
                 buf_text(&whole.log));
}

static void a_body_gives_its_parts(void **state)
{
    (void)state;
    for_every_row(check_whole);
}

static void check_splits(const struct row *row)
{
    feed_whole(row);
    for (size_t cut = 0; cut <= row->body.len; cut++) {
        begin(&pieces);
        multipart_record_feed(&pieces, (struct slice){row->body.ptr, cut});
        multipart_record_feed(&pieces, (struct slice){row->body.ptr + cut, row->body.len - cut});
        if (!multipart_record_equal(&whole, &pieces))
            fail_msg("%s: cut at %zu", row->what, cut);
    }
    begin(&pieces);
    for (size_t i = 0; i < row->body.len; i++)
        multipart_record_feed(&pieces, (struct slice){row->body.ptr + i, 1});
    if (!multipart_record_equal(&whole, &pieces))
        fail_msg("%s: byte by byte", row->what);
}

static void any_split_gives_the_same(void **state)
{
    (void)state;
    for_every_row(check_splits);
}

/* A body cut short has told nothing but the beginning of the whole story, and has not ended unless
 * all of the story was told. */
static void check_truncations(const struct row *row)
{
    feed_whole(row);
    for (size_t cut = 0; cut < row->body.len; cut++) {
        begin(&pieces);
        multipart_record_feed(&pieces, (struct slice){row->body.ptr, cut});
        struct slice told = buf_slice(&pieces.log);
        bool is_beginning =
            told.len <= whole.log.len && memcmp(told.ptr, whole.log.ptr, told.len) == 0;
        bool ended_early = pieces.last == MULTIPART_END && told.len != whole.log.len;
        bool forgave = pieces.last == MULTIPART_BAD && whole.last != MULTIPART_BAD;
        if (!is_beginning || ended_early || forgave)
            fail_msg("%s: cut short at %zu", row->what, cut);
    }
}

static void a_body_cut_short_never_ends(void **state)
{
    (void)state;
    for_every_row(check_truncations);
    const struct row *row = &delimiters[1]; /* its last byte is the last dash */
    for (size_t cut = 0; cut < row->body.len; cut++) {
        begin(&pieces);
        multipart_record_feed(&pieces, (struct slice){row->body.ptr, cut});
        assert_int_equal(pieces.last, MULTIPART_MORE);
    }
}

static void what_ended_or_is_bad_stays_so(void **state)
{
    (void)state;
    size_t used = 99;
    feed_whole(&delimiters[0]);
    assert_int_equal(multipart_feed(&whole.reader, NULL, 0, &used), MULTIPART_END);
    assert_int_equal(used, 0);
    assert_int_equal(multipart_feed(&whole.reader, "--sep\r\n", 7, &used), MULTIPART_END);
    assert_int_equal(used, 7);
    begin(&whole);
    multipart_record_feed(&whole, SLICE("--sep\n"));
    assert_int_equal(whole.last, MULTIPART_BAD);
    assert_int_equal(multipart_feed(&whole.reader, FILE_HEAD, 9, &used), MULTIPART_BAD);
    assert_int_equal(used, 9);
    assert_int_equal(whole.reader.fault, MULTIPART_FAULT_DELIMITER);
    assert_true(strlen(multipart_fault_text(whole.reader.fault)) > 0);
}

static void a_boundary_is_1_to_70_visible_bytes(void **state)
{
    (void)state;
    static struct multipart m;
    char text[71];
    memset(text, 'b', sizeof text);
    assert_true(multipart_init(&m, (struct slice){text, 70}));
    assert_false(multipart_init(&m, (struct slice){text, 71}));
    assert_false(multipart_init(&m, (struct slice){text, 0}));
    assert_true(multipart_init(&m, SLICE("a b'()+_,-./:=?")));
    assert_false(multipart_init(&m, SLICE("a ")));
    assert_false(multipart_init(&m, SLICE("a\tb")));
    assert_false(multipart_init(&m, SLICE("a\x7F")));
    assert_false(multipart_init(&m, SLICE("a\xC3\xA9")));
    assert_false(multipart_init(&m, SLICE("a\0b")));
}

static void the_longest_boundary_works_at_every_split(void **state)
{
    (void)state;
    char boundary[70];
    char body[400];
    struct buf b;
    memset(boundary, '-', sizeof boundary);
    buf_init(&b, body, sizeof body);
    struct slice name = {boundary, sizeof boundary};
    buf_add_text(&b, "--");
    buf_add_slice(&b, name);
    buf_add_text(&b, "\r\n\r\n--\r\n------\r\n--");
    buf_add_slice(&b, (struct slice){boundary, sizeof boundary - 1});
    buf_add_text(&b, "\r\n--");
    buf_add_slice(&b, name);
    buf_add_text(&b, "--");
    for (size_t cut = 0; cut <= b.len; cut++) {
        assert_true(multipart_record_begin(&pieces, name));
        multipart_record_feed(&pieces, (struct slice){b.ptr, cut});
        multipart_record_feed(&pieces, (struct slice){b.ptr + cut, b.len - cut});
        assert_int_equal(pieces.last, MULTIPART_END);
        assert_int_equal(pieces.log.len, strlen("{|-|}--\r\n------\r\n--") + 69);
    }
}

/* A head of `len` bytes with its line ends. */
static void feed_head_of(struct multipart_record *r, size_t len)
{
    begin(r);
    multipart_record_feed(r, SLICE("--sep\r\nX:"));
    for (size_t i = 0; i < len - strlen("X:\r\n\r\n"); i++)
        multipart_record_feed(r, SLICE("y"));
    multipart_record_feed(r, SLICE("\r\n\r\n"));
}

static void a_head_has_at_most_2048_bytes(void **state)
{
    (void)state;
    feed_head_of(&whole, MULTIPART_HEAD_MAX);
    assert_int_equal(whole.last, MULTIPART_MORE);
    assert_int_equal(whole.events, 1);
    feed_head_of(&whole, MULTIPART_HEAD_MAX + 1);
    assert_int_equal(whole.last, MULTIPART_BAD);
    assert_int_equal(whole.reader.fault, MULTIPART_FAULT_HEAD_MAX);
}

static void a_body_has_at_most_16_parts(void **state)
{
    (void)state;
    begin(&whole);
    multipart_record_feed(&whole, SLICE("--sep"));
    for (int i = 0; i < MULTIPART_PARTS_MAX; i++)
        multipart_record_feed(&whole, SLICE("\r\n\r\nx\r\n--sep"));
    struct multipart_record *ended = &pieces;
    *ended = whole;
    multipart_record_feed(ended, SLICE("--"));
    assert_int_equal(ended->last, MULTIPART_END);
    assert_int_equal(ended->reader.parts, MULTIPART_PARTS_MAX);
    multipart_record_feed(&whole, SLICE("\r\n\r\nx\r\n--sep"));
    assert_int_equal(whole.last, MULTIPART_BAD);
    assert_int_equal(whole.reader.fault, MULTIPART_FAULT_PARTS_MAX);
}

static void feed_preamble_of(struct multipart_record *r, size_t len, size_t cut)
{
    static char text[MULTIPART_PREAMBLE_MAX + 1];
    memset(text, 'p', sizeof text);
    begin(r);
    multipart_record_feed(r, (struct slice){text, cut});
    multipart_record_feed(r, (struct slice){text, len - cut});
    multipart_record_feed(r, SLICE("\r\n--sep\r\n\r\nx\r\n--sep--"));
}

static void at_most_1024_bytes_stand_before_the_first_part(void **state)
{
    (void)state;
    for (size_t cut = 0; cut <= MULTIPART_PREAMBLE_MAX; cut += 128) {
        feed_preamble_of(&whole, MULTIPART_PREAMBLE_MAX, cut);
        assert_int_equal(whole.last, MULTIPART_END);
        feed_preamble_of(&whole, MULTIPART_PREAMBLE_MAX + 1, cut);
        assert_int_equal(whole.last, MULTIPART_BAD);
        assert_int_equal(whole.reader.fault, MULTIPART_FAULT_PREAMBLE);
    }
}

static void data_is_pointed_at_and_not_cut_up_at_every_cr(void **state)
{
    (void)state;
    static struct multipart m;
    static char body[65536];
    size_t used;
    for (size_t i = 0; i < sizeof body; i += 2)
        memcpy(body + i, "\r\n", 2);
    body[sizeof body - 1] = 'x';
    assert_true(multipart_init(&m, SLICE("sep")));
    assert_int_equal(multipart_feed(&m, "--sep\r\n\r\n.", 10, &used), MULTIPART_PART);
    assert_int_equal(used, 9);
    assert_int_equal(multipart_feed(&m, ".", 1, &used), MULTIPART_BYTES);
    assert_int_equal(multipart_feed(&m, body, sizeof body, &used), MULTIPART_BYTES);
    assert_ptr_equal(m.bytes.ptr, body);
    assert_int_equal(m.bytes.len, sizeof body);
    assert_int_equal(used, sizeof body);
}

static void names_stay_readable_until_the_next_part(void **state)
{
    (void)state;
    begin(&whole);
    multipart_record_feed(&whole, SLICE(FILE_HEAD "DA"));
    multipart_record_feed(&whole, SLICE("TA\r\n--sep"));
    assert_true(slice_eq(whole.reader.part.filename, SLICE("a.jpg")));
    multipart_record_feed(&whole, SLICE("\r\n\r\n"));
    assert_int_equal(whole.reader.part.filename.len, 0);
    assert_false(whole.reader.part.has_filename);
}

static void a_boundary_is_found_in_the_content_type(void **state)
{
    (void)state;
    enum {
        OTHER = MULTIPART_KIND_OTHER,
        UNBOUNDED = MULTIPART_KIND_UNBOUNDED,
        BOUNDED = MULTIPART_KIND_BOUNDED,
        WRONG = MULTIPART_KIND_BAD,
    };
    static const struct {
        const char *value;
        int kind;
        const char *boundary;
    } rows[] = {
        {"multipart/form-data; boundary=abc", BOUNDED, "abc"},
        {"Multipart/Form-Data;Boundary=\"a b\"", BOUNDED, "a b"},
        {" multipart/form-data ; charset=utf-8 ; boundary = abc ; x=y", BOUNDED, "abc"},
        {"\"multipart/form-data; boundary=123456789000\"", BOUNDED, "123456789000"},
        {"multipart/form-data; boundary=----FormBoundary7MA4", BOUNDED, "----FormBoundary7MA4"},
        {"multipart/form-data; boundary=a:b/c=d?e", BOUNDED, "a:b/c=d?e"},
        {"multipart/form-data", UNBOUNDED, NULL},
        {"multipart/form-data;", UNBOUNDED, NULL},
        {"multipart/form-data; charset=x", UNBOUNDED, NULL},
        {"multipart/form-data; boundary=", WRONG, NULL},
        {"multipart/form-data; boundary=\"\"", WRONG, NULL},
        {"multipart/form-data; boundary", WRONG, NULL},
        {"multipart/form-data; boundary=\"abc", WRONG, NULL},
        {"multipart/form-data; boundary=\"a\\\"b\"", WRONG, NULL},
        {"multipart/form-data; boundary=\"abc\"x", WRONG, NULL},
        {"multipart/form-data; boundary=a; boundary=b", WRONG, NULL},
        {"multipart/form-data; boundary=a; boundary=a", WRONG, NULL},
        {"multipart/form-data; boundary=a\tb", WRONG, NULL},
        {"multipart/form-data boundary=a", OTHER, NULL},
        {"multipart/mixed; boundary=a", OTHER, NULL},
        {"image/jpeg", OTHER, NULL},
        {"", OTHER, NULL},
        {"\"", OTHER, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice boundary = SLICE("untouched");
        int kind = (int)multipart_boundary(slice_of(rows[i].value), &boundary);
        const char *want = rows[i].boundary == NULL ? "untouched" : rows[i].boundary;
        if (kind != rows[i].kind || !slice_eq(boundary, slice_of(want)))
            fail_msg("%s: %d", rows[i].value, kind);
    }
}

static void a_boundary_of_71_bytes_is_bad(void **state)
{
    (void)state;
    static const char value[] =
        "multipart/form-data; boundary="
        "7777777777777777777777777777777777777777777777777777777777777777777777x";
    struct slice boundary;
    assert_int_equal(multipart_boundary((struct slice){value, sizeof value - 1}, &boundary),
                     MULTIPART_KIND_BAD);
    assert_int_equal(multipart_boundary((struct slice){value, sizeof value - 2}, &boundary),
                     MULTIPART_KIND_BOUNDED);
    assert_int_equal(boundary.len, MULTIPART_BOUNDARY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_gives_its_parts),
        cmocka_unit_test(any_split_gives_the_same),
        cmocka_unit_test(a_body_cut_short_never_ends),
        cmocka_unit_test(what_ended_or_is_bad_stays_so),
        cmocka_unit_test(a_boundary_is_1_to_70_visible_bytes),
        cmocka_unit_test(the_longest_boundary_works_at_every_split),
        cmocka_unit_test(a_head_has_at_most_2048_bytes),
        cmocka_unit_test(a_body_has_at_most_16_parts),
        cmocka_unit_test(at_most_1024_bytes_stand_before_the_first_part),
        cmocka_unit_test(data_is_pointed_at_and_not_cut_up_at_every_cr),
        cmocka_unit_test(names_stay_readable_until_the_next_part),
        cmocka_unit_test(a_boundary_is_found_in_the_content_type),
        cmocka_unit_test(a_boundary_of_71_bytes_is_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
