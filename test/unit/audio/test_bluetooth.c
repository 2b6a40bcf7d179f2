/* Goal: over BLE, what arrives is whole or marked, whatever the stack does; for Bluetooth Classic,
 * each request is answered in full and at the right pitch. */
#include <stdlib.h>
#include <string.h>

#include "audio/logic/btpull.h"
#include "audio/logic/gattcast.h"
#include "test/fakes/audio/fake_radio.h"
#include "test/unit/audio/sine.h"
#include "test/unit/unit.h"

enum { TAPE = 8192 };

static struct {
    _Atomic int16_t memory[TAPE];
    struct tape tape;
    struct chain chain;
    struct pulse pulse;
    struct studio studio;
    struct fake_radio radio;
    struct gattcast g;
    uint64_t played;
} rig;

static struct mono at(uint64_t ms)
{
    return (struct mono){ms};
}

static void set_up(void)
{
    memset(&rig, 0, sizeof rig);
    tape_init(&rig.tape, rig.memory, TAPE);
    chain_init(&rig.chain, &rig.tape, 2, 0);
    pulse_init(&rig.pulse, 50000, 1, at(0));
    rig.studio = (struct studio){.chain = &rig.chain, .pulse = &rig.pulse, .listeners_max = 4};
    fake_radio_init(&rig.radio);
    gattcast_init(&rig.g, &rig.studio, &rig.radio.radio);
}

/* 20 ms of sound reach the tape. */
static void frame_passes(void)
{
    int16_t x[GATTCAST_BLOCK];
    for (unsigned i = 0; i < GATTCAST_BLOCK; i++, rig.played++)
        x[i] = (int16_t)lround(8000 * sin(2 * sine_pi * 700 * (double)rig.played / CHAIN_HZ));
    tape_write(&rig.tape, x, GATTCAST_BLOCK);
    gattcast_step(&rig.g, at(rig.played / 16));
}

static void connect_and_listen(uint16_t mtu)
{
    gattcast_connected(&rig.g, at(0));
    gattcast_mtu(&rig.g, mtu);
    gattcast_subscribed(&rig.g, GATTCAST_AUDIO, true);
    rig.radio.count = 0;
}

static struct audioframe head_of(unsigned i)
{
    struct audioframe f = {0};
    assert_int_equal(rig.radio.kept[i].characteristic, GATTCAST_AUDIO);
    assert_int_equal(audioframe_read_head(rig.radio.kept[i].bytes, rig.radio.kept[i].len, &f),
                     ERR_OK);
    return f;
}

static void frames_of_20_ms_follow_each_other(void **state)
{
    (void)state;
    set_up();
    assert_int_equal(rig.radio.advertised, 1);
    connect_and_listen(185);
    assert_int_equal(rig.radio.hurried, 1);
    assert_int_equal(rig.studio.listeners, 1);
    for (unsigned i = 0; i < 10; i++) {
        frame_passes();
        fake_radio_send(&rig.radio);
    }
    assert_int_equal(rig.radio.count, 10);
    for (unsigned i = 0; i < 10; i++) {
        struct audioframe f = head_of(i);
        int16_t out[GATTCAST_BLOCK];
        assert_int_equal(rig.radio.kept[i].len, 172);
        assert_int_equal(f.codec, AUDIOFRAME_ADPCM);
        assert_int_equal(f.sequence, i);
        assert_int_equal(f.index, i * GATTCAST_BLOCK);
        assert_false(f.gap);
        assert_int_equal(adpcm_read_block(rig.radio.kept[i].bytes + 8, 164, out), ERR_OK);
    }
    assert_int_equal(rig.g.sent, 10);
}

static void too_small_an_mtu_sends_nothing_and_says_so(void **state)
{
    (void)state;
    uint8_t value[RADIO_VALUE_MAX];
    set_up();
    connect_and_listen(GATTCAST_MTU_MIN - 1);
    frame_passes();
    assert_int_equal(rig.radio.count, 0);
    assert_int_equal(rig.studio.listeners, 0);
    assert_int_equal(gattcast_read(&rig.g, GATTCAST_FORMAT, value), GATTCAST_FORMAT_BYTES);
    assert_int_equal(value[1], 0xFF);
    gattcast_mtu(&rig.g, GATTCAST_MTU_MIN); /* grows while connected */
    assert_int_equal(rig.radio.kept[0].characteristic, GATTCAST_FORMAT);
    assert_memory_equal(rig.radio.kept[0].bytes, "\1\2\1\20\x80\x3e\0\0\x40\1\4\0", 12);
    frame_passes();
    assert_int_equal(rig.radio.count, 2);
}

