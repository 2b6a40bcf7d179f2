/* bench/camera_count.c - what a camera's logic does with one photo, to be counted by callgrind
 * (camera.py): camera_count send|keep|read|check|digest KIB */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "camera/logic/courier.h"
#include "lib/base/sha256.h"
#include "lib/wire/jpeg.h"

enum { KIB = 1024, SECTOR = 4096, FLASH = 1024 * KIB, ENTRIES = 64 };

static uint8_t s_flash[FLASH], s_photo[512 * KIB], s_arena[512 * KIB], s_piece[4096];
static struct photolog_entry s_entries[ENTRIES];
static struct photolog s_log;

/* ---- a flash, a stream and chance that cost nothing worth mentioning ---- */

static enum err flash_read(void *ctx, uint32_t offset, void *out, size_t len)
{
    (void)ctx;
    memcpy(out, s_flash + offset, len);
    return ERR_OK;
}

static enum err flash_write(void *ctx, uint32_t offset, const void *data, size_t len)
{
    (void)ctx;
    memcpy(s_flash + offset, data, len);
    return ERR_OK;
}

static enum err flash_erase(void *ctx, uint32_t offset)
{
    (void)ctx;
    memset(s_flash + offset, 0xFF, SECTOR);
    return ERR_OK;
}

static const struct flash FLASH_PORT = {.size_bytes = FLASH,
                                        .sector_bytes = SECTOR,
                                        .read = flash_read,
                                        .write = flash_write,
                                        .erase = flash_erase};

static bool s_answered;

static enum err stream_open(void *ctx, const struct stream_target *target)
{
    (void)ctx;
    (void)target;
    return ERR_OK;
}

static enum err stream_ready(void *ctx, bool *out_ready)
{
    (void)ctx;
    *out_ready = true;
    return ERR_OK;
}

/* The closing boundary ends in "--" and an end of line. */
static enum err stream_write(void *ctx, const void *data, size_t len, size_t *out_len)
{
    (void)ctx;
    const char *d = data;
    s_answered = len >= 4 && memcmp(d + len - 4, "--\r\n", 4) == 0;
    *out_len = len;
    return ERR_OK;
}

static enum err stream_read(void *ctx, void *out, size_t cap, size_t *out_len, bool *out_end)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    (void)ctx;
    (void)cap;
    *out_len = s_answered ? sizeof answer - 1 : 0;
    *out_end = false;
    memcpy(out, answer, *out_len);
    s_answered = false;
    return ERR_OK;
}

static void stream_close(void *ctx)
{
    (void)ctx;
}

static const struct stream STREAM_PORT = {.open = stream_open,
                                          .ready = stream_ready,
                                          .write = stream_write,
                                          .read = stream_read,
                                          .close = stream_close};

static void fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 5, len);
}

/* ---- the deeds ---- */

static bool send(const struct shot *s)
{
    static struct backlog_slot slots[2];
    static struct backlog backlog;
    static struct courier courier;
    static struct tally tally;
    static const struct random random = {.fill = fill};
    const struct courier_config config = {.device = "door1",
                                          .path = "/upload",
                                          .token = "secret",
                                          .ca_pem = "",
                                          .connect_ms = 1000,
                                          .stall_ms = 1000,
                                          .reply_ms = 1000,
                                          .least_bytes_per_s = 2000,
                                          .retry_base_ms = 1000,
                                          .retry_cap_ms = 1000,
                                          .hold_base_ms = 1000,
                                          .hold_cap_ms = 1000};
    const struct backlog_config kept = {.arena = s_arena,
                                        .arena_bytes = sizeof s_arena,
                                        .slots = slots,
                                        .slots_max = 2,
                                        .tally = &tally};
    if (tally_mount(&tally, NULL) != ERR_OK)
        return false;
    backlog_start(&backlog, &kept);
    courier_init(&courier, &config, &backlog, &STREAM_PORT, &random);
    courier_lend_piece(&courier, s_piece, sizeof s_piece);
    courier_set_relay(&courier, "relay", 5000);
    courier_set_online(&courier, true);
    if (backlog_add(&backlog, s, s_photo) != ERR_OK)
        return false;
    courier_step(&courier, (struct mono){1}, (struct wall){0}, false);
    return tally.now.sent == 1;
}

static bool keep(const struct shot *s)
{
    return photolog_mount(&s_log, &FLASH_PORT, s_entries, ENTRIES) == ERR_OK &&
           photolog_append(&s_log, s, s_photo) == ERR_OK;
}

static bool read_back(const struct shot *s)
{
    if (!keep(s) || photolog_verify(&s_log, &s_entries[0]) != ERR_OK)
        return false;
    for (uint32_t at = 0; at < s->length_bytes; at += sizeof s_piece) {
        if (photolog_read(&s_log, &s_entries[0], at, s_piece, sizeof s_piece) != ERR_OK)
            return false;
    }
    return true;
}

static bool check(const struct shot *s)
{
    static const uint8_t head[] = {0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8,  1, 1,
                                   0x11, 0,    0xFF, 0xDA, 0, 8,  1, 1, 0, 0, 63, 0};
    struct jpeg j;
    memcpy(s_photo, head, sizeof head);
    s_photo[s->length_bytes - 2] = 0xFF;
    s_photo[s->length_bytes - 1] = 0xD9;
    jpeg_init(&j);
    return jpeg_feed(&j, s_photo, s->length_bytes) == JPEG_WHOLE;
}

static bool digest(const struct shot *s)
{
    uint8_t out[32];
    struct sha256 h;
    sha256_start(&h);
    sha256_add(&h, s_photo, s->length_bytes);
    sha256_finish(&h, out);
    return out[0] != out[1];
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        bool (*run)(const struct shot *s);
    } deeds[] = {
        {"send", send}, {"keep", keep}, {"read", read_back}, {"check", check}, {"digest", digest}};
    unsigned long kib = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
    if (kib == 0 || kib > sizeof s_photo / KIB)
        return 2;
    uint32_t dice = 1;
    for (size_t i = 0; i < sizeof s_photo; i++) { /* as behind a scan header: 00 behind each FF */
        dice = dice * 1664525 + 1013904223;
        s_photo[i] = i > 0 && s_photo[i - 1] == 0xFF ? 0 : (uint8_t)(dice >> 24);
    }
    memset(s_flash, 0xFF, sizeof s_flash);
    const struct shot shot = {.boot = 1, .seq = 1, .length_bytes = (uint32_t)kib * KIB};
    for (unsigned i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (strcmp(deeds[i].name, argv[1]) == 0)
            return deeds[i].run(&shot) ? 0 : 1;
    }
    return 2;
}
