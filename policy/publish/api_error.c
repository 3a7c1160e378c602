// SPDX-License-Identifier: ISC
#include "policy/publish/api_error.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include <stdio.h>
#include <string.h>

int api_error_status(int status)
{
	return status == 422 ? 400 : status;
}

static const char *api_error_type(int status)
{
	return status >= 500 ? "server_error" : status == 429 ? "requests" : "invalid_request_error";
}

cJSON *api_error_object(const cJSON *problem)
{
	static const char invalid[] = "invalid_value", user[] = "image_generation_user_error"; // of what a client must not send again
	static const struct {
		const char *slug, *code, *type; // type NULL: by the status
	} known[] = {
	    {"field-unknown", "unknown_parameter", NULL},
	    {"field-missing", "missing_required_parameter", NULL},
	    {"no-source", "missing_required_parameter", NULL},
	    {"field-type", "invalid_type", NULL},
	    {"field-range", invalid, NULL},
	    {"field-choice", invalid, NULL},
	    {"field-length", invalid, NULL},
	    {"forbidden-content", "moderation_blocked", user},
	    {"content-filtered", "moderation_blocked", user},
	    {"too-many-requests", "rate_limit_exceeded", NULL},
	    {"api-budget", "insufficient_quota", "insufficient_quota"},
	    {"api-key", "invalid_api_key", NULL},
	    {"no-edits", "unsupported_operation", NULL},
	    {"api-scope", "insufficient_permissions", NULL},
	};
	static const char *const fields[][2] = {{"description", "prompt"}, {"count", "n"}, {"provider", "model"}}; // ours and the API's
	static const char *const words[] = {"type", "title", "status", "detail", "parameter", "confirmable"};
	const char *type = json_string(problem, "type"), *slug = type != NULL ? strrchr(type, '/') : NULL;
	const char *detail = json_string(problem, "detail"), *parameter = json_string(problem, "parameter");
	char code[48];
	cJSON *o = cJSON_CreateObject(), *error = cJSON_AddObjectToObject(o, "error"), *member;

	snprintf(code, sizeof code, "%s", slug != NULL ? slug + 1 : "internal");
	type = api_error_type((int)json_number(problem, "status", 500));
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strcmp(code, known[i].slug) != 0)
			continue;
		type = known[i].type != NULL ? known[i].type : type;
		snprintf(code, sizeof code, "%s", known[i].code);
		break;
	}
	for (char *dash; (dash = strchr(code, '-')) != NULL;)
		*dash = '_';
	for (size_t i = 0; parameter != NULL && i < ARRAY_LEN(fields); i++)
		parameter = strcmp(parameter, fields[i][0]) == 0 ? fields[i][1] : parameter;
	json_put_texts(error, JSON_TEXTS({"message", detail != NULL ? detail : ""}, {"type", type}));
	cJSON_AddItemToObject(error, "param", parameter != NULL ? cJSON_CreateString(parameter) : cJSON_CreateNull());
	if (cJSON_AddStringToObject(error, "code", code) == NULL)
		json_free(&o);
	cJSON_ArrayForEach(member, problem)
	{
		bool told = o == NULL;
		for (size_t i = 0; i < ARRAY_LEN(words); i++)
			told |= strcmp(member->string, words[i]) == 0;
		if (!told)
			cJSON_AddItemToObject(error, member->string, cJSON_Duplicate(member, true));
	}
	return o;
}
