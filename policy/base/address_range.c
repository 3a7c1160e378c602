// SPDX-License-Identifier: ISC
#include "policy/base/address_range.h"
#include "policy/base/array.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static unsigned family_bits(sa_family_t family)
{
	return family == AF_INET ? 32 : 128;
}

int address_range_parse(struct address_range *out, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	const char *digits = text[len] == '/' ? text + len + 1 : NULL;

	if (len >= sizeof address)
		return -1;
	memcpy(address, text, len);
	address[len] = '\0';
	*out = (struct address_range){.family = strchr(address, ':') != NULL ? AF_INET6 : AF_INET};
	if (inet_pton(out->family, address, out->prefix) != 1)
		return -1;
	out->bits = family_bits(out->family);
	if (digits != NULL) {
		size_t count = strspn(digits, "0123456789");
		if (count == 0 || count > 3 || digits[count] != '\0' || strtoul(digits, NULL, 10) > out->bits)
			return -1;
		out->bits = (unsigned)strtoul(digits, NULL, 10);
	}
	for (unsigned i = out->bits; i < family_bits(out->family); i++) {
		if (out->prefix[i / 8] & 0x80u >> i % 8)
			return -1;
	}
	return 0;
}

bool address_range_covers(const struct address_range *r, sa_family_t family, const uint8_t *address)
{
	unsigned whole = r->bits / 8, rest = r->bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	return r->family == family && memcmp(r->prefix, address, whole) == 0 &&
	       (rest == 0 || ((r->prefix[whole] ^ address[whole]) & mask) == 0);
}

bool address_range_within(const struct address_range *inner, const struct address_range *outer)
{
	return inner->bits >= outer->bits && address_range_covers(outer, inner->family, inner->prefix);
}

bool address_range_single(const struct address_range *r)
{
	return r->bits == family_bits(r->family);
}

bool address_range_private(const struct address_range *r)
{
	static const struct address_range privates[] = {
	    {AF_INET, {127}, 8},       {AF_INET, {10}, 8},          {AF_INET, {172, 16}, 12}, {AF_INET, {192, 168}, 16},
	    {AF_INET, {169, 254}, 16}, {AF_INET6, {[15] = 1}, 128}, {AF_INET6, {0xfc}, 7},    {AF_INET6, {0xfe, 0x80}, 10},
	};

	for (size_t i = 0; i < ARRAY_LEN(privates); i++) {
		if (address_range_within(r, &privates[i]))
			return true;
	}
	return false;
}

bool address_range_text_within(const char *outer, const char *inner)
{
	struct address_range a, b;

	return address_range_parse(&a, outer) == 0 && address_range_parse(&b, inner) == 0 && address_range_within(&b, &a);
}

const uint8_t *address_bytes(const struct sockaddr *address, socklen_t len)
{
	if (address->sa_family == AF_INET && len >= sizeof(struct sockaddr_in))
		return (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
	if (address->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6))
		return ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr;
	return NULL;
}
