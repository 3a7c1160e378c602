// SPDX-License-Identifier: ISC
// OpenRouter, which passes requests on to others: text as OpenAI does it, pictures by models that converse (Gemini), whose answer holds the
// picture in a data URL. Only chat completions take the flags that forbid its providers to keep and to train, so pictures are asked for there, too.
#include "fcgi/provider/failure.h"
#include "fcgi/provider/openai.h"
#include "policy/base/json.h"
#include "policy/processors/processors.h"
#include <string.h>

static const struct openai_dialect dialect = {.chat = "/api/v1/chat/completions", .tokens = "max_tokens", .schema = true};

static enum provider_step openrouter_image_begin(struct provider_task *t)
{
	const struct processor_models *models = &processor_facts(t->provider->id)->image;
	const char *ratio = processor_size(models, t->in->width, t->in->height);
	JSON_AUTO cJSON *body = json_make(JSON_MEMBERS(MEMBER_TEXT("model", processor_model(models))));
	cJSON *messages = cJSON_AddArrayToObject(body, "messages");
	openai_message_add(messages, "user", t->in->prompt);
	if (t->in->reference_count > 0) {
		cJSON *parts = cJSON_CreateArray();
		cJSON_AddItemToArray(parts, json_make(JSON_MEMBERS(MEMBER_TEXT("type", "text"), MEMBER_TEXT("text", t->in->prompt))));
		for (unsigned i = 0; i < t->in->reference_count; i++) {
			BUF_AUTO_WIPE struct buf url = BUF_INIT(2 * REFERENCE_BYTES_MAX);
			cJSON *part = json_make(JSON_MEMBERS(MEMBER_TEXT("type", "image_url")));
			provider_reference_url(&url, &t->in->references[i]);
			cJSON_AddStringToObject(cJSON_AddObjectToObject(part, "image_url"), "url", buf_text(&url));
			cJSON_AddItemToArray(parts, part);
		}
		cJSON_ReplaceItemInObjectCaseSensitive(cJSON_GetArrayItem(messages, 0), "content", parts);
	}
	cJSON_AddItemToObject(body, "modalities", cJSON_Parse("[\"image\",\"text\"]"));
	if (ratio != NULL)
		cJSON_AddStringToObject(cJSON_AddObjectToObject(body, "image_config"), "aspect_ratio", ratio);
	return provider_send(t, "POST", dialect.chat, body);
}

static enum provider_step openrouter_image_reply(struct provider_task *t, const struct provider_reply *r)
{
	// As the model behind it calls them; OpenRouter's own is content_filter.
	static const char filters[] = "content_filter SAFETY IMAGE_SAFETY PROHIBITED_CONTENT BLOCKLIST SPII";
	JSON_AUTO cJSON *reply = json_parse_foreign(r->body, r->len, NULL);
	const cJSON *choice = cJSON_GetArrayItem(json_get(reply, "choices"), 0), *message = json_get(choice, "message");
	const char *const finishes[] = {json_string(choice, "finish_reason"), json_string(choice, "native_finish_reason")};
	if (r->status != 200 || cJSON_IsObject(json_get(reply, "error")) || cJSON_IsObject(json_get(choice, "error")))
		return provider_failed(t, r->status, reply);
	for (size_t i = 0; i < 2; i++)
		if (finishes[i] != NULL && text_among(filters, finishes[i], strlen(finishes[i])))
			return provider_filtered(t);
	if (json_string(message, "refusal") != NULL)
		return provider_filtered(t);
	const char *left = json_string(json_get(cJSON_GetArrayItem(json_get(message, "images"), 0), "image_url"), "url");
	return provider_data_url_left(left) ? provider_end_picture(t) : provider_unreadable(t);
}

const struct provider provider_openrouter = {
    .id = "openrouter",
    .picture_bytes = 4 * 1024 * 1024,
    .dialect = &dialect,
    .can = {[PROVIDER_PROMPTS] = {.begin = openai_prompts_begin, .reply = openai_prompts_reply},
	    [PROVIDER_IMAGE] =
		{.begin = openrouter_image_begin, .reply = openrouter_image_reply, .picture_member = "url", .picture_in_url = true}},
};
