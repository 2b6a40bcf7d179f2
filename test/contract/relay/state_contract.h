/* test/contract/relay/state_contract.h - what every struct state and state_view must do. */
#pragma once

#include "relay/logic/ports/state_view.h"

struct state_contract {
    const char *name;    /* of the implementation, for the report */
    void (*fresh)(void); /* before each test: nothing is stored */
    void (*clean)(void); /* after each test; whatever is still open is closed */
    void (*open)(struct state *out);
    void (*open_view)(struct state_view *out);
    /* The process is killed: what was open is no more, and was not closed. */
    void (*kill)(void);
};

/* Runs the whole suite; answers the number of tests that failed. */
int state_contract_run(const struct state_contract *contract);
