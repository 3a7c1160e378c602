// SPDX-License-Identifier: ISC
#include "fcgi/provider/failure.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/processors/processors.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

// In ascending order: of several the last counts.
enum meaning { MEANS_NOTHING, MEANS_DOWN, MEANS_LIMITED, MEANS_UNPAID, MEANS_FILTERED };

static const struct {
	const char *code;
	enum meaning means;
} meanings[] = {
    {"content_filter", MEANS_FILTERED},
    {"contentFilter", MEANS_FILTERED},
    {"content_policy_violation", MEANS_FILTERED},
    {"content_safety_violation", MEANS_FILTERED},
    {"moderation_blocked", MEANS_FILTERED},
    {"ResponsibleAIPolicyViolation", MEANS_FILTERED},
    {"refusal", MEANS_FILTERED},
    {"InputTextSensitiveContentDetected", MEANS_FILTERED},
    {"InputImageSensitiveContentDetected", MEANS_FILTERED},
    {"OutputImageSensitiveContentDetected", MEANS_FILTERED},
    {"DataInspectionFailed", MEANS_FILTERED},
    {"data_inspection_failed", MEANS_FILTERED},
    {"IPInfringementSuspect", MEANS_FILTERED},
    {"insufficient_quota", MEANS_UNPAID},
    {"payment_required", MEANS_UNPAID},
    {"Arrearage", MEANS_UNPAID},
    {"rate_limit_exceeded", MEANS_LIMITED},
    {"concurrent_requests_limit", MEANS_LIMITED},
    {"Throttling", MEANS_LIMITED},
    {"Throttling.RateQuota", MEANS_LIMITED},
    {"Throttling.AllocationQuota", MEANS_LIMITED},
    {"provider_overloaded", MEANS_DOWN},
    {"provider_unavailable", MEANS_DOWN},
    {"InternalServiceError", MEANS_DOWN},
    {"InternalError", MEANS_DOWN},
};

// Where codes stand: paths of members, and what they are called there.
static const char *const places[][3] = {
    {"error"},  {"error", "innererror"}, {"error", "inner_error"},  {"error", "metadata"},  {NULL},
    {"output"}, {"detail", "0"},         {"choices", "0", "error"}, {"data", "0", "error"}, {"output", "results", "0"}};
static const char *const members[] = {"code", "type", "error_type"};

// Of failures that are told in a sentence alone.
static const char *const filtered_words[] = {"NSFW", "flagged as sensitive"};

static const cJSON *place_of(const cJSON *reply, const char *const path[3])
{
	for (size_t i = 0; i < 3 && path[i] != NULL; i++)
		reply = isdigit((unsigned char)path[i][0]) ? cJSON_GetArrayItem(reply, path[i][0] - '0') : json_get(reply, path[i]);
	return reply;
}

static enum meaning code_means(const char *code)
{
	for (size_t i = 0; i < ARRAY_LEN(meanings); i++)
		if (strcasecmp(code, meanings[i].code) == 0)
			return meanings[i].means;
	return MEANS_NOTHING;
}

static bool code_plain(const char *code)
{
	size_t len = strlen(code);
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)code[i]) && strchr("_.-", code[i]) == NULL)
			return false;
	return len > 0 && len < 64;
}

// What the reply says, and in `code` the first plain word that it says it with.
static enum meaning reply_means(const cJSON *reply, const char **code)
{
	enum meaning found = MEANS_NOTHING;
	const char *sentence = json_string(reply, "error");

	// OpenRouter says why in a list.
	if (cJSON_IsArray(json_get(json_get(json_get(reply, "error"), "metadata"), "reasons")))
		found = MEANS_FILTERED;
	for (size_t i = 0; sentence != NULL && i < ARRAY_LEN(filtered_words); i++)
		if (strcasestr(sentence, filtered_words[i]) != NULL)
			found = MEANS_FILTERED;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		const cJSON *place = place_of(reply, places[i]);
		const char *own = json_string(place, "code");
		for (size_t k = 0; k < ARRAY_LEN(members); k++) {
			const char *said = json_string(place, members[k]);
			enum meaning means = said != NULL ? code_means(said) : MEANS_NOTHING;
			// This type also stands beside codes of other failures.
			if (said != NULL && strcmp(said, "image_generation_user_error") == 0 && (own == NULL || *own == '\0'))
				means = MEANS_FILTERED;
			if (means > found)
				found = means;
			if (*code == NULL && said != NULL && k == 0 && code_plain(said))
				*code = said;
		}
	}
	return found;
}

enum provider_step provider_filtered(struct provider_task *t)
{
	return provider_end(t, PROVIDER_FILTERED, ERR_REFUSED, "The image service's content filter refused this content.");
}

enum provider_step provider_unreadable(struct provider_task *t)
{
	return provider_end(t, PROVIDER_BAD_REPLY, ERR_UNAVAILABLE, "The image service's answer is not readable or not complete.");
}

enum provider_step provider_failed(struct provider_task *t, int status, const cJSON *reply)
{
	const struct processor_facts *f = processor_facts(t->provider->id);
	const struct processor_models *models = t->ability == PROVIDER_PROMPTS ? &f->text : &f->image;
	const char *name = f->name, *address = processor_address_setting(f), *model = processor_model(models);
	const char *code = NULL;
	enum meaning means = reply_means(reply, &code);
	const cJSON *number = json_get(json_get(reply, "error"), "code");

	if (means == MEANS_FILTERED)
		return provider_filtered(t);
	// Some tell of failures with 200 and write the status that it should have been.
	if (status < 400 && cJSON_IsNumber(number) && number->valueint >= 400 && number->valueint < 600)
		status = number->valueint;
	if (code == NULL)
		code = "no code";
	if (model == NULL)
		model = "none";
	if (means == MEANS_UNPAID || status == 402)
		return provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE, "%s does not serve this account: look at its balance (%d, %s).",
				    name, status, code);
	if (means == MEANS_LIMITED || status == 429)
		return provider_end(t, PROVIDER_LIMITED, ERR_UNAVAILABLE, "The image service is at its limit; later may work.");
	if (means == MEANS_DOWN || status == 408 || status >= 500)
		return provider_end(t, PROVIDER_DOWN, ERR_UNAVAILABLE, "The image service is not working at the moment.");
	if (status < 400)
		return provider_end(t, PROVIDER_BAD_REPLY, ERR_UNAVAILABLE, "The image service's answer makes no sense.");
	if (status == 401)
		return provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE, "%s does not accept the key: check %s and %s (401).", name,
				    f->key, address);
	if (status == 403)
		return provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE,
				    "%s denies access: check what the key and the account may do, and from where (403, %s).", name, code);
	if (status == 404)
		return provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE,
				    "%s does not know what it is asked for: check %s (%.128s) and %s (404, %s).", name, models->setting,
				    model, address, code);
	return provider_end(t, PROVIDER_REFUSED, ERR_UNAVAILABLE, "%s does not take the request: does %s (%.128s) offer this? (%d, %s)",
			    name, models->setting, model, status, code);
}
