// SPDX-License-Identifier: ISC
#include "fcgi/generate/mark.h"
#include "policy/base/array.h"
#include <libdeflate.h>
#include <stdint.h>
#include <string.h>

#define PACKET(source)                                                                                                                     \
	"<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"                                                               \
	"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"                        \
	"<rdf:Description rdf:about=\"\" xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" "                               \
	"Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/" source "\"/>"                                    \
	"</rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"

// Whether a C2PA manifest's bytes say that the picture was made by AI.
static bool manifest_states(const unsigned char *manifest, size_t len)
{
	static const char statement[] = "/digitalsourcetype/trainedAlgorithmicMedia";

	return memmem(manifest, len, statement, sizeof statement - 1) != NULL;
}

// ---- PNG: a signature, then chunks of length, type, data, CRC. The mark goes right after IHDR. ----

enum { SIGNATURE_LEN = 8, CHUNK_FRAME = 12, IHDR_LEN = 13 };

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void be32_add(struct buf *out, uint32_t v)
{
	buf_add(out, (unsigned char[]){(unsigned char)(v >> 24), (unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v}, 4);
}

static int png_mark(const char *xmp, const unsigned char *bytes, size_t len, struct buf *out, bool *signed_mark, struct err *e)
{
	// Keyword, NUL, not compressed, compression method, no language, no translated keyword, text.
	static const char mark_head[] = "iTXtXML:com.adobe.xmp\0\0\0\0";
	static const char *const telling[] = {"tEXt", "zTXt", "iTXt", "eXIf", "tIME"}; // the prompt, or when and by whom
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
		if (be32(type + 4 + data) != libdeflate_crc32(0, type, 4 + data))
			return err_set(e, ERR_INPUT, "a chunk of the PNG is damaged");
		bool tells = false;
		for (size_t i = 0; i < ARRAY_LEN(telling); i++)
			tells |= memcmp(type, telling[i], 4) == 0;
		if (!tells)
			buf_add(out, chunk, data + CHUNK_FRAME);
		if (at == SIGNATURE_LEN) {
			BUF_AUTO struct buf mark = BUF_INIT(4096);
			buf_add(&mark, mark_head, sizeof mark_head);
			buf_adds(&mark, xmp);
			be32_add(out, (uint32_t)(mark.len - 4));
			buf_add(out, mark.data, mark.len);
			be32_add(out, libdeflate_crc32(0, mark.data, mark.len));
			out->failed |= mark.failed;
		}
		if (memcmp(type, "caBX", 4) == 0)
			*signed_mark |= manifest_states(type + 4, data);
		ended = memcmp(type, "IEND", 4) == 0;
		at += data + CHUNK_FRAME;
	}
	return 0; // what follows the end is no part of the image
}

// ---- JPEG: SOI, segments of marker and length up to the first scan, then entropy-coded data to EOI. The mark goes after SOI and JFIF. ----

enum { SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, APP0 = 0xE0, APP1 = 0xE1, APP2 = 0xE2, APP11 = 0xEB, APP14 = 0xEE, APP15 = 0xEF, COM = 0xFE };

static int jpeg_mark(const char *xmp, const unsigned char *bytes, size_t len, struct buf *out, bool *signed_mark, struct err *e)
{
	enum { JUMBF_HEAD = 2 + 2 + 2 + 2 + 4 }; // marker, length, "JP", box instance, packet sequence
	static const char mark_head[] = "http://ns.adobe.com/xap/1.0/";
	BUF_AUTO struct buf manifest = BUF_INIT(len);
	size_t at = 2;
	bool marked = false;

	if (len < 4 || bytes[0] != 0xFF || bytes[1] != SOI)
		return err_set(e, ERR_INPUT, "the JPEG has no start");
	buf_add(out, bytes, 2);
	for (;;) {
		while (at + 1 < len && bytes[at] == 0xFF && bytes[at + 1] == 0xFF) // fill bytes
			at++;
		if (len - at < 4 || bytes[at] != 0xFF || bytes[at + 1] == 0 || bytes[at + 1] == EOI)
			return err_set(e, ERR_INPUT, "the JPEG ends before its picture");
		unsigned char marker = bytes[at + 1];
		size_t segment = 2 + ((size_t)bytes[at + 2] << 8 | bytes[at + 3]);
		if (segment < 4 || segment > len - at)
			return err_set(e, ERR_INPUT, "the JPEG is cut short");
		if (!marked && marker != APP0) {
			size_t mark_len = 2 + sizeof mark_head + strlen(xmp);
			buf_add(out, (unsigned char[]){0xFF, APP1, (unsigned char)(mark_len >> 8), (unsigned char)mark_len}, 4);
			buf_add(out, mark_head, sizeof mark_head);
			buf_adds(out, xmp);
			marked = true;
		}
		// A manifest is cut into segments of 64 KiB, so the statement is looked for in their joined payloads.
		if (marker == APP11 && segment > JUMBF_HEAD) {
			const unsigned char *p = bytes + at;
			bool first = p[8] == 0 && p[9] == 0 && p[10] == 0 && p[11] <= 1;
			size_t skip =
			    first || segment < JUMBF_HEAD + 8 ? JUMBF_HEAD : JUMBF_HEAD + 8; // later packets repeat the box header
			buf_add(&manifest, p + skip, segment - skip);
		}
		if (marker == SOS)
			break;
		// JFIF, colour profile, C2PA and the colour transform stay; other application data and comments may repeat the prompt.
		bool tells = marker == COM || (marker >= APP0 && marker <= APP15);
		if (!tells || marker == APP0 || marker == APP2 || marker == APP11 || marker == APP14)
			buf_add(out, bytes + at, segment);
		at += segment;
	}
	*signed_mark = manifest.len > 0 && manifest_states((const unsigned char *)manifest.data, manifest.len);
	if (memmem(bytes + at, len - at, "\xFF\xD9", 2) == NULL)
		return err_set(e, ERR_INPUT, "the JPEG has no end");
	return buf_add(out, bytes + at, len - at) == 0 ? 0 : err_set(e, ERR_MEMORY, "the marked image is too large");
}

