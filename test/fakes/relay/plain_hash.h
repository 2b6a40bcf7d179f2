/* test/fakes/relay/plain_hash.h - struct hash over lib/base/sha256, for tests without libcrypto. */
#pragma once

#include "relay/logic/ports/hash.h"

struct hash plain_hash(void);

/* Streams begun and not ended; 0 at the end of a test. */
unsigned plain_hash_open_count(void);
