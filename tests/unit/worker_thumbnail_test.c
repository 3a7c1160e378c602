// SPDX-License-Identifier: ISC
// Thumbnails of every kind of picture, of hostile ones too: first the job itself, then the whole program, sandboxed.
#include "fcgi/provider/provider.h"
#include "fcgi/worker/reference.h"
#include "fcgi/worker/thumbnail.h"
#include "fcgi/worker/worker.h"
#include "policy/base/array.h"
#include "policy/picture/image_type.h"
#include "tests/unit/worker_fixture.h"
#include <png.h>
#include <turbojpeg.h>
#include <webp/decode.h>
#include <webp/encode.h>

static const char SECRET[] = "a-prompt-that-names-somebody";

// ---- pictures to make thumbnails of: four quarters, red, green, blue and light grey ----

enum { QUARTERS = 4 };
static const uint8_t quarters[QUARTERS][3] = {{220, 30, 20}, {30, 200, 40}, {20, 40, 210}, {200, 200, 200}};

static unsigned quarter_at(unsigned x, unsigned y, unsigned width, unsigned height)
{
	return (x >= width / 2 ? 1U : 0U) + (y >= height / 2 ? 2U : 0U);
}

static uint8_t *rgb_make(unsigned width, unsigned height)
{
	uint8_t *rgb = malloc((size_t)width * height * 3), *to = rgb;
	assert_non_null(rgb);
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++, to += 3)
			memcpy(to, quarters[quarter_at(x, y, width, height)], 3);
	return rgb;
}

static void noise_fill(uint8_t *to, size_t len)
{
	uint32_t chaos = 12345;
	for (size_t i = 0; i < len; i++) {
		chaos = chaos * 1664525 + 1013904223;
		to[i] = (uint8_t)(chaos >> 24);
	}
}

static void png_out(png_structp png, png_bytep bytes, size_t len)
{
	buf_add(png_get_io_ptr(png), bytes, len);
}

static void png_flush_nothing(png_structp png)
{
	(void)png;
}

