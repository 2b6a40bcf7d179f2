/* relay/logic/limits.h - every maximum of the relay, each with the reason for its number. */
#pragma once

enum {
    /* Upload bodies wait here between the network and the disk. A chunk holds a usual camera photo
     * whole, so that it is written with one call; all together bound the memory of receiving. */
    CHUNK_BYTES = 96 * 1024,
    CHUNKS_MAX = 64,
    /* One upload may have one chunk being written and one being filled. */
    CHUNKS_PER_UPLOAD_MAX = 2,

    /* Photos in one flush. More only makes the transaction longer; a flush of a slow card takes as
     * long as thousands of photos. */
    BATCH_PHOTOS_MAX = 256,

    /* Bytes of multipart around the photo: boundaries, part heads and small text fields. */
    BODY_OVERHEAD_MAX = 64 * 1024,

    /* Write-ahead log at which the committer checkpoints. A checkpoint costs two flushes, so rare
     * is better; 16 MiB are some 200 batches and read back in well under a second at start. */
    STATE_LOG_BYTES_MAX = 16 * 1024 * 1024,
};
