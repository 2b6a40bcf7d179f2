/* relay/main/commands.h - small requests with a body that are no uploads (docs/formats.md): what
 * `camrelay` asks the daemon to change (POST /api/retry, /api/import-sent), and core dumps of
 * cameras (POST /crash). */
#pragma once

#include <stdbool.h>

#include "relay/logic/ports/front.h"
#include "relay/logic/ports/json.h"
#include "relay/logic/refusal.h"
#include "relay/main/committer.h"
#include "relay/main/forwarder.h"
#include "relay/main/jobs.h"
#include "relay/main/pages.h"

enum {
    COMMANDS_BODY_MAX = 8 * 1024 * 1024, /* an import of some 200,000 names */
    COMMANDS_AT_ONCE = 2,                /* bounds the memory; more are told to come again */
};

struct commands;
struct command;

struct commands_deps {   /* all borrowed */
    struct pages *pages; /* knows the password */
    struct jobs *jobs;
    struct committer *committer;
    struct forwarder *forwarder;
    const struct json *json;
    const struct fs *fs;
    const struct clock *clock;
    /* Local time as "YYYYmmdd_HHMMSS". */
    void (*stamp)(void *ctx, struct wall t, char out[NAMES_STAMP_MAX]);
    /* May this camera send? Must not wait. */
    enum refusal (*admit)(void *ctx, struct front_exchange *x);
    void *ctx; /* of the two above */
};

CHECKED enum err commands_create(const struct commands_deps *deps, struct commands **out);
/* True if the address is a command's; then it is answered, or `*out_command` takes the body. */
bool commands_head(struct commands *c, struct front_exchange *x, const struct front_head *h,
                   struct command **out_command, enum front_want *out_want);
void commands_body(struct command *c, const void *data, size_t len);
void commands_finish(struct command *c);
/* NULL does nothing. */
void commands_gone(struct command *c);
/* None may be left. NULL does nothing. */
void commands_destroy(struct commands *c);
