// SPDX-License-Identifier: ISC
// The built-in one as a provider: its prompts are written at once, its pictures drawn by the worker. Nothing leaves the machine.
#include "fcgi/provider/sketch.h"
#include "policy/base/json.h"
#include <string.h>

static enum provider_step sketch_prompts_begin(struct provider_task *t)
{
	struct err e = {0};

	if (sketch_prompts(&t->in->brief, &t->prompts, &e) != 0)
		return provider_end(t, PROVIDER_BAD_REPLY, e.code, "%s", e.text);
	return provider_end(t, PROVIDER_OK, ERR_NONE, "%s", "");
}

static enum provider_step sketch_image_begin(struct provider_task *t)
{
	const struct provider_input *in = t->in;
	char name[SKETCH_WORD_BYTES], colour[SKETCH_COLOURS][SKETCH_COLOUR_BYTES];
	struct sketch_subject subject;
	unsigned count = sketch_colours(&in->brief, colour);

	sketch_subject_find(&in->brief, &subject);
	cJSON *work = json_make(JSON_MEMBERS(
	    MEMBER_TEXT("op", "sketch"), MEMBER_TEXT("trade", subject.trade), MEMBER_TEXT("title", subject.title),
	    MEMBER_TEXT("name", sketch_name(&in->brief, name) ? name : NULL),
	    MEMBER_TEXT("label", in->brief.preview_label != NULL ? in->brief.preview_label : ""), MEMBER_TEXT("style", in->brief.style),
	    MEMBER_NUMBER("width", in->width), MEMBER_NUMBER("height", in->height), MEMBER_NUMBER("index", in->index),
	    MEMBER_NUMBER("of", in->brief.count), MEMBER_NUMBER("seed", sketch_seed(&in->brief))));
	cJSON *colours = cJSON_AddArrayToObject(work, "colours");
	for (unsigned c = 0; c < count; c++)
		cJSON_AddItemToArray(colours, cJSON_CreateString(colour[c]));
	explicit_bzero(&subject, sizeof subject);
	explicit_bzero(name, sizeof name);
	t->request.work = work;
	t->request.picture = true;
	return work != NULL ? PROVIDER_SEND : provider_end(t, PROVIDER_DOWN, ERR_MEMORY, "no memory for a drawing");
}

static enum provider_step sketch_image_reply(struct provider_task *t, const struct provider_reply *r)
{
	(void)r;
	return provider_end_picture(t);
}

const struct provider provider_sketch = {
    .id = "sketch",
    .preview = true,
    .at_once = 2, // of one visitor: the machine belongs to all
    .picture_bytes = 512 * 1024,
    .can = {[PROVIDER_PROMPTS] = {.begin = sketch_prompts_begin},
	    [PROVIDER_IMAGE] = {.begin = sketch_image_begin, .reply = sketch_image_reply}},
};
