/* camera/port/sleep_esp.h - deep sleep: RAM is lost, the clock goes on, and the next start is a
 * wake-up. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sleep_esp_plan {
    uint32_t ms; /* UINT32_MAX: until the pin */
    int pin;     /* wakes it up, too; -1: none */
    int level;   /* of the pin: 0 or 1 */
    int lamp;    /* held dark meanwhile; -1: none */
    bool lamp_active_low;
};

/* Can this pin wake the chip? Only some can. */
bool sleep_esp_can_wake(int pin);

/* Does not return. */
_Noreturn void sleep_esp_begin(const struct sleep_esp_plan *p);

/* Is this start a wake-up, and did the pin cause it? */
bool sleep_esp_woke(void);
bool sleep_esp_woke_by_pin(void);

/* After a wake-up: the lamp may be used again. Before anything drives it. */
void sleep_esp_release_lamp(int lamp);
