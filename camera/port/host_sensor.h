/* camera/port/host_sensor.h - where a virtual camera gets its pictures: a folder, a drawn scene, or
 * a webcam. All of them give JPEGs. */
#pragma once

#include <stddef.h>

#include "camera/logic/ports/sensor.h"
#include "lib/port/clock.h"

/* Every file of a folder whose name ends in .jpg or .jpeg, in the order of their names, once (or
 * again and again). One that cannot be read counts as a frame that did not come. */
struct host_folder {
    struct clock clock;
    bool again;
    char **paths; /* sorted */
    size_t count;
    size_t next;
    uint8_t *bytes;       /* of the frame that is out */
    struct sensor sensor; /* valid as long as this struct stays where it is */
};
CHECKED enum err host_sensor_folder_open(struct host_folder *f, const char *folder, bool again,
                                         struct clock clock);
void host_sensor_folder_close(struct host_folder *f); /* a zeroed one, too */

/* A test picture with a counter and a clock (testcard.h), `count` of them, 0: without end. */
struct host_scene {
    struct clock clock;
    uint32_t number;
    uint32_t count;
    uint8_t texture;
    uint16_t width;
    uint16_t height;
    uint32_t seed;
    uint32_t cap;
    uint8_t *bytes;
    struct sensor sensor; /* valid as long as this struct stays where it is */
};
CHECKED enum err host_sensor_scene_open(struct host_scene *s, uint32_t count, uint8_t texture,
                                        uint32_t seed, struct clock clock);
void host_sensor_scene_close(struct host_scene *s); /* a zeroed one, too */
