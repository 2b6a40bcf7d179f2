/* audio/main/bluetooth.h - the streamer's Bluetooth side: BLE, a speaker, or hands-free, whichever
 * the owner chose and the build has. */
#pragma once

#include "audio/main/app.h"

/* After the studio is furnished. What does not start is said in the log. */
void bluetooth_start(struct app *a);

/* Sends what is due. With `lock` held, by the task that serves listeners. */
void bluetooth_step(struct app *a);

/* An access point in use beside BLE is unstable on these chips: paused while somebody is in the
 * set-up portal. With `lock` held. */
void bluetooth_pause(struct app *a, bool paused);
