/* verify: reads every photo again and compares it with what the database says. Changes nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/logic/layout.h"
#include "relay/main/cli_link.h"
#include "relay/port/fs_posix.h"
#include "relay/port/hash_openssl.h"
#include "relay/port/state_sqlite.h"

enum { ROWS = 32, PIECE_BYTES = 1 << 18 };

struct verifying {
    struct fs_posix disk;
    struct hash_openssl *hashes;
    struct state_view view;
    bool view_open;
    struct cli_progress progress;
    struct listed_photo rows[ROWS];
    char piece[PIECE_BYTES];
    uint64_t total, checked, bytes, missing, damaged, unreadable;
};

/* The SHA-256 and size of what the file holds now. */
static enum err read_photo(struct verifying *v, int fd, uint8_t sha256[HASH_BYTES], uint64_t *size)
{
    const struct fs *fs = &v->disk.fs;
    const struct hash *hash = hash_openssl_calls(v->hashes);
    struct hash_stream *stream;
    enum err e = hash->begin(hash->ctx, &stream);
    if (e != ERR_OK)
        return e;
    size_t len = 1;
    for (*size = 0; e == ERR_OK && len > 0; *size += len) {
        len = 0;
        e = fs->read(fs->ctx, fd, *size, v->piece, sizeof v->piece, &len);
        hash->update(hash->ctx, stream, v->piece, len);
    }
    hash->finish(hash->ctx, stream, sha256);
    return e;
}

static void complain(struct verifying *v, uint64_t *counter, const char *what, const char *name)
{
    cli_progress_clear(&v->progress);
    (*counter)++;
    (void)printf("%s: %s\n", what, name);
}

static void verify_photo(struct verifying *v, const struct photo *p)
{
    const struct fs *fs = &v->disk.fs;
    bool found = false;
    int fd = -1;
    if (fs->open(fs->ctx, p->name, &found, &fd) != ERR_OK) {
        complain(v, &v->unreadable, "cannot be read", p->name);
        return;
    }
    if (!found) {
        complain(v, &v->missing, "missing", p->name);
        return;
    }
    uint8_t sha256[HASH_BYTES];
    uint64_t size = 0;
    enum err e = read_photo(v, fd, sha256, &size);
    if (fs->close(fs->ctx, fd) != ERR_OK || e != ERR_OK)
        complain(v, &v->unreadable, "cannot be read", p->name);
    else if (size != p->size_bytes || memcmp(sha256, p->sha256, sizeof sha256) != 0)
        complain(v, &v->damaged, "not what was stored", p->name);
    v->bytes += size;
}

static enum err verify_all(struct verifying *v)
{
    int64_t before = INT64_MAX;
    size_t count = ROWS;
    while (count == ROWS) {
        enum err e = v->view.list(v->view.ctx, INT64_MAX, before, NULL, v->rows, ROWS, &count);
        if (e != ERR_OK)
            return e;
        for (size_t i = 0; i < count; i++) {
            verify_photo(v, &v->rows[i].photo);
            before = v->rows[i].photo.id;
            v->checked++;
            cli_progress_draw(&v->progress, v->checked, v->total, v->bytes);
        }
    }
    return ERR_OK;
}

static enum err open_all(struct verifying *v, const char *dir, const char *database)
{
    struct state_counts counts;
    v->hashes = hash_openssl_create();
    if (v->hashes == NULL)
        return ERR_FULL;
    enum err e = fs_posix_open(&v->disk, dir);
    if (e == ERR_OK)
        e = state_sqlite_view_open(database, &v->view);
    v->view_open = e == ERR_OK;
    if (e == ERR_OK)
        e = v->view.counts(v->view.ctx, INT64_MAX, &counts);
    if (e == ERR_OK)
        v->total = counts.stored;
    return e;
}

static int verify_folder(const char *dir, const char *database)
{
    struct verifying *v = calloc(1, sizeof *v);
    if (v == NULL)
        return CLI_NOT_DONE;
    v->disk.root = -1;
    enum err e = open_all(v, dir, database);
    cli_progress_start(&v->progress);
    if (e == ERR_OK)
        e = verify_all(v);
    cli_progress_clear(&v->progress);
    if (e != ERR_OK)
        cli_say("%s cannot be read to its end (%s)", database, err_name(e));
    char size[24];
    cli_size_text(v->bytes, size);
    uint64_t wrong = v->missing + v->damaged + v->unreadable;
    (void)printf("%" PRIu64 " photos, %s: %" PRIu64 " missing, %" PRIu64 " damaged, %" PRIu64
                 " unreadable\n",
                 v->checked, size, v->missing, v->damaged, v->unreadable);
    if (v->view_open)
        v->view.close(v->view.ctx);
    fs_posix_close(&v->disk);
    hash_openssl_destroy(v->hashes);
    free(v);
    return e == ERR_OK && wrong == 0 ? CLI_DONE : CLI_NOT_DONE;
}

int cli_verify(char **argv)
{
    const char *dir = "esp32_photos";
    const struct cli_option options[] = {{"dir", CLI_TEXT, &dir, 0, 0}};
    size_t words;
    int status = cli_read_options(argv, options, 1, &words);
    if (status != CLI_DONE)
        return status;
    char database[1024];
    struct cli_link_options o = {.dir = dir};
    return cli_link_store(&o, database) ? verify_folder(dir, database) : CLI_NOT_DONE;
}
