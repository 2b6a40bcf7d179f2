#include "relay/logic/page.h"

#include <inttypes.h>
#include <string.h>

#include "lib/wire/timestamp.h"
#include "relay/logic/catalog.h"
#include "relay/logic/medium.h"
#include "relay/logic/routes.h"
#include "relay/logic/template.h"

struct word {
    const char *key;
    const char *english;
    const char *korean;
};

static const struct word WORDS[] = {
#define WORD(key, english, korean) {#key, english, korean},
#include "relay/logic/words.def"
#undef WORD
};

enum { WORD_COUNT = sizeof WORDS / sizeof WORDS[0] };

/* What is being filled in, and where its sections stand. */
struct page {
    const struct overview *o;
    bool korean;
    size_t reason, destination, photo, setting, route, camera, word, source, event;
};

static const char *word_of(const struct page *p, const char *key)
{
    for (size_t i = 0; i < WORD_COUNT; i++)
        if (strcmp(WORDS[i].key, key) == 0)
            return p->korean ? WORDS[i].korean : WORDS[i].english;
    return NULL;
}

void page_write_count(uint64_t n, struct buf *out)
{
    char digits[32];
    struct buf b;
    buf_init(&b, digits, sizeof digits);
    buf_add_format(&b, "%" PRIu64, n);
    for (size_t i = 0; i < b.len; i++) {
        if (i > 0 && (b.len - i) % 3 == 0)
            buf_add_char(out, ',');
        buf_add_char(out, digits[i]);
    }
}

void page_write_bytes(uint64_t n, struct buf *out)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    uint64_t tenths = 0;
    while (n >= 1000 && unit < 6) {
        tenths = n % 1000 / 100;
        n /= 1000;
        unit++;
    }
    buf_add_format(out, "%" PRIu64, n);
    if (unit > 0 && n < 100)
        buf_add_format(out, ".%" PRIu64, tenths);
    buf_add_format(out, " %s", units[unit]);
}

void page_write_age(uint64_t seconds, bool korean, struct buf *out)
{
    static const struct {
        uint64_t seconds;
        const char *key;
    } units[] = {{86400, "unit_d"}, {3600, "unit_h"}, {60, "unit_min"}, {1, "unit_s"}};
    struct page p = {.korean = korean};
    size_t u = 0;
    while (u < 3 && seconds < units[u].seconds)
        u++;
    buf_add_format(out, "%" PRIu64 "%s", seconds / units[u].seconds, word_of(&p, units[u].key));
    uint64_t rest = seconds % units[u].seconds;
    if (u == 3 || rest < units[u + 1].seconds)
        return;
    buf_add_format(out, " %" PRIu64 "%s", rest / units[u + 1].seconds,
                   word_of(&p, units[u + 1].key));
}

static void write_time(const struct page *p, struct wall w, struct buf *out)
{
    if (w.ms == 0)
        return;
    struct timestamp_civil c = timestamp_to_civil(w, p->o->utc_offset_s);
    buf_add_format(out, "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour, c.minute,
                   c.second);
}

static void write_iso(struct wall w, struct buf *out)
{
    char text[TIMESTAMP_TEXT_MAX];
    timestamp_format(w, false, text);
    buf_add_text(out, text);
}

static void write_word(const struct page *p, const char *stem, const char *name, struct buf *out)
{
    char key[64];
    struct buf b;
    buf_init(&b, key, sizeof key);
    buf_add_format(&b, "%s_%s", stem, name);
    const char *text = buf_text(&b);
    for (char *c = key; text != NULL && *c != '\0'; c++)
        if (*c == '-')
            *c = '_';
    buf_add_text(out, text == NULL ? name : word_of(p, text));
}

static unsigned used_percent(const struct health_input *in)
{
    uint64_t total = in->disk_total_bytes / 100; /* so that nothing overflows */
    if (total == 0 || in->disk_free_bytes > in->disk_total_bytes)
        return 0;
    uint64_t used = (in->disk_total_bytes - in->disk_free_bytes) / total;
    return used > 100 ? 100 : (unsigned)used;
}

