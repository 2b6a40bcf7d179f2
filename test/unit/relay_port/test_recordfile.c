/* Goal: a recording reads back as the samples that were written, and whatever a crash leaves of it
 * is repaired to what is whole. Method: real files in a temporary folder; FLAC read back with
 * libFLAC; a cut at every byte of the last stretch. */
#include <FLAC/stream_decoder.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/wire/audiofile.h"
#include "lib/wire/wav.h"
#include "relay/port/recordfile_flac.h"
#include "relay/port/recordfile_posix.h"
#include "test/unit/temp_folder.h"
#include "test/unit/unit.h"

enum { RATE = 16000, SAMPLES = 40000, PIECE = 777 };

static char s_folder[TEMP_FOLDER_MAX];
static int16_t s_sound[SAMPLES];

static int set_up(void **state)
{
    (void)state;
    assert_true(temp_folder_make(s_folder));
    for (int i = 0; i < SAMPLES; i++)
        s_sound[i] = (int16_t)((i * 37 % 4001) - 2000 + (i % 160 < 80 ? 9000 : -9000));
    s_sound[7] = INT16_MIN;
    s_sound[8] = INT16_MAX;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    temp_folder_remove(s_folder);
    return 0;
}

static char *path_of(const char *name)
{
    static char path[TEMP_FOLDER_MAX + 64];
    (void)snprintf(path, sizeof path, "%s/%s", s_folder, name);
    return path;
}

