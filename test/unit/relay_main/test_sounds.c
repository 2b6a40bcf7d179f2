/* Goal: sound becomes recordings in the folder, whatever is in the way: a streamer nobody named, a
 * database that fails, files left by a crash. Method: the threads as they are, over a network and a
 * disk in memory; time stands still but for what a test adds. */
#include <stdlib.h>
#include <time.h>

#include "lib/wire/wav.h"
#include "relay/main/sounds.h"
#include "test/unit/relay_main/receive_rig.h"

enum { RATE = 16000, PIECE = 1600, PATIENCE_MS = 20000 };

static struct receive_rig s_rig;

/* Waits until it is so; fails if that never comes. */
static void expect(bool (*is_so)(void))
{
    const struct timespec nap = {.tv_nsec = 2000000};
    for (unsigned ms = 0; ms < PATIENCE_MS; ms += 2) {
        if (is_so())
            return;
        nanosleep(&nap, NULL);
    }
    fail_msg("it never was");
}

/* --- the archive ------------------------------------------------------------------------------ */

static struct archive *s_archive;
static atomic_uint s_repairs;

static enum err repair(const char *path, const char *name, bool flac)
{
    char from[FS_PATH_MAX], to[FS_PATH_MAX];
    (void)snprintf(from, sizeof from, "%s/%s" RECORDFILE_OPEN, LAYOUT_AUDIO, name);
    (void)snprintf(to, sizeof to, "%s/%s", LAYOUT_AUDIO, name);
    assert_string_equal(path, "/photos/.camrelay/audio");
    assert_false(flac);
    atomic_fetch_add(&s_repairs, 1);
    return s_rig.disk.fs.rename(s_rig.disk.fs.ctx, from, to);
}

static void start_archive(void)
{
    struct archive_deps deps = {
        .fs = &s_rig.disk.fs,
        .hash = &s_rig.hash,
        .clock = &s_rig.clock,
        .committer = s_rig.committer,
        .folder = LAYOUT_AUDIO,
        .path = "/photos/.camrelay/audio",
        .stamp = rig_stamp,
        .repair = repair,
    };
    assert_int_equal(archive_start(&deps, &s_archive), ERR_OK);
}

static void put_wav(const char *path, unsigned samples)
{
    unsigned char bytes[WAV_HEAD_BYTES + 200] = {0};
    wav_write_head(bytes, RATE, 2 * samples);
    fake_fs_put(&s_rig.disk, path, bytes, WAV_HEAD_BYTES + 2 * (size_t)samples);
}

static bool is_there(const char *path)
{
    bool found = false;
    struct fs_stat st;
    assert_int_equal(s_rig.disk.fs.stat(s_rig.disk.fs.ctx, path, &found, &st), ERR_OK);
    return found;
}

static const char WAITING[] = LAYOUT_AUDIO "/5-mic.wav";
static const char STORED[] = "mic_20240101_120000.wav";

