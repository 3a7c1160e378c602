// SPDX-License-Identifier: ISC
#include "fcgi/worker/thumbnail.h"
#include "fcgi/worker/picture.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include <webp/encode.h>

static int thumbnail_write(const uint8_t *bytes, size_t len, const WebPPicture *picture)
{
	return buf_add(picture->custom_ptr, bytes, len) == 0;
}

// Sets out->failed where the WebP is larger than *out may be.
static int thumbnail_encode(const struct pixels *p, int quality, struct buf *out, struct err *e)
{
	WebPConfig config;
	WebPPicture picture;
	if (WebPConfigInit(&config) == 0 || WebPPictureInit(&picture) == 0)
		return err_set(e, ERR_MEMORY, "this libwebp is another one than the program was built for");
	config.quality = (float)quality;
	config.alpha_quality = quality;
	config.method = 0; // half the time of 2 for 15 % more bytes, of which there are enough
	picture.width = (int)p->width;
	picture.height = (int)p->height;
	picture.writer = thumbnail_write;
	picture.custom_ptr = out;
	int stride = (int)(p->width * pixels_channels(p));
	int made = p->alpha ? WebPPictureImportRGBA(&picture, p->bytes, stride) : WebPPictureImportRGB(&picture, p->bytes, stride);
	made = made != 0 && WebPEncode(&config, &picture) != 0;
	WebPPictureFree(&picture);
	return made || out->failed ? 0 : err_set(e, ERR_MEMORY, "no memory for a WebP");
}

int thumbnail_make(const void *bytes, size_t len, struct buf *out, const char **code, struct err *e)
{
	static const int qualities[] = {80, 60, 40, 20, 5};
	struct pixels p;
	int rc = picture_read(bytes, len, THUMBNAIL_EDGE, &p, e);
	*code = "too-costly";
	if (rc != 0 && e->code == ERR_INPUT)
		*code = "bad-picture";
	// Noise does not fit at any quality: it is made smaller, and a single pixel fits.
	for (unsigned edge = THUMBNAIL_EDGE; rc == 0; edge /= 2) {
		rc = shrink_pixels(&p, edge, e);
		for (size_t i = 0; rc == 0 && i < ARRAY_LEN(qualities); i++) {
			BUF_AUTO struct buf webp = BUF_INIT(THUMBNAIL_BYTES_MAX - THUMBNAIL_MARK_MAX);
			rc = thumbnail_encode(&p, qualities[i], &webp, e);
			if (rc != 0 || webp.failed)
				continue;
			rc = buf_add(out, webp.data, webp.len);
			goto cleanup;
		}
	}
cleanup:
	shrink_free(&p);
	return rc;
}
