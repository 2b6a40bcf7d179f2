/* Goal: rows, keys and counters mean the same in every implementation, over restarts too. */
#include <stdio.h>
#include <string.h>

#include "test/contract/relay/state_contract_world.h"

static struct state_mark mark_now(void)
{
    struct state_mark m;
    assert_int_equal(world.state.mark(world.state.ctx, &m), ERR_OK);
    return m;
}

static void assert_same_photo(const struct photo *a, const struct photo *b)
{
    assert_int_equal(a->id, b->id);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->size_bytes, b->size_bytes);
    assert_memory_equal(a->sha256, b->sha256, sizeof a->sha256);
    assert_int_equal(a->received.ms, b->received.ms);
    assert_int_equal(a->captured.ms, b->captured.ms);
    assert_string_equal(a->camera, b->camera);
    assert_string_equal(a->key, b->key);
    assert_string_equal(a->original, b->original);
    assert_int_equal(a->has_seq, b->has_seq);
    assert_true(a->boot == b->boot && a->seq == b->seq);
}

static void a_new_state_is_to_be_rebuilt_from_the_files(void **state)
{
    (void)state;
    struct state_mark m = mark_now();
    assert_true(m.rebuilt);
    assert_int_equal(m.last_photo, 0);
    assert_int_equal(m.last_batch, 0);
    assert_int_equal(m.flushed, 0);
    assert_int_equal(m.last_wall.ms, 0);
    world_reopen_killed();
    assert_true(mark_now().rebuilt);
    assert_int_equal(world.state.rebuild_done(world.state.ctx), ERR_OK);
    assert_false(mark_now().rebuilt);
    world_reopen_killed();
    assert_false(mark_now().rebuilt);
}

static void every_field_of_a_photo_comes_back(void **state)
{
    (void)state;
    struct photo p = world_photo("문앞_20240101_120000.jpg", "door \xea\xb0\x80", "key/1");
    p.captured.ms = -5;
    p.received.ms = 1700000000123;
    p.boot = UINT64_MAX;
    p.seq = 1ULL << 63;
    p.has_seq = true;
    p.size_bytes = 5000000000;
    world_commit(&p, 1);
    struct photo plain = world_put("plain.jpg", "", "");
    struct photo got;
    bool found = false;
    world_reopen_clean();
    assert_int_equal(world.state.name_find(world.state.ctx, p.name, &found, &got), ERR_OK);
    assert_true(found);
    assert_same_photo(&got, &p);
    assert_int_equal(got.batch, 1);
    assert_int_equal(world_list(INT64_MAX, NULL), 2);
    assert_same_photo(&world.listed[0].photo, &plain);
    assert_same_photo(&world.listed[1].photo, &p);
    assert_int_equal(world.state.name_find(world.state.ctx, "문앞", &found, &got), ERR_OK);
    assert_false(found);
}

static void the_longest_texts_fit(void **state)
{
    (void)state;
    struct photo p = world_photo("n", "c", "k");
    memset(p.name, 'n', PHOTO_NAME_MAX - 1);
    memset(p.camera, 'c', PHOTO_CAMERA_MAX - 1);
    memset(p.key, 'k', PHOTO_KEY_MAX - 1);
    memset(p.original, 'o', PHOTO_ORIGINAL_MAX - 1);
    world_commit(&p, 1);
    struct photo got;
    assert_true(world_key(p.camera, p.key, &got));
    assert_same_photo(&got, &p);
    world_forget(p.id, true);
    assert_true(world_key(p.camera, p.key, &got));
    assert_string_equal(got.name, p.name);
}

static void a_clean_end_is_told_from_an_unclean_one(void **state)
{
    (void)state;
    assert_true(mark_now().clean);
    (void)world_put("a.jpg", "", "");
    (void)world_put("b.jpg", "", "");
    world_reopen_clean();
    struct state_mark m = mark_now();
    assert_true(m.clean);
    assert_int_equal(m.last_photo, 2);
    assert_int_equal(m.last_batch, 2);
    assert_int_equal(m.flushed, 2);
    assert_int_equal(m.last_wall.ms, 5002);
    world_reopen_killed();
    assert_false(mark_now().clean);
    (void)world_put("c.jpg", "", "");
    assert_int_equal(mark_now().last_photo, 2); /* where the last run ended */
    world_reopen_killed();
    m = mark_now();
    assert_false(m.clean);
    assert_int_equal(m.last_photo, 3);
    assert_int_equal(m.last_batch, 3);
    assert_int_equal(m.flushed, 2); /* batch 3 carried that 2 was flushed */
    assert_int_equal(m.last_wall.ms, 1003);
}