static void a_full_stack_loses_the_newest_frame_and_the_next_one_tells(void **state)
{
    (void)state;
    set_up();
    connect_and_listen(185);
    rig.radio.buffers = 2;
    for (unsigned i = 0; i < 5; i++)
        frame_passes();
    assert_int_equal(rig.radio.count, 2);
    assert_int_equal(rig.g.dropped, 3);
    fake_radio_send(&rig.radio);
    frame_passes();
    frame_passes();
    assert_int_equal(rig.radio.count, 4);
    assert_true(head_of(2).gap);
    assert_int_equal(head_of(2).sequence, 5);
    assert_int_equal(head_of(2).index, 5 * GATTCAST_BLOCK);
    assert_false(head_of(3).gap);
}

static void no_more_than_three_wait_in_the_stack(void **state)
{
    (void)state;
    set_up();
    connect_and_listen(185);
    for (unsigned i = 0; i < 10; i++)
        frame_passes();
    assert_int_equal(rig.radio.count, GATTCAST_WAITING_MAX);
    assert_int_equal(rig.g.dropped, 7);
}

static void a_peer_that_vanishes_leaves_nothing_behind(void **state)
{
    (void)state;
    set_up();
    connect_and_listen(185);
    frame_passes();
    rig.radio.broken = true; /* mid-frame */
    frame_passes();
    gattcast_gone(&rig.g);
    assert_int_equal(rig.studio.listeners, 0);
    assert_int_equal(rig.radio.advertised, 2);
    rig.radio.broken = false;
    frame_passes();
    assert_int_equal(rig.radio.count, 1);
    rig.radio.waiting = 0; /* what was under way is gone with the connection */
    connect_and_listen(185);
    frame_passes();
    assert_int_equal(rig.radio.count, 1);
    assert_int_equal(head_of(0).sequence, 0);
    gattcast_subscribed(&rig.g, GATTCAST_AUDIO, false);
    assert_int_equal(rig.studio.listeners, 0);
    gattcast_gone(&rig.g); /* twice is not once too often */
    gattcast_gone(&rig.g);
}

static const struct {
    const char *name;
    const char *bytes;
    size_t len;
    unsigned answer;
} orders[] = {
    {"nothing", "", 0, GATTCAST_BAD_OP},
    {"op 0", "\0", 1, GATTCAST_BAD_OP},
    {"op 5", "\5\1", 2, GATTCAST_BAD_OP},
    {"start with more", "\1\1", 2, GATTCAST_BAD_VALUE},
    {"codec missing", "\3", 1, GATTCAST_BAD_VALUE},
    {"codec unknown", "\3\3", 2, GATTCAST_BAD_VALUE},
    {"PCM does not fit", "\3\0", 2, GATTCAST_BAD_VALUE},
    {"ADPCM", "\3\2", 2, 0},
    {"gain cut", "\4\0", 2, GATTCAST_BAD_VALUE},
    {"gain 6 dB", "\4\0\6", 3, 0},
    {"gain 41 dB", "\4\0\x29", 3, GATTCAST_BAD_VALUE},
    {"gain -21 dB", "\4\0\xeb", 3, GATTCAST_BAD_VALUE},
};

static void orders_are_judged(void **state)
{
    (void)state;
    set_up();
    connect_and_listen(185);
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        uint8_t *heap = malloc(orders[i].len > 0 ? orders[i].len : 1);
        memcpy(heap, orders[i].bytes, orders[i].len);
        if (gattcast_control(&rig.g, heap, orders[i].len) != orders[i].answer)
            fail_msg("%s", orders[i].name);
        free(heap);
    }
    assert_int_equal(rig.studio.gain_db, 6);
    assert_int_equal(gattcast_control(&rig.g, (const uint8_t *)"\2", 1), 0); /* stop */
    assert_int_equal(rig.studio.listeners, 0);
    assert_int_equal(gattcast_control(&rig.g, (const uint8_t *)"\1", 1), 0); /* start */
    assert_int_equal(rig.studio.listeners, 1);
}

