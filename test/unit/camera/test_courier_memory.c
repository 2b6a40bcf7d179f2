/* Goal: the courier's promises hold over a stream in memory, where time stands still. */
#include "test/contract/camera/courier_contract.h"
#include "test/unit/unit.h"

#define CASE(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, courier_contract_setup, courier_contract_teardown)

int main(void)
{
    courier_contract_on_socket = false;
    const struct CMUnitTest tests[] = {
        CASE(w1_w3_every_length_arrives_to_the_byte),
        CASE(w2_the_length_is_announced_exactly),
        CASE(w4_a_reset_half_way_is_no_success),
        CASE(w5_only_a_2xx_is_a_success),
        CASE(w6_twenty_failed_connects_then_a_good_shot),
        CASE(w7_nothing_leaks_in_a_thousand_failures),
        CASE(w8_a_relay_that_stalls_does_not_stop_us),
        CASE(w8_an_answer_before_the_close_is_heard),
        CASE(w11_an_early_refusal_is_heard),
        CASE(w12_a_kept_connection_that_died_costs_nothing),
        CASE(a_cut_answer_is_no_answer_and_the_key_stays),
        CASE(retry_after_is_obeyed),
        CASE(an_answer_that_disagrees_is_no_success),
        CASE(three_refusals_set_the_photo_aside_and_free_the_way),
        CASE(a_hurt_body_is_retried_for_ever),
        CASE(a_wrong_token_holds_everything),
        CASE(going_offline_and_coming_back),
        CASE(a_paused_courier_lends_its_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
