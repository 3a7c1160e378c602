// SPDX-License-Identifier: ISC
#include "policy/picture/mark.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/picture/image_type.h"
#include <libdeflate.h>
#include <string.h>

enum {
	HEAD_MAX = 4 * 1024 * 1024, // held before the pixels: a colour profile, a manifest with a thumbnail
	DROPPED_MAX = 1024 * 1024,
};

#define PACKET(source)                                                                                                                     \
	"<?xpacket begin=\"\xEF\xBB\xBF\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>"                                                               \
	"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">"                        \
	"<rdf:Description rdf:about=\"\" xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\" "                               \
	"Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/" source "\"/>"                                    \
	"</rdf:RDF></x:xmpmeta><?xpacket end=\"r\"?>"

// Whether a C2PA manifest's bytes say that the picture was made by AI.
static bool manifest_states(const void *manifest, size_t len)
{
	static const char statement[] = "/digitalsourcetype/trainedAlgorithmicMedia";

	return len > 0 && memmem(manifest, len, statement, sizeof statement - 1) != NULL;
}

static int mark_write(struct mark_stream *m, const void *bytes, size_t len, struct err *e)
{
	m->written += len;
	return len == 0 ? 0 : m->out->write(m->arg, bytes, len, e);
}

// The head is complete, its first `len` bytes: whether the picture is changed is known, and what it is.
static int mark_flow(struct mark_stream *m, size_t len, struct err *e)
{
	if (m->head.failed || m->marked.failed || m->said.failed)
		return err_set(e, ERR_INPUT, "what stands before the pixels of the image is too large");
	m->facts.type = image_type(m->head.data, len, &m->facts.width, &m->facts.height);
	if (m->facts.type == NULL)
		return err_set(e, ERR_INPUT, "the image is of no size that is passed on");
	m->flowing = true;
	return m->as_signed ? mark_write(m, m->head.data, len, e) : mark_write(m, m->marked.data, m->marked.len, e);
}

// ---- Exif: of all that it may say, one thing stays, which way up the picture is: without it the picture would turn. ----

enum { EXIF_LEN = 26, TAG_ORIENTATION = 0x0112 };

// The orientation in Exif data (TIFF: byte order, 42, where the first directory is, its entries of 12 bytes): 2 to 8; 0: upright, or not said.
static unsigned exif_orientation(const unsigned char *p, size_t len)
{
	if (len >= 6 && memcmp(p, "Exif\0\0", 6) == 0) {
		p += 6;
		len -= 6;
	}
	bool little = len >= 8 && p[0] == 'I' && p[1] == 'I';
	if (len < 8 || (!little && (p[0] != 'M' || p[1] != 'M')))
		return 0;
#define EXIF_U16(at) (little ? (unsigned)p[(at) + 1] << 8 | p[at] : (unsigned)p[at] << 8 | p[(at) + 1])
	size_t at = little ? (size_t)EXIF_U16(6) << 16 | EXIF_U16(4) : (size_t)EXIF_U16(4) << 16 | EXIF_U16(6);
	if (EXIF_U16(2) != 42 || at > len - 2)
		return 0;
	size_t entries = EXIF_U16(at);
	for (at += 2; entries > 0 && at + 12 <= len; entries--, at += 12) {
		unsigned value = EXIF_U16(at + 8);
		if (EXIF_U16(at) == TAG_ORIENTATION && EXIF_U16(at + 2) == 3)
			return value >= 2 && value <= 8 ? value : 0;
	}
#undef EXIF_U16
	return 0;
}

static void exif_add(struct buf *out, unsigned orientation)
{
	unsigned char exif[EXIF_LEN];

	memcpy(exif, "MM\0\x2a\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\0\0\0\0\0\0\0", EXIF_LEN);
	exif[19] = (unsigned char)orientation;
	buf_add(out, exif, sizeof exif);
}

// ---- PNG: a signature, then chunks of length, type, data, CRC. The mark goes right after IHDR. ----

enum { SIGNATURE_LEN = 8, CHUNK_FRAME = 12, IHDR_LEN = 13, PNG_MARK_AT = SIGNATURE_LEN + CHUNK_FRAME + IHDR_LEN };

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void be32_add(struct buf *out, uint32_t v)
{
	buf_add(out, (unsigned char[]){(unsigned char)(v >> 24), (unsigned char)(v >> 16), (unsigned char)(v >> 8), (unsigned char)v}, 4);
}

