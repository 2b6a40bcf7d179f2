/* camera/logic/ticket.h - opens the live picture on its own port to whoever may see the page.
 *
 * Browsers send a password only to the port that asked for it, and ask nobody on behalf of a
 * picture from elsewhere. So the page's own port, which knows who is there, writes a ticket into
 * the address it redirects to. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/slice.h"
#include "lib/pace/deadline.h"
#include "lib/port/random.h"

enum {
    TICKET_BYTES = 16,
    TICKET_TEXT_MAX = 2 * TICKET_BYTES + 1,
    TICKET_MS = 30 * 1000, /* to begin with; the stream then lasts as long as it likes */
};

/* The caller owns the memory; a zeroed ticket opens nothing. */
struct ticket {
    char text[TICKET_TEXT_MAX];
    struct deadline end;
};

/* Good for TICKET_MS from now on. One that is still good stays the same, so that two viewers do not
 * take it from each other. */
void ticket_issue(struct ticket *t, const struct random *random, struct mono now);

bool ticket_opens(const struct ticket *t, struct slice said, struct mono now);
