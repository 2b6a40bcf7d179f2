/* camera/logic/backlog.h - every photo between capture and acknowledgement.
 *
 * Photos wait in RAM and, from the first send that failed until one succeeds, in a photolog on
 * flash or on an SD card; a photo leaves only when it was sent or when its loss was counted.
 * At all times captured = sent + dropped + waiting + set aside.
 *
 * Promise: a photo in the log survives a power cut. A photo in RAM does not, and is then counted as
 * dropped at the next start. A photo that does not fit the log stays in RAM and is counted in
 * `only_in_ram`. Damaged photos are counted, never sent. Not for use from two threads: the firmware
 * holds one lock around every call. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/photolog.h"
#include "camera/logic/shot.h"
#include "camera/logic/tally.h"

enum {
    BACKLOG_PHOTO_TRIES_MAX = 3, /* answers about the photo itself before it is set aside */
    BACKLOG_THIN_STEPS = 3,      /* half full: every 2nd is kept, 3/4: every 4th, 7/8: every 8th */
};

/* What happens to photos when there is no room. */
enum backlog_policy {
    BACKLOG_DROP_OLDEST, /* the newest photos are worth most */
    BACKLOG_THIN_OUT,    /* keep a long stretch of time, ever fewer photos; then as above */
    BACKLOG_STOP,        /* the oldest photos are worth most: take no more */
};

enum backlog_order {
    BACKLOG_FAIR,     /* new photos and the backlog take turns */
    BACKLOG_IN_ORDER, /* strictly as taken */
};

/* One photo in RAM. */
struct backlog_slot {
    struct shot shot;
    const uint8_t *bytes;
    uint32_t offset; /* in the arena, if not lent */
    bool used;
    bool aside;
    uint8_t tries;
    void (*give_back)(void *ctx); /* lent by the camera: called once when it is not needed */
    void *give_back_ctx;
};

struct backlog_config {
    uint8_t *arena; /* borrowed: the RAM for photos; may be NULL with 0 bytes */
    uint32_t arena_bytes;
    struct backlog_slot *slots; /* borrowed: at least 1 */
    uint32_t slots_max;
    struct photolog *log; /* borrowed, mounted; NULL: none */
    struct tally *tally;  /* borrowed, mounted */
    uint32_t boot;        /* this boot, as in struct shot */
    enum backlog_policy policy;
    enum backlog_order order;
};

/* One photo to be sent; stays valid until it is done, kept or set aside. */
struct backlog_item {
    struct shot shot;
    bool in_log;
    uint64_t at;   /* if in_log */
    uint32_t slot; /* if not */
};

/* The caller owns the memory and reads only the counters. */
struct backlog {
    struct backlog_config config;
    uint32_t only_in_ram;  /* photos that did not fit the log, ever since start */
    uint32_t lost_before;  /* dropped counted at start: died in RAM with the power */
    uint32_t damaged;      /* dropped because they did not read back */
    uint32_t refused;      /* set aside because the relay refused them for good */
    uint32_t first;        /* oldest slot in use */
    uint32_t count;        /* slots in use, oldest first, holes allowed */
    uint32_t log_tries;    /* refusals of log_tries_at */
    uint64_t log_tries_at; /* the photo in the log that was refused last */
    uint64_t busy_at;      /* in flight, in the log */
    uint32_t busy_slot;    /* in flight, in RAM */
    bool busy_in_log;
    bool busy;
    bool spilling; /* sends fail: photos go to the log */
    bool log_turn; /* BACKLOG_FAIR: the log is next */
};

/* Takes stock after a start: what was captured and is neither sent, dropped nor here was lost. */
void backlog_start(struct backlog *b, const struct backlog_config *config);

/* Takes a photo; its bytes are copied. It is counted as captured whatever happens next. ERR_FULL:
 * no room, or thinned out: counted as dropped. */
CHECKED enum err backlog_add(struct backlog *b, const struct shot *s, const uint8_t *jpeg);

/* The same without a copy in RAM, for boards that have none to spare: `jpeg` is borrowed until
 * give_back(ctx) is called, which happens exactly once and perhaps before this returns. */
CHECKED enum err backlog_add_lent(struct backlog *b, const struct shot *s, const uint8_t *jpeg,
                                  void (*give_back)(void *ctx), void *ctx);

/* Frees the frames lent to it, because the next photo needs their place: each moves to the log;
 * where that fails it is dropped and counted, or with BACKLOG_STOP stays. False: one is still out.
 */
bool backlog_release_lent(struct backlog *b);

/* The photo to send next. False: there is none. At most one is out at a time. It was read back and
 * is sound; damaged ones met on the way are dropped. */
bool backlog_take(struct backlog *b, struct backlog_item *out_item);

/* Part of the taken photo. */
CHECKED enum err backlog_read(const struct backlog *b, const struct backlog_item *item,
                              uint32_t offset, void *out, size_t len);

/* The taken photo was acknowledged. */
void backlog_sent(struct backlog *b, const struct backlog_item *item);
/* It could not be sent: everything in RAM moves to the log, as far as there is room. */
void backlog_failed(struct backlog *b, const struct backlog_item *item);
/* It was not sent for a reason that says nothing about the way (on purpose, no failure). */
void backlog_kept(struct backlog *b, const struct backlog_item *item);
/* The relay refused this very photo. True: for the third time, it is set aside. */
bool backlog_refused(struct backlog *b, const struct backlog_item *item);

/* There is no way to the relay: what is in RAM moves to the log, and so does what comes until the
 * next photo was sent. */
void backlog_offline(struct backlog *b);

/* Moves what is in RAM to the log, before a sleep or a restart. */
void backlog_spill(struct backlog *b);

/* Photos waiting, without and with those set aside. */
uint32_t backlog_waiting(const struct backlog *b);
uint32_t backlog_aside(const struct backlog *b);
