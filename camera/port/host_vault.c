#include "camera/port/host_vault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = HOST_VAULT_PATH_MAX + VAULT_NAME_MAX + 8 };

static void path_of(const struct host_vault *v, const char *name, const char *suffix, char *out)
{
    snprintf(out, PATH_BYTES, "%s/%s%s", v->folder, name, suffix);
}

static enum err vault_get(void *ctx, const char *name, void *out, size_t cap, size_t *out_len)
{
    char path[PATH_BYTES];
    path_of(ctx, name, "", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    *out_len = 0;
    if (fd < 0)
        return errno == ENOENT ? ERR_OK : ERR_IO;
    struct stat st;
    enum err e = fstat(fd, &st) == 0 ? ERR_OK : ERR_IO;
    if (e == ERR_OK && (size_t)st.st_size > cap)
        e = ERR_LIMIT;
    ssize_t n = e == ERR_OK ? read(fd, out, cap) : 0;
    close(fd);
    if (n < 0)
        return ERR_IO;
    *out_len = (size_t)n;
    return e;
}

static enum err sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? ERR_OK : ERR_IO;
}

static enum err vault_put(void *ctx, const char *name, const void *data, size_t len)
{
    struct host_vault *v = ctx;
    char path[PATH_BYTES], part[PATH_BYTES];
    path_of(v, name, "", path);
    path_of(v, name, ".part", part);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    bool good = write(fd, data, len) == (ssize_t)len && (!v->durable || fdatasync(fd) == 0);
    good = close(fd) == 0 && good;
    if (!good || rename(part, path) != 0)
        return ERR_IO;
    return v->durable ? sync_folder(v->folder) : ERR_OK;
}

static enum err vault_clear(void *ctx)
{
    static const char *const names[] = {"ident", "relay", "settings", "ca_pem", "reboots"};
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[PATH_BYTES];
        path_of(ctx, names[i], "", path);
        if (unlink(path) != 0 && errno != ENOENT)
            return ERR_IO;
    }
    return ERR_OK;
}

enum err host_vault_open(struct host_vault *v, const char *folder, bool durable)
{
    if (strlen(folder) >= sizeof v->folder)
        return ERR_LIMIT;
    memcpy(v->folder, folder, strlen(folder) + 1);
    v->durable = durable;
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return ERR_IO;
    v->vault = (struct vault){.ctx = v, .get = vault_get, .put = vault_put, .clear = vault_clear};
    return ERR_OK;
}
