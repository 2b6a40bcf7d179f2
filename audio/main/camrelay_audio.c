#include "audio/main/camrelay_audio.h"

#include "audio/main/app.h"

void camrelay_audio_begin(const camrelay_audio_defaults *defaults)
{
    app_start(defaults);
}
