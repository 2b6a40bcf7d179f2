/* lib/wire/exif.h - which way up a picture is, as its camera noted it (CIPA DC-008, "Exif", 4.6.4;
 * the file inside is TIFF 6.0, section 2). */
#pragma once

#include "lib/base/slice.h"

enum { EXIF_UPRIGHT = 1 };

/* The orientation in the body of an APP1 segment (behind its length), 1..8; EXIF_UPRIGHT where
 * there is none, or none that makes sense. Reads nothing beyond `segment`. */
unsigned exif_orientation(struct slice segment);
