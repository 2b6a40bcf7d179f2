#include "relay/port/recordfile_posix.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/wire/audiofile.h"
#include "lib/wire/wav.h"
#include "relay/port/recordfile_flac.h"

enum { CLOSED = -1, NAME_BYTES = 128, AT_ONCE = 2048 };

struct recordfile_posix {
    char folder[PATH_MAX];
    bool is_flac;
    int fd;
    char name[NAME_BYTES];
    uint32_t rate_hz;
    struct recordfile_flac *flac;
};

static enum err from_errno(void)
{
    return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
}

static enum err write_all(int fd, const void *data, size_t len)
{
    const char *p = data;
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return from_errno();
        p += n;
        len -= (size_t)n;
    }
    return ERR_OK;
}

static enum err write_at_start(int fd, const void *data, size_t len)
{
    return pwrite(fd, data, len, 0) == (ssize_t)len ? ERR_OK : from_errno();
}

static bool make_paths(const char *folder, const char *name, char open_path[PATH_MAX],
                       char done[PATH_MAX])
{
    int n = snprintf(open_path, PATH_MAX, "%s/%s" RECORDFILE_OPEN, folder, name);
    int m = snprintf(done, PATH_MAX, "%s/%s", folder, name);
    return n > 0 && n < PATH_MAX && m > 0 && m < PATH_MAX;
}

static enum err sync_and_name(int fd, const char *folder, const char *name)
{
    char open_path[PATH_MAX], done[PATH_MAX];
    if (!make_paths(folder, name, open_path, done))
        return ERR_INPUT;
    if (fdatasync(fd) != 0)
        return from_errno();
    return rename(open_path, done) == 0 ? ERR_OK : from_errno();
}

/* --- writing ---------------------------------------------------------------------------------- */

static enum err begin(void *ctx, const char *name, uint32_t rate_hz)
{
    struct recordfile_posix *r = ctx;
    char open_path[PATH_MAX], done[PATH_MAX];
    uint8_t head[WAV_HEAD_BYTES];
    assert(r->fd == CLOSED);
    if (!make_paths(r->folder, name, open_path, done))
        return ERR_INPUT;
    int fd = open(open_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (fd < 0)
        return from_errno();
    wav_write_head(head, rate_hz, WAV_ENDLESS);
    enum err e =
        r->is_flac ? recordfile_flac_open(fd, rate_hz, &r->flac) : write_all(fd, head, sizeof head);
    if (e != ERR_OK) {
        (void)close(fd);
        (void)unlink(open_path);
        return e;
    }
    snprintf(r->name, sizeof r->name, "%s", name);
    r->rate_hz = rate_hz;
    r->fd = fd;
    return ERR_OK;
}

static enum err write_samples(void *ctx, const int16_t *samples, size_t count)
{
    struct recordfile_posix *r = ctx;
    uint8_t bytes[2 * AT_ONCE];
    enum err e = ERR_OK;
    assert(r->fd != CLOSED);
    if (r->is_flac)
        return recordfile_flac_write(r->flac, samples, count);
    while (e == ERR_OK && count > 0) {
        size_t n = count < AT_ONCE ? count : AT_ONCE;
        for (size_t i = 0; i < n; i++) {
            bytes[2 * i] = (uint8_t)samples[i];
            bytes[2 * i + 1] = (uint8_t)((uint16_t)samples[i] >> 8);
        }
        e = write_all(r->fd, bytes, 2 * n);
        samples += n;
        count -= n;
    }
    return e;
}

static enum err flush(void *ctx)
{
    const struct recordfile_posix *r = ctx;
    assert(r->fd != CLOSED);
    return fdatasync(r->fd) == 0 ? ERR_OK : from_errno();
}

/* Half a sample at the end is cut off. */
static enum err close_wav(int fd, uint32_t rate_hz)
{
    struct stat st;
    uint8_t head[WAV_HEAD_BYTES];
    if (fstat(fd, &st) != 0)
        return from_errno();
    uint64_t data =
        (uint64_t)st.st_size > WAV_HEAD_BYTES ? (uint64_t)st.st_size - WAV_HEAD_BYTES : 0;
    data -= data % 2;
    if (data > WAV_DATA_MAX)
        data = WAV_DATA_MAX - 1; /* an even number */
    wav_write_head(head, rate_hz, (uint32_t)data);
    if (ftruncate(fd, (off_t)(WAV_HEAD_BYTES + data)) != 0)
        return from_errno();
    return write_at_start(fd, head, sizeof head);
}

/* --- repairing -------------------------------------------------------------------------------- */

static enum err repair_wav(int fd, bool *out_empty)
{
    uint8_t head[WAV_HEAD_BYTES];
    struct wav_format f;
    struct stat st;
    if (fstat(fd, &st) != 0)
        return from_errno();
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n < 0)
        return from_errno();
    *out_empty = n < WAV_HEAD_BYTES || st.st_size < WAV_HEAD_BYTES + 2 ||
                 wav_read_head(head, sizeof head, &f) != ERR_OK;
    return *out_empty ? ERR_OK : close_wav(fd, f.rate_hz);
}

