// SPDX-License-Identifier: ISC
// The vendors that differ in no more than the table at the end says: Azure OpenAI (v1 paths; the model is the name of a deployment), OpenAI,
// DeepSeek, Volcano Engine Ark, and servers of the controller's own (LocalAI, stable-diffusion.cpp, vLLM, Ollama, llama.cpp).
#include "fcgi/provider/openai.h"
#include "fcgi/provider/failure.h"
#include "fcgi/provider/prompts.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/picture/image_type.h"
#include "policy/processors/processors.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

void openai_message_add(cJSON *messages, const char *role, const char *content)
{
	cJSON_AddItemToArray(messages, json_make(JSON_MEMBERS(MEMBER_TEXT("role", role), MEMBER_TEXT("content", content))));
}

enum provider_step openai_prompts_begin(struct provider_task *t)
{
	// {"prompts":["…",…]} and nothing else. How many is said in words: the strict form of json_schema knows no array lengths.
	static const char schema[] =
	    "{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"image_prompts\",\"strict\":true,\"schema\":"
	    "{\"type\":\"object\",\"properties\":{\"prompts\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
	    "\"required\":[\"prompts\"],\"additionalProperties\":false}}}";
	const struct openai_dialect *d = t->provider->dialect;
	const char *model = processor_model(&processor_facts(t->provider->id)->text);
	BUF_AUTO_WIPE struct buf user = BUF_INIT(PROMPTS_USER_MAX);
	BUF_AUTO struct buf system = BUF_INIT(PROMPTS_SYSTEM_MAX);
	JSON_AUTO cJSON *body = json_make(JSON_MEMBERS(MEMBER_TEXT("model", model)));
	if (prompts_ask(&t->in->brief, !d->schema, &system, &user) != 0)
		return provider_end(t, PROVIDER_DOWN, ERR_MEMORY, "the brief is too large");
	cJSON *messages = cJSON_AddArrayToObject(body, "messages");
	openai_message_add(messages, "system", buf_text(&system));
	openai_message_add(messages, "user", buf_text(&user));
	cJSON_AddItemToObject(body, "response_format", cJSON_Parse(d->schema ? schema : "{\"type\":\"json_object\"}"));
	cJSON_AddNumberToObject(body, d->tokens, prompts_tokens(&t->in->brief));
	return provider_send(t, "POST", d->chat, body);
}

// The pictures to start from, in the members that the vendor has for them. The texts of the members are *urls, which must stay.
static int references_add(cJSON *body, const struct openai_dialect *d, const struct provider_input *in, struct buf *urls)
{
	cJSON *list = in->reference_count > 0 ? cJSON_AddArrayToObject(body, d->edits != NULL ? "images" : "image") : NULL;

	for (unsigned i = 0; i <= in->reference_count; i++) {
		const struct provider_reference *r = i < in->reference_count ? &in->references[i] : &in->mask;
		if (r->bytes == NULL)
			continue;
		if (provider_reference_url(&urls[i], r) != 0)
			return -1;
		cJSON *url = cJSON_CreateStringReference(buf_text(&urls[i])), *holder = url;
		if (d->edits != NULL) {
			holder = cJSON_CreateObject();
			cJSON_AddItemToObject(holder, "image_url", url);
		}
		if (r == &in->mask)
			cJSON_AddItemToObject(body, "mask", holder);
		else
			cJSON_AddItemToArray(list, holder);
	}
	return 0;
}

