/* Goal: files in the folder become photos when they are whole and still, come back with their
 * record after a crash, and nothing half is ever taken. */
#include <stdio.h>
#include <string.h>

#include "relay/logic/adopt.h"
#include "relay/logic/layout.h"
#include "relay/logic/recovery.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/fakes/relay/plain_hash.h"
#include "test/unit/sound_samples.h"
#include "test/unit/unit.h"

static const unsigned char JPEG[] = {0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0x01, 0x00,
                                     0x01, 0x01, 0x01, 0x11, 0x00, 0xFF, 0xDA, 0x00, 0x08, 0x01,
                                     0x01, 0x00, 0x00, 0x3F, 0x00, 0x12, 0x34, 0x56, 0xFF, 0xD9};

enum { STILL_MS = 5000 };

static struct fake_fs s_disk;
static unsigned s_accept;
static struct hash s_hash;
static const struct wall WRITTEN = {1700000000000};

static int setup(void **state)
{
    (void)state;
    fake_fs_init(&s_disk);
    s_hash = plain_hash();
    s_disk.now = WRITTEN;
    s_accept = MEDIUM_BIT(MEDIUM_JPEG);
    assert_int_equal(recovery_make_folders(&s_disk.fs), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(fake_fs_open_count(&s_disk), 0);
    assert_int_equal(plain_hash_open_count(), 0);
    fake_fs_deinit(&s_disk);
    return 0;
}

static struct adopt_found look(const char *name, const struct photo *record, int64_t after_ms)
{
    struct adopt_look look = {name, record, {WRITTEN.ms + after_ms}, STILL_MS, s_accept};
    struct adopt_found found;
    assert_int_equal(adopt_examine(&s_disk.fs, &s_hash, &look, &found), ERR_OK);
    return found;
}

static void a_whole_still_file_is_taken(void **state)
{
    (void)state;
    fake_fs_put(&s_disk, "a.jpg", JPEG, sizeof JPEG);
    struct adopt_found found = look("a.jpg", NULL, STILL_MS);
    assert_int_equal(found.verdict, ADOPT_TAKE);
    assert_string_equal(found.photo.name, "a.jpg");
    assert_string_equal(found.photo.original, "a.jpg");
    assert_int_equal(found.photo.size_bytes, sizeof JPEG);
    assert_true(found.photo.received.ms == WRITTEN.ms);
    assert_false(found.tagged);
    assert_int_equal(look("a.jpg", NULL, STILL_MS - 1).verdict, ADOPT_NOT_YET);
}

static void a_time_in_the_future_counts_as_long_ago(void **state)
{
    (void)state;
    fake_fs_put(&s_disk, "a.jpg", JPEG, sizeof JPEG);
    assert_int_equal(look("a.jpg", NULL, -STILL_MS).verdict, ADOPT_NOT_YET);
    assert_int_equal(look("a.jpg", NULL, -STILL_MS - 1).verdict, ADOPT_TAKE);
}

static void every_truncation_is_left_alone(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof JPEG; len++) {
        fake_fs_put(&s_disk, "a.jpg", JPEG, len);
        assert_int_equal(look("a.jpg", NULL, 60000).verdict, ADOPT_NEVER);
    }
    fake_fs_put(&s_disk, "a.jpg", "hello", 5);
    assert_int_equal(look("a.jpg", NULL, 60000).verdict, ADOPT_NEVER);
    assert_int_equal(look("none.jpg", NULL, 60000).verdict, ADOPT_NEVER);
    assert_int_equal(look(LAYOUT_TMP, NULL, 60000).verdict, ADOPT_NEVER);
}

static void put_tagged(const char *name, const void *data, size_t len, const char *key)
{
    struct adopt_found found;
    fake_fs_put(&s_disk, name, data, len);
    found = look(name, NULL, 60000);
    snprintf(found.photo.key, sizeof found.photo.key, "%s", key);
    found.photo.received.ms = 42;
    assert_true(adopt_keep_tag(&s_disk.fs, &found.photo));
}

