#include "relay/logic/dispatch.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/pace/backoff.h"
#include "relay/logic/listing.h"
#include "relay/logic/parcel.h"
#include "relay/logic/verdict.h"

enum {
    CLOCK_SLACK_MS = 1000, /* the wall clock may be set back so far without notice */
    SLOT_NUMBERS = 256,
    READ_BYTES = 16384,
};

static struct mono mono_now(const struct dispatch *d)
{
    return d->ports.clock->mono_now(d->ports.clock->ctx);
}

static struct wall wall_now(const struct dispatch *d)
{
    return d->ports.clock->wall_now(d->ports.clock->ctx);
}

static uint32_t throw_dice(const struct dispatch *d)
{
    uint32_t dice;
    d->ports.random->fill(d->ports.random->ctx, &dice, sizeof dice);
    return dice;
}

static struct mono earlier(struct mono a, struct mono b)
{
    return a.ms < b.ms ? a : b;
}

static struct mono later_by(struct mono now, uint64_t ms)
{
    return (struct mono){now.ms + ms};
}

static struct mono never(void)
{
    return (struct mono){UINT64_MAX};
}

void dispatch_init(struct dispatch *d, const struct dispatch_ports *ports,
                   const struct dispatch_target *targets, size_t count)
{
    assert(count <= DESTINATIONS_MAX);
    memset(d, 0, sizeof *d);
    d->ports = *ports;
    d->route_count = count;
    courier_init(&d->courier, ports->view);
    for (size_t i = 0; i < count; i++) {
        struct dispatch_route *r = &d->routes[i];
        r->target = targets[i];
        r->next_due = never();
        destination_init(&r->destination, &targets[i].limits);
    }
    d->drift_ms = wall_now(d).ms - (int64_t)mono_now(d).ms;
}

void dispatch_seen(struct dispatch *d, int64_t seen)
{
    if (seen > d->seen)
        d->seen = seen;
}

void dispatch_set_targets(struct dispatch *d, const struct dispatch_target *targets)
{
    for (size_t i = 0; i < d->route_count; i++) {
        d->routes[i].target = targets[i];
        d->routes[i].destination.limits = targets[i].limits;
    }
    dispatch_retry(d);
}

void dispatch_retry(struct dispatch *d)
{
    courier_hurry(&d->courier);
    for (size_t i = 0; i < d->route_count; i++) {
        destination_retry(&d->routes[i].destination);
        d->routes[i].next_pass = (struct mono){0};
    }
}

struct destination_status dispatch_status(const struct dispatch *d, unsigned destination)
{
    assert(destination < d->route_count);
    return d->routes[destination].destination.status;
}

/* ---- results ---- */

static void post_results(struct dispatch *d)
{
    if (d->result_count > 0)
        d->ports.post(d->ports.post_ctx, d->results, d->result_count);
    d->result_count = 0;
}

static void add_result(struct dispatch *d, const struct dispatch_slot *slot,
                       const struct delivery_result *result)
{
    courier_landed(&d->courier, slot->destination, slot->row.photo.id);
    if (d->result_count == DISPATCH_SLOTS_MAX)
        post_results(d);
    struct delivery_result *out = &d->results[d->result_count++];
    *out = *result;
    out->photo = slot->row.photo.id;
    out->destination = slot->destination;
}

static void give_up(struct dispatch *d, const struct dispatch_slot *slot, const char *why)
{
    struct delivery_result r = {.outcome = DELIVERY_DEAD, .tries = slot->row.tries + 1};
    (void)snprintf(r.error, sizeof r.error, "%s", why);
    add_result(d, slot, &r);
}

/* ERR_OK and `*out_sound` false: the file is not the photo we stored. */
static enum err check_file(const struct dispatch *d, const struct photo *photo, bool *out_sound)
{
    const struct fs *fs = d->ports.fs;
    const struct hash *hash = d->ports.hash;
    bool found;
    int fd;
    enum err e = fs->open(fs->ctx, photo->name, &found, &fd);
    *out_sound = false;
    if (e != ERR_OK || !found)
        return e;
    struct hash_stream *stream;
    e = hash->begin(hash->ctx, &stream);
    if (e != ERR_OK)
        goto close_file;

