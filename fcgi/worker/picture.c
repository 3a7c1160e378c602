// SPDX-License-Identifier: ISC
#include "fcgi/worker/picture.h"
#include "fcgi/provider/provider.h"
#include "policy/base/array.h"
#include "policy/base/buf.h"
#include "policy/picture/image_type.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>
#include <webp/decode.h>

enum { INTERLACED_BYTES_MAX = 64 << 20 };

static int picture_damaged(struct err *e, const char *type, const char *why)
{
	return err_set(e, ERR_INPUT, "the %s cannot be read: %s", type, why);
}

// ---- PNG ----

struct png_file {
	const unsigned char *bytes;
	size_t len, at;
	struct err *e;
	png_structp png;
	png_infop info;
	struct shrink shrink;
	struct buf rows; // one, or all of an interlaced picture
};

static void png_file_read(png_structp png, png_bytep to, size_t len)
{
	struct png_file *f = png_get_io_ptr(png);
	if (len > f->len - f->at)
		png_error(png, "it is cut short");
	memcpy(to, f->bytes + f->at, len);
	f->at += len;
}

static void png_file_failed(png_structp png, png_const_charp why)
{
	const struct png_file *f = png_get_error_ptr(png);
	picture_damaged(f->e, "PNG", why);
	png_longjmp(png, 1);
}

static void png_file_warned(png_structp png, png_const_charp why)
{
	(void)png;
	(void)why;
}

