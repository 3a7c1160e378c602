// SPDX-License-Identifier: ISC
#include "fcgi/provider/provider.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/json.h"
#include "policy/picture/image_type.h"
#include "policy/processors/processors.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	REQUEST_BYTES_MAX = 32 * 1024 * 1024, // a picture to start from is sent along as base64
	STEPS_MAX = 1000,                     // a vendor that sends us round in circles
};

#define UNREADABLE "The image service's answer is not readable or not complete."

unsigned provider_references(const struct provider *p, bool *mask)
{
	const struct processor_facts *f = processor_facts(p->id);

	*mask = f != NULL && f->image.mask;
	return f == NULL ? 0 : f->image.references < REFERENCES_MAX ? f->image.references : REFERENCES_MAX;
}

int provider_references_check(const struct provider *p, const struct provider_input *in, struct err *e)
{
	unsigned width[REFERENCES_MAX + 1] = {0}, height[REFERENCES_MAX + 1] = {0};
	bool takes_mask, masked = in->mask.bytes != NULL;

	if (in->reference_count > provider_references(p, &takes_mask))
		return err_set(e, ERR_INPUT, "%s takes no such number of pictures to start from", p->id);
	if (masked && (!takes_mask || in->reference_count == 0))
		return err_set(e, ERR_INPUT, "%s takes no mask", p->id);
	for (unsigned i = 0; i < in->reference_count + (masked ? 1 : 0); i++) {
		const struct provider_reference *r = i < in->reference_count ? &in->references[i] : &in->mask;
		const char *type = r->len <= REFERENCE_BYTES_MAX ? image_type(r->bytes, r->len, &width[i], &height[i]) : NULL;
		bool png = type != NULL && strcmp(type, "image/png") == 0;
		if (type == NULL || (!png && (strcmp(type, "image/jpeg") != 0 || r == &in->mask)) || width[i] > REFERENCE_EDGE ||
		    height[i] > REFERENCE_EDGE)
			return err_set(e, ERR_INPUT, "picture %u to start from is none that may leave", i + 1);
	}
	if (masked && (width[0] != width[in->reference_count] || height[0] != height[in->reference_count]))
		return err_set(e, ERR_INPUT, "the mask has another size than the picture");
	return 0;
}

int provider_reference_url(struct buf *out, const struct provider_reference *r)
{
	unsigned width, height;

	return buf_printf(out, "data:%s;base64,", image_type(r->bytes, r->len, &width, &height)) != 0 ||
		       base64_add(out, r->bytes, r->len) != 0
		   ? -1
		   : 0;
}

static void task_request_free(struct provider_request *r)
{
	if (r->path != NULL)
		explicit_bzero(r->path, strlen(r->path)); // it may hold an address that opens a picture
	free(r->path);
	buf_wipe(&r->body);
	json_free(&r->work);
	*r = (struct provider_request){0};
}

static const struct provider_steps *task_steps(const struct provider_task *t)
{
	return &t->provider->can[t->ability];
}

// What the vendor's file made of it. What was sent before is not needed any more.
static enum provider_step task_stepped(struct provider_task *t, struct provider_request *sent, enum provider_step step)
{
	task_request_free(sent);
	picture_stream_free(&t->picture);
	t->taking = false;
	t->step = step;
	if (step == PROVIDER_SEND && ++t->steps > STEPS_MAX)
		t->step = provider_end(t, PROVIDER_BAD_REPLY, ERR_UNAVAILABLE, "The service does not come to an end.");
	if (t->step == PROVIDER_ENDED)
		task_request_free(&t->request);
	return t->step;
}

enum provider_step provider_begin(struct provider_task *t, const struct provider *p, enum provider_ability ability,
				  const struct provider_input *in)
{
	struct provider_request none = {0};
	struct err e = {0};

	*t = (struct provider_task){.provider = p, .ability = ability, .in = in};
	if (in->reference_count > 0 && provider_references_check(p, in, &e) != 0)
		return task_stepped(t, &none, provider_end(t, PROVIDER_REFUSED, ERR_INPUT, "%s", e.text));
	return task_stepped(t, &none, task_steps(t)->begin(t));
}

