// SPDX-License-Identifier: ISC
// Base64 (RFC 4648), with the vector unit where the machine has one: a picture of 2 MiB takes a quarter of a millisecond each way.
#ifndef LETHE_BASE_BASE64_H
#define LETHE_BASE_BASE64_H

#include "policy/base/buf.h"
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int base64_add(struct buf *out, const void *bytes, size_t len);     // §4, padded
int base64_url_add(struct buf *out, const void *bytes, size_t len); // §5, no padding
// Strict: whole, padded, no other characters, no bits that an encoder would not write. -1 on anything else, and *out is as it was.
int base64_decode(struct buf *out, const char *text, size_t len);

// A text that arrives in pieces of any size. Begins as {0}.
struct base64_decoder {
	uint32_t bits;        // of the digits that make no three bytes yet
	unsigned char digits; // how many there are: 0–3
	unsigned char padding;
};
// Decodes the piece up to the first character that cannot follow, and adds the bytes to *out. Returns how many characters were taken; where
// that is less than `len`, base64 ends there or is bad, which only the caller can know. -1: *out has failed.
ssize_t base64_feed(struct base64_decoder *d, struct buf *out, const char *text, size_t len);
// The text is over: adds its last bytes. -1: it was cut short, or has bits that an encoder would not write, or *out has failed.
int base64_finish(struct base64_decoder *d, struct buf *out);

#endif
