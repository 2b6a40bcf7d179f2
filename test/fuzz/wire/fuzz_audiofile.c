/* Files of sound: any split gives the same answer. The first byte: bit 0 the kind, the rest where
 * it is split. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/wire/audiofile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct audiofile whole, pieces;
    if (size == 0)
        return 0;
    enum audiofile_kind kind = (data[0] & 1) != 0 ? AUDIOFILE_FLAC : AUDIOFILE_WAV;
    size_t step = (size_t)(data[0] >> 1) + 1;
    audiofile_init(&whole, kind);
    audiofile_init(&pieces, kind);
    data++;
    size--;
    (void)audiofile_feed(&whole, data, size);
    for (size_t at = 0; at < size; at += step)
        (void)audiofile_feed(&pieces, data + at, size - at < step ? size - at : step);
    if (audiofile_verdict(&whole) != audiofile_verdict(&pieces))
        abort();
    return 0;
}
