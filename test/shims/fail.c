/* test/shims/fail.c - preload library: chosen calls fail with a chosen error.
 *
 * SHIM_FAIL_FILE: the control file. While it exists, each of its lines is
 *   CALL ERROR NTH [stays]
 * CALL as in trouble.h; ERROR is EIO, ENOSPC, EDQUOT, EROFS or a number; NTH counts from when the
 * file was written: that call fails, with "stays" also every later one. When a call was failed the
 * file <SHIM_FAIL_FILE>.hit appears. SHIM_UNDER: see shim.h.
 *
 * A write that fails with ENOSPC has written nothing; a flush that fails has not been tried. */
#include <pthread.h>
#include <time.h>

#include "test/shims/trouble.h"

enum { RULES_MAX = 16 };

struct rule {
    char call[16];
    int number;
    unsigned long nth;
    bool stays;
    unsigned long count;
};

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec s_seen;
static struct rule s_rules[RULES_MAX];
static size_t s_rule_count;

static int number_of(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } rows[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EROFS", EROFS}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].number;
    }
    return (int)strtol(name, NULL, 10);
}

static void read_rules(char *text)
{
    s_rule_count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL && s_rule_count < RULES_MAX;
         line = strtok_r(NULL, "\n", &rest)) {
        struct rule r = {0};
        char error[16] = "";
        char stays[8] = "";
        if (sscanf(line, "%15s %15s %lu %7s", r.call, error, &r.nth, stays) < 3)
            continue;
        r.number = number_of(error);
        r.stays = strcmp(stays, "stays") == 0;
        s_rules[s_rule_count++] = r;
    }
}

static bool read_control(const char *path)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
    struct stat st;
    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 &&
        (st.st_mtim.tv_sec != s_seen.tv_sec || st.st_mtim.tv_nsec != s_seen.tv_nsec)) {
        char text[1024];
        ssize_t n = read(fd, text, sizeof text - 1);
        text[n > 0 ? n : 0] = '\0';
        read_rules(text);
        s_seen = st.st_mtim;
    }
    (void)close(fd);
    return true;
}

static int judge(const char *call)
{
    for (size_t i = 0; i < s_rule_count; i++) {
        struct rule *r = &s_rules[i];
        if (strcmp(r->call, call) != 0)
            continue;
        r->count++;
        if (r->count == r->nth || (r->stays && r->count > r->nth))
            return r->number;
    }
    return 0;
}

static int trouble(const char *call)
{
    int saved = errno;
    const char *control = getenv("SHIM_FAIL_FILE");
    pthread_mutex_lock(&s_lock);
    int number = control != NULL && read_control(control) ? judge(call) : 0;
    pthread_mutex_unlock(&s_lock);
    if (number != 0) {
        char hit[PATH_MAX];
        (void)snprintf(hit, sizeof hit, "%s.hit", control);
        int fd = (int)syscall(SYS_openat, AT_FDCWD, hit, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd >= 0)
            (void)close(fd);
    }
    errno = saved;
    return number;
}