// A form (RFC 7578) of the members of a JSON object and of the pictures to start from.
static enum provider_step form_send(struct provider_task *t, const char *path, const cJSON *members)
{
	static const char type[] = "multipart/form-data; boundary=";
	enum { BOUNDARY = sizeof "lethe-0000" - 1 };
	const struct provider_input *in = t->in;
	char boundary[BOUNDARY + 1] = "lethe-0000";
	const cJSON *m;
	// One that stands in nothing of what it separates.
	for (unsigned i = 0; i < 10000; i++) {
		bool within = memmem(in->prompt, strlen(in->prompt), boundary, BOUNDARY) != NULL;
		for (unsigned j = 0; j <= in->reference_count && !within; j++) {
			const struct provider_reference *r = j < in->reference_count ? &in->references[j] : &in->mask;
			within = r->bytes != NULL && memmem(r->bytes, r->len, boundary, BOUNDARY) != NULL;
		}
		if (!within)
			break;
		snprintf(boundary, sizeof boundary, "lethe-%04u", (i + 1) % 10000);
	}
	enum provider_step step = provider_send(t, "POST", path, NULL);
	struct buf *out = &t->request.body;
	cJSON_ArrayForEach(m, members)
	{
		buf_printf(out, "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n", boundary, m->string);
		if (cJSON_IsNumber(m))
			buf_printf(out, "%d\r\n", m->valueint);
		else if (cJSON_IsBool(m))
			buf_adds(out, cJSON_IsTrue(m) ? "true\r\n" : "false\r\n");
		else
			buf_printf(out, "%s\r\n", m->valuestring);
	}
	for (unsigned i = 0; i <= in->reference_count; i++) {
		bool mask = i == in->reference_count;
		const struct provider_reference *r = mask ? &in->mask : &in->references[i];
		unsigned width, height;
		if (r->bytes == NULL)
			continue;
		const char *picture = image_type(r->bytes, r->len, &width, &height);
		buf_printf(out, "--%s\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%u.%s\"\r\nContent-Type: %s\r\n\r\n",
			   boundary, mask ? "mask" : "image[]", i, strcmp(picture, "image/png") == 0 ? "png" : "jpg", picture);
		buf_add(out, r->bytes, r->len);
		buf_adds(out, "\r\n");
	}
	snprintf(t->request.form_type, sizeof t->request.form_type, "%s%s", type, boundary);
	t->request.content_type = t->request.form_type;
	return buf_printf(out, "--%s--\r\n", boundary) != 0 ? provider_end(t, PROVIDER_DOWN, ERR_MEMORY, "the request is too large") : step;
}

// Only what the models know: no style, no user.
enum provider_step openai_image_begin(struct provider_task *t)
{
	const struct openai_dialect *d = t->provider->dialect;
	const struct processor_models *models = &processor_facts(t->provider->id)->image;
	const char *model = processor_model(models), *size = processor_size(models, t->in->width, t->in->height);
	const char *quality = processor_quality(models), *path = t->in->reference_count > 0 && d->edits != NULL ? d->edits : d->images;
	struct buf urls[REFERENCES_MAX + 1];
	const bool partial = d->partial && t->in->partial_images > 0;
	JSON_AUTO cJSON *body = json_make(JSON_MEMBERS(MEMBER_TEXT("model", model), MEMBER_TEXT("prompt", t->in->prompt)));
	if (!d->one_picture)
		cJSON_AddNumberToObject(body, "n", 1);
	json_put(body, JSON_MEMBERS(MEMBER_TEXT("size", size != NULL ? size : t->in->size), MEMBER_TEXT("quality", quality),
				    MEMBER_TEXT("output_format", d->plain ? NULL : "png"), MEMBER_FLAG("stream", partial)));
	if (partial)
		cJSON_AddNumberToObject(body, "partial_images", t->in->partial_images);
	if (t->in->reference_count > 0 && d->multipart)
		return form_send(t, path, body);
	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		urls[i] = BUF_INIT(2 * REFERENCE_BYTES_MAX);
	enum provider_step step = references_add(body, d, t->in, urls) == 0
				      ? provider_send(t, "POST", path, body)
				      : provider_end(t, PROVIDER_DOWN, ERR_MEMORY, "no memory for the pictures to start from");
	for (size_t i = 0; i < ARRAY_LEN(urls); i++)
		buf_wipe(&urls[i]);
	return step;
}

enum provider_step openai_prompts_reply(struct provider_task *t, const struct provider_reply *r)
{
	JSON_AUTO cJSON *reply = json_parse_foreign(r->body, r->len, NULL);
	const cJSON *choice = cJSON_GetArrayItem(json_get(reply, "choices"), 0);
	const cJSON *message = json_get(choice, "message");
	const char *finish = json_string(choice, "finish_reason");
	if (r->status != 200 || cJSON_IsObject(json_get(reply, "error")) || cJSON_IsObject(json_get(choice, "error")))
		return provider_failed(t, r->status, reply);
	if (finish != NULL && strcmp(finish, "content_filter") == 0)
		return provider_filtered(t);
	if (finish != NULL && strcmp(finish, "insufficient_system_resource") == 0)
		return provider_failed(t, 503, NULL);
	if (json_string(message, "refusal") != NULL)
		return provider_end(t, PROVIDER_FILTERED, ERR_REFUSED, "The text model declined to write prompts for this content.");
	return prompts_answer(t, json_string(message, "content"));
}

