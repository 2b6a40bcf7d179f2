#include "camera/logic/station.h"

#include <assert.h>
#include <string.h>

#include "lib/base/sha256.h"

enum { MODEST_XCLK_HZ = 8000000 };

/* ---- start ---- */

static void name_device(struct station *s, const char *device)
{
    const char *chosen = s->settings.device[0] != '\0' ? s->settings.device : device;
    size_t len = strlen(chosen);
    len = len < SHOT_DEVICE_MAX ? len : SHOT_DEVICE_MAX;
    memmove(s->device, chosen, len); /* may be the same memory */
    s->device[len] = '\0';
}

/* The first sectors count, the others hold photos. */
static void open_flash(struct station *s)
{
    const struct flash *f = s->ports.flash;
    uint32_t tally_bytes = 0;
    if (f != NULL)
        tally_bytes = STATION_TALLY_SECTORS * f->sector_bytes;
    if (f == NULL || f->size_bytes < tally_bytes + PHOTOLOG_SECTORS_MIN * f->sector_bytes) {
        enum err ram_only = tally_mount(&s->tally, NULL);
        assert(ram_only == ERR_OK);
        return;
    }
    flashpart_init(&s->tally_flash, f, 0, tally_bytes);
    flashpart_init(&s->log_flash, f, tally_bytes, f->size_bytes - tally_bytes);
    if (tally_mount(&s->tally, &s->tally_flash.flash) != ERR_OK)
        s->tally.failed = true;
    s->has_log = photolog_mount(&s->photolog, &s->log_flash.flash, s->memory.entries,
                                s->memory.entries_max) == ERR_OK;
}

/* Reboots without a photo in between outlive the reboot, or there would be no end of them. */
static void keep_reboots(struct station *s)
{
    uint8_t n = (uint8_t)s->ladder.reboots;
    if (n == s->reboots_kept)
        return;
    if (s->ports.vault->put(s->ports.vault->ctx, "reboots", &n, 1) == ERR_OK)
        s->reboots_kept = n;
    else if (n > 0)
        s->wants_reboot = false; /* it could not be counted: stay up, degraded */
}

static void recall_reboots(struct station *s)
{
    uint8_t n = 0;
    size_t len = 0;
    if (s->ports.vault->get(s->ports.vault->ctx, "reboots", &n, 1, &len) != ERR_OK || len != 1)
        n = 0;
    s->ladder.reboots = s->reboots_kept = n < LADDER_REBOOTS_MAX ? n : LADDER_REBOOTS_MAX;
}

static struct backlog_config backlog_settings(struct station *s)
{
    return (struct backlog_config){
        .arena = s->memory.arena,
        .arena_bytes = s->memory.arena_bytes,
        .slots = s->memory.slots,
        .slots_max = s->memory.slots_max,
        .log = s->has_log ? &s->photolog : NULL,
        .tally = &s->tally,
        .boot = s->ident.boot,
        .policy = (enum backlog_policy)s->settings.when_full,
        .order = (enum backlog_order)s->settings.order,
    };
}

static struct courier_config courier_settings(const struct station *s)
{
    return (struct courier_config){
        .device = s->device,
        .path = s->settings.relay_path,
        .token = s->settings.relay_token,
        .ca_pem = s->ca_pem,
        .tls = s->settings.relay_tls != 0,
        .connect_ms = STATION_CONNECT_MS,
        .stall_ms = STATION_STALL_MS,
        .reply_ms = STATION_REPLY_MS,
        .least_bytes_per_s = STATION_LEAST_BYTES_PER_S,
        .retry_base_ms = (uint32_t)s->settings.retry_base_ms,
        .retry_cap_ms = (uint32_t)s->settings.retry_cap_ms,
        .hold_base_ms = STATION_HOLD_BASE_MS,
        .hold_cap_ms = STATION_HOLD_CAP_MS,
    };
}

static struct shutter_config shutter_settings(const struct settings *k)
{
    return (struct shutter_config){
        .quality = (uint8_t)k->quality,
        .lamp_percent = (uint8_t)k->lamp_percent,
        .lamp_settle_ms = (uint16_t)k->lamp_settle_ms,
        .settle_ms_max = k->test_picture != 0 ? 0 : (uint16_t)k->settle_ms,
        .dark_below = (uint8_t)k->dark_below,
    };
}

