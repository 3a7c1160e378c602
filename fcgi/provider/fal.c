// SPDX-License-Identifier: ISC
// fal.ai: through its queue, which can cancel, or at once where FAL_BASE_URL is https://fal.run. The picture is in the answer (sync_mode), so that no
// file of it comes to be; where a model writes one all the same, it is fetched. What was asked and answered is deleted after delivery.
#include "fcgi/provider/failure.h"
#include "fcgi/provider/queue.h"
#include "policy/base/json.h"
#include "policy/processors/processors.h"
#include <string.h>

static enum provider_step fal_image_begin(struct provider_task *t)
{
	JSON_AUTO cJSON *body = json_make(JSON_MEMBERS(MEMBER_TEXT("prompt", t->in->prompt)));
	BUF_AUTO struct buf path = BUF_INIT(1024);

	json_put(cJSON_AddObjectToObject(body, "image_size"),
		 JSON_MEMBERS(MEMBER_NUMBER("width", t->in->width), MEMBER_NUMBER("height", t->in->height)));
	json_put(body, JSON_MEMBERS(MEMBER_NUMBER("num_images", 1), MEMBER_TEXT("output_format", "png"),
				    MEMBER_FLAG("enable_safety_checker", true)));
	buf_printf(&path, "/%s", processor_model(&processor_facts("fal")->image));
	return queue_ask(t, buf_text(&path), body);
}

static enum provider_step fal_output(struct provider_task *t, const cJSON *reply)
{
	const cJSON *image = cJSON_GetArrayItem(json_get(reply, "images"), 0);
	const char *url = json_string(image != NULL ? image : json_get(reply, "image"), "url");

	// Such a picture is black.
	if (cJSON_IsTrue(cJSON_GetArrayItem(json_get(reply, "has_nsfw_concepts"), 0)))
		return provider_filtered(t);
	if (url == NULL && (json_get(reply, "detail") != NULL || json_get(reply, "error") != NULL))
		return provider_failed(t, 200, reply);
	return provider_data_url_left(url) ? provider_end_picture(t) : queue_fetch(t, url);
}

// It tells of each file that the work left on its network whether that could be deleted.
static enum provider_step fal_remove(struct provider_task *t, const struct provider_reply *r)
{
	const cJSON *file;
	enum provider_step step = queue_remove(t, r);

	if (r == NULL || t->kept != PROVIDER_KEPT_GONE)
		return step;
	JSON_AUTO cJSON *reply = json_parse_foreign(r->body, r->len, NULL);
	// What does not look like its answer may be another's.
	if (r->status == 200 && !cJSON_IsArray(json_get(reply, "cdn_delete_results")))
		t->kept = PROVIDER_KEPT_UNKNOWN;
	cJSON_ArrayForEach(file, json_get(reply, "cdn_delete_results"))
	{
		if (json_string(file, "exception") != NULL)
			t->kept = PROVIDER_KEPT_STILL;
	}
	return step;
}

static const struct queue_dialect dialect = {
    .id = "request_id",
    .state = "status",
    .waiting = "IN_QUEUE IN_PROGRESS",
    .done = "COMPLETED",
    .work = "/%s/requests/",
    .poll = "/status",
    .result = true,
    .cancel_method = "PUT",
    .cancel = "/cancel",
    .remove = "https://api.fal.ai/v1/models/requests/%s/payloads",
    .poll_ms = 1000,
    .output = fal_output,
};

const struct provider provider_fal = {
    .id = "fal",
    .picture_bytes = 4 * 1024 * 1024,
    .dialect = &dialect,
    .removal = {.ask = fal_remove, .look = queue_look},
    .can = {[PROVIDER_IMAGE] =
		{.begin = fal_image_begin, .reply = queue_reply, .leave = queue_leave, .picture_member = "url", .picture_in_url = true}},
};
