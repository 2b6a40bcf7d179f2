#include "camera/logic/ticket.h"

#include "lib/base/hex.h"

static bool is_good(const struct ticket *t, struct mono now)
{
    return t->end.set && !deadline_passed(t->end, now);
}

void ticket_issue(struct ticket *t, const struct random *random, struct mono now)
{
    uint8_t bytes[TICKET_BYTES];
    if (!is_good(t, now)) {
        random->fill(random->ctx, bytes, sizeof bytes);
        hex_encode(bytes, sizeof bytes, t->text);
    }
    t->end = deadline_in(now, TICKET_MS);
}

bool ticket_opens(const struct ticket *t, struct slice said, struct mono now)
{
    if (!is_good(t, now) || said.len != TICKET_TEXT_MAX - 1)
        return false;
    unsigned different = 0;
    for (size_t i = 0; i < said.len; i++)
        different |= (unsigned char)said.ptr[i] ^ (unsigned char)t->text[i];
    return different == 0;
}