static struct trigger_config trigger_settings(const struct settings *k)
{
    struct trigger_config c = {.interval_ms = (uint32_t)k->interval_ms,
                               .gpio_gap_ms = (uint32_t)k->gpio_gap_ms};
    enum err e = trigger_read_windows(slice_of(k->windows), &c);
    assert(e == ERR_OK); /* settings take no other text */
    return c;
}

void station_start(struct station *s, const struct station_ports *ports,
                   const struct station_memory *memory, const struct settings *settings,
                   const char *device)
{
    assert(memory->slots_max > 0 && memory->piece_bytes > 0);
    memset(s, 0, sizeof *s);
    s->ports = *ports;
    s->memory = *memory;
    s->settings = *settings;
    s->ca_pem = s->ca_pem_none;
    name_device(s, device);
    ident_start(&s->ident, ports->vault, ports->random);
    recall_reboots(s);
    open_flash(s);
    struct backlog_config b = backlog_settings(s);
    backlog_start(&s->backlog, &b);
    struct courier_config c = courier_settings(s);
    courier_init(&s->courier, &c, &s->backlog, ports->stream, ports->random);
    courier_lend_piece(&s->courier, memory->piece, memory->piece_bytes);
    postmortem_init(&s->postmortem, ports->dump, ports->random);
    postmortem_lend(&s->postmortem, ports->stream, memory->piece, memory->piece_bytes);
    struct shutter_config shutter = shutter_settings(&s->settings);
    shutter_init(&s->shutter, ports->sensor, &shutter);
    station_apply(s, settings, (struct mono){0});
}

void station_apply(struct station *s, const struct settings *settings, struct mono now)
{
    s->settings = *settings;
    name_device(s, s->device);
    struct trigger_config t = trigger_settings(&s->settings);
    trigger_init(&s->trigger, &t, now);
    s->shutter.config = shutter_settings(&s->settings);
    s->sensor_stale = true;
    s->backlog.config.policy = (enum backlog_policy)s->settings.when_full;
    s->backlog.config.order = (enum backlog_order)s->settings.order;
    relayfind_init(&s->relay, s->settings.relay_host, (uint16_t)s->settings.relay_port,
                   s->ports.vault);
    struct courier_config c = courier_settings(s);
    courier_reconfigure(&s->courier, &c);
    courier_set_relay(&s->courier, s->relay.host, s->relay.port);
}

/* ---- capture ---- */

bool station_wants_photo(struct station *s, struct mono now, struct trigger_local local,
                         enum shot_trigger *out_why)
{
    if (s->ended || !ladder_may_try(&s->ladder, now) || !trigger_is_due(&s->trigger, now))
        return false;
    if (s->memory.copy == NULL && !backlog_release_lent(&s->backlog))
        return false; /* the only frame buffer is still being sent */
    return trigger_due(&s->trigger, now, local, out_why);
}

static struct sensor_look look_of(const struct settings *k)
{
#define LOOK(name) .name = (int8_t)k->name
    return (struct sensor_look){LOOK(brightness),  LOOK(contrast),
                                LOOK(saturation),  LOOK(special_effect),
                                LOOK(awb),         LOOK(awb_gain),
                                LOOK(wb_mode),     LOOK(aec),
                                LOOK(aec2),        LOOK(ae_level),
                                LOOK(agc),         LOOK(agc_gain),
                                LOOK(gainceiling), LOOK(bpc),
                                LOOK(wpc),         LOOK(raw_gma),
                                LOOK(lenc),        LOOK(hmirror),
                                LOOK(vflip),       LOOK(dcw),
                                LOOK(colorbar),    .aec_value = (int16_t)k->aec_value};
#undef LOOK
}

static enum err start_sensor(struct station *s)
{
    const struct sensor *k = s->ports.sensor;
    const struct sensor_look look = look_of(&s->settings);
    struct sensor_setup setup = {
        .size = (enum sensor_size)s->settings.size,
        .quality = (uint8_t)s->settings.quality,
        .xclk_hz = (uint32_t)s->settings.xclk_mhz * 1000000,
        .test_picture = s->settings.test_picture != 0,
        .want_light = s->settings.dark_below != 0,
        .look = &look,
    };
    if (s->ladder.modest) {
        setup.xclk_hz = MODEST_XCLK_HZ;
        setup.size = setup.size < SENSOR_SVGA ? setup.size : SENSOR_SVGA;
    }
    if (s->sensor_on)
        k->stop(k->ctx);
    s->sensor_on = k->start(k->ctx, &setup) == ERR_OK;
    s->sensor_stale = false;
    shutter_restarted(&s->shutter);
    return s->sensor_on ? ERR_OK : ERR_IO;
}

