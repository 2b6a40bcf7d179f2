#include "audio/main/camrelay_audio.h"

#include <stdio.h>
#include <stdlib.h>

#include "audio/logic/chain.h"
#include "audio/main/app.h"
#include "lib/port/log.h"

static void take(struct tuning *t, const char *name, const char *value)
{
    if (value != NULL && prefs_set(&tuning_table, t, slice_of(name), slice_of(value)) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "%s of the sketch is not allowed", name);
}

static void take_number(struct tuning *t, const char *name, int value)
{
    char text[12];
    (void)snprintf(text, sizeof text, "%d", value);
    take(t, name, text);
}

static void take_choice(struct tuning *t, const char *name, int value, const char *const *words,
                        int count)
{
    take(t, name, value >= 0 && value < count ? words[value] : "?");
}

void camrelay_audio_begin(const camrelay_audio_defaults *d)
{
    static const char *const attenuations[] = {"0db", "2.5db", "6db", "12db"};
    static const char *const bluetooth[] = {"off", "ble", "speaker", "handsfree"};
    /* Once, and for ever. Beside Bluedroid and Wi-Fi the plain ESP32's static memory is too small.
     */
    struct app *app = calloc(1, sizeof *app);
    static struct tuning s_standard;
    if (app == NULL) {
        log_line(LOG_LEVEL_ERROR, "no memory to start with");
        return;
    }
    prefs_defaults(&tuning_table, &s_standard);
    take(&s_standard, "ssid", d->ssid);
    take(&s_standard, "password", d->password);
    take(&s_standard, "name", d->name);
    take(&s_standard, "token", d->token);
    take(&s_standard, "rtp_to", d->rtp_to);
    take(&s_standard, "source", d->tone != 0 ? "tone" : "adc");
    take_number(&s_standard, "gpio", d->gpio);
    take_number(&s_standard, "gain_db", d->gain_db);
    take_number(&s_standard, "block", d->block);
    take_number(&s_standard, "rtp_port", d->rtp_port);
    take_choice(&s_standard, "attenuation", d->attenuation, attenuations, 4);
    take_choice(&s_standard, "bluetooth", d->bluetooth, bluetooth, 4);
    if (d->rate_hz != CHAIN_HZ)
        log_line(LOG_LEVEL_WARN, "listeners get %d Hz, whatever the sketch says", (int)CHAIN_HZ);
    app_start(app, &s_standard);
}
