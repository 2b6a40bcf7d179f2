/* relay/logic/config_value.h - one value of a setting: from text into its field, and back. */
#pragma once

#include "lib/base/sha256.h"
#include "relay/logic/config_table.h"

/* Reads `value` as `row` wants it into the field of `base`. On ERR_INPUT nothing is written but a
 * reason to `why`. Not for LIST. */
CHECKED enum err config_value_read(void *base, const struct config_key *row, struct slice value,
                                   struct buf *why);

/* The value as text that config_value_read() reads back. Nothing for LIST; for secrets, "(set)" or
 * nothing. */
void config_value_print(const void *base, const struct config_key *row, struct buf *out);

/* Checks and copies a URL, adding `path` ("/upload") where there is none; or gives the reason. */
CHECKED enum err config_value_url(struct slice value, const char *path, char out[CONFIG_URL_MAX],
                                  struct buf *why);

/* Adds `text` in quotes, shortened, harmless on a terminal. */
void config_value_quote(struct buf *why, struct slice text);

/* What a struct config_secret keeps of a secret. */
void config_value_hash(struct slice secret, uint8_t out[SHA256_BYTES]);
