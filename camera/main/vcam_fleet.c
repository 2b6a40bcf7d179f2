#include "camera/main/vcam_fleet.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/port/log.h"

enum { IDLE_MAX_MS = 1000 };

static struct mono since_start(const struct vcam_fleet *f)
{
    struct mono now = f->clock.mono_now(f->clock.ctx);
    return (struct mono){now.ms - f->start.ms};
}

/* ---- opening ---- */

static enum err open_source(struct vcam_fleet *f, struct vcam *v, const struct sensor **out)
{
    const struct vcam_options *o = f->options;
    enum err e;
    if (o->frames != NULL) {
        e = host_sensor_folder_open(&v->folder, o->frames, o->again, f->clock);
        *out = &v->folder.sensor;
    } else if (o->webcam != NULL) {
        e = host_v4l2_open(&v->webcam, o->webcam, f->clock);
        *out = &v->webcam.sensor;
    } else {
        uint32_t seed;
        f->random.fill(f->random.ctx, &seed, sizeof seed);
        e = host_sensor_scene_open(&v->scene, o->photos, (uint8_t)o->texture, seed, f->clock);
        *out = &v->scene.sensor;
    }
    if (e != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "no pictures from there source=%s err=%s",
                 o->frames != NULL   ? o->frames
                 : o->webcam != NULL ? o->webcam
                                     : "scene",
                 err_name(e));
    return e;
}

static enum err open_state(struct vcam_fleet *f, struct vcam *v, const char *device)
{
    char path[HOST_VAULT_PATH_MAX];
    struct buf b;
    buf_init(&b, path, sizeof path);
    buf_add_format(&b, "%s/%s", f->options->state, device);
    const char *folder = buf_text(&b);
    enum err e = folder == NULL || b.overflowed ? ERR_LIMIT
                                                : host_vault_open(&v->vault, folder, f->count == 1);
    buf_add_text(&b, "/queue");
    const char *queue = buf_text(&b);
    if (e == ERR_OK && f->options->queue_kib > 0)
        e = queue == NULL || b.overflowed
                ? ERR_LIMIT
                : file_flash_open(&v->flash, queue, f->options->queue_kib * 1024, f->count == 1);
    if (e != ERR_OK)
        log_line(LOG_LEVEL_ERROR, "the state cannot be kept folder=%s err=%s", path, err_name(e));
    return e;
}

static enum err open_camera(struct vcam_fleet *f, struct vcam *v, uint32_t number)
{
    struct settings settings = f->options->settings;
    const char *name = settings.device[0] != '\0' ? settings.device : "vcam";
    char device[SHOT_DEVICE_MAX + 12];
    snprintf(device, sizeof device, f->count > 1 ? "%.22s-%" PRIu32 : "%.32s", name, number);
    snprintf(settings.device, sizeof settings.device, "%.32s", device);

    struct station_ports ports = {.vault = &v->vault.vault, .random = &f->random};
    if (f->options->crash != NULL && number == 1) {
        host_dump_init(&v->dump, f->options->crash);
        ports.dump = &v->dump.dump;
    }
    enum err e = open_source(f, v, &ports.sensor);
    if (e == ERR_OK)
        e = open_state(f, v, settings.device);
    v->arena = malloc((size_t)f->options->ram_kib * 1024);
    if (v->arena == NULL)
        e = ERR_LIMIT;
    if (e != ERR_OK)
        return e;
    host_stream_init(&v->stream);
    struct host_link_config link = f->options->link;
    f->random.fill(f->random.ctx, &link.seed, sizeof link.seed);
    host_link_init(&v->link, &v->stream.stream, f->clock, &link);
    ports.stream = &v->link.stream;
    ports.flash = f->options->queue_kib > 0 ? &v->flash.flash : NULL;
    struct station_memory memory = {
        .arena = v->arena,
        .arena_bytes = f->options->ram_kib * 1024,
        .slots = v->slots,
        .slots_max = VCAM_SLOTS,
        .entries = v->entries,
        .entries_max = VCAM_ENTRIES,
        .copy = f->copy,
        .copy_bytes = SHOT_BYTES_MAX,
        .piece = v->piece,
        .piece_bytes = sizeof v->piece,
    };
    station_start(&v->station, &ports, &memory, &settings, settings.device);
    snprintf(v->station.courier.health.firmware, HEALTH_TEXT_MAX, "vcam %s", CAMRELAY_VERSION);
    courier_set_online(&v->station.courier, true);
    return ERR_OK;
}

/* A fleet needs a descriptor or three for each camera. */
static void raise_limits(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_cur < r.rlim_max) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r); /* opening fails with a message if it was needed */
    }
}