// `rows`: as PNG packs them.
static struct buf png_make(unsigned width, unsigned height, int depth, int colour, bool interlaced, const uint8_t *rows, size_t row_bytes)
{
	struct buf out = BUF_INIT(FRAME_BODY_MAX);
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png_create_info_struct(png);
	png_bytep *list = calloc(height, sizeof list[0]);
	assert_non_null(list);
	for (unsigned y = 0; y < height; y++)
		list[y] = (png_bytep)(uintptr_t)(rows + y * row_bytes);
	png_set_write_fn(png, &out, png_out, png_flush_nothing);
	png_set_compression_level(png, 1);
	png_set_IHDR(png, info, width, height, depth, colour, interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
	if (colour == PNG_COLOR_TYPE_PALETTE) {
		png_color palette[QUARTERS];
		for (unsigned i = 0; i < (depth == 1 ? 2 : QUARTERS); i++)
			palette[i] = (png_color){quarters[i][0], quarters[i][1], quarters[i][2]};
		png_set_PLTE(png, info, palette, depth == 1 ? 2 : QUARTERS);
	}
	png_text text = {.compression = PNG_TEXT_COMPRESSION_NONE, .key = (char[]){"prompt"}, .text = (char *)(uintptr_t)SECRET};
	png_set_text(png, info, &text, 1);
	png_write_info(png, info);
	png_write_image(png, list);
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	free(list);
	return out;
}

static struct buf rgb_png(unsigned width, unsigned height, bool interlaced)
{
	uint8_t *rgb = rgb_make(width, height);
	struct buf png = png_make(width, height, 8, PNG_COLOR_TYPE_RGB, interlaced, rgb, (size_t)width * 3);
	free(rgb);
	return png;
}

static struct buf jpeg_make(unsigned width, unsigned height, int subsampling, int flags)
{
	struct buf out = BUF_INIT(FRAME_BODY_MAX);
	uint8_t *rgb = rgb_make(width, height);
	unsigned char *jpeg = NULL;
	unsigned long len = 0;
	tjhandle handle = tjInitCompress();
	assert_int_equal(tjCompress2(handle, rgb, (int)width, 0, (int)height, TJPF_RGB, &jpeg, &len, subsampling, 95, flags), 0);
	buf_add(&out, jpeg, len);
	tjFree(jpeg);
	tjDestroy(handle);
	free(rgb);
	return out;
}

static struct buf webp_make(unsigned width, unsigned height, bool lossless)
{
	struct buf out = BUF_INIT(FRAME_BODY_MAX);
	uint8_t *rgb = rgb_make(width, height), *webp = NULL;
	size_t len = lossless ? WebPEncodeLosslessRGB(rgb, (int)width, (int)height, (int)width * 3, &webp)
			      : WebPEncodeRGB(rgb, (int)width, (int)height, (int)width * 3, 90, &webp);
	buf_add(&out, webp, len);
	WebPFree(webp);
	free(rgb);
	return out;
}

// Puts bytes into a file, `at` bytes from its start.
static void buf_insert(struct buf *b, size_t at, const void *bytes, size_t len)
{
	struct buf whole = BUF_INIT(FRAME_BODY_MAX);
	buf_add(&whole, b->data, at);
	buf_add(&whole, bytes, len);
	buf_add(&whole, b->data + at, b->len - at);
	buf_free(b);
	*b = whole;
}

// ---- what must come out ----

struct thumbnail {
	int width, height;
	uint8_t *rgba;
};

static struct thumbnail thumbnail_expect(const struct buf *picture)
{
	struct buf webp = BUF_INIT(1 << 20);
	const char *code = NULL;
	struct err e = {0};
	if (thumbnail_make(picture->data, picture->len, &webp, &code, &e) != 0)
		fail_msg("%s: %s", code, e.text);
	assert_in_range(webp.len, 20, THUMBNAIL_BYTES_MAX - THUMBNAIL_MARK_MAX);
	assert_memory_equal(webp.data + 8, "WEBP", 4);
	// A VP8 picture, and with alpha a header and the plane before it: no other chunk.
	static const char *const kinds[] = {"VP8 ", "VP8X", "ALPH"};
	for (size_t at = 12; at < webp.len;) {
		bool known = false;
		const uint8_t *p = (const uint8_t *)webp.data + at;
		for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
			known |= memcmp(p, kinds[i], 4) == 0;
		assert_true(known);
		size_t len = (size_t)p[4] | (size_t)p[5] << 8 | (size_t)p[6] << 16;
		at += 8 + len + len % 2;
	}
	assert_null(memmem(webp.data, webp.len, SECRET, sizeof SECRET - 1));
	struct thumbnail t;
	t.rgba = WebPDecodeRGBA((const uint8_t *)webp.data, webp.len, &t.width, &t.height);
	assert_non_null(t.rgba);
	assert_in_range(t.width, 1, THUMBNAIL_EDGE);
	assert_in_range(t.height, 1, THUMBNAIL_EDGE);
	buf_free(&webp);
	return t;
}

static void failure_expect(const void *bytes, size_t len, const char *expected_code)
{
	struct buf webp = BUF_INIT(1 << 20);
	const char *code = NULL;
	struct err e = {0};
	assert_int_equal(thumbnail_make(bytes, len, &webp, &code, &e), -1);
	assert_string_equal(code, expected_code);
	assert_true(e.text[0] != '\0');
	assert_int_equal(webp.len, 0);
	buf_free(&webp);
}

static void colour_expect(const uint8_t *pixel, const uint8_t *rgb, int tolerance)
{
	for (int c = 0; c < 3; c++)
		if (abs(pixel[c] - rgb[c]) > tolerance)
			fail_msg("%d %d %d instead of %d %d %d", pixel[0], pixel[1], pixel[2], rgb[0], rgb[1], rgb[2]);
}

static const uint8_t *quarter_middle(const struct thumbnail *t, unsigned quarter)
{
	int x = t->width * (quarter % 2 ? 3 : 1) / 4, y = t->height * (quarter / 2 ? 3 : 1) / 4;
	return t->rgba + 4 * (y * t->width + x);
}

static void quarters_expect(const struct buf *picture, int width, int height, const unsigned order[QUARTERS])
{
	struct thumbnail t = thumbnail_expect(picture);
	assert_int_equal(t.width, width);
	assert_int_equal(t.height, height);
	for (unsigned i = 0; i < QUARTERS; i++) {
		colour_expect(quarter_middle(&t, i), quarters[order[i]], 24);
		assert_int_equal(quarter_middle(&t, i)[3], 255);
	}
	WebPFree(t.rgba);
}
static const unsigned in_order[QUARTERS] = {0, 1, 2, 3};

// ---- the kinds of pictures ----

// Every colour type and depth of PNG, plain and interlaced. A sample of quarter q is q * (greatest / 3), which is also the grey to be seen, and
// the opacity where there is one.
static void png_of_every_kind(void **state)
{
	(void)state;
	static const struct {
		int colour, channels, depth;
	} kinds[] = {{PNG_COLOR_TYPE_GRAY, 1, 1},    {PNG_COLOR_TYPE_GRAY, 1, 2},        {PNG_COLOR_TYPE_GRAY, 1, 4},
		     {PNG_COLOR_TYPE_GRAY, 1, 8},    {PNG_COLOR_TYPE_GRAY, 1, 16},       {PNG_COLOR_TYPE_RGB, 3, 8},
		     {PNG_COLOR_TYPE_RGB, 3, 16},    {PNG_COLOR_TYPE_PALETTE, 1, 1},     {PNG_COLOR_TYPE_PALETTE, 1, 2},
		     {PNG_COLOR_TYPE_PALETTE, 1, 4}, {PNG_COLOR_TYPE_PALETTE, 1, 8},     {PNG_COLOR_TYPE_GRAY_ALPHA, 2, 8},
		     {PNG_COLOR_TYPE_RGBA, 4, 8},    {PNG_COLOR_TYPE_GRAY_ALPHA, 2, 16}, {PNG_COLOR_TYPE_RGBA, 4, 16}};
	enum { WIDTH = 700, HEIGHT = 301 };
	for (size_t k = 0; k < 2 * ARRAY_LEN(kinds); k++) {
		int depth = kinds[k / 2].depth, channels = kinds[k / 2].channels, colour = kinds[k / 2].colour;
		bool alpha = colour & PNG_COLOR_MASK_ALPHA;
		unsigned greatest = (1U << depth) - 1;
		size_t row_bytes = ((size_t)WIDTH * (size_t)(depth * channels) + 7) / 8;
		uint8_t *rows = calloc(HEIGHT, row_bytes);
		assert_non_null(rows);
		for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
			for (int c = 0; c < channels; c++) {
				unsigned q = quarter_at(i % WIDTH, i / WIDTH, WIDTH, HEIGHT);
				unsigned sample = colour == PNG_COLOR_TYPE_PALETTE ? q & greatest : q * greatest / 3;
				uint8_t *row = rows + i / WIDTH * row_bytes;
				size_t at = (i % WIDTH * (size_t)channels + (size_t)c) * (size_t)depth;
				if (depth == 16)
					row[at / 8 + 1] = (uint8_t)sample;
				row[at / 8] |= (uint8_t)(depth == 16 ? sample >> 8 : sample << (8 - depth - (int)(at % 8)));
			}
		struct buf png = png_make(WIDTH, HEIGHT, depth, colour, k % 2, rows, row_bytes);
		struct thumbnail t = thumbnail_expect(&png);
		assert_int_equal(t.width, 512);
		assert_int_equal(t.height, 220);
		for (unsigned q = 0; q < QUARTERS; q++) {
			const uint8_t *pixel = quarter_middle(&t, q);
			uint8_t grey = (uint8_t)(q * greatest / 3 * 255 / greatest);
			if (colour == PNG_COLOR_TYPE_PALETTE)
				colour_expect(pixel, quarters[q & greatest], 24);
			else if (!alpha || q > 0) // of what cannot be seen the colour is nothing
				colour_expect(pixel, (uint8_t[]){grey, grey, grey}, 24);
			assert_in_range(pixel[3], alpha ? (grey > 12 ? grey - 12 : 0) : 255, alpha ? grey + 12U : 255);
		}
		WebPFree(t.rgba);
		buf_free(&png);
		free(rows);
	}
}

static void png_with_one_transparent_colour(void **state)
{
	(void)state;
	struct buf png = rgb_png(64, 64, false);
	// Before IDAT; its checksum is not looked at, nor is any other.
	static const uint8_t trns[] = {0, 0, 0, 6, 't', 'R', 'N', 'S', 0, 220, 0, 30, 0, 20, 0, 0, 0, 0};
	const char *idat = memmem(png.data, png.len, "IDAT", 4);
	buf_insert(&png, (size_t)(idat - png.data) - 4, trns, sizeof trns);
	struct thumbnail t = thumbnail_expect(&png);
	assert_int_equal(quarter_middle(&t, 0)[3], 0);
	for (unsigned q = 1; q < QUARTERS; q++)
		assert_int_equal(quarter_middle(&t, q)[3], 255);
	WebPFree(t.rgba);
	buf_free(&png);
}

static void jpeg_of_every_kind(void **state)
{
	(void)state;
	static const struct {
		int subsampling, flags;
	} kinds[] = {{TJSAMP_444, 0}, {TJSAMP_420, 0}, {TJSAMP_422, TJFLAG_PROGRESSIVE}, {TJSAMP_420, TJFLAG_PROGRESSIVE}};
	static const struct {
		unsigned width, height;
		int thumbnail_width, thumbnail_height;
	} sizes[] = {{1536, 1024, 512, 341}, {1023, 1025, 511, 512}, {300, 200, 300, 200}, {513, 513, 512, 512}};
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
			struct buf jpeg = jpeg_make(sizes[s].width, sizes[s].height, kinds[k].subsampling, kinds[k].flags);
			quarters_expect(&jpeg, sizes[s].thumbnail_width, sizes[s].thumbnail_height, in_order);
			buf_free(&jpeg);
		}
}

