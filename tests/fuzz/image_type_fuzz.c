// SPDX-License-Identifier: ISC
#include "policy/picture/image_type.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned width = 0, height = 0;
	if (image_type(data, size, &width, &height) != NULL && (width == 0 || height == 0 || width > 8192 || height > 8192))
		abort();
	return 0;
}
