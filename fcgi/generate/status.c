// SPDX-License-Identifier: ISC
#include "fcgi/generate/generate.h"
#include "fcgi/generate/peer.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include "policy/model/policy.h"
#include <string.h>

enum { PLACES_MAX = 4096 };

static void processor_row_add(cJSON *list, const struct policy *p, const struct processor *one)
{
	const struct policy_processor *declared = policy_processor(p, one->id);
	BUF_AUTO struct buf places = BUF_INIT(PLACES_MAX);
	cJSON *row = cJSON_CreateObject();

	for (size_t k = 0; k < declared->region_count; k++)
		buf_printf(&places, "%s%s", k > 0 ? word(p, "join.comma") : "", declared->regions[k].place);
	cJSON_AddStringToObject(row, "id", one->id);
	cJSON_AddStringToObject(row, "name", declared->brand);
	cJSON_AddStringToObject(row, "where", one->own ? word(p, "page.frame.own_server") : buf_text(&places));
	cJSON_AddBoolToObject(row, "preview", one->provider->preview);
	cJSON_AddItemToArray(list, row);
}

// Who is asked for prompts and for pictures, in the order in which they are. The page cannot know: it is made from the policy, which declares
// more than is set up on this machine.
cJSON *status_offered(struct request *r, const struct generator *g, bool verbatim)
{
	cJSON *o = cJSON_CreateObject();
	cJSON *prompts = cJSON_AddArrayToObject(o, "prompts"), *pictures = cJSON_AddArrayToObject(o, "pictures");

	// While egress does not answer nobody is set up but those who need no key.
	const bool heard = generator_learn(g, request_fd(r)) == 0;
	for (unsigned i = 0; i < g->text_count; i++) {
		if (generator_usable(&g->text[i]) && (heard || g->text[i].keyless == NULL))
			processor_row_add(prompts, request_policy(r), &g->text[i]);
	}
	for (unsigned i = 0; i < g->image_count && (verbatim || cJSON_GetArraySize(prompts) > 0 || g->text_count == 0); i++) {
		if (generator_usable(&g->image[i]) && (heard || g->image[i].keyless == NULL))
			processor_row_add(pictures, request_policy(r), &g->image[i]);
	}
	cJSON_AddBoolToObject(o, "choose", generator_needs_choice(g));
	return o;
}

void status_processors(struct request *r, void *context)
{
	JSON_AUTO cJSON *o = status_offered(r, context, false);

	respond_json(r, 200, o);
}
