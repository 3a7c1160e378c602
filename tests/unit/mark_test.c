// SPDX-License-Identifier: ISC
// The mark: it is there once, the picture is the same, nothing that tells about the visitor stays, a C2PA manifest is not harmed, and
// what is no image is an error.
#include "policy/base/array.h"
#include "tests/unit/mark_support.h"
#include "tests/unit/png_support.h"
#include "tests/unit/test.h"
#include <stdbool.h>

static const char statement[] = "Iptc4xmpExt:DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia\"";

// How a picture is cut: by `next` bytes; 0: by a different number each time.
static int mark_in_pieces(enum mark_source source, const void *bytes, size_t len, size_t next, struct buf *out, struct mark_facts *facts,
			  struct err *e)
{
	struct mark_stream m;
	unsigned random = 12345;
	int done = 0;

	buf_reset(out);
	mark_begin(&m, source, &mark_buffer, out);
	for (size_t at = 0; at < len && done == 0;) {
		random = random * 1103515245u + 12345u;
		size_t n = next > 0 ? next : random >> 16 & (random & 1 ? 7 : 1023);
		n = n < len - at ? n : len - at;
		char *piece = malloc(n > 0 ? n : 1); // of just this size, so that a sanitizer sees a read beyond it
		memcpy(piece, (const char *)bytes + at, n);
		done = mark_add(&m, piece, n, e);
		free(piece);
		at += n;
	}
	done = done == 0 ? mark_end(&m, facts, e) : done;
	mark_free(&m);
	return done;
}

// The picture whole; every split of it must give the same.
static int mark_image(enum mark_source source, const char *type, const void *bytes, size_t len, struct buf *out, struct err *e)
{
	static const size_t splits[] = {1, 2, 3, 7, 4096, 65536, 0};
	struct mark_facts facts = {0}, again = {0};
	struct err said = {0};
	int done = mark_in_pieces(source, bytes, len, len, out, &facts, e);

	if (done == 0)
		assert_string_equal(facts.type, type);
	for (size_t i = 0; i < ARRAY_LEN(splits); i++) {
		BUF_AUTO struct buf same = BUF_INIT(out->max);
		assert_int_equal(mark_in_pieces(source, bytes, len, splits[i], &same, &again, &said), done);
		if (done != 0) {
			assert_int_equal(said.code, e->code);
			continue;
		}
		assert_int_equal(same.len, out->len);
		assert_memory_equal(same.data, out->data, out->len);
		assert_memory_equal(&again, &facts, sizeof facts);
	}
	return done;
}

static unsigned times(const struct buf *b, const char *what, size_t len)
{
	unsigned n = 0;
	const char *p = b->data, *end = b->data + b->len;

	while (p != NULL && p < end && (p = memmem(p, (size_t)(end - p), what, len)) != NULL) {
		n++;
		p += len;
	}
	return n;
}
#define TIMES(b, literal) times(b, literal, sizeof literal - 1)

static void be(struct buf *out, size_t v, int bytes)
{
	while (bytes-- > 0)
		buf_addc(out, (char)(v >> (8 * bytes)));
}

static void le(struct buf *out, size_t v, int bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		buf_addc(out, (char)v);
}

// ---- PNG ----

static uint32_t crc_by_bits(const char *p, size_t len)
{
	uint32_t c = 0xFFFFFFFFu;

	for (size_t i = 0; i < len; i++) {
		c ^= (unsigned char)p[i];
		for (int bit = 0; bit < 8; bit++)
			c = (c >> 1) ^ (0xEDB88320u & (0u - (c & 1)));
	}
	return ~c;
}

static void png_chunk(struct buf *out, const char *type, const void *data, size_t len)
{
	be(out, len, 4);
	size_t start = out->len;
	buf_add(out, type, 4);
	buf_add(out, data, len);
	be(out, crc_by_bits(out->data + start, len + 4), 4);
}

