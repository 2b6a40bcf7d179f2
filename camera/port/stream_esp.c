#include "idf/sockets.h" /* first: see there */

#include "camera/port/stream_esp.h"

#include <string.h>
#include <strings.h>

#include "camera/port/dial_sockets.h"
#include "camera/port/mdns_esp.h"
#include "esp_crt_bundle.h"
#include "esp_tls.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "lib/port/log.h"

static void stream_close(void *ctx)
{
    struct stream_esp *s = ctx;
    if (s->tls != NULL) {
        (void)esp_tls_conn_destroy(s->tls); /* frees it, and closes, whatever it says */
        s->fd = -1;
    }
    s->tls = NULL;
    dial_close(&s->fd);
}

static enum err stream_open(void *ctx, const struct stream_target *target)
{
    struct stream_esp *s = ctx;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(target->port)};
    stream_close(s);
    if (strcmp(s->host, target->host) != 0 || inet_pton(AF_INET, s->address, &a.sin_addr) != 1)
        return ERR_IO; /* the name is not known (yet) */
    s->target = *target;
    s->fd = dial_begin((const struct sockaddr *)&a, sizeof a);
    return s->fd >= 0 ? ERR_OK : ERR_IO;
}

/* esp-tls cannot connect without waiting: it takes a new socket at each call while the address is
 * plain, and waits in select otherwise. So it gets a connected socket, and shakes hands on it. */
static enum err begin_tls(struct stream_esp *s)
{
    s->tls = esp_tls_init();
    if (s->tls == NULL || esp_tls_set_conn_sockfd(s->tls, s->fd) != ESP_OK)
        return ERR_IO;
    return esp_tls_set_conn_state(s->tls, ESP_TLS_CONNECTING) == ESP_OK ? ERR_OK : ERR_IO;
}

/* 1: the hands are shaken, 0: not yet, -1: failed. */
static int shake_hands(struct stream_esp *s)
{
    esp_tls_cfg_t c = {.common_name = s->host};
    if (s->target.ca_pem != NULL && s->target.ca_pem[0] != '\0') {
        c.cacert_buf = (const unsigned char *)s->target.ca_pem;
        c.cacert_bytes = (unsigned)strlen(s->target.ca_pem) + 1;
    } else {
        c.crt_bundle_attach = esp_crt_bundle_attach;
    }
    return esp_tls_conn_new_async(s->address, (int)strlen(s->address), s->target.port, &c, s->tls);
}

static enum err failed(struct stream_esp *s)
{
    s->address[0] = '\0'; /* perhaps it moved: look it up again */
    return ERR_IO;
}

static enum err stream_ready(void *ctx, bool *out_ready)
{
    struct stream_esp *s = ctx;
    *out_ready = false;
    if (s->tls == NULL) {
        enum dial_state d = dial_state_of(s->fd);
        if (d == DIAL_FAILED)
            return failed(s);
        *out_ready = d == DIAL_CONNECTED && !s->target.tls;
        if (d == DIAL_CONNECTING || !s->target.tls)
            return ERR_OK;
        if (begin_tls(s) != ERR_OK)
            return failed(s);
    }
    int rc = shake_hands(s);
    *out_ready = rc == 1;
    return rc < 0 ? failed(s) : ERR_OK;
}

/* What esp-tls says is not errno's: its "later" has numbers of its own. */
static enum err gone_unless_later(ssize_t n)
{
    return n >= 0 || n == ESP_TLS_ERR_SSL_WANT_READ || n == ESP_TLS_ERR_SSL_WANT_WRITE ? ERR_OK
                                                                                       : ERR_IO;
}

static enum err stream_write(void *ctx, const void *data, size_t len, size_t *out_len)
{
    struct stream_esp *s = ctx;
    *out_len = 0;
    if (s->tls == NULL)
        return dial_write(s->fd, data, len, out_len);
    ssize_t n = esp_tls_conn_write(s->tls, data, len);
    *out_len = n > 0 ? (size_t)n : 0;
    return gone_unless_later(n);
}

static enum err stream_read(void *ctx, void *out, size_t cap, size_t *out_len, bool *out_end)
{
    struct stream_esp *s = ctx;
    *out_len = 0;
    *out_end = false;
    if (s->tls == NULL)
        return dial_read(s->fd, out, cap, out_len, out_end);
    ssize_t n = esp_tls_conn_read(s->tls, out, cap);
    *out_len = n > 0 ? (size_t)n : 0;
    *out_end = n == 0;
    return gone_unless_later(n);
}

static bool ends_in_local(const char *host)
{
    size_t len = strlen(host);
    return len > 6 && strcasecmp(host + len - 6, ".local") == 0;
}

static bool look_up(const char *host, char out[STREAM_ESP_ADDRESS_MAX])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET};
    struct addrinfo *list = NULL;
    if (ends_in_local(host))
        return mdns_esp_look_up(host, out);
    if (getaddrinfo(host, NULL, &hints, &list) != 0 || list == NULL)
        return false;
    const struct sockaddr_in *a = (const struct sockaddr_in *)(const void *)list->ai_addr;
    bool good = inet_ntop(AF_INET, &a->sin_addr, out, STREAM_ESP_ADDRESS_MAX) != NULL;
    freeaddrinfo(list);
    return good;
}

void stream_esp_prepare(struct stream_esp *s, const char *host)
{
    char address[STREAM_ESP_ADDRESS_MAX] = "";
    if (host[0] == '\0' || strlen(host) >= sizeof s->host ||
        (strcmp(s->host, host) == 0 && s->address[0] != '\0'))
        return;
    if (!look_up(host, address)) {
        log_line(LOG_LEVEL_WARN, "the relay's name is not known host=%s", host);
        return;
    }
    strcpy(s->host, host);
    strcpy(s->address, address);
}

int stream_esp_descriptor(const struct stream_esp *s)
{
    return s->fd;
}

void stream_esp_wait(int descriptor, bool wants_write, uint32_t ms)
{
    if (descriptor < 0)
        vTaskDelay(pdMS_TO_TICKS(ms < 20 ? ms + 1 : 20));
    else
        dial_wait(descriptor, wants_write, ms);
}

void stream_esp_init(struct stream_esp *s)
{
    *s = (struct stream_esp){.fd = -1,
                             .stream = {.ctx = s,
                                        .open = stream_open,
                                        .ready = stream_ready,
                                        .write = stream_write,
                                        .read = stream_read,
                                        .close = stream_close}};
}
