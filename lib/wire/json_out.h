/* lib/wire/json_out.h - writes JSON (RFC 8259) into a buffer as it goes; no tree, no allocation.
 *
 * The writer places commas and colons. What does not fit sets `overflowed` of the buffer. For an
 * endless list, send what the buffer holds after any call, buf_clear() it and go on. A wrong order
 * of calls (a value in an object without a key, one end too many) is our own mistake and asserted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum { JSON_OUT_DEPTH_MAX = 16 }; /* objects and arrays within each other */

struct json_out {
    struct buf *buf; /* borrowed */
    uint8_t depth;
    bool after_key;
    uint32_t is_object; /* bit n: level n is an object */
    uint32_t has_items; /* bit n: level n needs a comma next */
};

void json_out_init(struct json_out *j, struct buf *buf);

void json_out_object(struct json_out *j);
void json_out_object_end(struct json_out *j);
void json_out_array(struct json_out *j);
void json_out_array_end(struct json_out *j);

/* The next value belongs to `key`, which is escaped like any text. */
void json_out_key(struct json_out *j, const char *key);

/* Any bytes: what is not UTF-8 becomes U+FFFD. */
void json_out_text(struct json_out *j, struct slice text);
void json_out_int(struct json_out *j, int64_t value);
void json_out_uint(struct json_out *j, uint64_t value);
void json_out_bool(struct json_out *j, bool value);
void json_out_null(struct json_out *j);

/* Key and value in one line. `text` NULL writes null. */
void json_out_put_text(struct json_out *j, const char *key, const char *text);
void json_out_put_slice(struct json_out *j, const char *key, struct slice text);
void json_out_put_int(struct json_out *j, const char *key, int64_t value);
void json_out_put_uint(struct json_out *j, const char *key, uint64_t value);
void json_out_put_bool(struct json_out *j, const char *key, bool value);
void json_out_put_null(struct json_out *j, const char *key);

/* Everything that was opened is closed, and something was written. */
bool json_out_done(const struct json_out *j);
