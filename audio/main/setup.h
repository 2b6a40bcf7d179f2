/* audio/main/setup.h - the set-up page (idf/desk_esp.h with a page and a state of its own). */
#pragma once

#include "audio/main/app.h"

#define SETUP_PORTAL_PAGE "http://192.168.4.1:8080/"

/* Serves it at setup_port. ERR_IO: no server. */
CHECKED enum err setup_start(struct app *a);
int setup_port(const struct app *a);

/* The state as JSON. With `lock` held. False: no room. */
bool setup_put_status(void *app, struct buf *out);