static cairo_status_t to_buf(void *closure, const unsigned char *data, unsigned length)
{
	return buf_add(closure, data, length) == 0 ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static struct buf drawn(void)
{
	struct buf png = BUF_INIT(1 << 20);
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 40, 30);
	cairo_t *cr = cairo_create(surface);

	cairo_set_source_rgb(cr, 0.2, 0.5, 0.7);
	cairo_rectangle(cr, 5, 5, 20, 10);
	cairo_fill(cr);
	cairo_destroy(cr);
	assert_int_equal(cairo_surface_write_to_png_stream(surface, to_buf, &png), CAIRO_STATUS_SUCCESS);
	cairo_surface_destroy(surface);
	return png;
}

static void assert_same_pixels(const struct buf *a, const struct buf *b)
{
	size_t used;
	cairo_surface_t *one = png_decode(a, &used), *two = png_decode(b, &used);

	assert_int_equal(cairo_surface_status(one), CAIRO_STATUS_SUCCESS);
	assert_int_equal(cairo_surface_status(two), CAIRO_STATUS_SUCCESS);
	assert_int_equal(cairo_image_surface_get_height(two), 30);
	assert_memory_equal(cairo_image_surface_get_data(one), cairo_image_surface_get_data(two),
			    (size_t)cairo_image_surface_get_stride(one) * 30);
	cairo_surface_destroy(one);
	cairo_surface_destroy(two);
}

// Signature and header of a drawn PNG, the given chunk, then the rest.
static struct buf with_chunk(const struct buf *png, const char *type, const void *data, size_t len)
{
	struct buf out = BUF_INIT(1 << 20);

	buf_add(&out, png->data, 33);
	png_chunk(&out, type, data, len);
	buf_add(&out, png->data + 33, png->len - 33);
	return out;
}

static void marked(const char *type, const struct buf *in, struct buf *out)
{
	struct err e = {0};

	assert_int_equal(mark_image(MARK_MODEL, type, in->data, in->len, out, &e), 0);
	BUF_AUTO struct buf again = BUF_INIT(out->max);
	assert_int_equal(mark_image(MARK_MODEL, type, out->data, out->len, &again, &e), 0);
	assert_int_equal(again.len, out->len);
	assert_memory_equal(again.data, out->data, out->len);
}

static void a_png_carries_the_mark_once_and_shows_the_same(void **state)
{
	BUF_AUTO struct buf png = drawn(), out = BUF_INIT(1 << 20);

	(void)state;
	marked("image/png", &png, &out);
	assert_int_equal(TIMES(&out, "iTXtXML:com.adobe.xmp"), 1);
	assert_int_equal(times(&out, statement, sizeof statement - 1), 1);
	assert_same_pixels(&png, &out);
}

