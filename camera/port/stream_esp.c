#include "idf/sockets.h" /* first: see there */

#include "camera/port/stream_esp.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "camera/port/mdns_esp.h"
#include "esp_crt_bundle.h"
#include "esp_tls.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "lib/port/log.h"

static void stream_close(void *ctx)
{
    struct stream_esp *s = ctx;
    if (s->tls != NULL)
        (void)esp_tls_conn_destroy(s->tls); /* frees it whatever it says */
    s->tls = NULL;
}

static esp_tls_cfg_t config_of(const struct stream_esp *s)
{
    esp_tls_cfg_t c = {
        .non_block = true,
        .is_plain_tcp = !s->target.tls,
        .common_name = s->target.tls ? s->host : NULL,
    };
    if (s->target.tls && s->target.ca_pem[0] != '\0') {
        c.cacert_buf = (const unsigned char *)s->target.ca_pem;
        c.cacert_bytes = (unsigned)strlen(s->target.ca_pem) + 1;
    } else if (s->target.tls) {
        c.crt_bundle_attach = esp_crt_bundle_attach;
    }
    return c;
}

/* 1: connected, 0: not yet, -1: failed. The first call begins. */
static int go_on(struct stream_esp *s)
{
    esp_tls_cfg_t c = config_of(s);
    return esp_tls_conn_new_async(s->address, (int)strlen(s->address), s->target.port, &c, s->tls);
}

static enum err stream_open(void *ctx, const struct stream_target *target)
{
    struct stream_esp *s = ctx;
    stream_close(s);
    if (strcmp(s->host, target->host) != 0 || s->address[0] == '\0')
        return ERR_IO; /* the name is not known (yet) */
    s->target = *target;
    s->tls = esp_tls_init();
    if (s->tls == NULL)
        return ERR_IO;
    if (go_on(s) >= 0)
        return ERR_OK;
    stream_close(s);
    s->address[0] = '\0'; /* perhaps it moved: look it up again */
    return ERR_IO;
}

static enum err stream_ready(void *ctx, bool *out_ready)
{
    struct stream_esp *s = ctx;
    int rc = s->tls == NULL ? -1 : go_on(s);
    *out_ready = rc == 1;
    if (rc < 0)
        s->address[0] = '\0'; /* perhaps it moved: look it up again */
    return rc < 0 ? ERR_IO : ERR_OK;
}

static bool is_later(ssize_t n)
{
    return n == ESP_TLS_ERR_SSL_WANT_READ || n == ESP_TLS_ERR_SSL_WANT_WRITE ||
           (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

static enum err stream_write(void *ctx, const void *data, size_t len, size_t *out_len)
{
    struct stream_esp *s = ctx;
    *out_len = 0;
    if (s->tls == NULL)
        return ERR_IO;
    ssize_t n = esp_tls_conn_write(s->tls, data, len);
    *out_len = n > 0 ? (size_t)n : 0;
    return n >= 0 || is_later(n) ? ERR_OK : ERR_IO;
}

static enum err stream_read(void *ctx, void *out, size_t cap, size_t *out_len, bool *out_end)
{
    struct stream_esp *s = ctx;
    *out_len = 0;
    *out_end = false;
    if (s->tls == NULL)
        return ERR_IO;
    ssize_t n = esp_tls_conn_read(s->tls, out, cap);
    *out_len = n > 0 ? (size_t)n : 0;
    *out_end = n == 0;
    return n >= 0 || is_later(n) ? ERR_OK : ERR_IO;
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
    int fd = -1;
    if (s->tls == NULL || esp_tls_get_conn_sockfd(s->tls, &fd) != ESP_OK)
        return -1;
    return fd;
}

void stream_esp_wait(int descriptor, bool wants_write, uint32_t ms)
{
    if (descriptor < 0) {
        vTaskDelay(pdMS_TO_TICKS(ms < 20 ? ms + 1 : 20));
        return;
    }
    struct pollfd p = {.fd = descriptor, .events = (short)(POLLIN | (wants_write ? POLLOUT : 0))};
    (void)poll(&p, 1, (int)ms); /* whatever it says, the next step looks */
}

void stream_esp_init(struct stream_esp *s)
{
    *s = (struct stream_esp){.stream = {.ctx = s,
                                        .open = stream_open,
                                        .ready = stream_ready,
                                        .write = stream_write,
                                        .read = stream_read,
                                        .close = stream_close}};
}
