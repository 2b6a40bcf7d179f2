/* Goal: what is owed to a destination is never deleted unless the owner said so, and then counted;
 * what goes is the oldest, in steps, with its key remembered first. */
#include <stdio.h>
#include <string.h>

#include "relay/logic/retention.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/fakes/relay/fake_state.h"
#include "test/unit/unit.h"

#define MIB (1ULL << 20)
enum { PHOTO_BYTES = 1 << 20, REMEMBERED_MAX = 256 };

static struct {
    struct fake_state fake;
    struct fake_fs disk;
    struct state state;
    struct state_view view;
    struct retention retention;
    struct retention_rules rules;
    struct retention_look look;
    struct retention_plan plan;
    struct retention_done done;
    int64_t last;
    char remembered[REMEMBERED_MAX][PHOTO_KEY_MAX];
    size_t remembered_count;
    enum err remember_fails;
} s_t;

static int begin(void **state)
{
    (void)state;
    memset(&s_t, 0, sizeof s_t);
    fake_state_init(&s_t.fake);
    fake_state_open(&s_t.fake, &s_t.state);
    fake_state_view_open(&s_t.fake, &s_t.view);
    fake_fs_init(&s_t.disk);
    const char *names[] = {"a"};
    assert_int_equal(s_t.state.destinations_set(s_t.state.ctx, names, 1), ERR_OK);
    s_t.look = (struct retention_look){&s_t.view, INT64_MAX, {1000000}, {1000 * MIB, 2000 * MIB}};
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_state_deinit(&s_t.fake);
    fake_fs_deinit(&s_t.disk);
    return 0;
}

/* Photos 1..n are received at 1..n ms; odd ones have a key. */
static void put(const char *camera, bool sent)
{
    struct photo p = {.id = ++s_t.last, .size_bytes = PHOTO_BYTES, .received = {s_t.last}};
    (void)snprintf(p.name, sizeof p.name, "%lld.jpg", (long long)p.id);
    (void)snprintf(p.camera, sizeof p.camera, "%s", camera);
    if (p.id % 2 != 0)
        (void)snprintf(p.key, sizeof p.key, "key%lld", (long long)p.id);
    p.sent_already = sent;
    struct state_batch batch = {p.id, p.id - 1, &p, 1};
    assert_int_equal(s_t.state.commit(s_t.state.ctx, &batch), ERR_OK);
    fake_fs_put(&s_t.disk, p.name, "x", 1);
}

static void put_many(int count, bool sent)
{
    for (int i = 0; i < count; i++)
        put("door", sent);
}

static bool is_there(int64_t id)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%lld.jpg", (long long)id);
    bool row = fake_state_has(&s_t.fake, name, NULL);
    assert_int_equal(row, fake_fs_has(&s_t.disk, name)); /* row and file go together */
    return row;
}

static enum err remember(void *ctx, const struct photo *p)
{
    (void)ctx;
    if (s_t.remember_fails != ERR_OK)
        return s_t.remember_fails;
    assert_true(fake_state_has(&s_t.fake, p->name, NULL)); /* before the row goes */
    assert_true(fake_fs_has(&s_t.disk, p->name));          /* and before the file */
    memcpy(s_t.remembered[s_t.remembered_count++], p->key, sizeof p->key);
    return ERR_OK;
}

static enum err plan(void)
{
    return retention_plan(&s_t.retention, &s_t.rules, &s_t.look, &s_t.plan);
}

static enum err carry_out(void)
{
    struct retention_tools tools = {
        &s_t.state, &s_t.view, s_t.look.seen, &s_t.disk.fs, remember, NULL,
    };
    return retention_carry_out(&s_t.plan, &tools, &s_t.done);
}

/* Plans and deletes until nothing more is to be done, as the keeper does. */
static uint64_t run(void)
{
    uint64_t deleted = 0;
    unsigned steps = 0;
    do {
        assert_int_equal(plan(), ERR_OK);
        assert_true(s_t.plan.count <= RETENTION_STEP_MAX);
        assert_int_equal(carry_out(), ERR_OK);
        deleted += s_t.done.deleted;
        s_t.look.space.free_bytes += s_t.done.bytes;
        assert_true(++steps < 1000);
    } while (s_t.plan.more);
    return deleted;
}