static int set_up(void **state)
{
    (void)state;
    rig_open(&s_rig, 1, 16);
    atomic_store(&s_repairs, 0);
    assert_int_equal(s_rig.disk.fs.make_folder(s_rig.disk.fs.ctx, LAYOUT_AUDIO), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    archive_destroy(s_archive);
    s_archive = NULL;
    rig_close(&s_rig);
    return 0;
}

static bool is_stored(void)
{
    return is_there(STORED) && !is_there(WAITING) && archive_waiting(s_archive) == 0;
}

/* The name that was tried first is not tried again. */
static bool is_stored_after_all(void)
{
    return is_there("mic_20240101_120000_2.wav") && !is_there(WAITING) &&
           archive_waiting(s_archive) == 0;
}

static void what_a_crash_left_is_repaired_and_handed_in(void **state)
{
    (void)state;
    put_wav(LAYOUT_AUDIO "/5-mic.wav" RECORDFILE_OPEN, 50);
    put_wav(LAYOUT_AUDIO "/notes.txt", 50);
    start_archive();
    expect(is_stored);
    struct photo p;
    assert_true(archive_is_repaired(s_archive));
    assert_int_equal(atomic_load(&s_repairs), 1);
    assert_true(fake_state_has(&s_rig.memory, STORED, &p));
    assert_string_equal(p.camera, "mic");
    assert_int_equal(p.captured.ms, 5);
    assert_true(is_there(LAYOUT_AUDIO "/notes.txt")); /* not ours */
    assert_int_equal(metrics_value(&s_rig.metrics, METRIC_RECEIVED_TOTAL), 0);
}

static bool is_given_back(void)
{
    return is_there(WAITING) && !is_there(STORED);
}

static void a_database_that_fails_costs_no_recording(void **state)
{
    (void)state;
    put_wav(WAITING, 50);
    rig_hang(&s_rig, FAKE_FS_RENAME_NOREPLACE);
    start_archive();
    rig_wait_hanging(&s_rig, 1);
    fake_state_fail(&s_rig.memory, 1, ERR_FULL);
    rig_set_free(&s_rig);
    archive_stop(s_archive); /* waits for the answer */
    assert_true(is_given_back());
    assert_int_equal(archive_waiting(s_archive), 1);
    archive_destroy(s_archive);
    start_archive();
    expect(is_stored_after_all);
}

static bool is_set_aside(void)
{
    return is_there(LAYOUT_QUARANTINE "/5-mic.wav") && !is_there(WAITING);
}

static void what_is_no_sound_is_set_aside(void **state)
{
    (void)state;
    fake_fs_put(&s_rig.disk, WAITING, "RIFF not", 8);
    start_archive();
    expect(is_set_aside);
    assert_false(is_there(STORED));
}

/* --- the network ------------------------------------------------------------------------------ */

struct world {
    pthread_mutex_t lock;
    char url[200];
    bool open, head_sent;
    unsigned pieces; /* to be sent */
    unsigned asked;
    bool no_room;
    char file[64]; /* being written */
    unsigned samples;
};

static struct world s_world = {.lock = PTHREAD_MUTEX_INITIALIZER};
static struct sounds *s_sounds;

static enum err open_stream(void *ctx, unsigned source, const char *url)
{
    struct world *w = ctx;
    assert_int_equal(source, 0);
    pthread_mutex_lock(&w->lock);
    (void)snprintf(w->url, sizeof w->url, "%s", url);
    w->open = true;
    w->head_sent = false;
    pthread_mutex_unlock(&w->lock);
    return ERR_OK;
}

static void close_stream(void *ctx, unsigned source)
{
    struct world *w = ctx;
    (void)source;
    pthread_mutex_lock(&w->lock);
    w->open = false;
    pthread_mutex_unlock(&w->lock);
}

static void wait_streams(void *ctx, uint32_t timeout_ms, const struct soundstream_sink *sink)
{
    static const uint8_t silence[2 * PIECE];
    struct world *w = ctx;
    uint8_t head[WAV_HEAD_BYTES];
    (void)timeout_ms;
    pthread_mutex_lock(&w->lock);
    bool first = w->open && !w->head_sent;
    bool more = w->open && w->pieces > 0;
    w->head_sent = w->head_sent || first;
    w->pieces -= more;
    pthread_mutex_unlock(&w->lock);
    wav_write_head(head, RATE, WAV_ENDLESS);
    if (first)
        sink->bytes(sink->ctx, 0, head, sizeof head);
    if (more) {
        rig_advance(&s_rig, 100);
        sink->bytes(sink->ctx, 0, silence, sizeof silence);
    }
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL); /* so that the thread does not spin */
}

static void wake(void *ctx)
{
    (void)ctx;
}

static const struct soundstream STREAM = {&s_world, open_stream, close_stream, wait_streams, wake};

static enum err ask(void *ctx)
{
    struct world *w = ctx;
    w->asked++;
    return ERR_OK;
}

static void hear(void *ctx, void (*each)(void *arg, const struct finder_found *found), void *arg)
{
    const struct world *w = ctx;
    struct finder_found found = {.service = {.instance = "mic", .port = 8080},
                                 .address = "10.0.0.7"};
    if (w->asked == 0)
        return;
    each(arg, &found);
    each(arg, &found); /* it answers on two interfaces */
    memcpy(found.service.path, "no path", 8);
    each(arg, &found);
}

static const struct finder FINDER = {&s_world, ask, hear};

static enum err file_begin(void *ctx, const char *name, uint32_t rate_hz)
{
    struct world *w = ctx;
    (void)snprintf(w->file, sizeof w->file, "%s/%s", LAYOUT_AUDIO, name);
    w->samples = 0;
    return rate_hz == RATE ? ERR_OK : ERR_INPUT;
}

