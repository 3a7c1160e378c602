// SPDX-License-Identifier: ISC
#include "fcgi/serve/body.h"
#include "fcgi/serve/request_internal.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct part *parts;
	size_t count;
	const char *why;
	char name[72];
	if (body_multipart_parse(text, size, "b", &parts, &count, name, &why) == 0) {
		for (size_t i = 0; i < count; i++)
			if (parts[i].bytes < text || parts[i].bytes + parts[i].len > text + size || !parts[i].name || !parts[i].type)
				abort();
		request_parts_free(parts, count);
	}
	return 0;
}
