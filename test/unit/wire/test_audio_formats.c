/* Goal: sound leaves and enters in its formats to the byte: WAV, IMA ADPCM, mu-law, frames, RTP. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/sha1.h"
#include "lib/wire/adpcm.h"
#include "lib/wire/audioframe.h"
#include "lib/wire/mulaw.h"
#include "lib/wire/rtp.h"
#include "lib/wire/wav.h"
#include "test/unit/unit.h"

#define ROWS(table) (sizeof(table) / sizeof(table)[0])

static void the_endless_head_is_the_44_bytes_players_know(void **state)
{
    (void)state;
    static const uint8_t right[] = {
        0x52, 0x49, 0x46, 0x46, 0xFF, 0xFF, 0xFF, 0xFF, 0x57, 0x41, 0x56, 0x45, 0x66, 0x6D, 0x74,
        0x20, 0x10, 0,    0,    0,    1,    0,    1,    0,    0x80, 0x3E, 0,    0,    0,    0x7D,
        0,    0,    2,    0,    0x10, 0,    0x64, 0x61, 0x74, 0x61, 0xFF, 0xFF, 0xFF, 0xFF};
    uint8_t head[WAV_HEAD_BYTES];
    wav_write_head(head, 16000, WAV_ENDLESS);
    assert_memory_equal(head, right, sizeof right);
    wav_write_head(head, 16000, WAV_ENDLESS_2G);
    assert_memory_equal(head + 40, "\xff\xff\xff\x7f", 4);
    assert_memory_equal(head + 4, "\x23\x00\x00\x80", 4);
    wav_write_head(head, 44100, WAV_DATA_MAX);
    assert_memory_equal(head + 4, "\xfe\xff\xff\xff", 4);
    wav_write_head(head, 16000, WAV_DATA_MAX + 1);
    assert_memory_equal(head + 4, "\xff\xff\xff\xff", 4);
}

/* From memory that ends where the bytes end. */
static enum err read_exact(const uint8_t *bytes, size_t len, struct wav_format *out)
{
    uint8_t *heap = malloc(len > 0 ? len : 1);
    memcpy(heap, bytes, len);
    enum err e = wav_read_head(heap, len, out);
    free(heap);
    return e;
}

static void our_own_head_reads_back_and_half_of_it_asks_for_more(void **state)
{
    (void)state;
    uint8_t head[WAV_HEAD_BYTES];
    struct wav_format f = {.rate_hz = 1};
    wav_write_head(head, 16000, 1234);
    for (size_t cut = 0; cut < sizeof head; cut++)
        assert_int_equal(read_exact(head, cut, &f), ERR_FULL);
    assert_int_equal(f.rate_hz, 1);
    assert_int_equal(read_exact(head, sizeof head, &f), ERR_OK);
    assert_int_equal(f.rate_hz, 16000);
    assert_int_equal(f.channels, 1);
    assert_int_equal(f.bits, 16);
    assert_int_equal(f.data_offset, 44);
    assert_int_equal(f.data_bytes, 1234);
}

static void other_chunks_are_skipped_with_their_padding(void **state)
{
    (void)state;
    uint8_t file[WAV_HEAD_BYTES + 8 + 4], head[WAV_HEAD_BYTES];
    struct wav_format f;
    wav_write_head(head, 8000, 10);
    memcpy(file, head, 12);
    memcpy(file + 12, "LIST\x03\0\0\0abc\0", 12);
    memcpy(file + 24, head + 12, 32);
    assert_int_equal(read_exact(file, sizeof file, &f), ERR_OK);
    assert_int_equal(f.data_offset, 56);
}

static const struct {
    const char *name;
    size_t at;
    uint8_t byte;
} wrong[] = {
    {"not RIFF", 0, 'X'},
    {"not WAVE", 8, 'X'},
    {"compressed", 20, 2},
    {"no channel", 22, 0},
    {"nine channels", 22, 9},
    {"12 bits", 34, 12},
    {"frame of another size", 32, 4},
    {"short format", 16, 15},
};

