#include "audio/main/vaudio_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/logic/loudness.h"
#include "audio/logic/stream.h"
#include "audio/logic/studio.h"

static const char help[] =
    "usage: vaudio [OPTION]...\n"
    "The ESP32 audio streamer on Linux: a model of its ADC hears a file or a tone, and the\n"
    "firmware's own core serves it. Open the address it prints in a browser.\n\n"
    "what is heard\n"
    "  --wav FILE          a WAV file, over and over\n"
    "  --tone HZ           a tone (440)\n"
    "  --pips MS           the tone for 10 ms whenever this machine's clock, in Unix\n"
    "                      milliseconds, is a multiple of MS: to measure the delay\n"
    "  --alsa DEVICE       a microphone, e.g. default; not through the model of the ADC\n"
    "  --level PART        how much of the ADC's range a full-scale sound takes, 0 to 1 (0.8)\n"
    "who may listen\n"
    "  --host ADDRESS      IPv4 address to listen on (127.0.0.1)\n"
    "  --port PORT         TCP port; 0: any free one (8080)\n"
    "  --listeners N       at the same time, 1 to 15 (8)\n"
    "  --token TEXT        listeners must know it\n"
    "  --name NAME         shown to listeners (ESP32-C3-Audio)\n"
    "  --rtp ADDRESS:PORT  also send RTP there while the program runs\n"
    "sound\n"
    "  --gain DB           -20 to 40 (0)\n"
    "  --block SAMPLES     of a packet: even, 80 to 512 (512)\n"
    "  --codec NAME        pcm, ulaw or adpcm, unless a listener asks for another (pcm)\n"
    "the model\n"
    "  --ideal             a straight ADC without noise\n"
    "  --uncalibrated      do not straighten its curve\n"
    "  --noise LSB         root mean square (2)\n"
    "  --ppm N             how much too fast its crystal is (0)\n"
    "  --burst MS          a spike of the radio every so often (0: none)\n"
    "  --overflow MS       readings are lost every so often (0: never)\n"
    "  --stop-after S      the ADC falls silent once, so long after the start (0: never)\n"
    "  --adc-rate HZ       asked of the ADC; all but 50000 is refused after measuring (50000)\n"
    "  --quiet             no lines but errors\n"
    "  --help  --version\n";

enum {
    WAV = 256,
    TONE,
    PIPS,
    ALSA,
    LEVEL,
    HOST,
    PORT,
    LISTENERS,
    TOKEN,
    NAME,
    RTP,
    GAIN,
    BLOCK,
    CODEC,
    IDEAL,
    UNCALIBRATED,
    NOISE,
    PPM,
    BURST,
    OVERFLOW,
    STOP_AFTER,
    ADC_RATE,
    QUIET,
    HELP,
    VERSION,
};

static const struct option names[] = {
    {"wav", required_argument, NULL, WAV},
    {"tone", required_argument, NULL, TONE},
    {"pips", required_argument, NULL, PIPS},
    {"alsa", required_argument, NULL, ALSA},
    {"level", required_argument, NULL, LEVEL},
    {"host", required_argument, NULL, HOST},
    {"port", required_argument, NULL, PORT},
    {"listeners", required_argument, NULL, LISTENERS},
    {"token", required_argument, NULL, TOKEN},
    {"name", required_argument, NULL, NAME},
    {"rtp", required_argument, NULL, RTP},
    {"gain", required_argument, NULL, GAIN},
    {"block", required_argument, NULL, BLOCK},
    {"codec", required_argument, NULL, CODEC},
    {"ideal", no_argument, NULL, IDEAL},
    {"uncalibrated", no_argument, NULL, UNCALIBRATED},
    {"noise", required_argument, NULL, NOISE},
    {"ppm", required_argument, NULL, PPM},
    {"burst", required_argument, NULL, BURST},
    {"overflow", required_argument, NULL, OVERFLOW},
    {"stop-after", required_argument, NULL, STOP_AFTER},
    {"adc-rate", required_argument, NULL, ADC_RATE},
    {"quiet", no_argument, NULL, QUIET},
    {"help", no_argument, NULL, HELP},
    {"version", no_argument, NULL, VERSION},
    {NULL, 0, NULL, 0},
};

