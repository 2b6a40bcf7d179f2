/* Goal: a real folder does what struct fs promises, also on a kernel without openat2 or renameat2
 * and on file systems without links; and no path leaves it, whatever lies in it.
 * Method: the contract suite, again under seccomp filters that take those calls away. */
#include "relay/port/fs_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/contract/lib/fs_contract.h"
#include "test/unit/temp_folder.h"
#include "test/unit/unit.h"

static char s_folder[TEMP_FOLDER_MAX];
static struct fs_posix s_disk;
static bool s_walks;

static const struct fs *open_disk(void)
{
    if (!temp_folder_make(s_folder) || fs_posix_open(&s_disk, s_folder) != ERR_OK)
        return NULL;
    s_disk.walks = s_disk.walks || s_walks;
    return &s_disk.fs;
}

static void close_disk(void)
{
    fs_posix_close(&s_disk);
    temp_folder_remove(s_folder);
}

static int setup(void **state)
{
    (void)state;
    return open_disk() == NULL;
}

static int teardown(void **state)
{
    (void)state;
    close_disk();
    return 0;
}

static const char *in_folder(const char *name)
{
    static char path[TEMP_FOLDER_MAX + 300];
    (void)snprintf(path, sizeof path, "%s/%s", s_folder, name);
    return path;
}

static void links_are_not_followed_out_nor_inside(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    bool found = false;
    int fd = 77;
    struct fs_stat st;
    assert_int_equal(symlink("/etc", in_folder("out")), 0);
    assert_int_equal(symlink("/etc/passwd", in_folder("file")), 0);
    assert_int_equal(symlink(".", in_folder("self")), 0);
    for (int walks = 0; walks < 2; walks++) {
        s_disk.walks = walks != 0 || s_disk.walks;
        assert_int_equal(fs->open(fs->ctx, "out/passwd", &found, &fd), ERR_INPUT);
        assert_int_equal(fs->open(fs->ctx, "file", &found, &fd), ERR_INPUT);
        assert_int_equal(fs->create(fs->ctx, "self/new", &fd), ERR_INPUT);
        assert_int_equal(fs->create(fs->ctx, "file", &fd), ERR_INPUT);
        assert_int_equal(fs->make_folder(fs->ctx, "out"), ERR_INPUT);
        assert_int_equal(fs->remove(fs->ctx, "out/passwd"), ERR_INPUT);
        assert_int_equal(fs->stat(fs->ctx, "out/passwd", &found, &st), ERR_INPUT);
        assert_int_equal(fs->sync_names(fs->ctx, "out"), ERR_INPUT);
        assert_int_equal(fs->stat(fs->ctx, "file", &found, &st), ERR_OK);
        assert_true(found && !st.is_file);
        assert_int_equal(fd, 77);
    }
}

static void only_plain_files_are_opened_and_a_pipe_does_not_hold_us_up(void **state)
{
    (void)state;
    bool found = false;
    int fd = 77;
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_int_equal(s_disk.fs.open(s_disk.fs.ctx, "pipe", &found, &fd), ERR_INPUT);
    assert_int_equal(fd, 77);
}