static void what_is_no_plain_wav_file_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(wrong); i++) {
        uint8_t head[WAV_HEAD_BYTES];
        struct wav_format f;
        wav_write_head(head, 16000, 10);
        head[wrong[i].at] = wrong[i].byte;
        if (read_exact(head, sizeof head, &f) != ERR_INPUT)
            fail_msg("%s", wrong[i].name);
    }
    uint8_t head[WAV_HEAD_BYTES];
    struct wav_format f;
    wav_write_head(head, 384001, 10);
    assert_int_equal(read_exact(head, sizeof head, &f), ERR_INPUT);
    wav_write_head(head, 384000, 10);
    assert_int_equal(read_exact(head, sizeof head, &f), ERR_OK);
    memcpy(head + 12, "data", 4); /* samples before the format */
    assert_int_equal(read_exact(head, sizeof head, &f), ERR_INPUT);
    wav_write_head(head, 16000, 10);
    memcpy(head + 12, "junk\xff\xff\xff\xff", 8); /* beyond everything */
    assert_int_equal(read_exact(head, sizeof head, &f), ERR_FULL);
}

enum { COUNT = 16000, BLOCK = 320 };
static int16_t clear[COUNT], back[COUNT];

static double snr_db(void)
{
    double signal = 0, noise = 0;
    for (unsigned i = BLOCK; i < COUNT; i++) {
        signal += (double)clear[i] * clear[i];
        noise += ((double)clear[i] - back[i]) * ((double)clear[i] - back[i]);
    }
    return 10 * log10(signal / noise);
}

/* Harmonics under a slow envelope, falling as speech falls. */
static void fill_like_speech(void)
{
    const double pi = 3.14159265358979323846;
    for (unsigned i = 0; i < COUNT; i++) {
        double t = i / 16000.0, sum = 0;
        for (int k = 1; k <= 12; k++)
            sum += sin(2 * pi * 140 * k * t + k * k) / k;
        clear[i] = (int16_t)lround(7000 * sum * (0.55 + 0.45 * sin(2 * pi * 3 * t)));
    }
}

static void through_adpcm(size_t lost_block)
{
    struct adpcm a = {0};
    for (size_t at = 0; at < COUNT; at += BLOCK) {
        uint8_t block[ADPCM_BLOCK_BYTES(BLOCK)];
        adpcm_write_block(&a, clear + at, BLOCK, block);
        if (at / BLOCK != lost_block)
            assert_int_equal(adpcm_read_block(block, sizeof block, back + at), ERR_OK);
    }
}

static void adpcm_keeps_23_db_of_speech_and_27_of_a_tone(void **state)
{
    (void)state;
    fill_like_speech();
    through_adpcm(SIZE_MAX);
    double speech = snr_db();
    for (unsigned i = 0; i < COUNT; i++)
        clear[i] = (int16_t)lround(10000 * sin(2 * 3.14159265358979323846 * 1000 * i / 16000.0));
    through_adpcm(SIZE_MAX);
    double tone = snr_db();
    print_message("speech %.1f dB, tone %.1f dB\n", speech, tone);
    assert_true(speech >= 23);
    assert_true(tone >= 27);
}

static void a_lost_block_costs_only_itself(void **state)
{
    (void)state;
    static int16_t whole[COUNT];
    fill_like_speech();
    through_adpcm(SIZE_MAX);
    memcpy(whole, back, sizeof whole);
    memset(back, 0, sizeof back);
    through_adpcm(7);
    for (unsigned i = 0; i < COUNT; i++)
        assert_int_equal(back[i], i / BLOCK == 7 ? 0 : whole[i]);
}

static void adpcm_follows_the_rfc_bit_for_bit(void **state)
{
    (void)state;
    /* By hand: step 7, code 7 adds 7/8 + 7 + 3 + 1 = 11 and moves the index by 8. */
    static const uint8_t block[] = {100, 0, 0, 0, 0x70, 0x8F};
    int16_t out[4];
    assert_int_equal(adpcm_read_block(block, sizeof block, out), ERR_OK);
    assert_int_equal(out[0], 111); /* the high half first */
    assert_int_equal(out[1], 113); /* step 16, code 0: 2 */
    assert_int_equal(out[2], 112); /* step 14, code 8: -1 */
    assert_int_equal(out[3], 89);  /* step 13, code 15: -(1 + 13 + 6 + 3) */
}

