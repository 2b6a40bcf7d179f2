/* test/fakes/lib/fake_fs.h - a disk in memory that loses power, fails and forgets like a real one.
 *
 * It keeps two pictures: what programs see now, and what is on the medium. `sync` moves bytes and
 * tag of one file to the medium, `sync_names` the names of one folder, `sync_all` everything.
 * fake_fs_reboot() shows what a cut leaves of the rest, under a chosen model of loss.
 *
 * A flush that failed drops what it should have written, as Linux does: the cache still shows it, a
 * later flush says ERR_OK, and the medium never gets it ("fsyncgate").
 *
 * Every call counts, from 1. All calls may come from several threads. */
#pragma once

#include <pthread.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/port/fs.h"

enum fake_fs_call {
    FAKE_FS_ANY, /* as a lever: whichever comes */
    FAKE_FS_CREATE,
    FAKE_FS_OPEN,
    FAKE_FS_WRITE,
    FAKE_FS_READ,
    FAKE_FS_SYNC,
    FAKE_FS_CLOSE,
    FAKE_FS_FORGET,
    FAKE_FS_RENAME_NOREPLACE,
    FAKE_FS_RENAME,
    FAKE_FS_REMOVE,
    FAKE_FS_MAKE_FOLDER,
    FAKE_FS_STAT,
    FAKE_FS_LIST,
    FAKE_FS_SYNC_NAMES,
    FAKE_FS_SYNC_ALL,
    FAKE_FS_TAG_SET,
    FAKE_FS_TAG_GET,
    FAKE_FS_SPACE,
    FAKE_FS_CALLS,
};

/* What a cut leaves of what no finished flush covered. Each is a state a real disk can be in. */
enum fake_fs_loss {
    FAKE_FS_KEEP_ALL,   /* the disk was quick: nothing is lost */
    FAKE_FS_LOSE_ALL,   /* names, bytes and tags */
    FAKE_FS_LOSE_BYTES, /* names are there, unsynced bytes and tags are not */
    FAKE_FS_LOSE_NAMES, /* bytes are there, changes of names are not */
    FAKE_FS_TORN,       /* names are there; half of the unsynced bytes is */
    FAKE_FS_ZEROED,     /* names and sizes are there; the unsynced bytes are zeros */
    FAKE_FS_LOSE_TAGS,  /* only tags are lost */
    FAKE_FS_LOSSES,
};

struct fake_fs_file;
struct fake_fs_name;
struct fake_fs_change;
struct fake_fs_handle;

struct fake_fs {
    struct fs fs; /* hand this to the module under test */

    /* Levers; set them freely between calls. */
    unsigned cut_at; /* the power goes before this call of all; 0 = never */
    bool cut_jumps;  /* at the cut: longjmp(on_cut, 1), else every call answers ERR_IO */
    jmp_buf on_cut;
    bool has_tags;       /* false: tag_set keeps nothing */
    uint64_t room_bytes; /* what writes may still add before ERR_FULL */
    struct wall now;     /* stamped on files that are written */
    /* Called before every call, outside the lock; may wait (a stalled disk). NULL = none. */
    void (*before)(void *arg, enum fake_fs_call call, const char *path);
    void *before_arg;

    /* Counters; read them freely. */
    unsigned calls; /* of all, since init or reboot */
    unsigned calls_of[FAKE_FS_CALLS];
    bool off; /* the power is gone; fake_fs_reboot() brings it back */

    /* The rest belongs to the fake. */
    pthread_mutex_t lock;
    enum fake_fs_call fail_call;
    unsigned fail_in; /* matching calls until the failure; 0 = none */
    bool fail_stays;
    enum err fail_with;
    struct fake_fs_file *files;
    struct fake_fs_name *names;   /* as programs see them */
    struct fake_fs_name *durable; /* as the medium has them */
    struct fake_fs_change *changes;
    struct fake_fs_handle *handles;
    size_t file_count, name_count, durable_count, change_count, handle_count;
};

void fake_fs_init(struct fake_fs *f);
void fake_fs_deinit(struct fake_fs *f);

/* The `nth` call of this kind from now (1 = the next) answers `e` and does nothing, or, if `stays`,
 * that one and all later ones of the kind. A failing write leaves half of its bytes. nth 0 = off.
 */
void fake_fs_fail(struct fake_fs *f, enum fake_fs_call call, unsigned nth, enum err e, bool stays);

/* Cuts the power (if it is not off yet) and brings the disk back: what no flush covered is lost as
 * `loss` says, handles are gone, counters and levers are as after init but has_tags and now. */
void fake_fs_reboot(struct fake_fs *f, enum fake_fs_loss loss);
/* The same with every unsynced thing lost or kept on its own, as the dice of `seed` fall: each
 * change of a name, the bytes of each file (kept, lost, torn, zeroed), each tag. */
void fake_fs_reboot_random(struct fake_fs *f, uint32_t seed);

/* Puts a durable file there, or replaces one, folders included. Counts as no call. */
void fake_fs_put(struct fake_fs *f, const char *path, const void *data, size_t len);
/* Flips one bit of a file, in the cache and on the medium. */
void fake_fs_damage(struct fake_fs *f, const char *path, size_t offset);

bool fake_fs_has(const struct fake_fs *f, const char *path);
bool fake_fs_holds(const struct fake_fs *f, const char *path, const void *data, size_t len);
/* Names of plain files in the folder, "." for the root. */
size_t fake_fs_count(const struct fake_fs *f, const char *folder);
/* The bytes programs see; borrowed until the next call. NULL if there is no such file. */
const uint8_t *fake_fs_bytes(const struct fake_fs *f, const char *path, size_t *out_len);
/* Descriptors not closed yet; 0 at the end of a test. */
size_t fake_fs_open_count(const struct fake_fs *f);
