/* Goal: captured = sent + dropped + waiting, always, also after a power cut at any byte; photos
 * come out as the order says; nothing acknowledged comes again but by that cut. */
#include <string.h>

#include "camera/logic/backlog.h"
#include "camera/logic/flashpart.h"
#include "test/fakes/camera/fake_flash.h"
#include "test/unit/unit.h"

enum { SECTORS = 24, TALLY = 2, SLOTS = 6, ENTRIES = 32, ARENA = 3000, PHOTO = 700 };

static struct fake_flash s_flash;

struct rig {
    struct flashpart tally_part;
    struct flashpart log_part;
    struct tally tally;
    struct photolog log;
    struct photolog_entry entries[ENTRIES];
    struct backlog_slot slots[SLOTS];
    uint8_t arena[ARENA];
    struct backlog backlog;
    struct backlog_config config;
    uint32_t seq;
    uint32_t boot;
    int given_back;
};

static struct rig s_rig;

static void start(struct rig *r, uint32_t boot)
{
    flashpart_init(&r->tally_part, &s_flash.flash, 0, TALLY * FAKE_FLASH_SECTOR);
    flashpart_init(&r->log_part, &s_flash.flash, TALLY * FAKE_FLASH_SECTOR,
                   (SECTORS - TALLY) * FAKE_FLASH_SECTOR);
    assert_int_equal(tally_mount(&r->tally, &r->tally_part.flash), ERR_OK);
    assert_int_equal(photolog_mount(&r->log, &r->log_part.flash, r->entries, ENTRIES), ERR_OK);
    r->config.arena = r->arena;
    r->config.arena_bytes = ARENA;
    r->config.slots = r->slots;
    r->config.slots_max = SLOTS;
    r->config.log = &r->log;
    r->config.tally = &r->tally;
    r->config.boot = boot;
    r->boot = boot;
    r->seq = 0;
    backlog_start(&r->backlog, &r->config);
}

static struct rig *fresh(enum backlog_policy policy, enum backlog_order order)
{
    fake_flash_init(&s_flash, SECTORS);
    memset(&s_rig, 0, sizeof s_rig);
    s_rig.config.policy = policy;
    s_rig.config.order = order;
    start(&s_rig, 1);
    return &s_rig;
}

static void fill(uint8_t *out, uint32_t boot, uint32_t seq, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        out[i] = (uint8_t)(boot * 91 + seq * 31 + i * 3);
}

static enum err take_photo(struct rig *r, uint32_t len)
{
    static uint8_t jpeg[2 * ARENA]; /* static: the power may go in the middle */
    assert_true(len <= sizeof jpeg);
    struct shot s = {.boot = r->boot, .seq = ++r->seq, .length_bytes = len};
    fill(jpeg, r->boot, r->seq, len);
    return backlog_add(&r->backlog, &s, jpeg);
}

static void check_sums(const struct rig *r)
{
    const struct tally_counts *c = &r->tally.now;
    assert_int_equal(c->captured, c->sent + c->dropped + backlog_waiting(&r->backlog) +
                                      backlog_aside(&r->backlog));
}

static bool take(struct rig *r, struct backlog_item *item)
{
    if (!backlog_take(&r->backlog, item))
        return false;
    uint8_t got[4096], want[4096];
    fill(want, item->shot.boot, item->shot.seq, item->shot.length_bytes);
    assert_int_equal(backlog_read(&r->backlog, item, 0, got, item->shot.length_bytes), ERR_OK);
    assert_memory_equal(got, want, item->shot.length_bytes);
    return true;
}

static uint32_t send_one(struct rig *r)
{
    struct backlog_item item;
    if (!take(r, &item))
        return 0;
    backlog_sent(&r->backlog, &item);
    check_sums(r);
    return item.shot.boot * 1000 + item.shot.seq;
}

static void fail_one(struct rig *r)
{
    struct backlog_item item;
    assert_true(take(r, &item));
    backlog_failed(&r->backlog, &item);
    check_sums(r);
}

static void photos_in_ram_come_out_in_order_and_cost_no_log(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_FAIR);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 3; i++)
            assert_int_equal(take_photo(r, PHOTO + (uint32_t)round), ERR_OK);
        for (int i = 1; i <= 3; i++)
            assert_int_equal(send_one(r), 1000 + round * 3 + i);
        assert_int_equal(send_one(r), 0);
    }
    assert_int_equal(photolog_free_sectors(&r->log), r->log.sectors);
    assert_int_equal(r->tally.now.sent, 60);
}