// ---- WebP: a RIFF file of chunks (four letters, little-endian length, data padded to an even length). A file with an XMP chunk begins with
// a VP8X chunk whose flags announce it; a plain one gets one made from the size in its VP8 or VP8L header. XMP goes last. ----

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

static void webp_chunk_add(struct buf *out, const char *type, const void *data, size_t len)
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

static int webp_mark(const char *xmp, const unsigned char *bytes, size_t len, struct buf *out, bool *signed_mark, struct err *e)
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
		size_t data = le32(chunk + 4), left = end - at - CHUNK_HEAD;
		if (data > left)
			return err_set(e, ERR_INPUT, "a chunk of the WebP is cut short");
		if (at == RIFF_HEAD) {
			unsigned char vp8x[VP8X_LEN];
			if (memcmp(chunk, "VP8X", 4) == 0 && data == VP8X_LEN)
				memcpy(vp8x, chunk + CHUNK_HEAD, VP8X_LEN);
			else if (vp8x_make(vp8x, chunk, data) != 0)
				return err_set(e, ERR_INPUT, "the WebP holds no picture");
			vp8x[0] = (unsigned char)((vp8x[0] & ~FLAG_EXIF) | FLAG_XMP);
			webp_chunk_add(out, "VP8X", vp8x, sizeof vp8x);
		}
		if (memcmp(chunk, "C2PA", 4) == 0)
			*signed_mark |= manifest_states(chunk + CHUNK_HEAD, data);
		if (memcmp(chunk, "VP8X", 4) != 0 && memcmp(chunk, "XMP ", 4) != 0 && memcmp(chunk, "EXIF", 4) != 0)
			webp_chunk_add(out, (const char *)chunk, chunk + CHUNK_HEAD, data);
		at += CHUNK_HEAD + (data == left ? data : data + data % 2); // the last pad byte is often forgotten
	}
	webp_chunk_add(out, "XMP ", xmp, strlen(xmp));
	if (out->failed)
		return err_set(e, ERR_MEMORY, "the marked image is too large");
	le32_put((unsigned char *)out->data + start + 4, (uint32_t)(out->len - start - 8));
	return 0;
}

// ---- all ----

int mark_image(enum mark_source source, const char *type, const void *bytes, size_t len, struct buf *out, struct err *e)
{
	static const struct {
		const char *type;
		int (*mark)(const char *xmp, const unsigned char *bytes, size_t len, struct buf *out, bool *signed_mark, struct err *e);
	} formats[] = {{"image/png", png_mark}, {"image/jpeg", jpeg_mark}, {"image/webp", webp_mark}};
	const char *xmp = source == MARK_PROGRAM ? PACKET("algorithmicMedia") : PACKET("trainedAlgorithmicMedia");
	size_t before = out->len;

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		bool signed_mark = false;
		if (strcmp(formats[i].type, type) != 0)
			continue;
		if (formats[i].mark(xmp, bytes, len, out, &signed_mark, e) != 0)
			return -1;
		if (signed_mark && !out->failed) {
			out->len = before;
			buf_add(out, bytes, len);
		}
		return out->failed ? err_set(e, ERR_MEMORY, "the marked image is too large") : 0;
	}
	return err_set(e, ERR_INPUT, "%s images cannot be marked", type);
}
