#include "test/fakes/camera/fake_vault.h"

#include <string.h>

#include "test/unit/unit.h"

static enum err vault_get(void *ctx, const char *name, void *out, size_t cap, size_t *out_len)
{
    struct fake_vault *v = ctx;
    *out_len = 0;
    for (unsigned i = 0; i < v->count; i++) {
        if (strcmp(v->records[i].name, name) != 0)
            continue;
        if (v->records[i].len > cap)
            return ERR_LIMIT;
        memcpy(out, v->records[i].data, v->records[i].len);
        *out_len = v->records[i].len;
    }
    return ERR_OK;
}

static enum err vault_put(void *ctx, const char *name, const void *data, size_t len)
{
    struct fake_vault *v = ctx;
    assert_true(strlen(name) <= VAULT_NAME_MAX && len <= VAULT_BYTES_MAX);
    if (v->fail_put)
        return ERR_IO;
    unsigned i = 0;
    while (i < v->count && strcmp(v->records[i].name, name) != 0)
        i++;
    assert_true(i < FAKE_VAULT_RECORDS);
    v->count = i == v->count ? i + 1 : v->count;
    strcpy(v->records[i].name, name);
    memcpy(v->records[i].data, data, len);
    v->records[i].len = len;
    v->puts++;
    return ERR_OK;
}

static enum err vault_clear(void *ctx)
{
    struct fake_vault *v = ctx;
    v->count = 0;
    return ERR_OK;
}

void fake_vault_init(struct fake_vault *v)
{
    memset(v, 0, sizeof *v);
    v->vault = (struct vault){.ctx = v, .get = vault_get, .put = vault_put, .clear = vault_clear};
}
