// SPDX-License-Identifier: ISC
#ifndef LETHE_PICTURE_IMAGE_TYPE_H
#define LETHE_PICTURE_IMAGE_TYPE_H

#include <stddef.h>

// The type by the first bytes, as far as they state the size, and the size; NULL when it is no image we pass on, also of one over 8192 pixels
// an edge. Whether the image is whole is not looked at.
const char *image_type(const void *bytes, size_t len, unsigned *width, unsigned *height);

#endif
