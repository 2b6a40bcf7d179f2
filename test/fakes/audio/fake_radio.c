#include "test/fakes/audio/fake_radio.h"

#include <string.h>

static enum err keep(struct fake_radio *f, uint16_t characteristic, const void *data, size_t len)
{
    if (f->count < FAKE_RADIO_KEPT) {
        f->kept[f->count].characteristic = characteristic;
        f->kept[f->count].len = len;
        memcpy(f->kept[f->count].bytes, data, len);
        f->count++;
    }
    return ERR_OK;
}

static enum err notify(void *ctx, uint16_t characteristic, const void *data, size_t len)
{
    struct fake_radio *f = ctx;
    if (f->broken)
        return ERR_IO;
    if (characteristic == GATTCAST_AUDIO && f->waiting == f->buffers)
        return ERR_FULL;
    f->waiting += characteristic == GATTCAST_AUDIO;
    return keep(f, characteristic, data, len);
}

static enum err push(void *ctx, const void *data, size_t len)
{
    struct fake_radio *f = ctx;
    if (f->broken)
        return ERR_IO;
    if (f->no_credits || f->waiting == f->buffers)
        return ERR_FULL;
    f->waiting++;
    f->pushed++;
    return keep(f, 0, data, len);
}

static unsigned waiting(void *ctx)
{
    return ((struct fake_radio *)ctx)->waiting;
}

static struct radio_link look(void *ctx)
{
    return ((struct fake_radio *)ctx)->link;
}

static void secure(void *ctx)
{
    ((struct fake_radio *)ctx)->secured++;
}

static void quiet(void *ctx)
{
    ((struct fake_radio *)ctx)->quieted++;
}

static void hurry(void *ctx)
{
    ((struct fake_radio *)ctx)->hurried++;
}

static void advertise(void *ctx)
{
    ((struct fake_radio *)ctx)->advertised++;
}

void fake_radio_init(struct fake_radio *f)
{
    memset(f, 0, sizeof *f);
    f->buffers = FAKE_RADIO_KEPT;
    f->radio = (struct radio){.ctx = f,
                              .notify = notify,
                              .push = push,
                              .waiting = waiting,
                              .look = look,
                              .hurry = hurry,
                              .secure = secure,
                              .advertise = advertise,
                              .quiet = quiet};
}

void fake_radio_send(struct fake_radio *f)
{
    f->waiting = 0;
}
