#include "camera/port/host_dump.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/port/log.h"

static uint32_t dump_bytes(void *ctx)
{
    const struct host_dump *d = ctx;
    struct stat st;
    if (stat(d->path, &st) != 0 || st.st_size < 0 || st.st_size > UINT32_MAX)
        return 0;
    return (uint32_t)st.st_size;
}

static enum err dump_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    const struct host_dump *d = ctx;
    int fd = open(d->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    ssize_t n = pread(fd, out, len, (off_t)offset);
    close(fd);
    return n == (ssize_t)len ? ERR_OK : ERR_IO;
}

static void dump_erase(void *ctx)
{
    const struct host_dump *d = ctx;
    if (unlink(d->path) != 0)
        log_line(LOG_LEVEL_WARN, "the dump cannot be removed file=%s", d->path);
}

void host_dump_init(struct host_dump *d, const char *path)
{
    *d = (struct host_dump){
        .path = path,
        .dump = {.ctx = d, .bytes = dump_bytes, .read = dump_read, .erase = dump_erase}};
}
