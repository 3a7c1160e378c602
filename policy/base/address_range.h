// SPDX-License-Identifier: ISC
// Ranges of Internet addresses, as "10.8.0.0/16", "fd00:1::/32" or, a single address, "192.0.2.7".
#ifndef LETHE_BASE_ADDRESS_RANGE_H
#define LETHE_BASE_ADDRESS_RANGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct address_range {
	sa_family_t family; // AF_INET or AF_INET6
	uint8_t prefix[16]; // 4 of them for AF_INET
	unsigned bits;
};

// -1: it is no range.
int address_range_read(struct address_range *out, const char *text);
// The same, and -1 where it has bits behind its prefix.
int address_range_parse(struct address_range *out, const char *text);
// One address; an IPv4 address that is written in an IPv6 one is that IPv4 address. -1: it is none.
int address_range_of(struct address_range *out, const char *address);
// The range of so many bits that it is in.
struct address_range address_range_around(const struct address_range *r, unsigned bits_six, unsigned bits_four);
bool address_range_covers(const struct address_range *r, sa_family_t family, const uint8_t *address);
bool address_range_within(const struct address_range *inner, const struct address_range *outer);
bool address_range_single(const struct address_range *r);
// Whether all of it is loopback, or of the addresses that no public network uses (RFC 1918, RFC 4193, link-local).
bool address_range_private(const struct address_range *r);
// Whether visitors of the Internet come from it: private and local addresses are those of proxies and of machines beside ours.
bool address_range_public(const struct address_range *r);
// As address_range_within() of texts, for the comparison of two policies: whether everything of `inner` is in `outer`. False when one is no range.
bool address_range_text_within(const char *outer, const char *inner);
// The bytes of an address, or NULL when it is none of IPv4 or IPv6.
const uint8_t *address_bytes(const struct sockaddr *address, socklen_t len);

#endif