static uint64_t oldest_s(const struct health_input *in)
{
    uint64_t oldest = 0;
    for (size_t d = 0; d < in->destination_count; d++) {
        uint64_t age = health_oldest_pending_s(in, d);
        oldest = age > oldest ? age : oldest;
    }
    return oldest;
}

/* Values of the page as a whole. */
static bool write_whole(const struct page *p, struct slice key, struct buf *out)
{
    const struct overview *o = p->o;
    const struct health_input *in = &o->in;
#define IS(text) slice_eq(key, SLICE(text))
    if (IS("version"))
        buf_add_text(out, in->version);
    else if (IS("status"))
        buf_add_text(out, health_status_name(o->health.status));
    else if (IS("status_word"))
        write_word(p, "status", health_status_name(o->health.status), out);
    else if (IS("uptime"))
        page_write_age(in->uptime_s, p->korean, out);
    else if (IS("updated"))
        write_time(p, in->now, out);
    else if (IS("updated_iso"))
        write_iso(in->now, out);
    else if (IS("received"))
        page_write_count(in->received_session, out);
    else if (IS("stored"))
        page_write_count(in->stored_total, out);
    else if (IS("forwarded"))
        page_write_count(overview_forwarded(o), out);
    else if (IS("pending"))
        page_write_count(overview_pending(o), out);
    else if (IS("failed"))
        page_write_count(overview_failed(o), out);
    else
        return false;
    return true;
}

static bool write_storage(const struct page *p, struct slice key, struct buf *out)
{
    const struct health_input *in = &p->o->in;
    if (IS("duplicates"))
        page_write_count(p->o->duplicates, out);
    else if (IS("rejected"))
        page_write_count(p->o->rejected, out);
    else if (IS("oldest"))
        page_write_age(oldest_s(in), p->korean, out);
    else if (IS("dir"))
        buf_add_text(out, p->o->dir);
    else if (IS("stored_bytes"))
        page_write_bytes(in->stored_bytes, out);
    else if (IS("disk_free"))
        page_write_bytes(in->disk_free_bytes, out);
    else if (IS("disk_total"))
        page_write_bytes(in->disk_total_bytes, out);
    else if (IS("disk_used"))
        buf_add_format(out, "%u", used_percent(in));
    else if (IS("durability"))
        write_word(p, "durability", health_durability_name(in->durability), out);
    else
        return false;
    return true;
}

static bool write_destination(const struct page *p, struct slice key, struct buf *out)
{
    const struct health_destination *d = &p->o->in.destinations[p->destination];
    if (IS("d.name"))
        buf_add_text(out, d->name);
    else if (IS("d.url"))
        buf_add_text(out, d->url);
    else if (IS("d.link"))
        buf_add_text(out, health_link_name(d->link));
    else if (IS("d.link_word"))
        write_word(p, "link", health_link_name(d->link), out);
    else if (IS("d.sent"))
        page_write_count(d->sent_total, out);
    else if (IS("d.pending"))
        page_write_count(d->pending, out);
    else if (IS("d.dead"))
        page_write_count(d->dead, out);
    else if (IS("d.oldest"))
        page_write_age(health_oldest_pending_s(&p->o->in, p->destination), p->korean, out);
    else if (IS("d.error"))
        buf_add_text(out, d->last_error);
    else
        return false;
    return true;
}

static bool write_photo(const struct page *p, struct slice key, struct buf *out)
{
    const struct photo *photo = &p->o->latest[p->photo].photo;
    if (IS("p.name"))
        buf_add_text(out, photo->name);
    else if (IS("p.href"))
        catalog_write_address(routes_path(ROUTE_PHOTO), photo->name, out);
    else if (IS("p.thumb"))
        catalog_write_address(routes_path(ROUTE_THUMB), photo->name, out);
    else if (IS("p.time"))
        write_time(p, photo->received, out);
    else if (IS("p.iso"))
        write_iso(photo->received, out);
    else if (IS("p.size"))
        page_write_bytes(photo->size_bytes, out);
    else if (IS("p.camera"))
        buf_add_text(out, photo->camera);
    else
        return false;
    return true;
}

