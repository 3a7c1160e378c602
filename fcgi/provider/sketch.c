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
	cJSON *work = cJSON_CreateObject(), *colours;

	sketch_subject_find(&in->brief, &subject);
	cJSON_AddStringToObject(work, "op", "sketch");
	cJSON_AddStringToObject(work, "trade", subject.trade);
	cJSON_AddStringToObject(work, "title", subject.title);
	if (sketch_name(&in->brief, name))
		cJSON_AddStringToObject(work, "name", name);
	cJSON_AddStringToObject(work, "label", in->brief.preview_label != NULL ? in->brief.preview_label : "");
	cJSON_AddStringToObject(work, "style", in->brief.style);
	cJSON_AddNumberToObject(work, "width", in->width);
	cJSON_AddNumberToObject(work, "height", in->height);
	cJSON_AddNumberToObject(work, "index", in->index);
	cJSON_AddNumberToObject(work, "of", in->brief.count);
	cJSON_AddNumberToObject(work, "seed", sketch_seed(&in->brief));
	colours = cJSON_AddArrayToObject(work, "colours");
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
