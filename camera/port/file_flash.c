#include "camera/port/file_flash.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err from_errno(void)
{
    return errno == ENOSPC ? ERR_FULL : ERR_IO;
}

static enum err read_at(int fd, uint32_t offset, void *out, size_t len)
{
    char *at = out;
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
        return ERR_IO;
    while (len > 0) {
        ssize_t n = read(fd, at, len);
        if (n <= 0)
            return ERR_IO;
        at += n;
        len -= (size_t)n;
    }
    return ERR_OK;
}

static enum err write_at(int fd, uint32_t offset, const void *data, size_t len)
{
    const char *at = data;
    if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
        return ERR_IO;
    while (len > 0) {
        ssize_t n = write(fd, at, len);
        if (n <= 0)
            return from_errno();
        at += n;
        len -= (size_t)n;
    }
    return ERR_OK;
}

static enum err settle(const struct file_flash *f)
{
    return !f->durable || fsync(f->fd) == 0 ? ERR_OK : ERR_IO;
}

static enum err flash_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    const struct file_flash *f = ctx;
    return read_at(f->fd, offset, out, len);
}

static enum err flash_write(void *ctx, uint32_t offset, const void *data, size_t len)
{
    const struct file_flash *f = ctx;
    const uint8_t *from = data;
    while (len > 0) {
        uint8_t old[512];
        size_t n = len < sizeof old ? len : sizeof old;
        enum err e = read_at(f->fd, offset, old, n);
        if (e != ERR_OK)
            return e;
        for (size_t i = 0; i < n; i++)
            old[i] = (uint8_t)(old[i] & from[i]);
        e = write_at(f->fd, offset, old, n);
        if (e != ERR_OK)
            return e;
        offset += (uint32_t)n;
        from += n;
        len -= n;
    }
    return settle(f);
}

static enum err erase_one(const struct file_flash *f, uint32_t offset)
{
    uint8_t ones[512];
    memset(ones, 0xFF, sizeof ones);
    for (uint32_t i = 0; i < FILE_FLASH_SECTOR; i += sizeof ones) {
        enum err e = write_at(f->fd, offset + i, ones, sizeof ones);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err flash_erase(void *ctx, uint32_t offset)
{
    const struct file_flash *f = ctx;
    enum err e = erase_one(f, offset);
    return e == ERR_OK ? settle(f) : e;
}

enum err file_flash_open(struct file_flash *f, const char *path, uint32_t size_bytes, bool durable)
{
    f->fd = open(path, O_RDWR | O_CREAT, 0600);
    if (f->fd < 0)
        return ERR_IO;
    f->durable = durable;
    f->flash = (struct flash){.ctx = f,
                              .size_bytes = size_bytes / FILE_FLASH_SECTOR * FILE_FLASH_SECTOR,
                              .sector_bytes = FILE_FLASH_SECTOR,
                              .read = flash_read,
                              .write = flash_write,
                              .erase = flash_erase};
    struct stat st;
    enum err e = fstat(f->fd, &st) == 0 ? ERR_OK : ERR_IO;
    uint32_t at = (uint32_t)(e == ERR_OK ? st.st_size : 0) / FILE_FLASH_SECTOR * FILE_FLASH_SECTOR;
    for (; e == ERR_OK && at < f->flash.size_bytes; at += FILE_FLASH_SECTOR)
        e = erase_one(f, at);
    if (e == ERR_OK)
        e = settle(f);
    if (e != ERR_OK)
        file_flash_close(f);
    return e;
}

void file_flash_close(struct file_flash *f)
{
    if (f->flash.size_bytes == 0)
        return;
    close(f->fd);
    *f = (struct file_flash){0};
}
