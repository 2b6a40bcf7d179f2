/* camera/logic/station.h - one whole camera: trigger, capture, backlog, courier, clock.
 *
 * The same code on the chip and on a host. Calls that wait for the sensor (station_expose) are
 * apart from those that touch the backlog, so that the firmware can hold its one lock around the
 * latter only:
 *
 *     without lock: station_expose      with lock: everything else */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/backlog.h"
#include "camera/logic/courier.h"
#include "camera/logic/flashpart.h"
#include "camera/logic/ident.h"
#include "camera/logic/ladder.h"
#include "camera/logic/nap.h"
#include "camera/logic/postmortem.h"
#include "camera/logic/relayfind.h"
#include "camera/logic/settings.h"
#include "camera/logic/shutter.h"
#include "camera/logic/timekeep.h"
#include "camera/logic/trigger.h"

enum {
    STATION_TALLY_SECTORS = 4,       /* of the queue's flash; the rest holds photos */
    STATION_NO_RELAY_MS = 30 * 1000, /* since start without a way to a relay: photos go to flash */
    STATION_CONNECT_MS = 10 * 1000,
    STATION_STALL_MS = 20 * 1000,
    STATION_REPLY_MS = 30 * 1000,
    STATION_LEAST_BYTES_PER_S = 2000,
    STATION_HOLD_BASE_MS = 30 * 1000,
    STATION_HOLD_CAP_MS = 15 * 60 * 1000,
};

/* What the board gives; everything borrowed for as long as the station lives. */
struct station_ports {
    const struct sensor *sensor;
    const struct stream *stream;
    const struct flash *flash; /* NULL: no queue but RAM */
    const struct vault *vault;
    const struct random *random;
    const struct dump *dump; /* of the last crash; NULL: none is kept */
};

struct station_memory {
    uint8_t *arena; /* photos in RAM */
    uint32_t arena_bytes;
    struct backlog_slot *slots;
    uint32_t slots_max;
    struct photolog_entry *entries;
    uint32_t entries_max;
    uint8_t *copy; /* one photo on its way into the backlog; NULL: lent frames */
    uint32_t copy_bytes;
    uint8_t *piece; /* one photo's bytes on their way out */
    uint32_t piece_bytes;
};

/* A photo between sensor and backlog. */
struct station_exposure {
    enum shutter_result result;
    bool again; /* FAILED, but the ladder has a further rung: call station_expose again at once */
    struct shot shot;
    struct shutter_photo photo;
};

/* The caller owns the memory; fields of the parts may be read. */
struct station {
    struct settings settings;
    char device[SHOT_DEVICE_MAX + 1];
    char ca_pem_none[1];
    const char *ca_pem; /* set by the owner before station_apply; "" for the built-in bundle */
    struct station_ports ports;
    struct station_memory memory;
    struct flashpart tally_flash;
    struct flashpart log_flash;
    struct ident ident;
    struct tally tally;
    struct photolog photolog;
    struct backlog backlog;
    struct courier courier;
    struct postmortem postmortem;
    struct relayfind relay;
    struct trigger trigger;
    struct shutter shutter;
    struct ladder ladder;
    struct timekeep time;
    struct sensor_frame lent; /* the one frame that may be out, without `copy` */
    bool sensor_on;
    bool sensor_stale; /* settings changed: start it anew before the next photo */
    bool ended;        /* the source of pictures is at its end */
    bool wants_reboot; /* the ladder asks for it */
    bool delivered;    /* a photo was acknowledged since the start */
    bool has_log;
    uint8_t reboots_kept; /* of the ladder, in the vault */
};

/* Reads log and counters back, counts the boot. `device` names the camera if the settings do not.
 * The sensor is not touched. Never fails: what does not work is left out and shown. */
void station_start(struct station *s, const struct station_ports *ports,
                   const struct station_memory *memory, const struct settings *settings,
                   const char *device);

/* New settings: takes effect at once; the sensor is started anew before the next photo. */
void station_apply(struct station *s, const struct settings *settings, struct mono now);

/* Is a photo due? */
bool station_wants_photo(struct station *s, struct mono now, struct trigger_local local,
                         enum shot_trigger *out_why);

/* Takes it, or climbs one rung of the ladder: waits for the sensor, never longer than a start, a
 * photo (SHUTTER_TAKE_MAX_MS) and a power cycle together need. While `out->again`, call it again;
 * in between the owner may feed watchdogs and let others at the sensor. */
void station_expose(struct station *s, struct mono now, enum shot_trigger why,
                    struct station_exposure *out);

/* Numbers it, keeps it. The exposure is used up. */
void station_keep(struct station *s, struct station_exposure *x);

/* Sends what can be sent now: photos, and the report of a crash. */
void station_send(struct station *s, struct mono now);

/* Should it be stepped when the stream can be read (and written)? */
bool station_wants_stream(const struct station *s, bool *out_write);

/* When station_send is to be called at the latest. */
struct deadline station_send_wake(const struct station *s);
/* The same for anything, a photo included. */
struct deadline station_wake(const struct station *s, struct mono now);

/* May the camera sleep now, and for how long? (nap.h) The owner fills in `held`, `woke`, `has_pin`
 * and `now`, and `looked` false while a photo is being taken; the rest is filled in here. What is
 * in RAM moves to the log when it could sleep otherwise. */
uint32_t station_nap_ms(struct station *s, const struct nap_facts *owner,
                        struct trigger_local local);

/* Brings the health up to date from the station's own parts; the owner adds the rest. */
void station_health(struct station *s, struct mono now);
