#ifdef ESP_PLATFORM
#include "idf/sockets.h" /* first: see there */
#endif

#include "audio/port/door_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* lwIP knows no signals */
#endif

enum {
    BACKLOG = 8,
    SEND_BYTES = 16384, /* half a second of sound: more would only be old when it arrives */
};

static enum err nothing_or_broken(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? ERR_OK : ERR_IO;
}

static int free_id(const struct door_sockets *d)
{
    for (int id = 0; id < DOOR_SOCKETS_MAX; id++) {
        if (d->peers[id] < 0)
            return id;
    }
    return -1;
}

static enum err sockets_accept(void *ctx, int *out_id)
{
    struct door_sockets *d = ctx;
    int id = free_id(d), on = 1;
    *out_id = -1;
    if (id < 0)
        return ERR_FULL;
    int fd = accept(d->listener, NULL, NULL);
    if (fd < 0)
        return nothing_or_broken();
    (void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) | O_NONBLOCK);
    /* A packet of sound is complete: it must not wait for the next one. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int bytes = SEND_BYTES; /* lwIP has a small one anyway and does not know this option */
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    d->peers[id] = fd;
    *out_id = id;
    return ERR_OK;
}

static enum err sockets_read(void *ctx, int id, void *out, size_t cap, struct door_heard *out_heard)
{
    struct door_sockets *d = ctx;
    ssize_t n = recv(d->peers[id], out, cap, 0);
    out_heard->len = n > 0 ? (size_t)n : 0;
    out_heard->end = n == 0;
    return n < 0 ? nothing_or_broken() : ERR_OK;
}

static enum err sockets_write(void *ctx, int id, const void *data, size_t len, size_t *out_len)
{
    struct door_sockets *d = ctx;
    ssize_t n = send(d->peers[id], data, len, MSG_NOSIGNAL);
    *out_len = n > 0 ? (size_t)n : 0;
    return n < 0 ? nothing_or_broken() : ERR_OK;
}

static void sockets_end(void *ctx, int id)
{
    struct door_sockets *d = ctx;
    (void)shutdown(d->peers[id], SHUT_WR);
}

static void sockets_close(void *ctx, int id)
{
    struct door_sockets *d = ctx;
    (void)close(d->peers[id]);
    d->peers[id] = -1;
}

static enum err listen_at(struct door_sockets *d, const char *host, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t len = sizeof at;
    int on = 1;
    if (inet_pton(AF_INET, host, &at.sin_addr) != 1)
        return ERR_INPUT;
    (void)setsockopt(d->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(d->listener, (struct sockaddr *)(void *)&at, sizeof at) != 0 ||
        listen(d->listener, BACKLOG) != 0 ||
        fcntl(d->listener, F_SETFL, fcntl(d->listener, F_GETFL, 0) | O_NONBLOCK) != 0 ||
        getsockname(d->listener, (struct sockaddr *)(void *)&at, &len) != 0)
        return ERR_IO;
    d->port = ntohs(at.sin_port);
    return ERR_OK;
}

enum err door_sockets_open(struct door_sockets *d, const char *host, uint16_t port)
{
    *d = (struct door_sockets){.door = {.ctx = d,
                                        .accept = sockets_accept,
                                        .read = sockets_read,
                                        .write = sockets_write,
                                        .end = sockets_end,
                                        .close = sockets_close}};
    for (int id = 0; id < DOOR_SOCKETS_MAX; id++)
        d->peers[id] = -1;
    d->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (d->listener < 0)
        return ERR_IO;
    enum err e = listen_at(d, host, port);
    if (e != ERR_OK)
        door_sockets_close(d);
    return e;
}

void door_sockets_wait(struct door_sockets *d, int ms)
{
    struct pollfd fds[DOOR_SOCKETS_MAX + 1] = {{.fd = d->listener, .events = POLLIN}};
    nfds_t n = 1;
    for (int id = 0; id < DOOR_SOCKETS_MAX; id++) {
        if (d->peers[id] >= 0)
            fds[n++] = (struct pollfd){.fd = d->peers[id], .events = POLLIN};
    }
    (void)poll(fds, n, ms);
}

void door_sockets_close(struct door_sockets *d)
{
    for (int id = 0; id < DOOR_SOCKETS_MAX; id++) {
        if (d->peers[id] >= 0)
            sockets_close(d, id);
    }
    if (d->listener >= 0)
        (void)close(d->listener);
    d->listener = -1;
}