    uint8_t bytes[READ_BYTES], digest[HASH_BYTES];
    uint64_t at = 0;
    size_t len = 1;
    while (e == ERR_OK && len > 0) {
        e = fs->read(fs->ctx, fd, at, bytes, sizeof bytes, &len);
        if (e == ERR_OK)
            hash->update(hash->ctx, stream, bytes, len);
        at += len;
    }
    hash->finish(hash->ctx, stream, digest);
    *out_sound = e == ERR_OK && memcmp(digest, photo->sha256, sizeof digest) == 0;

close_file:
    (void)fs->close(fs->ctx, fd); /* it was only read */
    return e;
}

static bool is_damaged_here(const struct dispatch *d, const struct verdict *v, unsigned tries,
                            const struct photo *photo)
{
    if (!v->damaged || tries < VERDICT_PHOTO_TRIES_MAX)
        return false;
    bool sound;
    return check_file(d, photo, &sound) == ERR_OK && !sound;
}

/* Failures of the kind that row failed of before, this one included: refusals are not added to
 * what went wrong otherwise, nor the other way round. */
static unsigned count_tries(const struct dispatch_slot *slot, const struct verdict *v)
{
    bool refused = v->kind == VERDICT_REFUSED;
    if (slot->row.tries > 0 && verdict_was_refusal(slot->row.error) != refused)
        return 1;
    return slot->row.tries + 1;
}

static void make_wait(struct dispatch *d, const struct dispatch_slot *slot, const struct verdict *v,
                      unsigned tries)
{
    const struct destination_limits *limits = &d->routes[slot->destination].destination.limits;
    struct backoff_config pace = {limits->backoff_base_ms, limits->backoff_cap_ms};
    struct delivery_result r = {
        .outcome = DELIVERY_WAITING,
        .tries = tries,
        .ambiguous = v->ambiguous || slot->row.ambiguous,
    };
    memcpy(r.error, v->error, sizeof r.error);
    if (tries > slot->row.tries || v->kind == VERDICT_AGAIN || v->kind == VERDICT_REFUSED)
        r.due.ms = wall_now(d).ms + (int64_t)backoff_wait_ms(&pace, tries, throw_dice(d));
    add_result(d, slot, &r);
}

/* Turns the verdict into what the database shall say. */
static void conclude(struct dispatch *d, const struct dispatch_slot *slot, const struct verdict *v)
{
    const struct destination *to = &d->routes[slot->destination].destination;
    unsigned tries = count_tries(slot, v);
    switch (v->kind) {
    case VERDICT_SENT:
        add_result(d, slot, &(struct delivery_result){.outcome = DELIVERY_SENT});
        return;
    case VERDICT_LATER:
    case VERDICT_HOLD: make_wait(d, slot, v, slot->row.tries); return;
    case VERDICT_OUR_FILE: make_wait(d, slot, v, tries); return;
    case VERDICT_AGAIN:
        if (is_damaged_here(d, v, tries, &slot->row.photo))
            give_up(d, slot, "the file on our own disk is damaged: its SHA-256 is not the photo's");
        else
            make_wait(d, slot, v, tries);
        return;
    case VERDICT_REFUSED:
        if (!destination_blames_photo(to))
            make_wait(d, slot, v, slot->row.tries);
        else if (tries >= VERDICT_PHOTO_TRIES_MAX)
            give_up(d, slot, v->error);
        else
            make_wait(d, slot, v, tries);
        return;
    }
}

static void judge(struct dispatch *d, struct dispatch_slot *slot, const struct verdict *v)
{
    struct destination_moment m = {mono_now(d), wall_now(d), throw_dice(d)};
    destination_judge(&d->routes[slot->destination].destination, slot->begun, v, m);
    conclude(d, slot, v);
    slot->id = 0;
}

/* ---- starting ---- */

