/* install-service: the relay as a service over a folder of the owner's own, in place of a unit that
 * ran rpi_server.py there: the same user, the same working directory, the same sent_files.json. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/slice.h"
#include "relay/logic/config_value.h"
#include "relay/main/cli.h"

enum {
    PATH_TEXT_MAX = 1024,
    FILE_TEXT_MAX = 8192,
    PORT_MAX = 65535,
    PORT_USUAL = 5000,
    PORT_OF_ROOT_MAX = 1023, /* below, listening is a right of its own */
};

static const char DROPIN[] = "etc/systemd/system/camrelayd.service.d";

struct service {
    const char *dir, *user, *remote, *destdir;
    unsigned port;
    char folder[PATH_TEXT_MAX];  /* of the photos, absolute, as it is called on that machine */
    char workdir[PATH_TEXT_MAX]; /* the folder above it */
};

/* Text that a unit file and a settings file take as it is. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text <= ' ' || *text == 0x7f || strchr("%\"'\\;#", *text) != NULL)
            return false;
    }
    return true;
}

static bool below(const char *path, const char *top)
{
    size_t len = strlen(top);
    return strncmp(path, top, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Made absolute, without its last slashes. The folder need not be there yet. */
static int find_folder(struct service *s)
{
    char here[PATH_TEXT_MAX / 2] = "";
    if (s->dir[0] != '/' && getcwd(here, sizeof here) == NULL) {
        cli_say("the working directory: %s", strerror(errno));
        return CLI_NOT_DONE;
    }
    const char *dir = strncmp(s->dir, "./", 2) == 0 ? s->dir + 2 : s->dir;
    int n = snprintf(s->folder, sizeof s->folder, "%s%s%s", here, here[0] == '\0' ? "" : "/", dir);
    if (n < 0 || (size_t)n >= sizeof s->folder || !is_plain(s->folder) ||
        strstr(s->folder, "/..") != NULL) {
        cli_say("--dir: a plain path, without blanks, quotes and ..");
        return CLI_MISUSED;
    }
    size_t len = strlen(s->folder);
    while (len > 1 && s->folder[len - 1] == '/')
        s->folder[--len] = '\0';
    memcpy(s->workdir, s->folder, sizeof s->workdir);
    char *slash = strrchr(s->workdir, '/');
    if (slash == s->workdir) {
        cli_say("--dir: a folder inside another one; the outer one holds sent_files.json");
        return CLI_MISUSED;
    }
    *slash = '\0';
    return CLI_DONE;
}

static int check(struct service *s)
{
    char url[CONFIG_URL_MAX], memory[CONFIG_WHY_MAX];
    struct buf why;
    buf_init(&why, memory, sizeof memory);
    if (s->user == NULL || s->user[0] == '\0' || s->user[0] == '-' || !is_plain(s->user)) {
        cli_say("install-service wants --user NAME, the owner of the folder");
        return CLI_MISUSED;
    }
    if (s->remote != NULL &&
        config_value_url(slice_of(s->remote), "/upload", url, &why) != ERR_OK) {
        cli_say("--remote: %s", buf_text(&why));
        return CLI_MISUSED;
    }
    if (s->remote != NULL && !is_plain(s->remote)) {
        cli_say("--remote: write this one into /etc/camrelay/camrelayd.conf instead");
        return CLI_MISUSED;
    }
    if (s->destdir[0] == '\0' && getpwnam(s->user) == NULL) {
        cli_say("there is no user %s on this machine", s->user);
        return CLI_NOT_DONE;
    }
    return find_folder(s);
}

