#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/port/log.h"
#include "relay/logic/config_diff.h"
#include "relay/logic/lanhints.h"
#include "relay/main/app.h"
#include "relay/port/log_stderr.h"
#include "relay/port/net_ifaddrs.h"
#include "relay/port/notify_systemd.h"

enum { PULSE_MS = 200 };

extern char **environ;

static void tell_manager(const char *text)
{
    if (notify_send(text) != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the service manager could not be told");
}

/* What a person needs to point a camera here. */
static void print_hints(struct app *a)
{
    const struct config *c = &a->options.config;
    struct net_address addresses[NET_ADDRESSES_MAX];
    size_t count = 0;
    char memory[4096];
    struct buf out;
    bool everywhere = strcmp(c->host, "0.0.0.0") == 0 || strcmp(c->host, "::") == 0;
    if (!c->lan_hints || net_addresses(addresses, &count) != ERR_OK)
        return;
    buf_init(&out, memory, sizeof memory);
    for (size_t i = 0; everywhere && i < count && !addresses[i].is_ipv6; i++)
        lanhints_add(&out, addresses[i].text, http_mhd_port(a->front), c->tls_cert[0] != '\0');
    if (!everywhere)
        lanhints_add(&out, c->host, http_mhd_port(a->front), c->tls_cert[0] != '\0');
    if (!out.overflowed && out.len > 0)
        fwrite(out.ptr, 1, out.len, stderr);
}

static void note_change(void *arg, const char *key, bool reloadable)
{
    (void)arg;
    if (reloadable)
        log_line(LOG_LEVEL_INFO, "setting changed key=%s", key);
    else
        log_line(LOG_LEVEL_WARN, "setting takes effect at the next start only key=%s", key);
}

static void apply(struct app *a, const struct config *next)
{
    struct dispatch_target targets[DESTINATIONS_MAX];
    pthread_mutex_lock(&a->settings_lock);
    config_diff_each(&a->options.config, next, note_change, NULL);
    config_diff_apply(&a->options.config, next);
    server_set_config(a->server, &a->options.config);
    struct uploads_rules rules = app_rules(&a->options.config);
    uploads_set_rules(a->uploads, &rules);
    struct retention_rules space = server_retention_rules(&a->options.config);
    keeper_set_rules(a->keeper, &space);
    keeper_set_adopting(a->keeper, (uint32_t)a->options.config.adopt_still_ms,
                        config_accept(&a->options.config));
    committer_set_dedupe(a->committer, (uint32_t)(a->options.config.dedupe_window_ms / 1000));
    if (app_targets(a, targets) > 0)
        forwarder_set_targets(a->forwarder, targets);
    log_stderr_set_level((enum log_level)a->options.config.log_level);
    pthread_mutex_unlock(&a->settings_lock);
}

static void reload(struct app *a)
{
    static struct options next;
    char memory[CONFIG_WHY_MAX + CONFIG_PATH_MAX];
    struct buf why;
    buf_init(&why, memory, sizeof memory - 1);
    if (notify_reloading() != ERR_OK)
        log_line(LOG_LEVEL_WARN, "the service manager could not be told");
    if (options_read(&next, a->argv, environ, &why) == ERR_OK) {
        log_line(LOG_LEVEL_INFO, "settings read again");
        apply(a, &next.config);
    } else {
        log_line(LOG_LEVEL_ERROR, "settings stay as they were: %s", buf_text(&why));
    }
    tell_manager("READY=1");
}

void app_run(struct app *a)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    const struct timespec pulse = {.tv_nsec = PULSE_MS * 1000000L};
    log_line(LOG_LEVEL_INFO, "listening host=%s port=%u dir=%s durability=%s",
             a->options.config.host, (unsigned)http_mhd_port(a->front), a->folder,
             ground_promise_name(a->ground.promise));
    print_hints(a);
    tell_manager("READY=1");
    int signal = 0;
    while (signal != SIGTERM && signal != SIGINT) {
        signal = sigtimedwait(&set, NULL, &pulse);
        if (signal == SIGHUP)
            reload(a);
        uploads_pulse(a->uploads);
        metrics_set(&a->metrics, METRIC_CONNECTIONS, http_mhd_connections(a->front));
    }
    log_line(LOG_LEVEL_INFO, "stopping");
    tell_manager("STOPPING=1");
}
