#include "idf/console_esp.h"

#include <stdio.h>

static char s_line[CONSOLE_ESP_LINE_MAX];
static size_t s_len;

bool console_esp_read(struct slice *out_line)
{
    int c;
    while ((c = getchar()) != EOF) {
        if (c != '\n' && c != '\r') {
            s_len = s_len < sizeof s_line ? s_len : 0; /* too long to be ours: begin anew */
            s_line[s_len++] = (char)c;
            continue;
        }
        size_t len = s_len;
        s_len = 0;
        if (len == 0)
            continue;
        *out_line = (struct slice){s_line, len};
        return true;
    }
    clearerr(stdin);
    return false;
}
