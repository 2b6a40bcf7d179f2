/* camrelayd - receives photos, keeps them, passes them on. See camrelayd(8). */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "relay/main/app.h"
#include "relay/port/log_stderr.h"

extern char **environ;

/* Threads inherit this: signals are for app_run() alone. */
static void block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Each photo takes and frees buffers of 64 KiB and more. With glibc's limits of 128 KiB their
 * memory would go back to the kernel and be asked for again every time: two fifths of the
 * forwarder's time. */
static void keep_some_memory(void)
{
#ifdef __GLIBC__
    enum { KEPT_BYTES = 1024 * 1024 };
    (void)mallopt(M_MMAP_THRESHOLD, KEPT_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#endif
}

int main(int argc, char **argv)
{
    static struct app a;
    char memory[CONFIG_WHY_MAX + CONFIG_PATH_MAX];
    struct buf why;
    (void)argc;
    buf_init(&why, memory, sizeof memory - 1);
    if (options_read(&a.options, argv, environ, &why) != ERR_OK) {
        fprintf(stderr, "camrelayd: %s\n", buf_text(&why));
        return 2;
    }
    if (a.options.action != OPTIONS_RUN)
        return options_answer(&a.options) ? EXIT_SUCCESS : EXIT_FAILURE;

    tzset(); /* once, while there is one thread: localtime_r() need not do it */
    log_stderr_open((enum log_stderr_times)a.options.config.log_timestamps);
    log_stderr_set_level((enum log_level)a.options.config.log_level);
    umask(S_IWGRP | S_IRWXO);
    block_signals();
    keep_some_memory();
    a.argv = argv;
    enum err e = app_drop_rights(&a);
    if (e == ERR_OK)
        e = app_open_folder(&a);
    if (e == ERR_OK)
        e = app_open_state(&a);
    if (e == ERR_OK)
        e = app_start(&a);
    if (e == ERR_OK)
        app_run(&a);
    app_close(&a);
    return e == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