static void adpcm_refuses_what_is_no_block_and_never_leaves_its_range(void **state)
{
    (void)state;
    int16_t out[512];
    uint8_t block[260] = {0};
    assert_int_equal(adpcm_read_block(block, 3, out), ERR_INPUT);
    memset(block, 0, sizeof block);
    block[2] = 89;
    assert_int_equal(adpcm_read_block(block, sizeof block, out), ERR_INPUT);
    srand(1);
    for (unsigned round = 0; round < 500; round++) {
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = (uint8_t)rand();
        block[2] %= 89;
        assert_int_equal(adpcm_read_block(block, sizeof block, out), ERR_OK); /* UBSan watches */
    }
    struct adpcm a = {0};
    for (unsigned i = 0; i < 512; i++)
        out[i] = i % 2 ? INT16_MAX : INT16_MIN;
    adpcm_write_block(&a, out, 512, block);
}

static void mulaw_is_that_of_g711(void **state)
{
    (void)state;
    assert_int_equal(mulaw_from_pcm(0), 0xFF);
    assert_int_equal(mulaw_from_pcm(-1), 0x7F);
    assert_int_equal(mulaw_from_pcm(INT16_MAX), 0x80);
    assert_int_equal(mulaw_from_pcm(INT16_MIN), 0x00);
    assert_int_equal(mulaw_to_pcm(0x80), 32124);
    assert_int_equal(mulaw_to_pcm(0x00), -32124);
    assert_int_equal(mulaw_to_pcm(0xFF), 0);
    for (unsigned code = 0; code < 256; code++) { /* what it says it also hears; 0x7F is -0 */
        if (code != 0x7F)
            assert_int_equal(mulaw_from_pcm(mulaw_to_pcm((uint8_t)code)), code);
    }
    for (int x = INT16_MIN; x <= INT16_MAX; x++) {
        int off = abs(mulaw_to_pcm(mulaw_from_pcm((int16_t)x)) - x);
        assert_true(off <= 4 + abs(x) / 31);
    }
}

static void a_frame_reads_back_as_it_was_written(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++) {
        struct audioframe f = {.codec = AUDIOFRAME_ADPCM,
                               .gap = flags & 1,
                               .clipped = (flags & 2) != 0,
                               .more = (flags & 4) != 0,
                               .fragment = 3,
                               .sequence = 0xABCD,
                               .index = 0x12345678};
        struct audioframe g;
        uint8_t head[AUDIOFRAME_HEAD_BYTES];
        audioframe_write_head(&f, head);
        assert_memory_equal(head + 1, "\x03\xcd\xab\x78\x56\x34\x12", 7);
        assert_int_equal(head[0],
                         2 | (f.gap ? 0x10 : 0) | (f.clipped ? 0x20 : 0) | (f.more ? 0x80 : 0));
        assert_int_equal(audioframe_read_head(head, sizeof head, &g), ERR_OK);
        assert_int_equal(g.gap, f.gap);
        assert_int_equal(g.clipped, f.clipped);
        assert_int_equal(g.more, f.more);
        assert_int_equal(g.sequence, f.sequence);
        assert_int_equal(g.index, f.index);
        assert_int_equal(audioframe_read_head(head, 7, &g), ERR_INPUT);
        head[0] = 3;
        assert_int_equal(audioframe_read_head(head, 8, &g), ERR_INPUT);
    }
    assert_int_equal(audioframe_payload_bytes(AUDIOFRAME_ADPCM, 320), 164);
    assert_int_equal(audioframe_payload_bytes(AUDIOFRAME_PCM, 320), 640);
    assert_int_equal(audioframe_payload_bytes(AUDIOFRAME_MULAW, 320), 320);
    enum audioframe_codec codec = AUDIOFRAME_PCM;
    assert_true(audioframe_codec_from("adpcm", 5, &codec));
    assert_int_equal(codec, AUDIOFRAME_ADPCM);
    assert_false(audioframe_codec_from("adpc", 4, &codec));
    assert_false(audioframe_codec_from("", 0, &codec));
}

