/* Goal: every accepted job runs exactly once, the queue is bounded, and stopping loses nothing. */

#include <pthread.h>
#include <stdatomic.h>

#include "relay/main/jobs.h"
#include "test/unit/unit.h"

enum { MANY = 1000 };

static atomic_uint s_ran[MANY];

static void count_one(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

static void accepted_jobs_run_once_each(void **state)
{
    (void)state;
    struct jobs *j;
    assert_int_equal(jobs_create(4, MANY, &j), ERR_OK);
    for (size_t i = 0; i < MANY; i++)
        assert_true(jobs_post(j, count_one, &s_ran[i]));
    jobs_stop(j); /* what was queued still runs */
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(atomic_load(&s_ran[i]), 1);
    assert_false(jobs_post(j, count_one, &s_ran[0])); /* nothing new after stopping */
    jobs_destroy(j);
}

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered, open;
};

static void wait_at_gate(void *arg)
{
    struct gate *g = arg;
    pthread_mutex_lock(&g->lock);
    g->entered = true;
    pthread_cond_broadcast(&g->changed);
    while (!g->open)
        pthread_cond_wait(&g->changed, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

static void the_queue_takes_its_limit_and_not_one_more(void **state)
{
    (void)state;
    struct gate g = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    struct jobs *j;
    assert_int_equal(jobs_create(1, 2, &j), ERR_OK);
    assert_true(jobs_post(j, wait_at_gate, &g));
    pthread_mutex_lock(&g.lock);
    while (!g.entered)
        pthread_cond_wait(&g.changed, &g.lock);
    pthread_mutex_unlock(&g.lock);
    /* The only worker is busy: two may wait, the third may not. */
    assert_true(jobs_post(j, wait_at_gate, &g));
    assert_true(jobs_post(j, wait_at_gate, &g));
    assert_false(jobs_post(j, wait_at_gate, &g));
    assert_int_equal(jobs_waiting(j), 2);
    pthread_mutex_lock(&g.lock);
    g.open = true;
    pthread_cond_broadcast(&g.changed);
    pthread_mutex_unlock(&g.lock);
    jobs_destroy(j);
    jobs_destroy(NULL);
}

static void own_tasks_need_no_room_and_keep_their_place(void **state)
{
    (void)state;
    struct gate g = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, true};
    static struct jobs_task tasks[MANY];
    struct jobs *j;
    assert_int_equal(jobs_create(1, 1, &j), ERR_OK);
    for (size_t i = 0; i < MANY; i++) {
        atomic_store(&s_ran[i], 0);
        tasks[i] = (struct jobs_task){.run = count_one, .arg = &s_ran[i]};
        jobs_add(j, &tasks[i]);
    }
    jobs_stop(j);
    assert_int_equal(jobs_waiting(j), 0);
    jobs_destroy(j);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(atomic_load(&s_ran[i]), 1);
    assert_int_equal(jobs_create(1, 1, &j), ERR_OK); /* both kinds in one queue */
    for (size_t i = 0; i < 3; i++) {
        jobs_add(j, &tasks[i]);
        (void)!jobs_post(j, wait_at_gate, &g);
    }
    jobs_destroy(j);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(atomic_load(&s_ran[i]), 2);
    assert_true(g.entered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_jobs_run_once_each),
        cmocka_unit_test(the_queue_takes_its_limit_and_not_one_more),
        cmocka_unit_test(own_tasks_need_no_room_and_keep_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