// What has left is removed.
static enum provider_step task_left(struct provider_task *t, enum provider_step step)
{
	const struct provider_removal *removal = &t->provider->removal;

	if (step != PROVIDER_ENDED || t->leave != task_steps(t)->leave || t->reference == NULL || removal->ask == NULL ||
	    removal->after != 0)
		return step;
	t->leave = removal->ask;
	return t->leave(t, NULL);
}

bool provider_takes_pieces(const struct provider_task *t)
{
	return (t->ability == PROVIDER_IMAGE || t->ability == PROVIDER_GET) && !t->leaving && t->step == PROVIDER_SEND &&
	       (t->request.picture || task_steps(t)->picture_member != NULL);
}

int provider_take(struct provider_task *t, const char *bytes, size_t len, struct err *e)
{
	struct err why = {0};

	if (!t->taking) {
		const struct provider_steps *steps = task_steps(t);
		picture_stream_begin(&t->picture, t->request.picture ? NULL : steps->picture_member, steps->picture_in_url, t->in->sink,
				     t->in->partial_images > 0 ? t->in->partial : NULL, t->in->sink_arg);
		t->taking = true;
	}
	if (picture_stream_add(&t->picture, bytes, len, &why) == 0)
		return 0;
	bool bad = why.code == ERR_INPUT;
	if (t->picture.garbage)
		provider_end(t, PROVIDER_BAD_REPLY, ERR_UNAVAILABLE, UNREADABLE);
	else
		provider_end(t, bad ? PROVIDER_BAD_REPLY : PROVIDER_DOWN, why.code, "%s", why.text);
	struct provider_request sent = t->request;
	t->request = (struct provider_request){0};
	task_stepped(t, &sent, PROVIDER_ENDED);
	return err_set(e, why.code, "%s", why.text);
}

void provider_again(struct provider_task *t)
{
	if (!t->taking)
		return;
	picture_stream_free(&t->picture);
	t->taking = false;
	t->in->sink->again(t->in->sink_arg);
}

enum provider_step provider_reply(struct provider_task *t, const struct provider_reply *r)
{
	struct provider_reply rest = *r;

	// A reply that came whole takes the same way.
	if (r->status == 200 && provider_takes_pieces(t)) {
		if (!t->taking && provider_take(t, r->body, r->len, NULL) != 0)
			return t->step;
		rest.body = buf_text(&t->picture.rest);
		rest.len = t->picture.rest.len;
	}
	struct provider_request sent = t->request;
	t->request = (struct provider_request){0};
	t->status = t->leaving ? r->status : 0;
	return task_stepped(t, &sent, t->leaving ? task_left(t, t->leave(t, &rest)) : task_steps(t)->reply(t, &rest));
}

enum provider_step provider_no_reply(struct provider_task *t, enum provider_result result, const struct err *say)
{
	struct provider_request sent = t->request;

	t->request = (struct provider_request){0};
	if (!t->leaving) {
		t->result = result;
		t->say = *say;
	}
	return task_stepped(t, &sent, PROVIDER_ENDED);
}

enum provider_step provider_leave(struct provider_task *t)
{
	struct provider_request sent = t->request;

	t->request = (struct provider_request){0};
	if (t->provider == NULL || t->leaving)
		return task_stepped(t, &sent, PROVIDER_ENDED);
	t->leaving = true;
	t->steps = 0;
	t->leave = task_steps(t)->leave;
	return task_stepped(t, &sent, task_left(t, t->leave != NULL ? t->leave(t, NULL) : PROVIDER_ENDED));
}

static enum provider_step task_of_work(struct provider_task *t, const struct provider *p, const char *reference,
				       enum provider_step (*leave)(struct provider_task *t, const struct provider_reply *r))
{
	struct provider_request none = {0};

