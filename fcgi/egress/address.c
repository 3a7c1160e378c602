// SPDX-License-Identifier: ISC
#include "fcgi/egress/address.h"
#include "policy/base/address_range.h"
#include "policy/base/array.h"
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct forbidden_range {
	struct address_range range;
	const char *why;
};

// The union of what ssrf_filter and Smokescreen refuse, the cloud vendors' addresses that look public, and what the registries of special
// purpose addresses (RFC 6890 and later) name. IPv6 outside 2000::/3 is refused as a whole, see address_forbidden(); the rows for it stand
// here for their words.
static const struct forbidden_range ranges[] = {
    {{AF_INET, {0}, 8}, "this network"},
    {{AF_INET, {10}, 8}, "private network"},
    {{AF_INET, {100, 64}, 10}, "carrier-grade NAT"},
    {{AF_INET, {127}, 8}, "loopback"},
    {{AF_INET, {168, 63, 129, 16}, 32}, "cloud metadata"}, // Azure's wire server
    {{AF_INET, {169, 254}, 16}, "link-local"},
    {{AF_INET, {172, 16}, 12}, "private network"},
    {{AF_INET, {192, 0, 0}, 24}, "protocol assignments"}, // with Oracle's metadata, 192.0.0.192
    {{AF_INET, {192, 0, 2}, 24}, "documentation"},
    {{AF_INET, {192, 88, 99}, 24}, "6to4 relay"},
    {{AF_INET, {192, 168}, 16}, "private network"},
    {{AF_INET, {198, 18}, 15}, "benchmarking"},
    {{AF_INET, {198, 51, 100}, 24}, "documentation"},
    {{AF_INET, {203, 0, 113}, 24}, "documentation"},
    {{AF_INET, {224}, 4}, "multicast"},
    {{AF_INET, {240}, 4}, "reserved"}, // with 255.255.255.255
    {{AF_INET6, {0x20, 0x01, 0, 0}, 32}, "Teredo"},
    {{AF_INET6, {0x20, 0x01, 0, 0x10}, 28}, "ORCHID"},
    {{AF_INET6, {0x20, 0x01, 0, 0x20}, 28}, "ORCHIDv2"},
    {{AF_INET6, {0x20, 0x01, 0, 0}, 23}, "protocol assignments"},
    {{AF_INET6, {0x20, 0x01, 0x0d, 0xb8}, 32}, "documentation"},
    {{AF_INET6, {0x20, 0x02}, 16}, "6to4"},
    {{AF_INET6, {0x3f, 0xff}, 20}, "documentation"},
    {{AF_INET6, {0x00, 0x64, 0xff, 0x9b}, 32}, "NAT64"},
    {{AF_INET6, {0}, 8}, "loopback, mapped or reserved"}, // ::, ::1, ::ffff:0:0/96, ::/96
    {{AF_INET6, {0x5f, 0x00}, 16}, "segment routing"},
    {{AF_INET6, {0xfc}, 7}, "private network"},
    {{AF_INET6, {0xfe, 0x80}, 10}, "link-local"},
    {{AF_INET6, {0xfe, 0xc0}, 10}, "site-local"},
    {{AF_INET6, {0xff}, 8}, "multicast"},
};

enum { OWN_MAX = 64 };
static struct forbidden_range own[OWN_MAX];
static size_t own_count;

void address_load_own(void)
{
	struct ifaddrs *all = NULL;
	if (getifaddrs(&all) < 0)
		return; // the table still stands; only the machine's own public addresses are not known
	own_count = 0;
	for (const struct ifaddrs *i = all; i != NULL && own_count < OWN_MAX; i = i->ifa_next) {
		if (i->ifa_addr == NULL)
			continue;
		sa_family_t family = i->ifa_addr->sa_family;
		const uint8_t *bytes = address_bytes(i->ifa_addr, sizeof(struct sockaddr_in6));
		if (bytes == NULL)
			continue;
		struct forbidden_range *r = &own[own_count++];
		*r = (struct forbidden_range){.range = {.family = family, .bits = family == AF_INET ? 32 : 128},
					      .why = "this machine itself"};
		memcpy(r->range.prefix, bytes, r->range.bits / 8);
	}
	freeifaddrs(all);
}

const char *address_forbidden(const struct sockaddr *address, socklen_t len)
{
	const uint8_t *bytes = address_bytes(address, len);
	if (bytes == NULL)
		return "not an Internet address";
	sa_family_t family = address->sa_family;
#ifdef LETHE_TESTING // a test's peers are on loopback
	static const uint8_t one[16] = {[15] = 1};
	if (family == AF_INET ? bytes[0] == 127 : memcmp(bytes, one, 16) == 0)
		return NULL;
#endif
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (address_range_covers(&ranges[i].range, family, bytes))
			return ranges[i].why;
	for (size_t i = 0; i < own_count; i++)
		if (address_range_covers(&own[i].range, family, bytes))
			return own[i].why;
	// Only 2000::/3 is assigned to the public; whatever else is made up tomorrow is not for us.
	return family == AF_INET6 && (bytes[0] & 0xe0) != 0x20 ? "not a public address" : NULL;
}
