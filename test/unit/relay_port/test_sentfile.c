/* Goal: scripts that read sent_files.json find it whole at every moment, and nothing anybody wrote
 * there is lost. Method: a disk in memory that fails at every call and loses power before every
 * call. */
#include "test/unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "relay/logic/sentfile.h"
#include "relay/port/json_jansson.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/fakes/relay/fake_outbox.h"

enum { SUNK_MAX = 2000 };

struct world {
    struct fake_clock clock;
    struct fake_fs disk;
    struct fake_outbox outbox;
    struct json json;
    struct sentfile file;
    struct sentfile_writing writing;
    char sunk[SUNK_MAX][40];
    size_t sunk_count, calls;
    enum err sink_says;
    bool stop;
};

static bool must_stop(void *arg)
{
    return ((struct world *)arg)->stop;
}

static struct world *make(size_t sent)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    fake_clock_init(&w.clock);
    fake_fs_init(&w.disk);
    fake_outbox_init(&w.outbox);
    w.json = json_jansson();
    for (size_t i = 1; i <= sent; i++) {
        struct photo p = {.id = (int64_t)i};
        struct delivery_result r = {.photo = p.id, .outcome = DELIVERY_SENT};
        (void)snprintf(p.name, sizeof p.name, "p%zu.jpg", i);
        fake_outbox_add(&w.outbox, &p, 0);
        fake_outbox_record(&w.outbox, &r, 1);
    }
    assert_int_equal(sentfile_init(&w.file, &w.disk.fs, &w.json, "sent_files.json"), ERR_OK);
    w.writing = (struct sentfile_writing){
        .view = &w.outbox.view,
        .seen = INT64_MAX,
        .clock = &w.clock.clock,
        .stop = must_stop,
        .stop_arg = &w,
    };
    return &w;
}

static void end(struct world *w)
{
    assert_int_equal(fake_fs_open_count(&w->disk), 0);
    fake_outbox_deinit(&w->outbox);
    fake_fs_deinit(&w->disk);
}

static enum err sink(void *ctx, const char *const *names, size_t count)
{
    struct world *w = ctx;
    w->calls++;
    assert_in_range(count, 1, SENTFILE_NAMES_AT_ONCE);
    for (size_t i = 0; i < count && w->sink_says == ERR_OK; i++)
        (void)snprintf(w->sunk[w->sunk_count++], sizeof w->sunk[0], "%s", names[i]);
    return w->sink_says;
}

static enum err import(struct world *w, struct sentfile_found *found)
{
    struct sentfile_sink s = {.ctx = w, .names = sink};
    w->sunk_count = 0;
    return sentfile_import(&w->file, &s, found);
}

static void put(struct world *w, const char *text)
{
    fake_fs_put(&w->disk, "sent_files.json", text, strlen(text));
}

static bool holds(struct world *w, const char *path, const char *text)
{
    return fake_fs_holds(&w->disk, path, text, strlen(text));
}

static const char TWO[] = "[\n\"p1.jpg\",\n\"p2.jpg\"\n]\n";

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const size_t COUNTS[] = {0, 1, 2, 255, 256, 257, 512, 1999};
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        struct world *w = make(COUNTS[i]);
        struct sentfile_found found;
        assert_int_equal(import(w, &found), ERR_OK);
        assert_false(found.there);
        assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
        assert_int_equal(import(w, &found), ERR_OK);
        assert_true(found.there);
        assert_int_equal(found.names, COUNTS[i]);
        assert_int_equal(w->sunk_count, COUNTS[i]);
        for (size_t n = 0; n < COUNTS[i]; n++)
            assert_string_equal(w->sunk[n], w->outbox.rows[n].row.photo.name);
        assert_int_equal(fake_fs_count(&w->disk, "."), 1);
        end(w);
    }
}

static void names_of_every_kind_survive(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"a b.jpg", "\xec\x82\xac.jpg", "q\"u\\o.jpg", "n\nl\t.jpg"};
    struct world *w = make(0);
    struct sentfile_found found;
    for (size_t i = 0; i < 5; i++) {
        struct photo p = {.id = (int64_t)i + 1};
        struct delivery_result r = {.photo = p.id, .outcome = DELIVERY_SENT};
        strcpy(p.name, i < 4 ? NAMES[i] : "\xff\xfe.jpg"); /* no text can hold the last one */
        fake_outbox_add(&w->outbox, &p, 0);
        fake_outbox_record(&w->outbox, &r, 1);
    }
    assert_int_equal(import(w, &found), ERR_OK);
    assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
    assert_int_equal(import(w, &found), ERR_OK);
    assert_string_equal(found.trouble.text, "");
    assert_int_equal(w->sunk_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(w->sunk[i], NAMES[i]);
    end(w);
}

