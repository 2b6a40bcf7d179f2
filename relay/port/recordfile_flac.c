#include "relay/port/recordfile_flac.h"

#include <FLAC/stream_decoder.h>
#include <FLAC/stream_encoder.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LEVEL = 5,            /* libFLAC's own choice; 16 kHz cost less than a hundredth of a core */
    BLOCK_SAMPLES = 4096, /* a quarter of a second at 16 kHz: what a cut costs */
    AT_ONCE = 1024,
};

struct recordfile_flac {
    FLAC__StreamEncoder *encoder;
    int fd;
    enum err error; /* the first one */
};

static enum err from_errno(int code)
{
    return code == ENOSPC || code == EDQUOT ? ERR_FULL : ERR_IO;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are libFLAC's */
static FLAC__StreamEncoderWriteStatus on_write(const FLAC__StreamEncoder *encoder,
                                               const FLAC__byte buffer[], size_t bytes,
                                               uint32_t samples, uint32_t frame, void *arg)
{
    struct recordfile_flac *f = arg;
    (void)encoder;
    (void)samples;
    (void)frame;
    while (bytes > 0 && f->error == ERR_OK) {
        ssize_t n = write(f->fd, buffer, bytes);
        if (n < 0 && errno != EINTR)
            f->error = from_errno(errno);
        if (n > 0) {
            buffer += n;
            bytes -= (size_t)n;
        }
    }
    return f->error == ERR_OK ? FLAC__STREAM_ENCODER_WRITE_STATUS_OK
                              : FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR;
}

static FLAC__StreamEncoderSeekStatus on_seek(const FLAC__StreamEncoder *encoder,
                                             FLAC__uint64 offset, void *arg)
{
    const struct recordfile_flac *f = arg;
    (void)encoder;
    return lseek(f->fd, (off_t)offset, SEEK_SET) >= 0 ? FLAC__STREAM_ENCODER_SEEK_STATUS_OK
                                                      : FLAC__STREAM_ENCODER_SEEK_STATUS_ERROR;
}

static FLAC__StreamEncoderTellStatus on_tell(const FLAC__StreamEncoder *encoder,
                                             FLAC__uint64 *offset, void *arg)
{
    const struct recordfile_flac *f = arg;
    off_t at = lseek(f->fd, 0, SEEK_CUR);
    (void)encoder;
    if (at < 0)
        return FLAC__STREAM_ENCODER_TELL_STATUS_ERROR;
    *offset = (FLAC__uint64)at;
    return FLAC__STREAM_ENCODER_TELL_STATUS_OK;
}

static bool configure(FLAC__StreamEncoder *e, uint32_t rate_hz)
{
    return FLAC__stream_encoder_set_channels(e, 1) &&
           FLAC__stream_encoder_set_bits_per_sample(e, 16) &&
           FLAC__stream_encoder_set_sample_rate(e, rate_hz) &&
           FLAC__stream_encoder_set_compression_level(e, LEVEL) &&
           FLAC__stream_encoder_set_blocksize(e, BLOCK_SAMPLES);
}

enum err recordfile_flac_open(int fd, uint32_t rate_hz, struct recordfile_flac **out)
{
    struct recordfile_flac *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_FULL;
    *f = (struct recordfile_flac){FLAC__stream_encoder_new(), fd, ERR_OK};
    enum err e = f->encoder == NULL ? ERR_FULL : ERR_OK;
    if (e == ERR_OK &&
        (!configure(f->encoder, rate_hz) ||
         FLAC__stream_encoder_init_stream(f->encoder, on_write, on_seek, on_tell, NULL, f) !=
             FLAC__STREAM_ENCODER_INIT_STATUS_OK))
        e = f->error != ERR_OK ? f->error : ERR_INPUT;
    if (e != ERR_OK) {
        if (f->encoder != NULL)
            FLAC__stream_encoder_delete(f->encoder);
        free(f);
        return e;
    }
    *out = f;
    return ERR_OK;
}

enum err recordfile_flac_write(struct recordfile_flac *f, const int16_t *samples, size_t count)
{
    FLAC__int32 wide[AT_ONCE];
    while (count > 0 && f->error == ERR_OK) {
        size_t n = count < AT_ONCE ? count : AT_ONCE;
        for (size_t i = 0; i < n; i++)
            wide[i] = samples[i];
        if (!FLAC__stream_encoder_process_interleaved(f->encoder, wide, (uint32_t)n) &&
            f->error == ERR_OK)
            f->error = ERR_IO;
        samples += n;
        count -= n;
    }
    return f->error;
}

enum err recordfile_flac_close(struct recordfile_flac *f)
{
    if (!FLAC__stream_encoder_finish(f->encoder) && f->error == ERR_OK)
        f->error = ERR_IO;
    enum err e = f->error;
    FLAC__stream_encoder_delete(f->encoder);
    free(f);
    return e;
}

/* --- measuring -------------------------------------------------------------------------------- */

struct measure {
    int fd;
    bool broken;
    bool unreadable;
    uint64_t samples;
};

static FLAC__StreamDecoderReadStatus on_read(const FLAC__StreamDecoder *decoder,
                                             FLAC__byte buffer[], size_t *bytes, void *arg)
{
    struct measure *m = arg;
    (void)decoder;
    ssize_t n = read(m->fd, buffer, *bytes);
    m->unreadable = n < 0;
    *bytes = n > 0 ? (size_t)n : 0;
    if (n < 0)
        return FLAC__STREAM_DECODER_READ_STATUS_ABORT;
    return n == 0 ? FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM
                  : FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
}

static FLAC__StreamDecoderTellStatus on_where(const FLAC__StreamDecoder *decoder,
                                              FLAC__uint64 *offset, void *arg)
{
    const struct measure *m = arg;
    off_t at = lseek(m->fd, 0, SEEK_CUR);
    (void)decoder;
    if (at < 0)
        return FLAC__STREAM_DECODER_TELL_STATUS_ERROR;
    *offset = (FLAC__uint64)at;
    return FLAC__STREAM_DECODER_TELL_STATUS_OK;
}

static FLAC__StreamDecoderWriteStatus on_frame(const FLAC__StreamDecoder *decoder,
                                               const FLAC__Frame *frame,
                                               const FLAC__int32 *const samples[], void *arg)
{
    struct measure *m = arg;
    (void)decoder;
    (void)samples;
    m->samples += frame->header.blocksize;
    return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void on_error(const FLAC__StreamDecoder *decoder, FLAC__StreamDecoderErrorStatus status,
                     void *arg)
{
    struct measure *m = arg;
    (void)decoder;
    (void)status;
    m->broken = true;
}

/* Frame by frame, until one is not whole. The last one and the end may come in one step. */
static void measure_frames(FLAC__StreamDecoder *d, struct measure *m, uint64_t *out_samples,
                           uint64_t *out_bytes)
{
    bool more = true;
    while (more) {
        FLAC__uint64 at;
        more = FLAC__stream_decoder_process_single(d) && !m->broken;
        if (more && m->samples > *out_samples && FLAC__stream_decoder_get_decode_position(d, &at)) {
            *out_samples = m->samples;
            *out_bytes = at;
        }
        more = more && FLAC__stream_decoder_get_state(d) != FLAC__STREAM_DECODER_END_OF_STREAM;
    }
}

enum err recordfile_flac_measure(int fd, uint64_t *out_samples, uint64_t *out_bytes)
{
    struct measure m = {.fd = fd};
    FLAC__StreamDecoder *d = FLAC__stream_decoder_new();
    *out_samples = *out_bytes = 0;
    if (d == NULL)
        return ERR_FULL;
    bool begun =
        FLAC__stream_decoder_init_stream(d, on_read, NULL, on_where, NULL, NULL, on_frame, NULL,
                                         on_error, &m) == FLAC__STREAM_DECODER_INIT_STATUS_OK;
    if (begun)
        measure_frames(d, &m, out_samples, out_bytes);
    FLAC__stream_decoder_delete(d);
    return begun && !m.unreadable ? ERR_OK : ERR_IO;
}