// Of the events of a streamed reply what tells how it ended: the one of the picture, or of an error. NULL: neither is there.
static cJSON *image_event_last(const struct provider_reply *r)
{
	static const char field[] = "data:", completed[] = ".completed";
	const char *end = r->body + r->len;

	for (const char *line = r->body, *next; line < end; line = next) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		next = stop != NULL ? stop + 1 : end;
		if ((size_t)(next - line) < sizeof field || memcmp(line, field, sizeof field - 1) != 0)
			continue;
		line += sizeof field - 1;
		cJSON *event = json_parse_foreign(line, (size_t)(next - line), NULL);
		const char *type = json_string(event, "type");
		size_t len = type != NULL ? strlen(type) : 0;
		if (cJSON_IsObject(json_get(event, "error")) ||
		    (len > sizeof completed - 1 && strcmp(type + len - (sizeof completed - 1), completed) == 0))
			return event;
		json_free(&event);
	}
	return NULL;
}

enum provider_step openai_image_reply(struct provider_task *t, const struct provider_reply *r)
{
	const bool events = r->status == 200 && strncasecmp(r->type, "text/event-stream", strlen("text/event-stream")) == 0;
	JSON_AUTO cJSON *reply = events ? image_event_last(r) : json_parse_foreign(r->body, r->len, NULL);
	const cJSON *first = events ? reply : cJSON_GetArrayItem(json_get(reply, "data"), 0);
	// A filter's answer has been seen with more than one status.
	if (r->status != 200 || cJSON_IsObject(json_get(reply, "error")) || cJSON_IsObject(json_get(first, "error")))
		return provider_failed(t, r->status, reply);
	// What is left of the picture is an empty string, in its place.
	const char *left = json_string(first, "b64_json");
	return left != NULL && *left == '\0' ? provider_end_picture(t) : provider_unreadable(t);
}

#define PROMPTS  [PROVIDER_PROMPTS] = {.begin = openai_prompts_begin, .reply = openai_prompts_reply}
#define PICTURES [PROVIDER_IMAGE] = {.begin = openai_image_begin, .reply = openai_image_reply, .picture_member = "b64_json"}

const struct provider provider_azure_openai = {
    .id = "azure-openai",
    .picture_bytes = 4 * 1024 * 1024,
    .dialect = &(const struct openai_dialect){.chat = "/openai/v1/chat/completions",
					      .images = "/openai/v1/images/generations",
					      .edits = "/openai/v1/images/edits",
					      .multipart = true,
					      .partial = true,
					      .tokens = "max_completion_tokens",
					      .schema = true},
    .can = {PROMPTS, PICTURES},
};

const struct provider provider_openai = {
    .id = "openai",
    .picture_bytes = 4 * 1024 * 1024,
    .dialect = &(const struct openai_dialect){.chat = "/v1/chat/completions",
					      .images = "/v1/images/generations",
					      .edits = "/v1/images/edits",
					      .partial = true,
					      .tokens = "max_completion_tokens",
					      .schema = true},
    .can = {PROMPTS, PICTURES},
};

const struct provider provider_deepseek = {
    .id = "deepseek",
    .dialect = &(const struct openai_dialect){.chat = "/chat/completions", .tokens = "max_tokens"},
    .can = {PROMPTS},
};

const struct provider provider_ark = {
    .id = "ark",
    .picture_bytes = 4 * 1024 * 1024,
    .dialect = &(const struct openai_dialect){.images = "/api/v3/images/generations", .one_picture = true},
    .can = {PICTURES},
};

// One machine makes one picture after the other; what waits there would only use up its time.
const struct provider provider_self_hosted = {
    .id = "self-hosted",
    .at_once = 1,
    .picture_bytes = 4 * 1024 * 1024,
    .dialect =
	&(const struct openai_dialect){
	    .chat = "/v1/chat/completions", .images = "/v1/images/generations", .tokens = "max_tokens", .plain = true},
    .can = {PROMPTS, PICTURES},
};

const struct provider provider_self_hosted_text = {
    .id = "self-hosted-text",
    .dialect = &(const struct openai_dialect){.chat = "/v1/chat/completions", .tokens = "max_tokens", .plain = true},
    .can = {PROMPTS},
};