static enum err repair_flac(int fd, bool *out_empty)
{
    uint8_t head[AUDIOFILE_FLAC_HEAD];
    uint64_t samples, bytes;
    enum err e = recordfile_flac_measure(fd, &samples, &bytes);
    if (e != ERR_OK)
        return e;
    ssize_t n = pread(fd, head, sizeof head, 0);
    if (n < 0)
        return from_errno();
    *out_empty = samples == 0 || n < (ssize_t)sizeof head || !audiofile_flac_close(head, samples);
    if (*out_empty)
        return ERR_OK;
    if (ftruncate(fd, (off_t)bytes) != 0)
        return from_errno();
    return write_at_start(fd, head, sizeof head);
}

/* --- the recording --------------------------------------------------------------------------- */

/* What the coder could not end (no room for its last frame) is cut to what is whole. */
static enum err close_flac(struct recordfile_posix *r)
{
    bool empty = false;
    enum err e = recordfile_flac_close(r->flac);
    r->flac = NULL;
    if (e == ERR_OK)
        return e;
    e = lseek(r->fd, 0, SEEK_SET) == 0 ? repair_flac(r->fd, &empty) : from_errno();
    return e == ERR_OK && empty ? ERR_IO : e;
}

static enum err finish(void *ctx)
{
    struct recordfile_posix *r = ctx;
    assert(r->fd != CLOSED);
    enum err e = r->is_flac ? close_flac(r) : close_wav(r->fd, r->rate_hz);
    if (e == ERR_OK)
        e = sync_and_name(r->fd, r->folder, r->name);
    if (close(r->fd) != 0 && e == ERR_OK)
        e = from_errno();
    r->fd = CLOSED;
    return e;
}

enum err recordfile_posix_create(const char *folder, bool flac, struct recordfile_posix **out,
                                 struct recordfile *out_calls)
{
    struct recordfile_posix *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_FULL;
    snprintf(r->folder, sizeof r->folder, "%s", folder);
    r->is_flac = flac;
    r->fd = CLOSED;
    *out = r;
    *out_calls = (struct recordfile){r, begin, write_samples, flush, finish};
    return ERR_OK;
}

void recordfile_posix_destroy(struct recordfile_posix *r)
{
    if (r == NULL)
        return;
    enum err e = r->fd == CLOSED ? ERR_OK : finish(r);
    (void)e; /* repaired at the next start */
    free(r);
}

enum err recordfile_posix_repair(const char *folder, const char *name, bool flac)
{
    char open_path[PATH_MAX], done[PATH_MAX];
    bool empty = false;
    if (!make_paths(folder, name, open_path, done))
        return ERR_INPUT;
    int fd = open(open_path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? ERR_OK : from_errno();
    enum err e = flac ? repair_flac(fd, &empty) : repair_wav(fd, &empty);
    if (e == ERR_OK && empty)
        e = unlink(open_path) == 0 ? ERR_OK : from_errno();
    else if (e == ERR_OK)
        e = sync_and_name(fd, folder, name);
    (void)close(fd); /* what matters was flushed */
    return e;
}
