/* test/contract/relay/uplink_contract.h - what every struct uplink must do, against a receiver that
 * misbehaves. The binding gives the receiver: test/system/faulty_remote.py, or the same in memory;
 * the names of modes are those of that program. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/logic/ports/uplink.h"

enum { UPLINK_CONTRACT_BIG = 24 * 1024 * 1024 }; /* more than sockets buffer between two ends */

/* The newest request the receiver saw. */
struct uplink_contract_seen {
    char method[16];
    char path[256];
    char body_sha256[65]; /* "" if the body never came whole */
    uint64_t body_size;
};

struct uplink_contract {
    struct uplink *uplink;
    const char *url; /* of an upload */
    void *ctx;
    void (*mode)(void *ctx, const char *mode);
    void (*seen)(void *ctx, struct uplink_contract_seen *out);
    /* A header of the newest request, lower-case name; false if there is none. */
    bool (*header)(void *ctx, const char *name, char *out, size_t cap);
    /* A descriptor of a file with these bytes. */
    int (*file)(void *ctx, const void *data, size_t len);
    /* Files not closed yet. */
    size_t (*open_files)(void *ctx);
};

/* One cmocka test body per promise; run them with a struct uplink_contract as their state. The
 * short file comes last: a receiver may see its request late, in the middle of the next test. */
#define UPLINK_CONTRACT_TESTS                                                                      \
    cmocka_unit_test(uplink_contract_prefix_file_and_suffix_arrive),                               \
        cmocka_unit_test(uplink_contract_a_question_has_no_body),                                  \
        cmocka_unit_test(uplink_contract_statuses_and_bodies_come_back),                           \
        cmocka_unit_test(uplink_contract_retry_after_comes_back),                                  \
        cmocka_unit_test(uplink_contract_nobody_listening_is_unreachable),                         \
        cmocka_unit_test(uplink_contract_no_answer_is_ambiguous),                                  \
        cmocka_unit_test(uplink_contract_a_reset_in_the_body_did_not_send_it_whole),               \
        cmocka_unit_test(uplink_contract_an_early_answer_is_an_answer),                            \
        cmocka_unit_test(uplink_contract_a_death_after_storing_is_not_repeated),                   \
        cmocka_unit_test(uplink_contract_redirects_are_not_followed),                              \
        cmocka_unit_test(uplink_contract_long_answers_are_cut),                                    \
        cmocka_unit_test(uplink_contract_a_cut_success_is_no_answer),                              \
        cmocka_unit_test(uplink_contract_garbage_is_no_answer),                                    \
        cmocka_unit_test(uplink_contract_nonsense_urls_are_refused),                               \
        cmocka_unit_test(uplink_contract_a_wake_ends_the_next_wait),                               \
        cmocka_unit_test(uplink_contract_cancelled_ones_are_never_heard_of),                       \
        cmocka_unit_test(uplink_contract_each_answer_belongs_to_its_request),                      \
        cmocka_unit_test(uplink_contract_a_short_file_is_our_fault)

void uplink_contract_prefix_file_and_suffix_arrive(void **state);
void uplink_contract_a_question_has_no_body(void **state);
void uplink_contract_statuses_and_bodies_come_back(void **state);
void uplink_contract_retry_after_comes_back(void **state);
void uplink_contract_nobody_listening_is_unreachable(void **state);
void uplink_contract_no_answer_is_ambiguous(void **state);
void uplink_contract_a_reset_in_the_body_did_not_send_it_whole(void **state);
void uplink_contract_an_early_answer_is_an_answer(void **state);
void uplink_contract_a_death_after_storing_is_not_repeated(void **state);
void uplink_contract_a_short_file_is_our_fault(void **state);
void uplink_contract_redirects_are_not_followed(void **state);
void uplink_contract_long_answers_are_cut(void **state);
void uplink_contract_a_cut_success_is_no_answer(void **state);
void uplink_contract_garbage_is_no_answer(void **state);
void uplink_contract_nonsense_urls_are_refused(void **state);
void uplink_contract_a_wake_ends_the_next_wait(void **state);
void uplink_contract_cancelled_ones_are_never_heard_of(void **state);
void uplink_contract_each_answer_belongs_to_its_request(void **state);
