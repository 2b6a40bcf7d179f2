#include "test/fakes/audio/fake_door.h"

#include <assert.h>
#include <string.h>

static enum err fake_accept(void *ctx, int *out_id)
{
    struct fake_door *f = ctx;
    *out_id = -1;
    if (f->broken)
        return ERR_IO;
    for (size_t i = 0; i < f->count; i++) {
        if (!f->peers[i].waits)
            continue;
        f->peers[i].waits = false;
        f->peers[i].inside = true;
        *out_id = (int)i;
        return ERR_OK;
    }
    return ERR_OK;
}

static struct fake_door_peer *inside(struct fake_door *f, int id)
{
    assert(id >= 0 && (size_t)id < f->count && f->peers[id].inside);
    return &f->peers[id];
}

static enum err fake_read(void *ctx, int id, void *out, size_t cap, struct door_heard *out_heard)
{
    struct fake_door_peer *p = inside(ctx, id);
    if (p->broken)
        return ERR_IO;
    size_t n = p->says_len - p->said;
    n = n < cap ? n : cap;
    n = n < p->says_each ? n : p->says_each;
    if (n > 0)
        memcpy(out, (const uint8_t *)p->says + p->said, n);
    p->said += n;
    p->reads++;
    out_heard->len = n;
    out_heard->end = n == 0 && p->hangs_up;
    return ERR_OK;
}

static enum err fake_write(void *ctx, int id, const void *data, size_t len, size_t *out_len)
{
    struct fake_door_peer *p = inside(ctx, id);
    assert(len > 0 && !p->ended);
    if (p->breaks_write)
        return ERR_IO;
    size_t n = len < p->takes_each ? len : p->takes_each;
    if (p->heard_len + n <= sizeof p->heard)
        memcpy(p->heard + p->heard_len, data, n);
    p->heard_len += n;
    *out_len = n;
    return ERR_OK;
}

static void fake_end(void *ctx, int id)
{
    struct fake_door_peer *p = inside(ctx, id);
    assert(!p->ended);
    p->ended = true;
}

static void fake_close(void *ctx, int id)
{
    struct fake_door_peer *p = inside(ctx, id);
    p->inside = false;
    p->closed = true;
}

void fake_door_init(struct fake_door *f)
{
    memset(f, 0, sizeof *f);
    f->door = (struct door){.ctx = f,
                            .accept = fake_accept,
                            .read = fake_read,
                            .write = fake_write,
                            .end = fake_end,
                            .close = fake_close};
}

struct fake_door_peer *fake_door_knock(struct fake_door *f, const void *says, size_t len)
{
    assert(f->count < FAKE_DOOR_PEERS);
    struct fake_door_peer *p = &f->peers[f->count++];
    *p = (struct fake_door_peer){.says = says,
                                 .says_len = len,
                                 .says_each = SIZE_MAX,
                                 .takes_each = SIZE_MAX,
                                 .waits = true};
    return p;
}
