#include "camera/port/host_stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void stream_close(void *ctx)
{
    struct host_stream *s = ctx;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

/* Begins to connect to one address; -1 if that is refused at once. */
static int begin_connect(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* only speed */
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static enum err stream_open(void *ctx, const struct stream_target *target)
{
    struct host_stream *s = ctx;
    stream_close(s);
    if (target->tls)
        return ERR_IO; /* this host build speaks plain HTTP */
    char port[8];
    snprintf(port, sizeof port, "%u", target->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *list = NULL;
    if (getaddrinfo(target->host, port, &hints, &list) != 0)
        return ERR_IO;
    for (const struct addrinfo *a = list; a != NULL && s->fd < 0; a = a->ai_next)
        s->fd = begin_connect(a);
    freeaddrinfo(list);
    return s->fd >= 0 ? ERR_OK : ERR_IO;
}

static enum err stream_ready(void *ctx, bool *out_ready)
{
    const struct host_stream *s = ctx;
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    *out_ready = getpeername(s->fd, (struct sockaddr *)&peer, &len) == 0;
    if (*out_ready)
        return ERR_OK;
    int why = 0;
    len = sizeof why;
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &why, &len) != 0 || why != 0)
        return ERR_IO;
    return ERR_OK;
}

static enum err stream_write(void *ctx, const void *data, size_t len, size_t *out_len)
{
    const struct host_stream *s = ctx;
    ssize_t n = send(s->fd, data, len, MSG_NOSIGNAL);
    *out_len = n > 0 ? (size_t)n : 0;
    return n >= 0 || errno == EAGAIN || errno == EINTR ? ERR_OK : ERR_IO;
}

static enum err stream_read(void *ctx, void *out, size_t cap, size_t *out_len, bool *out_end)
{
    const struct host_stream *s = ctx;
    ssize_t n = recv(s->fd, out, cap, 0);
    *out_len = n > 0 ? (size_t)n : 0;
    *out_end = n == 0;
    return n >= 0 || errno == EAGAIN || errno == EINTR ? ERR_OK : ERR_IO;
}

void host_stream_init(struct host_stream *s)
{
    s->fd = -1;
    s->stream = (struct stream){.ctx = s,
                                .open = stream_open,
                                .ready = stream_ready,
                                .write = stream_write,
                                .read = stream_read,
                                .close = stream_close};
}
