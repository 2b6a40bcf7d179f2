/* camera/main/camrelay_camera.h - the camera as an Arduino library: one call in setup().
 *
 * Everything runs in tasks of its own; loop() may do what it likes, or nothing. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#include "camera/port/board.h"

/* What counts until something is saved on the camera's page. NULL texts: nothing. */
struct camrelay_camera_defaults {
    const char *ssid;
    const char *password;
    const char *relay_host;
    int relay_port;
    const char *relay_path;
};

/* Once. `board` and `defaults` are copied. */
void camrelay_camera_begin(const struct board *board,
                           const struct camrelay_camera_defaults *defaults);

#ifdef __cplusplus
}
#endif