// What libpng finds wrong ends this function by longjmp(); all that it makes is therefore kept in *f.
static int png_file_shrink(struct png_file *f, unsigned width, unsigned height, struct pixels *out, struct err *e)
{
	f->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, f, png_file_failed, png_file_warned);
	f->info = f->png != NULL ? png_create_info_struct(f->png) : NULL;
	if (f->info == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a PNG");
	if (setjmp(png_jmpbuf(f->png)) != 0)
		return -1;
	png_set_read_fn(f->png, f, png_file_read);
	// The checksums were judged where the picture came in, and a wrong one does no harm here.
	png_set_crc_action(f->png, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
	png_set_option(f->png, PNG_IGNORE_ADLER32, PNG_OPTION_ON);
	png_set_keep_unknown_chunks(f->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
	png_read_info(f->png, f->info);
	png_set_expand(f->png);
	png_set_scale_16(f->png);
	png_set_gray_to_rgb(f->png);
	int passes = png_set_interlace_handling(f->png);
	png_read_update_info(f->png, f->info);
	size_t row_bytes = png_get_rowbytes(f->png, f->info);
	out->alpha = png_get_channels(f->png, f->info) == 4;
	if (row_bytes != (size_t)width * pixels_channels(out))
		return picture_damaged(e, "PNG", "its head was misread");
	if (shrink_begin(&f->shrink, width, height, out, e) != 0)
		return -1;
	size_t kept = passes == 1 ? 1 : height; // rows
	unsigned char *rows = (unsigned char *)buf_reserve(&f->rows, row_bytes * kept);
	if (rows == NULL)
		return err_set(e, ERR_MEMORY, "the PNG takes too much memory");
	for (int pass = 1; pass <= passes; pass++)
		for (unsigned y = 0; y < height; y++) {
			unsigned char *row = rows + (passes == 1 ? 0 : row_bytes * y);
			png_read_row(f->png, row, NULL);
			if (pass == passes)
				shrink_row(&f->shrink, row);
		}
	png_read_end(f->png, NULL); // so that one without its end is found
	return 0;
}

static int png_read_picture(const unsigned char *bytes, size_t len, unsigned width, unsigned height, struct pixels *out, struct err *e)
{
	struct png_file f = {.bytes = bytes, .len = len, .e = e, .rows = BUF_INIT(INTERLACED_BYTES_MAX)};
	int rc = png_file_shrink(&f, width, height, out, e);
	png_destroy_read_struct(&f.png, &f.info, NULL);
	shrink_end(&f.shrink);
	buf_free(&f.rows);
	return rc;
}

// ---- JPEG ----

// The orientation, 1 to 8, that the Exif of a JPEG states; 1 when it states none.
static unsigned jpeg_orientation(const unsigned char *p, size_t len)
{
	enum { ORIENTATION = 0x0112, SHORT = 3, ENTRY = 12 };
	size_t at = 2, segment = 0;
	for (;; at += 2 + segment) {
		if (at + 4 > len || p[at] != 0xff || p[at + 1] == 0xda || (segment = (size_t)p[at + 2] << 8 | p[at + 3]) < 2 ||
		    segment > len - at - 2)
			return 1;
		if (p[at + 1] == 0xe1 && segment >= 16 && memcmp(p + at + 4, "Exif\0\0", 6) == 0)
			break;
	}
	const unsigned char *tiff = p + at + 10;
	size_t tiff_len = segment - 8;
	bool little = memcmp(tiff, "II*\0", 4) == 0;
	if (!little && memcmp(tiff, "MM\0*", 4) != 0)
		return 1;
	size_t list = little ? (size_t)tiff[7] << 24 | (size_t)tiff[6] << 16 | (size_t)tiff[5] << 8 | tiff[4]
			     : (size_t)tiff[4] << 24 | (size_t)tiff[5] << 16 | (size_t)tiff[6] << 8 | tiff[7];
	for (size_t entry = list + 2; tiff_len >= ENTRY && entry <= tiff_len - ENTRY; entry += ENTRY) {
		const unsigned char *t = tiff + entry;
		unsigned tag = little ? (unsigned)t[1] << 8 | t[0] : (unsigned)t[0] << 8 | t[1];
		unsigned type = little ? t[2] : t[3], value = little ? t[8] : t[9];
		if (tag == ORIENTATION)
			return type == SHORT && value >= 1 && value <= 8 ? value : 1;
		if (tag > ORIENTATION) // sorted
			return 1;
	}
	return 1;
}

static int pixels_turn(struct pixels *p, unsigned orientation, struct err *e)
{
	bool transposed = orientation >= 5, flip_x = (0x18c >> orientation & 1) != 0, flip_y = (0x0d8 >> orientation & 1) != 0;
	struct pixels turned = {.width = transposed ? p->height : p->width, .height = transposed ? p->width : p->height, .alpha = p->alpha};
	unsigned channels = pixels_channels(p);
	if (orientation == 1)
		return 0;
	uint8_t *to = turned.bytes = malloc((size_t)p->width * p->height * channels);
	if (to == NULL)
		return err_set(e, ERR_MEMORY, "no memory to turn the picture");
	for (unsigned y = 0; y < turned.height; y++)
		for (unsigned x = 0; x < turned.width; x++, to += channels) {
			unsigned from_x = transposed ? y : x, from_y = transposed ? x : y;
			from_x = flip_x ? p->width - 1 - from_x : from_x;
			from_y = flip_y ? p->height - 1 - from_y : from_y;
			memcpy(to, p->bytes + ((size_t)from_y * p->width + from_x) * channels, channels);
		}
	free(p->bytes);
	*p = turned;
	return 0;
}

// Decoded at the smallest of the library's scales that is not below the wanted size.
static int jpeg_read_picture(const unsigned char *bytes, size_t len, unsigned width, unsigned height, struct pixels *out, struct err *e)
{
	int stated_width, stated_height, subsampling, space, scales, rc = -1;
	struct shrink shrink = {0};
	unsigned char *whole = NULL;
	tjhandle jpeg = tjInitDecompress();
	if (jpeg == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a JPEG");
	if (tjDecompressHeader3(jpeg, bytes, len, &stated_width, &stated_height, &subsampling, &space) != 0) {
		picture_damaged(e, "JPEG", tjGetErrorStr2(jpeg));
		goto cleanup;
	}
	if ((unsigned)stated_width != width || (unsigned)stated_height != height) {
		picture_damaged(e, "JPEG", "it states two sizes");
		goto cleanup;
	}
	tjscalingfactor best = {1, 1};
	const tjscalingfactor *scale = tjGetScalingFactors(&scales);
	for (int i = 0; scale != NULL && i < scales; i++)
		if (TJSCALED(stated_width, scale[i]) >= (int)out->width && TJSCALED(stated_height, scale[i]) >= (int)out->height &&
		    scale[i].num * best.denom < best.num * scale[i].denom)
			best = scale[i];
	unsigned w = (unsigned)TJSCALED(stated_width, best), h = (unsigned)TJSCALED(stated_height, best);
	bool inks = space == TJCS_CMYK || space == TJCS_YCCK;
	unsigned channels = inks ? 4 : 3;
	whole = malloc((size_t)w * h * channels);
	if (whole == NULL) {
		err_set(e, ERR_MEMORY, "no memory for a JPEG");
		goto cleanup;
	}
	if (tjDecompress2(jpeg, bytes, len, whole, (int)w, (int)(w * channels), (int)h, inks ? TJPF_CMYK : TJPF_RGB,
			  TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0) {
		picture_damaged(e, "JPEG", tjGetErrorStr2(jpeg));
		goto cleanup;
	}
	// Ink as programs of Adobe write it, which all of them do: 255 is none.
	for (size_t i = 0; inks && i < (size_t)w * h; i++)
		for (size_t c = 0; c < 3; c++)
			whole[i * 3 + c] = (unsigned char)(whole[i * 4 + c] * whole[i * 4 + 3] / 255);
	if (shrink_begin(&shrink, w, h, out, e) != 0)
		goto cleanup;
	for (unsigned y = 0; y < h; y++)
		shrink_row(&shrink, whole + (size_t)y * w * 3);
	rc = pixels_turn(out, jpeg_orientation(bytes, len), e);
cleanup:
	tjDestroy(jpeg);
	shrink_end(&shrink);
	free(whole);
	return rc;
}

// ---- WebP: the library itself makes it smaller while it decodes ----

static int webp_read_picture(const unsigned char *bytes, size_t len, unsigned width, unsigned height, struct pixels *out, struct err *e)
{
	WebPDecoderConfig config;
	if (WebPInitDecoderConfig(&config) == 0 || WebPGetFeatures(bytes, len, &config.input) != VP8_STATUS_OK)
		return picture_damaged(e, "WebP", "its head is damaged");
	if (config.input.has_animation)
		return picture_damaged(e, "WebP", "it is animated");
	if ((unsigned)config.input.width != width || (unsigned)config.input.height != height)
		return picture_damaged(e, "WebP", "it states two sizes");
	out->alpha = config.input.has_alpha != 0;
	size_t stride = (size_t)out->width * pixels_channels(out);
	out->bytes = malloc(stride * out->height);
	if (out->bytes == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a WebP");
	config.options.use_scaling = out->width != width || out->height != height;
	config.options.scaled_width = (int)out->width;
	config.options.scaled_height = (int)out->height;
	config.output.colorspace = out->alpha ? MODE_RGBA : MODE_RGB;
	config.output.is_external_memory = 1;
	config.output.u.RGBA = (WebPRGBABuffer){.rgba = out->bytes, .stride = (int)stride, .size = stride * out->height};
	VP8StatusCode status = WebPDecode(bytes, len, &config);
	WebPFreeDecBuffer(&config.output);
	if (status == VP8_STATUS_OUT_OF_MEMORY)
		return err_set(e, ERR_MEMORY, "the WebP takes too much memory");
	return status == VP8_STATUS_OK ? 0
				       : picture_damaged(e, "WebP", status == VP8_STATUS_SUSPENDED ? "it is cut short" : "it is damaged");
}

// ---- all ----

int picture_read(const void *bytes, size_t len, unsigned edge, struct pixels *out, struct err *e)
{
	static const struct {
		const char *type;
		int (*read)(const unsigned char *bytes, size_t len, unsigned width, unsigned height, struct pixels *out, struct err *e);
	} readers[] = {{"image/png", png_read_picture}, {"image/jpeg", jpeg_read_picture}, {"image/webp", webp_read_picture}};
	unsigned width = 0, height = 0;
	const char *type = image_type(bytes, len, &width, &height);
	*out = (struct pixels){0};
	for (size_t i = 0; type != NULL && i < ARRAY_LEN(readers); i++) {
		if (strcmp(readers[i].type, type) != 0)
			continue;
		out->width = width;
		out->height = height;
		shrink_size(edge, &out->width, &out->height);
		if (readers[i].read(bytes, len, width, height, out, e) == 0)
			return 0;
		shrink_free(out);
		return -1;
	}
	return err_set(e, ERR_INPUT, "it is no whole PNG, JPEG or WebP of at most 8192 pixels an edge");
}