static void the_scripts_own_file_is_taken_over(void **state)
{
    (void)state;
    struct world *w = make(2);
    struct sentfile_found found;
    put(w, "[\"old1.jpg\", \"old2.jpg\"]"); /* as json.dump writes it */
    assert_int_equal(import(w, &found), ERR_OK);
    assert_int_equal(w->sunk_count, 2);
    assert_string_equal(w->sunk[1], "old2.jpg");
    assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
    assert_true(holds(w, "sent_files.json", TWO));
    assert_int_equal(fake_fs_count(&w->disk, "."), 1); /* understood whole: no copy kept */
    end(w);
}

static void what_was_not_understood_is_kept_beside(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t names;
    } ROWS[] = {
        {"[\"a.jpg\", \"b.jp", 1}, /* the script died while writing */
        {"", 0},
        {"not json", 0},
        {"{\"sent\": [\"a.jpg\"], \"since\": 2024}", 1}, /* understood, but holds more */
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct world *w = make(2);
        struct sentfile_found found;
        put(w, ROWS[i].text);
        assert_int_equal(import(w, &found), ERR_OK);
        assert_int_equal(w->sunk_count, ROWS[i].names);
        assert_true(holds(w, "sent_files.json", ROWS[i].text));
        assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
        assert_true(holds(w, "sent_files.json", TWO));
        assert_true(holds(w, "sent_files.json.unreadable", ROWS[i].text));
        assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK); /* only once */
        assert_int_equal(fake_fs_count(&w->disk, "."), 2);
        end(w);
    }
}

static void copies_kept_beside_do_not_replace_each_other(void **state)
{
    (void)state;
    struct world *w = make(2);
    struct sentfile_found found;
    for (int i = 1; i <= 3; i++) {
        char text[32], path[40];
        (void)snprintf(text, sizeof text, "broken %d", i);
        if (i == 1)
            strcpy(path, "sent_files.json.unreadable");
        else
            (void)snprintf(path, sizeof path, "sent_files.json.unreadable%d", i);
        put(w, text);
        assert_int_equal(import(w, &found), ERR_OK);
        assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
        assert_true(holds(w, path, text));
    }
    assert_true(holds(w, "sent_files.json.unreadable", "broken 1"));
    end(w);
}

static void what_was_never_read_is_never_replaced(void **state)
{
    (void)state;
    static const enum fake_fs_call CALLS[] = {FAKE_FS_OPEN, FAKE_FS_READ};
    struct sentfile_found found;
    for (size_t i = 0; i < 2; i++) {
        struct world *w = make(2);
        put(w, "[\"precious.jpg\"]");
        assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_CORRUPT); /* no import yet */
        fake_fs_fail(&w->disk, CALLS[i], 1, ERR_IO, false);
        assert_int_equal(import(w, &found), ERR_IO);
        assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_CORRUPT);
        assert_true(holds(w, "sent_files.json", "[\"precious.jpg\"]"));
        sentfile_note(&w->file);
        assert_false(sentfile_due(&w->file, (struct mono){UINT64_MAX - 1}));
        assert_int_equal(import(w, &found), ERR_OK); /* the disk came back */
        assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
        end(w);
    }
}

static void a_sink_that_fails_leaves_the_file(void **state)
{
    (void)state;
    struct world *w = make(2);
    struct sentfile_found found;
    put(w, "[\"a.jpg\"]");
    w->sink_says = ERR_FULL;
    assert_int_equal(import(w, &found), ERR_FULL);
    assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_CORRUPT);
    assert_true(holds(w, "sent_files.json", "[\"a.jpg\"]"));
    end(w);
}

static void it_is_written_at_most_once_a_minute_and_only_when_changed(void **state)
{
    (void)state;
    struct world *w = make(2);
    struct sentfile_found found;
    assert_int_equal(import(w, &found), ERR_OK);
    assert_false(sentfile_due(&w->file, w->clock.mono));
    assert_true(sentfile_next(&w->file).ms == UINT64_MAX);
    sentfile_note(&w->file);
    assert_true(sentfile_due(&w->file, w->clock.mono));
    assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
    uint64_t written = w->clock.mono.ms;
    assert_true(sentfile_next(&w->file).ms == UINT64_MAX);
    sentfile_note(&w->file);
    assert_int_equal(sentfile_next(&w->file).ms, written + SENTFILE_PAUSE_MS);
    assert_false(sentfile_due(&w->file, (struct mono){written + SENTFILE_PAUSE_MS - 1}));
    assert_true(sentfile_due(&w->file, (struct mono){written + SENTFILE_PAUSE_MS}));
    end(w);
}

static void a_slow_disk_is_written_to_less_often(void **state)
{
    (void)state;
    struct world *w = make(10);
    struct sentfile_found found;
    assert_int_equal(import(w, &found), ERR_OK);
    w->outbox.clock = &w->clock;
    w->outbox.slow_by_ms = 200; /* two seconds in all */
    assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
    sentfile_note(&w->file);
    assert_int_equal(sentfile_next(&w->file).ms,
                     w->clock.mono.ms + (uint64_t)SENTFILE_PAUSE_FACTOR * 2000);
    end(w);
}