static void pcm_is_sent_where_it_fits_and_left_when_it_no_longer_does(void **state)
{
    (void)state;
    set_up();
    connect_and_listen(517);
    assert_int_equal(gattcast_control(&rig.g, (const uint8_t *)"\3\1", 2), 0); /* mu-law: 331 */
    rig.radio.count = 0;
    frame_passes();
    assert_int_equal(rig.radio.kept[0].len, 328);
    fake_radio_send(&rig.radio);
    gattcast_mtu(&rig.g, 330);
    rig.radio.count = 0;
    frame_passes();
    assert_int_equal(rig.radio.kept[0].len, 172);
}

static void stats_come_each_second_to_who_wants_them(void **state)
{
    (void)state;
    set_up();
    rig.radio.link = (struct radio_link){.rssi_dbm = -61, .phy = 2, .interval = 24};
    connect_and_listen(185);
    gattcast_subscribed(&rig.g, GATTCAST_STATS, true);
    frame_passes();
    gattcast_subscribed(&rig.g, GATTCAST_AUDIO, false);
    for (unsigned i = 0; i < 151; i++) /* 3.02 s */
        frame_passes();
    assert_int_equal(rig.radio.count, 4);
    assert_int_equal(rig.radio.kept[1].characteristic, GATTCAST_STATS);
    assert_int_equal(rig.radio.kept[1].len, GATTCAST_STATS_BYTES);
    assert_memory_equal(rig.radio.kept[1].bytes,
                        "\1\0\0\0"
                        "\0\0\0\0"
                        "\0\0\0\0"
                        "\0\0\0\0"
                        "\xc3\2\xb9\0\x18\0",
                        GATTCAST_STATS_BYTES);
}

static void who_opens_the_channel_gets_frames_there_and_pcm_where_it_fits(void **state)
{
    (void)state;
    uint8_t value[RADIO_VALUE_MAX];
    set_up();
    rig.g.psm = 0x80;
    assert_int_equal(gattcast_read(&rig.g, GATTCAST_PSM, value), 2);
    assert_memory_equal(value, "\x80\0", 2);
    gattcast_connected(&rig.g, at(0)); /* the MTU of ATT stays 23 */
    gattcast_channel(&rig.g, 171);
    assert_int_equal(rig.studio.listeners, 0);
    gattcast_channel(&rig.g, 172);
    assert_int_equal(rig.studio.listeners, 1);
    rig.radio.count = 0;
    frame_passes();
    assert_int_equal(rig.radio.pushed, 1);
    assert_int_equal(rig.radio.kept[0].len, 172);
    gattcast_channel(&rig.g, 648);
    assert_int_equal(gattcast_control(&rig.g, (const uint8_t *)"\3\0", 2), 0);
    rig.radio.count = 0;
    frame_passes();
    assert_int_equal(rig.radio.kept[0].len, 648);
    gattcast_channel(&rig.g, 0);
    assert_int_equal(rig.studio.listeners, 0);
}

static void a_peer_without_credits_loses_frames_and_is_told(void **state)
{
    (void)state;
    struct audioframe f;
    set_up();
    gattcast_connected(&rig.g, at(0));
    gattcast_channel(&rig.g, 512);
    frame_passes();
    rig.radio.no_credits = true;
    frame_passes();
    frame_passes();
    rig.radio.no_credits = false;
    rig.radio.count = 0;
    frame_passes();
    assert_int_equal(rig.g.dropped, 2);
    assert_int_equal(audioframe_read_head(rig.radio.kept[0].bytes, rig.radio.kept[0].len, &f),
                     ERR_OK);
    assert_true(f.gap);
    assert_int_equal(f.index, 3 * GATTCAST_BLOCK);
}

