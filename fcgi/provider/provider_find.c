// SPDX-License-Identifier: ISC
// The vendors that are built, apart from what their steps call.
#include "fcgi/provider/provider.h"
#include "policy/base/array.h"
#include "policy/processors/built.h"
#include "policy/processors/processors.h"
#include <string.h>

#define DECLARE(name, id) extern const struct provider provider_##name;
PROCESSORS_BUILT(DECLARE)
#define POINTER(name, id) &provider_##name,
static const struct provider *const providers[] = {PROCESSORS_BUILT(POINTER)};

const struct provider *provider_find(const char *id)
{
	const struct processor_facts *f = processor_facts(id);

	for (size_t i = 0; f != NULL && i < ARRAY_LEN(providers); i++) {
		if (strcmp(providers[i]->id, f->ids[0]) == 0)
			return providers[i];
	}
	return NULL;
}
