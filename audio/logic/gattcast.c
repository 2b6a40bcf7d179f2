#include "audio/logic/gattcast.h"

#include "audio/logic/loudness.h"

enum {
    MTU_DEFAULT = 23, /* until the peers have agreed on more */
    CODEC_NONE = 0xFF,
    OP_START = 1,
    OP_STOP = 2,
    OP_CODEC = 3,
    OP_GAIN = 4, /* in 1/256 dB */
};

void gattcast_init(struct gattcast *g, struct studio *studio, const struct radio *radio)
{
    *g = (struct gattcast){
        .studio = studio, .radio = radio, .codec = AUDIOFRAME_ADPCM, .mtu = MTU_DEFAULT};
    radio->advertise(radio->ctx);
}

static size_t frame_bytes(enum audioframe_codec codec)
{
    return AUDIOFRAME_HEAD_BYTES + audioframe_payload_bytes(codec, GATTCAST_BLOCK);
}

static bool fits(const struct gattcast *g, enum audioframe_codec codec)
{
    if (g->channel_mtu > 0)
        return frame_bytes(codec) <= g->channel_mtu;
    return frame_bytes(codec) + GATTCAST_ATT_HEAD <= g->mtu;
}

static bool may_listen(const struct gattcast *g)
{
    return g->connected && (g->secured || !g->pairing);
}

/* Starts or ends the sound, whichever is due after a change. */
static void settle(struct gattcast *g)
{
    bool asked = g->channel_mtu > 0 || g->subscribed;
    bool wanted =
        may_listen(g) && asked && !g->stopped && fits(g, g->codec) && studio_can_play(g->studio);
    if (wanted && !g->listens) {
        uint16_t sequence = g->stream.sequence;
        studio_enter(g->studio);
        stream_open(&g->stream, g->studio->chain->tape, STREAM_FRAME, GATTCAST_BLOCK, 0);
        g->stream.codec = g->codec;
        g->stream.sequence = sequence;
    } else if (!wanted && g->listens) {
        studio_leave(g->studio);
    }
    g->listens = wanted;
}

/* Somebody wants to listen who has not paired. */
static void ask_to_pair(const struct gattcast *g)
{
    if (g->connected && !may_listen(g))
        g->radio->secure(g->radio->ctx);
}

void gattcast_connected(struct gattcast *g, struct mono now)
{
    g->connected = true;
    g->secured = g->subscribed = g->wants_stats = g->stopped = g->dropped_one = false;
    g->channel_mtu = 0;
    g->link = (struct radio_link){0};
    g->mtu = MTU_DEFAULT;
    g->codec = AUDIOFRAME_ADPCM;
    g->stream.sequence = 0;
    g->stats_due = deadline_in(now, GATTCAST_STATS_MS);
    g->radio->hurry(g->radio->ctx);
}

void gattcast_gone(struct gattcast *g)
{
    g->connected = false;
    g->channel_mtu = 0;
    settle(g);
    if (!g->paused)
        g->radio->advertise(g->radio->ctx);
}

void gattcast_pause(struct gattcast *g, bool paused)
{
    if (g->paused == paused)
        return;
    g->paused = paused;
    if (paused)
        g->radio->quiet(g->radio->ctx); /* gattcast_gone follows, where somebody was there */
    else
        g->radio->advertise(g->radio->ctx);
}

/* The codec an answer of Format names: what is sent, or that nothing can be. */
static uint8_t codec_told(const struct gattcast *g)
{
    return fits(g, g->codec) ? (uint8_t)g->codec : CODEC_NONE;
}

static void tell_format(struct gattcast *g)
{
    uint8_t value[RADIO_VALUE_MAX];
    size_t len = gattcast_read(g, GATTCAST_FORMAT, value);
    (void)g->radio->notify(g->radio->ctx, GATTCAST_FORMAT, value, len); /* it can also be read */
}

/* What fits has changed. */
static void refit(struct gattcast *g)
{
    if (!fits(g, g->codec))
        g->codec = AUDIOFRAME_ADPCM; /* the smallest */
    g->stream.codec = g->codec;
    settle(g);
    tell_format(g);
}

void gattcast_mtu(struct gattcast *g, uint16_t mtu)
{
    g->mtu = mtu;
    refit(g);
}

void gattcast_channel(struct gattcast *g, uint16_t mtu)
{
    g->channel_mtu = mtu;
    refit(g);
    if (mtu > 0)
        ask_to_pair(g);
}

void gattcast_secured(struct gattcast *g)
{
    g->secured = true;
    settle(g);
}

void gattcast_subscribed(struct gattcast *g, uint16_t characteristic, bool on)
{
    if (characteristic == GATTCAST_STATS)
        g->wants_stats = on;
    if (characteristic != GATTCAST_AUDIO)
        return;
    g->subscribed = on;
    settle(g);
    if (on)
        ask_to_pair(g);
}

