// SPDX-License-Identifier: ISC
// Networks that visitors come from, by their addresses.
#ifndef LETHE_BASE_NETWORK_H
#define LETHE_BASE_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

enum { NETWORK_BYTES = 16 };
struct network {
	uint8_t bytes[NETWORK_BYTES]; // of an IPv4 address as IPv6 writes it, ::ffff:…
	bool four;
};
// -1: it is no address. An IPv4 address that is written in an IPv6 one is that IPv4 address.
int network_read(struct network *out, const char *address);
// Whether visitors of the Internet come from it: private and local addresses are those of proxies and of machines beside ours.
bool network_public(const struct network *n);
// The network of so many bits that an address is in; `bits` count from the first of an IPv6 address, of an IPv4 one from its own first.
struct network network_around(const struct network *n, unsigned bits_six, unsigned bits_four);

#endif