static void nothing_is_deleted_unless_asked(void **state)
{
    (void)state;
    put_many(3, true);
    s_t.rules.floor_bytes = 1500 * MIB;
    assert_int_equal(run(), 0);
    assert_int_equal(s_t.plan.reason, RETENTION_NONE);
    assert_true(is_there(1));
}

static void the_floor_is_the_larger_of_bytes_and_share(void **state)
{
    (void)state;
    struct retention_rules r = {.floor_bytes = 100, .floor_percent = 10};
    assert_int_equal(retention_floor(&r, (struct fs_space){5, 900}), 100);
    assert_int_equal(retention_floor(&r, (struct fs_space){5, 2000}), 200);
    assert_int_equal(retention_floor(&r, (struct fs_space){5, 0}), 0);
}

static void an_upload_needs_room_above_the_floor(void **state)
{
    (void)state;
    struct retention_rules r = {.floor_bytes = 10 * MIB};
    bool refusing = false;
    struct fs_space space = {11 * MIB, 1000 * MIB};
    assert_true(retention_has_room(&r, space, MIB, &refusing));
    assert_false(retention_has_room(&r, space, MIB + 1, &refusing));
    assert_false(refusing); /* too large, but there is room for others */
    assert_false(retention_has_room(&r, space, UINT64_MAX, &refusing));
    assert_true(retention_has_room(&r, space, MIB, &refusing));
    space.free_bytes = 10 * MIB - 1;
    assert_false(retention_has_room(&r, space, 0, &refusing));
    assert_true(refusing);
    space.free_bytes = 10 * MIB + RETENTION_SLACK_BYTES - 1;
    assert_false(retention_has_room(&r, space, 0, &refusing));
    space.free_bytes++;
    assert_true(retention_has_room(&r, space, 0, &refusing));
    assert_false(refusing);
    space.free_bytes = 10 * MIB;
    assert_true(retention_has_room(&r, space, 0, &refusing));
    assert_true(retention_has_room(&r, (struct fs_space){0, 0}, 99, &refusing)); /* not known */
}

static void the_oldest_sent_go_until_the_floor_is_kept_with_some_slack(void **state)
{
    (void)state;
    put_many(2, false);
    put_many(100, true);
    s_t.rules = (struct retention_rules){.floor_bytes = 100 * MIB, .make_room = true};
    s_t.look.space.free_bytes = 100 * MIB + RETENTION_SLACK_BYTES;
    assert_int_equal(run(), 0);
    s_t.look.space.free_bytes--;
    assert_int_equal(plan(), ERR_OK);
    assert_int_equal(s_t.plan.reason, RETENTION_FLOOR);
    assert_int_equal(run(), RETENTION_SLACK_BYTES / PHOTO_BYTES + 1);
    assert_true(is_there(1) && is_there(2)); /* unsent */
    assert_false(is_there(3));
    assert_false(is_there(19));
    assert_true(is_there(20));
}

static void unsent_ones_stay_although_the_disk_is_full(void **state)
{
    (void)state;
    put_many(40, false);
    struct delivery_result dead = {.photo = 1, .outcome = DELIVERY_DEAD};
    assert_int_equal(s_t.state.deliveries_record(s_t.state.ctx, &dead, 1), ERR_OK);
    s_t.rules = (struct retention_rules){.floor_bytes = 100 * MIB,
                                         .make_room = true,
                                         .max_bytes = 1,
                                         .camera_bytes = 1,
                                         .max_age_ms = 1};
    s_t.look.space.free_bytes = 0;
    assert_int_equal(run(), 0);
    assert_true(is_there(1) && is_there(40));
}

