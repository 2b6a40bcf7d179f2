/* audio/main/vaudio.c - the ESP32 audio streamer on a Linux host, vaudio(1). */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "audio/logic/hall.h"
#include "audio/logic/rtpcast.h"
#include "audio/main/vaudio_adc.h"
#include "audio/port/cast_sockets.h"
#include "audio/port/door_sockets.h"

/* tools/embed names the type after the relay's; the fields are the same. */
#define web_file studio_file
#include "audio_ui.h"
#undef web_file

enum {
    TAPE_SAMPLES = 8192, /* 512 ms, as on the chip */
    PLACES = DOOR_SOCKETS_MAX,
    STEP_MS = 4,
};

static volatile sig_atomic_t s_stop;

static void on_signal(int number)
{
    (void)number;
    s_stop = 1;
}

struct app {
    struct vaudio_options options;
    _Atomic int16_t samples[TAPE_SAMPLES];
    struct tape tape;
    struct chain chain;
    struct pulse pulse;
    struct studio studio;
    struct vaudio_adc adc;
    struct door_sockets door;
    struct hall_place places[PLACES];
    struct hall hall;
    struct cast_sockets cast;
    struct rtpcast rtp;
};

static void furnish(struct app *a)
{
    const struct vaudio_options *o = &a->options;
    a->studio = (struct studio){.block = (uint16_t)o->block,
                                .codec = o->codec,
                                .gain_db = o->gain_db,
                                .files = WEB_FILES,
                                .file_count = sizeof WEB_FILES / sizeof WEB_FILES[0],
                                .chain = &a->chain,
                                .pulse = &a->pulse,
                                .listeners_max = o->listeners};
    (void)snprintf(a->studio.name, sizeof a->studio.name, "%s", o->name);
    (void)snprintf(a->studio.token, sizeof a->studio.token, "%s", o->token);
}

static enum err open_rtp(struct app *a)
{
    struct studio *s = &a->studio;
    if (a->options.rtp == NULL)
        return ERR_OK;
    struct slice port, to = slice_cut(slice_of(a->options.rtp), ':', &port);
    uint64_t number;
    if (!slice_to_text(to, s->rtp_to, sizeof s->rtp_to) || !slice_to_u64(port, &number) ||
        number < 1 || number > UINT16_MAX)
        return ERR_INPUT;
    s->rtp_port = (uint16_t)number;
    enum err e = cast_sockets_open(&a->cast, s->rtp_to, s->rtp_port);
    uint32_t seed[2] = {1, 1};
    if (getrandom(seed, sizeof seed, 0) < 0)
        return ERR_IO;
    if (e == ERR_OK)
        rtpcast_open(&a->rtp, s, &a->cast.cast, seed);
    return e;
}

static enum err app_open(struct app *a)
{
    const struct vaudio_options *o = &a->options;
    tape_init(&a->tape, a->samples, TAPE_SAMPLES);
    chain_init(&a->chain, &a->tape, 2, o->gain_db);
    furnish(a);
    enum err e = door_sockets_open(&a->door, o->host, o->port);
    if (e != ERR_OK) {
        (void)fprintf(stderr, "vaudio: cannot listen on %s:%u\n", o->host, o->port);
        return e;
    }
    hall_init(&a->hall, a->places, PLACES, &a->studio, &a->door.door);
    e = vaudio_adc_open(&a->adc, o, &a->chain, &a->pulse);
    if (e != ERR_OK) {
        const char *what = o->alsa != NULL ? o->alsa : o->wav != NULL ? o->wav : "the tone";
        (void)fprintf(stderr, "vaudio: cannot hear %s\n", what);
        return e;
    }
    e = open_rtp(a);
    if (e != ERR_OK)
        (void)fprintf(stderr, "vaudio: cannot send to %s\n", o->rtp);
    return e;
}

static void app_run(struct app *a)
{
    if (!a->options.quiet)
        (void)printf("vaudio: listening at http://%s:%u/\n", a->options.host, a->door.port);
    (void)fflush(stdout);
    while (s_stop == 0) {
        hall_step(&a->hall, vaudio_adc_now());
        rtpcast_step(&a->rtp);
        door_sockets_wait(&a->door, STEP_MS);
    }
}

static void app_close(struct app *a)
{
    hall_close(&a->hall);
    rtpcast_close(&a->rtp);
    cast_sockets_close(&a->cast);
    vaudio_adc_close(&a->adc);
    door_sockets_close(&a->door);
}

int main(int argc, char **argv)
{
    static struct app a = {.door = {.listener = -1}, .cast = {.fd = -1}};
    switch (vaudio_options_read(&a.options, argc, argv)) {
    case VAUDIO_RUN: break;
    case VAUDIO_HELPED: return EXIT_SUCCESS;
    case VAUDIO_WRONG: return 2;
    }
    struct sigaction stop = {.sa_handler = on_signal};
    (void)sigaction(SIGINT, &stop, NULL);
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)signal(SIGPIPE, SIG_IGN);

    enum err e = app_open(&a);
    if (e == ERR_OK)
        app_run(&a);
    app_close(&a);
    return e == ERR_OK ? EXIT_SUCCESS : 2;
}
