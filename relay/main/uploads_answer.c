/* What an upload is told, once. */
#include <string.h>

#include "relay/logic/answer.h"
#include "relay/main/uploads_inside.h"

void uploads_answer_count(struct uploads *u, enum refusal r)
{
    static const enum metric rows[REFUSAL_COUNT] = {
#define REFUSAL(name, status, code, text) [REFUSAL_##name] = METRIC_REJECTED_##name,
#include "relay/logic/refusal.def"
#undef REFUSAL
    };
    metrics_add(u->deps.metrics, rows[r], 1);
}

void uploads_answer_refusal(struct upload *up, enum refusal r)
{
    if (up->answered)
        return;
    up->answered = true;
    uploads_answer_count(up->owner, r);
    if (up->x != NULL)
        uploads_refuse(up->x, r, NULL);
}

void uploads_answer_good(struct upload *up, bool duplicate)
{
    struct uploads *u = up->owner;
    if (up->answered)
        return;
    up->answered = true;
    if (up->x == NULL)
        return;
    char memory[ANSWER_BYTES_MAX];
    struct buf body;
    buf_init(&body, memory, sizeof memory);
    answer_write(&body, &up->photo.item.photo, u->deps.folder, duplicate,
                 u->deps.clock->wall_now(u->deps.clock->ctx));
    struct front_reply reply = {
        .status = 200,
        .content_type = "application/json",
        .body = body.ptr,
        .body_len = body.len,
    };
    front_answer(up->x, &reply);
}
