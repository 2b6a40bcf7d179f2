/* lib/base/quantity.h - sizes and times as people write them: 32M, 0.5, 30d.
 *
 * Reading: false if it is not such a text; a value beyond 64 bits reads as UINT64_MAX, so that a
 * check of the range can tell that it is too large. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/slice.h"

/* Bytes: digits, then nothing or K, M, G, T (powers of 1024; any case, "B" or "iB" may follow). */
bool quantity_read_size(struct slice s, uint64_t *out_bytes);

/* Milliseconds from seconds, or with ms, s, m, h, d behind; a fraction of up to 9 digits is
 * accepted and cut to whole milliseconds. */
bool quantity_read_duration(struct slice s, uint64_t *out_ms);

/* The shortest text that reads back as the same value: "32M", "1536", "60", "0.25", "30d". */
void quantity_print_size(struct buf *out, uint64_t bytes);
void quantity_print_duration(struct buf *out, uint64_t ms);
