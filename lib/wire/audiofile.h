/* lib/wire/audiofile.h - is this stream one whole WAV or FLAC file?
 *
 * Walks the structure and does not decode. WAV (Multimedia Programming Interface and Data
 * Specifications 1.0, 1991): "RIFF", its chunks by their lengths, a "fmt " before "data", and as
 * many bytes of data as that says; a recording whose writer never knew its length (0, 0x7FFFFFFF or
 * more) ends wherever it ends. FLAC (RFC 9639): "fLaC", STREAMINFO first, the other metadata by
 * their lengths, and the sync code of a first frame; how many frames follow is not known without
 * decoding. Bytes behind the end are not judged. Any split of the input gives the same answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum audiofile_kind {
    AUDIOFILE_WAV,
    AUDIOFILE_FLAC,
};

enum audiofile_verdict {
    AUDIOFILE_INCOMPLETE, /* good so far, the end not seen */
    AUDIOFILE_WHOLE,
    AUDIOFILE_ALIEN,   /* does not begin as such a file: another kind of file */
    AUDIOFILE_DAMAGED, /* began as one, but its structure is broken */
};

enum { AUDIOFILE_HELD_MAX = 21 }; /* the longest piece that is looked at: "fLaC" to the rate */

/* The caller owns the memory and touches no field. */
struct audiofile {
    enum audiofile_kind kind;
    enum audiofile_verdict verdict;
    uint8_t step;
    bool has_format;
    uint8_t held_len, held_want;
    uint64_t skip; /* bytes that are passed over before the next piece */
    uint8_t held[AUDIOFILE_HELD_MAX];
};

void audiofile_init(struct audiofile *a, enum audiofile_kind kind);

/* The head of a FLAC file, as far as audiofile_flac_close() looks at it. */
enum { AUDIOFILE_FLAC_HEAD = 42 };

/* Gives a FLAC file whose writer was cut off the number of its samples (RFC 9639 8.2; of 36 bits)
 * and takes away what is not true of it: sizes of frames and the MD5. False: not such a head. */
bool audiofile_flac_close(uint8_t head[AUDIOFILE_FLAC_HEAD], uint64_t samples);

/* Judges everything fed so far. Once WHOLE, ALIEN or DAMAGED, it stays so and looks at nothing
 * more. */
enum audiofile_verdict audiofile_feed(struct audiofile *a, const void *data, size_t len);

/* The same answer without more bytes. */
enum audiofile_verdict audiofile_verdict(const struct audiofile *a);
