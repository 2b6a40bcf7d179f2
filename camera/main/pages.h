/* camera/main/pages.h - the camera's own page and the routes of the well-known CameraWebServer.
 *
 * Every route wants HTTP Basic, user admin, but for requests that come through the portal's access
 * point, whose password is the board's own. The live stream has a server of its own on port 81, so
 * that a viewer blocks nobody. */
#pragma once

#include "camera/main/app.h"

CHECKED enum err pages_start(struct app *a);