// Bytes of the chunk at hand, or of several that go the same way. What is left out is kept as long as a manifest may come that wants it back.
static int png_pass(struct mark_stream *m, const unsigned char *bytes, size_t len, struct err *e)
{
	if (!m->flowing)
		buf_add(&m->head, bytes, len);
	if (m->png.drops && !m->as_signed && len > 0) {
		uint64_t record[] = {m->flowing ? m->written : m->marked.len, len};
		buf_add(&m->png.dropped, record, sizeof record);
		buf_add(&m->png.dropped, bytes, len);
		return 0;
	}
	if (m->flowing)
		return mark_write(m, bytes, len, e);
	buf_add(&m->marked, bytes, len);
	return 0;
}

// What went on from one place to another, without the Exif that was made.
static int png_restore_part(struct mark_stream *m, const char *all, size_t from, size_t to, struct err *e)
{
	size_t exif = m->png.exif_at, behind = exif + m->png.exif_len;

	if (m->png.exif_len == 0 || behind <= from || exif >= to)
		return mark_write(m, all + from, to - from, e);
	return mark_write(m, all + from, exif - from, e) != 0 ? -1 : mark_write(m, all + behind, to - behind, e);
}

// The picture as it came, from what went on and what was left out of it: a manifest that states what the mark says came behind the pixels.
static int png_restore(struct mark_stream *m, struct err *e)
{
	BUF_AUTO_WIPE struct buf gone = BUF_INIT(IMAGE_BYTES_MAX + HEAD_MAX);
	const struct buf *dropped = &m->png.dropped;
	size_t len = m->written, from = PNG_MARK_AT + m->mark_len;
	char *all = buf_reserve(&gone, len);

	if (dropped->failed)
		return err_set(e, ERR_INPUT, "a signed PNG has too much text before its signature");
	if (all == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a picture");
	if (m->out->read(m->arg, 0, all, len, e) != 0)
		return -1;
	buf_took(&gone, len);
	m->written = 0;
	m->as_signed = true;
	if (m->out->restart(m->arg, e) != 0 || mark_write(m, all, PNG_MARK_AT, e) != 0)
		return -1;
	for (size_t at = 0; at < dropped->len;) {
		uint64_t record[2];
		memcpy(record, dropped->data + at, sizeof record);
		at += sizeof record;
		if (png_restore_part(m, all, from, record[0], e) != 0 || mark_write(m, dropped->data + at, record[1], e) != 0)
			return -1;
		from = record[0];
		at += record[1];
	}
	return png_restore_part(m, all, from, len, e);
}

// A chunk's head is complete, which begins at `begin` or began before the piece: what becomes of the chunk. What was read before it goes on
// where it goes another way.
static int png_chunk_begin(struct mark_stream *m, const unsigned char *bytes, size_t *from, size_t begin, struct err *e)
{
	static const char *const telling[] = {"tEXt", "zTXt", "iTXt", "eXIf", "tIME"}; // the prompt, or when and by whom
	const unsigned char *type = memcpy(m->png.type, m->png.frame + 4, sizeof m->png.type);
	bool drops = false, flows = !m->flowing && (memcmp(type, "IDAT", 4) == 0 || memcmp(type, "IEND", 4) == 0);

	m->png.left = be32(m->png.frame);
	m->png.crc = libdeflate_crc32(0, type, 4);
	m->png.at = PNG_DATA;
	if ((m->mark_len == 0) != (memcmp(type, "IHDR", 4) == 0 && m->png.left == IHDR_LEN))
		return err_set(e, ERR_INPUT, "the PNG does not begin with one header");
	for (size_t i = 0; i < ARRAY_LEN(telling); i++)
		drops |= memcmp(type, telling[i], 4) == 0;
	if (drops != m->png.drops || flows) {
		if (png_pass(m, bytes + *from, begin - *from, e) != 0 || (flows && mark_flow(m, m->head.len, e) != 0))
			return -1;
		*from = begin;
	}
	if (flows) {
		buf_wipe(&m->head);
		buf_wipe(&m->marked);
	}
	m->png.drops = drops;
	return 0;
}

// A chunk of ours, of its type and data.
static void png_chunk_add(struct mark_stream *m, const struct buf *chunk)
{
	be32_add(&m->marked, (uint32_t)(chunk->len - 4));
	buf_add(&m->marked, chunk->data, chunk->len);
	be32_add(&m->marked, libdeflate_crc32(0, chunk->data, chunk->len));
	m->marked.failed |= chunk->failed;
}

// A chunk is complete.
static int png_chunk_end(struct mark_stream *m, const unsigned char *bytes, size_t *from, size_t end, struct err *e)
{
	// Keyword, NUL, not compressed, compression method, no language, no translated keyword, text.
	static const char mark_head[] = "iTXtXML:com.adobe.xmp\0\0\0\0";
	BUF_AUTO struct buf chunk = BUF_INIT(4096);
	const unsigned char *type = m->png.type;
	bool signs = memcmp(type, "caBX", 4) == 0 && !m->as_signed && manifest_states(m->said.data, m->said.len);

	m->png.at = PNG_CHUNK;
	m->ended = memcmp(type, "IEND", 4) == 0;
	if (be32(m->png.frame) != m->png.crc)
		return err_set(e, ERR_INPUT, "a chunk of the PNG is damaged");
	if (m->said.failed)
		return err_set(e, ERR_INPUT, "the manifest of the PNG is too large");
	unsigned orientation = memcmp(type, "eXIf", 4) == 0 && !m->flowing && m->png.exif_len == 0
				   ? exif_orientation((const unsigned char *)m->said.data, m->said.len)
				   : 0;
	buf_reset(&m->said);
	if (m->mark_len > 0 && !signs && orientation == 0)
		return 0;
	if (png_pass(m, bytes + *from, end - *from, e) != 0)
		return -1;
	*from = end;
	if (m->mark_len == 0) {
		buf_add(&chunk, mark_head, sizeof mark_head);
		buf_adds(&chunk, m->xmp);
		m->mark_len = chunk.len + 8;
		png_chunk_add(m, &chunk);
	}
	if (orientation > 0) {
		buf_reset(&chunk);
		buf_adds(&chunk, "eXIf");
		exif_add(&chunk, orientation);
		m->png.exif_at = m->marked.len;
		m->png.exif_len = chunk.len + 8;
		png_chunk_add(m, &chunk);
	}
	if (signs && m->flowing)
		return png_restore(m, e);
	m->as_signed |= signs;
	return 0;
}

static int png_add(struct mark_stream *m, const unsigned char *bytes, size_t len, struct err *e)
{
	size_t i = m->at == 0 ? SIGNATURE_LEN : 0, from = 0; // read; of that, what went on

	m->at = SIGNATURE_LEN;
	while (i < len && !m->ended) {
		size_t whole = m->png.at == PNG_CHUNK ? 8 : m->png.at == PNG_CRC ? 4 : m->png.left, left = whole - m->png.frame_len;
		size_t n = left < len - i ? left : len - i;
		if (m->png.at == PNG_DATA) {
			m->png.crc = libdeflate_crc32(m->png.crc, bytes + i, n);
			m->png.left -= (uint32_t)n;
			if (memcmp(m->png.type, "caBX", 4) == 0 || memcmp(m->png.type, "eXIf", 4) == 0)
				buf_add(&m->said, bytes + i, n);
			m->png.at = m->png.left == 0 ? PNG_CRC : PNG_DATA;
			i += n;
			continue;
		}
		memcpy(m->png.frame + m->png.frame_len, bytes + i, n);
		m->png.frame_len += n;
		i += n;
		if (n < left)
			break;
		m->png.frame_len = 0;
		if (m->png.at == PNG_CRC) {
			if (png_chunk_end(m, bytes, &from, i, e) != 0)
				return -1;
			continue;
		}
		if (png_chunk_begin(m, bytes, &from, n == whole ? i - n : 0, e) != 0)
			return -1;
		if (n < whole && png_pass(m, m->png.frame, whole, e) != 0)
			return -1;
		from = n < whole ? i : from;
	}
	// A part of a chunk's head waits for the rest. What follows the end is no part of the image, but of what is signed.
	if (m->ended && m->as_signed)
		i = len;
	else if (!m->ended && m->png.at == PNG_CHUNK)
		i -= m->png.frame_len < i ? m->png.frame_len : i;
	return png_pass(m, bytes + from, i - from, e);
}

// ---- JPEG: SOI, segments of marker and length up to the first scan, then entropy-coded data to EOI. The mark goes after SOI and JFIF. ----

enum { RST0 = 0xD0, EOI = 0xD9, SOS = 0xDA, APP0 = 0xE0, APP1 = 0xE1, APP2 = 0xE2, APP11 = 0xEB, APP14 = 0xEE, APP15 = 0xEF, COM = 0xFE };

// JFIF, colour profile, C2PA and the colour transform stay (of Exif the orientation); other application data and comments may repeat the prompt.
static bool jpeg_tells(unsigned char marker)
{
	bool tells = marker == COM || (marker >= APP0 && marker <= APP15);

	return tells && marker != APP0 && marker != APP2 && marker != APP11 && marker != APP14;
}

// From the first scan on: entropy-coded data, in which a marker can stand, and segments between scans. A marker that may begin a segment is
// held until its length is known: `held` bytes of it came with earlier pieces.
static int jpeg_flow(struct mark_stream *m, const unsigned char *bytes, size_t len, struct err *e)
{
	unsigned char *frame = m->jpeg.frame;
	size_t i = 0, from = 0, held = m->jpeg.frame_len; // read; of that, what went on

	while (i < len && !m->ended) {
		if (m->jpeg.left > 0) {
			size_t n = m->jpeg.left < len - i ? m->jpeg.left : len - i;
			m->jpeg.left -= n;
			i += n;
			from = m->jpeg.drops ? i : from;
			continue;
		}
		if (m->jpeg.frame_len == 0) {
			const unsigned char *next = memchr(bytes + i, 0xFF, len - i);
			i = next != NULL ? (size_t)(next - bytes) + 1 : len;
			m->jpeg.frame_len = next != NULL;
			frame[0] = 0xFF;
			continue;
		}
		unsigned char byte = bytes[i++];
		frame[m->jpeg.frame_len++] = byte;
		// A byte 0xFF of the data, a restart or the end has no length. Of several 0xFF, the last one counts, and the others go: what is left
		// out behind them must not make a marker of one of them and of what follows.
		bool fill = m->jpeg.frame_len == 2 && byte == 0xFF;
		bool alone = m->jpeg.frame_len == 2 && (byte <= 1 || (byte >= RST0 && byte <= EOI) || fill);
		if (!alone && m->jpeg.frame_len < sizeof m->jpeg.frame)
			continue;
		size_t segment = alone ? 2 : (size_t)frame[2] << 8 | frame[3];
		if (segment < 2)
			return err_set(e, ERR_INPUT, "a segment of the JPEG is damaged");
		m->jpeg.drops = !m->as_signed && (fill || (!alone && jpeg_tells(frame[1])));
		if (m->jpeg.drops) {
			size_t begin = i - (m->jpeg.frame_len - held);
			if (mark_write(m, bytes + from, begin - from, e) != 0)
				return -1;
			from = fill ? i - 1 : i;
		} else if (mark_write(m, frame, held, e) != 0) {
			return -1;
		}
		held = 0;
		m->jpeg.left = segment - 2;
		m->jpeg.frame_len = fill;
		m->ended = alone && byte == EOI;
	}
	// A part of a segment's head waits for the rest. What follows the end is no part of the image, but of what is signed.
	if (m->ended && m->as_signed)
		i = len;
	return mark_write(m, bytes + from, i - (m->jpeg.frame_len - held) - from, e);
}

static int jpeg_add(struct mark_stream *m, const unsigned char *bytes, size_t len, struct err *e)
{
	enum { JUMBF_HEAD = 2 + 2 + 2 + 2 + 4 }; // marker, length, "JP", box instance, packet sequence
	static const char mark_head[] = "http://ns.adobe.com/xap/1.0/";

	if (m->flowing)
		return jpeg_flow(m, bytes, len, e);
	if (buf_add(&m->head, bytes, len) != 0)
		return err_set(e, ERR_INPUT, "what stands before the pixels of the image is too large");
	if (m->at == 0) {
		buf_add(&m->marked, m->head.data, 2);
		m->at = 2;
	}
	for (;;) {
		const unsigned char *p = (const unsigned char *)m->head.data + m->at;
		size_t left = m->head.len - m->at;
		if (left > 1 && p[0] == 0xFF && p[1] == 0xFF) { // a fill byte
			m->at++;
			continue;
		}
		if (left < 4)
			return 0;
		unsigned char marker = p[1];
		size_t segment = 2 + ((size_t)p[2] << 8 | p[3]);
		if (p[0] != 0xFF || marker == 0 || marker == EOI || segment < 4)
			return err_set(e, ERR_INPUT, "the JPEG ends before its picture");
		if (segment > left)
			return 0;
		if (m->mark_len == 0 && marker != APP0) {
			m->mark_len = 2 + sizeof mark_head + strlen(m->xmp);
			buf_add(&m->marked, (unsigned char[]){0xFF, APP1, (unsigned char)(m->mark_len >> 8), (unsigned char)m->mark_len},
				4);
			buf_add(&m->marked, mark_head, sizeof mark_head);
			buf_adds(&m->marked, m->xmp);
		}
		// A manifest is cut into segments of 64 KiB, so the statement is looked for in their joined payloads.
		if (marker == APP11 && segment > JUMBF_HEAD) {
			bool first = p[8] == 0 && p[9] == 0 && p[10] == 0 && p[11] <= 1;
			size_t skip =
			    first || segment < JUMBF_HEAD + 8 ? JUMBF_HEAD : JUMBF_HEAD + 8; // later packets repeat the box header
			buf_add(&m->said, p + skip, segment - skip);
		}
		if (marker == SOS)
			break;
		unsigned orientation = marker == APP1 && segment > 10 ? exif_orientation(p + 4, segment - 4) : 0;
		if (!jpeg_tells(marker))
			buf_add(&m->marked, p, segment);
		if (orientation > 0) {
			buf_add(&m->marked,
				"\xff\xe1\0\x22"
				"Exif\0\0",
				10);
			exif_add(&m->marked, orientation);
		}
		m->at += segment;
	}
	m->as_signed = manifest_states(m->said.data, m->said.len);
	if (mark_flow(m, m->at, e) != 0 || jpeg_flow(m, (const unsigned char *)m->head.data + m->at, m->head.len - m->at, e) != 0)
		return -1;
	buf_wipe(&m->head);
	buf_wipe(&m->marked);
	return 0;
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

// The VP8X data for a file that has none.
static void vp8x_make(unsigned char vp8x[VP8X_LEN], const struct mark_facts *size, bool alpha)
{
	memset(vp8x, 0, VP8X_LEN);
	vp8x[0] = alpha ? FLAG_ALPHA : 0;
	for (int i = 0; i < 3; i++) {
		vp8x[4 + i] = (unsigned char)((size->width - 1) >> (8 * i));
		vp8x[7 + i] = (unsigned char)((size->height - 1) >> (8 * i));
	}
}

static int webp_add(struct mark_stream *m, const unsigned char *bytes, size_t len, struct err *e)
{
	m->head.max = IMAGE_BYTES_MAX;
	return buf_add(&m->head, bytes, len) == 0 ? 0 : err_set(e, ERR_INPUT, "the WebP is too large");
}

static int webp_end(struct mark_stream *m, struct err *e)
{
	const unsigned char *bytes = (const unsigned char *)m->head.data;
	size_t at = RIFF_HEAD, len = m->head.len;
	unsigned orientation = 0;
	struct buf *out = &m->marked;

	out->max = IMAGE_BYTES_MAX + 4096;

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
			else if (image_type(bytes, len, &m->facts.width, &m->facts.height) == NULL)
				return err_set(e, ERR_INPUT, "the WebP holds no picture");
			else
				vp8x_make(vp8x, &m->facts, memcmp(chunk, "VP8L", 4) == 0 && (chunk[CHUNK_HEAD + 4] >> 4 & 1) != 0);
			vp8x[0] = (unsigned char)((vp8x[0] & ~FLAG_EXIF) | FLAG_XMP);
			webp_chunk_add(out, "VP8X", vp8x, sizeof vp8x);
		}
		if (memcmp(chunk, "EXIF", 4) == 0)
			orientation = exif_orientation(chunk + CHUNK_HEAD, data);
		if (memcmp(chunk, "C2PA", 4) == 0)
			m->as_signed |= manifest_states(chunk + CHUNK_HEAD, data);
		if (memcmp(chunk, "VP8X", 4) != 0 && memcmp(chunk, "XMP ", 4) != 0 && memcmp(chunk, "EXIF", 4) != 0)
			webp_chunk_add(out, (const char *)chunk, chunk + CHUNK_HEAD, data);
		at += CHUNK_HEAD + (data == left ? data : data + data % 2); // the last pad byte is often forgotten
	}
	if (orientation > 0) {
		BUF_AUTO struct buf exif = BUF_INIT(EXIF_LEN + 1);
		exif_add(&exif, orientation);
		webp_chunk_add(out, "EXIF", exif.data, exif.len);
		out->failed |= exif.failed;
		if (!out->failed)
			out->data[RIFF_HEAD + CHUNK_HEAD] |= FLAG_EXIF;
	}
	webp_chunk_add(out, "XMP ", m->xmp, strlen(m->xmp));
	if (!out->failed)
		le32_put((unsigned char *)out->data + 4, (uint32_t)(out->len - 8));
	m->ended = true;
	return mark_flow(m, len, e);
}

