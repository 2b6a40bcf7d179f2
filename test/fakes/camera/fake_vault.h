/* test/fakes/camera/fake_vault.h - struct vault in memory that can be erased or fail. */
#pragma once

#include <stdbool.h>

#include "lib/port/vault.h"

enum { FAKE_VAULT_RECORDS = 8 };

struct fake_vault {
    struct {
        char name[VAULT_NAME_MAX + 1];
        char data[VAULT_BYTES_MAX];
        size_t len;
    } records[FAKE_VAULT_RECORDS];
    unsigned count;
    unsigned puts;
    bool fail_put;
    struct vault vault;
};

void fake_vault_init(struct fake_vault *v);
