/* Goal: time runs forward in the right unit, and random bytes fill what was asked for. */
#include <string.h>
#include <time.h>

#include "relay/port/clock_posix.h"
#include "relay/port/random_linux.h"
#include "test/unit/unit.h"

static void the_clock_counts_milliseconds(void **state)
{
    (void)state;
    struct clock c = clock_posix();
    struct mono before = c.mono_now(c.ctx);
    struct mono after = c.mono_now(c.ctx);
    assert_true(after.ms >= before.ms);
    time_t low = time(NULL);
    struct wall now = c.wall_now(c.ctx);
    time_t high = time(NULL);
    assert_true(now.ms / 1000 >= (int64_t)low - 1 && now.ms / 1000 <= (int64_t)high + 1);
}

static void random_bytes_fill_all_and_only_what_was_asked_for(void **state)
{
    (void)state;
    struct random r = random_linux();
    uint8_t seen[300] = {0}; /* more than getrandom gives in one piece for sure */
    uint8_t bytes[302];
    for (int round = 0; round < 64; round++) {
        memset(bytes, 0, sizeof bytes);
        r.fill(r.ctx, bytes + 1, sizeof seen);
        assert_int_equal(bytes[0], 0);
        assert_int_equal(bytes[301], 0);
        for (size_t i = 0; i < sizeof seen; i++)
            seen[i] |= bytes[i + 1];
    }
    for (size_t i = 0; i < sizeof seen; i++)
        assert_int_equal(seen[i], 0xff); /* 64 rounds: one bit missing has odds of 2^-52 */
    r.fill(r.ctx, bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_counts_milliseconds),
        cmocka_unit_test(random_bytes_fill_all_and_only_what_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
