/* lib/wire/admin.h - who may change a device: HTTP Basic (RFC 7617) as user "admin", and only from
 * the device's own page. */
#pragma once

#include <stdbool.h>

#include "lib/base/slice.h"

enum { ADMIN_USER_PASSWORD_MAX = 160 }; /* bytes of "user:password" */

/* Is this Authorization field that of user "admin" with the password in use? The time it takes does
 * not depend on how much of the password is right. An empty `password` lets nobody in. */
bool admin_may(const char *password, struct slice authorization);

/* May a request that changes something come from this page? Origin must be this host, or absent
 * (programs send none). */
bool admin_is_same_origin(struct slice origin, struct slice host);

/* The same for a GET that changes something, where browsers send no Origin but Sec-Fetch-Site (W3C
 * Fetch Metadata): absent, "same-origin" or typed by a person ("none"). */
bool admin_is_own_fetch(struct slice sec_fetch_site);
