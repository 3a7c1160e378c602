// SPDX-License-Identifier: ISC
// Answers of a processor: the first byte chooses the status, the rest is the body.
#include "fcgi/provider/provider.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {200, 400, 404, 429, 500};
	if (size == 0)
		return 0;
	const struct provider *azure = provider_find("azure-openai");
	int status = data[0] == '0' ? 200 : statuses[data[0] % 5];
	struct err say;
	struct provider_prompts prompts;
	struct provider_image image;
	enum provider_verdict read = azure->prompts_read(status, (const char *)data + 1, size - 1, 4, &prompts, &say);
	if ((read == PROVIDER_OK) != (prompts.count > 0) || prompts.count > 4)
		abort();
	read = azure->image_read(status, (const char *)data + 1, size - 1, &image, &say);
	if ((read == PROVIDER_OK) != (image.type != NULL))
		abort();
	provider_prompts_free(&prompts);
	buf_wipe(&image.bytes);
	return 0;
}