static void where_pairing_is_wanted_nothing_is_heard_before(void **state)
{
    (void)state;
    set_up();
    rig.g.pairing = true;
    gattcast_connected(&rig.g, at(0));
    gattcast_mtu(&rig.g, 185);
    assert_int_equal(rig.radio.secured, 0); /* who only looks is not asked to pair */
    gattcast_subscribed(&rig.g, GATTCAST_AUDIO, true);
    gattcast_subscribed(&rig.g, GATTCAST_STATS, true);
    assert_int_equal(rig.radio.secured, 1);
    assert_int_equal(gattcast_control(&rig.g, (const uint8_t *)"\1", 1), GATTCAST_NOT_PAIRED);
    rig.radio.count = 0;
    for (unsigned i = 0; i < 100; i++)
        frame_passes();
    assert_int_equal(rig.radio.count, 0);
    gattcast_secured(&rig.g);
    frame_passes();
    assert_int_equal(rig.radio.count, 1);
    gattcast_gone(&rig.g);
    gattcast_connected(&rig.g, at(5000)); /* the next one has not paired */
    gattcast_mtu(&rig.g, 185);
    gattcast_channel(&rig.g, 512);
    assert_int_equal(rig.studio.listeners, 0);
    assert_int_equal(rig.radio.secured, 2);
}

static void at_a_wrong_rate_nothing_is_sent_until_it_is_right(void **state)
{
    (void)state;
    set_up();
    connect_and_listen(185);
    atomic_store(&rig.pulse.state, PULSE_WRONG);
    frame_passes();
    assert_int_equal(rig.radio.count, 0);
    assert_int_equal(rig.studio.listeners, 0);
    atomic_store(&rig.pulse.state, PULSE_RIGHT);
    frame_passes(); /* begins */
    frame_passes();
    assert_int_equal(rig.radio.count, 1);
}

static void while_paused_nobody_is_let_in(void **state)
{
    (void)state;
    set_up();
    connect_and_listen(185);
    gattcast_pause(&rig.g, true);
    gattcast_pause(&rig.g, true);
    assert_int_equal(rig.radio.quieted, 1);
    gattcast_gone(&rig.g);
    assert_int_equal(rig.radio.advertised, 1);
    assert_int_equal(rig.studio.listeners, 0);
    gattcast_pause(&rig.g, false);
    assert_int_equal(rig.radio.advertised, 2);
}

/* ---- Bluetooth Classic */

static int16_t stereo[2 * 44100 * 2];

static void play_tone(struct btpull *b, double hz, size_t frames)
{
    size_t done = 0;
    for (uint64_t n = 0; done < frames;) {
        int16_t x[160];
        for (unsigned i = 0; i < 160; i++, n++)
            x[i] = (int16_t)lround(20000 * sin(2 * sine_pi * hz * (double)n / CHAIN_HZ));
        tape_write(&rig.tape, x, 160);
        if (n < 1600)
            continue;
        size_t count = frames - done < 441 ? frames - done : 441;
        btpull_stereo(b, stereo + 2 * done, count);
        done += count;
    }
}

static void a2dp_gets_70_db_at_every_pitch(void **state)
{
    (void)state;
    static int16_t left[44100];
    double least = 999;
    for (double hz = 200; hz <= 7000; hz += 400) {
        struct btpull b;
        set_up();
        btpull_open(&b, &rig.tape);
        play_tone(&b, hz, 88200);
        for (unsigned i = 0; i < 44100; i++) {
            left[i] = stereo[2 * (44100 + i)];
            assert_int_equal(left[i], stereo[2 * (44100 + i) + 1]);
        }
        double db = sine_fit(left, 44100, hz, 44100).sinad_db;
        least = db < least ? db : least;
        assert_int_equal(b.underruns, 0);
    }
    print_message("16 to 44.1 kHz: at least %.1f dB\n", least);
    assert_true(least >= 70);
}