static void what_a_program_drew_is_not_called_ai(void **state)
{
	static const struct {
		const char *type, *bytes;
		size_t len;
	} rows[] = {{"image/jpeg", "\xFF\xD8\xFF\xC0\0\7\x08\0\1\0\1\xFF\xDA\0\2x\xFF\xD9", 18},
		    {"image/webp", "RIFF\x1e\0\0\0WEBPVP8L\x11\0\0\0\x2f\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 38}};
	BUF_AUTO struct buf png = drawn(), out = BUF_INIT(1 << 20);
	struct err e = {0};

	(void)state;
	for (size_t i = 0; i <= ARRAY_LEN(rows); i++) {
		if (i == 0)
			assert_int_equal(mark_image(MARK_PROGRAM, "image/png", png.data, png.len, &out, &e), 0);
		else
			assert_int_equal(mark_image(MARK_PROGRAM, rows[i - 1].type, rows[i - 1].bytes, rows[i - 1].len, &out, &e), 0);
		assert_int_equal(TIMES(&out, "DigitalSourceType=\"http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia\""), 1);
		assert_int_equal(TIMES(&out, "trainedAlgorithmicMedia"), 0);
	}
}

static void a_png_loses_what_may_repeat_the_prompt(void **state)
{
	static const char *const types[] = {"tEXt", "zTXt", "iTXt", "eXIf", "tIME"};

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		BUF_AUTO struct buf png = drawn(), told = with_chunk(&png, types[i], "parameters\0a secret prompt", 26),
				    out = BUF_INIT(1 << 20);
		marked("image/png", &told, &out);
		assert_int_equal(TIMES(&out, "secret"), 0);
		assert_int_equal(times(&out, statement, sizeof statement - 1), 1);
		assert_same_pixels(&png, &out);
	}
}

static void a_png_keeps_its_manifest_and_its_colours(void **state)
{
	BUF_AUTO struct buf png = drawn(), one = with_chunk(&png, "caBX", "jumbf bytes of a manifest", 25),
			    two = with_chunk(&one, "gAMA", "\0\0\xb1\x8f", 4), out = BUF_INIT(1 << 20);

	(void)state;
	marked("image/png", &two, &out);
	assert_int_equal(TIMES(&out, "\0\0\0\x19"
				     "caBXjumbf bytes of a manifest"),
			 1);
	assert_int_equal(TIMES(&out, "gAMA\0\0\xb1\x8f"), 1);
	assert_int_equal(times(&out, statement, sizeof statement - 1), 1);
}

static void a_signed_statement_is_not_broken(void **state)
{
	static const char manifest[] = "c2pa.actions http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
	BUF_AUTO struct buf png = drawn(), in = with_chunk(&png, "caBX", manifest, sizeof manifest), out = BUF_INIT(1 << 20);

	(void)state;
	marked("image/png", &in, &out);
	assert_int_equal(in.len, out.len);
	assert_memory_equal(in.data, out.data, in.len);
}

static void what_follows_the_end_of_a_png_goes(void **state)
{
	BUF_AUTO struct buf png = drawn(), out = BUF_INIT(1 << 20);

	(void)state;
	buf_adds(&png, "secret");
	marked("image/png", &png, &out);
	assert_int_equal(TIMES(&out, "secret"), 0);
}

static void every_cut_and_every_changed_bit_of_a_png_is_an_error(void **state)
{
	BUF_AUTO struct buf png = drawn(), out = BUF_INIT(1 << 20);
	struct err e = {0};

	(void)state;
	for (size_t len = 0; len < png.len; len++) {
		buf_reset(&out);
		assert_int_equal(mark_image(MARK_MODEL, "image/png", png.data, len, &out, &e), -1);
		assert_int_equal(e.code, ERR_INPUT);
	}
	for (size_t i = 0; i < png.len; i++) {
		png.data[i] ^= 4;
		buf_reset(&out);
		assert_int_equal(mark_image(MARK_MODEL, "image/png", png.data, png.len, &out, &e), -1);
		png.data[i] ^= 4;
	}
}

static void a_signed_statement_behind_the_pixels_brings_back_what_was_left_out(void **state)
{
	static const char manifest[] = "c2pa.actions http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";

	(void)state;
	for (unsigned which = 0; which < 8; which++) { // text before the pixels, among them, behind the manifest
		BUF_AUTO struct buf png = drawn(), in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20);
		buf_add(&in, png.data, 33);
		if (which & 1) {
			png_chunk(&in, "tEXt", "a\0first", 7);
			png_chunk(&in, "gAMA", "\0\0\xb1\x8f", 4);
			png_chunk(&in, "iTXt", "b\0second", 8);
			png_chunk(&in, "eXIf", "MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 26);
			png_chunk(&in, "tIME", "1234567", 7);
		}
		png_chunk(&in, "IDAT", "pixels", 6);
		if (which & 2)
			png_chunk(&in, "zTXt", "c\0third", 7);
		png_chunk(&in, "IDAT", "more pixels", 11);
		png_chunk(&in, "caBX", "a silent manifest", 17);
		png_chunk(&in, "caBX", manifest, sizeof manifest);
		if (which & 4) {
			png_chunk(&in, "eXIf", "fourth", 6);
			png_chunk(&in, "caBX", manifest, sizeof manifest);
		}
		png_chunk(&in, "IEND", "", 0);
		buf_adds(&in, which & 4 ? "behind" : "");
		marked("image/png", &in, &out);
		assert_int_equal(in.len, out.len);
		assert_memory_equal(in.data, out.data, in.len);
	}
}

static void too_much_text_before_a_late_signature_is_an_error(void **state)
{
	static const char manifest[] = "/digitalsourcetype/trainedAlgorithmicMedia";
	static char text[1100 * 1024];

	(void)state;
	for (unsigned is_signed = 0; is_signed < 2; is_signed++) {
		BUF_AUTO struct buf in = BUF_INIT(1 << 22), out = BUF_INIT(1 << 22);
		struct mark_facts facts;
		struct err e = {0};
		buf_add(&in, "\x89PNG\r\n\x1a\n", 8);
		png_chunk(&in, "IHDR", "\0\0\0\1\0\0\0\1\10\2\0\0\0", 13);
		png_chunk(&in, "IDAT", "pixels", 6);
		png_chunk(&in, "tEXt", text, sizeof text);
		png_chunk(&in, "caBX", manifest, is_signed ? sizeof manifest : 10);
		png_chunk(&in, "IEND", "", 0);
		assert_int_equal(mark_in_pieces(MARK_MODEL, in.data, in.len, 65536, &out, &facts, &e), is_signed ? -1 : 0);
		assert_true(!is_signed || e.code == ERR_INPUT);
	}
}

static void a_picture_goes_on_while_it_comes(void **state)
{
	BUF_AUTO struct buf png = drawn(), out = BUF_INIT(4 << 20);
	struct mark_stream m;
	struct err e = {0};
	char pixels[1000];

	(void)state;
	memset(pixels, 'p', sizeof pixels);
	for (unsigned is_jpeg = 0; is_jpeg < 2; is_jpeg++) {
		buf_reset(&out);
		mark_begin(&m, MARK_MODEL, &mark_buffer, &out);
		if (is_jpeg)
			assert_int_equal(mark_add(&m, "\xFF\xD8\xFF\xC0\0\7\x08\0\1\0\1\xFF\xDA\0\2", 15, &e), 0);
		else
			assert_int_equal(mark_add(&m, png.data, 33, &e), 0);
		if (!is_jpeg) { // its size and a part of its head
			assert_int_equal(out.len, 0);
			assert_int_equal(mark_add(&m, "\0\x10\0\0IDA", 7, &e), 0);
			assert_int_equal(out.len, 0);
			assert_int_equal(mark_add(&m, "T", 1, &e), 0);
		}
		assert_string_equal(m.facts.type, is_jpeg ? "image/jpeg" : "image/png"); // before the first write
		size_t head = out.len;
		assert_true(head > 400);
		for (unsigned i = 1; i <= 1000; i++) {
			assert_int_equal(mark_add(&m, pixels, sizeof pixels, &e), 0);
			assert_int_equal(out.len, head + i * sizeof pixels);
		}
		assert_int_equal(m.head.cap + m.marked.cap + m.said.cap + m.png.dropped.cap, 0); // nothing is held
		mark_free(&m);
	}
}

static void what_is_held_has_a_limit(void **state)
{
	static char profile[65000];
	BUF_AUTO struct buf png = BUF_INIT(8 << 20), jpeg = BUF_INIT(8 << 20), out = BUF_INIT(16 << 20);
	struct mark_facts facts;
	struct err e = {0};

	(void)state;
	buf_add(&png, "\x89PNG\r\n\x1a\n", 8);
	png_chunk(&png, "IHDR", "\0\0\0\1\0\0\0\1\10\2\0\0\0", 13);
	be(&jpeg, 0xFFD8, 2);
	for (unsigned i = 0; i < 70; i++) { // 4.3 MiB
		png_chunk(&png, "iCCP", profile, sizeof profile);
		be(&jpeg, 0xFFE2, 2);
		be(&jpeg, sizeof profile + 2, 2);
		buf_add(&jpeg, profile, sizeof profile);
	}
	png_chunk(&png, "IEND", "", 0);
	assert_int_equal(mark_in_pieces(MARK_MODEL, png.data, png.len, 65536, &out, &facts, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_int_equal(out.len, 0);
	e = (struct err){0};
	assert_int_equal(mark_in_pieces(MARK_MODEL, jpeg.data, jpeg.len, 65536, &out, &facts, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_int_equal(out.len, 0);
}

// ---- JPEG ----

static void segment(struct buf *out, unsigned marker, const char *data, size_t len)
{
	be(out, 0xFF00 | marker, 2);
	be(out, len + 2, 2);
	buf_add(out, data, len);
}

static struct buf jpeg_of(unsigned marker, const char *data, size_t len)
{
	struct buf out = BUF_INIT(1 << 20);

	be(&out, 0xFFD8, 2);
	segment(&out, 0xE0, "JFIF\0\1\1\0\0\1\0\1\0\0", 14);
	segment(&out, marker, data, len);
	segment(&out, 0xDB, "quantisation", 12);
	segment(&out, 0xC0, "\x08\0\x1e\0\x28", 5); // 40 by 30
	segment(&out, 0xDA, "scan", 4);
	buf_add(&out, "entropy\xFF\0coded\xFF\xD9", 16);
	return out;
}

static void a_jpeg_carries_the_mark_after_jfif(void **state)
{
	BUF_AUTO struct buf in = jpeg_of(0xE2, "ICC_PROFILE\0 profile", 20), out = BUF_INIT(1 << 20);

	(void)state;
	marked("image/jpeg", &in, &out);
	assert_int_equal(times(&out, statement, sizeof statement - 1), 1);
	assert_int_equal(TIMES(&out, "http://ns.adobe.com/xap/1.0/"), 1);
	assert_memory_equal(out.data + 20, "\xFF\xE1", 2); // right behind SOI and APP0
	assert_int_equal(TIMES(&out, "ICC_PROFILE\0 profile"), 1);
	assert_int_equal(TIMES(&out, "entropy\xFF\0coded\xFF\xD9"), 1);
}

static void a_jpeg_loses_what_may_repeat_the_prompt(void **state)
{
	static const unsigned markers[] = {0xFE, 0xE1, 0xED, 0xE3};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		BUF_AUTO struct buf in = jpeg_of(markers[i], "Exif\0\0 a secret prompt", 22), out = BUF_INIT(1 << 20);
		marked("image/jpeg", &in, &out);
		assert_int_equal(TIMES(&out, "secret"), 0);
		assert_int_equal(times(&out, statement, sizeof statement - 1), 1);
	}
}

// What is left out between two bytes must not make a marker of them.
static void what_goes_leaves_no_marker_behind(void **state)
{
	BUF_AUTO struct buf in = jpeg_of(0xE2, "profile", 7), out = BUF_INIT(1 << 20);

	(void)state;
	in.len -= 2;
	be(&in, 0xFFFF, 2);
	segment(&in, 0xFE, "comment", 7);
	buf_add(&in, "\xD9 data \xFF\xFF\xFF", 9);
	be(&in, 0xFFD9, 2);
	marked("image/jpeg", &in, &out);
	assert_int_equal(TIMES(&out, "\xFF\xD9"), 1);
	assert_int_equal(TIMES(&out, "coded\xD9 data \xFF\xD9"), 1);
}

// Scans, and between them what a decoder needs and what may repeat the prompt; behind the end, more of it.
static void a_jpeg_of_several_scans_loses_what_stands_between_and_behind_them(void **state)
{
	static const unsigned markers[] = {0xFE, 0xE1, 0xED, 0xE3};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(markers); i++) {
		BUF_AUTO struct buf clean = jpeg_of(0xE2, "profile", 7), in = BUF_INIT(1 << 20), out = BUF_INIT(1 << 20),
				    expected = BUF_INIT(1 << 20);
		clean.len -= 2; // the end
		buf_add(&in, clean.data, clean.len);
		for (struct buf *to = &clean; to != NULL; to = to == &clean ? &in : NULL) {
			buf_add(to, "\xFF\xFF", 2);
			segment(to, 0xC4, "tables \xFF\xD9 \xFF\xFE\0\x08", 14);
			if (to == &in) {
				segment(to, markers[i], "a secret \xFF\xD9 prompt", 18);
				segment(to, markers[i], "", 0);
			}
			segment(to, 0xDA, "scan", 4);
			buf_add(to, "more\xFF\xD0 entropy \xFF\0\xFF\x01\xFF", 20);
			if (to == &in)
				segment(to, markers[i], "secret", 6);
			segment(to, 0xEB, "JP\0\1\0\0\0\1 jumbf", 14);
			be(to, 0xFFD9, 2);
		}
		buf_add(&in, "secret \xFF\xD9", 9);
		marked("image/jpeg", &in, &out);
		assert_int_equal(TIMES(&out, "secret"), 0);
		marked("image/jpeg", &clean, &expected);
		assert_int_equal(out.len, expected.len);
		assert_memory_equal(out.data, expected.data, out.len);
	}
}

static void a_signed_jpeg_stays_as_it_is_to_its_last_byte(void **state)
{
	static const char stating[] = "JP\0\1\0\0\0\1 jumbf /digitalsourcetype/trainedAlgorithmicMedia";
	BUF_AUTO struct buf in = jpeg_of(0xEB, stating, sizeof stating), out = BUF_INIT(1 << 20);

	(void)state;
	in.len -= 2;
	segment(&in, 0xFE, "between", 7);
	segment(&in, 0xDA, "scan", 4);
	buf_add(&in, "more\xFF\xD9 behind", 13);
	marked("image/jpeg", &in, &out);
	assert_int_equal(in.len, out.len);
	assert_memory_equal(in.data, out.data, in.len);
}

static void a_jpeg_keeps_its_manifest(void **state)
{
	static const char silent[] = "JP\0\1\0\0\0\1 jumbf bytes of a manifest",
			  stating[] = "JP\0\1\0\0\0\1 jumbf /digitalsourcetype/trainedAlgorithmicMedia";
	BUF_AUTO struct buf in = jpeg_of(0xEB, silent, sizeof silent), out = BUF_INIT(1 << 20),
			    signed_in = jpeg_of(0xEB, stating, sizeof stating), signed_out = BUF_INIT(1 << 20);

	(void)state;
	marked("image/jpeg", &in, &out);
	assert_int_equal(times(&out, silent, sizeof silent), 1);
	assert_int_equal(times(&out, statement, sizeof statement - 1), 1);
	marked("image/jpeg", &signed_in, &signed_out);
	assert_int_equal(signed_in.len, signed_out.len);
	assert_memory_equal(signed_in.data, signed_out.data, signed_in.len);
}

static void a_cut_jpeg_is_an_error(void **state)
{
	BUF_AUTO struct buf in = jpeg_of(0xE2, "profile", 7), out = BUF_INIT(1 << 20);
	struct err e = {0};

	(void)state;
	for (size_t len = 0; len < in.len; len++) {
		buf_reset(&out);
		assert_int_equal(mark_image(MARK_MODEL, "image/jpeg", in.data, len, &out, &e), -1);
	}
}

// ---- WebP ----

static void riff_chunk(struct buf *out, const char *type, const char *data, size_t len)
{
	buf_add(out, type, 4);
	le(out, len, 4);
	buf_add(out, data, len);
	if (len % 2 != 0)
		buf_addc(out, '\0');
}

static struct buf webp_of(const struct buf *chunks)
{
	struct buf out = BUF_INIT(1 << 20);

	buf_adds(&out, "RIFF");
	le(&out, chunks->len + 4, 4);
	buf_adds(&out, "WEBP");
	buf_add(&out, chunks->data, chunks->len);
	return out;
}

static size_t riff_size(const struct buf *b)
{
	const unsigned char *p = (const unsigned char *)b->data + 4;

	return (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
}

static void a_plain_webp_gets_its_header_and_the_mark(void **state)
{
	// 40 by 30 pixels, lossy; and 41 by 31, lossless with alpha.
	static const struct {
		const char *type, *data, *vp8x;
		size_t len;
	} rows[] = {
	    {"VP8 ", "\0\0\0\x9d\x01\x2a\x28\0\x1e\0xyz", "VP8X\x0a\0\0\0\x04\0\0\0\x27\0\0\x1d\0\0", 13},
	    {"VP8L", "\x2f\x28\x80\x07\x10xyz..", "VP8X\x0a\0\0\0\x14\0\0\0\x28\0\0\x1e\0\0", 10},
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		BUF_AUTO struct buf chunks = BUF_INIT(1000);
		riff_chunk(&chunks, rows[i].type, rows[i].data, rows[i].len);
		BUF_AUTO struct buf in = webp_of(&chunks), out = BUF_INIT(1 << 20);
		marked("image/webp", &in, &out);
		assert_memory_equal(out.data + 12, rows[i].vp8x, 18);
		assert_int_equal(TIMES(&out, "XMP "), 1);
		assert_int_equal(times(&out, statement, sizeof statement - 1), 1);
		assert_int_equal(riff_size(&out), out.len - 8);
		assert_int_equal(out.len % 2, 0);
		assert_int_equal(times(&out, rows[i].data, rows[i].len), 1);
	}
}

static void an_extended_webp_keeps_its_profile_and_loses_what_tells(void **state)
{
	BUF_AUTO struct buf chunks = BUF_INIT(1000), out = BUF_INIT(1 << 20);

	(void)state;
	riff_chunk(&chunks, "VP8X", "\x28\0\0\0\x27\0\0\x1d\0\0", 10); // profile and Exif
	riff_chunk(&chunks, "ICCP", "profile", 7);
	riff_chunk(&chunks, "VP8 ", "\0\0\0\x9d\x01\x2a\x28\0\x1e\0", 10);
	riff_chunk(&chunks, "EXIF", "a secret prompt", 15);
	riff_chunk(&chunks, "XMP ", "another secret", 14);
	BUF_AUTO struct buf in = webp_of(&chunks);
	marked("image/webp", &in, &out);
	assert_int_equal(out.data[20], 0x24); // profile and XMP
	assert_int_equal(TIMES(&out, "ICCP\7\0\0\0profile"), 1);
	assert_int_equal(TIMES(&out, "secret"), 0);
	assert_int_equal(times(&out, statement, sizeof statement - 1), 1);
}

// Of Exif, which way up the picture is stays, in a block of its own, and nothing else.
static void the_orientation_stays(void **state)
{
	// Little and big endian, with another entry before it and a secret behind; upright; of another type; damaged.
	static const struct {
		const char *exif;
		size_t len;
		int orientation;
	} rows[] = {
	    {"II\x2a\0\x08\0\0\0\2\0\x0f\1\2\0\1\0\0\0x\0\0\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0secret", 44, 6},
	    {"MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x08\0\0\0\0\0\0secret", 32, 8},
	    {"MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\1\0\0\0\0\0\0secret", 32, 0},
	    {"MM\0\x2a\0\0\0\x08\0\1\1\x12\0\4\0\0\0\1\0\3\0\0\0\0\0\0secret", 32, 0},
	    {"MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\x09\0\0\0\0\0\0secret", 32, 0},
	    {"II\x2a\0\xff\xff\xff\xff\1\0", 10, 0},
	    {"MM\0\x2a\0\0\0\x08\xff\xff\1\x12", 12, 0},
	    {"MM", 2, 0},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char with_head[64] = "Exif\0", made[] = "MM\0\x2a\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\0\0\0\0\0\0";
		made[19] = (char)rows[i].orientation;
		memcpy(with_head + 6, rows[i].exif, rows[i].len);
		BUF_AUTO struct buf png = drawn(), png_in = with_chunk(&png, "eXIf", rows[i].exif, rows[i].len);
		BUF_AUTO struct buf jpeg_in = jpeg_of(0xE1, with_head, rows[i].len + 6), chunks = BUF_INIT(1000);
		riff_chunk(&chunks, "VP8X", "\x08\0\0\0\x27\0\0\x1d\0\0", 10);
		riff_chunk(&chunks, "VP8 ", "\0\0\0\x9d\x01\x2a\x28\0\x1e\0", 10);
		riff_chunk(&chunks, "EXIF", rows[i].exif, rows[i].len);
		BUF_AUTO struct buf webp_in = webp_of(&chunks);
		const struct {
			const char *type;
			const struct buf *in;
		} pictures[] = {{"image/png", &png_in}, {"image/jpeg", &jpeg_in}, {"image/webp", &webp_in}};
		for (size_t k = 0; k < ARRAY_LEN(pictures); k++) {
			BUF_AUTO struct buf out = BUF_INIT(1 << 20);
			marked(pictures[k].type, pictures[k].in, &out);
			assert_int_equal(times(&out, made, sizeof made), rows[i].orientation > 0);
			assert_int_equal(TIMES(&out, "secret"), 0);
			assert_int_equal(times(&out, statement, sizeof statement - 1), 1);
			if (k == 0)
				assert_same_pixels(&png, &out);
		}
	}
}

static void a_cut_webp_is_an_error(void **state)
{
	BUF_AUTO struct buf chunks = BUF_INIT(1000), out = BUF_INIT(1 << 20);
	struct err e = {0};

	(void)state;
	riff_chunk(&chunks, "VP8 ", "\0\0\0\x9d\x01\x2a\x28\0\x1e\0", 10);
	BUF_AUTO struct buf in = webp_of(&chunks);
	for (size_t len = 0; len < in.len; len++) {
		buf_reset(&out);
		assert_int_equal(mark_image(MARK_MODEL, "image/webp", in.data, len, &out, &e), -1);
	}
}

// ---- all ----

static void sizes_are_told_and_have_a_limit(void **state)
{
	static const struct {
		const char *ihdr;
		unsigned width, height;
	} rows[] = {{"\0\0\4\0\0\0\6\0\10\2\0\0\0", 1024, 1536},
		    {"\0\0\x20\0\0\0\0\1\10\2\0\0\0", 8192, 1},
		    {"\0\0\x20\1\0\0\0\1\10\2\0\0\0", 0, 0},
		    {"\0\0\0\0\0\0\0\1\10\2\0\0\0", 0, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		BUF_AUTO struct buf in = BUF_INIT(4096), out = BUF_INIT(4096);
		struct mark_facts facts = {0};
		struct err e = {0};
		buf_add(&in, "\x89PNG\r\n\x1a\n", 8);
		png_chunk(&in, "IHDR", rows[i].ihdr, 13);
		png_chunk(&in, "IDAT", "pixels", 6);
		png_chunk(&in, "IEND", "", 0);
		assert_int_equal(mark_in_pieces(MARK_MODEL, in.data, in.len, in.len, &out, &facts, &e), rows[i].width > 0 ? 0 : -1);
		assert_int_equal(facts.width, rows[i].width);
		assert_int_equal(facts.height, rows[i].height);
		assert_true(rows[i].width > 0 || e.code == ERR_INPUT);
	}
}

static void other_types_and_full_buffers_are_errors(void **state)
{
	BUF_AUTO struct buf png = drawn(), small = BUF_INIT(100), out = BUF_INIT(1 << 20);
	struct err e = {0};

	(void)state;
	assert_int_equal(mark_image(MARK_MODEL, "image/gif", "GIF89a", 6, &out, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	assert_int_equal(mark_image(MARK_MODEL, "image/png", png.data, png.len, &small, &e), -1);
	assert_int_equal(e.code, ERR_FULL); // what the output says
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_png_carries_the_mark_once_and_shows_the_same),
	    cmocka_unit_test(what_a_program_drew_is_not_called_ai),
	    cmocka_unit_test(a_png_loses_what_may_repeat_the_prompt),
	    cmocka_unit_test(a_png_keeps_its_manifest_and_its_colours),
	    cmocka_unit_test(a_signed_statement_is_not_broken),
	    cmocka_unit_test(what_follows_the_end_of_a_png_goes),
	    cmocka_unit_test(every_cut_and_every_changed_bit_of_a_png_is_an_error),
	    cmocka_unit_test(a_signed_statement_behind_the_pixels_brings_back_what_was_left_out),
	    cmocka_unit_test(too_much_text_before_a_late_signature_is_an_error),
	    cmocka_unit_test(a_picture_goes_on_while_it_comes),
	    cmocka_unit_test(what_is_held_has_a_limit),
	    cmocka_unit_test(a_jpeg_carries_the_mark_after_jfif),
	    cmocka_unit_test(a_jpeg_loses_what_may_repeat_the_prompt),
	    cmocka_unit_test(a_jpeg_of_several_scans_loses_what_stands_between_and_behind_them),
	    cmocka_unit_test(what_goes_leaves_no_marker_behind),
	    cmocka_unit_test(a_signed_jpeg_stays_as_it_is_to_its_last_byte),
	    cmocka_unit_test(a_jpeg_keeps_its_manifest),
	    cmocka_unit_test(a_cut_jpeg_is_an_error),
	    cmocka_unit_test(a_plain_webp_gets_its_header_and_the_mark),
	    cmocka_unit_test(an_extended_webp_keeps_its_profile_and_loses_what_tells),
	    cmocka_unit_test(the_orientation_stays),
	    cmocka_unit_test(a_cut_webp_is_an_error),
	    cmocka_unit_test(sizes_are_told_and_have_a_limit),
	    cmocka_unit_test(other_types_and_full_buffers_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
