#include "idf/sockets.h" /* first: see there */

#include "idf/wifi_esp.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "esp_event.h"
#include "esp_netif.h"
#include "esp_wifi.h"
#include "lib/port/log.h"
#include "lib/wire/hijack.h"

static esp_netif_t *s_station;
static esp_netif_t *s_portal;
static atomic_bool s_scanned;
static atomic_bool s_joined;
static atomic_bool s_lost;
static bool s_portal_open;
static int s_names = -1;

static const uint8_t PORTAL_ADDRESS[4] = {192, 168, 4, 1};
static char s_portal_uri[] = "http://192.168.4.1/";

static bool worked(const char *step, esp_err_t rc)
{
    if (rc != ESP_OK)
        log_line(LOG_LEVEL_WARN, "wifi step=%s err=0x%x", step, (unsigned)rc);
    return rc == ESP_OK;
}

/* ---- events ---- */

static void on_wifi(void *arg, esp_event_base_t base, int32_t id, void *data)
{
    (void)arg;
    (void)base;
    if (id == WIFI_EVENT_SCAN_DONE) {
        atomic_store(&s_scanned, true);
    } else if (id == WIFI_EVENT_STA_DISCONNECTED) {
        const wifi_event_sta_disconnected_t *e = data;
        log_line(LOG_LEVEL_INFO, "wifi lost reason=%u", e->reason);
        atomic_store(&s_lost, true);
    }
}

static void on_address(void *arg, esp_event_base_t base, int32_t id, void *data)
{
    (void)arg;
    (void)base;
    (void)data;
    if (id == IP_EVENT_STA_GOT_IP)
        atomic_store(&s_joined, true);
    else if (id == IP_EVENT_STA_LOST_IP)
        atomic_store(&s_lost, true);
}

struct wifi_esp_events wifi_esp_take_events(void)
{
    return (struct wifi_esp_events){.scanned = atomic_exchange(&s_scanned, false),
                                    .joined = atomic_exchange(&s_joined, false),
                                    .lost = atomic_exchange(&s_lost, false)};
}

/* ---- station ---- */

enum err wifi_esp_start(const char *host_name)
{
    esp_err_t loop = esp_event_loop_create_default();
    if (!worked("netif", esp_netif_init()) ||
        (loop != ESP_ERR_INVALID_STATE && !worked("events", loop))) /* that: there is one already */
        return ERR_IO;
    s_station = esp_netif_create_default_wifi_sta();
    s_portal = esp_netif_create_default_wifi_ap();
    wifi_init_config_t init = WIFI_INIT_CONFIG_DEFAULT();
    if (s_station == NULL || s_portal == NULL || !worked("init", esp_wifi_init(&init)))
        return ERR_IO;
    (void)worked("name", esp_netif_set_hostname(s_station, host_name));
    bool good = worked("wifi events",
                       esp_event_handler_register(WIFI_EVENT, ESP_EVENT_ANY_ID, on_wifi, NULL)) &&
                worked("ip events",
                       esp_event_handler_register(IP_EVENT, ESP_EVENT_ANY_ID, on_address, NULL)) &&
                worked("storage", esp_wifi_set_storage(WIFI_STORAGE_RAM)) &&
                worked("mode", esp_wifi_set_mode(WIFI_MODE_STA)) &&
                worked("start", esp_wifi_start());
    return good ? ERR_OK : ERR_IO;
}

void wifi_esp_use_address(const struct wifi_esp_address *a)
{
    if (a->address[0] == '\0') {
        (void)esp_netif_dhcpc_start(s_station); /* "already started" is fine */
        return;
    }
    (void)esp_netif_dhcpc_stop(s_station); /* "already stopped" is fine */
    esp_netif_ip_info_t ip = {0};
    esp_netif_dns_info_t dns = {.ip.type = ESP_IPADDR_TYPE_V4};
    bool good = esp_netif_str_to_ip4(a->address, &ip.ip) == ESP_OK &&
                esp_netif_str_to_ip4(a->netmask, &ip.netmask) == ESP_OK &&
                esp_netif_str_to_ip4(a->gateway, &ip.gw) == ESP_OK &&
                worked("address", esp_netif_set_ip_info(s_station, &ip));
    const char *server = a->dns[0] != '\0' ? a->dns : a->gateway;
    if (good && esp_netif_str_to_ip4(server, &dns.ip.u_addr.ip4) == ESP_OK)
        (void)worked("dns", esp_netif_set_dns_info(s_station, ESP_NETIF_DNS_MAIN, &dns));
    if (!good) {
        log_line(LOG_LEVEL_WARN, "the fixed address is not usable; DHCP instead");
        (void)esp_netif_dhcpc_start(s_station); /* nothing else is left */
    }
}

void wifi_esp_scan(void)
{
    wifi_scan_config_t scan = {.scan_type = WIFI_SCAN_TYPE_ACTIVE};
    (void)worked("scan", esp_wifi_scan_start(&scan, false)); /* the plan's time limit goes on */
}