static bool write_camera(const struct page *p, struct slice key, struct buf *out)
{
    const struct camera_row *c = &p->o->cameras[p->camera];
    if (IS("c.name"))
        buf_add_text(out, c->camera[0] == '\0' ? word_of(p, "camera_unnamed") : c->camera);
    else if (IS("c.photos"))
        page_write_count(c->photos, out);
    else if (IS("c.missing"))
        page_write_count(c->gaps, out);
    else if (IS("c.last"))
        write_time(p, c->last_received, out);
    else if (IS("c.iso"))
        write_iso(c->last_received, out);
    else
        return false;
    return true;
}

static bool write_source(const struct page *p, struct slice key, struct buf *out)
{
    const struct soundboard_source *a = &p->o->sound->sources[p->source];
    if (IS("a.name"))
        buf_add_text(out, a->name);
    else if (IS("a.state"))
        buf_add_text(out, a->refused ? "held" : a->streaming ? "up" : "down");
    else if (IS("a.state_word"))
        buf_add_text(out, word_of(p, a->refused     ? "audio_refused"
                                     : a->streaming ? "audio_recording"
                                                    : "audio_silent"));
    else if (IS("a.level"))
        buf_add_format(out, "\xE2\x88\x92%u dB", a->below); /* U+2212, minus */
    else if (IS("a.recorded"))
        page_write_age(a->recorded_ms / 1000, p->korean, out);
    else if (IS("a.lost"))
        page_write_age(a->lost_ms / 1000, p->korean, out);
    else if (IS("a.error"))
        buf_add_text(out, a->error);
    else
        return false;
    return true;
}

static bool write_event(const struct page *p, struct slice key, struct buf *out)
{
    const struct soundboard_event *v = &p->o->sound->events[p->event];
    if (IS("v.name"))
        buf_add_text(out, v->source);
    else if (IS("v.time"))
        write_time(p, v->event.at, out);
    else if (IS("v.iso"))
        write_iso(v->event.at, out);
    else if (IS("v.lasted"))
        page_write_age((v->event.lasted_ms + 999) / 1000, p->korean, out);
    else if (IS("v.level"))
        buf_add_format(out, "\xE2\x88\x92%u dB", v->event.below);
    else
        return false;
    return true;
}

static bool write_listed(const struct page *p, struct slice key, struct buf *out)
{
    if (IS("r.text")) {
        health_write_reason(&p->o->in, &p->o->health.items[p->reason], p->korean, out);
    } else if (IS("s.key")) {
        buf_add_text(out, p->o->settings[p->setting].key);
    } else if (IS("s.value")) {
        buf_add_text(out, p->o->settings[p->setting].value);
    } else if (IS("e.path")) {
        buf_add_text(out, routes_path((enum route)p->route));
    } else if (IS("e.method")) {
        struct slice rest;
        buf_add_slice(out, slice_cut(slice_of(routes_allow((enum route)p->route)), ',', &rest));
    } else if (IS("e.about")) {
        buf_add_text(out, routes_about((enum route)p->route, p->korean));
    } else if (IS("w.key")) {
        buf_add_text(out, WORDS[p->word].key);
    } else if (IS("w.text")) {
        buf_add_text(out, p->korean ? WORDS[p->word].korean : WORDS[p->word].english);
    } else {
        return false;
    }
    return true;
}

