/* lib/wire/wav.h - WAV files of 16-bit PCM, one channel (Multimedia Programming Interface and Data
 * Specifications 1.0, 1991, "WAVE"): the 44 bytes in front, and what a reader needs of any other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

enum { WAV_HEAD_BYTES = 44 };

/* `data_bytes` of a stream that never ends: readers take it as "unknown length". */
#define WAV_ENDLESS UINT32_MAX
/* For readers that count in signed numbers and refuse WAV_ENDLESS. */
#define WAV_ENDLESS_2G ((uint32_t)0x7FFFFFFF)
/* The most a true length can be: the file's own size field must hold 36 more. */
#define WAV_DATA_MAX (UINT32_MAX - 36 - 1)

/* 16-bit mono PCM at `rate_hz`. */
void wav_write_head(uint8_t out[WAV_HEAD_BYTES], uint32_t rate_hz, uint32_t data_bytes);

struct wav_format {
    uint32_t rate_hz;     /* 1..384000 */
    uint16_t channels;    /* 1..8 */
    uint16_t bits;        /* 8 (unsigned), 16, 24 or 32 (signed) */
    uint64_t data_offset; /* of the first sample, from the start of the file */
    uint32_t data_bytes;  /* as the file says; WAV_ENDLESS or past the end of the file is allowed */
};

/* Looks for "fmt " and "data" in the first `len` bytes of a file; other chunks are skipped.
 * ERR_INPUT: not a WAV file, or one of another coding; ERR_FULL: the data chunk begins behind
 * `len`: read more and ask again. */
CHECKED enum err wav_read_head(const void *file, size_t len, struct wav_format *out);
