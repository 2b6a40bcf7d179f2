/* lib/wire/hijack.h - the DNS of a captive portal: every name is here (RFC 1035).
 *
 * Answers one question of type A with one address, others with no records, so that phones find the
 * set-up page. Queries that are not plain questions get no answer. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HIJACK_MESSAGE_MAX = 512, HIJACK_TTL_S = 30 };

/* Writes the answer to `query` and gives its length, 0: none. `out` may not be `query`. */
size_t hijack_answer(const uint8_t *query, size_t len, const uint8_t address[4],
                     uint8_t out[HIJACK_MESSAGE_MAX]);
