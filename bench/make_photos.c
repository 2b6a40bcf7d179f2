/* make_photos - a relay's folder as it is after COUNT photos, made in seconds instead of days.
 *
 *   make_photos FOLDER COUNT BYTES [DESTINATION]
 *
 * The rows are written through the state itself, in batches, as the committer writes them. The
 * files are there under their names, so that the relay finds everything as it expects; only their
 * bytes are shared: LINKS_MAX names are hard links to one file of BYTES (a JPEG by its markers).
 * With DESTINATION (a name) every photo is owed to it. FOLDER must not exist. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "relay/logic/layout.h"
#include "relay/port/state_sqlite.h"

enum { LINKS_MAX = 50000, BATCH = 256, CAMERAS = 16, PER_SECOND = 10 };

static struct photo s_batch[BATCH];
static unsigned char s_sha256[32];

static void must(bool good, const char *what)
{
    if (good)
        return;
    perror(what);
    exit(1);
}

/* A JPEG by its markers, filled with noise that holds no marker. */
static char *make_jpeg(size_t len)
{
    static const unsigned char head[] = {0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0x01,
                                         0x00, 0x01, 0x01, 0x01, 0x11, 0x00, 0xFF, 0xDA, 0x00,
                                         0x08, 0x01, 0x01, 0x00, 0x00, 0x3F, 0x00};
    char *out = malloc(len);
    uint32_t seed = 12345;
    must(out != NULL && len > sizeof head + 2, "memory");
    memcpy(out, head, sizeof head);
    for (size_t i = sizeof head; i < len - 2; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (char)((seed >> 24) % 255);
    }
    memcpy(out + len - 2, "\xff\xd9", 2);
    return out;
}

static void write_original(int folder, const char *name, const char *jpeg, size_t len)
{
    int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    must(fd >= 0, name);
    must(write(fd, jpeg, len) == (ssize_t)len, name);
    must(close(fd) == 0, name);
}

/* As the relay names them: base, time of receipt, and a number from the second of that second on.
 */
static void name_photo(struct photo *p)
{
    time_t s = (time_t)(p->received.ms / 1000);
    struct tm tm;
    char stamp[32];
    (void)localtime_r(&s, &tm);
    (void)strftime(stamp, sizeof stamp, "%Y%m%d_%H%M%S", &tm);
    int number = (int)((p->id - 1) % PER_SECOND) + 1;
    if (number == 1)
        (void)snprintf(p->name, sizeof p->name, "photo_%s.jpg", stamp);
    else
        (void)snprintf(p->name, sizeof p->name, "photo_%s_%d.jpg", stamp, number);
}

static void make_photo(struct photo *p, int64_t id, size_t len)
{
    *p = (struct photo){.id = id, .size_bytes = len};
    p->received.ms = 1704110400000 + (id - 1) / PER_SECOND * 1000;
    name_photo(p);
    (void)snprintf(p->camera, sizeof p->camera, "door%d", (int)(id % CAMERAS));
    (void)snprintf(p->key, sizeof p->key, "door%d-7-%lld", (int)(id % CAMERAS), (long long)id);
    (void)snprintf(p->original, sizeof p->original, "photo.jpg");
    memcpy(p->sha256, s_sha256, sizeof p->sha256);
    p->has_seq = true;
    p->boot = 7;
    p->seq = (uint64_t)id / CAMERAS;
}

static void make_all(struct state *s, int folder, int64_t count, size_t len, const char *jpeg)
{
    char original[PHOTO_NAME_MAX] = "";
    int64_t id = 0;
    for (int64_t number = 1; id < count; number++) {
        size_t n = 0;
        for (; n < BATCH && id < count; n++) {
            struct photo *p = &s_batch[n];
            make_photo(p, ++id, len);
            if ((id - 1) % LINKS_MAX == 0) {
                memcpy(original, p->name, sizeof original);
                write_original(folder, original, jpeg, len);
            } else {
                must(linkat(folder, original, folder, p->name, 0) == 0, p->name);
            }
        }
        struct state_batch batch = {number, number - 1, s_batch, n};
        must(s->commit(s->ctx, &batch) == ERR_OK, "commit");
        if (s->log_bytes(s->ctx) > 16u << 20)
            must(s->checkpoint(s->ctx) == ERR_OK, "checkpoint");
    }
    must(s->close(s->ctx, (count + BATCH - 1) / BATCH, (struct wall){s_batch[0].received.ms}) ==
             ERR_OK,
         "close");
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        (void)fprintf(stderr, "usage: make_photos FOLDER COUNT BYTES [DESTINATION]\n");
        return 2;
    }
    size_t len = strtoul(argv[3], NULL, 10);
    char *jpeg = make_jpeg(len);
    unsigned got = 0;
    must(EVP_Digest(jpeg, len, s_sha256, &got, EVP_sha256(), NULL) == 1, "sha256");
    must(mkdir(argv[1], 0750) == 0, argv[1]);
    int folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(folder >= 0 && mkdirat(folder, LAYOUT_HOME, 0750) == 0, argv[1]);
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", argv[1], LAYOUT_DATABASE);
    struct state s;
    const char *names[] = {argc > 4 ? argv[4] : ""};
    must(state_sqlite_open(path, false, &s) == ERR_OK, path);
    must(s.rebuild_done(s.ctx) == ERR_OK, "rebuild_done");
    must(s.destinations_set(s.ctx, names, argc > 4) == ERR_OK, "destination");
    make_all(&s, folder, strtoll(argv[2], NULL, 10), len, jpeg);
    (void)close(folder);
    free(jpeg);
    return 0;
}
