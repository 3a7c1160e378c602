// SPDX-License-Identifier: ISC
// The mark over any bytes: no crash; in pieces the same as whole; a second mark changes nothing. What begins with "png" is a list of chunks,
// each a byte for the type, one for the length, and the data; it is made a PNG, because nobody guesses CRCs.
#include "tests/unit/mark_support.h"
#include <libdeflate.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int mark_by(const void *bytes, size_t len, size_t piece, struct buf *out, struct mark_facts *facts)
{
	struct mark_stream m;
	int done = 0;

	mark_begin(&m, MARK_MODEL, &mark_buffer, out);
	for (size_t at = 0; at < len && done == 0; at += piece)
		done = mark_add(&m, (const char *)bytes + at, piece < len - at ? piece : len - at, NULL);
	done = done == 0 ? mark_end(&m, facts, NULL) : done;
	mark_free(&m);
	return done;
}

static void chunk_add(struct buf *png, const char *type, const void *data, size_t len)
{
	size_t start = png->len + 4;

	buf_add(png, (const unsigned char[]){0, 0, (unsigned char)(len >> 8), (unsigned char)len}, 4);
	buf_adds(png, type);
	buf_add(png, data, len);
	uint32_t crc = libdeflate_crc32(0, png->data + start, len + 4);
	buf_add(
	    png,
	    (const unsigned char[]){(unsigned char)(crc >> 24), (unsigned char)(crc >> 16), (unsigned char)(crc >> 8), (unsigned char)crc},
	    4);
}

static void png_make(struct buf *png, const uint8_t *data, size_t size)
{
	static const char *const types[] = {"IDAT", "tEXt", "caBX", "iTXt", "eXIf", "gAMA", "IEND", "IHDR"};
	static const char statement[] = "jumbf /digitalsourcetype/trainedAlgorithmicMedia";

	buf_add(png, "\x89PNG\r\n\x1a\n", 8);
	chunk_add(png, "IHDR", "\0\0\4\0\0\0\4\0\10\2\0\0\0", 13);
	for (size_t at = 0; size - at >= 2;) {
		const char *type = types[data[at] % 8];
		size_t len = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
		if (data[at] >= 128 && strcmp(type, "caBX") == 0)
			chunk_add(png, type, statement, sizeof statement);
		else
			chunk_add(png, type, data + at + 2, len);
		at += 2 + len;
	}
	chunk_add(png, "IEND", "", 0);
	buf_adds(png, size % 2 ? "behind" : "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_AUTO struct buf png = BUF_INIT(1 << 22);
	if (size >= 3 && memcmp(data, "png", 3) == 0) {
		png_make(&png, data + 3, size - 3);
		data = (const uint8_t *)png.data;
		size = png.len;
	}
	BUF_AUTO struct buf once = BUF_INIT(1 << 22), pieces = BUF_INIT(1 << 22), twice = BUF_INIT(1 << 22);
	struct mark_facts facts, again;
	int done = mark_by(data, size, size, &once, &facts);

	if (mark_by(data, size, size > 0 ? 1 + data[size - 1] % 64 : 1, &pieces, &again) != done)
		abort();
	if (done != 0)
		return 0;
	if (pieces.len != once.len || memcmp(pieces.data, once.data, once.len) != 0)
		abort();
	if (facts.width == 0 || facts.height == 0 || facts.width > 8192 || facts.height > 8192)
		abort();
	if (mark_by(once.data, once.len, once.len, &twice, &again) != 0 || once.len != twice.len ||
	    memcmp(once.data, twice.data, once.len) != 0)
		abort();
	return 0;
}
