/* audio/main/app.h - the firmware's parts and its three tasks: network, sound, listeners. */
#pragma once

#include "audio/main/camrelay_audio.h"

/* Copies nothing: `defaults` outlives the program. Returns when the tasks run. */
void app_start(const camrelay_audio_defaults *defaults);