static void unsent_ones_go_last_if_the_owner_says_so_and_are_counted(void **state)
{
    (void)state;
    put_many(40, false);
    put_many(5, true);
    s_t.rules = (struct retention_rules){
        .floor_bytes = 100 * MIB, .make_room = true, .overwrite_unsent = true};
    s_t.look.space.free_bytes = 100 * MIB + RETENTION_SLACK_BYTES - 1;
    uint64_t lost = 0, deleted = 0;
    do {
        assert_int_equal(plan(), ERR_OK);
        assert_int_equal(carry_out(), ERR_OK);
        assert_true(!s_t.plan.unsent || deleted >= 5); /* the sent ones first */
        deleted += s_t.done.deleted;
        lost += s_t.done.lost;
        s_t.look.space.free_bytes += s_t.done.bytes;
    } while (s_t.plan.more);
    assert_int_equal(deleted, 17);
    assert_int_equal(lost, 12);
    assert_false(is_there(12));
    assert_true(is_there(13));
    assert_false(is_there(41));
    s_t.rules.max_bytes = 1; /* this price is for space alone */
    s_t.look.space.free_bytes = 1000 * MIB;
    assert_int_equal(run(), 0);
}

static void more_than_one_step_of_unsent_ones_can_go(void **state)
{
    (void)state;
    put_many(60, false);
    s_t.rules = (struct retention_rules){
        .floor_bytes = 100 * MIB, .make_room = true, .overwrite_unsent = true};
    s_t.look.space.free_bytes = 100 * MIB - 20 * MIB;
    assert_int_equal(run(), 52);
    assert_true(is_there(53));
    s_t.look.space.free_bytes = 0;
    assert_int_equal(run(), 8); /* and when nothing is left, that is that */
    assert_int_equal(run(), 0);
}

static void all_photos_together_stay_below_their_limit(void **state)
{
    (void)state;
    put_many(50, true);
    s_t.rules.max_bytes = 10 * PHOTO_BYTES;
    assert_int_equal(run(), 40);
    assert_int_equal(s_t.plan.reason, RETENTION_TOTAL);
    assert_false(is_there(40));
    assert_true(is_there(41));
    s_t.rules.max_bytes = 10 * PHOTO_BYTES - 1;
    assert_int_equal(run(), 1);
}

static void a_camera_stays_below_its_quota(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        put("door", true);
        put("yard", i >= 20);
        if (i < 3)
            put("roof", true);
    }
    s_t.rules.camera_bytes = 3 * PHOTO_BYTES;
    assert_int_equal(run(), 37 + 20);
    struct camera_row rows[3];
    size_t count = 0;
    assert_int_equal(s_t.view.cameras(s_t.view.ctx, rows, 3, &count), ERR_OK);
    assert_int_equal(rows[0].bytes, 3 * PHOTO_BYTES);
    assert_int_equal(rows[1].bytes, 3 * PHOTO_BYTES);
    assert_int_equal(rows[2].bytes, 20 * PHOTO_BYTES); /* its unsent ones */
}

static void old_photos_go_by_age(void **state)
{
    (void)state;
    put_many(50, true);
    s_t.rules.max_age_ms = 10;
    s_t.look.now.ms = 50;
    assert_int_equal(run(), 39); /* one of exactly that age stays */
    assert_true(is_there(40));
    s_t.look.now.ms = 0; /* not known */
    assert_int_equal(run(), 0);
    s_t.look.now.ms = INT64_MAX;
    assert_int_equal(run(), 11);
}

static void photos_from_the_future_do_not_stop_the_others(void **state)
{
    (void)state;
    s_t.last = 1000; /* received at 1001.. */
    put_many(40, true);
    struct photo old = {.id = ++s_t.last, .received = {5}, .sent_already = true, .name = "old"};
    struct state_batch batch = {s_t.last, 1, &old, 1};
    assert_int_equal(s_t.state.commit(s_t.state.ctx, &batch), ERR_OK);
    fake_fs_put(&s_t.disk, "old", "x", 1);
    s_t.rules.max_age_ms = 10;
    s_t.look.now.ms = 50;
    assert_int_equal(run(), 1);
    assert_false(fake_state_has(&s_t.fake, "old", NULL));
    assert_true(is_there(1001));
}

