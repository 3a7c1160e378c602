// SPDX-License-Identifier: ISC
// WebP: a RIFF file of chunks (four letters, little-endian length, data padded to an even length). A file with an XMP chunk begins with a
// VP8X chunk whose flags announce it; a plain one gets one made from the size in its VP8 or VP8L header. XMP goes last.
#include "fcgi/generate/mark.h"
#include <stdint.h>
#include <string.h>

enum { RIFF_HEAD = 12, CHUNK_HEAD = 8, VP8X_LEN = 10, FLAG_ICC = 0x20, FLAG_ALPHA = 0x10, FLAG_EXIF = 0x08, FLAG_XMP = 0x04 };

static uint32_t le32(const unsigned char *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static void le32_put(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)v;
	p[1] = (unsigned char)(v >> 8);
	p[2] = (unsigned char)(v >> 16);
	p[3] = (unsigned char)(v >> 24);
}

static void chunk_add(struct buf *out, const char *type, const void *data, size_t len)
{
	unsigned char head[CHUNK_HEAD];

	memcpy(head, type, 4);
	le32_put(head + 4, (uint32_t)len);
	buf_add(out, head, sizeof head);
	buf_add(out, data, len);
	if (len % 2 != 0)
		buf_addc(out, '\0');
}

// The VP8X data for a file that has none, from its first chunk. -1 when that is no picture.
static int vp8x_make(unsigned char vp8x[VP8X_LEN], const unsigned char *chunk, size_t data)
{
	const unsigned char *p = chunk + CHUNK_HEAD;
	uint32_t width, height;

	memset(vp8x, 0, VP8X_LEN);
	if (memcmp(chunk, "VP8 ", 4) == 0 && data >= 10 && memcmp(p + 3, "\x9d\x01\x2a", 3) == 0) {
		width = (uint32_t)(p[6] | p[7] << 8) & 0x3FFF;
		height = (uint32_t)(p[8] | p[9] << 8) & 0x3FFF;
	} else if (memcmp(chunk, "VP8L", 4) == 0 && data >= 5 && p[0] == 0x2f) {
		uint32_t bits = le32(p + 1);
		width = (bits & 0x3FFF) + 1;
		height = (bits >> 14 & 0x3FFF) + 1;
		vp8x[0] = bits >> 28 & 1 ? FLAG_ALPHA : 0;
	} else {
		return -1;
	}
	if (width == 0 || height == 0)
		return -1;
	for (int i = 0; i < 3; i++) {
		vp8x[4 + i] = (unsigned char)((width - 1) >> (8 * i));
		vp8x[7 + i] = (unsigned char)((height - 1) >> (8 * i));
	}
	return 0;
}

static int add_vp8x(struct buf *out, const unsigned char *first, size_t data)
{
	unsigned char vp8x[VP8X_LEN];

	if (memcmp(first, "VP8X", 4) == 0 && data == VP8X_LEN)
		memcpy(vp8x, first + CHUNK_HEAD, VP8X_LEN);
	else if (vp8x_make(vp8x, first, data) != 0)
		return -1;
	vp8x[0] = (unsigned char)((vp8x[0] & ~FLAG_EXIF) | FLAG_XMP);
	chunk_add(out, "VP8X", vp8x, sizeof vp8x);
	return 0;
}

int mark_webp(const char *xmp, const unsigned char *bytes, size_t len, struct buf *out, bool *signed_mark, struct err *e)
{
	size_t start = out->len, at = RIFF_HEAD;

	if (len < RIFF_HEAD + CHUNK_HEAD || memcmp(bytes, "RIFF", 4) != 0 || memcmp(bytes + 8, "WEBP", 4) != 0)
		return err_set(e, ERR_INPUT, "the WebP has no start");
	size_t end = le32(bytes + 4);
	if (end > len - 8 || end < 4 + CHUNK_HEAD)
		return err_set(e, ERR_INPUT, "the WebP is cut short");
	end += 8;
	buf_add(out, bytes, RIFF_HEAD);
	while (end - at >= CHUNK_HEAD) {
		const unsigned char *chunk = bytes + at;
		size_t data = le32(chunk + 4), room = end - at - CHUNK_HEAD;
		if (data > room)
			return err_set(e, ERR_INPUT, "a chunk of the WebP is cut short");
		if (at == RIFF_HEAD && add_vp8x(out, chunk, data) != 0)
			return err_set(e, ERR_INPUT, "the WebP holds no picture");
		if (memcmp(chunk, "C2PA", 4) == 0)
			*signed_mark |= mark_is_stated(chunk + CHUNK_HEAD, data);
		if (memcmp(chunk, "VP8X", 4) != 0 && memcmp(chunk, "XMP ", 4) != 0 && memcmp(chunk, "EXIF", 4) != 0)
			chunk_add(out, (const char *)chunk, chunk + CHUNK_HEAD, data);
		at += CHUNK_HEAD + (data == room ? data : data + data % 2); // the last pad byte is often forgotten
	}
	chunk_add(out, "XMP ", xmp, strlen(xmp));
	if (out->failed)
		return err_set(e, ERR_MEMORY, "the marked image is too large");
	le32_put((unsigned char *)out->data + start + 4, (uint32_t)(out->len - start - 8));
	return 0;
}