static void rtp_counts_on_and_speaks_big_endian(void **state)
{
    (void)state;
    struct rtp r = {.ssrc = 0x01020304, .timestamp_base = 0xFFFFFFFF, .sequence = 0xFFFF};
    uint8_t head[RTP_HEAD_BYTES], body[4];
    static const int16_t samples[] = {0x1234, -2};
    rtp_write_head(&r, 2, true, head);
    assert_memory_equal(head, "\x80\xe0\xff\xff\0\0\0\x01\1\2\3\4", 12);
    rtp_write_head(&r, 322, false, head);
    assert_memory_equal(head, "\x80\x60\0\0\0\0\x01\x41\1\2\3\4", 12);
    rtp_write_l16(samples, 2, body);
    assert_memory_equal(body, "\x12\x34\xff\xfe", 4);
}

static void sdp_tells_a_player_everything(void **state)
{
    (void)state;
    char memory[512];
    struct buf out;
    struct rtp_session s = {.name = "mic",
                            .from = "10.0.0.2",
                            .to = "239.1.2.3",
                            .id = 7,
                            .port = 5004,
                            .packet_samples = 320};
    buf_init(&out, memory, sizeof memory);
    rtp_print_sdp(&s, &out);
    assert_string_equal(buf_text(&out),
                        "v=0\r\no=- 7 1 IN IP4 10.0.0.2\r\ns=mic\r\nc=IN IP4 239.1.2.3/1\r\n"
                        "t=0 0\r\nm=audio 5004 RTP/AVP 96\r\na=rtpmap:96 L16/16000/1\r\n"
                        "a=ptime:20\r\n");
    buf_clear(&out);
    s.to = "10.0.0.9";
    rtp_print_sdp(&s, &out);
    assert_non_null(strstr(buf_text(&out), "c=IN IP4 10.0.0.9\r\n"));
}

static void sha1_is_that_of_fips_180(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *digest;
    } rows[] = {
        {"abc", "\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0\xd8\x9d"},
        {"", "\xda\x39\xa3\xee\x5e\x6b\x4b\x0d\x32\x55\xbf\xef\x95\x60\x18\x90\xaf\xd8\x07\x09"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "\x84\x98\x3e\x44\x1c\x3b\xd2\x6e\xba\xae\x4a\xa1\xf9\x51\x29\xe5\xe5\x46\x70\xf1"},
    };
    for (size_t i = 0; i < ROWS(rows); i++) {
        uint8_t digest[SHA1_BYTES];
        sha1_digest(rows[i].text, strlen(rows[i].text), digest);
        assert_memory_equal(digest, rows[i].digest, SHA1_BYTES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_endless_head_is_the_44_bytes_players_know),
        cmocka_unit_test(our_own_head_reads_back_and_half_of_it_asks_for_more),
        cmocka_unit_test(other_chunks_are_skipped_with_their_padding),
        cmocka_unit_test(what_is_no_plain_wav_file_is_refused),
        cmocka_unit_test(adpcm_keeps_23_db_of_speech_and_27_of_a_tone),
        cmocka_unit_test(a_lost_block_costs_only_itself),
        cmocka_unit_test(adpcm_follows_the_rfc_bit_for_bit),
        cmocka_unit_test(adpcm_refuses_what_is_no_block_and_never_leaves_its_range),
        cmocka_unit_test(mulaw_is_that_of_g711),
        cmocka_unit_test(a_frame_reads_back_as_it_was_written),
        cmocka_unit_test(rtp_counts_on_and_speaks_big_endian),
        cmocka_unit_test(sdp_tells_a_player_everything),
        cmocka_unit_test(sha1_is_that_of_fips_180),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
