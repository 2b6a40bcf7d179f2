/* send: uploads files and does not let go of one before it is acknowledged or plainly refused. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/pace/backoff.h"
#include "relay/logic/config_value.h"
#include "relay/logic/parcel.h"
#include "relay/logic/verdict.h"
#include "relay/main/cli_files.h"
#include "relay/main/cli_link.h"
#include "relay/port/clock_posix.h"
#include "relay/port/json_jansson.h"
#include "relay/port/random_linux.h"
#include "relay/port/uplink_curl.h"

enum {
    PARALLEL_MAX = 32,
    TRIES_MAX = 1000,
    CONNECT_MS = 10000,
    STALL_MS = 30000,
    TOTAL_MS = 600000,
};
static const struct backoff_config PACE = {.base_ms = 500, .cap_ms = 30000};

/* One file on its way. */
struct slot {
    bool used, flying;
    const struct cli_file *file;
    struct cli_opened opened;
    struct photo photo;
    unsigned failures;
    struct mono due; /* not before, if failures > 0 */
};

struct sending {
    struct cli_link_options link; /* tls_ca, tls_insecure */
    const char *to, *token, *camera;
    unsigned parallel, tries;
    char url[CONFIG_URL_MAX];
    struct cli_files files;
    size_t next; /* the first file not begun */
    struct slot slots[PARALLEL_MAX];
    struct parcel parcel;
    struct uplink_curl *curl;
    struct uplink up;
    struct hash_openssl *hashes;
    struct clock clock;
    struct random dice;
    struct json json;
    struct cli_progress progress;
    uint64_t acknowledged, failed, bytes;
    bool held; /* the receiver is not what we think: nothing more is sent */
};

static void end_slot(struct sending *s, struct slot *slot)
{
    if (slot->opened.fd >= 0)
        (void)close(slot->opened.fd); /* it was only read */
    *slot = (struct slot){.opened.fd = -1};
    cli_progress_draw(&s->progress, s->acknowledged + s->failed, s->files.count, s->bytes);
}

static void give_up(struct sending *s, struct slot *slot, const char *reason)
{
    cli_progress_clear(&s->progress);
    cli_say("%s: %s", slot->file->path, reason);
    s->failed++;
    end_slot(s, slot);
}

static void begin_slot(struct sending *s, struct slot *slot)
{
    *slot = (struct slot){.used = true, .file = &s->files.list[s->next++]};
    if (!cli_files_open(slot->file, s->hashes, &slot->opened)) { /* it said why */
        s->failed++;
        end_slot(s, slot);
        return;
    }
    struct photo *p = &slot->photo;
    bool fits = slice_to_text(slice_of(slot->file->name), p->name, sizeof p->name);
    p->size_bytes = slot->opened.size_bytes;
    p->captured = slot->opened.modified;
    memcpy(p->sha256, slot->opened.sha256, sizeof p->sha256);
    if (s->camera != NULL)
        (void)slice_to_text(slice_of(s->camera), p->camera, sizeof p->camera); /* was checked */
    if (!fits || p->size_bytes == 0)
        give_up(s, slot, fits ? "is empty" : "its name is too long");
}

static void launch(struct sending *s, struct slot *slot)
{
    parcel_make(&s->parcel, &slot->photo, s->token);
    struct uplink_request r = {
        .id = (uint64_t)(slot - s->slots),
        .method = "POST",
        .url = s->url,
        .headers = s->parcel.headers,
        .header_count = s->parcel.header_count,
        .prefix = s->parcel.prefix,
        .prefix_len = s->parcel.prefix_len,
        .fd = fcntl(slot->opened.fd, F_DUPFD_CLOEXEC, 0), /* the port closes its own */
        .fd_len = slot->opened.size_bytes,
        .suffix = s->parcel.suffix,
        .suffix_len = s->parcel.suffix_len,
        .connect_timeout_ms = CONNECT_MS,
        .total_timeout_ms = TOTAL_MS,
        .stall_timeout_ms = STALL_MS,
        .tls_insecure = s->link.tls_insecure,
        .ca_file = s->link.tls_ca,
    };
    slot->flying = r.fd >= 0 && s->up.start(s->up.ctx, &r) == ERR_OK;
    if (!slot->flying)
        give_up(s, slot, "cannot be sent from here");
}

static void celebrate(struct sending *s, struct slot *slot, const struct json_receipt *receipt)
{
    s->acknowledged++;
    s->bytes += slot->opened.size_bytes;
    if (!s->progress.shown)
        (void)printf("%s -> %s%s\n", slot->file->path,
                     receipt->filename[0] != '\0' ? receipt->filename : "stored",
                     receipt->duplicate ? " (was there already)" : "");
    end_slot(s, slot);
}

static void wait_and_try_again(struct sending *s, struct slot *slot, const struct verdict *v)
{
    slot->failures++;
    if (slot->failures >= s->tries) {
        give_up(s, slot, v->error);
        return;
    }
    uint32_t dice;
    s->dice.fill(s->dice.ctx, &dice, sizeof dice);
    uint64_t wait_ms = backoff_wait_ms(&PACE, slot->failures, dice);
    if (v->has_retry_after && v->retry_after_s * 1000ull > wait_ms)
        wait_ms = v->retry_after_s * 1000ull;
    slot->due.ms = s->clock.mono_now(s->clock.ctx).ms + wait_ms;
    if (slot->failures == 1) {
        cli_progress_clear(&s->progress);
        cli_say("%s: %s; trying again", slot->file->path, v->error);
    }
}

