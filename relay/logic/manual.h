/* relay/logic/manual.h - the table of settings as people read it: help, example file, manual page.
 *
 * All text comes from config.def. `out` must have room (64 KiB does for each). */
#pragma once

#include "lib/base/buf.h"
#include "relay/logic/config.h"

/* What `camrelayd --help` prints, 80 columns wide. */
void manual_help(struct buf *out);

/* The settings in force as a file that would set them; secrets only as a comment that they are set.
 */
void manual_print(const struct config *c, struct buf *out);

/* relay/pack/camrelayd.conf: every key with its default, commented out. */
void manual_example(struct buf *out);

/* The list of keys of camrelayd.conf(5), in mdoc. */
void manual_page(struct buf *out);
