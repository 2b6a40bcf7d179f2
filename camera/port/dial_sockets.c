#ifdef ESP_PLATFORM
#include "idf/sockets.h" /* first: see there */
#endif

#include "camera/port/dial_sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* lwIP knows no signals */
#endif

void dial_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int dial_begin(const struct sockaddr *address, unsigned address_len)
{
    int fd = socket(address->sa_family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
#ifdef FD_CLOEXEC
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); /* lwIP knows no programs to start */
#endif
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* only speed */
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
        (connect(fd, address, (socklen_t)address_len) == 0 || errno == EINPROGRESS))
        return fd;
    dial_close(&fd);
    return -1;
}

/* Not by getpeername: lwIP knows the peer as soon as it is dialled. */
enum dial_state dial_state_of(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    if (fd < 0 || poll(&p, 1, 0) < 0)
        return DIAL_FAILED;
    if (p.revents == 0)
        return DIAL_CONNECTING;
    int why = 0;
    socklen_t len = sizeof why;
    bool good = getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &len) == 0 && why == 0;
    return good && (p.revents & POLLOUT) != 0 ? DIAL_CONNECTED : DIAL_FAILED;
}

static enum err gone_unless_later(ssize_t n)
{
    return n >= 0 || errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? ERR_OK : ERR_IO;
}

enum err dial_write(int fd, const void *data, size_t len, size_t *out_len)
{
    ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
    *out_len = n > 0 ? (size_t)n : 0;
    return gone_unless_later(n);
}

enum err dial_read(int fd, void *out, size_t cap, size_t *out_len, bool *out_end)
{
    ssize_t n = recv(fd, out, cap, 0);
    *out_len = n > 0 ? (size_t)n : 0;
    *out_end = n == 0;
    return gone_unless_later(n);
}

void dial_wait(int fd, bool wants_write, unsigned ms)
{
    struct pollfd p = {.fd = fd, .events = (short)(POLLIN | (wants_write ? POLLOUT : 0))};
    (void)poll(&p, 1, (int)ms); /* whatever it says, the next step looks */
}
