/* Goal: a photo that was appended is read back whole after a power cut at any byte of anything that
 * came later; nothing half or damaged is ever handed out. Method: a story of appends and forgets on
 * a flash that loses power at byte 0, 1, 2 ..., then a mount and a comparison with what must be. */
#include <string.h>

#include "camera/logic/photolog.h"
#include "test/fakes/camera/fake_flash.h"
#include "test/unit/unit.h"

enum { ENTRIES = 16, SECTORS = 12, LENGTH_MAX = 4000 };

static struct fake_flash s_flash;
static struct photolog_entry s_entries[ENTRIES];

static uint8_t byte_of(uint32_t seq, uint32_t i)
{
    return (uint8_t)(seq * 31 + i * 7 + (i >> 8));
}

static void photo_fill(uint8_t *out, uint32_t seq, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        out[i] = byte_of(seq, i);
}

static struct shot shot_of(uint32_t seq, uint32_t len)
{
    struct shot s = {.epoch = 0x1122334455667788,
                     .boot = 3,
                     .seq = seq,
                     .length_bytes = len,
                     .captured_ms = 1700000000123,
                     .mono_ms = 5000 + seq,
                     .clock_sure = seq % 2 == 0,
                     .trigger = SHOT_BY_GPIO};
    memset(s.digest, (int)seq, sizeof s.digest);
    return s;
}

static enum err append(struct photolog *l, uint32_t seq, uint32_t len)
{
    static uint8_t jpeg[2 * LENGTH_MAX]; /* static: the power may go in the middle */
    assert_true(len <= sizeof jpeg);
    photo_fill(jpeg, seq, len);
    struct shot s = shot_of(seq, len);
    return photolog_append(l, &s, jpeg);
}

static void mount(struct photolog *l)
{
    assert_int_equal(photolog_mount(l, &s_flash.flash, s_entries, ENTRIES), ERR_OK);
}

static void check_photo(const struct photolog *l, const struct photolog_entry *e)
{
    static uint8_t got[LENGTH_MAX], want[LENGTH_MAX];
    struct shot s, w = shot_of(e->seq, e->length_bytes);
    assert_int_equal(photolog_verify(l, e), ERR_OK);
    assert_int_equal(photolog_load(l, e, &s), ERR_OK);
    assert_true(s.epoch == w.epoch && s.boot == w.boot && s.seq == w.seq);
    assert_true(s.captured_ms == w.captured_ms && s.mono_ms == w.mono_ms);
    assert_int_equal(s.clock_sure, w.clock_sure);
    assert_int_equal(s.trigger, w.trigger);
    assert_memory_equal(s.digest, w.digest, sizeof s.digest);
    photo_fill(want, e->seq, e->length_bytes);
    assert_int_equal(photolog_read(l, e, 0, got, e->length_bytes), ERR_OK);
    assert_memory_equal(got, want, e->length_bytes);
}

static const struct photolog_entry *entry_of(const struct photolog *l, uint32_t seq)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (l->entries[i].seq == seq)
            return &l->entries[i];
    }
    return NULL;
}

static void a_blank_flash_is_an_empty_log(void **state)
{
    (void)state;
    struct photolog l;
    fake_flash_init(&s_flash, SECTORS);
    mount(&l);
    assert_int_equal(l.count, 0);
    assert_int_equal(photolog_free_sectors(&l), SECTORS);
}

static void garbage_is_an_empty_log(void **state)
{
    (void)state;
    struct photolog l;
    fake_flash_init(&s_flash, SECTORS);
    for (size_t i = 0; i < sizeof s_flash.bytes; i++)
        s_flash.bytes[i] = (uint8_t)(i * 2654435761U >> 13);
    mount(&l);
    assert_int_equal(l.count, 0);
    assert_int_equal(append(&l, 1, 700), ERR_OK);
    mount(&l);
    assert_int_equal(l.count, 1);
    check_photo(&l, &l.entries[0]);
}