static unsigned choose_codec(struct gattcast *g, uint8_t number)
{
    if (number >= AUDIOFRAME_CODECS || !fits(g, (enum audioframe_codec)number))
        return GATTCAST_BAD_VALUE;
    g->codec = (enum audioframe_codec)number;
    g->stream.codec = g->codec;
    settle(g);
    tell_format(g);
    return 0;
}

static unsigned set_gain(struct gattcast *g, const uint8_t *p)
{
    int db = (int16_t)(uint16_t)(p[0] | p[1] << 8) / 256;
    if (db < LOUDNESS_DB_MIN || db > LOUDNESS_DB_MAX)
        return GATTCAST_BAD_VALUE;
    studio_set_gain(g->studio, db);
    return 0;
}

unsigned gattcast_control(struct gattcast *g, const uint8_t *data, size_t len)
{
    static const uint8_t lengths[] = {[OP_START] = 1, [OP_STOP] = 1, [OP_CODEC] = 2, [OP_GAIN] = 3};
    if (!may_listen(g))
        return GATTCAST_NOT_PAIRED;
    if (len == 0 || data[0] < OP_START || data[0] > OP_GAIN)
        return GATTCAST_BAD_OP;
    if (len != lengths[data[0]])
        return GATTCAST_BAD_VALUE;
    if (data[0] == OP_CODEC)
        return choose_codec(g, data[1]);
    if (data[0] == OP_GAIN)
        return set_gain(g, data + 1);
    g->stopped = data[0] == OP_STOP;
    settle(g);
    return 0;
}

static uint8_t *put16(uint8_t *p, uint16_t v)
{
    *p++ = (uint8_t)v;
    *p++ = (uint8_t)(v >> 8);
    return p;
}

static uint8_t *put32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        *p++ = (uint8_t)(v >> (8 * i));
    return p;
}

static size_t read_format(const struct gattcast *g, uint8_t *out)
{
    uint8_t *p = out;
    *p++ = 1; /* version */
    *p++ = codec_told(g);
    *p++ = 1;  /* channel */
    *p++ = 16; /* bits */
    p = put32(p, CHAIN_HZ);
    p = put16(p, GATTCAST_BLOCK);
    unsigned mask = 0;
    for (unsigned i = 0; i < AUDIOFRAME_CODECS; i++)
        mask |= (unsigned)fits(g, (enum audioframe_codec)i) << i;
    p = put16(p, (uint16_t)mask);
    return (size_t)(p - out);
}

static size_t read_stats(const struct gattcast *g, uint8_t *out)
{
    const struct chain_counts *c = &g->studio->chain->counts;
    uint8_t *p = put32(out, g->sent);
    p = put32(p, g->dropped);
    p = put32(p, atomic_load_explicit(&c->overruns, memory_order_relaxed));
    p = put32(p, atomic_load_explicit(&c->clipped, memory_order_relaxed));
    *p++ = (uint8_t)g->link.rssi_dbm;
    *p++ = g->link.phy;
    p = put16(p, g->mtu);
    p = put16(p, g->link.interval);
    return (size_t)(p - out);
}

size_t gattcast_read(const struct gattcast *g, uint16_t characteristic,
                     uint8_t out[RADIO_VALUE_MAX])
{
    if (characteristic == GATTCAST_FORMAT)
        return read_format(g, out);
    if (characteristic == GATTCAST_STATS)
        return read_stats(g, out);
    if (characteristic == GATTCAST_PSM)
        return (size_t)(put16(out, g->psm) - out);
    return 0;
}

static enum err hand_over(const struct gattcast *g, const uint8_t *frame, size_t len)
{
    const struct radio *r = g->radio;
    if (r->waiting(r->ctx) >= GATTCAST_WAITING_MAX)
        return ERR_FULL;
    return g->channel_mtu > 0 ? r->push(r->ctx, frame, len)
                              : r->notify(r->ctx, GATTCAST_AUDIO, frame, len);
}

static void send_frame(struct gattcast *g, uint8_t *frame, size_t len)
{
    struct audioframe head;
    if (g->dropped_one && audioframe_read_head(frame, len, &head) == ERR_OK) {
        head.gap = true;
        audioframe_write_head(&head, frame);
    }
    if (hand_over(g, frame, len) == ERR_OK) {
        g->sent++;
        g->dropped_one = false;
    } else {
        g->dropped++;
        g->dropped_one = true;
    }
}

void gattcast_step(struct gattcast *g, struct mono now)
{
    uint8_t frame[STREAM_PACKET_MAX];
    size_t len;
    settle(g); /* the rate may be known by now, or wrong */
    while (g->listens &&
           (len = stream_next(&g->stream, g->studio->chain->tape, GATTCAST_BLOCK, frame)) > 0)
        send_frame(g, frame, len);
    if (!g->connected || !deadline_passed(g->stats_due, now))
        return;
    g->stats_due = deadline_in(now, GATTCAST_STATS_MS);
    g->link = g->radio->look(g->radio->ctx);
    if (g->wants_stats && may_listen(g)) {
        uint8_t value[GATTCAST_STATS_BYTES];
        (void)g->radio->notify(g->radio->ctx, GATTCAST_STATS, value, read_stats(g, value));
    }
}
