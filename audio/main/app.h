/* audio/main/app.h - the firmware as one struct: what app.c puts together, and the files beside it
 * run. Three tasks share it:
 *
 *   sound      feeds the chain; takes no lock and never waits for anybody
 *   listeners  serves everybody who listens, under `lock`
 *   network    Wi-Fi, portal, console, health, under `lock`
 *
 * The page's server and the Bluetooth stacks have tasks of their own and take `lock` as well. It is
 * never held while anything waits for the network. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "audio/logic/btpull.h"
#include "audio/logic/gattcast.h"
#include "audio/logic/hall.h"
#include "audio/logic/rtpcast.h"
#include "audio/logic/tuning.h"
#include "audio/port/cast_sockets.h"
#include "audio/port/door_sockets.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "idf/desk.h"
#include "idf/join.h"
#include "idf/keep.h"
#include "idf/vault_nvs.h"
#include "lib/port/clock.h"

#ifndef CAMRELAY_VERSION
#include "camrelay_version.h" /* made by tools/audio_pack */
#endif

enum {
    APP_TAPE_SAMPLES = 8192, /* 512 ms */
    APP_PLACES = 6,
    APP_LISTENERS = 4,
    APP_PORT = 80,
    APP_SETUP_PORT = 8080, /* of the set-up page; in safe mode it has APP_PORT for itself */
};

struct app {
    struct clock clock;
    struct random random;
    struct vault_nvs vault;
    SemaphoreHandle_t lock;
    struct tuning tuning; /* in force, and what the vault holds */
    struct tuning trial;  /* a Wi-Fi on trial */
    struct keep_crashes crashes;
    bool safe_mode;
    atomic_bool wants_reboot;
    char host[TUNING_HOST_MAX];
    char portal_ssid[WIFIPLAN_SSID_MAX + 1];
    char password[KEEP_PASSWORD_MAX]; /* of this board alone: portal, and page until one is set */
    struct join join;
    struct desk desk;
    /* sound */
    _Atomic int16_t samples[APP_TAPE_SAMPLES];
    struct tape tape;
    struct chain chain;
    struct pulse pulse;
    /* listeners */
    struct studio studio;
    struct door_sockets door;
    struct hall_place places[APP_PLACES];
    struct hall hall;
    struct cast_sockets cast;
    struct rtpcast rtp;
    /* Bluetooth: one of these */
    struct gattcast gatt;
    struct radio_ears ears;
    struct btpull classic;
    atomic_bool classic_wants; /* a speaker or a telephone listens */
    bool classic_counted;      /* and is one of the studio's listeners */
    bool bluetooth_runs;
};

/* Everything; returns when the tasks run. What a sketch says counts where nothing was saved. */
void app_start(struct app *a, const struct tuning *standard);

struct mono app_now(const struct app *a);
uint32_t app_dice(const struct app *a);
void app_lock(struct app *a);
void app_unlock(struct app *a);

/* Keeps and applies settings, with a new start where one is needed. With `lock` held. */
CHECKED enum err app_save(struct app *a, const struct tuning *t);
/* Tries the Wi-Fi of these settings; they are kept once it was joined. With `lock` held. */
void app_try(struct app *a, const struct tuning *t);
/* Soon. Any task. */
void app_reboot(struct app *a);
/* Erases settings and what else the vault holds; then reboots. */
void app_factory_reset(struct app *a);
