/* Goal: a long upload goes to the medium while it arrives, so that nobody's flush has to wait for
 * all of it; a photo costs no flush of its own. */
#include <stdlib.h>
#include <string.h>

#include "relay/logic/layout.h"
#include "relay/logic/recovery.h"
#include "relay/logic/spool.h"
#include "test/fakes/lib/fake_fs.h"
#include "test/fakes/relay/plain_hash.h"
#include "test/unit/unit.h"

enum { PIECE = 64 * 1024, PIECES = SPOOL_UNSYNCED_MAX / PIECE };

static struct fake_fs s_disk;
static struct hash s_hash;
static char s_piece[PIECE];

static int set_up(void **state)
{
    (void)state;
    fake_fs_init(&s_disk);
    s_hash = plain_hash();
    assert_int_equal(recovery_make_folders(&s_disk.fs), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(fake_fs_open_count(&s_disk), 0);
    assert_int_equal(plain_hash_open_count(), 0);
    fake_fs_deinit(&s_disk);
    return 0;
}

/* Writes so many pieces and `more` bytes; answers how often the file was flushed by then. */
static unsigned fill(struct spool *s, unsigned pieces, size_t more)
{
    *s = (struct spool){0};
    unsigned before = s_disk.calls_of[FAKE_FS_SYNC];
    assert_int_equal(spool_begin(s, &s_disk.fs, &s_hash, LAYOUT_TMP, 1), ERR_OK);
    for (unsigned i = 0; i < pieces; i++)
        assert_int_equal(spool_write(s, s_piece, PIECE), ERR_OK);
    if (more > 0)
        assert_int_equal(spool_write(s, s_piece, more), ERR_OK);
    return s_disk.calls_of[FAKE_FS_SYNC] - before;
}

static unsigned finish(struct spool *s, bool sync)
{
    struct photo p = {0};
    bool tagged;
    unsigned before = s_disk.calls_of[FAKE_FS_SYNC];
    assert_int_equal(spool_finish(s, &p, sync, &tagged), ERR_OK);
    spool_abort(s); /* nobody takes it here */
    return s_disk.calls_of[FAKE_FS_SYNC] - before;
}

static void only_what_is_long_is_flushed_on_its_way(void **state)
{
    (void)state;
    struct spool s;
    assert_int_equal(fill(&s, PIECES, 0), 0); /* at the limit */
    assert_int_equal(finish(&s, false), 0);
    assert_int_equal(fill(&s, PIECES, 0), 0);
    assert_int_equal(finish(&s, true), 1);
    assert_int_equal(fill(&s, PIECES, 1), 1); /* one past it */
    assert_int_equal(finish(&s, false), 1);
    assert_int_equal(fill(&s, 3 * (PIECES + 1), 0), 3);
    assert_int_equal(finish(&s, false), 1);
}

static void starting_anew_counts_anew(void **state)
{
    (void)state;
    struct spool s;
    assert_int_equal(fill(&s, PIECES, 1), 1);
    assert_int_equal(spool_restart(&s), ERR_OK);
    unsigned before = s_disk.calls_of[FAKE_FS_SYNC];
    assert_int_equal(spool_write(&s, s_piece, PIECE), ERR_OK);
    assert_int_equal(finish(&s, false), 0);
    assert_int_equal(s_disk.calls_of[FAKE_FS_SYNC], before);
}

static void a_flush_that_fails_ends_the_upload(void **state)
{
    (void)state;
    struct spool s;
    assert_int_equal(fill(&s, PIECES, 0), 0);
    fake_fs_fail(&s_disk, FAKE_FS_SYNC, 1, ERR_IO, false);
    assert_int_equal(spool_write(&s, s_piece, 1), ERR_IO);
    assert_null(s.fs); /* idle */
    assert_int_equal(fake_fs_count(&s_disk, LAYOUT_TMP), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(only_what_is_long_is_flushed_on_its_way),
        TEST(starting_anew_counts_anew),
        TEST(a_flush_that_fails_ends_the_upload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
