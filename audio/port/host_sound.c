#include "audio/port/host_sound.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/wav.h"

enum {
    HEAD_BYTES_MAX = 65536,   /* what may stand before the samples */
    FILE_BYTES_MAX = 1 << 30, /* more than two hours of anything */
    REACH = 16,               /* samples on each side that a point between them depends on */
};

static const double pi = 3.14159265358979323846;

void host_sound_tone(struct host_sound *s, double hz)
{
    *s = (struct host_sound){.tone_hz = hz};
}

void host_sound_pips(struct host_sound *s, double hz, double every_s, double next_s)
{
    *s = (struct host_sound){.tone_hz = hz, .pip_s = every_s, .next_s = next_s};
}

void host_sound_close(struct host_sound *s)
{
    free(s->samples);
    *s = (struct host_sound){0};
}

/* The upper 16 bits of one sample. */
static int16_t sample_of(const uint8_t *p, unsigned bits)
{
    if (bits == 8)
        return (int16_t)((p[0] - 128) * 256);
    p += bits / 8 - 2;
    return (int16_t)(uint16_t)(p[0] | p[1] << 8);
}

static enum err read_samples(struct host_sound *s, FILE *file, const struct wav_format *f)
{
    size_t step = (size_t)f->channels * f->bits / 8, cap = 0;
    uint8_t frame[64];
    uint64_t left = f->data_bytes / step;
    s->rate_hz = f->rate_hz;
    for (; left > 0 && fread(frame, step, 1, file) == 1; left--) {
        if (s->count == cap) {
            cap = cap == 0 ? 65536 : cap * 2;
            int16_t *more = cap * 2 > FILE_BYTES_MAX ? NULL : realloc(s->samples, cap * 2);
            if (more == NULL)
                return ERR_LIMIT;
            s->samples = more;
        }
        s->samples[s->count++] = sample_of(frame, f->bits);
    }
    return s->count == 0 ? ERR_INPUT : ERR_OK;
}

enum err host_sound_open(struct host_sound *s, const char *path)
{
    static uint8_t head[HEAD_BYTES_MAX];
    struct wav_format format;
    *s = (struct host_sound){0};
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return ERR_IO;
    size_t len = fread(head, 1, sizeof head, file);
    enum err e = wav_read_head(head, len, &format) == ERR_OK ? ERR_OK : ERR_INPUT;
    if (e == ERR_OK && fseek(file, (long)format.data_offset, SEEK_SET) != 0)
        e = ERR_IO;
    if (e == ERR_OK)
        e = read_samples(s, file, &format);
    (void)fclose(file); /* only read from */
    if (e != ERR_OK)
        host_sound_close(s);
    return e;
}

/* Windowed sinc around the point. */
static double between(const struct host_sound *s, double at)
{
    double whole = floor(at), part = at - whole, sum = 0;
    long count = (long)s->count, middle = (long)fmod(whole, (double)count);
    double wave = sin(pi * part) / pi;
    for (int k = 1 - REACH; k <= REACH; k++) {
        double x = part - k;
        double sinc = fabs(x) < 1e-9 ? 1 : (k % 2 == 0 ? wave : -wave) / x;
        double window = 0.5 + 0.5 * cos(pi * x / (REACH + 1));
        sum += s->samples[((middle + k) % count + count) % count] * sinc * window;
    }
    return sum / 32768;
}

double host_sound_at(const struct host_sound *s, double time_s)
{
    if (s->pip_s > 0) {
        time_s = time_s < s->next_s ? s->pip_s : fmod(time_s - s->next_s, s->pip_s);
        if (time_s * 1000 >= HOST_SOUND_PIP_MS)
            return 0;
    }
    if (s->count == 0)
        return sin(2 * pi * fmod(s->tone_hz * time_s, 1));
    return between(s, time_s * s->rate_hz);
}
