#include "camera/port/host_stream.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

#include "camera/port/dial_sockets.h"

static void stream_close(void *ctx)
{
    struct host_stream *s = ctx;
    dial_close(&s->fd);
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
        s->fd = dial_begin(a->ai_addr, a->ai_addrlen);
    freeaddrinfo(list);
    return s->fd >= 0 ? ERR_OK : ERR_IO;
}

static enum err stream_ready(void *ctx, bool *out_ready)
{
    const struct host_stream *s = ctx;
    enum dial_state d = dial_state_of(s->fd);
    *out_ready = d == DIAL_CONNECTED;
    return d == DIAL_FAILED ? ERR_IO : ERR_OK;
}

static enum err stream_write(void *ctx, const void *data, size_t len, size_t *out_len)
{
    const struct host_stream *s = ctx;
    return dial_write(s->fd, data, len, out_len);
}

static enum err stream_read(void *ctx, void *out, size_t cap, size_t *out_len, bool *out_end)
{
    const struct host_stream *s = ctx;
    return dial_read(s->fd, out, cap, out_len, out_end);
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