// ---- all ----

enum { TELLING_BYTES = 12 }; // at the beginning: which format it is

struct mark_format {
	unsigned char magic[TELLING_BYTES], mask[TELLING_BYTES];
	int (*add)(struct mark_stream *m, const unsigned char *bytes, size_t len, struct err *e);
	int (*end)(struct mark_stream *m, struct err *e); // NULL: nothing is left to do
};

static const struct mark_format formats[] = {
    {"\x89PNG\r\n\x1a\n", "\xff\xff\xff\xff\xff\xff\xff\xff", png_add, NULL},
    {"\xff\xd8\xff", "\xff\xff\xff", jpeg_add, NULL},
    {"RIFF....WEBP", "\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff", webp_add, webp_end},
};

void mark_begin(struct mark_stream *m, enum mark_source source, const struct mark_output *out, void *arg)
{
	*m = (struct mark_stream){.xmp = source == MARK_PROGRAM ? PACKET("algorithmicMedia") : PACKET("trainedAlgorithmicMedia"),
				  .out = out,
				  .arg = arg,
				  .head = BUF_INIT(HEAD_MAX),
				  .marked = BUF_INIT(HEAD_MAX + 4096),
				  .said = BUF_INIT(HEAD_MAX),
				  .png.dropped = BUF_INIT(DROPPED_MAX)};
}

