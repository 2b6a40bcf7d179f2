#include "idf/sockets.h" /* first: see there */

#include "idf/system_esp.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

#include "esp_heap_caps.h"
#include "esp_mac.h"
#include "esp_netif_sntp.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "lib/port/log.h"

static atomic_bool s_sntp_answered;
static bool s_sntp_running;

static struct mono mono_now(void *ctx)
{
    (void)ctx;
    return (struct mono){(uint64_t)(esp_timer_get_time() / 1000)};
}

static struct wall wall_now(void *ctx)
{
    (void)ctx;
    struct timeval t;
    gettimeofday(&t, NULL);
    return (struct wall){(int64_t)t.tv_sec * 1000 + t.tv_usec / 1000};
}

struct clock system_esp_clock(void)
{
    return (struct clock){.mono_now = mono_now, .wall_now = wall_now};
}

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    esp_fill_random(out, len);
}

struct random system_esp_random(void)
{
    return (struct random){.fill = fill};
}

const char *system_esp_reset_reason(void)
{
    switch (esp_reset_reason()) {
    case ESP_RST_POWERON: return "poweron";
    case ESP_RST_EXT: return "external";
    case ESP_RST_SW: return "software";
    case ESP_RST_PANIC: return "panic";
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT: return "watchdog";
    case ESP_RST_DEEPSLEEP: return "deepsleep";
    case ESP_RST_BROWNOUT: return "brownout";
    default: return "other"; /* theirs is not our enum, and grows */
    }
}

bool system_esp_was_crash(void)
{
    esp_reset_reason_t r = esp_reset_reason();
    return r == ESP_RST_PANIC || r == ESP_RST_INT_WDT || r == ESP_RST_TASK_WDT || r == ESP_RST_WDT;
}

uint32_t system_esp_heap_free(void)
{
    return (uint32_t)heap_caps_get_free_size(MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
}

uint32_t system_esp_heap_least(void)
{
    return (uint32_t)heap_caps_get_minimum_free_size(MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT);
}

void system_esp_suffix(char out[7])
{
    uint8_t mac[6] = {0};
    if (esp_read_mac(mac, ESP_MAC_WIFI_STA) != ESP_OK)
        log_line(LOG_LEVEL_WARN, "the chip's address cannot be read");
    snprintf(out, 7, "%02x%02x%02x", mac[3], mac[4], mac[5]);
}

void system_esp_set_time(struct wall w)
{
    struct timeval t = {.tv_sec = (time_t)(w.ms / 1000),
                        .tv_usec = (suseconds_t)(w.ms % 1000) * 1000};
    settimeofday(&t, NULL);
}

static void on_sntp(struct timeval *t)
{
    (void)t;
    atomic_store(&s_sntp_answered, true);
}

void system_esp_sntp(const char *server)
{
    if (s_sntp_running)
        esp_netif_sntp_deinit();
    s_sntp_running = false;
    if (server[0] == '\0')
        return;
    esp_sntp_config_t config = ESP_NETIF_SNTP_DEFAULT_CONFIG(server);
    config.sync_cb = on_sntp;
    s_sntp_running = esp_netif_sntp_init(&config) == ESP_OK;
}

bool system_esp_sntp_answered(void)
{
    return atomic_exchange(&s_sntp_answered, false);
}

void system_esp_set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

void system_esp_local_time(struct wall w, unsigned *out_weekday, unsigned *out_minute)
{
    time_t s = (time_t)(w.ms / 1000);
    struct tm tm;
    localtime_r(&s, &tm);
    *out_weekday = (unsigned)tm.tm_wday;
    *out_minute = (unsigned)(tm.tm_hour * 60 + tm.tm_min);
}