enum err vcam_fleet_open(struct vcam_fleet *f, const struct vcam_options *o)
{
    *f = (struct vcam_fleet){
        .options = o, .clock = host_system_clock(), .random = host_system_random()};
    f->start = f->clock.mono_now(f->clock.ctx);
    raise_limits();
    f->cameras = calloc(o->count, sizeof *f->cameras);
    f->polls = calloc(o->count, sizeof(struct pollfd));
    f->copy = malloc(SHOT_BYTES_MAX);
    if (f->cameras == NULL || f->polls == NULL || f->copy == NULL)
        return ERR_LIMIT;
    if (mkdir(o->state, 0700) != 0 && access(o->state, W_OK) != 0) {
        log_line(LOG_LEVEL_ERROR, "the state folder cannot be made folder=%s", o->state);
        return ERR_IO;
    }
    f->count = o->count;
    for (uint32_t i = 0; i < f->count; i++) {
        enum err e = open_camera(f, &f->cameras[i], i + 1);
        if (e != ERR_OK) {
            f->count = i + 1;
            return e;
        }
    }
    return ERR_OK;
}

void vcam_fleet_close(struct vcam_fleet *f)
{
    for (uint32_t i = 0; i < f->count; i++) {
        struct vcam *v = &f->cameras[i];
        if (v->stream.stream.close != NULL) {
            courier_set_online(&v->station.courier, false); /* what is in RAM goes to the queue */
            v->stream.stream.close(v->stream.stream.ctx);
        }
        file_flash_close(&v->flash);
        host_sensor_folder_close(&v->folder);
        host_sensor_scene_close(&v->scene);
        host_v4l2_close(&v->webcam);
        free(v->arena);
    }
    free(f->cameras);
    free(f->polls);
    free(f->copy);
    *f = (struct vcam_fleet){0};
}

/* ---- running ---- */

/* A folder can wait until there is room; a scene in front of a lens cannot. */
static bool has_room(const struct vcam_fleet *f, const struct vcam *v)
{
    const struct station *s = &v->station;
    if (f->options->no_wait)
        return true;
    if (backlog_waiting(&s->backlog) + 4 >= VCAM_SLOTS && !s->has_log)
        return false;
    if (!s->has_log)
        return s->backlog.count == 0 || s->memory.arena_bytes >= 2 * SHOT_BYTES_MAX;
    return s->backlog.count < VCAM_SLOTS / 2 && s->photolog.count < VCAM_ENTRIES / 2 &&
           photolog_free_sectors(&s->photolog) > s->photolog.sectors / 3;
}

static void take_photo(struct vcam_fleet *f, struct vcam *v, struct mono now)
{
    struct trigger_local local = {.known = true};
    unsigned weekday, minute;
    host_system_local_time(f->clock.wall_now(f->clock.ctx), &weekday, &minute);
    local.weekday = (uint8_t)weekday;
    local.minute = (uint16_t)minute;
    enum shot_trigger why;
    if (!has_room(f, v) || !station_wants_photo(&v->station, now, local, &why))
        return;
    struct station_exposure x;
    do {
        station_expose(&v->station, now, why, &x);
    } while (x.again);
    station_keep(&v->station, &x);
}

static void tell(const struct vcam_fleet *f, struct vcam *v, uint32_t old_failures)
{
    const struct courier *c = &v->station.courier;
    if (f->options->quiet || f->count > 1)
        return;
    if (v->station.tally.now.sent != v->told_sent) {
        v->told_sent = v->station.tally.now.sent;
        log_line(LOG_LEVEL_INFO, "photo acknowledged sent=%" PRIu32 " waiting=%" PRIu32,
                 v->told_sent, backlog_waiting(&v->station.backlog));
    }
    if (c->failures > old_failures)
        log_line(LOG_LEVEL_WARN, "%s status=%u waiting=%" PRIu32, c->last_problem, c->last_status,
                 backlog_waiting(&v->station.backlog));
}

static void note_ack(struct vcam *v, uint32_t sent_before)
{
    uint32_t ms = v->station.courier.ack_ms;
    if (v->station.tally.now.sent == sent_before)
        return;
    v->acks++;
    v->ack_ms_sum += ms;
    v->ack_ms_most = ms > v->ack_ms_most ? ms : v->ack_ms_most;
}

static void step_camera(struct vcam_fleet *f, struct vcam *v)
{
    struct mono now = since_start(f);
    struct station *s = &v->station;
    (void)timekeep_hear(&s->time, TIMEKEEP_SNTP, f->clock.wall_now(f->clock.ctx), now);
    bool out = host_link_is_out(&v->link);
    if (out != v->was_out) {
        v->was_out = out;
        courier_set_online(&s->courier, !out);
    }
    take_photo(f, v, now);
    uint32_t failures = s->courier.failures, sent = s->tally.now.sent;
    station_send(s, since_start(f));
    note_ack(v, sent);
    tell(f, v, failures);
}

