#include "test/contract/relay/state_contract.h"

#include <stdio.h>
#include <string.h>

#include "test/contract/relay/state_contract_world.h"

struct world world;

static void open_all(void)
{
    world.contract->open(&world.state);
    world.contract->open_view(&world.view);
}

int world_begin(void **state)
{
    (void)state;
    world = (struct world){.contract = world.contract};
    world.contract->fresh();
    open_all();
    return 0;
}

int world_end(void **state)
{
    (void)state;
    world.contract->clean();

    return 0;
}

void world_reopen_clean(void)
{
    world.view.close(world.view.ctx);
    assert_int_equal(
        world.state.close(world.state.ctx, world.batch, (struct wall){5000 + world.photo}), ERR_OK);
    open_all();
}

void world_reopen_killed(void)
{
    world.contract->kill();
    open_all();
}

struct photo world_photo(const char *name, const char *camera, const char *key)
{
    static uint64_t number;
    number++;
    struct photo p = {.size_bytes = 1000 + number};
    (void)snprintf(p.name, sizeof p.name, "%s", name);
    (void)snprintf(p.camera, sizeof p.camera, "%s", camera);
    (void)snprintf(p.key, sizeof p.key, "%s", key);
    (void)snprintf(p.original, sizeof p.original, "as sent %s", name);
    for (size_t i = 0; i < sizeof p.sha256; i++)
        p.sha256[i] = (uint8_t)((number + i) * 2654435761U >> 13);
    return p;
}

void world_commit(struct photo *photos, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        photos[i].id = ++world.photo;
        if (photos[i].received.ms == 0)
            photos[i].received.ms = 1000 + world.photo;
        photos[i].batch = world.batch + 1;
    }
    struct state_batch batch = {world.batch + 1, world.batch, photos, count};
    world.batch++;
    assert_int_equal(world.state.commit(world.state.ctx, &batch), ERR_OK);
}

struct photo world_put(const char *name, const char *camera, const char *key)
{
    struct photo p = world_photo(name, camera, key);
    world_commit(&p, 1);
    return p;
}

void world_forget(int64_t id, bool keep_key)
{
    assert_int_equal(world.state.photos_forget(world.state.ctx, &id, 1, keep_key), ERR_OK);
}

void world_destinations(const char *a, const char *b)
{
    const char *names[] = {a, b};
    size_t count = a == NULL ? 0 : b == NULL ? 1 : 2;
    assert_int_equal(world.state.destinations_set(world.state.ctx, names, count), ERR_OK);
}

void world_backfill(void)
{
    bool more = true;
    while (more)
        assert_int_equal(world.state.backfill(world.state.ctx, 2, &more), ERR_OK);
}

void world_record(int64_t photo, unsigned destination, enum delivery_outcome outcome)
{
    struct delivery_result r = {.photo = photo, .destination = destination, .outcome = outcome};
    if (outcome == DELIVERY_DEAD) {
        r.tries = 3;
        (void)snprintf(r.error, sizeof r.error, "refused");
    }
    assert_int_equal(world.state.deliveries_record(world.state.ctx, &r, 1), ERR_OK);
}

size_t world_list(int64_t before, const char *camera)
{
    assert_int_equal(world.view.list(world.view.ctx, INT64_MAX, before, camera, world.listed,
                                     WORLD_ROWS, &world.count),
                     ERR_OK);
    return world.count;
}

size_t world_due(unsigned destination, bool newest_first, int64_t bound)
{
    assert_int_equal(world.view.outbox_due(world.view.ctx, INT64_MAX, destination,
                                           (struct wall){100000}, newest_first, bound, world.outbox,
                                           WORLD_ROWS, &world.count),
                     ERR_OK);
    return world.count;
}

size_t world_undelivered(bool dead_only)
{
    assert_int_equal(world.view.outbox_list(world.view.ctx, INT64_MAX, dead_only, 0, world.outbox,
                                            WORLD_ROWS, &world.count),
                     ERR_OK);
    return world.count;
}

size_t world_oldest_sent(const char *camera)
{
    int64_t after = 0;
    assert_int_equal(world.view.oldest_sent(world.view.ctx, INT64_MAX, &after, camera, world.photos,
                                            WORLD_ROWS, &world.count),
                     ERR_OK);
    assert_true(after == INT64_MAX);
    return world.count;
}

struct state_counts world_counts(void)
{
    struct state_counts c;
    assert_int_equal(world.view.counts(world.view.ctx, INT64_MAX, &c), ERR_OK);
    return c;
}

enum delivery_state world_delivery(const char *name, unsigned destination)
{
    bool found = false;
    struct listed_photo row;
    assert_int_equal(world.view.by_name(world.view.ctx, INT64_MAX, name, &found, &row), ERR_OK);
    assert_true(found);
    return row.deliveries[destination];
}

struct wanted {
    const char *name;
    unsigned times;
};

static bool count_name(void *arg, const char *name)
{
    struct wanted *w = arg;
    w->times += strcmp(w->name, name) == 0 ? 1 : 0;
    return true;
}

bool world_sent_name(const char *name)
{
    struct wanted w = {name, 0};
    assert_int_equal(world.view.sent_names(world.view.ctx, INT64_MAX, count_name, &w), ERR_OK);
    assert_true(w.times <= 1);
    return w.times == 1;
}

bool world_key(const char *camera, const char *key, struct photo *out)
{
    bool found = false;
    assert_int_equal(world.state.key_find(world.state.ctx, camera, key, &found, out), ERR_OK);
    return found;
}

int state_contract_run(const struct state_contract *contract)
{
    world.contract = contract;
    struct CMUnitTest tests[64];
    size_t count = 0;
    for (size_t i = 0; i < state_photo_test_count; i++)
        tests[count++] = state_photo_tests[i];
    for (size_t i = 0; i < state_outbox_test_count; i++)
        tests[count++] = state_outbox_tests[i];
    for (size_t i = 0; i < count; i++) {
        tests[i].setup_func = world_begin;
        tests[i].teardown_func = world_end;
    }
    assert_true(count > 0 && count <= sizeof tests / sizeof tests[0]);
    return _cmocka_run_group_tests(contract->name, tests, count, NULL, NULL);
}