static bool exists(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static void record(const char *name, bool flac, bool finish)
{
    struct recordfile_posix *r;
    struct recordfile f;
    assert_int_equal(recordfile_posix_create(s_folder, flac, &r, &f), ERR_OK);
    assert_int_equal(f.begin(f.ctx, name, RATE), ERR_OK);
    for (size_t at = 0; at < SAMPLES; at += PIECE) {
        size_t n = SAMPLES - at < PIECE ? SAMPLES - at : PIECE;
        assert_int_equal(f.write(f.ctx, s_sound + at, n), ERR_OK);
    }
    assert_int_equal(f.flush(f.ctx), ERR_OK);
    if (finish)
        assert_int_equal(f.finish(f.ctx), ERR_OK);
    recordfile_posix_destroy(r);
}

struct decoded {
    size_t count;
    bool broken;
};

static FLAC__StreamDecoderWriteStatus on_frame(const FLAC__StreamDecoder *d,
                                               const FLAC__Frame *frame,
                                               const FLAC__int32 *const samples[], void *arg)
{
    struct decoded *out = arg;
    (void)d;
    for (unsigned i = 0; i < frame->header.blocksize; i++)
        out->broken |= out->count + i >= SAMPLES || s_sound[out->count + i] != samples[0][i];
    out->count += frame->header.blocksize;
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void on_error(const FLAC__StreamDecoder *d, FLAC__StreamDecoderErrorStatus s, void *arg)
{
    struct decoded *out = arg;
    (void)d;
    (void)s;
    out->broken = true;
}

/* How many of the samples the file holds; all of them must be right, and the head must say so. */
static size_t flac_holds(const char *name)
{
    struct decoded out = {0};
    FLAC__StreamDecoder *d = FLAC__stream_decoder_new();
    assert_int_equal(
        FLAC__stream_decoder_init_file(d, path_of(name), on_frame, NULL, on_error, &out),
        FLAC__STREAM_DECODER_INIT_STATUS_OK);
    assert_true(FLAC__stream_decoder_process_until_end_of_stream(d));
    assert_int_equal(FLAC__stream_decoder_get_total_samples(d), out.count);
    assert_int_equal(FLAC__stream_decoder_get_sample_rate(d), RATE);
    FLAC__stream_decoder_delete(d);
    assert_false(out.broken);
    return out.count;
}

static size_t wav_holds(const char *name)
{
    static uint8_t bytes[WAV_HEAD_BYTES + 2 * SAMPLES + 1];
    struct wav_format f;
    FILE *file = fopen(path_of(name), "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    assert_int_equal(wav_read_head(bytes, len, &f), ERR_OK);
    assert_true(f.rate_hz == RATE && f.channels == 1 && f.bits == 16);
    assert_int_equal(f.data_bytes, len - WAV_HEAD_BYTES);
    assert_int_equal(f.data_bytes % 2, 0);
    for (size_t i = 0; i < f.data_bytes / 2; i++) {
        const uint8_t *p = bytes + WAV_HEAD_BYTES + 2 * i;
        assert_int_equal((int16_t)(uint16_t)(p[0] | p[1] << 8), s_sound[i]);
    }
    return f.data_bytes / 2;
}

static void a_recording_holds_what_was_written(void **state)
{
    (void)state;
    record("1-mic.wav", false, true);
    assert_int_equal(wav_holds("1-mic.wav"), SAMPLES);
    record("1-mic.flac", true, true);
    assert_int_equal(flac_holds("1-mic.flac"), SAMPLES);
    assert_false(exists("1-mic.wav" RECORDFILE_OPEN) || exists("1-mic.flac" RECORDFILE_OPEN));
    struct stat wav, flac;
    assert_int_equal(stat(path_of("1-mic.wav"), &wav), 0);
    assert_int_equal(stat(path_of("1-mic.flac"), &flac), 0);
    assert_true(flac.st_size < wav.st_size);
}

static void what_is_open_when_the_writer_goes_is_finished(void **state)
{
    (void)state;
    record("1-mic.wav", false, false);
    assert_int_equal(wav_holds("1-mic.wav"), SAMPLES);
    record("1-mic.flac", true, false);
    assert_int_equal(flac_holds("1-mic.flac"), SAMPLES);
}

static void a_name_that_is_taken_is_not_written_over(void **state)
{
    (void)state;
    struct recordfile_posix *r;
    struct recordfile f;
    FILE *file = fopen(path_of("1-mic.wav" RECORDFILE_OPEN), "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(recordfile_posix_create(s_folder, false, &r, &f), ERR_OK);
    assert_int_equal(f.begin(f.ctx, "1-mic.wav", RATE), ERR_IO);
    recordfile_posix_destroy(r);
}

/* Puts the first `len` bytes of a recording where a crash would have left them. For FLAC with the
 * head as it is before the end: lengths unknown. */
static void leave_cut(const char *whole, const char *name, size_t len, bool flac)
{
    static uint8_t bytes[WAV_HEAD_BYTES + 2 * SAMPLES + 1];
    FILE *in = fopen(path_of(whole), "rb");
    assert_non_null(in);
    size_t n = fread(bytes, 1, len, in);
    assert_int_equal(n, len);
    (void)fclose(in);
    if (flac && len >= AUDIOFILE_FLAC_HEAD)
        assert_true(audiofile_flac_close(bytes, 0));
    char open_name[64];
    (void)snprintf(open_name, sizeof open_name, "%s" RECORDFILE_OPEN, name);
    FILE *out = fopen(path_of(open_name), "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    (void)fclose(out);
}

static void whatever_is_left_of_a_wav_is_repaired(void **state)
{
    (void)state;
    record("1-mic.wav", false, true);
    for (size_t len = 0; len < WAV_HEAD_BYTES + 100; len++) {
        leave_cut("1-mic.wav", "2-mic.wav", len, false);
        assert_int_equal(recordfile_posix_repair(s_folder, "2-mic.wav", false), ERR_OK);
        assert_false(exists("2-mic.wav" RECORDFILE_OPEN));
        size_t expected = len < WAV_HEAD_BYTES ? 0 : (len - WAV_HEAD_BYTES) / 2;
        assert_int_equal(exists("2-mic.wav"), expected > 0);
        if (expected > 0)
            assert_int_equal(wav_holds("2-mic.wav"), expected);
        (void)unlink(path_of("2-mic.wav"));
    }
    assert_int_equal(recordfile_posix_repair(s_folder, "3-none.wav", false), ERR_OK);
}

/* Every byte of the head and of the end, and here and there between. */
static size_t next_cut(size_t len, size_t size)
{
    if (len < 200 || len >= size - 40)
        return len + 1;
    return len + 613 < size - 40 ? len + 613 : size - 40;
}

static void whatever_is_left_of_a_flac_is_repaired(void **state)
{
    (void)state;
    struct stat st;
    size_t before = 0;
    record("1-mic.flac", true, true);
    assert_int_equal(stat(path_of("1-mic.flac"), &st), 0);
    size_t size = (size_t)st.st_size;
    for (size_t len = 0; len <= size; len = next_cut(len, size)) {
        leave_cut("1-mic.flac", "2-mic.flac", len, true);
        assert_int_equal(recordfile_posix_repair(s_folder, "2-mic.flac", true), ERR_OK);
        assert_false(exists("2-mic.flac" RECORDFILE_OPEN));
        size_t holds = exists("2-mic.flac") ? flac_holds("2-mic.flac") : 0;
        assert_true(holds >= before && (holds % 4096 == 0 || holds == SAMPLES));
        before = holds;
        (void)unlink(path_of("2-mic.flac"));
    }
    assert_int_equal(before, SAMPLES);
}

static void what_is_no_recording_is_removed(void **state)
{
    (void)state;
    FILE *file = fopen(path_of("2-mic.flac" RECORDFILE_OPEN), "wb");
    assert_non_null(file);
    for (int i = 0; i < 5000; i++)
        (void)fputc(i * 7, file);
    (void)fclose(file);
    assert_int_equal(recordfile_posix_repair(s_folder, "2-mic.flac", true), ERR_OK);
    assert_false(exists("2-mic.flac") || exists("2-mic.flac" RECORDFILE_OPEN));
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct recordfile_flac *f;
    int fd = open("/dev/full", O_WRONLY);
    if (fd < 0)
        skip();
    assert_int_equal(recordfile_flac_open(fd, RATE, &f), ERR_FULL);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_recording_holds_what_was_written),
        TEST(what_is_open_when_the_writer_goes_is_finished),
        TEST(a_name_that_is_taken_is_not_written_over),
        TEST(whatever_is_left_of_a_wav_is_repaired),
        TEST(whatever_is_left_of_a_flac_is_repaired),
        TEST(what_is_no_recording_is_removed),
        TEST(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
