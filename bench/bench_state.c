/* bench/bench_state.c - what the state over SQLite costs.
 *
 * usage: bench_state FOLDER COMMITS BATCH [KEYS] [DESTINATIONS]
 * KEYS: 0 = none, 1 = random, 2 = rising. Stores COMMITS batches, passing the log on as the relay
 * does, then asks what pages ask. FOLDER must exist; the database in it is made anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "relay/port/state_sqlite.h"

enum { BATCH_MAX = 256, LOG_BYTES_MAX = 8 << 20, ROUNDS = 20 };

static struct photo s_batch[BATCH_MAX];
static struct listed_photo s_listed[100];
static struct outbox_row s_outbox[100];
static struct photo s_sent[100];
static uint64_t s_log_bytes;

static double now_s(clockid_t clock)
{
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(enum err e, const char *what)
{
    if (e == ERR_OK)
        return;
    (void)fprintf(stderr, "%s: %s\n", what, err_name(e));
    exit(1);
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x7fb5d329728ea185ULL;
    x ^= x >> 27;
    x *= 0x81dadef4bc2dd44dULL;
    return x ^ (x >> 33);
}

static void make_photo(struct photo *p, int64_t id, int keys)
{
    uint64_t dice = mix((uint64_t)id);
    *p = (struct photo){.id = id, .size_bytes = 65536 + dice % 1000};
    p->received.ms = 1704110400000 + id / 10;
    (void)snprintf(p->name, sizeof p->name, "photo_20240101_%06lld_%lld.jpg",
                   (long long)(id / 10000), (long long)(id % 10000));
    (void)snprintf(p->camera, sizeof p->camera, "door%llu", (unsigned long long)(dice % 16));
    (void)snprintf(p->original, sizeof p->original, "photo.jpg");
    for (size_t i = 0; i < 4; i++)
        ((uint64_t *)(void *)p->sha256)[i] = mix(dice + i);
    p->has_seq = true;
    p->boot = 7;
    p->seq = (uint64_t)id / 16;
    if (keys == 1)
        (void)snprintf(p->key, sizeof p->key, "%016llx-%016llx", (unsigned long long)dice,
                       (unsigned long long)mix(dice));
    if (keys == 2)
        (void)snprintf(p->key, sizeof p->key, "door-7-%012lld", (long long)id);
}

static void report(const char *what, double total_s, double count)
{
    (void)printf("%-34s %9.2f us each\n", what, total_s * 1e6 / count);
}

static void store(struct state *s, int64_t commits, int64_t size, int keys)
{
    double commit_s = 0, find_s = 0, checkpoint_s = 0;
    int64_t id = 0;
    for (int64_t b = 1; b <= commits; b++) {
        for (int64_t i = 0; i < size; i++)
            make_photo(&s_batch[i], ++id, keys);
        double start = now_s(CLOCK_THREAD_CPUTIME_ID);
        for (int64_t i = 0; i < size; i++) {
            struct photo first;
            bool found = false;
            const struct photo *p = &s_batch[i];
            if (keys != 0)
                must(s->key_find(s->ctx, p->camera, p->key, &found, &first), "key_find");
            else
                must(
                    s->content_find(s->ctx, p->camera, p->sha256, (struct wall){0}, &found, &first),
                    "content_find");
        }
        double found_at = now_s(CLOCK_THREAD_CPUTIME_ID);
        struct state_batch batch = {b, b - 1, s_batch, (size_t)size};
        uint64_t log_before = s->log_bytes(s->ctx);
        must(s->commit(s->ctx, &batch), "commit");
        double stored_at = now_s(CLOCK_THREAD_CPUTIME_ID);
        s_log_bytes += s->log_bytes(s->ctx) - (log_before < s->log_bytes(s->ctx) ? log_before : 0);
        if (s->log_bytes(s->ctx) > LOG_BYTES_MAX)
            must(s->checkpoint(s->ctx), "checkpoint");
        find_s += found_at - start;
        commit_s += stored_at - found_at;
        checkpoint_s += now_s(CLOCK_THREAD_CPUTIME_ID) - stored_at;
    }
    double photos = (double)(commits * size);
    report("find the key or content", find_s, photos);
    report("commit, per photo", commit_s, photos);
    report("checkpoint, per photo", checkpoint_s, photos);
    report("commit, per batch", commit_s, (double)commits);
    (void)printf("%-34s %9.0f bytes per photo\n", "write-ahead log", (double)s_log_bytes / photos);
}

static bool count_name(void *arg, const char *name)
{
    (void)name;
    ++*(uint64_t *)arg;
    return true;
}

static void ask(struct state_view *v, int64_t seen)
{
    size_t count = 0;
    struct state_counts c;
    struct wall now = {INT64_MAX};
    double start = now_s(CLOCK_MONOTONIC);
    for (int i = 0; i < ROUNDS; i++)
        must(v->list(v->ctx, seen, INT64_MAX, NULL, s_listed, 100, &count), "list");
    report("list, newest 100", now_s(CLOCK_MONOTONIC) - start, ROUNDS);
    start = now_s(CLOCK_MONOTONIC);
    for (int i = 0; i < ROUNDS; i++)
        must(v->list(v->ctx, seen, seen / 2, "door3", s_listed, 100, &count), "list");
    report("list, 100 of a camera", now_s(CLOCK_MONOTONIC) - start, ROUNDS);
    start = now_s(CLOCK_MONOTONIC);
    for (int i = 0; i < ROUNDS; i++)
        must(v->counts(v->ctx, seen, &c), "counts");
    report("counts", now_s(CLOCK_MONOTONIC) - start, ROUNDS);
    start = now_s(CLOCK_MONOTONIC);
    for (int i = 0; i < ROUNDS; i++)
        must(v->outbox_due(v->ctx, seen, 0, now, true, INT64_MAX, s_outbox, 32, &count), "due");
    report("outbox_due, newest 32", now_s(CLOCK_MONOTONIC) - start, ROUNDS);
    start = now_s(CLOCK_MONOTONIC);
    for (int i = 0; i < ROUNDS; i++)
        must(v->outbox_due(v->ctx, seen, 0, now, false, 0, s_outbox, 32, &count), "due");
    report("outbox_due, oldest 32", now_s(CLOCK_MONOTONIC) - start, ROUNDS);
    start = now_s(CLOCK_MONOTONIC);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t after = 0;
        must(v->oldest_sent(v->ctx, seen, &after, NULL, s_sent, 100, &count), "oldest_sent");
    }
    report("oldest_sent, 100", now_s(CLOCK_MONOTONIC) - start, ROUNDS);
    uint64_t names = 0;
    start = now_s(CLOCK_MONOTONIC);
    must(v->sent_names(v->ctx, seen, count_name, &names), "sent_names");
    report("sent_names, all", now_s(CLOCK_MONOTONIC) - start, 1);
}

static void deliver(struct state *s, int64_t from, int64_t count)
{
    struct delivery_result results[32] = {{0}};
    double start = now_s(CLOCK_THREAD_CPUTIME_ID);
    for (int64_t done = 0; done < count; done += 32) {
        for (int64_t i = 0; i < 32; i++)
            results[i] = (struct delivery_result){.photo = from + done + i};
        must(s->deliveries_record(s->ctx, results, 32), "deliveries_record");
    }
    report("deliveries_record in 32s", now_s(CLOCK_THREAD_CPUTIME_ID) - start, (double)count);
}

static void print_memory(void)
{
    char line[128];
    FILE *status = fopen("/proc/self/status", "r");
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "RssAnon", 7) == 0)
            (void)printf("%s", line);
    }
    if (status != NULL)
        (void)fclose(status);
}

static void open_again(const char *path, struct state *s, const char *what)
{
    double start = now_s(CLOCK_MONOTONIC);
    must(state_sqlite_open(path, false, s), "open");
    (void)printf("%-34s %9.0f ms\n", what, (now_s(CLOCK_MONOTONIC) - start) * 1e3);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        (void)fprintf(stderr, "usage: bench_state FOLDER COMMITS BATCH [KEYS] [DESTINATIONS]\n");
        return 2;
    }
    int64_t commits = atoll(argv[2]), size = atoll(argv[3]);
    int keys = argc > 4 ? atoi(argv[4]) : 0;
    size_t destinations = argc > 5 ? (size_t)atoi(argv[5]) : 1;
    if (size < 1 || size > BATCH_MAX || destinations > 2)
        return 2;
    char path[512], wal[520];
    (void)snprintf(path, sizeof path, "%s/bench.db", argv[1]);
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    (void)unlink(path);
    (void)unlink(wal);
    struct state s;
    struct state_view v;
    const char *names[] = {"a", "b"};
    open_again(path, &s, "open, new");
    must(s.destinations_set(s.ctx, names, destinations), "destinations_set");
    store(&s, commits, size, keys);
    must(state_sqlite_view_open(path, &v), "view");
    ask(&v, commits * size);
    if (destinations > 0 && commits * size >= 3200) {
        deliver(&s, 1, 3200);
        ask(&v, commits * size);
    }
    print_memory();
    v.close(v.ctx);
    must(s.close(s.ctx, commits, (struct wall){1}), "close");
    struct stat st;
    if (stat(path, &st) == 0)
        (void)printf("%-34s %9.0f bytes per photo\n", "database",
                     (double)st.st_size / (double)(commits * size));
    open_again(path, &s, "open, after a clean end");
    /* Not flushed up to the last batch: the end counts as unclean. */
    struct photo p;
    make_photo(&p, commits * size + 1, keys);
    struct state_batch batch = {commits + 1, commits, &p, 1};
    must(s.commit(s.ctx, &batch), "commit");
    must(s.close(s.ctx, commits, (struct wall){1}), "close");
    open_again(path, &s, "open, after an unclean end");
    must(s.close(s.ctx, commits, (struct wall){1}), "close");
    return 0;
}
