/* lib/pace/deadline.h - a moment after which something is late. Time is an argument. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/instant.h"

/* A zeroed deadline never comes. */
struct deadline {
    struct mono at; /* if `set` */
    bool set;
};

struct deadline deadline_in(struct mono now, uint64_t ms);
struct deadline deadline_never(void);

/* True from the very millisecond on. */
bool deadline_passed(struct deadline d, struct mono now);
/* 0 once it has passed; UINT32_MAX if it is that far away or never comes. */
uint32_t deadline_left_ms(struct deadline d, struct mono now);
/* The one that comes first. */
struct deadline deadline_earlier(struct deadline a, struct deadline b);
