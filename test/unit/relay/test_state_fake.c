/* Goal: the fake state does what every state must do, and its levers do what they say. */
#include "test/contract/relay/state_contract.h"
#include "test/fakes/relay/fake_state.h"
#include "test/unit/unit.h"

static struct fake_state s_fake;

static void fresh(void)
{
    fake_state_init(&s_fake);
}

static void clean(void)
{
    fake_state_deinit(&s_fake);
}

static void open_state(struct state *out)
{
    fake_state_open(&s_fake, out);
}

static void open_view(struct state_view *out)
{
    fake_state_view_open(&s_fake, out);
}

static void kill_it(void)
{
    fake_state_kill(&s_fake);
}

static enum err put(struct state *s, int64_t id, const char *name)
{
    struct photo p = {.id = id};
    for (size_t i = 0; name[i] != '\0'; i++)
        p.name[i] = name[i];
    struct state_batch batch = {id, id - 1, &p, 1};
    return s->commit(s->ctx, &batch);
}

static void a_call_that_fails_does_nothing(void **state)
{
    (void)state;
    fresh();
    struct state s;
    open_state(&s);
    fake_state_fail(&s_fake, 2, ERR_FULL);
    assert_int_equal(put(&s, 1, "a"), ERR_OK);
    assert_int_equal(put(&s, 2, "b"), ERR_FULL);
    assert_false(fake_state_has(&s_fake, "b", NULL));
    assert_int_equal(put(&s, 2, "b"), ERR_OK);
    assert_true(fake_state_has(&s_fake, "b", NULL));
    fake_state_fail(&s_fake, 1, ERR_IO);
    s_fake.fail_on = true;
    assert_int_equal(put(&s, 3, "c"), ERR_IO);
    assert_int_equal(put(&s, 3, "c"), ERR_IO);
    fake_state_fail(&s_fake, 0, ERR_OK);
    assert_int_equal(put(&s, 3, "c"), ERR_OK);
    clean();
}

static void a_cut_keeps_all_up_to_a_batch_and_nothing_after(void **state)
{
    (void)state;
    fresh();
    struct state s;
    struct state_mark m;
    open_state(&s);
    for (int64_t i = 1; i <= 5; i++)
        assert_int_equal(put(&s, i, (const char[]){(char)('a' + i), '\0'}), ERR_OK);
    fake_state_reboot(&s_fake, 3);
    open_state(&s);
    assert_int_equal(s.mark(s.ctx, &m), ERR_OK);
    assert_int_equal(m.last_batch, 3);
    assert_int_equal(m.flushed, 2);
    assert_false(m.clean);
    assert_true(fake_state_has(&s_fake, "d", NULL));
    assert_false(fake_state_has(&s_fake, "e", NULL));
    fake_state_reboot(&s_fake, 0);
    open_state(&s);
    assert_int_equal(s.mark(s.ctx, &m), ERR_OK);
    assert_int_equal(m.last_batch, 0);
    assert_true(m.rebuilt);
    clean();
}

int main(void)
{
    const struct state_contract contract = {"state_fake", fresh,     clean,
                                            open_state,   open_view, kill_it};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_fails_does_nothing),
        cmocka_unit_test(a_cut_keeps_all_up_to_a_batch_and_nothing_after),
    };
    int failed = state_contract_run(&contract);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
