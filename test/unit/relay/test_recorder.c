/* Goal: recordings begin and end where they should, and what did not come is silence of the same
 * length. Method: days of sound in a moment, over a file in memory that only counts. */
#include <stdio.h>
#include <string.h>

#include "lib/wire/wav.h"
#include "relay/logic/soundlink.h"
#include "test/unit/unit.h"

enum { RATE = 16000, CHUNK = 320, CHUNK_MS = 20, HOUR_MS = 3600 * 1000 };

/* --- a file in memory ------------------------------------------------------------------------- */

struct heard {
    char names[64][RECORDNAME_MAX];
    uint64_t samples[64], silent[64];
    size_t count;
    bool open;
    unsigned flushes;
    enum err begin_error, write_error, flush_error;
    unsigned finished, events;
    struct recorder_event last;
};

static struct heard s_heard;
static struct recorder s_recorder;
static struct recorder_moment s_now;

static enum err file_begin(void *ctx, const char *name, uint32_t rate_hz)
{
    struct heard *h = ctx;
    assert_false(h->open);
    assert_int_equal(rate_hz, s_recorder.rate_hz);
    if (h->begin_error != ERR_OK)
        return h->begin_error;
    snprintf(h->names[h->count], sizeof h->names[0], "%s", name);
    h->samples[h->count] = h->silent[h->count] = 0;
    h->count++;
    h->open = true;
    return ERR_OK;
}

static enum err file_write(void *ctx, const int16_t *samples, size_t count)
{
    struct heard *h = ctx;
    assert_true(h->open);
    if (h->write_error != ERR_OK)
        return h->write_error;
    h->samples[h->count - 1] += count;
    for (size_t i = 0; i < count; i++)
        h->silent[h->count - 1] += samples[i] == 0;
    return ERR_OK;
}

static enum err file_flush(void *ctx)
{
    struct heard *h = ctx;
    assert_true(h->open);
    h->flushes++;
    return h->flush_error;
}

static enum err file_finish(void *ctx)
{
    struct heard *h = ctx;
    assert_true(h->open);
    h->open = false;
    return ERR_OK;
}

static const struct recordfile FILE_IN_MEMORY = {&s_heard, file_begin, file_write, file_flush,
                                                 file_finish};

static void on_finished(void *ctx)
{
    struct heard *h = ctx;
    h->finished++;
}

static void on_loud(void *ctx, const struct recorder_event *event)
{
    struct heard *h = ctx;
    h->events++;
    h->last = *event;
}

/* --- the world -------------------------------------------------------------------------------- */

static const int64_t NOON = 1768392000000; /* 2026-01-14T12:00:00Z */

static void set_up(uint64_t period_ms, unsigned loud, int64_t wall_ms)
{
    struct recorder_rules rules = {period_ms, loud, MEDIUM_WAV};
    struct recorder_sink sink = {&s_heard, on_finished, on_loud};
    s_heard = (struct heard){0};
    recorder_init(&s_recorder, "mic", &rules, &FILE_IN_MEMORY, &sink);
    s_now = (struct recorder_moment){{1000000}, {wall_ms}, 0};
}

static void pass(uint64_t ms)
{
    s_now.mono.ms += ms;
    s_now.wall.ms += (int64_t)ms;
}

static void join(void)
{
    assert_int_equal(recorder_join(&s_recorder, RATE, &s_now), ERR_OK);
}

/* So many ms of sound, as it comes. */
static void play(uint64_t ms, int16_t size)
{
    int16_t samples[CHUNK];
    for (size_t i = 0; i < CHUNK; i++)
        samples[i] = (int16_t)(i % 2 == 0 ? size : -size);
    for (uint64_t at = 0; at < ms; at += CHUNK_MS) {
        pass(CHUNK_MS);
        recorder_take(&s_recorder, samples, CHUNK, &s_now);
        recorder_tick(&s_recorder, &s_now);
    }
}

static void a_recording_covers_an_hour_of_local_time(void **state)
{
    (void)state;
    set_up(HOUR_MS, 0, NOON + HOUR_MS / 2);
    s_now.utc_offset_s = 5 * 3600 + 1800; /* half an hour off: the full hour is at xx:30 UTC */
    join();
    play(2 * HOUR_MS, 100);
    recorder_end(&s_recorder);
    assert_int_equal(s_heard.count, 3); /* the last holds what came in the very last moment */
    assert_int_equal(s_heard.finished, 3);
    assert_string_equal(s_heard.names[0], "1768393800000-mic.wav");
    assert_string_equal(s_heard.names[1], "1768397399980-mic.wav");
    assert_in_range(s_heard.samples[0], (uint64_t)RATE * 3600 - 2 * CHUNK, (uint64_t)RATE * 3600);
    assert_int_equal(s_heard.samples[1], RATE * 3600);
    assert_int_equal(s_heard.silent[0] + s_heard.silent[1], 0);
    assert_int_equal(s_recorder.recordings, 3);
}

