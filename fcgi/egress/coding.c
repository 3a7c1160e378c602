// SPDX-License-Identifier: ISC
#include "fcgi/egress/coding.h"
#include "policy/base/array.h"
#include <brotli/decode.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

enum { CODINGS_MAX = 4, CHUNK = 16 * 1024 };
enum coding { CODING_GZIP, CODING_DEFLATE, CODING_BROTLI };

// How many codings there are to undo, in the order they were applied; -1: one is unknown, or there are too many.
static int codings_read(enum coding list[CODINGS_MAX], const char *s)
{
	static const struct {
		const char *name;
		enum coding coding;
	} rows[] = {{"gzip", CODING_GZIP}, {"x-gzip", CODING_GZIP}, {"deflate", CODING_DEFLATE}, {"br", CODING_BROTLI}};
	int count = 0;
	for (; *s != '\0'; s += strspn(s, ", \t")) {
		size_t len = strcspn(s, ", \t"), i = 0;
		while (i < ARRAY_LEN(rows) && !(len == strlen(rows[i].name) && strncasecmp(s, rows[i].name, len) == 0))
			i++;
		if (len > 0 && (i == ARRAY_LEN(rows) || count == CODINGS_MAX))
			return -1;
		if (len > 0)
			list[count++] = rows[i].coding;
		s += len;
	}
	return count;
}

static enum egress_failure inflate_all(struct buf *out, const struct buf *in, int window)
{
	z_stream z = {.next_in = (unsigned char *)in->data, .avail_in = (unsigned)in->len};
	unsigned char chunk[CHUNK];
	enum egress_failure f = FAILURE_NONE;
	int rc = Z_OK;
	if (inflateInit2(&z, window) != Z_OK)
		return FAILURE_MEMORY;
	while (rc == Z_OK && f == FAILURE_NONE) {
		z.next_out = chunk;
		z.avail_out = sizeof chunk;
		rc = inflate(&z, Z_NO_FLUSH);
		if (buf_add(out, chunk, sizeof chunk - z.avail_out) != 0)
			f = FAILURE_SIZE;
	}
	inflateEnd(&z);
	explicit_bzero(chunk, sizeof chunk);
	return f != FAILURE_NONE || rc == Z_STREAM_END || out->len > 0 ? f : FAILURE_ENCODING;
}

static enum egress_failure brotli_all(struct buf *out, const struct buf *in)
{
	BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	const uint8_t *from = (const uint8_t *)in->data;
	size_t left = in->len;
	BrotliDecoderResult rc = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	enum egress_failure f = state != NULL ? FAILURE_NONE : FAILURE_MEMORY;
	while (f == FAILURE_NONE && rc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
		size_t none = 0, size = 0;
		rc = BrotliDecoderDecompressStream(state, &left, &from, &none, NULL, NULL);
		const uint8_t *piece = BrotliDecoderTakeOutput(state, &size);
		if (buf_add(out, piece, size) != 0)
			f = FAILURE_SIZE;
	}
	if (state != NULL)
		BrotliDecoderDestroyInstance(state);
	return f != FAILURE_NONE || rc == BROTLI_DECODER_RESULT_SUCCESS || out->len > 0 ? f : FAILURE_ENCODING;
}

enum egress_failure coding_undo(struct buf *body, const char *codings)
{
	enum coding list[CODINGS_MAX];
	enum egress_failure f = FAILURE_NONE;
	for (int n = codings_read(list, codings); n > 0 && f == FAILURE_NONE && body->len > 0; n--) {
		struct buf plain = BUF_INIT(body->max);
		const unsigned char *s = (const unsigned char *)body->data;
		bool zlib = body->len >= 2 && (s[0] & 0x0f) == Z_DEFLATED && (s[0] << 8 | s[1]) % 31 == 0;
		bool gzip = body->len >= 2 && s[0] == 0x1f && s[1] == 0x8b;
		if (list[n - 1] == CODING_GZIP && !gzip) // said, and not done
			continue;
		if (list[n - 1] == CODING_BROTLI)
			f = brotli_all(&plain, body);
		else
			f = inflate_all(&plain, body, gzip ? MAX_WBITS + 16 : zlib ? MAX_WBITS : -MAX_WBITS);
		buf_wipe(body);
		*body = plain;
	}
	return f;
}