static void unusable_flashes_are_refused(void **state)
{
    (void)state;
    struct photolog l;
    fake_flash_init(&s_flash, PHOTOLOG_SECTORS_MIN - 1);
    assert_int_equal(photolog_mount(&l, &s_flash.flash, s_entries, ENTRIES), ERR_INPUT);
    fake_flash_init(&s_flash, SECTORS);
    s_flash.flash.sector_bytes = 500;
    assert_int_equal(photolog_mount(&l, &s_flash.flash, s_entries, ENTRIES), ERR_INPUT);
}

/* Lengths around every edge: one sector, a head that just fits or just does not, several sectors.
 */
static void every_length_reads_back_before_and_after_a_mount(void **state)
{
    (void)state;
    for (uint32_t len = 1; len <= 1100; len++) {
        struct photolog l;
        fake_flash_init(&s_flash, SECTORS);
        mount(&l);
        assert_int_equal(append(&l, 1, len), ERR_OK);
        assert_int_equal(append(&l, 2, 1), ERR_OK);
        assert_int_equal(append(&l, 3, 1101 - len), ERR_OK);
        for (int round = 0; round < 2; round++) {
            assert_int_equal(l.count, 3);
            for (uint32_t i = 0; i < 3; i++)
                check_photo(&l, &l.entries[i]);
            mount(&l);
        }
    }
}

static void too_large_is_a_limit_and_full_is_full(void **state)
{
    (void)state;
    struct photolog l;
    fake_flash_init(&s_flash, SECTORS);
    mount(&l);
    uint32_t largest = 1;
    while (photolog_fits(&l, largest + 1))
        largest++;
    assert_int_equal(append(&l, 1, largest + 1), ERR_LIMIT);
    assert_int_equal(append(&l, 1, largest), ERR_OK);
    assert_int_equal(append(&l, 2, 600), ERR_FULL);
    assert_int_equal(photolog_forget(&l, l.entries[0].at), ERR_OK);
    assert_int_equal(append(&l, 2, 600), ERR_OK);
    mount(&l);
    assert_int_equal(l.count, 1);
    check_photo(&l, &l.entries[0]);
}

static void a_full_index_is_full(void **state)
{
    (void)state;
    struct photolog l;
    fake_flash_init(&s_flash, SECTORS);
    mount(&l);
    for (uint32_t i = 1; i <= ENTRIES; i++)
        assert_int_equal(append(&l, i, 4), ERR_OK);
    assert_int_equal(append(&l, 99, 4), ERR_FULL);
    assert_int_equal(photolog_forget(&l, l.entries[3].at), ERR_OK);
    assert_int_equal(append(&l, 99, 4), ERR_OK);
}

static void sectors_wear_evenly_over_many_rounds_and_mounts(void **state)
{
    (void)state;
    struct photolog l;
    fake_flash_init(&s_flash, SECTORS);
    mount(&l);
    for (uint32_t seq = 1; seq <= 3000; seq++) {
        assert_int_equal(append(&l, seq, 300 + seq * 37 % 1200), ERR_OK);
        if (l.count > 2)
            assert_int_equal(photolog_forget(&l, l.entries[0].at), ERR_OK);
        if (seq % 97 == 0)
            mount(&l);
        for (uint32_t i = 0; i < l.count; i++)
            check_photo(&l, &l.entries[i]);
    }
    uint32_t least = UINT32_MAX, most = 0;
    for (unsigned i = 0; i < SECTORS; i++) {
        least = s_flash.erased[i] < least ? s_flash.erased[i] : least;
        most = s_flash.erased[i] > most ? s_flash.erased[i] : most;
    }
    assert_true(most - least <= 1);
    assert_true(least > 100);
}

