#include "relay/logic/refusal.h"

#include <assert.h>
#include <stdio.h>

static const struct {
    unsigned status;
    const char *code;
    const char *text;
} REFUSALS[REFUSAL_COUNT] = {
    [REFUSAL_NONE] = {200, "", ""},
#define REFUSAL(name, status, code, text) [REFUSAL_##name] = {status, code, text},
#include "relay/logic/refusal.def"
#undef REFUSAL
};

unsigned refusal_status(enum refusal r)
{
    assert(r < REFUSAL_COUNT);
    return REFUSALS[r].status;
}

const char *refusal_code(enum refusal r)
{
    assert(r < REFUSAL_COUNT);
    return REFUSALS[r].code;
}

const char *refusal_text(enum refusal r)
{
    assert(r < REFUSAL_COUNT);
    return REFUSALS[r].text;
}

size_t refusal_write_json(enum refusal r, char *out, size_t cap)
{
    /* The table holds plain ASCII without quotes or backslashes, so nothing needs escaping. */
    int n = snprintf(out, cap, "{\"success\": false, \"error\": \"%s\", \"code\": \"%s\"}\n",
                     refusal_text(r), refusal_code(r));
    assert(n > 0 && (size_t)n < cap);
    return (size_t)n;
}
