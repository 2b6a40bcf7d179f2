/* camera/main/vcam.c - the virtual camera: the firmware's logic on a Linux host, vcam(1). */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "camera/main/vcam_fleet.h"

static volatile sig_atomic_t s_stop;

static void on_signal(int number)
{
    (void)number;
    s_stop = 1;
}

static bool report(const struct vcam_fleet *f, const char *path)
{
    if (path == NULL)
        return vcam_fleet_report(f, stdout);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        perror(path);
        return false;
    }
    bool all_sent = vcam_fleet_report(f, file);
    return fclose(file) == 0 && all_sent;
}

int main(int argc, char **argv)
{
    struct vcam_options options;
    switch (vcam_options_read(&options, argc, argv)) {
    case VCAM_RUN: break;
    case VCAM_HELPED: return EXIT_SUCCESS;
    case VCAM_WRONG: return 2;
    }
    struct sigaction stop = {.sa_handler = on_signal};
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);

    struct vcam_fleet fleet;
    bool all_sent = false;
    enum err e = vcam_fleet_open(&fleet, &options);
    while (e == ERR_OK && s_stop == 0 && vcam_fleet_step(&fleet))
        continue;
    if (e == ERR_OK)
        all_sent = report(&fleet, options.report);
    vcam_fleet_close(&fleet);
    return e != ERR_OK ? 2 : all_sent ? EXIT_SUCCESS : EXIT_FAILURE;
}
