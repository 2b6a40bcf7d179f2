#include "camera/main/camrelay_camera.h"

#include <stdio.h>

#include "camera/main/app.h"
#include "lib/port/log.h"

static void take(struct settings *s, const char *name, const char *value)
{
    if (value != NULL && settings_set(s, slice_of(name), slice_of(value)) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "%s of the sketch is not allowed", name);
}

void camrelay_camera_begin(const struct board *board,
                           const struct camrelay_camera_defaults *defaults)
{
    static struct app s_app;
    static struct settings s_standard;
    char port[12];
    snprintf(port, sizeof port, "%d", defaults->relay_port);
    settings_defaults(&s_standard);
    take(&s_standard, "ssid", defaults->ssid);
    take(&s_standard, "password", defaults->password);
    take(&s_standard, "relay_host", defaults->relay_host);
    take(&s_standard, "relay_port", port);
    take(&s_standard, "relay_path", defaults->relay_path);
    app_start(&s_app, board, &s_standard);
    app_run(&s_app);
}
