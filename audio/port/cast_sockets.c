#ifdef ESP_PLATFORM
#include "idf/sockets.h" /* first: see there */
#endif

#include "audio/port/cast_sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static enum err sockets_send(void *ctx, const void *data, size_t len)
{
    const struct cast_sockets *c = ctx;
    ssize_t n = send(c->fd, data, len, MSG_DONTWAIT);
    if (n == (ssize_t)len)
        return ERR_OK;
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? ERR_FULL : ERR_IO;
}

enum err cast_sockets_open(struct cast_sockets *c, const char *to, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    *c = (struct cast_sockets){.fd = -1, .cast = {.ctx = c, .send = sockets_send}};
    if (inet_pton(AF_INET, to, &at.sin_addr) != 1)
        return ERR_INPUT;
    c->fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (c->fd < 0)
        return ERR_IO;
    if (connect(c->fd, (struct sockaddr *)(void *)&at, sizeof at) == 0)
        return ERR_OK;
    cast_sockets_close(c);
    return ERR_IO;
}

void cast_sockets_close(struct cast_sockets *c)
{
    if (c->fd >= 0)
        (void)close(c->fd);
    c->fd = -1;
}
