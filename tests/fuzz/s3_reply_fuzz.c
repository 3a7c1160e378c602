// SPDX-License-Identifier: ISC
// Answers of an object storage: the first byte chooses the status, the rest is the body.
#include "fcgi/provider/s3_name.h"
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int object_take(void *arg, const void *bytes, size_t len, struct err *e)
{
	(void)arg, (void)bytes, (void)len, (void)e;
	return 0;
}

static void object_again(void *arg)
{
	(void)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char name[] = "temporary/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
	static const int statuses[] = {200, 204, 301, 400, 403, 404, 429, 503};
	static const struct provider_sink sink = {object_take, object_again, NULL};
	const struct provider_input in = {
	    .sink = &sink, .object = {.name = name, .bytes = "x", .len = 1, .type = "image/png", .folder = "temporary", .seconds = 600}};
	const struct provider *p = provider_find("cloudflare-r2");
	struct provider_task t;
	if (size < 1)
		return 0;
	const struct provider_reply reply = {statuses[data[0] % 8], "application/xml", (const char *)data + 1, size - 1};
	for (enum provider_ability ability = PROVIDER_PUT; ability < PROVIDER_ABILITIES; ability++) {
		if (provider_begin(&t, p, ability, &in) != PROVIDER_SEND || provider_reply(&t, &reply) != PROVIDER_ENDED)
			abort();
		if (t.result == PROVIDER_OK && reply.status != 200)
			abort();
		for (size_t i = 0; i < t.objects.count; i++)
			if (!s3_name_shaped(t.objects.list[i].name))
				abort();
		provider_free(&t);
	}
	if (provider_remove(&t, p, name) != PROVIDER_SEND || provider_reply(&t, &reply) != PROVIDER_ENDED)
		abort();
	provider_free(&t);
	return 0;
}
