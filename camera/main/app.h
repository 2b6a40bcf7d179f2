/* camera/main/app.h - the firmware as one struct: what main.c puts together, tasks.c runs and
 * pages.c shows. Three tasks share it:
 *
 *   capture  waits for the sensor, under `sensor_lock`
 *   courier  waits for the network, under no lock
 *   network  Wi-Fi, clock, console, health
 *
 * `lock` guards the station's parts other than the sensor and is never held while anything waits;
 * whoever needs both takes `sensor_lock` first. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "camera/logic/remote.h"
#include "camera/logic/station.h"
#include "camera/logic/ticket.h"
#include "camera/port/board.h"
#include "camera/port/camera_esp32.h"
#include "camera/port/file_flash.h"
#include "camera/port/flash_esp.h"
#include "camera/port/stream_esp.h"
#include "freertos/FreeRTOS.h"
#include "freertos/semphr.h"
#include "idf/desk.h"
#include "idf/join.h"
#include "idf/keep.h"
#include "idf/vault_nvs.h"
#include "lib/port/clock.h"

#ifndef CAMRELAY_VERSION
#include "camrelay_version.h" /* made by tools/arduino_pack */
#endif

enum {
    APP_SLOTS = 24,
    APP_ENTRIES = 512,
    APP_PIECE_BYTES = 4096,
    APP_ARENA_BYTES = 1536 * 1024,      /* of PSRAM: about 10 UXGA pictures */
    APP_COPY_BYTES = 512 * 1024,        /* of PSRAM: one picture on its way */
    APP_QUEUE_SMALL_BYTES = 256 * 1024, /* below this the default picture is SVGA */
    APP_VIEW_BYTES = 400 * 1024,        /* of PSRAM, while somebody watches */
    APP_CAPTURE_STACK = 6 * 1024,
    APP_COURIER_STACK = 8 * 1024,
    APP_NETWORK_STACK = 6 * 1024,
};

struct app {
    struct station station;
    struct remote_board board_facts;
    struct board board;
    struct camera_esp32 camera;
    struct stream_esp stream;
    struct vault_nvs vault;
    struct flash_esp flash;
    struct file_flash card;
    const struct flash *queue; /* the card or the partition; NULL: neither */
    struct clock clock;
    struct random random;
    SemaphoreHandle_t lock;
    SemaphoreHandle_t sensor_lock;
    struct join join;
    struct desk desk;
    struct ticket ticket; /* for the live picture */
    struct dump dump;
    struct settings saved; /* what the vault holds */
    struct settings trial; /* on trial */
    bool safe_mode;
    atomic_bool wants_reboot;
    atomic_bool updating; /* an image is coming in */
    atomic_int watchers;  /* of the live picture */
    bool on_trial;        /* this image has not delivered a photo yet: no sleep before it did */
    bool capturing;       /* a photo is being taken; under `lock` */
    struct keep_crashes crashes;
    char device[SHOT_DEVICE_MAX + 1];
    char portal_ssid[WIFIPLAN_SSID_MAX + 1];
    char password[KEEP_PASSWORD_MAX]; /* of this board alone: portal, and page until one is set */
    char ca_pem[REMOTE_PEM_MAX];
    struct backlog_slot slots[APP_SLOTS];
    struct photolog_entry entries[APP_ENTRIES];
    uint8_t piece[APP_PIECE_BYTES];
};

/* Everything but the tasks. What a sketch or secrets.h says counts where nothing was saved. */
void app_start(struct app *a, const struct board *board, const struct settings *standard);

/* Starts the tasks; returns at once. */
void app_run(struct app *a);

struct mono app_now(const struct app *a);
void app_lock(struct app *a);
void app_unlock(struct app *a);

/* The password of the page now: the owner's, or the board's own. */
const char *app_page_password(const struct app *a);

/* Keeps and applies settings. With `lock` held. */
CHECKED enum err app_save(struct app *a, const struct settings *s);

/* Keeps another CA for HTTPS, "" for the built-in bundle. With `lock` held. */
CHECKED enum err app_pin_ca(struct app *a, struct slice pem);

/* Waits for `sensor_lock`, calling `feed` every second: for tasks under the watchdog. */
void app_take_sensor(struct app *a, void (*feed)(void));

/* Tries the Wi-Fi of these settings; they are kept once it was joined. With `lock` held. */
void app_try(struct app *a, const struct settings *s);

/* Erases settings, identity and what else the vault holds; then reboots. */
void app_factory_reset(struct app *a);

/* Reboots soon, photos in RAM moved to the queue first. */
void app_reboot(struct app *a);