static void an_end_before_the_last_flush_is_not_clean(void **state)
{
    (void)state;
    (void)world_put("a.jpg", "", "");
    world.view.close(world.view.ctx);
    assert_int_equal(world.state.close(world.state.ctx, 0, (struct wall){7}), ERR_OK);
    world.contract->open(&world.state);
    world.contract->open_view(&world.view);
    assert_false(mark_now().clean);
    assert_int_equal(mark_now().flushed, 0);
}

static void a_flush_can_be_noted_without_a_batch(void **state)
{
    (void)state;
    (void)world_put("a.jpg", "", "");
    assert_int_equal(world.state.note_flushed(world.state.ctx, 1, (struct wall){777}), ERR_OK);
    world_reopen_killed();
    assert_int_equal(mark_now().flushed, 1);
    assert_int_equal(mark_now().last_wall.ms, 777);
    assert_int_equal(world.state.note_flushed(world.state.ctx, 0, (struct wall){778}), ERR_OK);
    world_reopen_killed();
    assert_int_equal(mark_now().flushed, 1); /* it never goes back */
}

static void a_batch_without_photos_moves_the_mark(void **state)
{
    (void)state;
    world_commit(NULL, 0);
    world_reopen_killed();
    assert_int_equal(mark_now().last_batch, 1);
    assert_int_equal(mark_now().last_photo, 0);
}

static void numbers_are_not_used_twice_when_the_newest_photo_is_forgotten(void **state)
{
    (void)state;
    (void)world_put("a.jpg", "", "");
    world_forget(world_put("b.jpg", "", "").id, false);
    world_reopen_clean();
    assert_int_equal(mark_now().last_photo, 2);
}

static void keys_belong_to_a_camera(void **state)
{
    (void)state;
    struct photo a = world_put("a.jpg", "door", "k1");
    struct photo b = world_put("b.jpg", "yard", "k1");
    struct photo got;
    assert_true(world_key("door", "k1", &got));
    assert_same_photo(&got, &a);
    assert_true(world_key("yard", "k1", &got));
    assert_same_photo(&got, &b);
    assert_false(world_key("roof", "k1", &got));
    assert_false(world_key("door", "k2", &got));
    assert_false(world_key("", "k1", &got));
}

static void a_key_outlives_its_photo_if_asked(void **state)
{
    (void)state;
    struct photo a = world_put("a.jpg", "door", "k1");
    struct photo b = world_put("b.jpg", "door", "k2");
    world_forget(a.id, true);
    world_forget(b.id, false);
    world_reopen_killed();
    struct photo got;
    assert_true(world_key("door", "k1", &got));
    assert_int_equal(got.id, 0);
    assert_string_equal(got.name, "a.jpg");
    assert_int_equal(got.size_bytes, a.size_bytes);
    assert_memory_equal(got.sha256, a.sha256, sizeof a.sha256);
    assert_string_equal(got.camera, "door");
    assert_string_equal(got.key, "k1");
    assert_false(world_key("door", "k2", &got));
    assert_int_equal(world_list(INT64_MAX, NULL), 0);
}

static void a_key_stays_with_the_photo_that_has_it(void **state)
{
    (void)state;
    struct photo a = world_put("a.jpg", "door", "k1");
    struct photo b = world_put("b.jpg", "door", "k1");
    struct photo got;
    assert_true(world_key("door", "k1", &got));
    assert_int_equal(got.id, a.id);
    world_forget(b.id, false);
    assert_true(world_key("door", "k1", &got));
    world_forget(a.id, true);
    struct photo c = world_put("c.jpg", "door", "k1");
    assert_true(world_key("door", "k1", &got));
    assert_int_equal(got.id, c.id); /* its photo was gone: the new one has it */
}

