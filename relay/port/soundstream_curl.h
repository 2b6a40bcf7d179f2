/* relay/port/soundstream_curl.h - endless streams read with libcurl. */
#pragma once

#include "relay/logic/ports/soundstream.h"

struct soundstream_curl;

/* ERR_FULL: no memory. */
CHECKED enum err soundstream_curl_create(struct soundstream_curl **out,
                                         struct soundstream *out_calls);
/* NULL does nothing. */
void soundstream_curl_destroy(struct soundstream_curl *s);
