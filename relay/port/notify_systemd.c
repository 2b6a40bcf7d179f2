#include "relay/port/notify_systemd.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { FIRST_SOCKET = 3 }; /* SD_LISTEN_FDS_START */

enum err notify_send(const char *text)
{
    const char *path = getenv("NOTIFY_SOCKET");
    if (path == NULL)
        return ERR_OK;
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof to.sun_path)
        return ERR_IO;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@') /* an abstract name, which is not ended by a NUL */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    ssize_t sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&to, size);
    (void)close(fd); /* nothing is buffered in it */
    return sent == (ssize_t)strlen(text) ? ERR_OK : ERR_IO;
}

enum err notify_reloading(void)
{
    struct timespec now;
    char text[80];
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return ERR_IO;
    (void)snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n",
                   (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
    return notify_send(text);
}

/* A whole number from the environment; false if there is none. */
static bool read_number(const char *name, uint64_t *out)
{
    const char *text = getenv(name);
    if (text == NULL || *text < '0' || *text > '9')
        return false;
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    *out = value;
    return *end == '\0';
}

static bool is_for_us(const char *name)
{
    uint64_t pid;
    return read_number(name, &pid) && pid == (uint64_t)getpid();
}

uint64_t notify_watchdog_interval_ms(void)
{
    uint64_t us;
    if (!read_number("WATCHDOG_USEC", &us))
        return 0;
    if (getenv("WATCHDOG_PID") != NULL && !is_for_us("WATCHDOG_PID"))
        return 0;
    return us / 2000;
}

size_t notify_sockets(int out_fds[NOTIFY_SOCKETS_MAX])
{
    uint64_t handed;
    size_t taken = 0;
    if (!is_for_us("LISTEN_PID") || !read_number("LISTEN_FDS", &handed))
        return 0;
    for (int fd = FIRST_SOCKET; fd < FIRST_SOCKET + NOTIFY_SOCKETS_MAX; fd++) {
        int listening = 0;
        socklen_t size = sizeof listening;
        bool ours = (uint64_t)(fd - FIRST_SOCKET) < handed && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
        if (ours && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening)
            out_fds[taken++] = fd;
    }
    return taken;
}
