// SPDX-License-Identifier: ISC
// A data URL of a picture, as a client of the image API sends it: what is read is no longer than what was sent, and nothing is left of what is refused.
#include "fcgi/generate/references.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *url = strndup((const char *)data, size);
	BUF_AUTO_WIPE struct buf out = BUF_INIT(REFERENCES_BODY_MAX);

	if (url != NULL && references_url_read(url, &out) == 0 ? out.len > size : out.len > 0)
		abort();
	free(url);
	return 0;
}