/* Every folder of `path`, like mkdir -p. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0755) == 0 || errno == EEXIST;
        *slash = '/';
        if (!made)
            return false;
    }
    return true;
}

/* Whole or not at all, and not over something that is there and differs. */
static int put_file(const struct service *s, const char *path, const struct buf *text, mode_t mode)
{
    char full[PATH_TEXT_MAX * 2], beside[PATH_TEXT_MAX * 2 + 8];
    (void)snprintf(full, sizeof full, "%s/%s", s->destdir, path);
    (void)snprintf(beside, sizeof beside, "%s.new", full);
    int fd = -1;
    if (make_folders(full))
        fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
    bool good = fd >= 0 && write(fd, text->ptr, text->len) == (ssize_t)text->len && fsync(fd) == 0;
    good = fd >= 0 && close(fd) == 0 && good;
    if (good && rename(beside, full) == 0) {
        (void)printf("wrote %s\n", full);
        return CLI_DONE;
    }
    cli_say("%s: %s", full, strerror(errno));
    if (fd >= 0)
        (void)unlink(beside);
    return CLI_NOT_DONE;
}

/* Homes are closed to the service as it is installed; of one it needs, it gets exactly its folder.
 */
static void write_dropin(const struct service *s, struct buf *out)
{
    bool home = below(s->workdir, "/home") || below(s->workdir, "/root");
    buf_add_text(out,
                 "# Written by `camrelay install-service`: camrelayd over a folder of its owner.\n"
                 "[Service]\n");
    buf_add_format(out, "User=%s\nGroup=\n", s->user);
    buf_add_text(out, "StateDirectory=\n");
    buf_add_format(out, "WorkingDirectory=%s\n", s->workdir);
    buf_add_format(out, "ReadWritePaths=%s\n", s->workdir);
    if (home) {
        buf_add_text(out, "ProtectHome=tmpfs\n");
        buf_add_format(out, "BindPaths=%s\n", s->workdir);
        buf_add_format(out, "InaccessiblePaths=-%s/.ssh -%s/.gnupg\n", s->workdir, s->workdir);
    }
    if (s->port <= PORT_OF_ROOT_MAX)
        buf_add_text(out, "AmbientCapabilities=CAP_NET_BIND_SERVICE\n"
                          "CapabilityBoundingSet=CAP_NET_BIND_SERVICE\nPrivateUsers=no\n");
    buf_add_format(out, "Environment=CAMRELAY_DIR=%s CAMRELAY_PORT=%u\n", s->folder, s->port);
    if (s->remote != NULL)
        buf_add_format(out, "Environment=CAMRELAY_REMOTE=%s\n", s->remote);
}

static void tell_next(const struct service *s)
{
    char sent[PATH_TEXT_MAX * 2 + 32];
    (void)snprintf(sent, sizeof sent, "%s%s/sent_files.json", s->destdir, s->workdir);
    (void)printf("photos stay in %s\n", s->folder);
    (void)printf(access(sent, F_OK) == 0
                     ? "%s/sent_files.json will be taken over at the first start\n"
                     : "%s/sent_files.json will be kept there\n",
                 s->workdir);
    if (s->remote == NULL)
        (void)puts("nothing will be forwarded: no --remote was given");
    (void)puts("\nnow run, as root:\n"
               "    systemctl disable --now esp32cam     # if rpi_server.py ran as this service\n"
               "    systemctl daemon-reload\n"
               "    systemctl enable --now camrelayd\n"
               "    systemctl status camrelayd");
}

int cli_install_service(char **argv)
{
    struct service s = {.dir = "esp32_photos", .destdir = "", .port = PORT_USUAL};
    const struct cli_option options[] = {
        {"dir", CLI_TEXT, &s.dir, 0, 0},
        {"user", CLI_TEXT, &s.user, 0, 0},
        {"remote", CLI_TEXT, &s.remote, 0, 0},
        {"destdir", CLI_TEXT, &s.destdir, 0, 0},
        {"port", CLI_NUMBER, &s.port, 1, PORT_MAX},
    };
    size_t words;
    int status = cli_read_options(argv, options, sizeof options / sizeof options[0], &words);
    if (status == CLI_DONE)
        status = check(&s);
    if (status != CLI_DONE)
        return status;
    char memory[FILE_TEXT_MAX], path[PATH_TEXT_MAX];
    struct buf text;
    buf_init(&text, memory, sizeof memory);
    write_dropin(&s, &text);
    (void)snprintf(path, sizeof path, "%s/10-folder.conf", DROPIN);
    status = put_file(&s, path, &text, 0644);
    if (status == CLI_DONE)
        tell_next(&s);
    return status;
}
