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

int address_range_read(struct address_range *out, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	const char *digits = text[len] == '/' ? text + len + 1 : NULL;

	*out = (struct address_range){0};
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
	return 0;
}

struct address_range address_range_around(const struct address_range *r, unsigned bits_six, unsigned bits_four)
{
	struct address_range around = {.family = r->family, .bits = r->family == AF_INET ? bits_four : bits_six};

	memcpy(around.prefix, r->prefix, around.bits / 8);
	if (around.bits % 8 != 0)
		around.prefix[around.bits / 8] = (uint8_t)(r->prefix[around.bits / 8] & 0xff00u >> around.bits % 8);
	return around;
}

int address_range_parse(struct address_range *out, const char *text)
{
	if (address_range_read(out, text) != 0)
		return -1;
	const struct address_range whole = address_range_around(out, out->bits, out->bits);
	return memcmp(whole.prefix, out->prefix, sizeof whole.prefix) == 0 ? 0 : -1;
}

int address_range_of(struct address_range *out, const char *address)
{
	static const uint8_t four[] = {[10] = 0xff, [11] = 0xff}; // ::ffff:192.0.2.7

	if (address_range_read(out, address) != 0 || strchr(address, '/') != NULL)
		return -1;
	if (out->family == AF_INET6 && memcmp(out->prefix, four, sizeof four) == 0) {
		*out = (struct address_range){AF_INET, {out->prefix[12], out->prefix[13], out->prefix[14], out->prefix[15]}, 32};
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

static bool within_any(const struct address_range *r, const struct address_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (address_range_within(r, &ranges[i]))
			return true;
	return false;
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

	return within_any(r, privates, ARRAY_LEN(privates));
}

bool address_range_public(const struct address_range *r)
{
	static const struct address_range assigned = {AF_INET6, {0x20}, 3},
					  others[] = {{AF_INET, {0}, 8}, {AF_INET, {100, 64}, 10}, {AF_INET, {224}, 3}};

	return r->family == AF_INET6 ? address_range_within(r, &assigned)
				     : !address_range_private(r) && !within_any(r, others, ARRAY_LEN(others));
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