static void land(struct sending *s, const struct uplink_result *result)
{
    struct slot *slot = &s->slots[result->id];
    struct json_receipt receipt = {0};
    s->json.receipt(s->json.ctx, result->body == NULL ? "" : result->body, result->body_len,
                    &receipt);
    struct verdict v = verdict_of(result, &receipt, &slot->photo);
    slot->flying = false;
    switch (v.kind) {
    case VERDICT_SENT: celebrate(s, slot, &receipt); break;
    case VERDICT_LATER:
    case VERDICT_AGAIN: wait_and_try_again(s, slot, &v); break;
    case VERDICT_REFUSED:
        if (v.damaged) /* the bytes were changed on the way */
            wait_and_try_again(s, slot, &v);
        else
            give_up(s, slot, v.error);
        break;
    case VERDICT_HOLD:
        s->held = true;
        give_up(s, slot, v.error);
        break;
    case VERDICT_OUR_FILE: give_up(s, slot, v.error); break;
    }
}

/* Begins and launches what can be, and tells how long until the next waiting one is due. False:
 * there is nothing left to do. */
static bool advance(struct sending *s, uint32_t *out_wait_ms)
{
    bool busy = false;
    uint64_t wait_ms = TOTAL_MS;
    for (size_t i = 0; i < s->parallel; i++) {
        struct slot *slot = &s->slots[i];
        while (!slot->used && !s->held && s->next < s->files.count)
            begin_slot(s, slot);
        uint64_t now = s->clock.mono_now(s->clock.ctx).ms;
        bool waits = slot->used && !slot->flying;
        if (waits && s->held)
            end_slot(s, slot);
        else if (waits && slot->due.ms <= now)
            launch(s, slot);
        else if (waits && slot->due.ms - now < wait_ms)
            wait_ms = slot->due.ms - now;
        busy = busy || slot->used;
    }
    *out_wait_ms = (uint32_t)wait_ms;
    return busy || (!s->held && s->next < s->files.count);
}

static enum err run(struct sending *s)
{
    uint32_t wait_ms;
    while (advance(s, &wait_ms)) {
        struct uplink_result result;
        bool have = false;
        enum err e = s->up.wait(s->up.ctx, wait_ms, &have, &result);
        if (e != ERR_OK)
            return e;
        if (have)
            land(s, &result);
    }
    return ERR_OK;
}

static int send_all(struct sending *s)
{
    s->hashes = hash_openssl_create();
    s->clock = clock_posix();
    s->dice = random_linux();
    s->json = json_jansson();
    for (size_t i = 0; i < PARALLEL_MAX; i++)
        s->slots[i].opened.fd = -1;
    enum err e = s->hashes == NULL ? ERR_FULL : uplink_curl_open(&s->curl, &s->up);
    cli_progress_start(&s->progress);
    if (e == ERR_OK)
        e = run(s);
    cli_progress_clear(&s->progress);
    uplink_curl_close(s->curl);
    hash_openssl_destroy(s->hashes);
    if (e != ERR_OK)
        cli_say("cannot go on: %s", err_name(e));
    uint64_t left = s->files.count - s->acknowledged;
    if (left > 0 || s->progress.shown)
        cli_say("%" PRIu64 " acknowledged, %" PRIu64 " not", s->acknowledged, left);
    return e == ERR_OK && left == 0 && fflush(stdout) == 0 ? CLI_DONE : CLI_NOT_DONE;
}

static int check(struct sending *s, size_t words)
{
    char memory[CONFIG_WHY_MAX];
    struct buf why;
    buf_init(&why, memory, sizeof memory);
    if (words == 0 || s->to == NULL) {
        cli_say("send wants files (or folders, or - for standard input) and --to URL");
        return CLI_MISUSED;
    }
    if (config_value_url(slice_of(s->to), "/upload", s->url, &why) != ERR_OK) {
        cli_say("--to: %s", buf_text(&why));
        return CLI_MISUSED;
    }
    if (s->camera != NULL && strlen(s->camera) >= PHOTO_CAMERA_MAX) {
        cli_say("--camera: at most %d bytes", PHOTO_CAMERA_MAX - 1);
        return CLI_MISUSED;
    }
    return CLI_DONE;
}

static int gather_and_send(struct sending *s, char **argv, size_t words)
{
    bool good = true;
    for (size_t i = 0; i < words; i++)
        good = cli_files_add(&s->files, argv[i]) && good;
    if (s->files.count == 0) {
        cli_say("there is no photo to send");
        return CLI_NOT_DONE;
    }
    int status = send_all(s);
    return good ? status : CLI_NOT_DONE;
}

int cli_send(char **argv)
{
    struct sending *s = calloc(1, sizeof *s);
    if (s == NULL)
        return CLI_NOT_DONE;
    s->parallel = 4;
    s->tries = 8;
    const struct cli_option options[] = {
        {"to", CLI_TEXT, &s->to, 0, 0},
        {"token", CLI_TEXT, &s->token, 0, 0},
        {"camera", CLI_TEXT, &s->camera, 0, 0},
        {"parallel", CLI_NUMBER, &s->parallel, 1, PARALLEL_MAX},
        {"tries", CLI_NUMBER, &s->tries, 1, TRIES_MAX},
        {"tls-ca", CLI_TEXT, &s->link.tls_ca, 0, 0},
        {"tls-insecure", CLI_FLAG, &s->link.tls_insecure, 0, 0},
    };
    size_t words;
    int status = cli_read_options(argv, options, sizeof options / sizeof options[0], &words);
    if (status == CLI_DONE)
        status = check(s, words);
    if (status == CLI_DONE)
        status = gather_and_send(s, argv, words);
    cli_files_free(&s->files);
    free(s);
    return status;
}
