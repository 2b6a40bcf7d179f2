/* bare_epoll - the least a receiver can do: one thread, epoll, each body into a file of its own; no
 * parsing beyond Content-Length, no database, no flush. The limit our numbers are held against.
 *
 *   bare_epoll PORT DIR [sha256 | sink COUNT]
 *
 * Prints "ready PORT" when it listens on 127.0.0.1. With sha256 it hashes what it writes. With sink
 * it writes nothing, and prints "took SECONDS" when COUNT bodies have come, counted from the first
 * connection on: what senders are measured with. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER = 256 * 1024, EVENTS = 64 };

struct link {
    int fd;
    int file;
    size_t left; /* of the body */
    size_t got;  /* of the head */
    bool in_body;
    char head[4096];
    EVP_MD_CTX *hash;
};

static char s_buffer[BUFFER];
static bool s_sha256;
static const char *s_dir;
static unsigned long s_number; /* bodies begun */
static unsigned long s_ended;
static unsigned long s_sink; /* bodies to wait for; 0 = writes */
static double s_first_s;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void open_file(struct link *l)
{
    char path[512];
    s_number++;
    if (s_sink > 0)
        return;
    snprintf(path, sizeof path, "%s/%lu.jpg", s_dir, s_number);
    l->file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    if (s_sha256)
        EVP_DigestInit_ex(l->hash, EVP_sha256(), NULL);
}

static void take(struct link *l, const char *data, size_t len)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
    if (s_sink == 0 && write(l->file, data, len) != (ssize_t)len)
        perror("write");
    if (s_sha256)
        EVP_DigestUpdate(l->hash, data, len);
    l->left -= len;
    if (l->left > 0)
        return;
    unsigned char sum[32];
    if (s_sha256)
        EVP_DigestFinal_ex(l->hash, sum, NULL);
    if (s_sink == 0)
        close(l->file);
    if (send(l->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
        perror("send");
    l->in_body = false;
    l->got = 0;
    if (++s_ended == s_sink) {
        printf("took %.4f\n", now_s() - s_first_s);
        fflush(stdout);
    }
}

static void read_head(struct link *l, const char **data, size_t *len)
{
    while (*len > 0 && !l->in_body && l->got < sizeof l->head - 1) {
        l->head[l->got++] = **data;
        (*data)++;
        (*len)--;
        if (l->got < 4 || memcmp(l->head + l->got - 4, "\r\n\r\n", 4) != 0)
            continue;
        l->head[l->got] = '\0';
        char *length = strcasestr(l->head, "content-length:");
        l->left = length == NULL ? 0 : strtoul(length + 15, NULL, 10);
        l->in_body = true;
        open_file(l);
    }
}

static bool serve(struct link *l)
{
    while (true) {
        ssize_t r = recv(l->fd, s_buffer, BUFFER, 0);
        if (r <= 0)
            return r < 0 && errno == EAGAIN;
        const char *data = s_buffer;
        size_t len = (size_t)r;
        while (len > 0) {
            if (!l->in_body)
                read_head(l, &data, &len);
            size_t n = len < l->left ? len : l->left;
            if (l->in_body && n > 0)
                take(l, data, n);
            data += n;
            len -= n;
        }
    }
}

static void accept_one(int listener, int poll)
{
    int one = 1;
    struct link *l = calloc(1, sizeof *l);
    if (l == NULL)
        exit(1);
    if (s_first_s == 0)
        s_first_s = now_s();
    l->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    l->hash = EVP_MD_CTX_new();
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = l};
    epoll_ctl(poll, EPOLL_CTL_ADD, l->fd, &e);
}

static int listen_on(int port)
{
    int one = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&a, sizeof a) != 0 || listen(listener, 1024) != 0) {
        perror("listen");
        exit(1);
    }
    socklen_t size = sizeof a;
    getsockname(listener, (struct sockaddr *)&a, &size);
    printf("ready %u\n", (unsigned)ntohs(a.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bare_epoll PORT DIR [sha256 | sink COUNT]\n");
        return 2;
    }
    s_dir = argv[2];
    s_sha256 = argc > 3 && strcmp(argv[3], "sha256") == 0;
    if (argc > 4 && strcmp(argv[3], "sink") == 0)
        s_sink = strtoul(argv[4], NULL, 10);
    int listener = listen_on(atoi(argv[1]));
    int poll = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &e);
    while (true) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(poll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct link *l = events[i].data.ptr;
            if (l == NULL) {
                accept_one(listener, poll);
            } else if (!serve(l)) {
                close(l->fd);
                EVP_MD_CTX_free(l->hash);
                free(l);
            }
        }
    }
}
