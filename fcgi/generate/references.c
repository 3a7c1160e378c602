// SPDX-License-Identifier: ISC
#include "fcgi/generate/references.h"
#include "fcgi/ipc/worker_call.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include "policy/model/policy.h"
#include <string.h>
#include <strings.h>

enum { MAKE_MS = 10 * 1000 }; // for each

// How many pictures it takes that may be sent to it.
static unsigned references_taken(const struct policy *p, const struct processor *one, bool *mask)
{
	return (policy_processor_receives(policy_processor(p, one->id), when_now()) & KIND_BIT(KIND_UPLOAD)) != 0
		   ? provider_references(one->provider, mask)
		   : 0;
}

bool references_offered(const struct generator *g)
{
	bool offered = false, mask;

	for (unsigned i = 0; i < g->image_count; i++)
		offered |= generator_usable(&g->image[i]) && references_taken(g->policy, &g->image[i], &mask) > 0;
	return offered && policy_undeclared(g->policy, KIND_BIT(KIND_UPLOAD)) == 0;
}

int references_url_read(const char *url, struct buf *out)
{
	static const char *const heads[] = {"data:image/png;base64,", "data:image/jpeg;base64,", "data:image/jpg;base64,",
					    "data:image/webp;base64,"};

	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		const size_t len = strlen(heads[i]);
		if (strncasecmp(url, heads[i], len) == 0)
			return base64_decode(out, url + len, strlen(url + len));
	}
	return -1;
}

static int references_refuse(struct set *s, const char *key, const char *parameter)
{
	char max[WORD_NUMBER];

	return problem_set(&s->failure, 400, key, parameter, WORD_VALUES({"max", word_number(max, REFERENCES_MAX)}));
}

// A new one of them, or the mask. NULL with the failure set.
static struct buf *reference_new(struct set *s, bool mask)
{
	if (mask ? s->masked : s->reference_count == REFERENCES_MAX) {
		references_refuse(s, mask ? "problem.field-repeated" : "problem.pictures-many", mask ? "mask" : "image");
		return NULL;
	}
	struct buf *out = &s->references[mask ? REFERENCES_MAX : s->reference_count++];
	s->masked |= mask;
	*out = BUF_INIT(REFERENCES_BODY_MAX);
	return out;
}

// {"image_url":"data:…"}
static int reference_read_json(struct set *s, const cJSON *one, bool mask)
{
	const char *url = json_string(one, "image_url");
	struct buf *out = url != NULL && cJSON_GetArraySize(one) == 1 ? reference_new(s, mask) : NULL;

	if (out == NULL && s->failure.status != 0)
		return -1;
	return out != NULL && references_url_read(url, out) == 0 ? 0
								 : references_refuse(s, "problem.picture-url", mask ? "mask" : "images");
}

int references_read(struct set *s)
{
	const cJSON *fields = request_fields(s->r), *images = json_get(fields, "images"), *mask = json_get(fields, "mask"), *one;
	size_t count;
	const struct part *parts = request_parts(s->r, &count);
	int rc = 0;

	cJSON_ArrayForEach(one, images)
	{
		rc = rc == 0 ? reference_read_json(s, one, false) : rc;
	}
	if (rc == 0 && mask != NULL)
		rc = reference_read_json(s, mask, true);
	for (size_t i = 0; i < count && rc == 0; i++) {
		const bool is_mask = strcmp(parts[i].name, "mask") == 0;
		if (parts[i].filename == NULL)
			continue;
		if (!is_mask && strcmp(parts[i].name, "image") != 0 && strcmp(parts[i].name, "image[]") != 0)
			return references_refuse(s, "problem.field-unknown", parts[i].name);
		struct buf *out = reference_new(s, is_mask);
		rc = out == NULL ? -1 : buf_add(out, parts[i].bytes, parts[i].len);
	}
	request_forget_uploads(s->r);
	if (rc != 0)
		return s->failure.status != 0 ? -1 : problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	return s->reference_count > 0 ? 0
				      : problem_set(&s->failure, 400, "problem.field-missing", "image", WORD_VALUES({"field", "image"}));
}

int references_choose(struct set *s)
{
	unsigned kept = 0;
	bool mask;

	for (unsigned i = 0; s->reference_count > 0 && i < s->image.count; i++) {
		const struct processor *one = s->image.at[i];
		if (references_taken(s->g->policy, one, &mask) >= s->reference_count && (mask || !s->masked))
			s->image.at[kept++] = one;
	}
	if (s->reference_count == 0 || kept > 0) {
		s->image.count = s->reference_count == 0 ? s->image.count : kept;
		return 0;
	}
	return references_refuse(s, "problem.no-edits.model", "model");
}

int references_make(struct set *s)
{
	struct provider_input in = {.reference_count = 0};
	struct err e = {0};
	unsigned edge = REFERENCE_EDGE; // of the first, whose mask it is

	for (unsigned i = 0; i <= REFERENCES_MAX; i++) {
		struct buf *picture = &s->references[i];
		CALL_AUTO struct call c = CALL_INIT;
		JSON_AUTO cJSON *head = worker_reference_head(i == REFERENCES_MAX ? edge : 0);
		const char *detail;
		if (i == REFERENCES_MAX ? !s->masked : i >= s->reference_count)
			continue;
		if (call_ask(&c, s->g->worker, head, picture->data, picture->len, request_fd(s->r), monotonic_ms() + MAKE_MS, &e) != 0) {
			if (e.code == ERR_GONE)
				return -1;
			note_line("a picture to start from: %s", e.text);
			return problem_set(&s->failure, 503, "problem.unavailable.set", NULL, NULL);
		}
		if (frame_error_code(c.reply.head, &detail) != NULL)
			return references_refuse(s, "problem.picture-unreadable", i == REFERENCES_MAX ? "mask" : "image");
		if (i == 0)
			edge = (unsigned)json_number(c.reply.head, "edge", REFERENCE_EDGE);
		buf_wipe(picture);
		*picture = BUF_INIT(REFERENCE_BYTES_MAX);
		if (buf_add(picture, c.reply.body, c.reply.body_len) != 0)
			return problem_set(&s->failure, 503, "problem.memory.set", NULL, NULL);
	}
	references_give(s, &in);
	if (s->reference_count > 0 && provider_references_check(s->image.at[0]->provider, &in, &e) != 0)
		return references_refuse(s, "problem.picture-mask", "mask");
	return 0;
}

void references_give(const struct set *s, struct provider_input *in)
{
	in->reference_count = s->reference_count;
	for (unsigned i = 0; i < s->reference_count; i++)
		in->references[i] = (struct provider_reference){s->references[i].data, s->references[i].len};
	if (s->masked)
		in->mask = (struct provider_reference){s->references[REFERENCES_MAX].data, s->references[REFERENCES_MAX].len};
}

void references_free(struct set *s)
{
	for (unsigned i = 0; i <= REFERENCES_MAX; i++)
		buf_wipe(&s->references[i]);
}
