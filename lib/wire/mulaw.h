/* lib/wire/mulaw.h - mu-law of ITU-T G.711 (RFC 3551 4.5.14, PCMU): 14 bits of a sample in 8. */
#pragma once

#include <stdint.h>

uint8_t mulaw_from_pcm(int16_t sample);
int16_t mulaw_to_pcm(uint8_t code);
