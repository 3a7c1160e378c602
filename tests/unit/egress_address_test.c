// SPDX-License-Identifier: ISC
// The verdict on addresses: one row per range, both its edges, and what lies just outside.
#include "policy/base/array.h"
#include "tests/unit/test.h"

#include "fcgi/egress/address.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static const char *verdict(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return address_forbidden((struct sockaddr *)&v4, sizeof v4);
	assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return address_forbidden((struct sockaddr *)&v6, sizeof v6);
}

static const char *const forbidden[] = {
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.127.127.127",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:10::1",
    "2001:1f:ffff::1",
    "2001:20::1",
    "2001:2f:ffff::1",
    "2001:db8::1",
    "2001:db8:ffff:ffff::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff02::1",
};

static const char *const allowed[] = {
    "1.0.0.0",          "1.1.1.1",
    "8.8.8.8",          "9.255.255.255",
    "11.0.0.0",         "100.63.255.255",
    "100.128.0.0",      "126.255.255.255",
    "128.0.0.0",        "168.63.129.15",
    "168.63.129.17",    "169.253.255.255",
    "169.255.0.0",      "172.15.255.255",
    "172.32.0.0",       "192.0.1.0",
    "192.0.3.0",        "192.88.98.255",
    "192.88.100.0",     "192.167.255.255",
    "192.169.0.0",      "198.17.255.255",
    "198.20.0.0",       "198.51.99.255",
    "198.51.101.0",     "203.0.112.255",
    "203.0.114.0",      "223.255.255.255",
    "2001:200::1",      "2001:4860:4860::8888",
    "2001:db7:ffff::1", "2001:db9::1",
    "2003::1",          "2606:4700:4700::1111",
    "2a00:1450::1",     "3ffe::1",
};

static void each_forbidden_address_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forbidden); i++)
		if (verdict(forbidden[i]) == NULL)
			fail_msg("%s is allowed", forbidden[i]);
}

static void neighbours_of_the_ranges_are_allowed(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (verdict(allowed[i]) != NULL)
			fail_msg("%s is refused: %s", allowed[i], verdict(allowed[i]));
}

static void other_families_and_short_addresses_are_refused(void **state)
{
	(void)state;
	struct sockaddr local = {.sa_family = AF_UNIX};
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	inet_pton(AF_INET, "8.8.8.8", &v4.sin_addr);
	assert_non_null(address_forbidden(&local, sizeof local));
	assert_non_null(address_forbidden((struct sockaddr *)&v4, sizeof v4 - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_forbidden_address_is_refused),
	    cmocka_unit_test(neighbours_of_the_ranges_are_allowed),
	    cmocka_unit_test(other_families_and_short_addresses_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
