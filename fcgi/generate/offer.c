// SPDX-License-Identifier: ISC
// Who can be asked for pictures on this machine as it is set up now. The page cannot know: it is made from the policy, which declares more.
#include "fcgi/generate/make.h"
#include "fcgi/generate/peer.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include "policy/model/text.h"
#include <string.h>

enum { OFFER_MS = 2000, PLACES_MAX = 4096 };

// Whether egress has its address and its key: egress alone sees the keys.
static bool has_key(const cJSON *status, const char *id)
{
	const cJSON *one;

	cJSON_ArrayForEach(one, json_get(status, "processors"))
	{
		const char *name = json_string(one, "id");
		if (name != NULL && strcmp(name, id) == 0)
			return cJSON_IsTrue(json_get(one, "configured"));
	}
	return false;
}

static bool offered(const struct processor *one, const cJSON *status)
{
	return one->usable && (one->wire == NULL || has_key(status, one->id));
}

// A set needs its prompts too. Who draws here writes them here.
static bool prompts_written(const struct generator *g, const cJSON *status)
{
	for (unsigned i = 0; i < g->text_count; i++) {
		if (offered(&g->text[i], status))
			return true;
	}
	return false;
}

static void add_processor(cJSON *list, const struct policy *p, const struct processor *one)
{
	const struct processor_text *text = &p->text->processors[policy_processor(p, one->id) - p->processors];
	BUF_AUTO struct buf places = BUF_INIT(PLACES_MAX);
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToArray(list, o);
	for (size_t i = 0; i < text->region_count; i++)
		buf_printf(&places, "%s%s", i > 0 ? ", " : "", text->regions[i].place);
	cJSON_AddStringToObject(o, "id", one->id);
	cJSON_AddStringToObject(o, "name", text->brand);
	cJSON_AddStringToObject(o, "where", one->wire == NULL ? "our own server" : buf_text(&places));
	cJSON_AddBoolToObject(o, "preview", one->wire == NULL);
}

static bool asks_others(const struct generator *g)
{
	for (unsigned i = 0; i < g->image_count; i++) {
		if (g->image[i].usable && g->image[i].wire != NULL)
			return true;
	}
	return false;
}

void offer_handle(struct request *r, void *context)
{
	const struct generator *g = context;
	ROOM_AUTO struct call c = CALL_INIT;
	JSON_AUTO cJSON *head = egress_status_head(), *o = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(o, "pictures");
	struct err e = {0};

	if (asks_others(g) && peer_ask(&c, g->egress, head, "", 0, request_fd(r), monotonic_ms() + OFFER_MS, &e) != 0 && e.code != ERR_GONE)
		note("egress does not say who is set up: %s", e.text); // only what is built in is offered
	for (unsigned i = 0; i < g->image_count && prompts_written(g, c.head); i++) {
		if (offered(&g->image[i], c.head))
			add_processor(list, g->policy, &g->image[i]);
	}
	respond_json(r, 200, o);
}
