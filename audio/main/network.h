/* audio/main/network.h - Wi-Fi and its portal, mDNS, the serial console, health. */
#pragma once

#include "audio/main/app.h"

/* Announces the page (_http._tcp) and the sound (_camrelay-audio._tcp, docs/formats.md). */
void network_start_names(const struct app *a);

/* The task; `ctx` is the app. */
void network_task(void *ctx);
