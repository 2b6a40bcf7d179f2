#include "relay/port/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/port/log.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

uint16_t listener_port(int fd)
{
    union address a = {0};
    socklen_t len = sizeof a;
    if (getsockname(fd, &a.any, &len) != 0)
        return 0;
    if (a.any.sa_family == AF_INET)
        return ntohs(a.v4.sin_port);
    return a.any.sa_family == AF_INET6 ? ntohs(a.v6.sin6_port) : 0;
}

/* Answers the descriptor, or -1 with errno. */
static int listen_on(const struct addrinfo *ai, uint16_t port)
{
    union address a = {0};
    if (ai->ai_addrlen > sizeof a) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    memcpy(&a, ai->ai_addr, ai->ai_addrlen);
    if (a.any.sa_family == AF_INET6)
        a.v6.sin6_port = htons(port);
    else
        a.v4.sin_port = htons(port);

    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    int v6_only = a.any.sa_family == AF_INET6 && !IN6_IS_ADDR_UNSPECIFIED(&a.v6.sin6_addr);
    bool good = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
    if (good && a.any.sa_family == AF_INET6)
        good = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only) == 0;
    if (good && bind(fd, &a.any, ai->ai_addrlen) == 0 && listen(fd, LISTENER_BACKLOG) == 0)
        return fd;
    int why = errno;
    (void)close(fd);
    errno = why;
    return -1;
}

enum err listener_open(const char *host, uint16_t *port, int *out_fds, size_t cap,
                       size_t *out_count)
{
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int rc = getaddrinfo(host, NULL, &hints, &found);
    if (rc != 0) {
        log_line(LOG_LEVEL_ERROR, "no address to listen on host=%s why=\"%s\"", host,
                 gai_strerror(rc));
        return ERR_INPUT;
    }

    enum err e = ERR_OK;
    size_t count = 0;
    uint16_t chosen = *port;
    for (struct addrinfo *ai = found; ai != NULL && count < cap && e == ERR_OK; ai = ai->ai_next) {
        int fd = listen_on(ai, chosen);
        if (fd < 0) {
            log_line(LOG_LEVEL_ERROR, "cannot listen host=%s port=%u why=\"%s\"", host, chosen,
                     strerror(errno));
            e = ERR_IO;
        } else {
            out_fds[count++] = fd;
            chosen = listener_port(fd);
        }
    }
    freeaddrinfo(found);
    while (e != ERR_OK && count > 0)
        (void)close(out_fds[--count]);
    if (e == ERR_OK) {
        *port = chosen;
        *out_count = count;
    }
    return e;
}
