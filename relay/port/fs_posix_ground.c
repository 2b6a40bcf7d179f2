/* What the kernel says about the disk: uname(2), and proc_pid_mountinfo(5) for the kind and the
 * options of the mount, which statfs(2) does not tell apart (ext2, ext3 and ext4 share a number).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "relay/port/fs_posix.h"

static void read_kernel(struct ground_facts *out)
{
    struct utsname name;
    if (uname(&name) != 0)
        return;
    char *end = NULL;
    unsigned long major = strtoul(name.release, &end, 10);
    unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
    out->kernel_major = (unsigned)major;
    out->kernel_minor = (unsigned)minor;
}

/* The number of the mount a descriptor lies on; -1 if /proc does not tell. */
static long mount_of(int fd)
{
    char line[256];
    (void)snprintf(line, sizeof line, "/proc/self/fdinfo/%d", fd);
    FILE *file = fopen(line, "re");
    if (file == NULL)
        return -1;
    long id = -1;
    while (id < 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "mnt_id:", 7) == 0)
            id = strtol(line + 7, NULL, 10);
    }
    (void)fclose(file); /* read only */
    return id;
}

/* Is one of the options, parted by commas, exactly this word? */
static bool has_option(const char *options, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = options; *at != '\0';) {
        size_t n = strcspn(at, ",\n");
        if (n == len && memcmp(at, word, len) == 0)
            return true;
        at += n + (at[n] != '\0');
    }
    return false;
}

/* "36 35 98:0 / /mnt rw shared:1 - ext4 /dev/sda1 rw,nobarrier" */
static void read_mount_line(const char *line, struct ground_mount *out)
{
    const char *at = strstr(line, " - ");
    if (at == NULL)
        return;
    at += 3;
    size_t len = strcspn(at, " ");
    if (len >= sizeof out->type)
        return;
    memcpy(out->type, at, len);
    out->type[len] = '\0';
    const char *options = strchr(at + len + (at[len] != '\0'), ' ');
    if (options == NULL)
        return;
    options++;
    out->no_barriers = has_option(options, "nobarrier") || has_option(options, "barrier=0") ||
                       has_option(options, "fsync_mode=nobarrier");
}

static void read_mount(int fd, struct ground_mount *out)
{
    long id = mount_of(fd);
    FILE *file = id < 0 ? NULL : fopen("/proc/self/mountinfo", "re");
    if (file == NULL)
        return;
    char *line = NULL;
    size_t cap = 0;
    while (getline(&line, &cap, file) > 0) {
        if (strtol(line, NULL, 10) == id) {
            read_mount_line(line, out);
            break;
        }
    }
    free(line);
    (void)fclose(file); /* read only */
}

void fs_posix_ground(const struct fs_posix *p, const char *state_folder,
                     struct ground_facts *out_facts)
{
    *out_facts = (struct ground_facts){0};
    read_kernel(out_facts);
    read_mount(p->root, &out_facts->photos);
    int fd = openat(p->root, state_folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    struct stat photos;
    struct stat state;
    out_facts->one_device =
        fstat(p->root, &photos) == 0 && fstat(fd, &state) == 0 && photos.st_dev == state.st_dev;
    read_mount(fd, &out_facts->state);
    (void)close(fd); /* O_PATH */
}
