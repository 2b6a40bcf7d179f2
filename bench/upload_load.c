/* upload_load - posts one JPEG over many kept-alive connections and reports rate and latency.
 *
 *   upload_load HOST PORT CONNECTIONS SECONDS BYTES MAX [multipart]
 *
 * Every connection sends a request, reads the whole answer, sends the next, until the SECONDS are
 * over or MAX photos were sent: what arrives is bounded. A connection that the server closes
 * between two requests is made again, and counted. The rate is that of the answers, up to the last
 * one. Prints one line of JSON. Loopback only: refuses any other address. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MAX = 8192, EVENTS = 64, GRACE_US = 10000000 };

struct link {
    int fd;
    bool busy; /* a request is on its way */
    size_t sent;
    size_t got;
    uint64_t began_us;
    uint64_t sequence;
    size_t head_len;
    char head[512];
    char answer[ANSWER_MAX];
};

static char *s_body;
static size_t s_body_len;
static bool s_multipart;
static uint32_t *s_latencies;
static size_t s_done, s_failed, s_begun, s_max, s_reconnects;
static uint64_t s_last_us;
static struct sockaddr_in s_address;
static int s_poll;

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

/* A JPEG by its markers, filled with noise that holds no marker. */
static void make_jpeg(char *out, size_t len)
{
    static const unsigned char head[] = {0xFF, 0xD8, 0xFF, 0xC0, 0x00, 0x0B, 0x08, 0x00, 0x01,
                                         0x00, 0x01, 0x01, 0x01, 0x11, 0x00, 0xFF, 0xDA, 0x00,
                                         0x08, 0x01, 0x01, 0x00, 0x00, 0x3F, 0x00};
    uint32_t seed = 12345;
    memcpy(out, head, sizeof head);
    for (size_t i = sizeof head; i < len - 2; i++) {
        seed = seed * 1664525u + 1013904223u;
        out[i] = (char)((seed >> 24) % 255);
    }
    memcpy(out + len - 2, "\xff\xd9", 2);
}

static void make_body(size_t bytes)
{
    static const char before[] = "--loadload\r\nContent-Disposition: form-data; name=\"file\"; "
                                 "filename=\"photo.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n";
    static const char after[] = "\r\n--loadload--\r\n";
    size_t extra = s_multipart ? sizeof before + sizeof after - 2 : 0;
    char *p = s_body = malloc(bytes + extra);
    if (s_body == NULL)
        exit(1);
    if (s_multipart) {
        memcpy(p, before, sizeof before - 1);
        p += sizeof before - 1;
    }
    make_jpeg(p, bytes);
    if (s_multipart)
        memcpy(p + bytes, after, sizeof after - 1);
    s_body_len = bytes + extra;
}

static void begin(struct link *l)
{
    int n = snprintf(l->head, sizeof l->head,
                     "POST /upload HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: %s\r\n"
                     "X-Camera-Id: load\r\nIdempotency-Key: %d-%llu-%ld\r\n"
                     "Content-Length: %zu\r\n\r\n",
                     s_multipart ? "multipart/form-data; boundary=loadload" : "image/jpeg", l->fd,
                     (unsigned long long)++l->sequence, (long)getpid(), s_body_len);
    l->head_len = (size_t)n;
    l->busy = true;
    l->sent = 0;
    l->got = 0;
    l->began_us = now_us();
}

static bool pump_out(struct link *l)
{
    while (l->sent < l->head_len + s_body_len) {
        struct iovec v[2];
        size_t n = 0;
        if (l->sent < l->head_len)
            v[n++] = (struct iovec){l->head + l->sent, l->head_len - l->sent};
        size_t at = l->sent > l->head_len ? l->sent - l->head_len : 0;
        v[n++] = (struct iovec){s_body + at, s_body_len - at};
        struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
        ssize_t w = sendmsg(l->fd, &m, MSG_NOSIGNAL);
        if (w < 0)
            return errno == EAGAIN;
        l->sent += (size_t)w;
    }
    return true;
}

/* 1: an answer is complete; 0: not yet; -1: broken. */
static int pump_in(struct link *l)
{
    ssize_t r = recv(l->fd, l->answer + l->got, ANSWER_MAX - 1 - l->got, 0);
    if (r <= 0)
        return r < 0 && errno == EAGAIN ? 0 : -1;
    l->got += (size_t)r;
    l->answer[l->got] = '\0';
    char *end = strstr(l->answer, "\r\n\r\n");
    if (end == NULL)
        return 0;
    char *length = strcasestr(l->answer, "content-length:");
    size_t body = length == NULL ? 0 : strtoul(length + 15, NULL, 10);
    return l->got >= (size_t)(end + 4 - l->answer) + body ? 1 : 0;
}

