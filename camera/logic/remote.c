#include "camera/logic/remote.h"

#include <string.h>

#include "lib/wire/json_out.h"
#include "lib/wire/prompt.h"

/* ---- status ---- */

/* Numbers of CameraWebServer (framesize_t of esp32-camera 2.1) for our sizes. */
static const uint8_t FRAMESIZES[SENSOR_SIZES] = {6, 10, 11, 12, 13, 14, 15, 19, 23};

/* Fields of CameraWebServer that bear the names of our settings. */
static const char *const SENSOR_FIELDS[] = {
    "quality",     "brightness", "contrast", "saturation", "special_effect", "wb_mode", "awb",
    "awb_gain",    "aec",        "aec2",     "ae_level",   "aec_value",      "agc",     "agc_gain",
    "gainceiling", "bpc",        "wpc",      "raw_gma",    "lenc",           "vflip",   "hmirror",
    "dcw",         "colorbar",
};

static void put_number(struct json_out *j, const struct settings *s, const char *name)
{
    const struct prefs_row *row = prefs_find(&settings_table, slice_of(name));
    char text[16];
    struct buf b;
    buf_init(&b, text, sizeof text);
    prefs_put(s, row, &b);
    bool minus = b.len > 0 && b.ptr[0] == '-';
    uint64_t n = 0;
    (void)slice_to_u64((struct slice){b.ptr + (minus ? 1 : 0), b.len - (minus ? 1 : 0)}, &n);
    json_out_put_int(j, name, minus ? -(int64_t)n : (int64_t)n);
}

static void put_camera(const struct station *s, struct json_out *j)
{
    json_out_put_text(j, "device", s->device);
    json_out_put_bool(j, "test_picture", s->settings.test_picture != 0);
    json_out_put_bool(j, "sensor_resting", s->ladder.degraded);
    json_out_put_bool(j, "sensor_modest", s->ladder.modest);
    json_out_put_uint(j, "capture_failures", s->shutter.failures);
    json_out_put_uint(j, "stale_frames", s->shutter.stale);
    json_out_put_uint(j, "broken_frames", s->shutter.broken);
    json_out_put_uint(j, "overflows", s->shutter.overflows);
    json_out_put_uint(j, "quality_in_use", s->shutter.quality);
    json_out_put_text(j, "clock", timekeep_source_name(s->time.source));
    json_out_put_uint(j, "boot", s->ident.boot);
    json_out_put_bool(j, "identity_kept", s->ident.kept);
}

static void put_queue(const struct station *s, struct json_out *j)
{
    const struct backlog *b = &s->backlog;
    json_out_put_uint(j, "captured", s->tally.now.captured);
    json_out_put_uint(j, "sent", s->tally.now.sent);
    json_out_put_uint(j, "lost", s->tally.now.dropped);
    json_out_put_uint(j, "waiting", backlog_waiting(b));
    json_out_put_uint(j, "aside", backlog_aside(b));
    json_out_put_uint(j, "damaged", b->damaged);
    json_out_put_uint(j, "only_in_ram", b->only_in_ram);
    json_out_put_uint(j, "queue_sectors", s->has_log ? s->photolog.sectors : 0);
    json_out_put_uint(j, "queue_free", s->has_log ? photolog_free_sectors(&s->photolog) : 0);
    json_out_put_text(j, "uploads", courier_mood_name(s->courier.mood));
    json_out_put_text(j, "problem", s->courier.last_problem);
    json_out_put_uint(j, "last_status", s->courier.last_status);
    json_out_put_uint(j, "tries", s->courier.tries);
    json_out_put_uint(j, "retries", s->courier.retries);
    json_out_put_uint(j, "ack_ms", s->courier.ack_ms);
    json_out_put_text(j, "relay", s->relay.host);
    json_out_put_uint(j, "relay_port", s->relay.port);
}

