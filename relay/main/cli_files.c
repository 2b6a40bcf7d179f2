#include "relay/main/cli_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/main/cli.h"

enum { DEPTH_MAX = 16, PIECE_BYTES = 1 << 16 };
#define STDIN_BYTES_MAX (1024LL * 1024 * 1024)

static const char STDIN_NAME[] = "photo.jpg";

static bool add_one(struct cli_files *f, const char *path, const char *name)
{
    if (f->count == CLI_WORDS_MAX) {
        cli_say("more than %d files", CLI_WORDS_MAX);
        return false;
    }
    if (f->count == f->cap) {
        size_t cap = f->cap == 0 ? 64 : 2 * f->cap;
        struct cli_file *list = realloc(f->list, cap * sizeof *list);
        if (list == NULL)
            return false;
        f->list = list;
        f->cap = cap;
    }
    char *copy = strdup(path);
    if (copy == NULL)
        return false;
    const char *slash = strrchr(copy, '/');
    f->list[f->count++] = (struct cli_file){copy, name != NULL    ? name
                                                  : slash == NULL ? copy
                                                                  : slash + 1};
    return true;
}

static bool is_photo(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot != NULL &&
           (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static bool add_folder(struct cli_files *f, const char *path, int depth);

/* Hidden names are left out: the relay's own folder begins with a dot. */
static bool add_entry(struct cli_files *f, const char *folder, const char *name, int depth)
{
    char path[4096];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (name[0] == '.' || n < 0 || (size_t)n >= sizeof path || lstat(path, &st) != 0)
        return true;
    if (S_ISDIR(st.st_mode))
        return add_folder(f, path, depth + 1);
    return !S_ISREG(st.st_mode) || !is_photo(name) || add_one(f, path, NULL);
}

static bool add_folder(struct cli_files *f, const char *path,
                       int depth) /* NOLINT(misc-no-recursion) */
{
    struct dirent **names;
    if (depth > DEPTH_MAX)
        return true;
    int count = scandir(path, &names, NULL, alphasort);
    if (count < 0) {
        cli_say("%s: %s", path, strerror(errno));
        return false;
    }
    bool good = true;
    for (int i = 0; i < count; i++) {
        good = good && add_entry(f, path, names[i]->d_name, depth);
        free(names[i]);
    }
    free(names);
    return good;
}

bool cli_files_add(struct cli_files *f, const char *path)
{
    struct stat st;
    if (strcmp(path, "-") == 0)
        return add_one(f, path, STDIN_NAME);
    if (stat(path, &st) != 0) {
        cli_say("%s: %s", path, strerror(errno));
        return false;
    }
    return S_ISDIR(st.st_mode) ? add_folder(f, path, 0) : add_one(f, path, NULL);
}

void cli_files_free(struct cli_files *f)
{
    for (size_t i = 0; i < f->count; i++)
        free(f->list[i].path);
    free(f->list);
    *f = (struct cli_files){0};
}

/* Standard input in memory that has a descriptor, because it may have to be sent again. */
static int hold_stdin(void)
{
    char piece[PIECE_BYTES];
    long long total = 0;
    int fd = memfd_create("photo", MFD_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(STDIN_FILENO, piece, sizeof piece);
    while (len > 0 && total <= STDIN_BYTES_MAX && write(fd, piece, (size_t)len) == len) {
        total += len;
        len = read(STDIN_FILENO, piece, sizeof piece);
    }
    if (fd >= 0 && len != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static bool hash_all(struct hash_openssl *hashes, int fd, struct cli_opened *out)
{
    char piece[PIECE_BYTES];
    const struct hash *hash = hash_openssl_calls(hashes);
    struct hash_stream *stream;
    if (hash->begin(hash->ctx, &stream) != ERR_OK)
        return false;
    out->size_bytes = 0;
    ssize_t len = pread(fd, piece, sizeof piece, 0);
    while (len > 0) {
        hash->update(hash->ctx, stream, piece, (size_t)len);
        out->size_bytes += (uint64_t)len;
        len = pread(fd, piece, sizeof piece, (off_t)out->size_bytes);
    }
    hash->finish(hash->ctx, stream, out->sha256);
    return len == 0;
}

bool cli_files_open(const struct cli_file *file, struct hash_openssl *hashes,
                    struct cli_opened *out)
{
    bool from_stdin = strcmp(file->path, "-") == 0;
    *out = (struct cli_opened){.fd = -1};
    out->fd = from_stdin ? hold_stdin() : open(file->path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    bool good = out->fd >= 0 && fstat(out->fd, &st) == 0 && S_ISREG(st.st_mode) &&
                hash_all(hashes, out->fd, out);
    if (good && !from_stdin)
        out->modified.ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    if (good)
        return true;
    cli_say("%s: %s", file->path, errno != 0 ? strerror(errno) : "cannot be read");
    if (out->fd >= 0)
        (void)close(out->fd);
    out->fd = -1;
    return false;
}
