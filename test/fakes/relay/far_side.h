/* test/fakes/relay/far_side.h - a receiver for fake_uplink: remembers what it stored, and
 * misbehaves as told. It is either another relay (folds keys, answers with sha256) or the Flask
 * script (renames, knows no keys). Photos are told apart by the number behind the "p" their name
 * begins with. */
#pragma once

#include "test/fakes/relay/fake_uplink.h"

enum far_side_lie {
    FAR_SIDE_HONEST,
    FAR_SIDE_LIES_SIZE,
    FAR_SIDE_LIES_HASH,
    FAR_SIDE_LIES_SUCCESS,
};

struct far_side_photo {
    char key[160]; /* "" = never tried */
    char name[256];
    size_t size;
    unsigned copies;
    unsigned doubts;     /* uploads stored whose answer never arrived */
    uint64_t busy_until; /* an attempt for it is in flight until then */
};

struct far_side {
    /* Levers. */
    bool is_script;
    bool listless;     /* GET /list is 404 */
    bool gone;         /* cannot be reached */
    uint32_t delay_ms; /* before each answer */
    unsigned status;   /* answers this to every upload and stores nothing; 0 = behaves */
    unsigned retry_after_s;
    unsigned lose_answers; /* so many next ones are stored and not answered */
    unsigned swallow;      /* so many next ones are neither stored nor answered */
    unsigned digest_wrong; /* so many next ones are 422, code digest */
    enum far_side_lie lie; /* what its receipts say; nothing is stored then */
    int64_t hated;         /* this photo always gets hated_status */
    unsigned hated_status;
    unsigned mishap_percent; /* each upload: chance of a random mishap */
    uint32_t *seed;

    /* Counters. */
    unsigned uploads, questions, stored, hated_uploads;
    unsigned foreign_keys; /* a photo came under another key than before: must be 0 */

    struct far_side_photo *photos;
    size_t count;
};

void far_side_init(struct far_side *f);
void far_side_deinit(struct far_side *f);
void far_side_meet(struct far_side *f, uint64_t now_ms, const struct fake_uplink_request *r,
                   struct fake_uplink_answer *a);

/* The sender cut everything off: answers still on their way are lost. */
void far_side_cut_off(struct far_side *f, uint64_t now_ms);

unsigned far_side_copies(const struct far_side *f, int64_t photo);
unsigned far_side_doubts(const struct far_side *f, int64_t photo);

/* A small random number generator; the same seed gives the same week. */
uint32_t far_side_dice(uint32_t *seed);
/* Sets levers at random, and `mishap_percent`. */
void far_side_shuffle(struct far_side *f, uint32_t *seed);
/* Back to good behaviour. */
void far_side_behave(struct far_side *f);