static void put_board(const struct station *s, const struct remote_board *b, struct json_out *j)
{
    const struct health *h = &s->courier.health;
    json_out_put_text(j, "firmware", b->firmware);
    json_out_put_text(j, "board", b->model);
    json_out_put_text(j, "sensor", b->sensor);
    json_out_put_text(j, "address", b->address);
    json_out_put_text(j, "ssid", b->ssid);
    json_out_put_text(j, "reset_reason", b->reset_reason);
    json_out_put_text(j, "partitions", b->partition);
    json_out_put_text(j, "secrets", b->vault_note);
    json_out_put_bool(j, "psram", b->psram);
    json_out_put_bool(j, "brownout_detector", b->brownout_detector);
    json_out_put_bool(j, "safe_mode", b->safe_mode);
    json_out_put_uint(j, "sensor_reboots", s->ladder.reboots);
    json_out_put_text(j, "crash_report",
                      s->postmortem.sent      ? "delivered"
                      : s->postmortem.waiting ? "waiting"
                      : s->postmortem.bytes   ? "kept"
                                              : "none");
    json_out_put_uint(j, "uptime_s", h->uptime_s);
    json_out_put_uint(j, "heap_free", h->heap_free_bytes);
    json_out_put_uint(j, "heap_least", h->heap_least_bytes);
    if (h->has_rssi)
        json_out_put_int(j, "rssi", h->rssi_dbm);
}

bool remote_put_status(const struct station *s, const struct remote_board *b, struct buf *out)
{
    struct json_out j;
    json_out_init(&j, out);
    json_out_object(&j);
    put_camera(s, &j);
    put_queue(s, &j);
    put_board(s, b, &j);
    json_out_put_uint(&j, "xclk", (uint64_t)s->settings.xclk_mhz);
    json_out_put_uint(&j, "framesize", FRAMESIZES[s->settings.size]);
    json_out_put_int(&j, "led_intensity", s->settings.lamp_percent * 255 / 100);
    for (unsigned i = 0; i < sizeof SENSOR_FIELDS / sizeof SENSOR_FIELDS[0]; i++)
        put_number(&j, &s->settings, SENSOR_FIELDS[i]);
    json_out_object_end(&j);
    return !out->overflowed;
}

/* ---- changing ---- */

static enum err set_framesize(struct settings *s, struct slice val)
{
    uint64_t n;
    if (!slice_to_u64(val, &n))
        return ERR_INPUT;
    for (int32_t i = 0; i < SENSOR_SIZES; i++) {
        if (FRAMESIZES[i] == n) {
            s->size = i;
            return ERR_OK;
        }
    }
    return ERR_LIMIT; /* a size we do not offer */
}

enum err remote_control(struct settings *s, struct slice var, struct slice val)
{
    if (slice_eq(var, SLICE("framesize")))
        return set_framesize(s, val);
    if (slice_eq(var, SLICE("xclk")))
        return settings_set(s, SLICE("xclk_mhz"), val);
    if (!slice_eq(var, SLICE("led_intensity")))
        return settings_set(s, var, val);
    uint64_t n;
    if (!slice_to_u64(val, &n))
        return ERR_INPUT;
    if (n > 255)
        return ERR_LIMIT;
    s->lamp_percent = (int32_t)(n * 100 / 255);
    return ERR_OK;
}

static bool ends_with(struct slice text, struct slice end)
{
    if (text.len < end.len)
        return false;
    return slice_eq((struct slice){text.ptr + text.len - end.len, end.len}, end);
}

bool remote_is_certificate(struct slice text)
{
    while (text.len > 0 && strchr("\r\n ", text.ptr[0]) != NULL)
        text = (struct slice){text.ptr + 1, text.len - 1};
    while (text.len > 0 && strchr("\r\n ", text.ptr[text.len - 1]) != NULL)
        text.len--;
    if (text.len >= REMOTE_PEM_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\0')
            return false;
    }
    bool begins = slice_starts_nocase(text, SLICE("-----BEGIN CERTIFICATE-----"));
    return begins && ends_with(text, SLICE("-----END CERTIFICATE-----"));
}

/* ---- console ---- */

static const char HELP[] = "help | status | show | set NAME VALUE | shoot | portal | reboot | "
                           "factory-reset yes\r\n";

enum remote_deed remote_console(struct station *s, const struct remote_board *b,
                                struct settings *settings, struct slice line, struct buf *out)
{
    struct slice word;
    switch (prompt_run(&settings_table, settings, line, &word, out)) {
    case PROMPT_SAID: return REMOTE_SAID;
    case PROMPT_SAVE: return REMOTE_SAVE;
    case PROMPT_PORTAL: return REMOTE_PORTAL;
    case PROMPT_REBOOT: return REMOTE_REBOOT;
    case PROMPT_RESET: return REMOTE_RESET;
    case PROMPT_OTHER: break;
    }
    if (slice_eq(word, SLICE("shoot")))
        return REMOTE_SHOOT;
    if (slice_eq(word, SLICE("status")))
        (void)remote_put_status(s, b, out); /* cut short if the reply is small */
    else if (word.len > 0)
        buf_add_text(out, HELP);
    return REMOTE_SAID;
}
