#include "audio/port/host_alsa.h"

#ifdef VAUDIO_ALSA

#include <alsa/asoundlib.h>

enum { LATENCY_US = 100000 };

struct host_alsa {
    snd_pcm_t *pcm;
    unsigned rate_hz;
};

bool host_alsa_is_built(void)
{
    return true;
}

struct host_alsa *host_alsa_open(const char *device, unsigned rate_hz)
{
    struct host_alsa *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->rate_hz = rate_hz;
    if (snd_pcm_open(&a->pcm, device, SND_PCM_STREAM_CAPTURE, 0) < 0) {
        free(a);
        return NULL;
    }
    if (snd_pcm_set_params(a->pcm, SND_PCM_FORMAT_S16_LE, SND_PCM_ACCESS_RW_INTERLEAVED, 1, rate_hz,
                           1, LATENCY_US) < 0) {
        host_alsa_close(a);
        return NULL;
    }
    return a;
}

enum err host_alsa_read(struct host_alsa *a, int16_t *out, size_t count, size_t *out_lost)
{
    *out_lost = 0;
    size_t have = 0;
    while (have < count) {
        snd_pcm_sframes_t n = snd_pcm_readi(a->pcm, out + have, count - have);
        if (n > 0) {
            have += (size_t)n;
        } else {
            /* An overrun loses at most what ALSA's own memory held. */
            *out_lost += n == -EPIPE ? (size_t)a->rate_hz * LATENCY_US / 1000000 : 0;
            if (snd_pcm_recover(a->pcm, (int)n, 1) < 0)
                return ERR_IO;
        }
    }
    return ERR_OK;
}

void host_alsa_close(struct host_alsa *a)
{
    if (a == NULL)
        return;
    (void)snd_pcm_close(a->pcm);
    free(a);
}

#else /* a build without ALSA's headers */

bool host_alsa_is_built(void)
{
    return false;
}

struct host_alsa *host_alsa_open(const char *device, unsigned rate_hz)
{
    (void)device;
    (void)rate_hz;
    return NULL;
}

enum err host_alsa_read(struct host_alsa *a, int16_t *out, size_t count, size_t *out_lost)
{
    (void)a;
    (void)out;
    (void)count;
    (void)out_lost;
    return ERR_IO;
}

void host_alsa_close(struct host_alsa *a)
{
    (void)a;
}

#endif
