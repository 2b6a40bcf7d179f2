/* relay/logic/refusal.h - the errors of the upload contract: one table of status, code and
 * sentence. */
#pragma once

#include <stddef.h>

enum refusal {
    REFUSAL_NONE,
#define REFUSAL(name, status, code, text) REFUSAL_##name,
#include "relay/logic/refusal.def"
#undef REFUSAL
    REFUSAL_COUNT,
};

unsigned refusal_status(enum refusal r);  /* 200 for REFUSAL_NONE */
const char *refusal_code(enum refusal r); /* static; "" for REFUSAL_NONE */
const char *refusal_text(enum refusal r); /* static */

/* Writes the JSON body of an error answer; answers its length. 512 bytes always suffice. */
size_t refusal_write_json(enum refusal r, char *out, size_t cap);