int mark_add(struct mark_stream *m, const void *bytes, size_t len, struct err *e)
{
	BUF_AUTO_WIPE struct buf first = m->format == NULL ? m->head : BUF_INIT(0);

	if (m->format != NULL)
		return m->format->add(m, bytes, len, e);
	// The first bytes are gathered in the head, and go to the format from there.
	m->head = BUF_INIT(HEAD_MAX);
	first.max = IMAGE_BYTES_MAX;
	if (buf_add(&first, bytes, len) != 0)
		return err_set(e, ERR_MEMORY, "no memory for a picture");
	if (first.len < TELLING_BYTES)
		return buf_add(&m->head, first.data, first.len);
	for (size_t i = 0; i < ARRAY_LEN(formats) && m->format == NULL; i++) {
		bool same = true;
		for (size_t b = 0; b < TELLING_BYTES; b++)
			same = same && ((unsigned char)first.data[b] & formats[i].mask[b]) == (formats[i].magic[b] & formats[i].mask[b]);
		if (same)
			m->format = &formats[i];
	}
	if (m->format == NULL)
		return err_set(e, ERR_INPUT, "the image is no PNG, JPEG or WebP");
	return m->format->add(m, (const unsigned char *)first.data, first.len, e);
}

int mark_end(struct mark_stream *m, struct mark_facts *facts, struct err *e)
{
	if (m->format != NULL && m->format->end != NULL && m->format->end(m, e) != 0)
		return -1;
	if (!m->ended)
		return err_set(e, ERR_INPUT, "the image is cut short");
	*facts = m->facts;
	return 0;
}

void mark_free(struct mark_stream *m)
{
	buf_wipe(&m->head);
	buf_wipe(&m->marked);
	buf_wipe(&m->said);
	buf_wipe(&m->png.dropped);
	*m = (struct mark_stream){0};
}