static bool number(const char *text, double low, double high, double *out)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= low && value <= high))
        return false;
    *out = value;
    return true;
}

static bool whole(const char *text, uint32_t low, uint32_t high, uint32_t *out)
{
    uint64_t value;
    if (!slice_to_u64(slice_of(text), &value) || value < low || value > high)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool plain_text(const char *text, size_t max)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
            return false;
    }
    return len >= 1 && len <= max;
}

static bool take_model(struct vaudio_options *o, int option, const char *value)
{
    switch (option) {
    case IDEAL:
        o->ideal = true;
        o->noise_lsb = 0;
        return true;
    case UNCALIBRATED: o->calibrated = false; return true;
    case NOISE: return number(value, 0, 100, &o->noise_lsb);
    case PPM: return number(value, -1000, 1000, &o->ppm);
    case BURST: return whole(value, 0, 60000, &o->burst_ms);
    case OVERFLOW: return whole(value, 0, 600000, &o->overflow_ms);
    case STOP_AFTER: return whole(value, 0, 86400, &o->stop_after_s);
    case ADC_RATE: return whole(value, 611, 83333, &o->asked_hz);
    default: return false;
    }
}

static bool take_sound(struct vaudio_options *o, int option, const char *value)
{
    uint32_t n;
    double db;
    switch (option) {
    case WAV: o->wav = value; return true;
    case ALSA: o->alsa = value; return true;
    case TONE: return number(value, 1, 20000, &o->tone_hz);
    case PIPS: return whole(value, 100, 60000, &o->pips_ms);
    case LEVEL: return number(value, 0, 1, &o->level);
    case GAIN:
        if (!number(value, LOUDNESS_DB_MIN, LOUDNESS_DB_MAX, &db))
            return false;
        o->gain_db = (int)db;
        return true;
    case BLOCK:
        if (!whole(value, STREAM_BLOCK_MIN, STREAM_BLOCK_MAX, &n) || n % 2 != 0)
            return false;
        o->block = n;
        return true;
    case CODEC: return audioframe_codec_from(value, strlen(value), &o->codec);
    default: return take_model(o, option, value);
    }
}

static bool take(struct vaudio_options *o, int option, const char *value)
{
    uint32_t n;
    switch (option) {
    case HOST: o->host = value; return true;
    case PORT:
        if (!whole(value, 0, 65535, &n))
            return false;
        o->port = (uint16_t)n;
        return true;
    case LISTENERS: return whole(value, 1, 15, &o->listeners);
    case TOKEN: o->token = value; return plain_text(value, STUDIO_TOKEN_MAX);
    case NAME: o->name = value; return plain_text(value, STUDIO_NAME_MAX);
    case RTP: o->rtp = value; return true;
    case QUIET: o->quiet = true; return true;
    default: return take_sound(o, option, value);
    }
}

enum vaudio_answer vaudio_options_read(struct vaudio_options *o, int argc, char **argv)
{
    *o = (struct vaudio_options){.host = "127.0.0.1",
                                 .port = 8080,
                                 .tone_hz = 440,
                                 .level = 0.8,
                                 .noise_lsb = 2,
                                 .calibrated = true,
                                 .asked_hz = CHAIN_ADC_HZ,
                                 .block = STREAM_BLOCK_MAX,
                                 .listeners = 8,
                                 .name = "ESP32-C3-Audio",
                                 .token = ""};
    int option, which = -1;
    while ((option = getopt_long(argc, argv, "", names, &which)) != -1) {
        if (option == '?')
            return VAUDIO_WRONG; /* getopt has said why */
        if (option == HELP || option == VERSION) {
            (void)fputs(option == HELP ? help : "vaudio " CAMRELAY_VERSION "\n", stdout);
            return VAUDIO_HELPED;
        }
        if (!take(o, option, optarg)) {
            (void)fprintf(stderr, "vaudio: --%s %s: not possible; see --help\n", names[which].name,
                          optarg);
            return VAUDIO_WRONG;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "vaudio: what is %s? see --help\n", argv[optind]);
        return VAUDIO_WRONG;
    }
    return VAUDIO_RUN;
}