static void a_key_is_restored_without_its_photo(void **state)
{
    (void)state;
    struct photo p = world_photo("old.jpg", "door", "k9");
    p.received.ms = 42;
    assert_int_equal(world.state.key_restore(world.state.ctx, &p), ERR_OK);
    struct photo other = world_photo("other.jpg", "door", "k9");
    assert_int_equal(world.state.key_restore(world.state.ctx, &other), ERR_OK);
    struct photo got;
    world_reopen_killed();
    assert_true(world_key("door", "k9", &got));
    assert_int_equal(got.id, 0);
    assert_string_equal(got.name, "old.jpg");
    assert_int_equal(got.size_bytes, p.size_bytes);
    struct photo stored = world_put("new.jpg", "door", "k10");
    struct photo again = world_photo("x.jpg", "door", "k10");
    assert_int_equal(world.state.key_restore(world.state.ctx, &again), ERR_OK);
    assert_true(world_key("door", "k10", &got));
    assert_int_equal(got.id, stored.id);
}

static void keys_expire_only_when_old_and_many(void **state)
{
    (void)state;
    struct photo got;
    char key[24];
    for (int i = 0; i < 6; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        struct photo p = world_photo(key, "door", key);
        p.received.ms = i == 1 ? 9000 : 100 + i;
        assert_int_equal(world.state.key_restore(world.state.ctx, &p), ERR_OK);
    }
    (void)world_put("live.jpg", "door", "live");
    assert_int_equal(world.state.keys_expire(world.state.ctx, (struct wall){8000}, 6), ERR_OK);
    assert_true(world_key("door", "k0", &got)); /* few enough */
    assert_int_equal(world.state.keys_expire(world.state.ctx, (struct wall){100}, 2), ERR_OK);
    assert_true(world_key("door", "k0", &got)); /* young enough */
    assert_int_equal(world.state.keys_expire(world.state.ctx, (struct wall){8000}, 3), ERR_OK);
    assert_false(world_key("door", "k0", &got));
    assert_true(world_key("door", "k1", &got)); /* old by place, young by time */
    assert_false(world_key("door", "k2", &got));
    for (int i = 3; i < 6; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        assert_true(world_key("door", key, &got));
    }
    assert_int_equal(world.state.keys_expire(world.state.ctx, (struct wall){INT64_MAX}, 0), ERR_OK);
    assert_false(world_key("door", "k5", &got));
    assert_true(world_key("door", "live", &got));
}

static void content_is_found_by_camera_and_time(void **state)
{
    (void)state;
    struct photo a = world_put("a.jpg", "door", "");
    struct photo b = a;
    (void)snprintf(b.name, sizeof b.name, "b.jpg");
    b.received.ms = 0;
    world_commit(&b, 1);
    (void)world_put("c.jpg", "door", "");
    for (int again = 0; again < 2; again++) {
        bool found = false;
        struct photo got;
        const struct state *s = &world.state;
        assert_int_equal(s->content_find(s->ctx, "door", a.sha256, (struct wall){0}, &found, &got),
                         ERR_OK);
        assert_true(found);
        assert_string_equal(got.name, "b.jpg"); /* the newest */
        assert_int_equal(s->content_find(s->ctx, "door", a.sha256, b.received, &found, &got),
                         ERR_OK);
        assert_true(found);
        struct wall later = {b.received.ms + 1};
        assert_int_equal(s->content_find(s->ctx, "door", a.sha256, later, &found, &got), ERR_OK);
        assert_false(found);
        assert_int_equal(s->content_find(s->ctx, "yard", a.sha256, (struct wall){0}, &found, &got),
                         ERR_OK);
        assert_false(found);
        world_reopen_killed();
    }
    world_forget(b.id, true);
    bool found = false;
    struct photo got;
    assert_int_equal(
        world.state.content_find(world.state.ctx, "door", a.sha256, (struct wall){0}, &found, &got),
        ERR_OK);
    assert_true(found);
    assert_string_equal(got.name, "a.jpg");
}

static uint32_t counter(const char *base, uint32_t used)
{
    uint32_t last = 99;
    assert_int_equal(world.state.name_counter(world.state.ctx, base, used, &last), ERR_OK);
    return last;
}

static void counters_behind_names_go_up_and_are_kept_with_a_commit(void **state)
{
    (void)state;
    assert_int_equal(counter("photo_1", 0), 0);
    assert_int_equal(counter("photo_1", 1), 0);
    assert_int_equal(counter("photo_1", 2), 1);
    assert_int_equal(counter("photo_1", 7), 2);
    assert_int_equal(counter("photo_1", 3), 7); /* not back */
    assert_int_equal(counter("photo_1", 0), 7);
    assert_int_equal(counter("photo_2", 0), 0);
    (void)world_put("a.jpg", "", "");
    assert_int_equal(counter("lost", 5), 0);
    world_reopen_killed();
    assert_int_equal(counter("photo_1", 0), 7);
    assert_int_equal(counter("lost", 0), 0);
    assert_int_equal(counter("photo_1", 8), 7);
    (void)world_put("b.jpg", "", "");
    world_reopen_killed();
    assert_int_equal(counter("photo_1", 0), 8);
}