	*t = (struct provider_task){.provider = p, .leaving = true, .leave = leave, .reference = strdup(reference)};
	return task_stepped(t, &none, t->reference != NULL && leave != NULL ? leave(t, NULL) : PROVIDER_ENDED);
}

enum provider_step provider_remove(struct provider_task *t, const struct provider *p, const char *reference)
{
	return task_of_work(t, p, reference, p->removal.ask);
}

enum provider_step provider_look(struct provider_task *t, const struct provider *p, const char *reference)
{
	return task_of_work(t, p, reference, p->removal.look);
}

void provider_prompts_free(struct provider_prompts *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		explicit_bzero(p->text[i], strlen(p->text[i]));
		free(p->text[i]);
	}
	*p = (struct provider_prompts){0};
}

void provider_free(struct provider_task *t)
{
	task_request_free(&t->request);
	provider_prompts_free(&t->prompts);
	picture_stream_free(&t->picture);
	if (t->reference != NULL)
		explicit_bzero(t->reference, strlen(t->reference));
	free(t->reference);
	if (t->link != NULL)
		explicit_bzero(t->link, strlen(t->link));
	free(t->link);
	free(t->objects.list);
	free(t->objects.last);
	*t = (struct provider_task){0};
}

enum provider_step provider_end(struct provider_task *t, enum provider_result result, enum err_code code, const char *format, ...)
{
	va_list args;

	if (t->leaving)
		return PROVIDER_ENDED;
	va_start(args, format);
	t->result = result;
	t->say = (struct err){.code = code};
	vsnprintf(t->say.text, sizeof t->say.text, format, args);
	va_end(args);
	return PROVIDER_ENDED;
}

static void flags_add(cJSON *body, const cJSON *flags)
{
	const cJSON *flag;

	cJSON_ArrayForEach(flag, flags)
	{
		cJSON *there = cJSON_GetObjectItemCaseSensitive(body, flag->string);
		if (cJSON_IsObject(flag) && cJSON_IsObject(there))
			flags_add(there, flag);
		else if (there != NULL)
			cJSON_ReplaceItemInObjectCaseSensitive(body, flag->string, cJSON_Duplicate(flag, true));
		else
			cJSON_AddItemToObject(body, flag->string, cJSON_Duplicate(flag, true));
	}
}

enum provider_step provider_send(struct provider_task *t, const char *method, const char *path, cJSON *body)
{
	struct provider_request *r = &t->request;
	const struct processor_facts *f = processor_facts(t->provider->id);
	const struct processor_route *route = f != NULL && path[0] == '/' ? processor_route(f, method, NULL, path) : NULL;

	*r = (struct provider_request){.method = method, .path = strdup(path), .body = BUF_INIT(REQUEST_BYTES_MAX)};
	if (body != NULL && route != NULL)
		flags_add(body, route->body);
	if (r->path == NULL || (body != NULL && json_print(&r->body, body) != 0))
		return provider_end(t, PROVIDER_DOWN, ERR_MEMORY, "the request is too large");
	r->content_type = body != NULL ? "application/json" : NULL;
	return PROVIDER_SEND;
}

bool provider_data_url_left(const char *member)
{
	return member != NULL && strncmp(member, "data:", 5) == 0 && member[strlen(member) - 1] == ',';
}

enum provider_step provider_end_picture(struct provider_task *t)
{
	if (picture_stream_whole(&t->picture))
		return provider_end(t, PROVIDER_OK, ERR_NONE, "%s", "");
	return provider_end(t, PROVIDER_BAD_REPLY, ERR_UNAVAILABLE, UNREADABLE);
}

void provider_end_kept(struct provider_task *t, const struct provider_reply *r, enum provider_kept fine)
{
	t->kept = r->status == 404 || r->status == 410   ? PROVIDER_KEPT_GONE
		  : r->status >= 200 && r->status < 300  ? fine
		  : r->status == 401 || r->status == 403 ? PROVIDER_KEPT_REFUSED
							 : PROVIDER_KEPT_UNKNOWN;
}