static void a_stopped_writing_leaves_the_old_file_and_nothing_beside(void **state)
{
    (void)state;
    struct world *w = make(100);
    struct sentfile_found found;
    put(w, "[\"old.jpg\"]");
    assert_int_equal(import(w, &found), ERR_OK);
    w->stop = true;
    assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_LIMIT);
    assert_true(holds(w, "sent_files.json", "[\"old.jpg\"]"));
    assert_int_equal(fake_fs_count(&w->disk, "."), 1);
    w->stop = false; /* it is still owed */
    assert_true(sentfile_due(&w->file, (struct mono){w->clock.mono.ms + SENTFILE_PAUSE_MS}));
    end(w);
}

static const char OLD[] = "[\"a.jpg\", \"b.jp";

/* Nothing is lost: the old text is there, under one of its two names, and what bears the name of
 * the list is the old text, ours, or absent only while the old one is beside. */
static bool nothing_lost(struct world *w)
{
    bool beside = holds(w, "sent_files.json.unreadable", OLD);
    bool old = holds(w, "sent_files.json", OLD), ours = holds(w, "sent_files.json", TWO);
    if (fake_fs_has(&w->disk, "sent_files.json") && !old && !ours)
        return false;
    return old || beside;
}

static void every_failing_call_leaves_a_whole_file(void **state)
{
    (void)state;
    bool hit = true;
    for (unsigned nth = 1; hit; nth++) {
        struct world *w = make(2);
        struct sentfile_found found;
        put(w, OLD);
        assert_int_equal(import(w, &found), ERR_OK);
        fake_fs_fail(&w->disk, FAKE_FS_ANY, nth, ERR_IO, false);
        enum err e = sentfile_write(&w->file, &w->writing);
        hit = e != ERR_OK;
        assert_true(nothing_lost(w));
        fake_fs_fail(&w->disk, FAKE_FS_ANY, 0, ERR_OK, false);
        assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
        assert_true(holds(w, "sent_files.json", TWO));
        assert_true(holds(w, "sent_files.json.unreadable", OLD));
        assert_true(nth < 100);
        end(w);
    }
}

static void every_power_cut_leaves_a_whole_file(void **state)
{
    (void)state;
    for (int loss = 0; loss < FAKE_FS_LOSSES; loss++) {
        bool done = false;
        for (unsigned cut = 1; !done; cut++) {
            struct world *w = make(2);
            struct sentfile_found found;
            put(w, OLD);
            assert_int_equal(import(w, &found), ERR_OK);
            w->disk.cut_at = w->disk.calls + cut;
            done = sentfile_write(&w->file, &w->writing) == ERR_OK;
            bool was_off = w->disk.off;
            fake_fs_reboot(&w->disk, (enum fake_fs_loss)loss);
            assert_true(nothing_lost(w));
            if (done && !was_off)
                assert_true(holds(w, "sent_files.json", TWO)); /* OK means: it survives */
            assert_int_equal(sentfile_init(&w->file, &w->disk.fs, &w->json, "sent_files.json"),
                             ERR_OK);
            assert_int_equal(import(w, &found), ERR_OK);
            assert_int_equal(sentfile_write(&w->file, &w->writing), ERR_OK);
            assert_true(holds(w, "sent_files.json", TWO));
            end(w);
        }
    }
}

static void names_with_folders_are_refused(void **state)
{
    (void)state;
    static struct sentfile s;
    char name[SENTFILE_NAME_MAX + 1];
    memset(name, 'n', sizeof name - 1);
    name[SENTFILE_NAME_MAX] = '\0';
    struct world *w = make(0);
    assert_int_equal(sentfile_init(&s, &w->disk.fs, &w->json, name), ERR_LIMIT);
    name[SENTFILE_NAME_MAX - 1] = '\0';
    assert_int_equal(sentfile_init(&s, &w->disk.fs, &w->json, name), ERR_OK);
    assert_int_equal(sentfile_init(&s, &w->disk.fs, &w->json, ""), ERR_LIMIT);
    assert_int_equal(sentfile_init(&s, &w->disk.fs, &w->json, "a/b"), ERR_LIMIT);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(names_of_every_kind_survive),
        cmocka_unit_test(the_scripts_own_file_is_taken_over),
        cmocka_unit_test(what_was_not_understood_is_kept_beside),
        cmocka_unit_test(copies_kept_beside_do_not_replace_each_other),
        cmocka_unit_test(what_was_never_read_is_never_replaced),
        cmocka_unit_test(a_sink_that_fails_leaves_the_file),
        cmocka_unit_test(it_is_written_at_most_once_a_minute_and_only_when_changed),
        cmocka_unit_test(a_slow_disk_is_written_to_less_often),
        cmocka_unit_test(a_stopped_writing_leaves_the_old_file_and_nothing_beside),
        cmocka_unit_test(every_failing_call_leaves_a_whole_file),
        cmocka_unit_test(every_power_cut_leaves_a_whole_file),
        cmocka_unit_test(names_with_folders_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
