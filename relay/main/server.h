/* relay/main/server.h - who answers which request, and who may come in at all. */
#pragma once

#include "relay/logic/config.h"
#include "relay/logic/ports/front.h"
#include "relay/logic/vitals.h"
#include "relay/main/commands.h"
#include "relay/main/keeper.h"
#include "relay/main/pages.h"
#include "relay/main/uploads.h"

struct server;

struct server_deps { /* all borrowed */
    const struct clock *clock;
    struct committer *committer;
    struct keeper *keeper;
    struct pages *pages;
    struct commands *commands;
};

CHECKED enum err server_create(const struct server_deps *deps, const struct config *config,
                               struct server **out);
/* New settings (tokens, floors); from any thread. */
void server_set_config(struct server *s, const struct config *config);
/* What the settings say about space. */
struct retention_rules server_retention_rules(const struct config *c);
/* Uploads come after the server, because they ask it who may come in. */
void server_set_uploads(struct server *s, struct uploads *uploads);
/* For uploads_deps.admit; ctx is the server. */
enum refusal server_admit(void *ctx, struct front_exchange *x, uint64_t bytes);
/* Does this request carry a token that opens? Any thread, never waits. */
enum refusal server_check_token(struct server *s, struct front_exchange *x);
/* What a camera last said of itself; false if nothing. Any thread. */
bool server_vitals(struct server *s, const char *camera, struct vitals_camera *out);
/* What the front calls. */
struct front_handler server_handler(struct server *s);
void server_destroy(struct server *s);