static enum err file_write(void *ctx, const int16_t *samples, size_t count)
{
    struct world *w = ctx;
    (void)samples;
    w->samples += (unsigned)count;
    return ERR_OK;
}

static enum err file_flush(void *ctx)
{
    (void)ctx;
    return ERR_OK;
}

static enum err file_finish(void *ctx)
{
    const struct world *w = ctx;
    put_wav(w->file, w->samples / 1000); /* a small one stands for it */
    return ERR_OK;
}

static enum err create_file(void *ctx, unsigned source, struct recordfile *out)
{
    (void)source;
    *out = (struct recordfile){ctx, file_begin, file_write, file_flush, file_finish};
    return ERR_OK;
}

static bool has_room(void *ctx)
{
    struct world *w = ctx;
    pthread_mutex_lock(&w->lock);
    bool room = !w->no_room;
    pthread_mutex_unlock(&w->lock);
    return room;
}

static int32_t no_offset(struct wall now)
{
    (void)now;
    return 0;
}

static void fill_zeros(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 0, len);
}

static void start_sounds(const struct finder *finder, const char *url)
{
    static const struct random no_dice = {NULL, fill_zeros};
    s_world = (struct world){.lock = PTHREAD_MUTEX_INITIALIZER};
    start_archive();
    struct sounds_deps deps = {
        .clock = &s_rig.clock,
        .random = &no_dice,
        .stream = &STREAM,
        .finder = finder,
        .files = {&s_world, create_file},
        .archive = s_archive,
        .rules = {.period_ms = 3600000, .medium = MEDIUM_WAV},
        .has_room = has_room,
        .utc_offset_s = no_offset,
        .ctx = &s_world,
    };
    deps.count = url != NULL;
    deps.sources[0] = (struct sounds_source){"mic", url};
    assert_int_equal(sounds_start(&deps, &s_sounds), ERR_OK);
}

static void play(unsigned pieces, bool room)
{
    pthread_mutex_lock(&s_world.lock);
    s_world.pieces = pieces;
    s_world.no_room = !room;
    pthread_mutex_unlock(&s_world.lock);
}

static struct soundboard told(void)
{
    struct soundboard b = {0};
    sounds_tell(s_sounds, &b);
    return b;
}

static bool is_recorded(void)
{
    return told().count == 1 && told().sources[0].recorded_ms >= 3000;
}

static void end_sounds(void)
{
    sounds_stop(s_sounds);
    expect(is_stored);
    sounds_destroy(s_sounds);
}

static void a_streamer_that_announces_itself_is_recorded(void **state)
{
    (void)state;
    start_sounds(&FINDER, NULL);
    play(30, true);
    expect(is_recorded);
    struct soundboard b = told();
    assert_true(b.sources[0].found && b.sources[0].streaming && b.sources[0].recording);
    assert_string_equal(b.sources[0].name, "mic");
    assert_string_equal(s_world.url, "http://10.0.0.7:8080/stream.wav");
    end_sounds();
}

static void one_that_is_named_is_not_recorded_twice(void **state)
{
    (void)state;
    start_sounds(&FINDER, "http://10.0.0.7:8080/stream.wav?t=token");
    play(30, true);
    expect(is_recorded);
    struct soundboard b = told();
    assert_int_equal(b.count, 1);
    assert_false(b.sources[0].found);
    assert_string_equal(s_world.url, "http://10.0.0.7:8080/stream.wav?t=token");
    end_sounds();
}

static bool is_refused(void)
{
    return told().sources[0].refused && told().sources[0].lost_ms >= 500;
}

static void sound_waits_until_photos_have_room(void **state)
{
    (void)state;
    start_sounds(NULL, "http://10.0.0.7:8080/stream.wav");
    play(5, false);
    expect(is_refused);
    struct soundboard b = told();
    assert_true(soundboard_is_refused(&b));
    assert_int_equal(b.sources[0].recorded_ms, 0);
    play(RECORDER_RETRY_MS / 100 + 40, true);
    expect(is_recorded);
    end_sounds();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(what_a_crash_left_is_repaired_and_handed_in),
        TEST(a_database_that_fails_costs_no_recording),
        TEST(what_is_no_sound_is_set_aside),
        TEST(a_streamer_that_announces_itself_is_recorded),
        TEST(one_that_is_named_is_not_recorded_twice),
        TEST(sound_waits_until_photos_have_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
