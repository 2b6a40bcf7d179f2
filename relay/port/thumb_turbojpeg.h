/* relay/port/thumb_turbojpeg.h - thumbnails with libjpeg-turbo, scaled in the DCT. */
#pragma once

#include "relay/logic/ports/thumb.h"

/* A thumb_make. */
CHECKED enum err thumb_turbojpeg_make(const void *jpeg, size_t len, const struct thumb_plan *plan,
                                      void *out, size_t *out_len);
