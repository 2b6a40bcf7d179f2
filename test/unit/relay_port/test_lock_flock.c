/* Goal: a second program on the same folder is told who the first is; a dead one holds nothing. */
#include "relay/port/lock_flock.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/unit/temp_folder.h"
#include "test/unit/unit.h"

static void the_second_learns_who_the_first_is(void **state)
{
    (void)state;
    char folder[TEMP_FOLDER_MAX];
    int ready[2];
    bool taken = true;
    long holder = -1;
    struct lock_flock lock = {0};
    assert_true(temp_folder_make(folder));
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        bool ok = lock_flock_take(&lock, folder, &taken, &holder) == ERR_OK && !taken;
        (void)!write(ready[1], ok ? "y" : "n", 1);
        for (;;)
            (void)pause();
    }
    char answer = '?';
    assert_int_equal(read(ready[0], &answer, 1), 1);
    assert_int_equal(answer, 'y');
    assert_int_equal(lock_flock_take(&lock, folder, &taken, &holder), ERR_OK);
    assert_true(taken);
    assert_int_equal(holder, child);
    assert_int_equal(lock.fd, 0);

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(lock_flock_take(&lock, folder, &taken, &holder), ERR_OK);
    assert_false(taken);
    struct lock_flock other = {0};
    assert_int_equal(lock_flock_take(&other, folder, &taken, &holder), ERR_OK);
    assert_true(taken);
    assert_int_equal(holder, getpid());
    lock_flock_give(&lock);
    assert_int_equal(lock_flock_take(&other, folder, &taken, &holder), ERR_OK);
    assert_false(taken);
    lock_flock_give(&other);
    lock_flock_give(&other);
    (void)close(ready[0]);
    (void)close(ready[1]);
    temp_folder_remove(folder);
}

static void without_the_folder_there_is_no_lock(void **state)
{
    (void)state;
    bool taken = false;
    long holder = 0;
    struct lock_flock lock = {0};
    assert_int_equal(lock_flock_take(&lock, "/nonexistent/folder", &taken, &holder), ERR_INPUT);
    lock_flock_give(&lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_learns_who_the_first_is),
        cmocka_unit_test(without_the_folder_there_is_no_lock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