static void it_is_flushed_every_ten_seconds(void **state)
{
    (void)state;
    set_up(HOUR_MS, 0, NOON);
    join();
    play(RECORDER_FLUSH_MS - CHUNK_MS, 100);
    assert_int_equal(s_heard.flushes, 0);
    play(2 * CHUNK_MS, 100);
    assert_int_equal(s_heard.flushes, 1);
    play(60 * 1000, 100);
    assert_in_range(s_heard.flushes, 6, 7);
}

static void a_jump_of_the_clock_begins_another(void **state)
{
    (void)state;
    static const int64_t jumps[] = {HOUR_MS, -HOUR_MS, -50LL * 365 * 24 * HOUR_MS};
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        set_up(HOUR_MS, 0, NOON);
        join();
        play(1000, 100);
        s_now.wall.ms += jumps[i];
        play(1000, 100);
        recorder_end(&s_recorder);
        assert_int_equal(s_heard.count, 2);
        assert_int_equal(s_heard.samples[0] + s_heard.samples[1], 2 * RATE);
    }
}

static void what_a_cut_connection_missed_is_silence(void **state)
{
    (void)state;
    set_up(HOUR_MS, 0, NOON);
    join();
    play(20000, 100);
    pass(7000);
    recorder_tick(&s_recorder, &s_now);
    join();
    play(20000, 100);
    recorder_end(&s_recorder);
    assert_int_equal(s_heard.count, 1);
    assert_int_equal(s_heard.samples[0], 47 * RATE);
    assert_int_equal(s_heard.silent[0], 7 * RATE);
    assert_int_equal(s_recorder.lost_ms, 7000);
    assert_int_equal(s_recorder.recorded_ms, 40000);
}

static void more_than_a_minute_ends_the_recording(void **state)
{
    (void)state;
    set_up(HOUR_MS, 0, NOON);
    join();
    play(1000, 100);
    pass(RECORDER_SILENCE_MAX_MS);
    recorder_tick(&s_recorder, &s_now);
    assert_true(s_recorder.recording); /* at the limit */
    pass(1);
    recorder_tick(&s_recorder, &s_now);
    assert_false(s_recorder.recording);
    pass(100000);
    join();
    play(1000, 100);
    assert_int_equal(s_heard.count, 2);
    assert_int_equal(s_heard.silent[0] + s_heard.silent[1], 0);
    assert_int_equal(s_recorder.lost_ms, RECORDER_SILENCE_MAX_MS + 100001);

    set_up(HOUR_MS, 0, NOON); /* the same, nobody having looked meanwhile */
    join();
    play(1000, 100);
    pass(RECORDER_SILENCE_MAX_MS + 1000);
    join();
    play(1000, 100);
    assert_int_equal(s_heard.count, 2);
    assert_int_equal(s_heard.silent[0] + s_heard.silent[1], 0);
}

static void samples_left_out_are_found_and_filled(void **state)
{
    (void)state;
    set_up(HOUR_MS, 0, NOON);
    join();
    play(20000, 100);
    pass(3000);
    play(20000, 100);
    recorder_end(&s_recorder);
    assert_int_equal(s_heard.count, 1);
    assert_int_equal(s_heard.silent[0], 3 * RATE);
    assert_int_equal(s_heard.samples[0], 43 * RATE);
}

static void what_only_comes_late_is_no_gap(void **state)
{
    (void)state;
    int16_t samples[CHUNK];
    memset(samples, 1, sizeof samples);
    set_up(HOUR_MS, 0, NOON);
    join();
    for (unsigned round = 0; round < 20; round++) {
        play(8000, 100);
        pass(2000); /* the network stood still, and then all of it came at once */
        for (unsigned i = 0; i < 2000 / CHUNK_MS; i++)
            recorder_take(&s_recorder, samples, CHUNK, &s_now);
    }
    assert_int_equal(s_heard.silent[0], 0);
    assert_int_equal(s_recorder.lost_ms, 0);
}

static void a_clock_that_is_off_is_no_gap(void **state)
{
    (void)state;
    set_up(24ULL * HOUR_MS, 0, 1768348800000); /* midnight */
    join();
    for (unsigned second = 0; second < 3 * 3600; second++) {
        play(1000, 100);
        pass(second % 5 == 0); /* 200 ppm too slow */
    }
    recorder_end(&s_recorder);
    assert_int_equal(s_heard.count, 1);
    assert_int_equal(s_heard.silent[0], 0);
}