static void the_first_failure_moves_everything_to_the_log(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    fail_one(r);
    assert_int_equal(r->log.count, 3);
    assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    assert_int_equal(r->log.count, 4);
    start(r, 2); /* the power goes */
    assert_int_equal(backlog_waiting(&r->backlog), 4);
    assert_int_equal(r->tally.now.dropped, 0);
    assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    for (uint32_t seq = 1; seq <= 4; seq++)
        assert_int_equal(send_one(r), 1000 + seq);
    assert_int_equal(send_one(r), 2001);
}

static void what_dies_in_ram_is_counted_at_the_next_start(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_FAIR);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    assert_int_equal(send_one(r), 1001);
    start(r, 2);
    assert_int_equal(r->backlog.lost_before, 2);
    assert_int_equal(r->tally.now.dropped, 2);
    check_sums(r);
    start(r, 3);
    assert_int_equal(r->backlog.lost_before, 0);
    assert_int_equal(r->tally.now.dropped, 2);
}

static void new_photos_take_turns_with_the_backlog(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_FAIR);
    for (int i = 0; i < 4; i++)
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    fail_one(r);
    assert_int_equal(send_one(r), 1001); /* the way is free again */
    for (int i = 0; i < 2; i++)
        assert_int_equal(take_photo(r, PHOTO), ERR_OK); /* 5 and 6 stay in RAM */
    assert_int_equal(r->log.count, 3);
    assert_int_equal(send_one(r), 1005);
    assert_int_equal(send_one(r), 1002);
    assert_int_equal(send_one(r), 1006);
    assert_int_equal(send_one(r), 1003);
    assert_int_equal(send_one(r), 1004);
    assert_int_equal(send_one(r), 0);
}

static void in_order_means_in_order(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
    for (int i = 0; i < 4; i++)
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    fail_one(r);
    assert_int_equal(send_one(r), 1001);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    for (uint32_t seq = 2; seq <= 7; seq++)
        assert_int_equal(send_one(r), 1000 + seq);
}

static void a_full_ram_overflows_into_the_log(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
    for (int i = 0; i < 10; i++)
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    check_sums(r);
    assert_int_equal(r->tally.now.dropped, 0);
    assert_true(r->log.count >= 5);
    for (uint32_t seq = 1; seq <= 10; seq++)
        assert_int_equal(send_one(r), 1000 + seq);
}

static void when_all_is_full_the_oldest_go_and_are_counted(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
    backlog_offline(&r->backlog);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
        check_sums(r);
    }
    uint32_t left = backlog_waiting(&r->backlog);
    assert_true(left >= 10 && left < 20);
    assert_int_equal(r->tally.now.dropped, 100 - left);
    for (uint32_t seq = 101 - left; seq <= 100; seq++)
        assert_int_equal(send_one(r), 1000 + seq);
}

static void with_stop_the_oldest_stay(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_STOP, BACKLOG_IN_ORDER);
    backlog_offline(&r->backlog);
    uint32_t kept = 0;
    for (int i = 0; i < 60; i++)
        kept += take_photo(r, PHOTO) == ERR_OK ? 1 : 0;
    check_sums(r);
    assert_int_equal(r->tally.now.dropped, 60 - kept);
    for (uint32_t seq = 1; seq <= kept; seq++)
        assert_int_equal(send_one(r), 1000 + seq);
}