static void cycle_power(struct station *s)
{
    const struct sensor *k = s->ports.sensor;
    bool wired = false;
    if (s->sensor_on)
        k->stop(k->ctx);
    s->sensor_on = false;
    k->power(k->ctx, false, &wired);
    k->pause(k->ctx, LADDER_POWER_OFF_MS);
    k->power(k->ctx, true, &wired);
}

/* One step of the ladder. False: no more tries for this photo. */
static bool climb(struct station *s, struct mono now)
{
    switch (ladder_failed(&s->ladder, now)) {
    case LADDER_RETRY: return true;
    case LADDER_RESTART:
    case LADDER_MODEST:
        if (s->sensor_on)
            s->ports.sensor->stop(s->ports.sensor->ctx);
        s->sensor_on = false;
        return true;
    case LADDER_POWER_CYCLE: cycle_power(s); return true;
    case LADDER_REST: return false;
    case LADDER_REBOOT:
        s->wants_reboot = true;
        keep_reboots(s);
        return false;
    }
    return false;
}

static void describe(struct station *s, struct mono now, enum shot_trigger why,
                     struct station_exposure *x)
{
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, x->photo.bytes, x->photo.length_bytes);
    x->shot = (struct shot){.length_bytes = x->photo.length_bytes,
                            .mono_ms = now.ms,
                            .captured_ms = timekeep_now(&s->time, now).ms,
                            .clock_sure = timekeep_is_sure(&s->time),
                            .trigger = why};
    sha256_finish(&h, x->shot.digest);
}

static enum shutter_result take(struct station *s, struct station_exposure *out)
{
    if ((s->sensor_on && !s->sensor_stale) || start_sensor(s) == ERR_OK)
        return shutter_take(&s->shutter, s->memory.copy, s->memory.copy_bytes, &out->photo);
    s->shutter.failures++;
    return SHUTTER_FAILED;
}

void station_expose(struct station *s, struct mono now, enum shot_trigger why,
                    struct station_exposure *out)
{
    *out = (struct station_exposure){0};
    out->result = take(s, out);
    if (out->result == SHUTTER_FAILED)
        out->again = climb(s, now);
    s->ended = s->ended || out->result == SHUTTER_ENDED;
    if (out->result == SHUTTER_TAKEN || out->result == SHUTTER_TOO_DARK) {
        ladder_worked(&s->ladder);
        keep_reboots(s);
    }
    if (out->result == SHUTTER_TAKEN)
        describe(s, now, why, out);
}

static void give_frame_back(void *ctx)
{
    struct station *s = ctx;
    s->ports.sensor->give(s->ports.sensor->ctx, &s->lent);
}

void station_keep(struct station *s, struct station_exposure *x)
{
    if (x->result != SHUTTER_TAKEN)
        return;
    ident_give(&s->ident, &x->shot);
    enum err e;
    if (x->photo.lent) {
        s->lent = x->photo.frame;
        e = backlog_add_lent(&s->backlog, &x->shot, x->photo.bytes, give_frame_back, s);
    } else {
        e = backlog_add(&s->backlog, &x->shot, x->photo.bytes);
    }
    (void)e; /* a photo without room was counted as dropped, and that travels with the next */
}

/* ---- sending ---- */

static void heed_news(struct station *s, struct mono now)
{
    struct courier_news news = courier_take_news(&s->courier);
    if (news.answered)
        relayfind_answered(&s->relay);
    if (news.unreachable)
        relayfind_unreachable(&s->relay);
    if (news.relay_time_ms > 0)
        (void)timekeep_hear(&s->time, TIMEKEEP_RELAY, (struct wall){news.relay_time_ms}, now);
    s->delivered = s->delivered || news.sent;
}

/* The report of a crash waits until a photo went through: photos come first, and the way works. */
static bool can_report(const struct station *s)
{
    const struct courier *c = &s->courier;
    bool way_works = s->delivered || backlog_waiting(&s->backlog) == 0;
    return s->postmortem.waiting && c->online && s->relay.host[0] != '\0' && c->failures == 0 &&
           way_works;
}