static void a_disk_that_refuses_is_asked_again(void **state)
{
    (void)state;
    set_up(HOUR_MS, 0, NOON);
    s_heard.begin_error = ERR_FULL;
    join();
    play(5000, 100);
    assert_true(s_recorder.refused);
    assert_int_equal(s_recorder.lost_ms, 5000);
    s_heard.begin_error = ERR_OK;
    play(RECORDER_RETRY_MS, 100);
    assert_false(s_recorder.refused);
    assert_int_equal(s_heard.count, 1);
    s_heard.write_error = ERR_IO;
    play(CHUNK_MS, 100);
    assert_true(s_recorder.refused);
    assert_false(s_heard.open); /* what was written is finished */
    s_heard.write_error = ERR_OK;
    play(RECORDER_RETRY_MS + 1000, 100);
    assert_int_equal(s_heard.count, 2);
    s_heard.flush_error = ERR_IO;
    play(RECORDER_FLUSH_MS, 100);
    assert_true(s_recorder.refused);
    assert_false(s_heard.open);
}

static void rates_have_limits(void **state)
{
    (void)state;
    set_up(HOUR_MS, 0, NOON);
    assert_int_equal(recorder_join(&s_recorder, RECORDER_RATE_MIN - 1, &s_now), ERR_INPUT);
    assert_int_equal(recorder_join(&s_recorder, RECORDER_RATE_MAX + 1, &s_now), ERR_INPUT);
    assert_int_equal(recorder_join(&s_recorder, RECORDER_RATE_MAX, &s_now), ERR_OK);
    assert_int_equal(recorder_join(&s_recorder, RECORDER_RATE_MIN, &s_now), ERR_OK);
    play(1000, 100);
    join(); /* another rate is another file */
    play(1000, 100);
    assert_int_equal(s_heard.count, 2);
}

static void loud_moments_are_told_once_and_go_on_over_files(void **state)
{
    (void)state;
    set_up(HOUR_MS, 20, NOON + HOUR_MS - 5000);
    join();
    play(4000, 100);
    assert_int_equal(s_heard.events, 0);
    play(3000, 8192); /* 12 dB below full scale, across the full hour */
    play(5000, 100);
    assert_int_equal(s_heard.count, 2);
    assert_int_equal(s_heard.events, 1);
    assert_int_equal(s_heard.last.below, 12);
    assert_int_equal(s_heard.last.lasted_ms, 3000);
    assert_int_equal(s_heard.last.at.ms, NOON + HOUR_MS - 1000);
    play(1000, 8192);
    recorder_end(&s_recorder);
    assert_int_equal(s_heard.events, 2); /* the end of all ends it */
}

/* --- the link --------------------------------------------------------------------------------- */

static struct soundlink s_link;

static void a_stream_is_understood_at_every_split(void **state)
{
    (void)state;
    unsigned char bytes[WAV_HEAD_BYTES + 64];
    wav_write_head(bytes, RATE, WAV_ENDLESS);
    memset(bytes + WAV_HEAD_BYTES, 7, 64);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        set_up(HOUR_MS, 0, NOON);
        soundlink_init(&s_link, &s_recorder, s_now.mono);
        assert_int_equal(soundlink_step(&s_link, s_now.mono, 0), SOUNDLINK_OPEN);
        pass(10);
        soundlink_bytes(&s_link, bytes, cut, &s_now);
        soundlink_bytes(&s_link, bytes + cut, sizeof bytes - cut, &s_now);
        assert_int_equal(s_link.state, SOUNDLINK_STREAMING);
        assert_int_equal(s_heard.samples[0], 32);
        assert_int_equal(s_heard.silent[0], 0);
        recorder_end(&s_recorder);
    }
}

static void what_is_not_our_sound_is_closed_and_tried_again_later(void **state)
{
    (void)state;
    unsigned char stereo[WAV_HEAD_BYTES + 4];
    wav_write_head(stereo, RATE, WAV_ENDLESS);
    stereo[22] = 2;
    stereo[32] = 4;
    unsigned char slow[WAV_HEAD_BYTES];
    wav_write_head(slow, 4000, WAV_ENDLESS);
    unsigned char endless[2 * SOUNDLINK_HEAD_MAX] = "RIFF\xFF\xFF\xFF\xFFWAVEjunk\xFF\xFF\xFF\x0F";
    const struct {
        const void *bytes;
        size_t len;
    } rows[] = {{"<html>not sound</html>", 22},
                {stereo, sizeof stereo},
                {slow, sizeof slow},
                {endless, sizeof endless}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        set_up(HOUR_MS, 0, NOON);
        soundlink_init(&s_link, &s_recorder, s_now.mono);
        assert_int_equal(soundlink_step(&s_link, s_now.mono, 0), SOUNDLINK_OPEN);
        soundlink_bytes(&s_link, rows[i].bytes, rows[i].len, &s_now);
        assert_int_equal(soundlink_wait_ms(&s_link, s_now.mono), 0);
        assert_int_equal(soundlink_step(&s_link, s_now.mono, 0), SOUNDLINK_CLOSE);
        assert_int_equal(soundlink_step(&s_link, s_now.mono, 0), SOUNDLINK_NOTHING);
        assert_true(s_link.error[0] != '\0');
        assert_int_equal(s_heard.count, 0);
        pass(SOUNDLINK_WAIT_BASE_MS);
        assert_int_equal(soundlink_step(&s_link, s_now.mono, 0), SOUNDLINK_OPEN);
    }
}

