// SPDX-License-Identifier: ISC
// From the bytes of a body to fields and parts.
#include "fcgi/serve/internal.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Names the repeated member of an object that json_parse() refused, if that was the reason.
static bool member_repeated(const char *text, size_t len, char name[72])
{
	JSON_AUTO cJSON *object = cJSON_ParseWithLength(text, len);
	for (const cJSON *m = cJSON_IsObject(object) ? object->child : NULL; m != NULL; m = m->next)
		for (const cJSON *later = m->next; later != NULL; later = later->next)
			if (strcmp(m->string, later->string) == 0) {
				snprintf(name, 72, "%.*s", (int)utf8_cut(m->string, 71), m->string);
				return true;
			}
	return false;
}

static int json_body(struct request *r, struct refusal *no)
{
	struct err e = {0};
	char name[72];
	r->fields = json_parse(buf_text(&r->body), r->body.len, &e);
	if (r->fields == NULL && utf8_valid(buf_text(&r->body), r->body.len) && member_repeated(buf_text(&r->body), r->body.len, name))
		return refuse(no, 400, "field-repeated", name, "The field is given more than once.");
	if (r->fields == NULL)
		return refuse(no, 400, "json", NULL, "The body cannot be read: %s.", e.text);
	if (!cJSON_IsObject(r->fields))
		return refuse(no, 400, "json", NULL, "The body must be a JSON object.");
	r->typed = true;
	return 0;
}

static int form_body(struct request *r, struct refusal *no)
{
	struct err e = {0};
	char name[72];
	r->fields = form_parse(buf_text(&r->body), r->body.len, name, &e);
	if (r->fields == NULL)
		return refuse(no, e.code == ERR_MEMORY ? 503 : 400, "form", name, "The form cannot be read: %s.", e.text);
	return 0;
}

// Parts without a file name are fields like a form's.
static int parts_to_fields(struct request *r, struct refusal *no)
{
	r->fields = cJSON_CreateObject();
	for (size_t i = 0; r->fields != NULL && i < r->part_count; i++) {
		const struct part *p = &r->parts[i];
		if (p->filename != NULL)
			continue;
		if (!utf8_valid(p->bytes, p->len))
			return refuse(no, 400, "form", p->name, "The text is not valid UTF-8.");
		char *text = strndup(p->bytes, p->len);
		bool added = text != NULL && cJSON_AddStringToObject(r->fields, p->name, text) != NULL;
		free(text);
		if (!added)
			return refuse(no, 503, "memory", NULL, "The site is out of memory. Try again later.");
	}
	return 0;
}

static int multipart_body(struct request *r, struct refusal *no)
{
	struct err e = {0};
	char name[72], boundary[72];
	if (mime_parameter(request_param(r, "CONTENT_TYPE"), "boundary", boundary, sizeof boundary) != 0)
		return refuse(no, 400, "form", "Content-Type", "The type names no boundary.");
	if (multipart_parse(buf_text(&r->body), r->body.len, boundary, &r->parts, &r->part_count, name, &e) != 0)
		return refuse(no, e.code == ERR_MEMORY ? 503 : 400, "form", name, "The form cannot be read: %s.", e.text);
	return parts_to_fields(r, no);
}

int body_parse(struct request *r, enum body_type kind, struct refusal *no)
{
	switch (kind) {
	case BODY_JSON:
		return json_body(r, no);
	case BODY_FORM:
		return form_body(r, no);
	case BODY_MULTIPART:
		return multipart_body(r, no);
	case BODY_NONE:
		break;
	}
	return 0;
}