static void jpeg_in_grey_and_in_inks(void **state)
{
	(void)state;
	struct buf jpeg = jpeg_make(800, 600, TJSAMP_GRAY, 0);
	struct thumbnail t = thumbnail_expect(&jpeg);
	colour_expect(quarter_middle(&t, 3), (const uint8_t[]){200, 200, 200}, 12);
	assert_int_equal(t.height, 384);
	WebPFree(t.rgba);
	buf_free(&jpeg);

	enum { EDGE = 640 };
	uint8_t *inks = malloc((size_t)EDGE * EDGE * 4);
	for (unsigned i = 0; i < EDGE * EDGE; i++) {
		memcpy(inks + (size_t)i * 4, quarters[quarter_at(i % EDGE, i / EDGE, EDGE, EDGE)], 3);
		inks[i * 4 + 3] = 255;
	}
	unsigned char *file = NULL;
	unsigned long len = 0;
	tjhandle handle = tjInitCompress();
	assert_int_equal(tjCompress2(handle, inks, EDGE, 0, EDGE, TJPF_CMYK, &file, &len, TJSAMP_444, 95, 0), 0);
	buf_add(&jpeg, file, len);
	quarters_expect(&jpeg, 512, 512, in_order);
	buf_free(&jpeg);
	tjFree(file);
	tjDestroy(handle);
	free(inks);
}

