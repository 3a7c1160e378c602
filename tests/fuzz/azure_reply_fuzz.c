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
	static const struct provider_input in = {.brief = {.style = "photo", .count = 4}, .prompt = "x", .size = "1024x1024"};
	const struct provider *azure = provider_find("azure-openai");
	const struct provider_reply reply = {data[0] == '0' ? 200 : statuses[data[0] % 5], "", (const char *)data + 1, size - 1};
	struct provider_task t;
	for (enum provider_ability ability = PROVIDER_PROMPTS; ability <= PROVIDER_IMAGE; ability++) {
		if (provider_begin(&t, azure, ability, &in) != PROVIDER_SEND || provider_reply(&t, &reply) != PROVIDER_ENDED)
			abort();
		if ((t.result == PROVIDER_OK) != (t.prompts.count > 0 || t.image.type != NULL) || t.prompts.count > 4)
			abort();
		provider_free(&t);
	}
	return 0;
}
