/* camera/main/vcam_options.h - the command line of vcam(1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "camera/logic/settings.h"
#include "camera/port/host_link.h"
#include "camera/port/host_vault.h"

enum {
    VCAM_CAMERAS_MAX = 10000,
    VCAM_SETS_MAX = 64,
};

struct vcam_options {
    const char *frames; /* folder; NULL: none */
    const char *webcam; /* device; NULL: none */
    const char *crash;  /* file sent as a core dump, then removed; NULL: none */
    bool again;         /* the folder over and over */
    bool no_wait;       /* take photos although there is no room for them */
    bool quiet;
    bool stay;       /* go on when all photos are sent */
    uint32_t photos; /* of the drawn scene, each camera; 0: without end */
    uint32_t texture;
    uint32_t count; /* cameras */
    uint32_t ram_kib;
    uint32_t queue_kib; /* 0: RAM only */
    uint32_t deadline_s;
    const char *state;  /* folder */
    const char *report; /* file for the last line; NULL: standard output */
    struct host_link_config link;
    struct settings settings;
};

enum vcam_answer {
    VCAM_RUN,
    VCAM_HELPED, /* help or version was printed */
    VCAM_WRONG,  /* and said so on standard error */
};

enum vcam_answer vcam_options_read(struct vcam_options *o, int argc, char **argv);
