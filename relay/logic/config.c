#include "relay/logic/config.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "relay/logic/config_table.h"
#include "relay/logic/config_value.h"
#include "relay/logic/medium.h"
#include "relay/logic/nearest.h"
#include "relay/logic/recordname.h"

static const char *const SETTING_WORDS[] = {
#define CONFIG_KEY(kind, key, field, fallback, min, max, flags, help) #key,
#define CONFIG_CHOICE(type, key, fallback, words, flags, help) #key,
#include "relay/logic/config.def"
};

static const char *const DESTINATION_WORDS[] = {
#define CONFIG_DESTINATION_KEY(kind, key, field, max, flags, help) #key,
#include "relay/logic/config.def"
};

const char *config_suggest(struct slice typed)
{
    return nearest_find(typed, SETTING_WORDS, CONFIG_ID_COUNT);
}

void config_init(struct config *c)
{
    *c = (struct config){0};
    size_t count;
    const struct config_key *rows = config_table(&count);
    for (size_t i = 0; i < count; i++) {
        struct buf why;
        buf_init(&why, NULL, 0);
        if (rows[i].kind != CONFIG_KIND_LIST) {
            enum err e = config_value_read(c, &rows[i], slice_of(rows[i].fallback), &why);
            assert(e == ERR_OK); /* our own table */
            (void)e;
        }
    }
}

static enum err refuse_unknown(struct slice typed, const char *const *words, size_t count,
                               struct buf *why)
{
    buf_add_text(why, "unknown setting");
    const char *near = nearest_find(typed, words, count);
    if (near != NULL)
        buf_add_format(why, "; did you mean \"%s\"?", near);
    return ERR_INPUT;
}

/* Destinations and audio streamers are called alike. */
static bool is_name(struct slice s)
{
    return recordname_is_source(s);
}

/* Copies the destination of that name, or a new one, to `*out_d` and its place to `*out_index`. */
static enum err find_destination(const struct config *c, struct slice name, struct buf *why,
                                 struct config_destination *out_d, size_t *out_index)
{
    size_t i = 0;
    while (i < c->destination_count && !slice_eq(slice_of(c->destinations[i].name), name))
        i++;
    if (i == DESTINATIONS_MAX) {
        buf_add_format(why, "too many destinations; at most %d", DESTINATIONS_MAX);
        return ERR_INPUT;
    }
    *out_index = i;
    if (i < c->destination_count) {
        *out_d = c->destinations[i];
        return ERR_OK;
    }
    *out_d = (struct config_destination){.enabled = true};
    (void)slice_to_text(name, out_d->name, sizeof out_d->name); /* is_name() was asked */
    return ERR_OK;
}

static void put_destination(struct config *c, size_t index, const struct config_destination *d)
{
    c->destinations[index] = *d;
    if (index == c->destination_count)
        c->destination_count++;
}

enum err config_set_destination(struct config *c, struct slice name, struct slice key,
                                struct slice value, struct buf *why)
{
    size_t count;
    const struct config_key *rows = config_table_destination(&count);
    const struct config_key *row = config_table_find(rows, count, key);
    if (row == NULL)
        return refuse_unknown(key, DESTINATION_WORDS, count, why);
    if (!is_name(name)) {
        config_value_quote(why, name);
        buf_add_format(why,
                       " is not a name for a destination: 1 to %d letters, digits, '.', '_', '-'",
                       DESTINATION_NAME_MAX - 1);
        return ERR_INPUT;
    }
    struct config_destination d;
    size_t index;
    enum err e = find_destination(c, name, why, &d, &index);
    if (e != ERR_OK)
        return e;
    unsigned bit = 1u << (row - rows);
    if ((c->destination_keys[index] & bit) != 0) {
        buf_add_text(why, "given twice for this destination");
        return ERR_INPUT;
    }
    e = config_value_read(&d, row, value, why);
    if (e != ERR_OK)
        return e;
    put_destination(c, index, &d);
    c->destination_keys[index] |= bit;
    if (row->kind == CONFIG_KIND_URL)
        c->destination_source[index] = CONFIG_FROM_FILE;
    return ERR_OK;
}

/* NAME=URL, or a URL alone. */
static struct slice split_remote(struct slice value, struct slice *out_url)
{
    struct slice rest, name = slice_cut(value, '=', &rest);
    if (name.len < value.len && is_name(name)) {
        *out_url = rest;
        return name;
    }
    *out_url = value;
    return (struct slice){0};
}

static enum err set_remote(struct config *c, enum config_source source, struct slice value,
                           struct buf *why)
{
    char url[CONFIG_URL_MAX], numbered[DESTINATION_NAME_MAX];
    struct slice url_text, name = split_remote(value, &url_text);
    enum err e = config_value_url(url_text, "/upload", url, why);
    if (e != ERR_OK)
        return e;
    unsigned before = c->source[CONFIG_ID_remote] == source ? c->remotes_unnamed : 0;
    unsigned number = before + (name.len == 0);
    if (name.len == 0) {
        (void)snprintf(numbered, sizeof numbered, number == 1 ? "remote" : "remote%u", number);
        name = slice_of(numbered);
    }
    struct config_destination d;
    size_t index;
    e = find_destination(c, name, why, &d, &index);
    if (e != ERR_OK)
        return e;
    if (c->destination_source[index] == source) {
        buf_add_format(why, "destination \"%s\" is given twice", d.name);
        return ERR_INPUT;
    }
    /* A token belongs to the place it was written for: another URL does not inherit it. */
    if (d.url[0] != '\0' && strcmp(d.url, url) != 0) {
        d.token[0] = d.tls_ca[0] = '\0';
        d.tls_insecure = false;
        d.enabled = true;
    }
    memcpy(d.url, url, sizeof url);
    put_destination(c, index, &d);
    c->destination_source[index] = source;
    c->remotes_unnamed = number;
    return ERR_OK;
}

