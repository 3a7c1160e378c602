// SPDX-License-Identifier: ISC
// PNG: a signature, then chunks of length, type, data, CRC. The mark goes right after IHDR.
#include "fcgi/generate/mark.h"
#include "policy/base/array.h"
#include <stdint.h>
#include <string.h>
#include <zlib.h>

enum { SIGNATURE_LEN = 8, CHUNK_FRAME = 12, IHDR_LEN = 13 };

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void be32_add(struct buf *out, uint32_t v)
{
	buf_add(out, (unsigned char[]){(unsigned char)(v >> 24), (unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v}, 4);
}

static uint32_t crc(const void *p, size_t len)
{
	return (uint32_t)crc32_z(0, p, len);
}

static void add_mark(struct buf *out, const char *xmp)
{
	// Keyword, NUL, not compressed, compression method, no language, no translated keyword, text.
	static const char head[] = "iTXtXML:com.adobe.xmp\0\0\0\0";
	struct buf chunk = BUF_INIT(4096);

	buf_add(&chunk, head, sizeof head);
	buf_adds(&chunk, xmp);
	be32_add(out, (uint32_t)(chunk.len - 4));
	buf_add(out, chunk.data, chunk.len);
	be32_add(out, crc(chunk.data, chunk.len));
	out->failed |= chunk.failed;
	buf_free(&chunk);
}

// What may repeat the prompt or tell when and by whom.
static bool tells(const unsigned char *type)
{
	static const char *const types[] = {"tEXt", "zTXt", "iTXt", "eXIf", "tIME"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (memcmp(type, types[i], 4) == 0)
			return true;
	}
	return false;
}

int mark_png(const char *xmp, const unsigned char *bytes, size_t len, struct buf *out, bool *signed_mark, struct err *e)
{
	size_t at = SIGNATURE_LEN;
	bool ended = false;

	if (len < SIGNATURE_LEN || memcmp(bytes, "\x89PNG\r\n\x1a\n", SIGNATURE_LEN) != 0)
		return err_set(e, ERR_INPUT, "the PNG has no signature");
	buf_add(out, bytes, SIGNATURE_LEN);
	while (!ended) {
		const unsigned char *chunk = bytes + at, *type = chunk + 4;
		if (len - at < CHUNK_FRAME || be32(chunk) > len - at - CHUNK_FRAME)
			return err_set(e, ERR_INPUT, "the PNG is cut short");
		size_t data = be32(chunk);
		if ((at == SIGNATURE_LEN) != (memcmp(type, "IHDR", 4) == 0 && data == IHDR_LEN))
			return err_set(e, ERR_INPUT, "the PNG does not begin with one header");
		if (be32(type + 4 + data) != crc(type, 4 + data))
			return err_set(e, ERR_INPUT, "a chunk of the PNG is damaged");
		if (!tells(type))
			buf_add(out, chunk, data + CHUNK_FRAME);
		if (at == SIGNATURE_LEN)
			add_mark(out, xmp);
		if (memcmp(type, "caBX", 4) == 0)
			*signed_mark |= mark_is_stated(type + 4, data);
		ended = memcmp(type, "IEND", 4) == 0;
		at += data + CHUNK_FRAME;
	}
	return 0; // what follows the end is no part of the image
}