static void read_address(const char *host, int port)
{
    struct in_addr ip;
    if (inet_pton(AF_INET, host, &ip) != 1 || (ntohl(ip.s_addr) >> 24) != 127) {
        fprintf(stderr, "upload_load: loopback only\n");
        exit(2);
    }
    s_address = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = ip};
}

static void connect_link(struct link *l)
{
    int one = 1;
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0 || connect(l->fd, (struct sockaddr *)&s_address, sizeof s_address) != 0) {
        perror("connect");
        exit(1);
    }
    setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(l->fd, F_SETFL, O_NONBLOCK);
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = l};
    epoll_ctl(s_poll, EPOLL_CTL_ADD, l->fd, &e);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void report(uint64_t start, size_t bytes)
{
    qsort(s_latencies, s_done, sizeof *s_latencies, by_value);
    double seconds = s_done == 0 ? 1 : (double)(s_last_us - start) / 1e6;
    size_t last = s_done == 0 ? 0 : s_done - 1;
    printf("{\"done\": %zu, \"failed\": %zu, \"reconnects\": %zu, \"seconds\": %.3f, "
           "\"per_second\": %.1f, \"mib_per_second\": %.1f, \"p50_us\": %u, \"p99_us\": %u, "
           "\"max_us\": %u}\n",
           s_done, s_failed, s_reconnects, seconds, (double)s_done / seconds,
           (double)s_done * (double)bytes / seconds / 1048576.0, s_latencies[last / 2],
           s_latencies[last * 99 / 100], s_latencies[last]);
}

static void count_answer(struct link *l)
{
    l->busy = false;
    if (strncmp(l->answer, "HTTP/1.1 200", 12) != 0 &&
        strncmp(l->answer, "HTTP/1.0 200", 12) != 0) {
        if (s_failed++ == 0)
            fprintf(stderr, "first failure: %.300s\n", l->answer);
        return;
    }
    s_last_us = now_us();
    s_latencies[s_done++] = (uint32_t)(s_last_us - l->began_us);
}

/* The next request, unless enough was sent. False: the connection is broken. */
static bool send_next(struct link *l, uint64_t end)
{
    if (s_begun == s_max || now_us() >= end)
        return true;
    s_begun++;
    begin(l);
    return pump_out(l);
}

/* False: this link is broken. */
static bool handle(struct link *l, uint32_t events, uint64_t end)
{
    if (l->busy && (events & EPOLLOUT) != 0 && !pump_out(l))
        return false;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
        return true;
    int rc = pump_in(l);
    if (rc <= 0)
        return rc == 0;
    count_answer(l);
    return send_next(l, end);
}

/* A server may close between two requests; what it has not begun to answer is sent again. */
static void mend(struct link *l)
{
    bool again = l->busy && l->got == 0;
    close(l->fd);
    if (!again && l->busy)
        s_failed++;
    l->busy = again;
    if (!again && s_begun == s_max)
        return;
    s_reconnects++;
    connect_link(l);
    if (again) {
        uint64_t began_us = l->began_us;
        begin(l);
        l->began_us = began_us;
        (void)pump_out(l); /* what does not go now goes when there is room */
    }
}

static void run(struct link *links, size_t count, uint64_t end)
{
    size_t busy = count;
    while (busy > 0 && now_us() < end + GRACE_US) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(s_poll, events, EVENTS, 50);
        for (int i = 0; i < n; i++) {
            struct link *l = events[i].data.ptr;
            if (!handle(l, events[i].events, end) && (l->busy || now_us() < end))
                mend(l);
        }
        busy = 0;
        for (size_t i = 0; i < count; i++)
            busy += links[i].busy;
    }
    s_failed += busy; /* never answered */
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        fprintf(stderr, "usage: upload_load HOST PORT CONNECTIONS SECONDS BYTES MAX [multipart]\n");
        return 2;
    }
    size_t count = strtoul(argv[3], NULL, 10);
    size_t bytes = strtoul(argv[5], NULL, 10);
    s_max = strtoul(argv[6], NULL, 10);
    s_multipart = argc > 7 && strcmp(argv[7], "multipart") == 0;
    make_body(bytes);
    read_address(argv[1], atoi(argv[2]));
    s_latencies = malloc((s_max + 1) * sizeof *s_latencies);
    struct link *links = calloc(count, sizeof *links);
    s_poll = epoll_create1(EPOLL_CLOEXEC);
    if (s_latencies == NULL || links == NULL || s_poll < 0)
        return 1;
    uint64_t start = now_us();
    uint64_t end = start + (uint64_t)(atof(argv[4]) * 1e6);
    for (size_t i = 0; i < count; i++) {
        connect_link(&links[i]);
        if (!send_next(&links[i], end))
            return 1;
    }
    run(links, count, end);
    s_latencies[s_done] = 0; /* what is printed of nothing */
    report(start, bytes);
    return s_failed > 0 ? 1 : 0;
}