/* Those of one source add up, and replace those of an earlier one. */
static enum err add_audio(struct config *c, enum config_source source, struct slice value,
                          struct buf *why)
{
    struct config_audio a = {0};
    struct slice url, name = split_remote(value, &url);
    size_t count = c->source[CONFIG_ID_audio] == source ? c->audio_count : 0;
    enum err e = config_value_url(url, "/stream.wav", a.url, why);
    if (e != ERR_OK)
        return e;
    if (count == CONFIG_AUDIO_MAX) {
        buf_add_format(why, "too many of them; at most %d", CONFIG_AUDIO_MAX);
        return ERR_INPUT;
    }
    if (name.len > 0)
        (void)slice_to_text(name, a.name, sizeof a.name); /* is_name() was asked */
    else
        (void)snprintf(a.name, sizeof a.name, count == 0 ? "audio" : "audio%zu", count + 1);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(c->audio[i].name, a.name) == 0) {
            buf_add_format(why, "audio streamer \"%s\" is given twice", a.name);
            return ERR_INPUT;
        }
    }
    c->audio[count] = a;
    c->audio_count = count + 1;
    return ERR_OK;
}

static enum err add_token(struct config *c, enum config_source source, struct slice value,
                          struct buf *why)
{
    size_t count;
    const struct config_key *row = &config_table(&count)[CONFIG_ID_upload_token];
    struct config_secret secret;
    struct config_key plain = *row;
    plain.kind = CONFIG_KIND_SECRET;
    plain.min = 1;
    plain.offset = 0;
    enum err e = config_value_read(&secret, &plain, value, why);
    if (e != ERR_OK)
        return e;
    if (c->source[CONFIG_ID_upload_token] != source)
        c->upload_token_count = 0;
    if (c->upload_token_count == CONFIG_TOKENS_MAX) {
        buf_add_format(why, "too many of them; at most %d", CONFIG_TOKENS_MAX);
        return ERR_INPUT;
    }
    c->upload_tokens[c->upload_token_count++] = secret;
    return ERR_OK;
}

static enum err set_value(struct config *c, enum config_source source, const struct config_key *row,
                          struct slice value, struct buf *why)
{
    size_t count;
    ptrdiff_t id = row - config_table(&count);
    if (id == CONFIG_ID_remote)
        return set_remote(c, source, value, why);
    if (id == CONFIG_ID_audio)
        return add_audio(c, source, value, why);
    if (id == CONFIG_ID_upload_token)
        return add_token(c, source, value, why);
    if (source == CONFIG_FROM_FILE && c->source[id] == source) {
        buf_add_text(why, "given twice");
        return ERR_INPUT;
    }
    return config_value_read(c, row, value, why);
}

enum err config_set(struct config *c, enum config_source source, struct slice key,
                    struct slice value, struct buf *why)
{
    assert(source != CONFIG_FROM_DEFAULT);
    size_t count;
    const struct config_key *rows = config_table(&count);
    const struct config_key *row = config_table_find(rows, count, key);
    if (row == NULL)
        return refuse_unknown(key, SETTING_WORDS, count, why);
    enum err e = set_value(c, source, row, value, why);
    if (e != ERR_OK)
        return e;
    c->source[row - rows] = source;
    return ERR_OK;
}

unsigned config_accept(const struct config *c)
{
    unsigned mask = 0;
    struct buf why;
    buf_init(&why, NULL, 0);
    enum err e = medium_read_list(slice_of(c->accept), &mask, &why);
    return e == ERR_OK ? mask : MEDIUM_BIT(MEDIUM_JPEG); /* config_finish() looked at it */
}

enum err config_finish(struct config *c, struct buf *why)
{
    unsigned accept;
    if (medium_read_list(slice_of(c->accept), &accept, why) != ERR_OK)
        return ERR_INPUT;
    if ((c->tls_cert[0] == '\0') != (c->tls_key[0] == '\0')) {
        buf_add_text(why, "tls_cert and tls_key need each other");
        return ERR_INPUT;
    }
    bool has_remote = false;
    for (size_t i = 0; i < c->destination_count; i++) {
        struct config_destination *d = &c->destinations[i];
        if (d->url[0] == '\0') {
            buf_add_format(why, "destination \"%s\" has no url", d->name);
            return ERR_INPUT;
        }
        if (strcmp(d->name, "remote") != 0)
            continue;
        has_remote = true;
        if (d->token[0] == '\0')
            memcpy(d->token, c->remote_token, sizeof d->token);
    }
    if (c->remote_token[0] != '\0' && !has_remote) {
        buf_add_text(why, "remote_token is given, but no destination is called remote");
        return ERR_INPUT;
    }
    return ERR_OK;
}

bool config_secret_matches(const struct config_secret *s, struct slice presented)
{
    uint8_t sha256[sizeof s->sha256];
    config_value_hash(presented, sha256);
    unsigned different = !s->set;
    for (size_t i = 0; i < sizeof sha256; i++)
        different |= (unsigned)(sha256[i] ^ s->sha256[i]);
    return different == 0;
}