unsigned wifi_esp_take_scan(struct wifiplan_ap *out, unsigned cap)
{
    static wifi_ap_record_t s_records[WIFIPLAN_SEEN_MAX];
    uint16_t count = cap < WIFIPLAN_SEEN_MAX ? (uint16_t)cap : WIFIPLAN_SEEN_MAX;
    if (!worked("records", esp_wifi_scan_get_ap_records(&count, s_records)))
        return 0;
    for (unsigned i = 0; i < count; i++) {
        out[i] =
            (struct wifiplan_ap){.rssi_dbm = s_records[i].rssi, .channel = s_records[i].primary};
        snprintf(out[i].ssid, sizeof out[i].ssid, "%.32s", (const char *)s_records[i].ssid);
        memcpy(out[i].bssid, s_records[i].bssid, sizeof out[i].bssid);
    }
    return count;
}

void wifi_esp_join(const struct wifiplan_join *join, const char *password)
{
    wifi_config_t c = {.sta = {.scan_method = WIFI_ALL_CHANNEL_SCAN,
                               .sort_method = WIFI_CONNECT_AP_BY_SIGNAL,
                               .channel = join->by_name ? 0 : join->ap.channel,
                               .bssid_set = !join->by_name,
                               .pmf_cfg.capable = true}};
    memcpy(c.sta.ssid, join->ap.ssid, strlen(join->ap.ssid));
    memcpy(c.sta.password, password, strnlen(password, sizeof c.sta.password));
    memcpy(c.sta.bssid, join->ap.bssid, sizeof c.sta.bssid);
    if (worked("config", esp_wifi_set_config(WIFI_IF_STA, &c)))
        (void)worked("connect", esp_wifi_connect()); /* the plan's time limit goes on */
}

void wifi_esp_leave(void)
{
    (void)worked("leave", esp_wifi_disconnect());
}

bool wifi_esp_rssi(int *out_dbm)
{
    wifi_ap_record_t ap;
    if (esp_wifi_sta_get_ap_info(&ap) != ESP_OK)
        return false;
    *out_dbm = ap.rssi;
    return true;
}

void wifi_esp_own_address(char out[WIFI_ESP_ADDRESS_MAX])
{
    esp_netif_ip_info_t ip = {0};
    out[0] = '\0';
    if (esp_netif_get_ip_info(s_station, &ip) == ESP_OK && ip.ip.addr != 0)
        snprintf(out, WIFI_ESP_ADDRESS_MAX, IPSTR, IP2STR(&ip.ip));
}

void wifi_esp_save_power(bool on)
{
    (void)worked("power", esp_wifi_set_ps(on ? WIFI_PS_MIN_MODEM : WIFI_PS_NONE));
}

/* ---- portal ---- */

static void open_names(void)
{
    s_names = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)};
    memcpy(&a.sin_addr, PORTAL_ADDRESS, sizeof PORTAL_ADDRESS);
    if (s_names >= 0 && bind(s_names, (struct sockaddr *)&a, sizeof a) != 0) {
        close(s_names);
        s_names = -1;
    }
    if (s_names < 0)
        log_line(LOG_LEVEL_WARN, "the portal has no DNS: open http://192.168.4.1/ by hand");
}

enum err wifi_esp_open_portal(const char *ssid, const char *password)
{
    wifi_config_t c = {.ap = {.max_connection = 3, .authmode = WIFI_AUTH_WPA2_PSK}};
    size_t name = strnlen(ssid, sizeof c.ap.ssid), word = strnlen(password, sizeof c.ap.password);
    if (word < 8)
        return ERR_INPUT;
    memcpy(c.ap.ssid, ssid, name);
    memcpy(c.ap.password, password, word);
    c.ap.ssid_len = (uint8_t)name;
    (void)esp_netif_dhcps_stop(s_portal); /* "already stopped" is fine */
    (void)worked("portal uri",
                 esp_netif_dhcps_option(s_portal, ESP_NETIF_OP_SET, ESP_NETIF_CAPTIVEPORTAL_URI,
                                        s_portal_uri, sizeof s_portal_uri - 1));
    (void)esp_netif_dhcps_start(s_portal); /* the mode change below starts it, too */
    if (!worked("portal mode", esp_wifi_set_mode(WIFI_MODE_APSTA)) ||
        !worked("portal", esp_wifi_set_config(WIFI_IF_AP, &c)))
        return ERR_IO;
    open_names();
    s_portal_open = true;
    return ERR_OK;
}

void wifi_esp_close_portal(void)
{
    if (!s_portal_open)
        return;
    if (s_names >= 0)
        close(s_names);
    s_names = -1;
    s_portal_open = false;
    (void)worked("portal end", esp_wifi_set_mode(WIFI_MODE_STA));
}

bool wifi_esp_portal_is_open(void)
{
    return s_portal_open;
}

bool wifi_esp_portal_is_visited(void)
{
    wifi_sta_list_t visitors;
    return s_portal_open && esp_wifi_ap_get_sta_list(&visitors) == ESP_OK && visitors.num > 0;
}

void wifi_esp_serve_names(void)
{
    static uint8_t s_query[HIJACK_MESSAGE_MAX], s_answer[HIJACK_MESSAGE_MAX];
    for (unsigned i = 0; s_names >= 0 && i < 16; i++) {
        struct sockaddr_in from;
        socklen_t from_len = sizeof from;
        ssize_t n = recvfrom(s_names, s_query, sizeof s_query, MSG_DONTWAIT,
                             (struct sockaddr *)&from, &from_len);
        if (n <= 0)
            return;
        size_t len = hijack_answer(s_query, (size_t)n, PORTAL_ADDRESS, s_answer);
        if (len > 0)
            (void)sendto(s_names, s_answer, len, 0, (struct sockaddr *)&from, from_len);
    }
}