// What Exif says, in both orders of bytes; and Exif that says nonsense turns nothing.
static void jpeg_is_turned(void **state)
{
	(void)state;
	static const unsigned orders[][QUARTERS] = {{0, 1, 2, 3}, {1, 0, 3, 2}, {3, 2, 1, 0}, {2, 3, 0, 1},
						    {0, 2, 1, 3}, {2, 0, 3, 1}, {3, 1, 2, 0}, {1, 3, 0, 2}};
	uint8_t little[] = {0xff, 0xe1, 0, 0, 'E',  'x',  'i', 'f', 0, 0, 'I', 'I', '*', 0, 8, 0,
			    0,    0,    2, 0, 0x0f, 0x01, 2,   0,   1, 0, 0,   0,   0,   0, 0, 0, // the maker
			    0x12, 0x01, 3, 0, 1,    0,    0,   0,   0, 0, 0,   0};
	uint8_t big[] = {0xff, 0xe1, 0, 0, 'E',  'x',  'i', 'f', 0, 0, 'M', 'M', 0, '*', 0, 0,
			 0,    8,    0, 1, 0x01, 0x12, 0,   3,   0, 0, 0,   1,   0, 0,   0, 0};
	little[3] = sizeof little - 2;
	big[3] = sizeof big - 2;
	for (unsigned o = 1; o <= 8; o++)
		for (int order = 0; order < 2; order++) {
			struct buf jpeg = jpeg_make(1000, 600, TJSAMP_444, 0);
			little[sizeof little - 4] = big[sizeof big - 3] = (uint8_t)o;
			buf_insert(&jpeg, 2, order ? big : little, order ? sizeof big : sizeof little);
			quarters_expect(&jpeg, o < 5 ? 512 : 307, o < 5 ? 307 : 512, orders[o - 1]);
			buf_free(&jpeg);
		}
	static const struct {
		size_t at;
		uint8_t value;
	} nonsense[] = {{sizeof big - 3, 0}, {sizeof big - 3, 9}, {14, 0xff}, {17, 0xff}, {12, 1}, {23, 4}, {17, 4}};
	for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
		struct buf jpeg = jpeg_make(1000, 600, TJSAMP_444, 0);
		uint8_t wrong[sizeof big];
		memcpy(wrong, big, sizeof big);
		wrong[sizeof big - 3] = 6;
		wrong[nonsense[i].at] = nonsense[i].value;
		buf_insert(&jpeg, 2, wrong, sizeof wrong);
		struct thumbnail t = thumbnail_expect(&jpeg);
		assert_int_equal(t.width, 512);
		WebPFree(t.rgba);
		buf_free(&jpeg);
	}
}

static void webp_of_every_kind(void **state)
{
	(void)state;
	for (int lossless = 0; lossless < 2; lossless++) {
		struct buf webp = webp_make(1600, 800, lossless);
		quarters_expect(&webp, 512, 256, in_order);
		buf_free(&webp);
		webp = webp_make(30, 50, lossless);
		struct thumbnail t = thumbnail_expect(&webp);
		assert_int_equal(t.height, 50);
		WebPFree(t.rgba);
		buf_free(&webp);
	}
	uint8_t rgba[64 * 64 * 4], *file = NULL;
	for (size_t i = 0; i < sizeof rgba; i++)
		rgba[i] = i % 4 < 3 ? 180 : i / 4 % 64 < 32 ? 0 : 255;
	struct buf webp = BUF_INIT(FRAME_BODY_MAX);
	size_t len = WebPEncodeLosslessRGBA(rgba, 64, 64, 64 * 4, &file);
	buf_add(&webp, file, len);
	struct thumbnail t = thumbnail_expect(&webp);
	assert_int_equal(quarter_middle(&t, 0)[3], 0);
	assert_int_equal(quarter_middle(&t, 1)[3], 255);
	WebPFree(t.rgba);
	WebPFree(file);
	buf_free(&webp);
}