static void keys_are_remembered_before_anything_is_deleted(void **state)
{
    (void)state;
    put_many(4, true);
    s_t.rules.max_bytes = 1;
    s_t.remember_fails = ERR_IO;
    assert_int_equal(plan(), ERR_OK);
    assert_int_equal(carry_out(), ERR_IO);
    assert_int_equal(s_t.done.deleted, 0);
    assert_true(is_there(1) && is_there(2));
    s_t.remember_fails = ERR_OK;
    assert_int_equal(run(), 4);
    assert_int_equal(s_t.remembered_count, 2);
    assert_string_equal(s_t.remembered[0], "key1");
    assert_string_equal(s_t.remembered[1], "key3");
    bool found = false;
    struct photo first;
    assert_int_equal(s_t.state.key_find(s_t.state.ctx, "door", "key3", &found, &first), ERR_OK);
    assert_true(found);
    assert_int_equal(first.id, 0);
}

static void files_stay_when_their_rows_cannot_be_forgotten(void **state)
{
    (void)state;
    put_many(4, true);
    s_t.rules.max_bytes = 1;
    assert_int_equal(plan(), ERR_OK);
    fake_state_fail(&s_t.fake, 1, ERR_FULL);
    assert_int_equal(carry_out(), ERR_FULL);
    assert_int_equal(s_t.done.deleted, 0);
    assert_true(is_there(1) && is_there(4));
}

static void a_file_that_stays_is_an_error_and_the_others_go(void **state)
{
    (void)state;
    put_many(3, true);
    s_t.rules.max_bytes = 1;
    assert_int_equal(plan(), ERR_OK);
    fake_fs_fail(&s_t.disk, FAKE_FS_REMOVE, 2, ERR_IO, false);
    assert_int_equal(carry_out(), ERR_IO);
    assert_int_equal(s_t.done.deleted, 3);
    assert_false(fake_fs_has(&s_t.disk, "1.jpg"));
    assert_true(fake_fs_has(&s_t.disk, "2.jpg"));
    assert_false(fake_fs_has(&s_t.disk, "3.jpg"));
}

static void a_photo_owed_to_a_newer_destination_is_spared(void **state)
{
    (void)state;
    put_many(3, true);
    s_t.rules.max_bytes = 1;
    assert_int_equal(plan(), ERR_OK);
    assert_int_equal(s_t.plan.count, 3);
    const char *names[] = {"a", "b"};
    assert_int_equal(s_t.state.destinations_set(s_t.state.ctx, names, 2), ERR_OK);
    assert_int_equal(carry_out(), ERR_OK);
    assert_int_equal(s_t.done.deleted, 0);
    assert_true(is_there(1) && is_there(2) && is_there(3));
    assert_int_equal(s_t.remembered_count, 0);
}

static void what_was_not_flushed_is_not_touched(void **state)
{
    (void)state;
    put_many(5, true);
    s_t.rules.max_bytes = 1;
    s_t.look.seen = 3;
    assert_int_equal(run(), 3);
    assert_true(is_there(4) && is_there(5));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
    const struct CMUnitTest tests[] = {
        T(nothing_is_deleted_unless_asked),
        T(the_floor_is_the_larger_of_bytes_and_share),
        T(an_upload_needs_room_above_the_floor),
        T(the_oldest_sent_go_until_the_floor_is_kept_with_some_slack),
        T(unsent_ones_stay_although_the_disk_is_full),
        T(unsent_ones_go_last_if_the_owner_says_so_and_are_counted),
        T(more_than_one_step_of_unsent_ones_can_go),
        T(all_photos_together_stay_below_their_limit),
        T(a_camera_stays_below_its_quota),
        T(old_photos_go_by_age),
        T(photos_from_the_future_do_not_stop_the_others),
        T(keys_are_remembered_before_anything_is_deleted),
        T(files_stay_when_their_rows_cannot_be_forgotten),
        T(a_file_that_stays_is_an_error_and_the_others_go),
        T(a_photo_owed_to_a_newer_destination_is_spared),
        T(what_was_not_flushed_is_not_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