static bool is_report_due(const struct station *s, struct mono now)
{
    return can_report(s) && postmortem_is_due(&s->postmortem, now);
}

static void begin_report(struct station *s, struct mono now)
{
    const struct postmortem_address to = {
        .device = s->device,
        .host = s->relay.host,
        .port = s->relay.port,
        .tls = s->settings.relay_tls != 0,
        .ca_pem = s->ca_pem,
        .upload_path = s->settings.relay_path,
        .token = s->settings.relay_token,
        .firmware = s->courier.health.firmware,
        .reset_reason = s->courier.health.reset_reason,
        .boot = s->ident.boot,
    };
    struct webcall_limits limits = courier_limits(&s->courier, s->postmortem.bytes);
    postmortem_begin(&s->postmortem, &to, &limits, now);
}

static void step_courier(struct station *s, struct mono now)
{
    courier_step(&s->courier, now, timekeep_now(&s->time, now), timekeep_is_sure(&s->time));
    /* No send has failed where none could be tried; RAM is no place to wait for a network. */
    if (s->courier.mood == COURIER_NO_RELAY && now.ms >= STATION_NO_RELAY_MS &&
        !s->backlog.spilling)
        backlog_offline(&s->backlog);
    heed_news(s, now);
}

/* The two share one stream: never both at once. */
void station_send(struct station *s, struct mono now)
{
    station_health(s, now);
    courier_set_relay(&s->courier, s->relay.host, s->relay.port);
    if (!s->postmortem.in_flight) {
        courier_pause(&s->courier, is_report_due(s, now));
        step_courier(s, now);
        if (is_report_due(s, now) && courier_free_stream(&s->courier))
            begin_report(s, now);
    }
    if (!s->postmortem.in_flight)
        return;
    postmortem_step(&s->postmortem, now);
    if (s->postmortem.in_flight)
        return;
    courier_pause(&s->courier, false);
    step_courier(s, now);
}

bool station_wants_stream(const struct station *s, bool *out_write)
{
    if (s->postmortem.in_flight) {
        *out_write = s->postmortem.call.wants_write;
        return true;
    }
    *out_write = s->courier.wants_write;
    return s->courier.wants_stream;
}

struct deadline station_send_wake(const struct station *s)
{
    const struct postmortem *p = &s->postmortem;
    struct deadline d = p->in_flight ? p->call.wake : s->courier.wake;
    if (!p->in_flight && can_report(s))
        d = deadline_earlier(d, p->not_before);
    return d;
}

struct deadline station_wake(const struct station *s, struct mono now)
{
    struct deadline d = station_send_wake(s);
    if (!s->ended) {
        struct deadline t = trigger_wake(&s->trigger, now);
        if (s->ladder.rest_until.set && !deadline_passed(s->ladder.rest_until, now))
            t = s->ladder.rest_until;
        d = deadline_earlier(d, t);
    }
    return d;
}

uint32_t station_nap_ms(struct station *s, const struct nap_facts *owner,
                        struct trigger_local local)
{
    struct nap_facts f = *owner;
    f.wanted = s->settings.deep_sleep != 0;
    bool resting = !ladder_may_try(&s->ladder, f.now); /* waking up is a try like any other */
    f.looked = f.looked && (resting || !trigger_is_due(&s->trigger, f.now));
    bool write;
    f.sending = station_wants_stream(s, &write);
    f.idle = backlog_waiting(&s->backlog) == 0 && !f.sending;
    f.only_in_ram = false;
    f.photo_ms = trigger_photo_in_ms(&s->trigger, f.now, local);
    if (!f.wanted || nap_wanted_ms(&f) == 0)
        return 0;
    if (!f.sending)
        backlog_spill(&s->backlog);
    f.only_in_ram = s->backlog.count > 0;
    return nap_wanted_ms(&f);
}

void station_health(struct station *s, struct mono now)
{
    struct health *h = &s->courier.health;
    h->uptime_s = (uint32_t)(now.ms / 1000);
    h->queued = backlog_waiting(&s->backlog);
    h->aside = backlog_aside(&s->backlog);
    h->captured = s->tally.now.captured;
    h->sent = s->tally.now.sent;
    h->lost = s->tally.now.dropped;
    h->capture_failures = s->shutter.failures;
    h->overflows = s->shutter.overflows;
}
