#include <stdio.h>
#include <string.h>

#include "lib/wire/url.h"
#include "relay/logic/config_table.h"
#include "relay/logic/config_value.h"
#include "relay/main/app.h"

static enum health_durability durability_of(enum ground_promise promise)
{
    switch (promise) {
    case GROUND_ONE_FLUSH: return HEALTH_DURABILITY_ONE_FLUSH;
    case GROUND_PER_FILE: return HEALTH_DURABILITY_PER_FILE;
    case GROUND_NONE: break;
    }
    return HEALTH_DURABILITY_NONE;
}

static enum health_link link_of(enum destination_state state)
{
    switch (state) {
    case DESTINATION_UP: return HEALTH_LINK_UP;
    case DESTINATION_DOWN: return HEALTH_LINK_DOWN;
    case DESTINATION_HELD: break;
    }
    return HEALTH_LINK_HELD;
}

/* A URL as it may be shown: without what opens doors. */
static void show_url(const char *text, char *out, size_t cap)
{
    struct buf b;
    struct url url;
    buf_init(&b, out, cap - 1);
    if (url_split(slice_of(text), &url) == ERR_OK)
        url_show(&url, &b);
    out[b.len] = '\0';
}

static void tell_destination(struct app *a, size_t index, struct health_destination *out)
{
    const struct config_destination *d = &a->options.config.destinations[index];
    struct destination_status status = {0};
    snprintf(out->name, sizeof out->name, "%s", d->name);
    show_url(d->url, out->url, sizeof out->url);
    if (!forwarder_status(a->forwarder, (unsigned)index, &status))
        return;
    out->link = d->enabled ? link_of(status.state) : HEALTH_LINK_PAUSED;
    snprintf(out->last_error, sizeof out->last_error, "%s", status.last_error);
    memcpy(out->attempts, status.attempts, sizeof out->attempts);
}

void app_tell_health(void *ctx, struct health_input *out)
{
    struct app *a = ctx;
    struct committer_status status;
    committer_status(a->committer, &status);
    out->version = CAMRELAY_VERSION;
    out->uptime_s = (a->clock.mono_now(a->clock.ctx).ms - a->started.ms) / 1000;
    out->received_session = status.received_session;
    out->durability = durability_of(a->ground.promise);
    out->last_flush_ms = status.last_flush_ms;
    out->flush_running_ms = status.busy_ms;
    out->flush_failed = status.failing;
    out->state_failed = status.database_failing;
    out->write_failed = uploads_write_failed(a->uploads);
    out->stopping = atomic_load(&a->stopping);
    pthread_mutex_lock(&a->settings_lock);
    struct retention_rules rules = server_retention_rules(&a->options.config);
    out->floor_bytes = retention_floor(&rules, keeper_space(a->keeper).space);
    out->destination_count = a->options.config.destination_count;
    for (size_t i = 0; i < out->destination_count; i++)
        tell_destination(a, i, &out->destinations[i]);
    pthread_mutex_unlock(&a->settings_lock);
    out->now = a->clock.wall_now(a->clock.ctx);
}

size_t app_tell_settings(void *ctx, struct overview_setting *out, size_t cap)
{
    struct app *a = ctx;
    size_t count = 0;
    size_t rows = 0;
    const struct config_key *table = config_table(&rows);
    pthread_mutex_lock(&a->settings_lock);
    for (size_t i = 0; i < rows && count < cap; i++) {
        struct buf value;
        if (table[i].kind == CONFIG_KIND_LIST)
            continue;
        buf_init(&value, out[count].value, sizeof out[count].value - 1);
        /* Of a secret that is kept as its hash, only whether it is set is printed. */
        if ((table[i].flags & CONFIG_FLAG_SECRET) == 0 || table[i].kind == CONFIG_KIND_SECRET)
            config_value_print(&a->options.config, &table[i], &value);
        if (table[i].kind == CONFIG_KIND_DURATION)
            buf_add_text(&value, " s");
        out[count].value[value.len] = '\0';
        snprintf(out[count].key, sizeof out[count].key, "%s", table[i].name);
        count++;
    }
    pthread_mutex_unlock(&a->settings_lock);
    return count;
}

bool app_tell_vitals(void *ctx, const char *camera, struct vitals_camera *out)
{
    const struct app *a = ctx;
    return a->server != NULL && server_vitals(a->server, camera, out);
}

bool app_password_opens(void *ctx, struct slice password)
{
    struct app *a = ctx;
    pthread_mutex_lock(&a->settings_lock);
    const struct config_secret *wanted = &a->options.config.page_password;
    bool opens = !wanted->set || (password.ptr != NULL && config_secret_matches(wanted, password));
    pthread_mutex_unlock(&a->settings_lock);
    return opens;
}

bool app_token_opens(void *ctx, struct slice token)
{
    struct app *a = ctx;
    bool opens = false;
    pthread_mutex_lock(&a->settings_lock);
    const struct config *c = &a->options.config;
    for (size_t i = 0; i < c->upload_token_count; i++)
        opens |= config_secret_matches(&c->upload_tokens[i], token);
    pthread_mutex_unlock(&a->settings_lock);
    return opens;
}
