#include "relay/logic/config_diff.h"

#include <string.h>

#include "relay/logic/config_table.h"

/* Bytes of the value; texts are padded with zeros by nobody, so they are compared as texts. */
static size_t width(const struct config_key *row)
{
    switch (row->kind) {
    case CONFIG_KIND_NUMBER: return sizeof(unsigned);
    case CONFIG_KIND_CHOICE: return sizeof(enum config_durability);
    case CONFIG_KIND_SIZE:
    case CONFIG_KIND_DURATION: return sizeof(uint64_t);
    case CONFIG_KIND_FLAG: return sizeof(bool);
    case CONFIG_KIND_SECRET: return sizeof(struct config_secret);
    case CONFIG_KIND_TEXT:
    case CONFIG_KIND_ADDRESS:
    case CONFIG_KIND_URL: return (size_t)row->max + 1;
    case CONFIG_KIND_LIST: break;
    }
    return 0;
}

static bool same_secrets(const struct config *a, const struct config *b)
{
    if (a->upload_token_count != b->upload_token_count)
        return false;
    size_t bytes = sizeof a->upload_tokens[0].sha256;
    for (size_t i = 0; i < a->upload_token_count; i++) {
        if (memcmp(a->upload_tokens[i].sha256, b->upload_tokens[i].sha256, bytes) != 0)
            return false;
    }
    return true;
}

static bool same_value(const void *a, const void *b, const struct config_key *row)
{
    const char *x = (const char *)a + row->offset, *y = (const char *)b + row->offset;
    bool text = row->kind == CONFIG_KIND_TEXT || row->kind == CONFIG_KIND_ADDRESS ||
                row->kind == CONFIG_KIND_URL;
    return text ? strcmp(x, y) == 0 : memcmp(x, y, width(row)) == 0;
}

static bool same_destinations(const struct config *a, const struct config *b)
{
    if (a->destination_count != b->destination_count)
        return false;
    size_t count;
    const struct config_key *rows = config_table_destination(&count);
    for (size_t i = 0; i < a->destination_count; i++) {
        const struct config_destination *x = &a->destinations[i], *y = &b->destinations[i];
        bool same = strcmp(x->name, y->name) == 0;
        for (size_t k = 0; k < count && same; k++)
            same = same_value(x, y, &rows[k]);
        if (!same)
            return false;
    }
    return true;
}

static bool same_audio(const struct config *a, const struct config *b)
{
    bool same = a->audio_count == b->audio_count;
    for (size_t i = 0; i < a->audio_count && same; i++)
        same = strcmp(a->audio[i].name, b->audio[i].name) == 0 &&
               strcmp(a->audio[i].url, b->audio[i].url) == 0;
    return same;
}

static bool is_same(const struct config *a, const struct config *b, size_t id)
{
    size_t count;
    if (id == CONFIG_ID_remote)
        return same_destinations(a, b);
    if (id == CONFIG_ID_audio)
        return same_audio(a, b);
    if (id == CONFIG_ID_upload_token)
        return same_secrets(a, b);
    return same_value(a, b, &config_table(&count)[id]);
}

void config_diff_each(const struct config *now, const struct config *next,
                      void (*each)(void *arg, const char *key, bool reloadable), void *arg)
{
    size_t count;
    const struct config_key *rows = config_table(&count);
    for (size_t id = 0; id < count; id++) {
        if (!is_same(now, next, id))
            each(arg, rows[id].name, (rows[id].flags & CONFIG_FLAG_RELOAD) != 0);
    }
}

void config_diff_apply(struct config *now, const struct config *next)
{
    size_t count;
    const struct config_key *rows = config_table(&count);
    for (size_t id = 0; id < count; id++) {
        const struct config_key *row = &rows[id];
        if ((row->flags & CONFIG_FLAG_RELOAD) == 0 || row->kind == CONFIG_KIND_LIST)
            continue;
        memcpy((char *)now + row->offset, (const char *)next + row->offset, width(row));
        now->source[id] = next->source[id];
    }
    memcpy(now->upload_tokens, next->upload_tokens, sizeof now->upload_tokens);
    now->upload_token_count = next->upload_token_count;
    now->source[CONFIG_ID_upload_token] = next->source[CONFIG_ID_upload_token];
}