static void many_counters_are_remembered_at_once(void **state)
{
    (void)state;
    char base[48];
    for (uint32_t i = 0; i < 600; i++) {
        (void)snprintf(base, sizeof base, "base_%u", i);
        assert_int_equal(counter(base, i + 2), 0);
    }
    (void)world_put("a.jpg", "", "");
    world_reopen_killed();
    for (uint32_t i = 0; i < 600; i++) {
        (void)snprintf(base, sizeof base, "base_%u", i);
        assert_int_equal(counter(base, 0), i + 2);
    }
}

struct walk {
    int64_t ids[200];
    size_t count;
    size_t stop_at;
    bool forget;
};

static bool note_photo(void *arg, const struct photo *p)
{
    struct walk *w = arg;
    w->ids[w->count++] = p->id;
    if (w->forget)
        world_forget(p->id, false);
    return w->count != w->stop_at;
}

static void photos_above_a_batch_come_in_order_and_may_be_forgotten_on_the_way(void **state)
{
    (void)state;
    char name[64];
    for (int batch = 0; batch < 10; batch++) {
        struct photo photos[10];
        for (int i = 0; i < 10; i++) {
            (void)snprintf(name, sizeof name, "%d_%d.jpg", batch, i);
            photos[i] = world_photo(name, "", "");
        }
        world_commit(photos, 10);
    }
    struct walk w = {0};
    assert_int_equal(world.state.photos_above(world.state.ctx, 10, note_photo, &w), ERR_OK);
    assert_int_equal(w.count, 0);
    assert_int_equal(world.state.photos_above(world.state.ctx, 0, note_photo, &w), ERR_OK);
    assert_int_equal(w.count, 100);
    w = (struct walk){.stop_at = 5};
    assert_int_equal(world.state.photos_above(world.state.ctx, 3, note_photo, &w), ERR_OK);
    assert_int_equal(w.count, 5);
    w = (struct walk){.forget = true};
    assert_int_equal(world.state.photos_above(world.state.ctx, 3, note_photo, &w), ERR_OK);
    assert_int_equal(w.count, 70);
    for (size_t i = 0; i < w.count; i++)
        assert_int_equal(w.ids[i], 31 + (int64_t)i);
    assert_int_equal(world_counts().stored, 30);
    w = (struct walk){0};
    assert_int_equal(world.state.photos_above(world.state.ctx, 3, note_photo, &w), ERR_OK);
    assert_int_equal(w.count, 0);
}

