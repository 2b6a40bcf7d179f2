/* test/contract/camera/courier_contract.h - what a courier promises over any stream: in memory with
 * time that stands still, and over a real socket. Each of W1..W12 is a mistake seen in another
 * firmware. */
#pragma once

#include "camera/logic/courier.h"
#include "camera/port/host_stream.h"
#include "test/fakes/camera/fake_random.h"
#include "test/fakes/camera/fake_relay.h"

enum { COURIER_RIG_SLOTS = 24, COURIER_RIG_ARENA = 2 * 1024 * 1024, COURIER_RIG_STORED = 1024 };

struct courier_rig {
    bool on_socket;
    struct fake_relay relay;
    struct host_stream socket;
    struct fake_random random;
    struct tally tally;
    struct backlog_slot slots[COURIER_RIG_SLOTS];
    uint8_t *arena;
    uint8_t *jpeg;
    struct backlog backlog;
    struct courier courier;
    uint8_t *piece;
    uint32_t piece_bytes;
    struct mono now;
    uint32_t seq;
    uint32_t stored_seq[COURIER_RIG_STORED]; /* in the order the relay had them whole */
    char stored_key[COURIER_RIG_STORED][96];
    uint32_t stored_count;
};

extern bool courier_contract_on_socket; /* chosen by the test program before it runs the suite */

int courier_contract_setup(void **state);
int courier_contract_teardown(void **state);

void courier_rig_photo(struct courier_rig *r, uint32_t len);
/* Steps both sides for so long, in the courier's own time. */
void courier_rig_run(struct courier_rig *r, uint64_t ms);

/* The suite. */
void w1_w3_every_length_arrives_to_the_byte(void **state);
void w2_the_length_is_announced_exactly(void **state);
void w4_a_reset_half_way_is_no_success(void **state);
void w5_only_a_2xx_is_a_success(void **state);
void w6_twenty_failed_connects_then_a_good_shot(void **state);
void w7_nothing_leaks_in_a_thousand_failures(void **state);
void w8_a_relay_that_stalls_does_not_stop_us(void **state);
void w8_an_answer_before_the_close_is_heard(void **state);
void w11_an_early_refusal_is_heard(void **state);
void w12_a_kept_connection_that_died_costs_nothing(void **state);
void a_cut_answer_is_no_answer_and_the_key_stays(void **state);
void retry_after_is_obeyed(void **state);
void an_answer_that_disagrees_is_no_success(void **state);
void three_refusals_set_the_photo_aside_and_free_the_way(void **state);
void a_hurt_body_is_retried_for_ever(void **state);
void a_wrong_token_holds_everything(void **state);
void going_offline_and_coming_back(void **state);
void a_paused_courier_lends_its_stream(void **state);