static void a_record_brings_everything_back_at_once(void **state)
{
    (void)state;
    struct photo p;
    bool there;
    put_tagged("a.jpg", JPEG, sizeof JPEG, "k1");
    struct adopt_found found = look("a.jpg", NULL, 0); /* no need to be still */
    assert_int_equal(found.verdict, ADOPT_TAKE);
    assert_true(found.tagged);
    assert_string_equal(found.photo.key, "k1");
    assert_true(found.photo.received.ms == 42);
    assert_int_equal(adopt_read_tag(&s_disk.fs, "a.jpg", &there, &p), ERR_OK);
    assert_true(there);
    assert_string_equal(p.key, "k1");
    assert_string_equal(p.name, "a.jpg");
}

static void bytes_that_are_not_the_records_are_damage(void **state)
{
    (void)state;
    put_tagged("a.jpg", JPEG, sizeof JPEG, "k1");
    fake_fs_damage(&s_disk, "a.jpg", sizeof JPEG - 4);
    assert_int_equal(look("a.jpg", NULL, 60000).verdict, ADOPT_DAMAGED);
    assert_int_equal(recovery_set_aside(&s_disk.fs, "a.jpg"), ERR_OK);
    assert_false(fake_fs_has(&s_disk, "a.jpg"));
    assert_true(fake_fs_has(&s_disk, LAYOUT_QUARANTINE "/a.jpg"));
    put_tagged("a.jpg", JPEG, sizeof JPEG, "k1");
    assert_int_equal(recovery_set_aside(&s_disk.fs, "a.jpg"), ERR_OK);
    assert_true(fake_fs_has(&s_disk, LAYOUT_QUARANTINE "/a.jpg.1"));
    assert_int_equal(recovery_set_aside(&s_disk.fs, "a.jpg"), ERR_OK); /* gone already */
}

static void a_record_from_the_journal_stands_in(void **state)
{
    (void)state;
    fake_fs_put(&s_disk, "a.jpg", JPEG, sizeof JPEG);
    struct photo record = look("a.jpg", NULL, 60000).photo;
    snprintf(record.key, sizeof record.key, "from the journal");
    struct adopt_found found = look("a.jpg", &record, 0);
    assert_int_equal(found.verdict, ADOPT_TAKE);
    assert_string_equal(found.photo.key, "from the journal");
    record.sha256[0] ^= 1;
    assert_int_equal(look("a.jpg", &record, 0).verdict, ADOPT_DAMAGED);
}

static void a_tag_of_another_size_is_not_trusted_unread(void **state)
{
    (void)state;
    struct photo p;
    bool there = true;
    put_tagged("a.jpg", JPEG, sizeof JPEG, "k1");
    struct photo record = look("a.jpg", NULL, 0).photo;
    record.size_bytes++;
    assert_true(adopt_keep_tag(&s_disk.fs, &record));
    assert_int_equal(adopt_read_tag(&s_disk.fs, "a.jpg", &there, &p), ERR_OK);
    assert_false(there);
    fake_fs_put(&s_disk, "plain.jpg", JPEG, sizeof JPEG);
    there = true;
    assert_int_equal(adopt_read_tag(&s_disk.fs, "plain.jpg", &there, &p), ERR_OK);
    assert_false(there);
}

static void only_names_of_photos_are_looked_at(void **state)
{
    (void)state;
    char longest[PHOTO_NAME_MAX + 1];
    memset(longest, 'a', sizeof longest);
    memcpy(longest + PHOTO_NAME_MAX - 5, ".jpg", 5);
    assert_true(adopt_is_name("a.jpg") && adopt_is_name("a.JPEG") && adopt_is_name("x.y.JpG"));
    assert_false(adopt_is_name("") || adopt_is_name(".jpg") || adopt_is_name(".a.jpg"));
    assert_false(adopt_is_name("a.png") || adopt_is_name("jpg") || adopt_is_name("a.jpg.part"));
    assert_true(adopt_is_name(longest));
    memcpy(longest + PHOTO_NAME_MAX - 5, "a.jpg", 6);
    assert_false(adopt_is_name(longest));
}

