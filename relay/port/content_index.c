#include "relay/port/content_index.h"

#include <assert.h>
#include <string.h>

uint64_t content_index_fingerprint(const char *camera, const uint8_t sha256[32])
{
    uint64_t camera_hash = 14695981039346656037ULL; /* FNV-1a, 64 bit */
    for (const char *c = camera; *c != '\0'; c++)
        camera_hash = (camera_hash ^ (uint8_t)*c) * 1099511628211ULL;
    uint64_t content;
    memcpy(&content, sha256, sizeof content);
    content ^= camera_hash;
    return content != 0 ? content : 1;
}

/* The id whose low 32 bits these are, given one that is newer by less than 2^32. */
static int64_t widen(int64_t newer, uint32_t low)
{
    return newer - (int64_t)(uint32_t)((uint32_t)newer - low);
}

void content_index_note(struct content_index *x, int64_t id, uint64_t fingerprint)
{
    assert(id > x->newest && fingerprint != 0);
    /* Numbers that were passed over hold nothing any more. */
    int64_t skipped = x->newest + 1;
    if (skipped < id - STATE_CONTENT_MAX)
        skipped = id - STATE_CONTENT_MAX;
    for (; skipped < id; skipped++)
        x->fingerprint[skipped % STATE_CONTENT_MAX] = 0;
    x->fingerprint[id % STATE_CONTENT_MAX] = fingerprint;
    uint32_t *head = &x->head[fingerprint % STATE_CONTENT_MAX];
    x->before[id % STATE_CONTENT_MAX] = *head;
    *head = (uint32_t)id;
    x->newest = id;
}

int64_t content_index_next(const struct content_index *x, uint64_t fingerprint, int64_t below)
{
    uint32_t low = x->head[fingerprint % STATE_CONTENT_MAX];
    int64_t at = x->newest;
    /* A chain leads to ever older ids; one that left the window ends it. */
    while (low != 0) {
        int64_t id = widen(at, low);
        if (id <= 0 || id <= x->newest - STATE_CONTENT_MAX)
            return 0;
        uint64_t held = x->fingerprint[id % STATE_CONTENT_MAX];
        if (held % STATE_CONTENT_MAX != fingerprint % STATE_CONTENT_MAX || held == 0)
            return 0;
        if (held == fingerprint && id < below)
            return id;
        at = id;
        low = x->before[id % STATE_CONTENT_MAX];
    }
    return 0;
}