static void a_streamer_that_fails_is_asked_less_and_less_often(void **state)
{
    (void)state;
    set_up(HOUR_MS, 0, NOON);
    soundlink_init(&s_link, &s_recorder, s_now.mono);
    uint32_t longest = 0;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(soundlink_step(&s_link, s_now.mono, UINT32_MAX), SOUNDLINK_OPEN);
        soundlink_ended(&s_link, "connection refused", s_now.mono, UINT32_MAX);
        uint32_t wait = soundlink_wait_ms(&s_link, s_now.mono);
        assert_true(wait >= longest && wait <= SOUNDLINK_WAIT_CAP_MS);
        longest = wait;
        pass(wait);
    }
    assert_int_equal(longest, SOUNDLINK_WAIT_CAP_MS);
    assert_string_equal(s_link.error, "connection refused");
}

static void one_that_falls_silent_is_given_up(void **state)
{
    (void)state;
    unsigned char head[WAV_HEAD_BYTES + 2] = {0};
    wav_write_head(head, RATE, WAV_ENDLESS);
    set_up(HOUR_MS, 0, NOON);
    soundlink_init(&s_link, &s_recorder, s_now.mono);
    assert_int_equal(soundlink_step(&s_link, s_now.mono, 0), SOUNDLINK_OPEN);
    pass(SOUNDLINK_STALL_MS - 1);
    soundlink_bytes(&s_link, head, sizeof head, &s_now);
    pass(SOUNDLINK_STALL_MS - 1);
    assert_int_equal(soundlink_step(&s_link, s_now.mono, 0), SOUNDLINK_NOTHING);
    pass(1);
    assert_int_equal(soundlink_step(&s_link, s_now.mono, 0), SOUNDLINK_CLOSE);
    assert_int_equal(s_link.state, SOUNDLINK_WAITING);
}

static void names_of_recordings_are_read_back(void **state)
{
    (void)state;
    struct recordname n = {{NOON}, "front-door.2_x", MEDIUM_FLAC}, back;
    char text[RECORDNAME_MAX];
    recordname_write(&n, text);
    assert_string_equal(text, "1768392000000-front-door.2_x.flac");
    assert_true(recordname_read(slice_of(text), &back));
    assert_true(back.began.ms == n.began.ms && back.medium == n.medium);
    assert_string_equal(back.source, n.source);
    memset(n.source, 'a', sizeof n.source - 1); /* the longest */
    n.began.ms = INT64_MAX;
    recordname_write(&n, text);
    assert_true(recordname_read(slice_of(text), &back));
    static const char *const wrong[] = {"",
                                        "mic.wav",
                                        "1-.wav",
                                        "1-a b.wav",
                                        "-mic.wav",
                                        "1x-mic.wav",
                                        "1-mic.jpg",
                                        "1-mic",
                                        "1-../x.wav",
                                        "99999999999999999999-mic.wav",
                                        "9223372036854775808-mic.wav"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(recordname_read(slice_of(wrong[i]), &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_recording_covers_an_hour_of_local_time),
        cmocka_unit_test(it_is_flushed_every_ten_seconds),
        cmocka_unit_test(a_jump_of_the_clock_begins_another),
        cmocka_unit_test(what_a_cut_connection_missed_is_silence),
        cmocka_unit_test(more_than_a_minute_ends_the_recording),
        cmocka_unit_test(samples_left_out_are_found_and_filled),
        cmocka_unit_test(what_only_comes_late_is_no_gap),
        cmocka_unit_test(a_clock_that_is_off_is_no_gap),
        cmocka_unit_test(a_disk_that_refuses_is_asked_again),
        cmocka_unit_test(rates_have_limits),
        cmocka_unit_test(loud_moments_are_told_once_and_go_on_over_files),
        cmocka_unit_test(a_stream_is_understood_at_every_split),
        cmocka_unit_test(what_is_not_our_sound_is_closed_and_tried_again_later),
        cmocka_unit_test(a_streamer_that_fails_is_asked_less_and_less_often),
        cmocka_unit_test(one_that_falls_silent_is_given_up),
        cmocka_unit_test(names_of_recordings_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
