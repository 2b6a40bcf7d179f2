#include "camera/main/defaults.h"

#include <stdint.h>
#include <stdio.h>

#include "lib/port/log.h"

#if defined(__has_include)
#if __has_include("secrets.h")
#include "secrets.h"
#define DEFAULTS_HAVE_SECRETS 1
#endif
#endif

#if DEFAULTS_HAVE_SECRETS
static void take(struct settings *s, const char *name, const char *value)
{
    if (settings_set(s, slice_of(name), slice_of(value)) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "secrets.h: %s is not allowed", name);
}
#endif

void defaults_fill(struct settings *s)
{
    settings_defaults(s);
#if DEFAULTS_HAVE_SECRETS
    char port[8];
    snprintf(port, sizeof port, "%d", rpiServerPort);
    take(s, "ssid", ssid);
    take(s, "password", password);
    take(s, "rpiServerIP", rpiServerIP);
    take(s, "rpiServerPort", port);
    take(s, "rpiServerPath", rpiServerPath);
#endif
}
