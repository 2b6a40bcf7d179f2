#include "relay/logic/lanhints.h"

#include <string.h>

void lanhints_add(struct buf *out, const char *address, uint16_t port, bool tls)
{
    bool six = strchr(address, ':') != NULL;
    buf_add_format(out, "a camera needs: %s://%s%s%s:%u/upload\n", tls ? "https" : "http",
                   six ? "[" : "", address, six ? "]" : "", port);
    buf_add_format(out, "    const char* rpiServerIP = \"%s\";\n", address);
    buf_add_format(out, "    const int rpiServerPort = %u;\n", port);
    buf_add_text(out, "    const char* rpiServerPath = \"/upload\";\n");
}