static uint64_t new_id(struct dispatch *d, const struct dispatch_slot *slot)
{
    d->requests++;
    return d->requests * SLOT_NUMBERS + (uint64_t)(slot - d->slots);
}

static struct uplink_request request_to(const struct dispatch_target *t, uint64_t id)
{
    return (struct uplink_request){
        .id = id,
        .url = t->url,
        .fd = -1,
        .connect_timeout_ms = DISPATCH_CONNECT_MS,
        .stall_timeout_ms = DISPATCH_STALL_MS,
        .total_timeout_ms = DISPATCH_TOTAL_MS,
        .tls_insecure = t->tls_insecure,
        .ca_file = t->ca_file != NULL && t->ca_file[0] != '\0' ? t->ca_file : NULL,
        .proxy = t->proxy != NULL && t->proxy[0] != '\0' ? t->proxy : NULL,
    };
}

static void start_request(struct dispatch *d, struct dispatch_slot *slot,
                          const struct uplink_request *request)
{
    enum err e = d->ports.uplink->start(d->ports.uplink->ctx, request);
    if (e == ERR_OK)
        return;
    struct verdict v = {
        .kind = e == ERR_INPUT ? VERDICT_HOLD : VERDICT_LATER,
        .reason = VERDICT_REASON_FAILED,
    };
    (void)snprintf(v.error, sizeof v.error, "%s",
                   e == ERR_INPUT ? "not a URL that photos can be sent to"
                                  : "no memory to send photos with");
    judge(d, slot, &v);
}

/* Opens the photo for sending; false: it was dealt with. */
static bool open_photo(struct dispatch *d, struct dispatch_slot *slot, int *out_fd)
{
    const struct fs *fs = d->ports.fs;
    const struct photo *photo = &slot->row.photo;
    struct fs_stat st;
    bool found, opened = false;
    enum err e = fs->stat(fs->ctx, photo->name, &found, &st);
    bool changed = e == ERR_OK && found && (!st.is_file || st.size_bytes != photo->size_bytes);
    if (e == ERR_OK && found && !changed)
        e = fs->open(fs->ctx, photo->name, &opened, out_fd);
    if (e == ERR_OK && opened)
        return true;

    destination_drop(&d->routes[slot->destination].destination);
    if (e != ERR_OK) {
        struct verdict v = {.kind = VERDICT_OUR_FILE,
                            .error = "our own disk cannot read the photo"};
        conclude(d, slot, &v);
    } else {
        give_up(d, slot,
                changed ? "the file on our own disk changed: it has another size"
                        : "the file is gone from our own disk");
    }
    slot->id = 0;
    return false;
}

/* An hour of sound over a slow line takes longer than any photo. */
static uint32_t total_ms_of(const struct photo *photo)
{
    const uint64_t day_ms = 24ull * 3600 * 1000;
    uint64_t ms = photo->size_bytes / DISPATCH_BYTES_PER_MS_MIN;
    return (uint32_t)(ms < day_ms ? ms : day_ms);
}

static void start_upload(struct dispatch *d, struct dispatch_slot *slot)
{
    const struct dispatch_target *t = &d->routes[slot->destination].target;
    int fd;
    slot->asking = false;
    if (!open_photo(d, slot, &fd))
        return;
    struct parcel p;
    parcel_make(&p, &slot->row.photo, t->token);
    slot->id = new_id(d, slot);
    struct uplink_request request = request_to(t, slot->id);
    request.method = "POST";
    request.headers = p.headers;
    request.header_count = p.header_count;
    request.prefix = p.prefix;
    request.prefix_len = p.prefix_len;
    request.fd = fd;
    request.fd_len = slot->row.photo.size_bytes;
    request.total_timeout_ms += total_ms_of(&slot->row.photo);
    request.suffix = p.suffix;
    request.suffix_len = p.suffix_len;
    start_request(d, slot, &request);
}

