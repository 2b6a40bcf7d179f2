/* Goal: only addresses another machine can use are told. What this machine has is the kernel's to
 * say, so the rules are checked, not the numbers. */
#include <arpa/inet.h>
#include <string.h>

#include "relay/port/net_ifaddrs.h"
#include "test/unit/unit.h"

static void addresses_are_readable_reachable_and_ipv4_comes_first(void **state)
{
    (void)state;
    struct net_address all[NET_ADDRESSES_MAX];
    size_t count = NET_ADDRESSES_MAX + 1;
    assert_int_equal(net_addresses(all, &count), ERR_OK);
    assert_true(count <= NET_ADDRESSES_MAX);
    bool six = false;
    for (size_t i = 0; i < count; i++) {
        unsigned char raw[16];
        int family = all[i].is_ipv6 ? AF_INET6 : AF_INET;
        assert_int_equal(inet_pton(family, all[i].text, raw), 1);
        assert_string_not_equal(all[i].interface, "lo");
        assert_int_not_equal(strncmp(all[i].text, "127.", 4), 0);
        assert_int_not_equal(strncmp(all[i].text, "fe80:", 5), 0);
        assert_false(six && !all[i].is_ipv6);
        six = six || all[i].is_ipv6;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_readable_reachable_and_ipv4_comes_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
