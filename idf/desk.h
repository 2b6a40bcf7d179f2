/* idf/desk.h - what the shared part of a device's page (desk_esp.h) asks of the program behind it.
 */
#pragma once

#include "idf/join.h"
#include "lib/wire/prefs.h"

/* Everything borrowed; lock, unlock and reboot may be called from any task, the rest is called with
 * the lock held unless it says otherwise. */
struct desk {
    void *ctx;
    const struct prefs_table *table;
    const char *realm; /* "camera" */
    struct join *join;
    void (*lock)(void *ctx);
    void (*unlock)(void *ctx);
    const char *(*password)(void *ctx);         /* of user admin */
    const void *(*values)(void *ctx);           /* in force */
    enum err (*save)(void *ctx, const void *v); /* keep and apply */
    void (*try_wifi)(void *ctx, const void *v); /* as join_try */
    void (*before_update)(void *ctx); /* without the lock; what hates flash writes stops */
    void (*after_update)(void *ctx);  /* it failed: all goes on; NULL: nothing to do */
    void (*reboot)(void *ctx);        /* soon; any task */
};
