#include "camera/main/vcam_options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/url.h"

static const char USAGE[] =
    "usage: vcam --to URL [--frames DIR | --webcam DEV | --photos N] [options]\n"
    "\n"
    "A camera made of the firmware's own logic. Without --frames or --webcam it draws pictures.\n"
    "\n"
    "  --to URL            the relay: http://HOST:PORT[/PATH]\n"
    "  --token TOKEN       sent as Authorization: Bearer\n"
    "  --frames DIR        send every JPEG of a folder, in the order of their names\n"
    "  --again             begin the folder anew at its end\n"
    "  --webcam DEV        frames of a V4L2 webcam that gives MJPEG, e.g. /dev/video0\n"
    "  --photos N          draw N pictures for each camera (0: without end)\n"
    "  --texture N         make drawn pictures larger, 0..63\n"
    "  --every MS          a photo every MS milliseconds (default 1000)\n"
    "  --count N           that many cameras in one process\n"
    "  --device NAME       name of the camera; with --count: NAME-1, NAME-2 ...\n"
    "  --state DIR         where queue and identity are kept (default ./vcam-state)\n"
    "  --queue-kib N       size of the queue file, 0 for none (default 8192)\n"
    "  --ram-kib N         memory for photos (default 1024)\n"
    "  --no-wait           take photos although there is no room, as a real camera does\n"
    "  --stay              do not end when everything is sent\n"
    "  --deadline S        end after S seconds in any case\n"
    "  --set NAME=VALUE    any setting of the firmware; --set help lists them\n"
    "  --crash FILE        send it as the core dump of a crash, then remove it\n"
    "  --report FILE       write the summary there\n"
    "  --quiet             say nothing else\n"
    "  --link-rate N       at most N bytes a second\n"
    "  --link-pause P:MS   P in 1000 writes are followed by a pause of MS milliseconds\n"
    "  --link-break P      P in 1000 writes break the connection\n"
    "  --outage EVERY:MS   no network for MS milliseconds out of every EVERY\n"
    "  --help, --version\n"
    "\n"
    "Ends with 0 when every photo was acknowledged, 1 when some were not.\n";

enum option_id {
    OPT_TO = 256,
    OPT_TOKEN,
    OPT_FRAMES,
    OPT_AGAIN,
    OPT_WEBCAM,
    OPT_PHOTOS,
    OPT_TEXTURE,
    OPT_EVERY,
    OPT_COUNT,
    OPT_DEVICE,
    OPT_STATE,
    OPT_QUEUE_KIB,
    OPT_RAM_KIB,
    OPT_NO_WAIT,
    OPT_STAY,
    OPT_DEADLINE,
    OPT_SET,
    OPT_CRASH,
    OPT_REPORT,
    OPT_QUIET,
    OPT_LINK_RATE,
    OPT_LINK_PAUSE,
    OPT_LINK_BREAK,
    OPT_OUTAGE,
    OPT_HELP,
    OPT_VERSION,
};

static const struct option OPTIONS[] = {
    {"to", required_argument, NULL, OPT_TO},
    {"token", required_argument, NULL, OPT_TOKEN},
    {"frames", required_argument, NULL, OPT_FRAMES},
    {"again", no_argument, NULL, OPT_AGAIN},
    {"webcam", required_argument, NULL, OPT_WEBCAM},
    {"photos", required_argument, NULL, OPT_PHOTOS},
    {"texture", required_argument, NULL, OPT_TEXTURE},
    {"every", required_argument, NULL, OPT_EVERY},
    {"count", required_argument, NULL, OPT_COUNT},
    {"device", required_argument, NULL, OPT_DEVICE},
    {"state", required_argument, NULL, OPT_STATE},
    {"queue-kib", required_argument, NULL, OPT_QUEUE_KIB},
    {"ram-kib", required_argument, NULL, OPT_RAM_KIB},
    {"no-wait", no_argument, NULL, OPT_NO_WAIT},
    {"stay", no_argument, NULL, OPT_STAY},
    {"deadline", required_argument, NULL, OPT_DEADLINE},
    {"set", required_argument, NULL, OPT_SET},
    {"crash", required_argument, NULL, OPT_CRASH},
    {"report", required_argument, NULL, OPT_REPORT},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"link-rate", required_argument, NULL, OPT_LINK_RATE},
    {"link-pause", required_argument, NULL, OPT_LINK_PAUSE},
    {"link-break", required_argument, NULL, OPT_LINK_BREAK},
    {"outage", required_argument, NULL, OPT_OUTAGE},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {0},
};

static bool set(struct vcam_options *o, const char *name, struct slice value)
{
    if (settings_set(&o->settings, slice_of(name), value) == ERR_OK)
        return true;
    fprintf(stderr, "vcam: %s cannot be '%.*s'\n", name, (int)value.len, value.ptr);
    return false;
}

