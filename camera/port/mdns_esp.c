#include "idf/sockets.h" /* first: see there */

#include "camera/port/mdns_esp.h"

#include <stdio.h>
#include <string.h>

#include "mdns.h"

enum { RESULTS_MAX = 4, PAGE_PORT = 80 };

enum err mdns_esp_start(const char *name)
{
    bool good = mdns_init() == ESP_OK && mdns_hostname_set(name) == ESP_OK &&
                mdns_service_add(NULL, "_http", "_tcp", PAGE_PORT, NULL, 0) == ESP_OK;
    return good ? ERR_OK : ERR_IO;
}

/* The first IPv4 address of a result. False: it has none. */
static bool address_of(const mdns_result_t *r, char out[MDNS_ESP_ADDRESS_MAX])
{
    for (const mdns_ip_addr_t *ip = r->addr; ip != NULL; ip = ip->next) {
        if (ip->addr.type == ESP_IPADDR_TYPE_V4) {
            snprintf(out, MDNS_ESP_ADDRESS_MAX, IPSTR, IP2STR(&ip->addr.u_addr.ip4));
            return true;
        }
    }
    return false;
}

bool mdns_esp_find_relay(char out_host[MDNS_ESP_ADDRESS_MAX], uint16_t *out_port)
{
    mdns_result_t *found = NULL;
    esp_err_t rc = mdns_query_ptr("_camrelay", "_tcp", MDNS_ESP_WAIT_MS, RESULTS_MAX, &found);
    const mdns_result_t *r = rc == ESP_OK ? found : NULL;
    while (r != NULL && !address_of(r, out_host))
        r = r->next;
    if (r != NULL)
        *out_port = r->port;
    mdns_query_results_free(found);
    return r != NULL;
}

bool mdns_esp_look_up(const char *name, char out_address[MDNS_ESP_ADDRESS_MAX])
{
    char host[64];
    esp_ip4_addr_t ip = {0};
    size_t len = strcspn(name, ".");
    if (len == 0 || len >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)len, name); /* it adds .local itself */
    if (mdns_query_a(host, MDNS_ESP_WAIT_MS, &ip) != ESP_OK)
        return false;
    snprintf(out_address, MDNS_ESP_ADDRESS_MAX, IPSTR, IP2STR(&ip));
    return true;
}
