#include "relay/logic/soundlink.h"

#include <stdio.h>
#include <string.h>

#include "lib/pace/backoff.h"
#include "lib/wire/wav.h"

void soundlink_init(struct soundlink *l, struct recorder *recorder, struct mono now)
{
    *l = (struct soundlink){.recorder = recorder, .due = deadline_in(now, 0)};
}

void soundlink_ended(struct soundlink *l, const char *why, struct mono now, uint32_t dice)
{
    static const struct backoff_config pace = {SOUNDLINK_WAIT_BASE_MS, SOUNDLINK_WAIT_CAP_MS};
    if (!l->broken) /* that said more */
        snprintf(l->error, sizeof l->error, "%s", why);
    l->failures += l->failures < 32;
    l->state = SOUNDLINK_WAITING;
    l->due = deadline_in(now, backoff_wait_ms(&pace, l->failures, dice));
}

enum soundlink_action soundlink_step(struct soundlink *l, struct mono now, uint32_t dice)
{
    if (l->broken && l->state != SOUNDLINK_WAITING) {
        soundlink_ended(l, "", now, dice);
        return SOUNDLINK_CLOSE;
    }
    if (!deadline_passed(l->due, now))
        return SOUNDLINK_NOTHING;
    if (l->state != SOUNDLINK_WAITING) {
        soundlink_ended(l, "nothing came for a while", now, dice);
        return SOUNDLINK_CLOSE;
    }
    l->state = SOUNDLINK_CONNECTING;
    l->due = deadline_in(now, SOUNDLINK_STALL_MS);
    l->broken = false;
    l->head_len = 0;
    l->has_half = false;
    return SOUNDLINK_OPEN;
}

static void give_up(struct soundlink *l, const char *why)
{
    l->broken = true;
    snprintf(l->error, sizeof l->error, "%s", why);
}

/* Gathers the head; answers how many of the bytes were part of it. */
static size_t take_head(struct soundlink *l, const uint8_t *p, size_t len,
                        const struct recorder_moment *now)
{
    size_t before = l->head_len;
    size_t room = sizeof l->head - before;
    size_t n = len < room ? len : room;
    struct wav_format f;
    memcpy(l->head + before, p, n);
    l->head_len += n;
    enum err e = wav_read_head(l->head, l->head_len, &f);
    if (e == ERR_FULL && l->head_len < sizeof l->head)
        return n;
    if (e != ERR_OK || f.bits != 16 || f.channels != 1) {
        give_up(l, "what it sends is not WAV with 16 bits and one channel");
        return n;
    }
    if (recorder_join(l->recorder, f.rate_hz, now) != ERR_OK) {
        give_up(l, "its sample rate is not between 8 and 48 kHz");
        return n;
    }
    l->state = SOUNDLINK_STREAMING;
    l->failures = 0;
    l->error[0] = '\0';
    return (size_t)f.data_offset - before;
}

/* Turns bytes into samples, as many as there is room for; answers how many bytes it took. */
static size_t read_samples(struct soundlink *l, const uint8_t *p, size_t len, int16_t *out,
                           size_t *out_count)
{
    size_t i = 0, count = 0;
    for (; i < len && count < SOUNDLINK_SAMPLES; i++) {
        if (l->has_half)
            out[count++] = (int16_t)(uint16_t)(l->half | p[i] << 8);
        else
            l->half = p[i];
        l->has_half = !l->has_half;
    }
    *out_count = count;
    return i;
}

static void take_samples(struct soundlink *l, const uint8_t *p, size_t len,
                         const struct recorder_moment *now)
{
    int16_t samples[SOUNDLINK_SAMPLES];
    while (len > 0) {
        size_t count;
        size_t used = read_samples(l, p, len, samples, &count);
        if (count > 0)
            recorder_take(l->recorder, samples, count, now);
        p += used;
        len -= used;
    }
}

void soundlink_bytes(struct soundlink *l, const void *data, size_t len,
                     const struct recorder_moment *now)
{
    const uint8_t *p = data;
    if (l->state == SOUNDLINK_WAITING || l->broken)
        return;
    l->due = deadline_in(now->mono, SOUNDLINK_STALL_MS);
    if (l->state == SOUNDLINK_CONNECTING) {
        size_t used = take_head(l, p, len, now);
        if (l->state == SOUNDLINK_CONNECTING)
            return;
        p += used;
        len -= used;
    }
    take_samples(l, p, len, now);
}

uint32_t soundlink_wait_ms(const struct soundlink *l, struct mono now)
{
    return l->broken && l->state != SOUNDLINK_WAITING ? 0 : deadline_left_ms(l->due, now);
}
