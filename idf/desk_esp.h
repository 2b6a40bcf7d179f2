/* idf/desk_esp.h - the part of a device's page that every device has: settings, a Wi-Fi to try,
 * update over the air, core dump, reboot, and the captive portal's redirect.
 *
 *   GET  /api/settings   JSON (prefs.h)        POST /api/settings   a form: all or nothing
 *   GET  /api/try-wifi   none|trying|joined|failed    POST: a form; kept once it was joined
 *   GET  /api/scan       networks seen         POST /api/reboot
 *   POST /update         an image              GET  /coredump
 *
 * Whoever comes through the portal's access point may do everything; others need the password, and
 * changes come from the device's own page or from programs (admin.h). Handlers run in the server's
 * task and take the program's lock themselves. Include idf/sockets.h before this. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "esp_http_server.h"
#include "idf/desk.h"

enum { DESK_ESP_ROUTES = 8 };

/* A server with the desk's routes and room for `more` of the program's own. `port` 0: 80. */
CHECKED enum err desk_esp_open(struct desk *d, httpd_config_t *config, unsigned more,
                               httpd_handle_t *out_server);

/* For handlers of the program, whose user_ctx is its own. False: an answer was sent. */
bool desk_esp_may(struct desk *d, httpd_req_t *r);
/* May this GET, which changes something, come from that page? False: an answer was sent. */
bool desk_esp_is_own_get(httpd_req_t *r);
esp_err_t desk_esp_refuse(httpd_req_t *r, const char *status, const char *why);
/* Reads a body of at most `cap` bytes. False: too long or broken off; an answer was sent. */
bool desk_esp_read_body(httpd_req_t *r, char *out, size_t cap, struct slice *out_body);
/* Calls `put` under the lock with a buffer from the heap of `cap` bytes, then sends it. */
esp_err_t desk_esp_send_json(struct desk *d, httpd_req_t *r, size_t cap,
                             bool (*put)(void *ctx, struct buf *b));
/* "ok", or what was wrong: the name `wrong` for ERR_INPUT and ERR_LIMIT. */
esp_err_t desk_esp_answer(httpd_req_t *r, enum err e, const char *wrong);
