// SPDX-License-Identifier: ISC
// Base64 as RFC 4648 words it, a digit at a time: what the fast one is compared with.
#ifndef LETHE_TESTS_BASE64_REFERENCE_H
#define LETHE_TESTS_BASE64_REFERENCE_H

#include <string.h>
#include <sys/types.h>

// How many bytes the text is, which go to *out; -1 where it is not strict base64.
static inline ssize_t reference_decode(unsigned char *out, const char *text, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned bits = 0, held = 0, padding = 0;
	ssize_t n = 0;

	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	if (len % 4 != 0)
		return -1;
	for (size_t i = 0; i < len - padding; i++) {
		const char *digit = memchr(alphabet, text[i], 64);
		if (digit == NULL)
			return -1;
		bits = (bits << 6 | (unsigned)(digit - alphabet)) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[n++] = (unsigned char)(bits >> held);
		}
	}
	return held == 2 * padding && (bits & ((1u << held) - 1)) == 0 ? n : -1;
}

#endif
