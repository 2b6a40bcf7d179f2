#include "relay/logic/ground.h"

#include <stddef.h>
#include <string.h>

struct ground_row {
    const char *type;
    enum ground_promise promise;
    const char *reason;
};

static const char NETWORK[] = "a network file system answers for a disk that is not here";
static const char NO_JOURNAL[] =
    "a file system without a journal may lose names that were safe before";

/* A type that is not in this table is not trusted: better to promise too little. */
static const struct ground_row ROWS[] = {
    {"ext4", GROUND_ONE_FLUSH, "ext4 on one device"},
    {"xfs", GROUND_ONE_FLUSH, "xfs on one device"},
    {"btrfs", GROUND_ONE_FLUSH, "btrfs on one device"},
    {"f2fs", GROUND_ONE_FLUSH, "f2fs on one device"},
    {"ext3", GROUND_PER_FILE, "ext3 is flushed file by file"},
    {"jfs", GROUND_PER_FILE, "jfs is flushed file by file"},
    {"nilfs2", GROUND_PER_FILE, "nilfs2 is flushed file by file"},
    {"reiserfs", GROUND_PER_FILE, "reiserfs is flushed file by file"},
    {"ubifs", GROUND_PER_FILE, "ubifs is flushed file by file"},
    {"zfs", GROUND_PER_FILE, "zfs is flushed file by file"},
    {"bcachefs", GROUND_PER_FILE, "bcachefs is flushed file by file"},
    {"tmpfs", GROUND_NONE, "tmpfs is memory: everything is gone with the power"},
    {"ramfs", GROUND_NONE, "ramfs is memory: everything is gone with the power"},
    {"overlay", GROUND_NONE,
     "an overlay (a container's own disk) promises nothing; mount a volume"},
    {"aufs", GROUND_NONE, "an overlay (a container's own disk) promises nothing; mount a volume"},
    {"nfs", GROUND_NONE, NETWORK},
    {"nfs4", GROUND_NONE, NETWORK},
    {"cifs", GROUND_NONE, NETWORK},
    {"smb3", GROUND_NONE, NETWORK},
    {"9p", GROUND_NONE, NETWORK},
    {"virtiofs", GROUND_NONE, NETWORK},
    {"ceph", GROUND_NONE, NETWORK},
    {"fuse", GROUND_NONE, "a program in between (FUSE) decides what a flush means"},
    {"fuseblk", GROUND_NONE, "a program in between (FUSE) decides what a flush means"},
    {"ext2", GROUND_NONE, NO_JOURNAL},
    {"vfat", GROUND_NONE, NO_JOURNAL},
    {"msdos", GROUND_NONE, NO_JOURNAL},
    {"exfat", GROUND_NONE, NO_JOURNAL},
};

static const struct ground_row *find_row(const char *type)
{
    if (strncmp(type, "fuse.", 5) == 0)
        type = "fuse"; /* "fuse.sshfs" and its like */
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (strcmp(ROWS[i].type, type) == 0)
            return &ROWS[i];
    }
    return NULL;
}

static struct ground_verdict judge_mount(const struct ground_mount *m)
{
    const struct ground_row *row = find_row(m->type);
    if (row == NULL)
        return (struct ground_verdict){GROUND_NONE, "the file system is of a kind we do not know"};
    if (row->promise != GROUND_NONE && m->no_barriers)
        return (struct ground_verdict){GROUND_NONE, "mounted without write barriers"};
    return (struct ground_verdict){row->promise, row->reason};
}

struct ground_verdict ground_judge(const struct ground_facts *f)
{
    struct ground_verdict photos = judge_mount(&f->photos);
    struct ground_verdict state = judge_mount(&f->state);
    if (photos.promise == GROUND_NONE)
        return photos;
    if (state.promise == GROUND_NONE)
        return state; /* a key that is forgotten stores its photo twice */
    if (photos.promise != GROUND_ONE_FLUSH)
        return photos;
    if (f->kernel_major < 5 || (f->kernel_major == 5 && f->kernel_minor < 8))
        return (struct ground_verdict){GROUND_PER_FILE,
                                       "before Linux 5.8 syncfs does not report errors"};
    if (!f->one_device)
        return (struct ground_verdict){GROUND_PER_FILE,
                                       "photos and .camrelay lie on different devices"};
    return photos;
}

const char *ground_promise_name(enum ground_promise promise)
{
    switch (promise) {
    case GROUND_NONE: return "none";
    case GROUND_PER_FILE: return "per-file";
    case GROUND_ONE_FLUSH: return "one-flush";
    }
    return "none";
}
