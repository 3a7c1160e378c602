// SPDX-License-Identifier: ISC
// A PNG in a buffer, decoded by cairo.
#ifndef LETHE_TEST_PNG_SUPPORT_H
#define LETHE_TEST_PNG_SUPPORT_H

#include "policy/base/buf.h"
#include <cairo.h>
#include <string.h>

struct png_source {
	const struct buf *png;
	size_t at;
};

static cairo_status_t png_source_read(void *from, unsigned char *bytes, unsigned len)
{
	struct png_source *s = from;

	if (s->png->len - s->at < len)
		return CAIRO_STATUS_READ_ERROR;
	memcpy(bytes, s->png->data + s->at, len);
	s->at += len;
	return CAIRO_STATUS_SUCCESS;
}

// The caller destroys it, and asks for its status. *used: how many bytes it took.
static inline cairo_surface_t *png_decode(const struct buf *png, size_t *used)
{
	struct png_source from = {png, 0};
	cairo_surface_t *picture = cairo_image_surface_create_from_png_stream(png_source_read, &from);

	*used = from.at;
	return picture;
}

#endif
