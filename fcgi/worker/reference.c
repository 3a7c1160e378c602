// SPDX-License-Identifier: ISC
#include "fcgi/worker/reference.h"
#include "fcgi/worker/picture.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include <png.h>
#include <string.h>
#include <turbojpeg.h>

enum { QUALITY = 92, EDGE_MIN = 256 };

// Nothing of it is made better by a model that sees the rounding of JPEG; it takes a fifth of a PNG's bytes.
static int jpeg_encode(const struct pixels *p, struct buf *out)
{
	unsigned char *jpeg = NULL;
	unsigned long len = 0;
	tjhandle handle = tjInitCompress();
	int rc = handle != NULL
		     ? tjCompress2(handle, p->bytes, (int)p->width, 0, (int)p->height, TJPF_RGB, &jpeg, &len, TJSAMP_444, QUALITY, 0)
		     : -1;

	rc = rc == 0 ? buf_add(out, jpeg, len) : -1;
	tjFree(jpeg);
	if (handle != NULL)
		tjDestroy(handle);
	return rc;
}

static int png_encode(const struct pixels *p, struct buf *out)
{
	png_image image = {.version = PNG_IMAGE_VERSION, .width = p->width, .height = p->height, .format = PNG_FORMAT_RGBA};
	png_alloc_size_t len = REFERENCE_BYTES_MAX;
	BUF_AUTO_WIPE struct buf png = BUF_INIT(REFERENCE_BYTES_MAX);
	char *to = buf_reserve(&png, len);

	image.flags = PNG_IMAGE_FLAG_FAST;
	return to != NULL && png_image_write_to_memory(&image, to, &len, 0, p->bytes, 0, NULL) != 0 ? buf_add(out, to, len) : -1;
}

cJSON *reference_make(const void *bytes, size_t len, unsigned mask, struct buf *out, const char **code, struct err *e)
{
	struct pixels p;
	cJSON *head = NULL;
	int rc = picture_read(bytes, len, REFERENCE_EDGE, &p, e);

	*code = rc != 0 && e->code == ERR_INPUT ? "bad-picture" : "too-costly";
	bool through = false;
	for (size_t i = 3; rc == 0 && p.alpha && i < (size_t)p.width * p.height * 4 && !through; i += 4)
		through = p.bytes[i] != 255;
	if (rc == 0 && p.alpha && !through) {
		for (size_t i = 0; i < (size_t)p.width * p.height; i++)
			memmove(p.bytes + i * 3, p.bytes + i * 4, 3);
		p.alpha = false;
	}
	for (size_t i = 0; rc == 0 && mask != 0 && p.alpha && i < (size_t)p.width * p.height; i++)
		memset(p.bytes + i * 4, 0, 3); // nobody looks at its colours
	// What is too large, as noise is, is made smaller, and a mask as many times as its picture was.
	for (unsigned edge = REFERENCE_EDGE; rc == 0 && head == NULL && edge >= EDGE_MIN; edge /= 2) {
		BUF_AUTO_WIPE struct buf made = BUF_INIT(REFERENCE_BYTES_MAX);
		rc = shrink_pixels(&p, edge, e);
		if (rc != 0 || (mask != 0 && edge > mask) || (p.alpha ? png_encode : jpeg_encode)(&p, &made) != 0 ||
		    buf_add(out, made.data, made.len) != 0)
			continue;
		head = json_make(JSON_MEMBERS(MEMBER_TEXT("type", p.alpha ? "image/png" : "image/jpeg"), MEMBER_NUMBER("width", p.width),
					      MEMBER_NUMBER("height", p.height), MEMBER_NUMBER("edge", edge)));
	}
	if (rc == 0 && head == NULL)
		err_set(e, ERR_MEMORY, "no memory for the picture");
	shrink_free(&p);
	return head;
}
