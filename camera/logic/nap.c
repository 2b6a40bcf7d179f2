#include "camera/logic/nap.h"

static bool is_settled(const struct nap_facts *f)
{
    if (f->idle)
        return true;
    return f->now.ms >= (f->sending ? NAP_SENDING_MAX_MS : NAP_AWAKE_MAX_MS);
}

uint32_t nap_wanted_ms(const struct nap_facts *f)
{
    if (!f->wanted || f->held || !f->looked || f->only_in_ram)
        return 0;
    if (!f->woke && f->now.ms < NAP_POWER_ON_MS)
        return 0;
    if (!is_settled(f) || f->photo_ms < NAP_LEAST_MS)
        return 0;
    if (f->photo_ms == UINT32_MAX)
        return f->has_pin ? NAP_FOREVER_MS : 0; /* else it would never wake again */
    return f->photo_ms;
}