static void thinning_out_covers_a_longer_time(void **state)
{
    (void)state;
    uint32_t reach[2];
    for (int thin = 0; thin < 2; thin++) {
        struct rig *r = fresh(thin == 1 ? BACKLOG_THIN_OUT : BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
        backlog_offline(&r->backlog);
        for (int i = 0; i < 26; i++) {
            enum err e = take_photo(r, PHOTO);
            assert_true(e == ERR_OK || (thin == 1 && e == ERR_FULL));
            check_sums(r);
        }
        reach[thin] = send_one(r);
    }
    assert_int_equal(reach[1], 1001); /* the very first is still there */
    assert_true(reach[0] > 1008);
}

static void a_photo_too_large_for_the_log_stays_in_ram_and_says_so(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
    r->config.log = NULL;
    backlog_start(&r->backlog, &r->config);
    backlog_offline(&r->backlog);
    assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    assert_int_equal(r->backlog.only_in_ram, 1);
    for (int i = 0; i < 9; i++)
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    check_sums(r);
    assert_int_equal(backlog_waiting(&r->backlog), 4);
    assert_int_equal(take_photo(r, ARENA + 1), ERR_FULL);
    check_sums(r);
}

static void three_refusals_set_a_photo_aside_in_ram_and_in_the_log(void **state)
{
    (void)state;
    for (int in_log = 0; in_log < 2; in_log++) {
        struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
        assert_int_equal(take_photo(r, PHOTO), ERR_OK);
        if (in_log == 1)
            backlog_offline(&r->backlog);
        for (int i = 1; i <= BACKLOG_PHOTO_TRIES_MAX; i++) {
            struct backlog_item item;
            assert_true(take(r, &item));
            assert_int_equal(item.shot.seq, 1);
            assert_int_equal(backlog_refused(&r->backlog, &item), i == BACKLOG_PHOTO_TRIES_MAX);
        }
        assert_int_equal(backlog_aside(&r->backlog), 1);
        assert_int_equal(send_one(r), 1002);
        assert_int_equal(send_one(r), 0);
        check_sums(r);
        if (in_log == 1) {
            start(r, 2);
            assert_int_equal(backlog_aside(&r->backlog), 1);
            assert_int_equal(send_one(r), 0);
        }
    }
}

static void a_damaged_photo_is_counted_and_never_sent(void **state)
{
    (void)state;
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
    backlog_offline(&r->backlog);
    assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    assert_int_equal(take_photo(r, PHOTO), ERR_OK);
    fake_flash_flip(&s_flash, (3 * FAKE_FLASH_SECTOR + 300) * 8); /* in the first photo's bytes */
    assert_int_equal(send_one(r), 1002);
    assert_int_equal(r->backlog.damaged, 1);
    assert_int_equal(r->tally.now.dropped, 1);
    check_sums(r);
}

static void give_back(void *ctx)
{
    ((struct rig *)ctx)->given_back++;
}

static enum err lend_photo(struct rig *r, uint8_t *jpeg, uint32_t len)
{
    struct shot s = {.boot = r->boot, .seq = ++r->seq, .length_bytes = len};
    fill(jpeg, r->boot, r->seq, len);
    return backlog_add_lent(&r->backlog, &s, jpeg, give_back, r);
}

static void a_lent_frame_goes_back_exactly_once(void **state)
{
    (void)state;
    static uint8_t frame[PHOTO];
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
    r->config.arena_bytes = 0;
    backlog_start(&r->backlog, &r->config);
    assert_int_equal(lend_photo(r, frame, PHOTO), ERR_OK);
    assert_int_equal(r->given_back, 0);
    assert_int_equal(send_one(r), 1001);
    assert_int_equal(r->given_back, 1);
    assert_int_equal(lend_photo(r, frame, PHOTO), ERR_OK);
    fail_one(r); /* moved to the log: the frame is free */
    assert_int_equal(r->given_back, 2);
    assert_int_equal(lend_photo(r, frame, PHOTO), ERR_OK);
    assert_int_equal(r->given_back, 3);
    assert_int_equal(send_one(r), 1002);
    assert_int_equal(send_one(r), 1003);
    check_sums(r);
}

static void a_lent_frame_makes_way_for_the_next_photo(void **state)
{
    (void)state;
    static uint8_t frame[PHOTO], large[(SECTORS - TALLY) * FAKE_FLASH_SECTOR];
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
    struct backlog_item item;
    r->config.arena_bytes = 0;
    backlog_start(&r->backlog, &r->config);
    assert_true(backlog_release_lent(&r->backlog)); /* none is out */
    assert_int_equal(lend_photo(r, frame, PHOTO), ERR_OK);
    assert_true(take(r, &item));
    assert_false(backlog_release_lent(&r->backlog)); /* it is being sent */
    assert_int_equal(r->given_back, 0);
    backlog_kept(&r->backlog, &item);
    assert_true(backlog_release_lent(&r->backlog));
    assert_int_equal(r->given_back, 1);
    assert_int_equal(backlog_waiting(&r->backlog), 1); /* in the log now */
    assert_int_equal(r->tally.now.dropped, 0);
    check_sums(r);
    assert_int_equal(lend_photo(r, large, sizeof large), ERR_OK); /* never fits the log */
    r->backlog.config.policy = BACKLOG_STOP;
    assert_false(backlog_release_lent(&r->backlog));
    assert_int_equal(r->given_back, 1);
    r->backlog.config.policy = BACKLOG_DROP_OLDEST;
    assert_true(backlog_release_lent(&r->backlog));
    assert_int_equal(r->given_back, 2);
    assert_int_equal(r->tally.now.dropped, 1);
    check_sums(r);
}

/* A story that takes, fails, sends and drops. What was really sent is written down before the
 * backlog is told, as a relay would. */
struct diary {
    uint32_t captured;
    uint32_t acknowledged[64];
    uint32_t acknowledged_count;
    bool last_in_log; /* the last one acknowledged */
};

static void tell_story(struct rig *r, volatile struct diary *d)
{
    for (uint32_t i = 0; i < 28; i++) {
        d->captured++;
        if (take_photo(r, 200 + i * 53 % 900) != ERR_OK)
            fail_msg("with drop_oldest every photo finds a place");
        struct backlog_item item;
        if (i % 9 == 2 && backlog_take(&r->backlog, &item))
            backlog_failed(&r->backlog, &item);
        if ((i % 9 == 6 || i % 9 == 7) && backlog_take(&r->backlog, &item)) {
            d->acknowledged[d->acknowledged_count] = item.shot.seq;
            d->last_in_log = item.in_log;
            d->acknowledged_count++;
            backlog_sent(&r->backlog, &item);
        }
    }
}

static bool cut_story_at(uint64_t power, enum fake_flash_tear tear, volatile struct diary *d)
{
    memset((void *)d, 0, sizeof *d);
    struct rig *r = fresh(BACKLOG_DROP_OLDEST, BACKLOG_IN_ORDER);
    s_flash.tear = tear;
    s_flash.power = power;
    if (setjmp(s_flash.on_cut) != 0)
        return true;
    tell_story(r, d);
    return false;
}

static void after_any_power_cut_the_sums_are_right(void **state)
{
    (void)state;
    static volatile struct diary d;
    bool cut = true;
    uint64_t power = 0;
    for (; cut; power += 3) {
        cut = cut_story_at(power, (enum fake_flash_tear)(power % 3), &d);
        fake_flash_reboot(&s_flash);
        start(&s_rig, 2);
        check_sums(&s_rig);
        const struct tally_counts *c = &s_rig.tally.now;
        assert_true(c->captured == d.captured || c->captured + 1 == d.captured);
        uint32_t before = c->sent;
        assert_true(before == d.acknowledged_count || before + 1 == d.acknowledged_count);
        uint32_t again = 0, after = 0;
        for (uint32_t seq = send_one(&s_rig); seq != 0; seq = send_one(&s_rig)) {
            after++;
            for (uint32_t i = 0; i < d.acknowledged_count; i++)
                again += d.acknowledged[i] + 1000 == seq ? 1 : 0;
        }
        assert_true(again <= 1); /* only one whose acknowledgement was not noted at all */
        assert_int_equal(c->captured, c->sent + c->dropped);
        /* what is counted as lost is lost; but one in RAM whose acknowledgement was not noted yet
         */
        uint32_t delivered = d.acknowledged_count + after - again;
        uint32_t wrong = c->dropped - (c->captured - delivered);
        assert_true(wrong == 0 || (wrong == 1 && !d.last_in_log));
    }
    assert_true(power > 10000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(photos_in_ram_come_out_in_order_and_cost_no_log),
        cmocka_unit_test(the_first_failure_moves_everything_to_the_log),
        cmocka_unit_test(what_dies_in_ram_is_counted_at_the_next_start),
        cmocka_unit_test(new_photos_take_turns_with_the_backlog),
        cmocka_unit_test(in_order_means_in_order),
        cmocka_unit_test(a_full_ram_overflows_into_the_log),
        cmocka_unit_test(when_all_is_full_the_oldest_go_and_are_counted),
        cmocka_unit_test(with_stop_the_oldest_stay),
        cmocka_unit_test(thinning_out_covers_a_longer_time),
        cmocka_unit_test(a_photo_too_large_for_the_log_stays_in_ram_and_says_so),
        cmocka_unit_test(three_refusals_set_a_photo_aside_in_ram_and_in_the_log),
        cmocka_unit_test(a_damaged_photo_is_counted_and_never_sent),
        cmocka_unit_test(a_lent_frame_goes_back_exactly_once),
        cmocka_unit_test(a_lent_frame_makes_way_for_the_next_photo),
        cmocka_unit_test(after_any_power_cut_the_sums_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
