// SPDX-License-Identifier: ISC
// Alibaba DashScope. The first qwen-image models have tasks, which can be cancelled while they wait; the later ones answer at once. Either way the picture
// is fetched from where the answer says, and what is there goes after a day: it offers no way to delete it before.
#include "fcgi/provider/failure.h"
#include "fcgi/provider/queue.h"
#include "policy/base/json.h"
#include "policy/processors/processors.h"
#include <stdio.h>
#include <string.h>

static enum provider_step dashscope_image_begin(struct provider_task *t)
{
	const struct processor_models *models = &processor_facts("dashscope")->image;
	const char *model = processor_model(models), *known = processor_size(models, t->in->width, t->in->height);
	bool task = strcmp(model, "qwen-image-plus") == 0 || strcmp(model, "qwen-image") == 0;
	JSON_AUTO cJSON *body = json_make(JSON_MEMBERS(MEMBER_TEXT("model", model)));
	char size[32];

	snprintf(size, sizeof size, "%u*%u", t->in->width, t->in->height);
	cJSON *input = cJSON_AddObjectToObject(body, "input");
	if (task) {
		cJSON_AddStringToObject(input, "prompt", t->in->prompt);
	} else {
		cJSON *message = json_make(JSON_MEMBERS(MEMBER_TEXT("role", "user")));
		cJSON_AddItemToArray(cJSON_AddArrayToObject(input, "messages"), message);
		cJSON_AddItemToArray(cJSON_AddArrayToObject(message, "content"),
				     json_make(JSON_MEMBERS(MEMBER_TEXT("text", t->in->prompt))));
	}
	json_put(cJSON_AddObjectToObject(body, "parameters"),
		 JSON_MEMBERS(MEMBER_TEXT("size", known != NULL ? known : size), MEMBER_NUMBER("n", 1)));
	return task ? queue_ask(t, "/api/v1/services/aigc/text2image/image-synthesis", body)
		    : queue_ask(t, "/api/v1/services/aigc/multimodal-generation/generation", body);
}

static enum provider_step dashscope_output(struct provider_task *t, const cJSON *reply)
{
	const cJSON *output = json_get(reply, "output"), *choice = cJSON_GetArrayItem(json_get(output, "choices"), 0);
	const char *url = json_string(cJSON_GetArrayItem(json_get(output, "results"), 0), "url");

	if (url == NULL)
		url = json_string(cJSON_GetArrayItem(json_get(json_get(choice, "message"), "content"), 0), "image");
	return url != NULL ? queue_fetch(t, url) : provider_failed(t, 200, reply);
}

static const struct queue_dialect dialect = {
    .id = "output.task_id",
    .state = "output.task_status",
    .waiting = "PENDING RUNNING",
    .done = "SUCCEEDED",
    .work = "/api/v1/tasks/",
    .poll = "",
    .cancel_method = "POST",
    .cancel = "/cancel",
    .poll_ms = 4000,
    .output = dashscope_output,
};

const struct provider provider_dashscope = {
    .id = "dashscope",
    .picture_bytes = 4 * 1024 * 1024,
    .dialect = &dialect,
    .can = {[PROVIDER_IMAGE] = {.begin = dashscope_image_begin, .reply = queue_reply, .leave = queue_leave}},
};
