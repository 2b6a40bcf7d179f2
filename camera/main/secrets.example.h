/* Copy to secrets.h, which git leaves alone, and fill in. Everything here can also be set later on
 * the camera's page; what was saved there counts more. */
#pragma once

static const char *const ssid = "WiFi_SSID";
static const char *const password = "WiFi_PASSWORD";

static const char *const rpiServerIP = "192.168.1.100"; /* "" : found by mDNS */
static const int rpiServerPort = 5000;
static const char *const rpiServerPath = "/upload";