static bool write_value(void *arg, struct slice key, struct buf *out)
{
    const struct page *p = arg;
    char text[64];
    if (slice_starts_nocase(key, SLICE("t."))) {
        struct slice name = {key.ptr + 2, key.len - 2};
        const char *word = slice_to_text(name, text, sizeof text) ? word_of(p, text) : NULL;
        buf_add_text(out, word == NULL ? "" : word);
        return word != NULL;
    }
    bool dotted = key.len > 2 && key.ptr[1] == '.';
    switch (dotted ? key.ptr[0] : '\0') {
    case 'd': return write_destination(p, key, out);
    case 'p': return write_photo(p, key, out);
    case 'c': return write_camera(p, key, out);
    case 'a': return write_source(p, key, out);
    case 'v': return write_event(p, key, out);
    case '\0': return write_whole(p, key, out) || write_storage(p, key, out);
    default: return write_listed(p, key, out);
    }
}

/* The next row from `at` on that the page lists; ROUTE_COUNT if there is none. */
static size_t listed_route(size_t at)
{
    while (at < ROUTE_COUNT && routes_about((enum route)at, false)[0] == '\0')
        at++;
    return at;
}

static size_t script_word(size_t at)
{
    while (at < WORD_COUNT && strncmp(WORDS[at].key, "js_", 3) != 0)
        at++;
    return at;
}

static bool set_listed(struct page *p, struct slice key, size_t index)
{
    if (IS("endpoints")) {
        p->route = listed_route(index == 0 ? 0 : p->route + 1);
        return p->route < ROUTE_COUNT;
    }
    if (IS("words")) {
        p->word = script_word(index == 0 ? 0 : p->word + 1);
        return p->word < WORD_COUNT;
    }
    if (IS("reasons")) {
        p->reason = index;
        return index < p->o->health.count;
    }
    if (IS("sources")) {
        p->source = index;
        return index < p->o->sound->count;
    }
    if (IS("loud")) {
        p->event = index;
        return index < p->o->sound->event_count;
    }
    if (IS("any_sources"))
        return index == 0 && p->o->sound->count > 0;
    if (IS("any_loud"))
        return index == 0 && p->o->sound->event_count > 0;
    if (IS("a.failed"))
        return index == 0 && p->o->sound->sources[p->source].error[0] != '\0';
    p->setting = index;
    return IS("settings") && index < p->o->setting_count;
}

static bool photo_is(const struct page *p, struct slice key)
{
    const struct photo *photo = &p->o->latest[p->photo].photo;
    enum medium m;
    bool sound = medium_of_name(slice_of(photo->name), &m) && medium_is_sound(m);
    if (IS("p.named"))
        return photo->camera[0] != '\0';
    return IS("p.sound") ? sound : IS("p.picture") && !sound;
}

static bool set_item(void *arg, struct slice key, size_t index)
{
    struct page *p = arg;
    const struct overview *o = p->o;
    if (IS("destinations")) {
        p->destination = index;
        return index < o->in.destination_count;
    }
    if (IS("photos")) {
        p->photo = index;
        return index < o->latest_count;
    }
    if (IS("cameras")) {
        p->camera = index;
        return index < o->camera_count;
    }
    if (IS("no_destinations"))
        return index == 0 && o->in.destination_count == 0;
    if (IS("no_photos"))
        return index == 0 && o->latest_count == 0;
    if (IS("any_cameras"))
        return index == 0 && o->camera_count > 0;
    if (IS("d.failed"))
        return index == 0 && o->in.destinations[p->destination].last_error[0] != '\0';
    if (slice_starts_nocase(key, SLICE("p.")))
        return index == 0 && photo_is(p, key);
    if (IS("s.empty"))
        return index == 0 && o->settings[p->setting].value[0] == '\0';
    return set_listed(p, key, index);
}
#undef IS

bool page_render(const struct overview *o, const struct page_text *text, struct buf *out)
{
    struct page p = {.o = o, .korean = text->korean};
    struct template_source source = {&p, write_value, set_item};
    return template_render(text->html, &source, out) && !out->overflowed;
}
