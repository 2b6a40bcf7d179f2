/* camera/main/vcam_fleet.h - one or many virtual cameras in one process and one thread. */
#pragma once

#include <stdio.h>

#include "camera/logic/station.h"
#include "camera/main/vcam_options.h"
#include "camera/port/file_flash.h"
#include "camera/port/host_dump.h"
#include "camera/port/host_link.h"
#include "camera/port/host_sensor.h"
#include "camera/port/host_stream.h"
#include "camera/port/host_system.h"
#include "camera/port/host_v4l2.h"
#include "camera/port/host_vault.h"

enum { VCAM_SLOTS = 64, VCAM_ENTRIES = 2048, VCAM_PIECE_BYTES = 4096 };

struct vcam {
    struct station station;
    struct host_stream stream;
    struct host_link link;
    struct host_vault vault;
    struct file_flash flash;
    struct host_dump dump;
    struct host_folder folder;
    struct host_scene scene;
    struct host_v4l2 webcam;
    struct backlog_slot slots[VCAM_SLOTS];
    struct photolog_entry entries[VCAM_ENTRIES];
    uint8_t piece[VCAM_PIECE_BYTES];
    uint8_t *arena;
    bool was_out;
    uint32_t told_sent;
    uint32_t acks;
    uint64_t ack_ms_sum;
    uint32_t ack_ms_most;
};

struct vcam_fleet {
    const struct vcam_options *options;
    struct clock clock;
    struct random random;
    struct mono start;
    struct vcam *cameras;
    uint32_t count;
    uint8_t *copy; /* one for all: photos are taken one after the other */
    void *polls;
};

/* Opens every camera. On failure says why on standard error; vcam_fleet_close copes with half. */
CHECKED enum err vcam_fleet_open(struct vcam_fleet *f, const struct vcam_options *o);
void vcam_fleet_close(struct vcam_fleet *f);

/* Does what is due, then waits for the next thing. False: everything is done, or time is up. */
bool vcam_fleet_step(struct vcam_fleet *f);

/* One JSON line with the totals. True: every photo was sent. */
bool vcam_fleet_report(const struct vcam_fleet *f, FILE *out);
