/* idf/system_esp.h - clocks, random bytes, reset reason and heap of the chip. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/port/clock.h"
#include "lib/port/random.h"

struct clock system_esp_clock(void);
struct random system_esp_random(void); /* unpredictable once the radio is on */

/* "poweron", "brownout", "watchdog", "panic", "deepsleep", "software" ... Static text. */
const char *system_esp_reset_reason(void);
/* Was the last run ended by a fault of the program? */
bool system_esp_was_crash(void);

uint32_t system_esp_heap_free(void);
uint32_t system_esp_heap_least(void); /* ever since start */

/* "a1b2c3", from the chip's address: tells boards apart, is no secret. */
void system_esp_suffix(char out[7]);

/* Sets the system's clock, for everything that shows times. */
void system_esp_set_time(struct wall w);

/* Keeps the system's clock right by SNTP from now on; "" ends it. */
void system_esp_sntp(const char *server);
/* True once per answer of the server. */
bool system_esp_sntp_answered(void);

/* Local time by a POSIX time zone. `*out_weekday`: 0 is Sunday. */
void system_esp_set_zone(const char *zone);
void system_esp_local_time(struct wall w, unsigned *out_weekday, unsigned *out_minute);
