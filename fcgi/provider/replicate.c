// SPDX-License-Identifier: ISC
// Replicate: predictions of text models and of models that make pictures, with the input of SDXL. A model is "owner/name" where Replicate looks after it,
// else "owner/name:version". It waits a second for the end and is then asked: who has no id cannot cancel. What was asked and answered is
// removed there after an hour; it offers no way to do so before, but says when it was done.
#include "fcgi/provider/failure.h"
#include "fcgi/provider/prompts.h"
#include "fcgi/provider/queue.h"
#include "policy/base/json.h"
#include "policy/processors/processors.h"
#include <string.h>

// Takes over the input.
static enum provider_step prediction_ask(struct provider_task *t, const struct processor_models *models, cJSON *input)
{
	const char *model = processor_model(models);
	const bool versioned = strchr(model, ':') != NULL;
	JSON_AUTO cJSON *body = json_make(JSON_MEMBERS(MEMBER_TEXT("version", versioned ? model : NULL)));
	BUF_AUTO struct buf path = BUF_INIT(1024);

	cJSON_AddItemToObject(body, "input", input);
	buf_printf(&path, versioned ? "/v1/predictions" : "/v1/models/%s/predictions", model);
	return queue_ask(t, buf_text(&path), body);
}

static enum provider_step replicate_prompts_begin(struct provider_task *t)
{
	BUF_AUTO_WIPE struct buf user = BUF_INIT(PROMPTS_USER_MAX);
	BUF_AUTO struct buf system = BUF_INIT(PROMPTS_SYSTEM_MAX);

	if (prompts_ask(&t->in->brief, true, &system, &user) != 0)
		return provider_end(t, PROVIDER_DOWN, ERR_MEMORY, "the brief is too large");
	return prediction_ask(
	    t, &processor_facts("replicate")->text,
	    json_make(JSON_MEMBERS(MEMBER_TEXT("prompt", buf_text(&user)), MEMBER_TEXT("system_prompt", buf_text(&system)),
				   MEMBER_NUMBER("max_tokens", prompts_tokens(&t->in->brief)))));
}

static enum provider_step replicate_image_begin(struct provider_task *t)
{
	// Pictures are marked here, by the same mark whoever makes them.
	return prediction_ask(t, &processor_facts("replicate")->image,
			      json_make(JSON_MEMBERS(MEMBER_TEXT("prompt", t->in->prompt), MEMBER_NUMBER("width", t->in->width),
						     MEMBER_NUMBER("height", t->in->height), MEMBER_NUMBER("num_outputs", 1),
						     MEMBER_BOOL("apply_watermark", false))));
}

// One string, or several: the pieces of a text, or the URLs of pictures.
static enum provider_step replicate_output(struct provider_task *t, const cJSON *reply)
{
	const cJSON *output = json_get(reply, "output"), *piece;
	const char *first = cJSON_GetStringValue(cJSON_IsArray(output) ? cJSON_GetArrayItem(output, 0) : output);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(PROMPTS_USER_MAX);

	if (t->ability == PROVIDER_IMAGE)
		return queue_fetch(t, first);
	cJSON_ArrayForEach(piece, output)
	{
		if (cJSON_IsString(piece))
			buf_adds(&text, piece->valuestring);
	}
	if (cJSON_IsString(output))
		buf_adds(&text, output->valuestring);
	return prompts_answer(t, buf_text(&text));
}

static const struct queue_dialect dialect = {
    .id = "id",
    .state = "status",
    .waiting = "starting processing",
    .done = "succeeded",
    .work = "/v1/predictions/",
    .poll = "",
    .cancel_method = "POST",
    .cancel = "/cancel",
    .removed = "data_removed",
    .poll_ms = 1000,
    .output = replicate_output,
};

const struct provider provider_replicate = {
    .id = "replicate",
    .picture_bytes = 4 * 1024 * 1024,
    .dialect = &dialect,
    .removal = {.ask = queue_look, .look = queue_look, .after = 3600},
    .can = {[PROVIDER_PROMPTS] = {.begin = replicate_prompts_begin, .reply = queue_reply, .leave = queue_leave},
	    [PROVIDER_IMAGE] = {.begin = replicate_image_begin, .reply = queue_reply, .leave = queue_leave}},
};
