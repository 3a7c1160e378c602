// SPDX-License-Identifier: ISC
// A picture: whatever comes, there is a thumbnail that fits, or a reason.
#include "fcgi/provider/provider.h"
#include "fcgi/worker/thumbnail.h"
#include "policy/base/limits.h"
#include "policy/picture/image_type.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	BUF_AUTO struct buf webp = BUF_INIT(1 << 20);
	const char *code = NULL;
	unsigned width = 0, height = 0;
	struct err e = {0};
	// Large ones take long and show nothing new.
	if (image_type(data, size, &width, &height) != NULL && width * height > 1 << 20)
		return 0;
	if (thumbnail_make(data, size, &webp, &code, &e) != 0) {
		if (code == NULL || e.code == ERR_NONE || webp.len > 0)
			abort();
		return 0;
	}
	if (webp.len > THUMBNAIL_BYTES_MAX - THUMBNAIL_MARK_MAX || image_type(webp.data, webp.len, &width, &height) == NULL ||
	    width > THUMBNAIL_EDGE || height > THUMBNAIL_EDGE)
		abort();
	return 0;
}