static void start_question(struct dispatch *d, struct dispatch_slot *slot)
{
    const struct dispatch_target *t = &d->routes[slot->destination].target;
    char url[PARCEL_URL_MAX];
    if (parcel_list_url(t->url, LISTING_LIMIT, url, sizeof url) != ERR_OK) {
        start_upload(d, slot);
        return;
    }
    struct parcel p;
    parcel_make_question(&p, t->token);
    slot->asking = true;
    slot->id = new_id(d, slot);
    struct uplink_request request = request_to(t, slot->id);
    request.method = "GET";
    request.url = url;
    request.headers = p.headers;
    request.header_count = p.header_count;
    request.answer_max = LISTING_BYTES_MAX;
    start_request(d, slot, &request);
}

static struct dispatch_slot *free_slot(struct dispatch *d)
{
    for (size_t i = 0; i < DISPATCH_SLOTS_MAX; i++) {
        if (d->slots[i].id == 0)
            return &d->slots[i];
    }
    return NULL;
}

/* True if something began or was dealt with; then it is worth asking again. */
static bool start_one(struct dispatch *d, unsigned destination, struct mono now)
{
    struct dispatch_route *r = &d->routes[destination];
    struct dispatch_slot *slot = free_slot(d);
    if (r->target.paused || slot == NULL || !destination_ready(&r->destination, now))
        return false;

    struct courier_ask ask = {
        .destination = destination,
        .now = wall_now(d),
        .parallel = r->destination.limits.parallel,
        .on_trial = destination_on_trial(&r->destination),
    };
    bool found;
    enum err e = courier_pick(&d->courier, &ask, &found, &slot->row);
    if (e != ERR_OK)
        d->view_not_before = later_by(now, DISPATCH_VIEW_PAUSE_MS);
    if (e != ERR_OK || !found)
        return false;

    slot->destination = destination;
    slot->begun = destination_begin(&r->destination);
    if (slot->row.ambiguous && !r->destination.status.knows_keys)
        start_question(d, slot);
    else
        start_upload(d, slot);
    return true;
}

static void start_all(struct dispatch *d, struct mono now)
{
    bool any = d->route_count > 0;
    /* One for each in turn, so that none takes all slots; bounded because every photo is dealt with
     * once per pass. */
    while (any && now.ms >= d->view_not_before.ms) {
        any = false;
        for (size_t i = 0; i < d->route_count; i++) {
            unsigned to = (unsigned)((d->rotation + i) % d->route_count);
            any = start_one(d, to, now) || any;
        }
    }
    d->rotation++;
}

/* ---- passes and time ---- */

static void begin_pass(struct dispatch *d, size_t i, struct mono now)
{
    struct dispatch_route *r = &d->routes[i];
    bool regular = now.ms >= r->next_pass.ms;
    bool fresh = regular || r->target.immediate;
    bool news = fresh && d->seen > r->seen;
    bool due = now.ms >= r->next_due.ms;
    if (!regular && !(r->target.immediate && news) && !due)
        return;
    if (fresh)
        r->seen = d->seen;
    if (regular)
        r->next_pass = later_by(now, r->target.interval_ms);
    if (due)
        r->next_due = never();
    courier_tick(&d->courier, (unsigned)i, r->seen);
}

static void look_at_clock(struct dispatch *d, struct mono now)
{
    int64_t drift_ms = wall_now(d).ms - (int64_t)now.ms;
    if (drift_ms < d->drift_ms - CLOCK_SLACK_MS)
        courier_clock_went_back(&d->courier);
    d->drift_ms = drift_ms;
}

static uint32_t sleep_ms(const struct dispatch *d, struct mono now, uint32_t most_ms)
{
    struct mono until =
        later_by(now, most_ms < DISPATCH_WAIT_MAX_MS ? most_ms : DISPATCH_WAIT_MAX_MS);
    if (d->view_not_before.ms > now.ms)
        until = earlier(until, d->view_not_before);
    for (size_t i = 0; i < d->route_count; i++) {
        const struct dispatch_route *r = &d->routes[i];
        if (r->target.paused)
            continue;
        until = earlier(until, earlier(r->next_pass, r->next_due));
        struct mono trial = destination_next(&r->destination, now);
        if (trial.ms > now.ms && courier_going(&d->courier, (unsigned)i))
            until = earlier(until, trial);
    }
    return until.ms > now.ms ? (uint32_t)(until.ms - now.ms) : 0;
}

