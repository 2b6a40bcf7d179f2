/* test/browser/ble_peer.c - the streamer's own GATT logic over pipes, for a browser test that plays
 * the Bluetooth stack: orders come by line, and what the stack would be told goes out by line.
 *
 *   connect MTU | gone | subscribe PART 0|1 | full 0|1 (the stack takes nothing)
 *   step (20 ms of a tone pass) | control HEX -> "c STATUS" | read PART -> "r HEX"
 *   gain -> "g DB" | and at any time, notifications: "n PART HEX"
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/logic/gattcast.h"

enum { TAPE = 8192, LINE_MAX_CHARS = 256, TONE_HZ = 1000 };

static const double pi = 3.14159265358979323846;

static struct {
    _Atomic int16_t memory[TAPE];
    struct tape tape;
    struct chain chain;
    struct pulse pulse;
    struct studio studio;
    struct gattcast cast;
    bool full;
    uint64_t played;
} peer;

static void print_hex(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        (void)printf("%02x", bytes[i]);
    (void)puts("");
}

static enum err notify(void *ctx, uint16_t characteristic, const void *data, size_t len)
{
    (void)ctx;
    if (peer.full)
        return ERR_FULL;
    (void)printf("n %u ", characteristic);
    print_hex(data, len);
    return ERR_OK;
}

static enum err push(void *ctx, const void *data, size_t len)
{
    return notify(ctx, 0, data, len);
}

static unsigned waiting(void *ctx)
{
    (void)ctx;
    return 0;
}

static struct radio_link look(void *ctx)
{
    (void)ctx;
    return (struct radio_link){.rssi_dbm = -60, .phy = 2, .interval = 12};
}

static void nothing(void *ctx)
{
    (void)ctx;
}

static void step(void)
{
    int16_t x[GATTCAST_BLOCK];
    for (unsigned i = 0; i < GATTCAST_BLOCK; i++, peer.played++)
        x[i] = (int16_t)lround(20000 * sin(2 * pi * TONE_HZ * (double)peer.played / CHAIN_HZ));
    tape_write(&peer.tape, x, GATTCAST_BLOCK);
    gattcast_step(&peer.cast, (struct mono){peer.played / 16});
}

static void control(const char *hex)
{
    uint8_t bytes[LINE_MAX_CHARS / 2];
    size_t len = 0;
    for (; hex[0] != '\0' && hex[1] != '\0'; hex += 2) {
        const char digits[] = {hex[0], hex[1], '\0'};
        bytes[len++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    (void)printf("c %u\n", gattcast_control(&peer.cast, bytes, len));
}

static void obey(const char *line)
{
    uint8_t value[RADIO_VALUE_MAX];
    char *end = NULL;
    const char *rest = strchr(line, ' ');
    unsigned number = rest != NULL ? (unsigned)strtoul(rest, &end, 10) : 0;
    if (strncmp(line, "step", 4) == 0)
        step();
    else if (strncmp(line, "connect ", 8) == 0) {
        gattcast_connected(&peer.cast, (struct mono){peer.played / 16});
        gattcast_mtu(&peer.cast, (uint16_t)number);
    } else if (strncmp(line, "gone", 4) == 0)
        gattcast_gone(&peer.cast);
    else if (strncmp(line, "subscribe ", 10) == 0)
        gattcast_subscribed(&peer.cast, (uint16_t)number, end[0] == ' ' && end[1] == '1');
    else if (strncmp(line, "control ", 8) == 0)
        control(rest + 1);
    else if (strncmp(line, "gain", 4) == 0)
        (void)printf("g %d\n", peer.studio.gain_db);
    else if (strncmp(line, "full ", 5) == 0)
        peer.full = number != 0;
    else if (strncmp(line, "read ", 5) == 0) {
        size_t len = gattcast_read(&peer.cast, (uint16_t)number, value);
        (void)printf("r ");
        print_hex(value, len);
    }
}

int main(void)
{
    static const struct radio radio = {.notify = notify,
                                       .push = push,
                                       .waiting = waiting,
                                       .look = look,
                                       .hurry = nothing,
                                       .secure = nothing,
                                       .advertise = nothing,
                                       .quiet = nothing};
    char line[LINE_MAX_CHARS];
    tape_init(&peer.tape, peer.memory, TAPE);
    chain_init(&peer.chain, &peer.tape, 2, 0);
    pulse_init(&peer.pulse, CHAIN_ADC_HZ, 1, (struct mono){0});
    peer.studio = (struct studio){.chain = &peer.chain, .pulse = &peer.pulse, .listeners_max = 1};
    gattcast_init(&peer.cast, &peer.studio, &radio);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
        (void)fflush(stdout);
    }
    return EXIT_SUCCESS;
}