static void set_aside_and_forgotten_survive_a_mount(void **state)
{
    (void)state;
    struct photolog l;
    fake_flash_init(&s_flash, SECTORS);
    mount(&l);
    for (uint32_t i = 1; i <= 4; i++)
        assert_int_equal(append(&l, i, 200), ERR_OK);
    assert_int_equal(photolog_set_aside(&l, entry_of(&l, 2)->at), ERR_OK);
    assert_int_equal(photolog_forget(&l, entry_of(&l, 3)->at), ERR_OK);
    assert_int_equal(photolog_forget(&l, 12345), ERR_OK);
    mount(&l);
    assert_int_equal(l.count, 3);
    assert_true(entry_of(&l, 2)->aside);
    assert_false(entry_of(&l, 1)->aside);
    assert_null(entry_of(&l, 3));
}

static void a_worn_out_sector_is_stepped_over(void **state)
{
    (void)state;
    struct photolog l;
    fake_flash_init(&s_flash, SECTORS);
    mount(&l);
    assert_int_equal(append(&l, 1, 300), ERR_OK);
    s_flash.fail_writes_from = s_flash.fail_writes_to = 2;
    for (uint32_t i = 2; i <= 4; i++)
        assert_int_equal(append(&l, i, 400), ERR_OK);
    mount(&l);
    assert_int_equal(l.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        check_photo(&l, &l.entries[i]);
    s_flash.fail_writes_from = 0;
    s_flash.fail_writes_to = SECTORS;
    assert_int_equal(append(&l, 9, 400), ERR_IO);
    assert_int_equal(l.count, 4);
}

/* What must be true of one photo after a cut. */
enum fate {
    FATE_UNKNOWN, /* not begun */
    FATE_EITHER,  /* in the middle of append or forget */
    FATE_KEPT,
    FATE_GONE,
};

enum { STORY_PHOTOS = 9 };
static const uint32_t STORY_LENGTHS[STORY_PHOTOS + 1] = {0,   120, 700, 1500, 60,
                                                         384, 900, 1,   1300, 500};

static void tell_append(struct photolog *l, volatile enum fate *fates, uint32_t seq)
{
    fates[seq] = FATE_EITHER;
    assert_int_equal(append(l, seq, STORY_LENGTHS[seq]), ERR_OK);
    fates[seq] = FATE_KEPT;
}

static void tell_forget(struct photolog *l, volatile enum fate *fates, uint32_t seq)
{
    const struct photolog_entry *e = entry_of(l, seq);
    assert_non_null(e);
    fates[seq] = FATE_EITHER;
    assert_int_equal(photolog_forget(l, e->at), ERR_OK);
    fates[seq] = FATE_GONE;
}

/* Wraps around the flash, so that erased sectors held photos before. */
static void tell_story(struct photolog *l, volatile enum fate *fates)
{
    tell_append(l, fates, 1);
    tell_append(l, fates, 2);
    tell_append(l, fates, 3);
    tell_forget(l, fates, 2);
    tell_append(l, fates, 4);
    tell_forget(l, fates, 1);
    tell_append(l, fates, 5);
    assert_int_equal(photolog_set_aside(l, entry_of(l, 4)->at), ERR_OK);
    tell_forget(l, fates, 3);
    tell_append(l, fates, 6);
    tell_append(l, fates, 7);
    tell_forget(l, fates, 4);
    tell_append(l, fates, 8);
    tell_forget(l, fates, 6);
    tell_append(l, fates, 9);
}

static void check_fates(const struct photolog *l, const volatile enum fate *fates)
{
    for (uint32_t seq = 1; seq <= STORY_PHOTOS; seq++) {
        const struct photolog_entry *e = entry_of(l, seq);
        enum fate fate = fates[seq];
        if (fate == FATE_KEPT)
            assert_non_null(e);
        if (fate == FATE_GONE || fate == FATE_UNKNOWN)
            assert_null(e);
        if (e != NULL)
            check_photo(l, e);
    }
    for (uint32_t i = 1; i < l->count; i++)
        assert_true(l->entries[i - 1].seq < l->entries[i].seq);
}

/* Runs the story with power for `power` units. False: it came to its end. */
static bool cut_story_at(uint64_t power, enum fake_flash_tear tear, volatile enum fate *fates)
{
    static struct photolog l; /* static: keeps its value across the jump */
    fake_flash_init(&s_flash, SECTORS);
    s_flash.tear = tear;
    memset(s_flash.bytes, 0xA5, sizeof s_flash.bytes / 2); /* leftovers of something else */
    memset((void *)fates, 0, sizeof(enum fate) * (STORY_PHOTOS + 1));
    mount(&l);
    s_flash.power = power;
    if (setjmp(s_flash.on_cut) != 0)
        return true;
    tell_story(&l, fates);
    return false;
}

static void every_power_cut_keeps_every_photo(enum fake_flash_tear tear)
{
    static volatile enum fate fates[STORY_PHOTOS + 1];
    uint64_t power = 0;
    for (bool cut = true; cut; power++) {
        cut = cut_story_at(power, tear, fates);
        fake_flash_reboot(&s_flash);
        struct photolog l;
        mount(&l);
        check_fates(&l, fates);
        /* and the log goes on from there, whatever was left */
        while (append(&l, 50, 800) == ERR_FULL)
            assert_int_equal(photolog_forget(&l, l.entries[0].at), ERR_OK);
        mount(&l);
        assert_non_null(entry_of(&l, 50));
        for (uint32_t i = 0; i < l.count; i++)
            check_photo(&l, &l.entries[i]);
    }
    assert_true(power > 5000);
}

static void a_cut_before_any_byte_loses_nothing(void **state)
{
    (void)state;
    every_power_cut_keeps_every_photo(FAKE_FLASH_TEAR_NOTHING);
}

static void a_cut_in_the_middle_of_any_byte_loses_nothing(void **state)
{
    (void)state;
    every_power_cut_keeps_every_photo(FAKE_FLASH_TEAR_HALF);
}

static void a_cut_behind_any_byte_loses_nothing(void **state)
{
    (void)state;
    every_power_cut_keeps_every_photo(FAKE_FLASH_TEAR_BACK);
}

static void any_flipped_bit_hurts_few_and_is_never_handed_out(void **state)
{
    (void)state;
    static volatile enum fate fates[STORY_PHOTOS + 1];
    assert_false(cut_story_at(UINT64_MAX, FAKE_FLASH_TEAR_NOTHING, fates));
    struct photolog l;
    mount(&l);
    uint32_t whole = l.count;
    assert_true(whole >= 4);
    for (uint64_t bit = 0; bit < (uint64_t)s_flash.flash.size_bytes * 8; bit++) {
        fake_flash_flip(&s_flash, bit);
        mount(&l);
        uint32_t sound = 0;
        for (uint32_t i = 0; i < l.count; i++) {
            if (photolog_verify(&l, &l.entries[i]) != ERR_OK)
                continue;
            check_photo(&l, &l.entries[i]);
            sound++;
        }
        assert_true(sound + 2 >= whole); /* a sector holds the ends of at most two of these */
        assert_true(l.count <= whole + 1);
        fake_flash_flip(&s_flash, bit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blank_flash_is_an_empty_log),
        cmocka_unit_test(garbage_is_an_empty_log),
        cmocka_unit_test(unusable_flashes_are_refused),
        cmocka_unit_test(every_length_reads_back_before_and_after_a_mount),
        cmocka_unit_test(too_large_is_a_limit_and_full_is_full),
        cmocka_unit_test(a_full_index_is_full),
        cmocka_unit_test(sectors_wear_evenly_over_many_rounds_and_mounts),
        cmocka_unit_test(set_aside_and_forgotten_survive_a_mount),
        cmocka_unit_test(a_worn_out_sector_is_stepped_over),
        cmocka_unit_test(a_cut_before_any_byte_loses_nothing),
        cmocka_unit_test(a_cut_in_the_middle_of_any_byte_loses_nothing),
        cmocka_unit_test(a_cut_behind_any_byte_loses_nothing),
        cmocka_unit_test(any_flipped_bit_hurts_few_and_is_never_handed_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
