/* idf/sockets.h - lwIP's sockets without its ERR_OK, which is the name of our own success.
 *
 * Include this before any header of ESP-IDF that may bring lwIP along (esp_tls.h, sys/socket.h). */
#pragma once

#define ERR_OK LWIP_ERR_OK
#include "lwip/err.h"
#include "lwip/netdb.h"
#include "lwip/sockets.h"
#undef ERR_OK
