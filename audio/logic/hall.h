/* audio/logic/hall.h - all visitors of one door. Called again and again by one thread; never waits.
 */
#pragma once

#include "audio/logic/ports/door.h"
#include "audio/logic/visitor.h"

struct hall_place {
    struct visitor visitor;
    int id; /* of the connection; -1: free */
    bool ended;
};

struct hall {
    struct hall_place *places; /* borrowed */
    size_t count;
    struct studio *studio;   /* borrowed */
    const struct door *door; /* borrowed */
};

void hall_init(struct hall *h, struct hall_place *places, size_t count, struct studio *studio,
               const struct door *door);
/* Lets in who waits, hears everybody, and sends what is due. Who finds no place is told so. */
void hall_step(struct hall *h, struct mono now);
/* Closes all connections. */
void hall_close(struct hall *h);
