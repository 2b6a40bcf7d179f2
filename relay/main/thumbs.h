/* relay/main/thumbs.h - thumbnails, made once and kept under .camrelay/thumbs.
 *
 * A cache: named by the photo's SHA-256, never flushed, checked when read, bounded in number, and
 * harmless to delete. One caller at a time. */
#pragma once

#include "lib/port/fs.h"
#include "relay/logic/metrics.h"
#include "relay/logic/ports/photo.h"
#include "relay/logic/ports/thumb.h"

/* Files kept; beyond it the older half goes. At about 12 KiB each that is 50 MiB of disk. */
enum { THUMBS_FILES_MAX = 4096 };

struct thumbs;

CHECKED enum err thumbs_create(const struct fs *fs, thumb_make make, struct metrics *metrics,
                               struct thumbs **out);

/* The thumbnail of `p` on the heap, for the caller to free. ERR_INPUT: the photo is damaged or not
 * a JPEG; ERR_LIMIT: too large; ERR_CORRUPT: its file is gone. */
CHECKED enum err thumbs_get(struct thumbs *t, const struct photo *p, char **out_jpeg,
                            size_t *out_len);

void thumbs_destroy(struct thumbs *t);
