// SPDX-License-Identifier: ISC
// A body of any content: what passes, and is JSON, holds no member that its row does not name when a whole reader looks at it, and all that it must hold.
#include "fcgi/egress/members.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void look(const cJSON *value, const cJSON *shape)
{
	const cJSON *one;

	if (!cJSON_IsObject(value)) {
		if (!cJSON_IsString(shape))
			abort();
		return;
	}
	if (!cJSON_IsObject(shape))
		abort();
	cJSON_ArrayForEach(one, value)
	{
		char name[64];
		const cJSON *item;
		if (strlen(one->string) >= sizeof name - 2)
			abort();
		snprintf(name, sizeof name, "%s%s", one->string, cJSON_IsArray(one) ? "[]" : "");
		const cJSON *member = cJSON_GetObjectItemCaseSensitive(shape, name);
		if (member == NULL)
			abort();
		if (!cJSON_IsArray(one))
			look(one, member);
		const cJSON *list = cJSON_IsArray(one) ? one : NULL;
		cJSON_ArrayForEach(item, list)
		{
			look(item, member);
		}
	}
}

static const struct policy_processor to = {.kinds = KIND_BIT(KIND_COUNT) - 1}; // it receives all, in any field
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const routes[][2] = {{"openrouter", "/api/v1/chat/completions"},
						{"openai", "/v1/images/edits"},
						{"dashscope", "/api/v1/services/aigc/multimodal-generation/generation"}};
	char name[MEMBERS_NAME];

	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct processor_route *r = processor_route(processor_facts(routes[i][0]), "POST", NULL, routes[i][1]);
		const char *body = (const char *)data;
		const kind_set kinds = KIND_BIT(KIND_PROMPT) | KIND_BIT(KIND_UPLOAD);
		(void)members_check(&to, r, kinds, "multipart/form-data; boundary=b", body, size, name);
		if (members_check(&to, r, kinds, "application/json", body, size, name) != FAILURE_NONE)
			continue;
		JSON_AUTO cJSON *tree = size > 0 ? json_parse(body, size, NULL) : NULL;
		if (tree != NULL)
			look(tree, r->members);
		if (tree != NULL && r->body != NULL && strcmp(routes[i][0], "openrouter") == 0 &&
		    !cJSON_IsTrue(json_get(json_get(tree, "provider"), "zdr")))
			abort();
	}
	return 0;
}
