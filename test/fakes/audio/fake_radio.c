#include "test/fakes/audio/fake_radio.h"

#include <string.h>

static enum err notify(void *ctx, uint16_t characteristic, const void *data, size_t len)
{
    struct fake_radio *f = ctx;
    if (f->broken)
        return ERR_IO;
    if (characteristic == GATTCAST_AUDIO && f->waiting == f->buffers)
        return ERR_FULL;
    f->waiting += characteristic == GATTCAST_AUDIO;
    if (f->count < FAKE_RADIO_KEPT) {
        f->kept[f->count].characteristic = characteristic;
        f->kept[f->count].len = len;
        memcpy(f->kept[f->count].bytes, data, len);
        f->count++;
    }
    return ERR_OK;
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
    f->radio = (struct radio){.ctx = f, .notify = notify, .hurry = hurry, .advertise = advertise};
}

void fake_radio_send(struct fake_radio *f, struct gattcast *g)
{
    for (; f->waiting > 0; f->waiting--)
        gattcast_sent(g, GATTCAST_AUDIO);
}
