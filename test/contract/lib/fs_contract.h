/* test/contract/lib/fs_contract.h - what every struct fs must do, real or fake. */
#pragma once

#include "lib/port/fs.h"

struct fs_contract {
    const char *name; /* of the implementation, for the report */
    /* Gives an empty disk before each test and takes it back after. */
    const struct fs *(*open)(void);
    void (*close)(void);
};

/* Runs the whole suite; answers the number of tests that failed. */
int fs_contract_run(const struct fs_contract *contract);