static bool read_count(const char *name, const char *text, uint32_t most, uint32_t *out)
{
    uint64_t n;
    if (!slice_to_u64(slice_of(text), &n) || n > most) {
        fprintf(stderr, "vcam: --%s wants a number from 0 to %lu, not '%s'\n", name,
                (unsigned long)most, text);
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

static bool read_to(struct vcam_options *o, const char *text)
{
    struct url u;
    if (url_split(slice_of(text), &u) != ERR_OK || u.has_user || u.has_query || u.tls) {
        fprintf(stderr, "vcam: --to wants http://HOST:PORT/PATH, not '%s'\n", text);
        return false;
    }
    char port[8];
    snprintf(port, sizeof port, "%u", u.port);
    struct slice path = u.path.len > 1 ? u.path : SLICE("/upload");
    return set(o, "relay_host", u.host) && set(o, "relay_port", slice_of(port)) &&
           set(o, "relay_path", path);
}

static bool read_pair(const char *name, const char *text, uint32_t *out_a, uint32_t *out_b)
{
    struct slice second;
    struct slice first = slice_cut(slice_of(text), ':', &second);
    uint64_t a, b;
    if (!slice_to_u64(first, &a) || !slice_to_u64(second, &b) || a > UINT32_MAX || b > UINT32_MAX) {
        fprintf(stderr, "vcam: --%s wants two numbers, A:B, not '%s'\n", name, text);
        return false;
    }
    *out_a = (uint32_t)a;
    *out_b = (uint32_t)b;
    return true;
}

static void list_settings(void)
{
    struct settings standard;
    settings_defaults(&standard);
    for (unsigned i = 0; i < settings_table.count; i++) {
        char text[PREFS_VALUE_MAX];
        struct buf b;
        buf_init(&b, text, sizeof text);
        prefs_put(&standard, &settings_table.rows[i], &b);
        printf("%-16s %-14.*s %s\n", settings_table.rows[i].name, (int)b.len, b.ptr,
               settings_table.rows[i].meaning);
    }
}

static bool read_set(struct vcam_options *o, const char *text)
{
    struct slice value;
    struct slice name = slice_cut(slice_of(text), '=', &value);
    if (settings_set(&o->settings, name, value) == ERR_OK)
        return true;
    fprintf(stderr, "vcam: no such setting or value: '%s' (--set help lists them)\n", text);
    return false;
}

/* Texts and flags. */
static bool take_text(struct vcam_options *o, int id, const char *arg)
{
    switch (id) {
    case OPT_TO: return read_to(o, arg);
    case OPT_TOKEN: return set(o, "relay_token", slice_of(arg));
    case OPT_DEVICE: return set(o, "device", slice_of(arg));
    case OPT_EVERY: return set(o, "interval_ms", slice_of(arg));
    case OPT_SET: return read_set(o, arg);
    case OPT_FRAMES: o->frames = arg; return true;
    case OPT_WEBCAM: o->webcam = arg; return true;
    case OPT_STATE: o->state = arg; return true;
    case OPT_CRASH: o->crash = arg; return true;
    case OPT_REPORT: o->report = arg; return true;
    case OPT_AGAIN: o->again = true; return true;
    case OPT_NO_WAIT: o->no_wait = true; return true;
    case OPT_STAY: o->stay = true; return true;
    case OPT_QUIET: o->quiet = true; return true;
    default: return false;
    }
}

static bool take_number(struct vcam_options *o, int id, const char *arg)
{
    switch (id) {
    case OPT_PHOTOS: return read_count("photos", arg, 100000000, &o->photos);
    case OPT_TEXTURE: return read_count("texture", arg, 63, &o->texture);
    case OPT_COUNT: return read_count("count", arg, VCAM_CAMERAS_MAX, &o->count);
    case OPT_QUEUE_KIB: return read_count("queue-kib", arg, 4000000, &o->queue_kib);
    case OPT_RAM_KIB: return read_count("ram-kib", arg, 1000000, &o->ram_kib);
    case OPT_DEADLINE: return read_count("deadline", arg, 100000000, &o->deadline_s);
    case OPT_LINK_RATE: return read_count("link-rate", arg, 1000000000, &o->link.bytes_per_s);
    case OPT_LINK_BREAK: return read_count("link-break", arg, 1000, &o->link.break_permille);
    case OPT_LINK_PAUSE:
        return read_pair("link-pause", arg, &o->link.pause_permille, &o->link.pause_ms);
    case OPT_OUTAGE: return read_pair("outage", arg, &o->link.outage_every_ms, &o->link.outage_ms);
    default: return take_text(o, id, arg);
    }
}

enum vcam_answer vcam_options_read(struct vcam_options *o, int argc, char **argv)
{
    *o = (struct vcam_options){
        .count = 1, .ram_kib = 1024, .queue_kib = 8192, .state = "vcam-state", .photos = 0};
    settings_defaults(&o->settings);
    bool good = set(o, "interval_ms", SLICE("1000")) && set(o, "size", SLICE("vga")) &&
                set(o, "settle_ms", SLICE("0")) && set(o, "order", SLICE("in_order"));
    int id;
    while (good && (id = getopt_long(argc, argv, "", OPTIONS, NULL)) != -1) {
        if (id == OPT_HELP || id == OPT_VERSION) {
            fputs(id == OPT_HELP ? USAGE : "vcam " CAMRELAY_VERSION "\n", stdout);
            return VCAM_HELPED;
        }
        if (id == OPT_SET && strcmp(optarg, "help") == 0) {
            list_settings();
            return VCAM_HELPED;
        }
        good = take_number(o, id, optarg);
    }
    if (good && (optind != argc || o->settings.relay_host[0] == '\0' || o->count == 0)) {
        fputs("vcam: --to URL is needed, and no other words; see --help\n", stderr);
        good = false;
    }
    return good ? VCAM_RUN : VCAM_WRONG;
}
