// SPDX-License-Identifier: ISC
// The mark over any bytes: no crash; a second mark changes nothing.
#include "fcgi/generate/mark.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const types[] = {"image/png", "image/jpeg", "image/webp"};

	for (size_t i = 0; i < 3; i++) {
		BUF_AUTO struct buf once = BUF_INIT(1 << 20), twice = BUF_INIT(1 << 20);
		if (mark_image(MARK_MODEL, types[i], data, size, &once, NULL) != 0)
			continue;
		if (mark_image(MARK_MODEL, types[i], once.data, once.len, &twice, NULL) != 0 || once.len != twice.len ||
		    memcmp(once.data, twice.data, once.len) != 0)
			abort();
	}
	return 0;
}
