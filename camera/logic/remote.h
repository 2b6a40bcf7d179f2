/* camera/logic/remote.h - what the camera's own page, its portal and its console may do.
 *
 * Everything here is text in and text out; the HTTP server and the serial port are ports. */
#pragma once

#include <stdbool.h>

#include "camera/logic/settings.h"
#include "camera/logic/station.h"
#include "lib/base/buf.h"

enum {
    REMOTE_STATUS_MAX = 4096, /* bytes of the status with its NUL */
    REMOTE_REPLY_MAX = 2048,  /* of a console command */
    REMOTE_PEM_MAX = 2048,    /* bytes of a pinned CA certificate with its NUL */
};

/* What only the board knows. */
struct remote_board {
    const char *firmware;
    const char *model;  /* of the board */
    const char *sensor; /* "OV2640", "none" */
    const char *address;
    const char *ssid;
    const char *reset_reason;
    const char *partition;  /* "two slots", "one slot: no update over the air" */
    const char *vault_note; /* whether secrets are encrypted in flash */
    bool psram;
    bool brownout_detector;
    bool safe_mode;
};

/* JSON for /status: the camera's state, and the fields that users of CameraWebServer expect. */
bool remote_put_status(const struct station *s, const struct remote_board *b, struct buf *out);

/* /control?var=...&val=... as CameraWebServer has it; other names are our settings. ERR_INPUT,
 * ERR_LIMIT as settings_set. */
CHECKED enum err remote_control(struct settings *s, struct slice var, struct slice val);

/* Is this a certificate in PEM (RFC 7468), short enough to be kept? "" is not. */
bool remote_is_certificate(struct slice text);

enum remote_deed {
    REMOTE_SAID,   /* the reply says it all */
    REMOTE_SAVE,   /* `settings` changed: save and apply */
    REMOTE_SHOOT,  /* take a photo */
    REMOTE_PORTAL, /* open the set-up portal */
    REMOTE_REBOOT,
    REMOTE_RESET, /* factory reset, then reboot */
};

/* One line of the serial console: help, status, show, set NAME VALUE, shoot, portal, reboot,
 * factory-reset yes. */
enum remote_deed remote_console(struct station *s, const struct remote_board *b,
                                struct settings *settings, struct slice line, struct buf *out);