static void recordings_are_taken_where_they_are_accepted(void **state)
{
    (void)state;
    unsigned char wav[SOUND_WAV_BYTES];
    sound_samples_wav(wav);
    fake_fs_put(&s_disk, "a.wav", wav, sizeof wav);
    fake_fs_put(&s_disk, "cut.wav", wav, sizeof wav - 1);
    fake_fs_put(&s_disk, "a.flac", SOUND_FLAC, sizeof SOUND_FLAC);
    fake_fs_put(&s_disk, "not.flac", JPEG, sizeof JPEG);
    fake_fs_put(&s_disk, "not.jpg", wav, sizeof wav);
    assert_true(adopt_is_name("a.wav") && adopt_is_name("a.FLAC"));
    assert_int_equal(look("a.wav", NULL, STILL_MS).verdict, ADOPT_NEVER);
    assert_int_equal(look("a.wav", NULL, 0).verdict, ADOPT_NEVER); /* nor looked at again */
    s_accept |= MEDIUM_BIT(MEDIUM_WAV) | MEDIUM_BIT(MEDIUM_FLAC);
    assert_int_equal(look("a.wav", NULL, 0).verdict, ADOPT_NOT_YET);
    struct adopt_found found = look("a.wav", NULL, STILL_MS);
    assert_int_equal(found.verdict, ADOPT_TAKE);
    assert_int_equal(look("a.flac", NULL, STILL_MS).verdict, ADOPT_TAKE);
    assert_int_equal(look("cut.wav", NULL, STILL_MS).verdict, ADOPT_NEVER);
    assert_int_equal(look("not.flac", NULL, STILL_MS).verdict, ADOPT_NEVER);
    assert_int_equal(look("not.jpg", NULL, STILL_MS).verdict, ADOPT_NEVER);

    s_accept = MEDIUM_BIT(MEDIUM_JPEG);
    assert_true(adopt_keep_tag(&s_disk.fs, &found.photo));
    assert_int_equal(look("a.wav", NULL, 0).verdict, ADOPT_TAKE); /* a record of ours says enough */
}

static void an_empty_folder_has_nothing_to_bring_back(void **state)
{
    (void)state;
    bool nothing = false;
    assert_int_equal(adopt_is_nothing(&s_disk.fs, &nothing), ERR_OK);
    assert_true(nothing);
    fake_fs_put(&s_disk, "notes.txt", "x", 1);
    assert_int_equal(adopt_is_nothing(&s_disk.fs, &nothing), ERR_OK);
    assert_true(nothing);
    fake_fs_put(&s_disk, LAYOUT_JOURNAL "/00000001", "x", 1);
    assert_int_equal(adopt_is_nothing(&s_disk.fs, &nothing), ERR_OK);
    assert_false(nothing);
    assert_int_equal(s_disk.fs.remove(s_disk.fs.ctx, LAYOUT_JOURNAL "/00000001"), ERR_OK);
    fake_fs_put(&s_disk, "a.jpg", JPEG, sizeof JPEG);
    assert_int_equal(adopt_is_nothing(&s_disk.fs, &nothing), ERR_OK);
    assert_false(nothing);
    fake_fs_fail(&s_disk, FAKE_FS_LIST, 1, ERR_IO, false);
    assert_int_equal(adopt_is_nothing(&s_disk.fs, &nothing), ERR_IO);
}

static void a_failing_disk_is_an_error_not_a_verdict(void **state)
{
    (void)state;
    static const enum fake_fs_call calls[] = {FAKE_FS_STAT, FAKE_FS_OPEN, FAKE_FS_READ,
                                              FAKE_FS_TAG_GET};
    fake_fs_put(&s_disk, "a.jpg", JPEG, sizeof JPEG);
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        struct adopt_look where = {"a.jpg", NULL, {WRITTEN.ms + 60000}, STILL_MS, s_accept};
        struct adopt_found found;
        fake_fs_fail(&s_disk, calls[i], 1, ERR_IO, false);
        assert_int_equal(adopt_examine(&s_disk.fs, &s_hash, &where, &found), ERR_IO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_whole_still_file_is_taken),
        TEST(a_time_in_the_future_counts_as_long_ago),
        TEST(every_truncation_is_left_alone),
        TEST(a_record_brings_everything_back_at_once),
        TEST(bytes_that_are_not_the_records_are_damage),
        TEST(a_record_from_the_journal_stands_in),
        TEST(a_tag_of_another_size_is_not_trusted_unread),
        TEST(only_names_of_photos_are_looked_at),
        TEST(recordings_are_taken_where_they_are_accepted),
        TEST(an_empty_folder_has_nothing_to_bring_back),
        TEST(a_failing_disk_is_an_error_not_a_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
