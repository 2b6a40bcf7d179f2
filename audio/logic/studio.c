#include "audio/logic/studio.h"

#include <assert.h>

#include "lib/wire/json_out.h"

void studio_enter(struct studio *s)
{
    s->listeners++;
    chain_listen(s->chain, true);
}

void studio_leave(struct studio *s)
{
    assert(s->listeners > 0);
    s->listeners--;
    chain_listen(s->chain, s->listeners > 0);
}

bool studio_can_play(const struct studio *s)
{
    return pulse_is_good(s->pulse);
}

void studio_set_gain(struct studio *s, int db)
{
    s->gain_db = db;
    chain_set_gain(s->chain, db);
}

static uint32_t look(const _Atomic uint32_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

static const char *state_name(enum pulse_state state)
{
    switch (state) {
    case PULSE_MEASURING: return "measuring";
    case PULSE_RIGHT: return "right";
    case PULSE_WRONG: return "wrong";
    }
    return "";
}

void studio_print_stats(const struct studio *s, struct buf *out)
{
    const struct chain_counts *c = &s->chain->counts;
    struct json_out j;
    json_out_init(&j, out);
    json_out_object(&j);
    json_out_put_text(&j, "name", s->name);
    json_out_put_text(&j, "version", CAMRELAY_VERSION);
    json_out_put_uint(&j, "rate", CHAIN_HZ);
    json_out_put_uint(&j, "block", s->block);
    json_out_put_text(&j, "codec", audioframe_codec_name(s->codec));
    json_out_put_int(&j, "gain_db", s->gain_db);
    json_out_put_uint(&j, "listeners", s->listeners);
    json_out_put_uint(&j, "listeners_max", s->listeners_max);
    json_out_put_text(&j, "adc_rate", state_name(atomic_load(&s->pulse->state)));
    json_out_put_uint(&j, "adc_measured_mhz", look(&s->pulse->measured_mhz));
    json_out_put_uint(&j, "adc_expected_mhz", s->pulse->expected_mhz);
    json_out_put_uint(&j, "adc_restarts", look(&s->pulse->restarts));
    json_out_put_uint(&j, "adc_readings", look(&c->readings));
    json_out_put_uint(&j, "adc_bad_words", look(&c->bad_words));
    json_out_put_uint(&j, "adc_overruns", look(&c->overruns));
    json_out_put_uint(&j, "adc_lost_samples", look(&c->lost));
    json_out_put_uint(&j, "clipped", look(&c->clipped));
    json_out_put_uint(&j, "samples", tape_end(s->chain->tape));
    json_out_put_uint(&j, "packets", s->packets);
    json_out_put_uint(&j, "slow_lost_samples", s->lost);
    json_out_put_uint(&j, "stalled", s->stalled);
    json_out_put_uint(&j, "served", s->served);
    json_out_put_uint(&j, "refused", s->refused);
    json_out_object_end(&j);
}

void studio_print_hello(const struct studio *s, enum audioframe_codec codec, struct buf *out)
{
    struct json_out j;
    json_out_init(&j, out);
    json_out_object(&j);
    json_out_put_uint(&j, "v", 1);
    json_out_put_uint(&j, "rate", CHAIN_HZ);
    json_out_put_uint(&j, "ch", 1);
    json_out_put_text(&j, "codec", audioframe_codec_name(codec));
    json_out_put_uint(&j, "frame", s->block);
    json_out_put_text(&j, "name", s->name);
    json_out_put_int(&j, "gain", s->gain_db);
    json_out_object_end(&j);
}
