/* test/fakes/relay_port/state_home.h - a real database in a folder of its own, opened, filled, and
 * left the way a killed process leaves it. One at a time per test program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/port/state_sqlite.h"

enum { HOME_PATH_MAX = 256, HOME_COPY_MAX = 4 << 20 };

struct state_home {
    char folder[64];
    char path[HOME_PATH_MAX]; /* of the database */
    struct state state;
    struct state_view view;
    bool open;
    bool viewed;
};

extern struct state_home home_db;
extern unsigned char home_bytes[HOME_COPY_MAX]; /* what home_read_file read */

/* For cmocka and for the contract: before and after each test. */
int home_begin(void **state);
int home_end(void **state);
void home_fresh(void);
void home_clean(void);
void home_make_folder(void);
void home_remove_folder(const char *folder);

void home_open_state(struct state *out);
void home_open_view(struct state_view *out);
void home_close_views(void);
void home_close_clean(int64_t flushed);
struct state_mark home_reopen(void);
/* What a killed process leaves is what lies in its files now: goes on with a copy of them. */
void home_kill_it(void);

/* Commits one photo as a batch of its own. */
enum err home_put(int64_t id, const char *key);
/* Makes a database with 40 photos and closes it. */
void home_make_stored(void);
uint64_t home_stored(void);

/* Files of the folder with `part` in their names. */
size_t home_files_like(const char *part);
const char *home_beside(const char *path, const char *suffix);
void home_write_file(const char *path, const void *data, size_t len);
size_t home_read_file(const char *path); /* 0 if there is none */
