/* Goal: who asks after something happened sees it; and a disk that hangs silences nobody. */

#include <pthread.h>

#include "test/unit/relay_main/pages_rig.h"

static struct rig s_rig;

/* A gate in front of the disk's free space, which every snapshot asks for. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
    unsigned waiting;
} s_gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0};

static enum err (*s_real_space)(void *ctx, struct fs_space *out);

static enum err gated_space(void *ctx, struct fs_space *out)
{
    pthread_mutex_lock(&s_gate.lock);
    s_gate.waiting++;
    pthread_cond_broadcast(&s_gate.changed);
    while (s_gate.closed)
        pthread_cond_wait(&s_gate.changed, &s_gate.lock);
    s_gate.waiting--;
    pthread_mutex_unlock(&s_gate.lock);
    return s_real_space(ctx, out);
}

static void set_gate(bool closed)
{
    pthread_mutex_lock(&s_gate.lock);
    s_gate.closed = closed;
    pthread_cond_broadcast(&s_gate.changed);
    pthread_mutex_unlock(&s_gate.lock);
}

static void wait_until_somebody_hangs(void)
{
    pthread_mutex_lock(&s_gate.lock);
    while (s_gate.waiting == 0)
        pthread_cond_wait(&s_gate.changed, &s_gate.lock);
    pthread_mutex_unlock(&s_gate.lock);
}

static void gate_space(void)
{
    s_real_space = s_rig.fs.space;
    s_rig.fs.space = gated_space;
}

static int open_rig(void **state)
{
    (void)state;
    rig_open(&s_rig);
    gate_space();
    return 0;
}

static struct mono frozen(void *ctx)
{
    (void)ctx;
    return (struct mono){1000};
}

/* Nobody's patience ends. */
static int open_timeless_rig(void **state)
{
    (void)state;
    struct clock clock = clock_posix();
    clock.mono_now = frozen;
    rig_open_at(&s_rig, clock);
    gate_space();
    return 0;
}

static int close_rig(void **state)
{
    (void)state;
    set_gate(false);
    rig_close(&s_rig);
    return 0;
}

static bool says(const char *target, const char *what)
{
    struct front_exchange *x = rig_ask(&s_rig, "GET", target, NULL);
    bool found = strstr(rig_text(x), what) != NULL;
    fake_front_end(x);
    return found;
}

static void what_was_stored_before_asking_is_counted(void **state)
{
    (void)state;
    for (int i = 1; i <= 30; i++) {
        char name[32], expected[64];
        snprintf(name, sizeof name, "p%d.jpg", i);
        snprintf(expected, sizeof expected, "\"stored_total\":%d,", i);
        rig_store(&s_rig, name, "", NULL, 10);
        assert_true(says("/health", expected));
    }
}

static void a_disk_that_hangs_silences_neither_health_nor_page(void **state)
{
    (void)state;
    rig_store(&s_rig, "a.jpg", "", "0123456789", 10);
    assert_true(says("/health", "\"stored_total\":1,"));
    set_gate(true);
    struct front_exchange *stuck = rig_ask(&s_rig, "GET", "/health", NULL);
    wait_until_somebody_hangs();
    /* The reader hangs; the answer came nevertheless, with the numbers of the last time. */
    assert_int_equal(fake_front_wait(stuck), 200);
    assert_non_null(strstr(rig_text(stuck), "\"stored_total\":1,"));
    fake_front_end(stuck);
    assert_true(says("/", "<dd id=\"stored\">1</dd>"));
    assert_true(says("/metrics", "camrelay_stored_photos 1\n"));
    /* A photo needs no snapshot. */
    assert_true(says("/photos/a.jpg", "0123456789"));
    set_gate(false);
    rig_store(&s_rig, "b.jpg", "", NULL, 10);
    assert_true(says("/health", "\"stored_total\":2,"));
}

/* The read that runs was begun before the photo came, so it must not serve who asks after it. */
static void who_asks_during_a_read_waits_for_the_next(void **state)
{
    (void)state;
    rig_store(&s_rig, "a.jpg", "", NULL, 10);
    set_gate(true);
    struct front_exchange *first = fake_front_begin(&s_rig.handler, "GET", "/health", NULL);
    wait_until_somebody_hangs();
    rig_store(&s_rig, "b.jpg", "", NULL, 10);
    struct front_exchange *second = fake_front_begin(&s_rig.handler, "GET", "/health", NULL);
    set_gate(false);
    assert_int_equal(fake_front_wait(first), 200);
    assert_int_equal(fake_front_wait(second), 200);
    assert_non_null(strstr(rig_text(second), "\"stored_total\":2,"));
    fake_front_end(first);
    fake_front_end(second);
}

static void many_who_ask_at_once_are_all_answered(void **state)
{
    (void)state;
    enum { MANY = 50 };
    struct front_exchange *x[MANY];
    set_gate(true);
    for (int i = 0; i < MANY; i++)
        x[i] = fake_front_begin(&s_rig.handler, "GET", "/health", NULL);
    fake_front_vanish(x[0]);
    set_gate(false);
    for (int i = 1; i < MANY; i++)
        assert_int_equal(fake_front_wait(x[i]), 200);
    for (int i = 0; i < MANY; i++)
        fake_front_end(x[i]);
}

#define SNAPSHOT_TEST(name) cmocka_unit_test_setup_teardown(name, open_rig, close_rig)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SNAPSHOT_TEST(what_was_stored_before_asking_is_counted),
        SNAPSHOT_TEST(a_disk_that_hangs_silences_neither_health_nor_page),
        cmocka_unit_test_setup_teardown(who_asks_during_a_read_waits_for_the_next,
                                        open_timeless_rig, close_rig),
        SNAPSHOT_TEST(many_who_ask_at_once_are_all_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
