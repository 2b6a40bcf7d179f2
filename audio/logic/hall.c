#include "audio/logic/hall.h"

enum {
    READ_BYTES = 256,
    READS_MAX = 8, /* of one visitor in one step: nobody keeps the others waiting */
    WRITES_MAX = 16,
};

static const char full[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                           "Retry-After: 5\r\nContent-Length: 0\r\n\r\n";

void hall_init(struct hall *h, struct hall_place *places, size_t count, struct studio *studio,
               const struct door *door)
{
    *h = (struct hall){.places = places, .count = count, .studio = studio, .door = door};
    for (size_t i = 0; i < count; i++)
        places[i].id = -1;
}

static void leave(struct hall *h, struct hall_place *p)
{
    visitor_close(&p->visitor);
    h->door->close(h->door->ctx, p->id);
    p->id = -1;
}

static struct hall_place *find_place(struct hall *h)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->places[i].id < 0)
            return &h->places[i];
    }
    return NULL;
}

static void let_in(struct hall *h, struct mono now)
{
    const struct door *d = h->door;
    for (size_t i = 0; i < h->count; i++) {
        int id = -1;
        if (d->accept(d->ctx, &id) != ERR_OK || id < 0)
            return;
        struct hall_place *p = find_place(h);
        if (p == NULL) {
            size_t sent;
            (void)d->write(d->ctx, id, full, sizeof full - 1, &sent); /* it closes either way */
            d->close(d->ctx, id);
            h->studio->refused++;
            continue;
        }
        p->id = id;
        p->ended = false;
        visitor_open(&p->visitor, h->studio, now);
    }
}

/* False: the connection is broken. */
static bool hear(struct hall *h, struct hall_place *p, struct mono now)
{
    uint8_t bytes[READ_BYTES];
    for (unsigned i = 0; i < READS_MAX; i++) {
        struct door_heard heard = {0};
        if (h->door->read(h->door->ctx, p->id, bytes, sizeof bytes, &heard) != ERR_OK)
            return false;
        visitor_take(&p->visitor, bytes, heard.len, now);
        if (heard.end)
            visitor_end(&p->visitor);
        if (heard.end || heard.len == 0)
            break;
    }
    return true;
}

static bool tell(struct hall *h, struct hall_place *p, struct mono now)
{
    for (unsigned i = 0; i < WRITES_MAX; i++) {
        struct slice s = visitor_give(&p->visitor, now);
        size_t sent = 0;
        if (s.len == 0)
            break;
        if (h->door->write(h->door->ctx, p->id, s.ptr, s.len, &sent) != ERR_OK)
            return false;
        visitor_gave(&p->visitor, sent, now);
        if (sent < s.len)
            break;
    }
    if (visitor_is_lingering(&p->visitor) && !p->ended) {
        h->door->end(h->door->ctx, p->id);
        p->ended = true;
    }
    return true;
}

void hall_step(struct hall *h, struct mono now)
{
    let_in(h, now);
    for (size_t i = 0; i < h->count; i++) {
        struct hall_place *p = &h->places[i];
        if (p->id < 0)
            continue;
        if (!hear(h, p, now) || !tell(h, p, now) || visitor_is_done(&p->visitor, now))
            leave(h, p);
    }
}

void hall_close(struct hall *h)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->places[i].id >= 0)
            leave(h, &h->places[i]);
    }
}