static void pages_go_from_new_to_old_and_never_above_what_was_flushed(void **state)
{
    (void)state;
    char name[64];
    for (int i = 1; i <= 7; i++) {
        (void)snprintf(name, sizeof name, "%d.jpg", i);
        (void)world_put(name, i % 2 == 0 ? "even" : "", "");
    }
    struct listed_photo rows[3];
    size_t count = 0;
    const struct state_view *v = &world.view;
    assert_int_equal(v->list(v->ctx, 6, INT64_MAX, NULL, rows, 3, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].photo.id, 6);
    assert_int_equal(rows[2].photo.id, 4);
    assert_int_equal(v->list(v->ctx, 6, 4, NULL, rows, 3, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(rows[2].photo.id, 1);
    assert_int_equal(v->list(v->ctx, 6, 1, NULL, rows, 3, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(v->list(v->ctx, 5, INT64_MAX, "even", rows, 3, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(rows[0].photo.id, 4);
    assert_int_equal(v->list(v->ctx, 7, INT64_MAX, "", rows, 3, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].photo.id, 7);
    assert_int_equal(v->list(v->ctx, 7, INT64_MAX, "nobody", rows, 3, &count), ERR_OK);
    assert_int_equal(count, 0);
    bool found = true;
    assert_int_equal(v->by_name(v->ctx, 6, "7.jpg", &found, rows), ERR_OK);
    assert_false(found);
    assert_int_equal(v->by_name(v->ctx, 7, "7.jpg", &found, rows), ERR_OK);
    assert_true(found);
}

static void counts_follow_and_stop_at_what_was_flushed(void **state)
{
    (void)state;
    world_destinations("a", NULL);
    struct photo p[3] = {world_photo("1", "", ""), world_photo("2", "", ""),
                         world_photo("3", "", "")};
    p[2].sent_already = true;
    world_commit(p, 3);
    struct state_counts c = world_counts();
    assert_int_equal(c.stored, 3);
    assert_int_equal(c.bytes, p[0].size_bytes + p[1].size_bytes + p[2].size_bytes);
    assert_int_equal(c.pending[0], 2);
    assert_int_equal(c.sent[0], 1);
    assert_int_equal(c.oldest_pending[0].ms, p[0].received.ms);
    assert_int_equal(world.view.counts(world.view.ctx, 1, &c), ERR_OK);
    assert_int_equal(c.stored, 1);
    assert_int_equal(c.bytes, p[0].size_bytes);
    assert_int_equal(c.pending[0], 1);
    assert_int_equal(c.sent[0], 0);
    assert_int_equal(world.view.counts(world.view.ctx, 0, &c), ERR_OK);
    assert_int_equal(c.stored, 0);
    assert_int_equal(c.oldest_pending[0].ms, 0);
    world_forget(p[0].id, true);
    c = world_counts();
    assert_int_equal(c.stored, 2);
    assert_int_equal(c.pending[0], 1);
    assert_int_equal(c.oldest_pending[0].ms, p[1].received.ms);
    world_reopen_killed();
    struct state_counts again = world_counts();
    assert_memory_equal(&again, &c, sizeof c);
}

static void unknown_photos_are_forgotten_without_a_word(void **state)
{
    (void)state;
    struct photo a = world_put("a.jpg", "", "");
    int64_t ids[] = {99, a.id, a.id};
    assert_int_equal(world.state.photos_forget(world.state.ctx, ids, 3, true), ERR_OK);
    struct state_counts c = world_counts();
    assert_int_equal(c.stored, 0);
    assert_int_equal(c.bytes, 0);
}

static void a_photo_replaces_the_row_of_a_file_that_is_gone(void **state)
{
    (void)state;
    world_destinations("a", NULL);
    (void)world_put("same.jpg", "door", "k1");
    struct photo b = world_put("same.jpg", "yard", "k2");
    assert_int_equal(world_list(INT64_MAX, NULL), 1);
    assert_same_photo(&world.listed[0].photo, &b);
    struct photo got;
    assert_true(world_key("door", "k1", &got));
    assert_int_equal(got.id, 0);
    assert_true(world_key("yard", "k2", &got));
    assert_int_equal(world_counts().pending[0], 1);
    assert_int_equal(world_counts().stored, 1);
}

static struct camera_row camera_of(const char *name)
{
    struct camera_row rows[8];
    size_t count = 0;
    assert_int_equal(world.view.cameras(world.view.ctx, rows, 8, &count), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].camera, name) == 0)
            return rows[i];
    }
    fail_msg("no camera %s", name);
    return (struct camera_row){0};
}

static void put_number(const char *camera, uint64_t boot, uint64_t seq)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%lld.jpg", (long long)world.photo);
    struct photo p = world_photo(name, camera, "");
    p.boot = boot;
    p.seq = seq;
    p.has_seq = true;
    world_commit(&p, 1);
}

static void gaps_are_counted_per_camera_and_boot_and_close_again(void **state)
{
    (void)state;
    put_number("door", 7, 10);
    put_number("door", 7, 11);
    assert_int_equal(camera_of("door").gaps, 0);
    put_number("door", 7, 15);
    assert_int_equal(camera_of("door").gaps, 3);
    put_number("door", 7, 13);
    assert_int_equal(camera_of("door").gaps, 2);
    put_number("door", 7, 8); /* it came late, and 9 is on its way */
    assert_int_equal(camera_of("door").gaps, 3);
    put_number("door", 8, 1);
    put_number("door", 8, 3);
    world_reopen_killed();
    assert_int_equal(camera_of("door").gaps, 4);
    put_number("door", 7, 9);
    assert_int_equal(camera_of("door").gaps, 3);
    put_number("yard", 7, 100);
    assert_int_equal(camera_of("yard").gaps, 0);
    put_number("door", 7, 12);
    put_number("door", 7, 14);
    put_number("door", 8, 2);
    assert_int_equal(camera_of("door").gaps, 0);
    put_number("door", 8, 2); /* once more: not below zero */
    assert_int_equal(camera_of("door").gaps, 0);
}

static void a_camera_that_lies_about_its_numbers_is_bounded(void **state)
{
    (void)state;
    put_number("liar", 1, 0);
    put_number("liar", 1, UINT64_MAX);
    assert_int_equal(camera_of("liar").gaps, 1000000000);
    put_number("liar", UINT64_MAX, UINT64_MAX);
    put_number("liar", UINT64_MAX, 0);
    assert_int_equal(camera_of("liar").gaps, 2000000000);
}

static void cameras_count_what_they_ever_sent_and_what_is_there(void **state)
{
    (void)state;
    struct photo a = world_put("a.jpg", "yard", "");
    struct photo b = world_put("b.jpg", "yard", "");
    (void)world_put("c.jpg", "", "");
    (void)world_put("d.jpg", "door", "");
    world_forget(a.id, true);
    struct camera_row row = camera_of("yard");
    assert_int_equal(row.photos, 2);
    assert_int_equal(row.bytes, b.size_bytes);
    assert_int_equal(row.last_photo, b.id);
    assert_int_equal(row.last_received.ms, b.received.ms);
    struct camera_row rows[3];
    size_t count = 0;
    assert_int_equal(world.view.cameras(world.view.ctx, rows, 3, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_string_equal(rows[0].camera, "");
    assert_string_equal(rows[1].camera, "door");
    assert_string_equal(rows[2].camera, "yard");
    assert_int_equal(world.view.cameras(world.view.ctx, rows, 2, &count), ERR_OK);
    assert_int_equal(count, 2);
}

static void a_checkpoint_changes_nothing_that_is_stored(void **state)
{
    (void)state;
    struct photo a = world_put("a.jpg", "door", "k");
    assert_int_equal(world.state.checkpoint(world.state.ctx), ERR_OK);
    assert_int_equal(world.state.log_bytes(world.state.ctx), 0);
    struct photo got;
    assert_true(world_key("door", "k", &got));
    assert_int_equal(got.id, a.id);
    world_reopen_killed();
    assert_int_equal(world_list(INT64_MAX, NULL), 1);
}

const struct CMUnitTest state_photo_tests[] = {
    cmocka_unit_test(a_new_state_is_to_be_rebuilt_from_the_files),
    cmocka_unit_test(every_field_of_a_photo_comes_back),
    cmocka_unit_test(the_longest_texts_fit),
    cmocka_unit_test(a_clean_end_is_told_from_an_unclean_one),
    cmocka_unit_test(an_end_before_the_last_flush_is_not_clean),
    cmocka_unit_test(a_flush_can_be_noted_without_a_batch),
    cmocka_unit_test(a_batch_without_photos_moves_the_mark),
    cmocka_unit_test(numbers_are_not_used_twice_when_the_newest_photo_is_forgotten),
    cmocka_unit_test(keys_belong_to_a_camera),
    cmocka_unit_test(a_key_outlives_its_photo_if_asked),
    cmocka_unit_test(a_key_stays_with_the_photo_that_has_it),
    cmocka_unit_test(a_key_is_restored_without_its_photo),
    cmocka_unit_test(keys_expire_only_when_old_and_many),
    cmocka_unit_test(content_is_found_by_camera_and_time),
    cmocka_unit_test(counters_behind_names_go_up_and_are_kept_with_a_commit),
    cmocka_unit_test(many_counters_are_remembered_at_once),
    cmocka_unit_test(photos_above_a_batch_come_in_order_and_may_be_forgotten_on_the_way),
    cmocka_unit_test(pages_go_from_new_to_old_and_never_above_what_was_flushed),
    cmocka_unit_test(counts_follow_and_stop_at_what_was_flushed),
    cmocka_unit_test(unknown_photos_are_forgotten_without_a_word),
    cmocka_unit_test(a_photo_replaces_the_row_of_a_file_that_is_gone),
    cmocka_unit_test(gaps_are_counted_per_camera_and_boot_and_close_again),
    cmocka_unit_test(a_camera_that_lies_about_its_numbers_is_bounded),
    cmocka_unit_test(cameras_count_what_they_ever_sent_and_what_is_there),
    cmocka_unit_test(a_checkpoint_changes_nothing_that_is_stored),
};
const size_t state_photo_test_count = sizeof state_photo_tests / sizeof state_photo_tests[0];
