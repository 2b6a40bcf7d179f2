/* audio/main/sound.h - where the sound comes from: the ADC, a microphone on I2S, or a tone. */
#pragma once

#include "audio/main/app.h"
#include "freertos/task.h"

/* Makes tape, chain and pulse, and starts the source the owner chose. Without one the rest runs. */
void sound_open(struct app *a);

/* The task that feeds the chain from that source; its argument is the app. */
TaskFunction_t sound_task(const struct app *a);