static void a_request_is_answered_in_full_even_without_sound(void **state)
{
    (void)state;
    struct btpull b;
    set_up();
    btpull_open(&b, &rig.tape);
    memset(stereo, 0x55, sizeof stereo);
    btpull_stereo(&b, stereo, 1000);
    for (unsigned i = 0; i < 2000; i++)
        assert_int_equal(stereo[i], 0);
    assert_int_equal(b.underruns, 0); /* it has not begun yet */
    play_tone(&b, 500, 4410);
    size_t frames = 20000; /* far more than there is */
    btpull_stereo(&b, stereo, frames);
    assert_int_equal(b.underruns, 1);
    assert_int_equal(stereo[2 * frames - 1], 0);
    for (size_t i = 1; i < frames; i++) /* no click: 500 Hz at 20000 moves by 1425 a frame */
        assert_true(abs(stereo[2 * i] - stereo[2 * i - 2]) < 3000);
}

static void hands_free_gets_what_is_on_the_tape(void **state)
{
    (void)state;
    struct btpull b;
    int16_t x[1200], out[120];
    set_up();
    btpull_open(&b, &rig.tape);
    for (unsigned i = 0; i < 1200; i++)
        x[i] = (int16_t)i;
    tape_write(&rig.tape, x, 1200);
    btpull_mono(&b, out, 120);
    for (unsigned i = 0; i < 120; i++)
        assert_int_equal(out[i], 1200 - BTPULL_BEHIND_SAMPLES + i);
}

static double narrow_gain_db(double hz)
{
    static int16_t out[8000];
    struct btpull b;
    size_t done = 0;
    set_up();
    btpull_open(&b, &rig.tape);
    for (uint64_t n = 0; done < 8000;) {
        int16_t x[160];
        for (unsigned i = 0; i < 160; i++, n++)
            x[i] = (int16_t)lround(20000 * sin(2 * sine_pi * hz * (double)n / CHAIN_HZ));
        tape_write(&rig.tape, x, 160);
        if (n < 1600)
            continue;
        btpull_narrow(&b, out + done, 80);
        done += 80;
    }
    double power = 0;
    for (unsigned i = 4000; i < 8000; i++)
        power += (double)out[i] * out[i] / 4000;
    return 10 * log10(power / (20000.0 * 20000.0 / 2) + 1e-9);
}

static void a_telephone_without_wide_band_gets_8_khz_without_aliases(void **state)
{
    (void)state;
    for (double hz = 200; hz <= 3400; hz += 200)
        assert_true(fabs(narrow_gain_db(hz)) < 0.2);
    for (double hz = 4600; hz < 8000; hz += 200)
        assert_true(narrow_gain_db(hz) < -38.5);
}

static void a_constant_stays_a_constant(void **state)
{
    (void)state;
    struct upsample u = {0};
    int16_t in[400], out[1000];
    for (unsigned i = 0; i < 400; i++)
        in[i] = -12345;
    assert_int_equal(upsample_needs(&u, 441), 160);
    upsample_run(&u, in, 1000, out);
    for (unsigned i = 200; i < 1000; i++) /* each row sums to one */
        assert_int_equal(out[i], -12345);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_of_20_ms_follow_each_other),
        cmocka_unit_test(too_small_an_mtu_sends_nothing_and_says_so),
        cmocka_unit_test(a_full_stack_loses_the_newest_frame_and_the_next_one_tells),
        cmocka_unit_test(no_more_than_three_wait_in_the_stack),
        cmocka_unit_test(a_peer_that_vanishes_leaves_nothing_behind),
        cmocka_unit_test(orders_are_judged),
        cmocka_unit_test(pcm_is_sent_where_it_fits_and_left_when_it_no_longer_does),
        cmocka_unit_test(stats_come_each_second_to_who_wants_them),
        cmocka_unit_test(who_opens_the_channel_gets_frames_there_and_pcm_where_it_fits),
        cmocka_unit_test(a_peer_without_credits_loses_frames_and_is_told),
        cmocka_unit_test(where_pairing_is_wanted_nothing_is_heard_before),
        cmocka_unit_test(at_a_wrong_rate_nothing_is_sent_until_it_is_right),
        cmocka_unit_test(while_paused_nobody_is_let_in),
        cmocka_unit_test(a2dp_gets_70_db_at_every_pitch),
        cmocka_unit_test(a_request_is_answered_in_full_even_without_sound),
        cmocka_unit_test(hands_free_gets_what_is_on_the_tape),
        cmocka_unit_test(a_telephone_without_wide_band_gets_8_khz_without_aliases),
        cmocka_unit_test(a_constant_stays_a_constant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