static void shapes(void **state)
{
	(void)state;
	static const struct {
		unsigned width, height;
		int thumbnail_width, thumbnail_height;
	} rows[] = {{1, 1, 1, 1}, {1, 8192, 1, 512}, {8192, 1, 512, 1}, {511, 2, 511, 2}, {8192, 700, 512, 44}, {513, 512, 512, 511}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (int kind = 0; kind < 4; kind++) {
			struct buf picture = kind < 2    ? rgb_png(rows[i].width, rows[i].height, kind == 1)
					     : kind == 2 ? jpeg_make(rows[i].width, rows[i].height, TJSAMP_420, 0)
							 : webp_make(rows[i].width, rows[i].height, false);
			struct thumbnail t = thumbnail_expect(&picture);
			assert_int_equal(t.width, rows[i].thumbnail_width);
			assert_int_equal(t.height, rows[i].thumbnail_height);
			WebPFree(t.rgba);
			buf_free(&picture);
		}
}

// The largest picture, of which only rows are held.
static void the_largest_png(void **state)
{
	(void)state;
	uint8_t *rows = calloc(8192, 1024);
	struct buf png = png_make(8192, 8192, 1, PNG_COLOR_TYPE_GRAY, false, rows, 1024);
	struct thumbnail t = thumbnail_expect(&png);
	assert_int_equal(t.width, 512);
	assert_int_equal(t.height, 512);
	WebPFree(t.rgba);
	buf_free(&png);
	png = png_make(8192, 8192, 1, PNG_COLOR_TYPE_GRAY, true, rows, 1024);
	failure_expect(png.data, png.len, "too-costly");
	buf_free(&png);
	free(rows);
}

// Noise is what compresses worst: first its quality gives way, then its size.
static void noise_fits(void **state)
{
	(void)state;
	enum { EDGE = 512 };
	uint8_t *noise = malloc(EDGE * EDGE * 4);
	noise_fill(noise, EDGE * EDGE * 4);
	for (int alpha = 0; alpha < 2; alpha++) {
		struct buf png =
		    png_make(EDGE, EDGE, 8, alpha ? PNG_COLOR_TYPE_RGBA : PNG_COLOR_TYPE_RGB, false, noise, EDGE * (3U + (unsigned)alpha));
		struct thumbnail t = thumbnail_expect(&png);
		assert_in_range(t.width, 128, 512);
		WebPFree(t.rgba);
		buf_free(&png);
	}
	free(noise);
}

// PNG texts are in every PNG of these tests.
static void only_pixels_come_through(void **state)
{
	(void)state;
	uint8_t comment[4 + sizeof SECRET] = {0xff, 0xfe, 0, 2 + sizeof SECRET};
	memcpy(comment + 4, SECRET, sizeof SECRET);
	struct buf jpeg = jpeg_make(100, 100, TJSAMP_444, 0);
	buf_insert(&jpeg, 2, comment, sizeof comment);
	comment[1] = 0xe1;
	buf_insert(&jpeg, 2, comment, sizeof comment);
	quarters_expect(&jpeg, 100, 100, in_order);
	buf_free(&jpeg);

	struct buf webp = webp_make(100, 100, false);
	static const uint8_t vp8x[] = {'V', 'P', '8', 'X', 10, 0, 0, 0, 0x0c, 0, 0, 0, 99, 0, 0, 99, 0, 0};
	buf_insert(&webp, 12, vp8x, sizeof vp8x);
	for (int i = 0; i < 2; i++) {
		buf_add(&webp, i ? "XMP " : "EXIF", 4);
		buf_add(&webp, (const uint8_t[]){sizeof SECRET - 1, 0, 0, 0}, 4);
		buf_add(&webp, SECRET, sizeof SECRET - 1);
		if ((sizeof SECRET - 1) % 2)
			buf_addc(&webp, 0);
	}
	webp.data[4] = (char)(webp.len - 8);
	webp.data[5] = (char)((webp.len - 8) >> 8);
	quarters_expect(&webp, 100, 100, in_order);
	buf_free(&webp);
}

// ---- pictures to start from ----

static struct buf reference_expect_of(const struct buf *picture, unsigned mask, const char *type, unsigned width, unsigned height)
{
	struct buf out = BUF_INIT(IMAGE_BYTES_MAX);
	const char *code = NULL;
	struct err e = {0};
	unsigned w = 0, h = 0;
	cJSON *head = reference_make(picture->data, picture->len, mask, &out, &code, &e);
	if (head == NULL)
		fail_msg("%s: %s", code, e.text);
	assert_string_equal(json_string(head, "type"), type);
	assert_string_equal(image_type(out.data, out.len, &w, &h), type);
	assert_int_equal(w, width);
	assert_int_equal(h, height);
	assert_int_equal((unsigned)json_number(head, "width", 0), width);
	assert_int_equal((unsigned)json_number(head, "height", 0), height);
	assert_in_range(out.len, 1, REFERENCE_BYTES_MAX);
	assert_null(memmem(out.data, out.len, SECRET, sizeof SECRET - 1));
	assert_null(memmem(out.data, out.len, "Exif", 4));
	cJSON_Delete(head);
	return out;
}

static struct buf reference_expect(const struct buf *picture, const char *type, unsigned width, unsigned height)
{
	return reference_expect_of(picture, 0, type, width, height);
}

// Every PNG of these tests holds the secret in a text; what a JPEG says of itself beside its pixels stays, too, but for which way is up.
static void a_reference_is_its_pixels_upright_and_of_a_size(void **state)
{
	(void)state;
	uint8_t turned[] = {0xff, 0xe1, 0, 34,   'E', 'x', 'i', 'f', 0, 0, 'M', 'M', 0, '*', 0, 0, 0, 8,
			    0,    1,    1, 0x12, 0,   3,   0,   0,   0, 1, 0,   6,   0, 0,   0, 0, 0, 0};
	uint8_t comment[4 + sizeof SECRET] = {0xff, 0xfe, 0, 2 + sizeof SECRET};
	memcpy(comment + 4, SECRET, sizeof SECRET);
	struct buf jpeg = jpeg_make(1000, 600, TJSAMP_444, 0);
	buf_insert(&jpeg, 2, comment, sizeof comment);
	buf_insert(&jpeg, 2, turned, sizeof turned);
	struct buf png = rgb_png(3000, 1500, false), webp = webp_make(300, 200, true);
	struct buf made[] = {reference_expect(&jpeg, "image/jpeg", 600, 1000), reference_expect(&png, "image/jpeg", 2048, 1024),
			     reference_expect(&webp, "image/jpeg", 300, 200)};
	quarters_expect(&made[0], 307, 512, (const unsigned[]){2, 0, 3, 1});
	quarters_expect(&made[1], 512, 256, in_order);
	quarters_expect(&made[2], 300, 200, in_order);
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		buf_free(&made[i]);
	buf_free(&jpeg);
	buf_free(&png);
	buf_free(&webp);
}

static void a_reference_stays_see_through_where_it_is(void **state)
{
	(void)state;
	enum { EDGE = 64 };
	uint8_t rgba[EDGE * EDGE * 4];
	for (int clear = 0; clear < 2; clear++) {
		for (size_t i = 0; i < sizeof rgba; i++)
			rgba[i] = i % 4 < 3 ? 180 : clear && i / 4 % EDGE < EDGE / 2 ? 0 : 255;
		struct buf png = png_make(EDGE, EDGE, 8, PNG_COLOR_TYPE_RGBA, false, rgba, EDGE * 4);
		struct buf made = reference_expect(&png, clear ? "image/png" : "image/jpeg", EDGE, EDGE);
		struct thumbnail t = thumbnail_expect(&made);
		assert_int_equal(quarter_middle(&t, 0)[3], clear ? 0 : 255);
		assert_int_equal(quarter_middle(&t, 1)[3], 255);
		WebPFree(t.rgba);
		buf_free(&made);
		buf_free(&png);
	}
}

static void a_reference_of_noise_is_made_smaller(void **state)
{
	(void)state;
	enum { EDGE = 1600 };
	uint8_t *noise = malloc((size_t)EDGE * EDGE * 4);
	noise_fill(noise, (size_t)EDGE * EDGE * 4);
	struct buf png = png_make(EDGE, EDGE, 8, PNG_COLOR_TYPE_RGBA, false, noise, (size_t)EDGE * 4);
	struct buf made = reference_expect(&png, "image/png", 512, 512);
	buf_free(&made);
	buf_free(&png);
	free(noise);
}

// Whatever colours it has, and as small as its picture became.
static void a_mask_keeps_the_size_of_its_picture(void **state)
{
	(void)state;
	enum { EDGE = 1600 };
	uint8_t *rgba = malloc((size_t)EDGE * EDGE * 4);
	noise_fill(rgba, (size_t)EDGE * EDGE * 4);
	for (size_t i = 0; i < (size_t)EDGE * EDGE; i++)
		rgba[i * 4 + 3] = i % EDGE < EDGE / 2 ? 0 : 255;
	struct buf png = png_make(EDGE, EDGE, 8, PNG_COLOR_TYPE_RGBA, false, rgba, (size_t)EDGE * 4);
	for (unsigned edge = REFERENCE_EDGE; edge >= 512; edge /= 2) {
		const unsigned is = edge < EDGE ? edge : EDGE;
		struct buf made = reference_expect_of(&png, edge, "image/png", is, is);
		buf_free(&made);
	}
	buf_free(&png);
	free(rgba);
}

// ---- hostile pictures ----

static void cut_short_anywhere(void **state)
{
	(void)state;
	struct buf pictures[] = {rgb_png(70, 50, false),           rgb_png(70, 50, true),
				 jpeg_make(70, 50, TJSAMP_420, 0), jpeg_make(70, 50, TJSAMP_444, TJFLAG_PROGRESSIVE),
				 webp_make(70, 50, false),         webp_make(70, 50, true)};
	for (size_t i = 0; i < ARRAY_LEN(pictures); i++) {
		for (size_t len = 0; len < pictures[i].len; len++) {
			uint8_t *part = malloc(len + 1); // of this length, for the sanitizer
			memcpy(part, pictures[i].data, len);
			part = realloc(part, len > 0 ? len : 1);
			failure_expect(part, len, "bad-picture");
			free(part);
		}
		buf_free(&pictures[i]);
	}
}

// One byte after the other becomes another: a thumbnail or a reason, never a crash.
static void damaged_anywhere(void **state)
{
	(void)state;
	struct buf pictures[] = {rgb_png(40, 30, false), rgb_png(40, 30, true), jpeg_make(40, 30, TJSAMP_420, TJFLAG_PROGRESSIVE),
				 webp_make(40, 30, false), webp_make(40, 30, true)};
	for (size_t i = 0; i < ARRAY_LEN(pictures); i++) {
		for (size_t at = 0; at < pictures[i].len; at++) {
			struct buf webp = BUF_INIT(1 << 20);
			const char *code = NULL;
			struct err e = {0};
			char was = pictures[i].data[at];
			pictures[i].data[at] = (char)(was ^ (at % 2 ? 0x10 : 0xff));
			if (thumbnail_make(pictures[i].data, pictures[i].len, &webp, &code, &e) != 0)
				assert_true(e.text[0] != '\0' && (strcmp(code, "bad-picture") == 0 || strcmp(code, "too-costly") == 0));
			pictures[i].data[at] = was;
			buf_free(&webp);
		}
		buf_free(&pictures[i]);
	}
}

static void sizes_that_lie(void **state)
{
	(void)state;
	struct buf png = rgb_png(64, 64, false), interlaced = rgb_png(64, 64, true), jpeg = jpeg_make(64, 64, TJSAMP_444, 0),
		   webp = webp_make(64, 64, false);
	static const uint8_t vp8x[] = {'V', 'P', '8', 'X', 10, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x1f, 0, 0xff, 0x1f, 0};
	char *sof = memmem(jpeg.data, jpeg.len, "\xff\xc0", 2);
	assert_non_null(sof);
	png.data[22] = interlaced.data[22] = 0x20; // 8,256 rows: over the limit
	failure_expect(png.data, png.len, "bad-picture");
	png.data[22] = 0x1f;
	failure_expect(png.data, png.len, "bad-picture");
	interlaced.data[22] = 1;
	failure_expect(interlaced.data, interlaced.len, "bad-picture");
	for (int edge = 5; edge <= 7; edge += 2) {
		sof[edge] = 0x10;
		failure_expect(jpeg.data, jpeg.len, "bad-picture");
		sof[edge] = 0;
	}
	buf_insert(&webp, 12, vp8x, sizeof vp8x);
	webp.data[4] = (char)(webp.len - 8);
	webp.data[5] = (char)((webp.len - 8) >> 8);
	failure_expect(webp.data, webp.len, "bad-picture");
	buf_free(&png);
	buf_free(&interlaced);
	buf_free(&jpeg);
	buf_free(&webp);
}

static void an_animation_is_refused(void **state)
{
	(void)state;
	struct buf webp = webp_make(64, 64, false);
	static const uint8_t vp8x[] = {'V', 'P', '8', 'X', 10, 0, 0, 0, 2, 0, 0, 0, 63, 0, 0, 63, 0, 0};
	buf_insert(&webp, 12, vp8x, sizeof vp8x);
	webp.data[4] = (char)(webp.len - 8);
	webp.data[5] = (char)((webp.len - 8) >> 8);
	failure_expect(webp.data, webp.len, "bad-picture");
	buf_free(&webp);
}

static void what_is_no_picture(void **state)
{
	(void)state;
	static const char *const texts[] = {
	    "", "GIF89a", "<svg xmlns='http://www.w3.org/2000/svg'/>", "\x89PNG\r\n\x1a\n", "\xff\xd8\xff", "RIFF"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		failure_expect(texts[i], strlen(texts[i]), "bad-picture");
}

// ---- the whole program ----

static const char JOB[] = "{\"op\":\"thumbnail\"}";

// A forbidden system call ends the process, so that none goes unnoticed.
static int serve(void)
{
	setenv("LETHE_SANDBOX", "kill", 1);
	return worker_main();
}

static struct server server;

static void good_job_expect(const struct buf *picture)
{
	int fd = peer_connect(&server);
	struct buf webp;
	unsigned width = 0, height = 0;
	job_send(fd, JOB, picture->data, picture->len);
	cJSON *reply = job_reply(fd, &webp);
	assert_string_equal(error_code(reply), "");
	assert_string_equal(json_string(reply, "type"), "image/webp");
	assert_string_equal(image_type(webp.data, webp.len, &width, &height), "image/webp");
	assert_in_range(width, 1, THUMBNAIL_EDGE);
	assert_in_range(height, 1, THUMBNAIL_EDGE);
	cJSON_Delete(reply);
	buf_free(&webp);
	close(fd);
}

static void jobs(void **state)
{
	(void)state;
	uint8_t *noise = malloc(1024 * 1024 * 4);
	noise_fill(noise, 1024 * 1024 * 4);
	struct buf pictures[] = {rgb_png(1024, 1024, false),
				 rgb_png(1024, 1536, true),
				 jpeg_make(2048, 2048, TJSAMP_420, 0),
				 jpeg_make(2048, 2048, TJSAMP_420, TJFLAG_PROGRESSIVE),
				 webp_make(1024, 1024, false),
				 webp_make(1024, 1024, true),
				 png_make(1024, 1024, 8, PNG_COLOR_TYPE_RGBA, false, noise, 4096)};
	for (size_t i = 0; i < ARRAY_LEN(pictures); i++) {
		good_job_expect(&pictures[i]);
		buf_free(&pictures[i]);
	}
	free(noise);
}

static void references_in_the_sandbox(void **state)
{
	(void)state;
	static const char job[] = "{\"op\":\"reference\"}";
	uint8_t *clear = calloc(1024 * 1024, 4);
	struct buf pictures[] = {rgb_png(4096, 3000, false), jpeg_make(3000, 4000, TJSAMP_420, TJFLAG_PROGRESSIVE),
				 webp_make(2048, 2048, true), png_make(1024, 1024, 8, PNG_COLOR_TYPE_RGBA, true, clear, 4096)};
	for (size_t i = 0; i < ARRAY_LEN(pictures); i++) {
		int fd = peer_connect(&server);
		struct buf made;
		unsigned width, height;
		job_send(fd, job, pictures[i].data, pictures[i].len);
		cJSON *reply = job_reply(fd, &made);
		assert_string_equal(error_code(reply), "");
		assert_string_equal(image_type(made.data, made.len, &width, &height), i == 3 ? "image/png" : "image/jpeg");
		cJSON_Delete(reply);
		buf_free(&made);
		buf_free(&pictures[i]);
		close(fd);
	}
	expect_error(&server, job, "GIF89a", 6, "bad-picture");
	expect_error(&server, "{\"op\":\"reference\",\"edge\":9000}", "GIF89a", 6, "bad-call");
	free(clear);
}

static void hostile_jobs(void **state)
{
	(void)state;
	struct buf good = webp_make(600, 600, false), png = rgb_png(600, 600, false);
	expect_error(&server, JOB, NULL, 0, "bad-picture");
	expect_error(&server, JOB, "GIF89a", 6, "bad-picture");
	expect_error(&server, JOB, png.data, png.len - 1, "bad-picture");
	expect_error(&server, "{\"op\":\"thumbnail\",\"edge\":9000}", png.data, png.len, "bad-call");
	buf_free(&png);
	uint8_t *rows = calloc(8192, 1024);
	png = png_make(8192, 8192, 1, PNG_COLOR_TYPE_GRAY, true, rows, 1024);
	expect_error(&server, JOB, png.data, png.len, "too-costly");
	good_job_expect(&good);
	buf_free(&png);
	buf_free(&good);
	free(rows);
}

static int start(void **state)
{
	(void)state;
	server_start(&server, serve);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	server_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(png_of_every_kind),
	    cmocka_unit_test(png_with_one_transparent_colour),
	    cmocka_unit_test(jpeg_of_every_kind),
	    cmocka_unit_test(jpeg_in_grey_and_in_inks),
	    cmocka_unit_test(jpeg_is_turned),
	    cmocka_unit_test(webp_of_every_kind),
	    cmocka_unit_test(shapes),
	    cmocka_unit_test(the_largest_png),
	    cmocka_unit_test(noise_fits),
	    cmocka_unit_test(only_pixels_come_through),
	    cmocka_unit_test(a_reference_is_its_pixels_upright_and_of_a_size),
	    cmocka_unit_test(a_reference_stays_see_through_where_it_is),
	    cmocka_unit_test(a_reference_of_noise_is_made_smaller),
	    cmocka_unit_test(a_mask_keeps_the_size_of_its_picture),
	    cmocka_unit_test(references_in_the_sandbox),
	    cmocka_unit_test(cut_short_anywhere),
	    cmocka_unit_test(damaged_anywhere),
	    cmocka_unit_test(sizes_that_lie),
	    cmocka_unit_test(an_animation_is_refused),
	    cmocka_unit_test(what_is_no_picture),
	    cmocka_unit_test(jobs),
	    cmocka_unit_test(hostile_jobs),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
