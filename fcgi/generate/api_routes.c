// SPDX-License-Identifier: ISC
// The routes of the image API, above the making of sets; api.c reads and writes for it.
#include "fcgi/generate/api.h"
#include "fcgi/generate/references.h"
#include "policy/base/json.h"
#include <string.h>
#include <strings.h>

// False: answered. Without a policy that has accounts nobody needs a key, and what clients send in its place is not looked at.
static bool api_admit(struct request *r, const struct generator *g, unsigned scope, struct api_key *key)
{
	static const char scheme[] = "Bearer ";
	const char *given = request_header(r, "Authorization");
	struct err e = {0};

	*key = (struct api_key){.id = ""};
	if (!api_key_needed(g->policy))
		return true;
	const bool bearer = given != NULL && strncasecmp(given, scheme, sizeof scheme - 1) == 0;
	const bool found = bearer && api_key_find(g->vault, given + sizeof scheme - 1, key, &e) == 0;
	if (found && (key->scopes & scope) != 0)
		return true;
	if (bearer && !found && e.code != ERR_NOT_FOUND && e.code != ERR_RESTRICTED) {
		respond_err(r, &e);
		return false;
	}
	if (request_log(r, NULL, &e) != 0) {
		respond_err(r, &e);
		return false;
	}
	if (found) {
		respond_problem(r, 403, "problem.api-scope", NULL, NULL);
		return false;
	}
	respond_header(r, "WWW-Authenticate", "Bearer");
	respond_problem(r, 401, bearer ? "problem.api-key" : "problem.api-key.missing", NULL, NULL);
	return false;
}

bool api_admit_images(struct request *r, void *context)
{
	struct api_key key;

	return api_admit(r, context, API_SCOPE_IMAGES, &key);
}

static enum answer_form api_form(const struct request *r)
{
	return request_int(r, "stream", 0) != 0 ? ANSWER_API_EVENTS : ANSWER_API;
}

void api_generations(struct request *r, void *context)
{
	struct api_call call = {.edit = false};

	if (api_admit(r, context, API_SCOPE_IMAGES, &call.key))
		make_set(r, context, api_form(r), &call);
}

void api_edits(struct request *r, void *context)
{
	struct api_call call = {.edit = true};

	if (!api_admit(r, context, API_SCOPE_IMAGES, &call.key))
		return;
	generator_learn(context, request_fd(r));
	if (references_offered(context))
		make_set(r, context, api_form(r), &call);
	else
		respond_problem(r, 400, "problem.no-edits", NULL, NULL);
}

static cJSON *api_model_object(const char *id, const char *owner)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "id", id);
	cJSON_AddStringToObject(o, "object", "model");
	cJSON_AddNumberToObject(o, "created", 0);
	cJSON_AddStringToObject(o, "owned_by", owner);
	return o;
}

// Who can be asked, as the processors' page tells; the first is the site's own order, where nobody has to choose.
static cJSON *api_models_list(struct request *r, const struct generator *g)
{
	JSON_AUTO cJSON *offered = status_offered(r, g, true);
	cJSON *list = cJSON_CreateArray();
	const cJSON *one;

	if (cJSON_GetArraySize(json_get(offered, "pictures")) > 0 && !cJSON_IsTrue(json_get(offered, "choose")))
		cJSON_AddItemToArray(list, api_model_object(API_MODEL_DEFAULT, request_policy(r)->shown_as));
	cJSON_ArrayForEach(one, json_get(offered, "pictures"))
	{
		cJSON_AddItemToArray(list, api_model_object(json_string(one, "id"), json_string(one, "name")));
	}
	return list;
}

void api_models(struct request *r, void *context)
{
	struct api_key key;

	if (!api_admit(r, context, API_SCOPE_MODELS, &key))
		return;
	api_say_budget(r, &key);
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON_AddStringToObject(o, "object", "list");
	cJSON_AddItemToObject(o, "data", api_models_list(r, context));
	respond_json(r, 200, o);
}

void api_model(struct request *r, void *context)
{
	const cJSON *one, *found = NULL;
	struct api_key key;

	if (!api_admit(r, context, API_SCOPE_MODELS, &key))
		return;
	api_say_budget(r, &key);
	JSON_AUTO cJSON *list = api_models_list(r, context);
	cJSON_ArrayForEach(one, list)
	{
		if (strcmp(json_string(one, "id"), request_rest(r)) == 0)
			found = one;
	}
	if (found != NULL)
		respond_json(r, 200, found);
	else
		respond_problem(r, 404, "problem.model-not-found", "model", NULL);
}
