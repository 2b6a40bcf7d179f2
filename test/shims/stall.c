/* test/shims/stall.c - preload library: chosen calls hang while a file exists, as on a dying disk.
 *
 * SHIM_STALL_FILE: the control file. While it exists, its first line names the calls that hang,
 * with blanks between (see trouble.h), e.g. "rename" or "write syncfs"; "#3" behind a name means:
 * only the third such call since the file was written. Removing the file sets all of them free.
 * When a call begins to hang, the file <SHIM_STALL_FILE>.hit appears. SHIM_UNDER: see shim.h. */
#include <pthread.h>
#include <time.h>

#include "test/shims/trouble.h"

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static struct timespec s_seen; /* the control file was last written */
static char s_line[256];
static unsigned s_counts[32]; /* by place in the line */

static int open_control(const char *path)
{
    return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
}

/* Reads the control file anew if it changed; false if there is none. */
static bool read_control(const char *path)
{
    int fd = open_control(path);
    struct stat st;
    if (fd < 0)
        return false;
    if (fstat(fd, &st) == 0 &&
        (st.st_mtim.tv_sec != s_seen.tv_sec || st.st_mtim.tv_nsec != s_seen.tv_nsec)) {
        ssize_t n = read(fd, s_line, sizeof s_line - 1);
        s_line[n > 0 ? n : 0] = '\0';
        s_line[strcspn(s_line, "\n")] = '\0';
        memset(s_counts, 0, sizeof s_counts);
        s_seen = st.st_mtim;
    }
    (void)close(fd);
    return true;
}

static bool is_chosen(const char *call)
{
    size_t len = strlen(call);
    size_t place = 0;
    for (const char *at = s_line; *at != '\0' && place < 32; place++) {
        at += strspn(at, " ");
        size_t n = strcspn(at, " #");
        bool same = n == len && memcmp(at, call, len) == 0;
        unsigned long nth = at[n] == '#' ? strtoul(at + n + 1, NULL, 10) : 0;
        if (same && (nth == 0 || ++s_counts[place] == nth))
            return true;
        at += strcspn(at, " ");
    }
    return false;
}

static int trouble(const char *call)
{
    int saved = errno;
    const char *control = getenv("SHIM_STALL_FILE");
    pthread_mutex_lock(&s_lock);
    bool hang = control != NULL && read_control(control) && is_chosen(call);
    pthread_mutex_unlock(&s_lock);
    if (hang) {
        char hit[PATH_MAX];
        (void)snprintf(hit, sizeof hit, "%s.hit", control);
        int fd = (int)syscall(SYS_openat, AT_FDCWD, hit, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd >= 0)
            (void)close(fd);
    }
    while (hang) {
        struct timespec t = {0, 2000000};
        (void)nanosleep(&t, NULL);
        int fd = open_control(control);
        hang = fd >= 0;
        if (hang)
            (void)close(fd);
    }
    errno = saved;
    return 0;
}