/* Milliseconds until this camera wants to be stepped. */
static uint32_t wait_of(const struct vcam_fleet *f, const struct vcam *v, struct mono now)
{
    uint32_t ms = deadline_left_ms(station_wake(&v->station, now), now);
    if (ms == 0 && !has_room(f, v))
        ms = 5; /* its trigger is due, but the queue is full: sending makes room */
    struct mono held = host_link_wake(&v->link);
    struct mono real = f->clock.mono_now(f->clock.ctx);
    bool write;
    if (held.ms > 0 && station_wants_stream(&v->station, &write))
        ms = held.ms <= real.ms ? 0 : held.ms - real.ms < ms ? (uint32_t)(held.ms - real.ms) : ms;
    return ms;
}

static void wait_for_any(struct vcam_fleet *f)
{
    struct pollfd *polls = f->polls;
    struct mono now = since_start(f);
    uint32_t least = IDLE_MAX_MS;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct vcam *v = &f->cameras[i];
        bool wants_write, wants = station_wants_stream(&v->station, &wants_write);
        bool held = host_link_wake(&v->link).ms > 0; /* the socket is ready, but must wait */
        short events = (short)(POLLIN | (wants_write ? POLLOUT : 0));
        polls[i] = (struct pollfd){.fd = wants && !held ? v->stream.fd : -1, .events = events};
        uint32_t ms = wait_of(f, v, now);
        least = ms < least ? ms : least;
    }
    (void)poll(polls, f->count, (int)least); /* interrupted: the next round looks again */
}

static bool is_done(const struct vcam_fleet *f, const struct vcam *v)
{
    const struct station *s = &v->station;
    return s->ended && backlog_waiting(&s->backlog) == 0 && !f->options->stay &&
           !s->postmortem.waiting;
}

bool vcam_fleet_step(struct vcam_fleet *f)
{
    const struct pollfd *polls = f->polls;
    struct mono now = since_start(f);
    bool done = true;
    for (uint32_t i = 0; i < f->count; i++) {
        struct vcam *v = &f->cameras[i];
        bool write;
        bool held = station_wants_stream(&v->station, &write) && host_link_wake(&v->link).ms > 0;
        if (polls[i].revents != 0 || held || wait_of(f, v, now) == 0)
            step_camera(f, v);
        done = done && is_done(f, v);
    }
    if (done)
        return false;
    if (f->options->deadline_s > 0 && now.ms >= (uint64_t)f->options->deadline_s * 1000)
        return false;
    wait_for_any(f);
    return true;
}

bool vcam_fleet_report(const struct vcam_fleet *f, FILE *out)
{
    struct tally_counts sum = {0};
    uint32_t waiting = 0, aside = 0, tries = 0, retries = 0, breaks = 0, boots = 0;
    uint32_t acks = 0, ack_ms_most = 0;
    uint64_t ack_ms_sum = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct vcam *v = &f->cameras[i];
        const struct station *s = &v->station;
        sum.captured += s->tally.now.captured;
        sum.sent += s->tally.now.sent;
        sum.dropped += s->tally.now.dropped;
        waiting += backlog_waiting(&s->backlog);
        aside += backlog_aside(&s->backlog);
        tries += s->courier.tries;
        retries += s->courier.retries;
        breaks += v->link.breaks;
        acks += v->acks;
        ack_ms_sum += v->ack_ms_sum;
        ack_ms_most = v->ack_ms_most > ack_ms_most ? v->ack_ms_most : ack_ms_most;
        boots = s->ident.boot > boots ? s->ident.boot : boots;
    }
    fprintf(out,
            "{\"cameras\": %" PRIu32 ", \"captured\": %" PRIu32 ", \"sent\": %" PRIu32
            ", \"dropped\": %" PRIu32 ", \"waiting\": %" PRIu32 ", \"aside\": %" PRIu32
            ", \"tries\": %" PRIu32 ", \"retries\": %" PRIu32 ", \"breaks\": %" PRIu32
            ", \"boot\": %" PRIu32 ", \"ack_ms_mean\": %" PRIu64 ", \"ack_ms_most\": %" PRIu32
            "}\n",
            f->count, sum.captured, sum.sent, sum.dropped, waiting, aside, tries, retries, breaks,
            boots, acks == 0 ? 0 : ack_ms_sum / acks, ack_ms_most);
    return waiting == 0 && aside == 0 && sum.dropped == 0;
}
