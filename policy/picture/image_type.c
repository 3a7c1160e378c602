// SPDX-License-Identifier: ISC
// What kind of image some bytes are, judged by the bytes alone: PNG, JPEG or WebP, with the size that they state.
#include "policy/picture/image_type.h"
#include "policy/base/array.h"
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { EDGE_MAX = 8192 };

static uint32_t read_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint32_t le24(const uint8_t *p)
{
	return (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

// Signature, then an IHDR of 13 bytes.
static bool png(const uint8_t *p, size_t len, unsigned *width, unsigned *height)
{
	static const uint8_t start[16] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0, 0, 0, 13, 'I', 'H', 'D', 'R'};
	if (len < 33 || memcmp(p, start, sizeof start) != 0)
		return false;
	*width = read_be32(p + 16);
	*height = read_be32(p + 20);
	return true;
}

// SOI, then segments up to the frame header (SOF0–SOF15 without DHT, JPG and DAC), which states the size.
static bool jpeg(const uint8_t *p, size_t len, unsigned *width, unsigned *height)
{
	if (len < 4 || p[0] != 0xff || p[1] != 0xd8 || p[2] != 0xff)
		return false;
	for (size_t at = 2; at + 9 <= len && p[at] == 0xff;) {
		uint8_t marker = p[at + 1];
		size_t size = (size_t)p[at + 2] << 8 | p[at + 3];
		if (marker == 0xff) { // fill byte
			at++;
			continue;
		}
		if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
			*height = (unsigned)p[at + 5] << 8 | p[at + 6];
			*width = (unsigned)p[at + 7] << 8 | p[at + 8];
			return true;
		}
		if (size < 2 || marker == 0xd9 || marker == 0xda)
			return false;
		at += 2 + size;
	}
	return false;
}

// RIFF of the stated length; the first chunk says how the size is written.
static bool webp(const uint8_t *p, size_t len, unsigned *width, unsigned *height)
{
	if (len < 30 || memcmp(p, "RIFF", 4) != 0 || memcmp(p + 8, "WEBP", 4) != 0)
		return false;
	size_t stated = (size_t)le24(p + 4) | (size_t)p[7] << 24;
	if (stated + 8 > len)
		return false;
	if (memcmp(p + 12, "VP8X", 4) == 0) {
		*width = le24(p + 24) + 1;
		*height = le24(p + 27) + 1;
	} else if (memcmp(p + 12, "VP8L", 4) == 0 && p[20] == 0x2f) {
		*width = (((unsigned)p[22] & 0x3f) << 8 | p[21]) + 1;
		*height = (((unsigned)p[24] & 0x0f) << 10 | (unsigned)p[23] << 2 | p[22] >> 6) + 1;
	} else if (memcmp(p + 12, "VP8 ", 4) == 0 && p[23] == 0x9d && p[24] == 0x01 && p[25] == 0x2a) {
		*width = ((unsigned)p[27] << 8 | p[26]) & 0x3fff;
		*height = ((unsigned)p[29] << 8 | p[28]) & 0x3fff;
	} else {
		return false;
	}
	return true;
}

const char *image_type(const void *bytes, size_t len, unsigned *width, unsigned *height)
{
	static const struct {
		bool (*is)(const uint8_t *p, size_t len, unsigned *width, unsigned *height);
		const char *type;
	} types[] = {{png, "image/png"}, {jpeg, "image/jpeg"}, {webp, "image/webp"}};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].is(bytes, len, width, height))
			return *width > 0 && *height > 0 && *width <= EDGE_MAX && *height <= EDGE_MAX ? types[i].type : NULL;
	return NULL;
}