static void others_may_not_read_and_programs_started_do_not_inherit(void **state)
{
    (void)state;
    const struct fs *fs = &s_disk.fs;
    mode_t mask = umask(0);
    int fd = -1;
    struct stat st;
    assert_int_equal(fs->create(fs->ctx, "a", &fd), ERR_OK);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_true((fcntl(s_disk.root, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(fs->close(fs->ctx, fd), ERR_OK);
    assert_int_equal(fs->make_folder(fs->ctx, "f"), ERR_OK);
    assert_int_equal(stat(in_folder("f"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
    (void)umask(mask);
}

static void the_root_is_made_with_its_parents(void **state)
{
    (void)state;
    struct fs_posix deep = {0};
    struct stat st;
    char path[TEMP_FOLDER_MAX + 300];
    strcpy(path, in_folder("x/y//z/"));
    assert_int_equal(fs_posix_open(&deep, path), ERR_OK);
    assert_int_equal(stat(in_folder("x/y/z"), &st), 0);
    fs_posix_close(&deep);
    fs_posix_close(&deep);
    struct fs_posix none = {0};
    fs_posix_close(&none);
    int fd = -1;
    assert_int_equal(s_disk.fs.create(s_disk.fs.ctx, "a", &fd), ERR_OK);
    assert_int_equal(s_disk.fs.close(s_disk.fs.ctx, fd), ERR_OK);
    strcpy(path, in_folder("a"));
    assert_int_equal(fs_posix_open(&none, path), ERR_INPUT);
}

static void a_full_device_is_told_as_full(void **state)
{
    (void)state;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        skip();
    assert_int_equal(s_disk.fs.write(s_disk.fs.ctx, fd, "x", 1), ERR_FULL);
    (void)close(fd);
}

/* A limit on the size of files makes the kernel take the first part of a write, and refuse the
 * rest.
 */
static void a_write_taken_in_part_is_carried_on_and_its_end_is_told(void **state)
{
    (void)state;
    int fd = -1;
    assert_int_equal(s_disk.fs.create(s_disk.fs.ctx, "a", &fd), ERR_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static const char data[1500];
        struct rlimit limit = {1000, 1000};
        (void)signal(SIGXFSZ, SIG_IGN);
        bool ok = setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                  s_disk.fs.write(s_disk.fs.ctx, fd, data, 400) == ERR_OK &&
                  s_disk.fs.write(s_disk.fs.ctx, fd, data, sizeof data) == ERR_LIMIT;
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    bool found = false;
    struct fs_stat st;
    assert_int_equal(s_disk.fs.stat(s_disk.fs.ctx, "a", &found, &st), ERR_OK);
    assert_int_equal(st.size_bytes, 1000);
    assert_int_equal(s_disk.fs.close(s_disk.fs.ctx, fd), ERR_OK);
}

static void the_ground_is_found_out(void **state)
{
    (void)state;
    struct ground_facts facts;
    assert_int_equal(s_disk.fs.make_folder(s_disk.fs.ctx, "state"), ERR_OK);
    fs_posix_ground(&s_disk, "state", &facts);
    assert_true(facts.kernel_major >= 3);
    assert_string_not_equal(facts.photos.type, "");
    assert_string_equal(facts.state.type, facts.photos.type);
    assert_true(facts.one_device);
    fs_posix_ground(&s_disk, "missing", &facts);
    assert_false(facts.one_device);
    assert_string_equal(facts.state.type, "");
}

static void memory_is_known_as_memory(void **state)
{
    (void)state;
    struct fs_posix shm = {0};
    struct ground_facts facts;
    if (access("/dev/shm", W_OK) != 0)
        skip();
    assert_int_equal(fs_posix_open(&shm, "/dev/shm"), ERR_OK);
    fs_posix_ground(&shm, ".", &facts);
    fs_posix_close(&shm);
    assert_string_equal(facts.photos.type, "tmpfs");
}

/* Takes one system call away from this process: it answers `number` from now on. */
static bool forbid(unsigned call, unsigned number)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | number),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = sizeof code / sizeof code[0], .filter = code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

struct variant {
    const char *name;
    bool walks, no_openat2, no_renameat2, no_links;
};

static int run_variant(const struct variant *v)
{
    bool ok = true;
    if (v->no_openat2)
        ok = forbid(SYS_openat2, ENOSYS) && ok;
    if (v->no_renameat2)
        ok = forbid(SYS_renameat2, EINVAL) && ok;
    if (v->no_links)
        ok = forbid(SYS_linkat, EPERM) && ok;
    if (!ok) {
        (void)printf("%s: left out, no seccomp here\n", v->name);
        return 0;
    }
    s_walks = v->walks;
    const struct fs_contract contract = {v->name, open_disk, close_disk};
    return fs_contract_run(&contract);
}

static int run_in_child(const struct variant *v)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        int failed = run_variant(v);
        (void)fflush(NULL);
        _exit(failed);
    }
    int status = -1;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return 1;
    return WEXITSTATUS(status);
}

int main(void)
{
#define ROW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        ROW(links_are_not_followed_out_nor_inside),
        ROW(only_plain_files_are_opened_and_a_pipe_does_not_hold_us_up),
        ROW(others_may_not_read_and_programs_started_do_not_inherit),
        ROW(the_root_is_made_with_its_parents),
        ROW(a_full_device_is_told_as_full),
        ROW(a_write_taken_in_part_is_carried_on_and_its_end_is_told),
        ROW(the_ground_is_found_out),
        ROW(memory_is_known_as_memory),
    };
#undef ROW
    static const struct variant variants[] = {
        {.name = "fs_posix"},
        {.name = "fs_posix, step by step", .walks = true},
        {.name = "fs_posix, no openat2", .no_openat2 = true},
        {.name = "fs_posix, no renameat2", .no_renameat2 = true},
        {.name = "fs_posix, no renameat2 and no links", .no_renameat2 = true, .no_links = true},
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
        failed += run_in_child(&variants[i]);
    return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
