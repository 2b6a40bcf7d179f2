/* camera/main/defaults.h - what a camera begins with where nothing was saved yet: secrets.h of the
 * description (ssid, password, rpiServerIP, rpiServerPort, rpiServerPath), if there is one.
 *
 * Copy secrets.example.h to secrets.h and fill it in, or leave it out and use the portal. */
#pragma once

#include "camera/logic/settings.h"

void defaults_fill(struct settings *s);
