// SPDX-License-Identifier: ISC
#include "policy/base/network.h"
#include "policy/base/array.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

enum { FOUR_AT = 12 };
static const uint8_t four_prefix[FOUR_AT] = {[10] = 0xff, [11] = 0xff};

int network_read(struct network *out, const char *address)
{
	*out = (struct network){0};
	if (inet_pton(AF_INET, address, out->bytes + FOUR_AT) == 1)
		memcpy(out->bytes, four_prefix, FOUR_AT);
	else if (inet_pton(AF_INET6, address, out->bytes) != 1)
		return -1;
	out->four = memcmp(out->bytes, four_prefix, FOUR_AT) == 0;
	return 0;
}

bool network_public(const struct network *n)
{
	static const struct {
		uint8_t prefix[3];
		unsigned bits;
	} local[] = {{{0}, 8}, {{10}, 8}, {{100, 64}, 10}, {{127}, 8}, {{169, 254}, 16}, {{172, 16}, 12}, {{192, 168}, 16}, {{224}, 3}};

	if (!n->four)
		return (n->bytes[0] & 0xe0) == 0x20; // 2000::/3
	for (size_t i = 0; i < ARRAY_LEN(local); i++) {
		const struct network around = network_around(n, 0, local[i].bits);
		if (memcmp(around.bytes + FOUR_AT, local[i].prefix, sizeof local[i].prefix) == 0)
			return false;
	}
	return true;
}

struct network network_around(const struct network *n, unsigned bits_six, unsigned bits_four)
{
	const unsigned bits = n->four ? 8 * FOUR_AT + bits_four : bits_six;
	struct network around = {.four = n->four};

	for (unsigned i = 0; i < bits / 8; i++)
		around.bytes[i] = n->bytes[i];
	if (bits % 8 != 0)
		around.bytes[bits / 8] = (uint8_t)(n->bytes[bits / 8] & 0xff00u >> bits % 8);
	return around;
}
