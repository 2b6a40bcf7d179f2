/* relay/main/options.h - the settings of one run, gathered from file, environment and command line.
 *
 * The command line is read twice: once for --config and what is to be done at all, and again, after
 * file and environment, for the settings, so that the later source wins. */
#pragma once

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "relay/logic/config.h"

enum options_action {
    OPTIONS_RUN,
    OPTIONS_CHECK, /* --check-config: say whether the settings are good */
    OPTIONS_PRINT, /* --print-config: the settings in force, as a file, without secrets */
    OPTIONS_HELP,
    OPTIONS_VERSION,
};

struct options {
    enum options_action action;
    char file[CONFIG_PATH_MAX]; /* "" = none */
    struct config config;
};

/* Reads everything. `environment` is environ: only names that begin with CAMRELAY_ are
 * looked at, and only those that are a setting or nearly one.
 * On failure `why` is one line, with the place: "camrelayd.conf:3: port: ...", "--port: ...",
 * "CAMRELAY_PORT: ...". At a reload it is called again with the same arguments. */
CHECKED enum err options_read(struct options *o, char *const *argv, char *const *environment,
                              struct buf *why);

/* For any action but OPTIONS_RUN: prints to standard output. False if that failed. */
bool options_answer(const struct options *o);
