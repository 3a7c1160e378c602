// SPDX-License-Identifier: ISC
#include "fcgi/serve/body.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why;
	char name[72];
	JSON_AUTO cJSON *fields = body_form_parse((const char *)data, size, name, &why);
	for (const cJSON *m = fields != NULL ? fields->child : NULL; m != NULL; m = m->next)
		if (!utf8_valid(m->valuestring, strlen(m->valuestring)) || !utf8_valid(m->string, strlen(m->string)))
			abort();
	return 0;
}
