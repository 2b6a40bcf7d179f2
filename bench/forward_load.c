/* forward_load - forwards a backlog as the daemon does and reports the rate.
 *
 *   forward_load URL COUNT BYTES DIR [PARALLEL]
 *
 * Makes COUNT names for one file of BYTES in the empty folder DIR (hard links: no space is used),
 * sends each of them once through dispatch, libcurl and all, over an outbox in memory, and prints
 * one line of JSON. What a database costs is measured elsewhere (bench_state). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relay/logic/dispatch.h"
#include "relay/port/clock_posix.h"
#include "relay/port/fs_posix.h"
#include "relay/port/hash_openssl.h"
#include "relay/port/json_jansson.h"
#include "relay/port/random_linux.h"
#include "relay/port/uplink_curl.h"
#include "test/fakes/relay/fake_outbox.h"

struct load {
    struct fs_posix folder;
    struct clock clock;
    struct random random;
    struct json json;
    struct hash_openssl *hash;
    struct uplink_curl *curl;
    struct uplink uplink;
    struct fake_outbox outbox;
    struct dispatch dispatch;
    struct delivery_result posted[DISPATCH_SLOTS_MAX * 4];
    size_t posted_count;
};

static void post(void *ctx, const struct delivery_result *results, size_t count)
{
    struct load *l = ctx;
    memcpy(&l->posted[l->posted_count], results, count * sizeof *results);
    l->posted_count += count;
}

static bool make_file(const char *folder, size_t bytes)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/first", folder);
    FILE *f = fopen(path, "wx");
    if (f == NULL)
        return false;
    for (size_t i = 0; i < bytes; i++)
        (void)fputc((int)(i * 2654435761u >> 24), f);
    return fclose(f) == 0;
}

static bool add_photo(struct load *l, const char *folder, int64_t id, size_t bytes)
{
    struct photo p = {.id = id, .size_bytes = bytes, .camera = "bench"};
    char from[4096], to[4096];
    (void)snprintf(p.name, sizeof p.name, "p%lld_20260114_081502.jpg", (long long)id);
    (void)snprintf(from, sizeof from, "%s/first", folder);
    (void)snprintf(to, sizeof to, "%s/%s", folder, p.name);
    fake_outbox_add(&l->outbox, &p, 0);
    return link(from, to) == 0;
}

static bool open_ports(struct load *l, const char *folder)
{
    l->clock = clock_posix();
    l->random = random_linux();
    l->json = json_jansson();
    l->hash = hash_openssl_create();
    fake_outbox_init(&l->outbox);
    return l->hash != NULL && fs_posix_open(&l->folder, folder) == ERR_OK &&
           uplink_curl_open(&l->curl, &l->uplink) == ERR_OK;
}

static void begin(struct load *l, const char *url, int64_t count, unsigned parallel)
{
    struct dispatch_target target = {
        .url = url,
        .interval_ms = DISPATCH_INTERVAL_MS,
        .limits = destination_limits_usual(),
    };
    target.limits.parallel = parallel;
    struct dispatch_ports ports = {
        .fs = &l->folder.fs,
        .view = &l->outbox.view,
        .uplink = &l->uplink,
        .json = &l->json,
        .hash = hash_openssl_calls(l->hash),
        .clock = &l->clock,
        .random = &l->random,
        .post = post,
        .post_ctx = l,
    };
    dispatch_init(&l->dispatch, &ports, &target, 1);
    dispatch_seen(&l->dispatch, count);
}

static uint64_t now_ms(const struct load *l)
{
    return l->clock.mono_now(l->clock.ctx).ms;
}

/* Until everything is sent, or nothing has been for ten seconds. */
static size_t drain(struct load *l, size_t count)
{
    size_t sent = 0;
    uint64_t last = now_ms(l);
    while (sent < count && now_ms(l) - last < 10000) {
        if (dispatch_step(&l->dispatch, 1000) != ERR_OK)
            break;
        for (size_t i = 0; i < l->posted_count; i++)
            sent += l->posted[i].outcome == DELIVERY_SENT;
        if (l->posted_count > 0)
            last = now_ms(l);
        fake_outbox_record(&l->outbox, l->posted, l->posted_count);
        dispatch_written(&l->dispatch, l->posted, l->posted_count);
        l->posted_count = 0;
    }
    return sent;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        (void)fprintf(stderr, "usage: forward_load URL COUNT BYTES DIR [PARALLEL]\n");
        return 2;
    }
    size_t count = strtoul(argv[2], NULL, 10), bytes = strtoul(argv[3], NULL, 10);
    unsigned parallel = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : DESTINATION_PARALLEL;
    struct load *l = calloc(1, sizeof *l);
    if (l == NULL || !make_file(argv[4], bytes) || !open_ports(l, argv[4]))
        return 1;
    for (size_t i = 1; i <= count; i++) {
        if (!add_photo(l, argv[4], (int64_t)i, bytes))
            return 1;
    }
    begin(l, argv[1], (int64_t)count, parallel);
    uint64_t from = now_ms(l);
    size_t sent = drain(l, count);
    uint64_t took = now_ms(l) - from;
    printf("{\"sent\": %zu, \"of\": %zu, \"ms\": %llu, \"per_s\": %.0f}\n", sent, count,
           (unsigned long long)took, took > 0 ? 1000.0 * (double)sent / (double)took : 0.0);
    uplink_curl_close(l->curl);
    fake_outbox_deinit(&l->outbox);
    fs_posix_close(&l->folder);
    hash_openssl_destroy(l->hash);
    free(l);
    return sent == count ? 0 : 1;
}
