#include "test/fakes/idf/fake_wifi.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/port/log.h"

struct fake_wifi fake_wifi;

void fake_wifi_reset(void)
{
    memset(&fake_wifi, 0, sizeof fake_wifi);
    fake_wifi.own_address = "192.168.1.7";
}

void wifi_esp_use_address(const struct wifi_esp_address *a)
{
    (void)snprintf(fake_wifi.address, sizeof fake_wifi.address, "%s", a->address);
}

void wifi_esp_scan(void)
{
    fake_wifi.scans++;
}

unsigned wifi_esp_take_scan(struct wifiplan_ap *out, unsigned cap)
{
    unsigned n = fake_wifi.air_count < cap ? fake_wifi.air_count : cap;
    memcpy(out, fake_wifi.air, n * sizeof *out);
    return n;
}

void wifi_esp_join(const struct wifiplan_join *join, const char *password)
{
    fake_wifi.joins++;
    fake_wifi.joined = *join;
    (void)snprintf(fake_wifi.joined_password, sizeof fake_wifi.joined_password, "%s", password);
}

void wifi_esp_leave(void)
{
    fake_wifi.leaves++;
}

struct wifi_esp_events wifi_esp_take_events(void)
{
    struct wifi_esp_events e = fake_wifi.events;
    fake_wifi.events = (struct wifi_esp_events){0};
    return e;
}

void wifi_esp_own_address(char out[WIFI_ESP_ADDRESS_MAX])
{
    (void)snprintf(out, WIFI_ESP_ADDRESS_MAX, "%s", fake_wifi.own_address);
}

enum err wifi_esp_open_portal(const char *ssid, const char *password)
{
    if (fake_wifi.fail_portal)
        return ERR_IO;
    fake_wifi.portal_open = true;
    fake_wifi.portals_opened++;
    (void)snprintf(fake_wifi.portal_ssid, sizeof fake_wifi.portal_ssid, "%s", ssid);
    (void)snprintf(fake_wifi.portal_password, sizeof fake_wifi.portal_password, "%s", password);
    return ERR_OK;
}

void wifi_esp_close_portal(void)
{
    fake_wifi.portal_open = false;
    fake_wifi.portals_closed++;
}

bool wifi_esp_portal_is_open(void)
{
    return fake_wifi.portal_open;
}

void wifi_esp_serve_names(void)
{
    fake_wifi.names_served++;
}

void log_line(enum log_level level, const char *format, ...)
{
    char line[256];
    va_list args;
    (void)level;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    (void)fprintf(stderr, "%s\n", line);
}