/* ---- what came back ---- */

static void end_question(struct dispatch *d, struct dispatch_slot *slot,
                         const struct uplink_result *result)
{
    if (result->failure != UPLINK_ANSWERED) {
        /* Asking harms nobody: whatever went wrong, nothing became doubtful by it. */
        struct verdict v = {.kind = VERDICT_LATER, .reason = VERDICT_REASON_UNREACHABLE};
        (void)snprintf(v.error, sizeof v.error, "%s", result->error);
        judge(d, slot, &v);
        return;
    }
    bool found = false, understood = false;
    if (result->status >= 200 && result->status < 300) {
        struct slice answer = {result->body, result->body_len};
        understood = listing_find(d->ports.json, answer, &slot->row.photo, &found) == ERR_OK;
    }
    if (found) {
        struct verdict v = {.kind = VERDICT_SENT, .reason = VERDICT_REASON_SENT};
        judge(d, slot, &v);
        return;
    }
    if (understood)
        slot->row.ambiguous = false;
    start_upload(d, slot);
}

static void end_request(struct dispatch *d, const struct uplink_result *result)
{
    struct dispatch_slot *slot = &d->slots[result->id % SLOT_NUMBERS];
    assert(result->id % SLOT_NUMBERS < DISPATCH_SLOTS_MAX && slot->id == result->id);
    if (slot->asking) {
        end_question(d, slot, result);
        return;
    }
    struct json_receipt receipt = {0};
    if (result->failure == UPLINK_ANSWERED)
        d->ports.json->receipt(d->ports.json->ctx, result->body, result->body_len, &receipt);
    struct verdict v = verdict_of(result, &receipt, &slot->row.photo);
    judge(d, slot, &v);
}

enum err dispatch_step(struct dispatch *d, uint32_t wait_ms)
{
    const struct uplink *u = d->ports.uplink;
    struct mono now = mono_now(d);
    look_at_clock(d, now);
    for (size_t i = 0; i < d->route_count; i++)
        begin_pass(d, i, now);
    start_all(d, now);
    post_results(d); /* what was settled without the network */

    struct uplink_result result;
    bool have;
    enum err e = u->wait(u->ctx, sleep_ms(d, now, wait_ms), &have, &result);
    while (e == ERR_OK && have) {
        end_request(d, &result);
        e = u->wait(u->ctx, 0, &have, &result);
    }
    post_results(d);
    return e;
}

void dispatch_written(struct dispatch *d, const struct delivery_result *results, size_t count)
{
    struct mono now = mono_now(d);
    int64_t wall_ms = wall_now(d).ms;
    for (size_t i = 0; i < count; i++) {
        const struct delivery_result *w = &results[i];
        assert(w->destination < d->route_count);
        courier_release(&d->courier, w->destination, w->photo);
        if (w->outcome != DELIVERY_WAITING)
            continue;
        struct dispatch_route *r = &d->routes[w->destination];
        uint64_t wait_ms = w->due.ms > wall_ms ? (uint64_t)(w->due.ms - wall_ms) : 0;
        struct mono at = later_by(now, wait_ms);
        struct mono ready = destination_next(&r->destination, now);
        r->next_due = earlier(r->next_due, at.ms > ready.ms ? at : ready);
    }
}

void dispatch_cancel(struct dispatch *d)
{
    d->ports.uplink->cancel_all(d->ports.uplink->ctx);
    for (size_t i = 0; i < DISPATCH_SLOTS_MAX; i++) {
        struct dispatch_slot *slot = &d->slots[i];
        if (slot->id == 0)
            continue;
        struct verdict v = {.kind = VERDICT_LATER, .ambiguous = !slot->asking};
        (void)snprintf(v.error, sizeof v.error, "cut off when the relay stopped");
        destination_drop(&d->routes[slot->destination].destination);
        make_wait(d, slot, &v, slot->row.tries);
        slot->id = 0;
    }
    post_results(d);
}
