#include "relay/port/reply.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REPLY_REFUSAL_MAX = 512 };

struct front_reply *reply_copy(const struct front_reply *reply)
{
    assert(reply->header_count <= FRONT_HEADERS_MAX);
    size_t size = sizeof *reply;
    for (size_t i = 0; i < reply->header_count; i++)
        size += strlen(reply->headers[i].value) + 1;
    bool copies_body = !reply->body_is_static && reply->body != NULL;
    if (copies_body)
        size += reply->body_len;

    struct front_reply *r = malloc(size);
    if (r == NULL)
        return NULL;
    *r = *reply;
    char *memory = (char *)(r + 1);
    for (size_t i = 0; i < reply->header_count; i++) {
        size_t len = strlen(reply->headers[i].value) + 1;
        r->headers[i].value = memcpy(memory, reply->headers[i].value, len);
        memory += len;
    }
    if (copies_body && reply->body_len > 0)
        r->body = memcpy(memory, reply->body, reply->body_len);
    return r;
}

struct front_reply *reply_refusal(unsigned status, const char *code, const char *error)
{
    char text[REPLY_REFUSAL_MAX];
    int len = snprintf(text, sizeof text,
                       "{\"success\": false, \"error\": \"%s\", \"code\": \"%s\"}\n", error, code);
    assert(len > 0 && (size_t)len < sizeof text);
    struct front_reply r = {.status = status,
                            .content_type = "application/json",
                            .body = text,
                            .body_len = (size_t)len,
                            .close = true};
    return reply_copy(&r);
}

/* RFC 9110 5.6.7. Not strftime: its words follow the locale. */
static void add_date(struct buf *out)
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = time(NULL);
    struct tm t;
    if (gmtime_r(&now, &t) == NULL)
        return;
    buf_add_format(out, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n", days[t.tm_wday % 7],
                   t.tm_mday, months[t.tm_mon % 12], t.tm_year + 1900, t.tm_hour, t.tm_min,
                   t.tm_sec);
}

void reply_head(const struct front_reply *reply, const char *reason, struct buf *out)
{
    buf_add_format(out, "HTTP/1.1 %u %s\r\n", reply->status, reason);
    add_date(out);
    buf_add_text(out, "Connection: close\r\n");
    if (reply->content_type != NULL)
        buf_add_format(out, "Content-Type: %s\r\n", reply->content_type);
    for (size_t i = 0; i < reply->header_count; i++)
        buf_add_format(out, "%s: %s\r\n", reply->headers[i].name, reply->headers[i].value);
    buf_add_format(out, "Content-Length: %zu\r\n\r\n", reply->body_len);
}
