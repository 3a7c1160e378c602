// SPDX-License-Identifier: ISC
#include "fcgi/egress/anonymise.h"
#include "fcgi/moderation/filter.h"
#include "fcgi/serve/body.h"
#include "fcgi/serve/request.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/picture/image_type.h"
#include <stdlib.h>
#include <string.h>

enum {
	MASK_GROWTH = 4,       // of a text at most: "[web address]" for "x.com/me"
	TEXTS_MAX = 256 * 1024 // bytes of all texts of a call: prompts have a few thousand, and nothing else moves in egress meanwhile
};

// "data:image/png;base64,…", and nothing else.
static bool picture_url(const char *text)
{
	static const char begins[] = "data:image/", base64[] = ";base64,";
	const char *type = strncmp(text, begins, sizeof begins - 1) == 0 ? text + sizeof begins - 1 : NULL;
	size_t len = type != NULL ? strspn(type, "abcdefghijklmnopqrstuvwxyz") : 0;

	if (len == 0 || strncmp(type + len, base64, sizeof base64 - 1) != 0)
		return false;
	const char *data = type + len + sizeof base64 - 1;
	data += strspn(data, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	return data[strspn(data, "=")] == '\0';
}

struct anonymising {
	uint64_t masked;
	size_t left; // of TEXTS_MAX
	struct err *e;
};

static int text_anonymise(const char *text, size_t len, struct buf *out, struct anonymising *a)
{
	unsigned count = 0;

	if (len > a->left)
		return err_set(a->e, ERR_INPUT, "its texts are too long");
	a->left -= len;
	*out = BUF_INIT(len * MASK_GROWTH + 64);
	if (filter_mask(text, FILTER_ANONYMISED, out, &count) != 0)
		return err_set(a->e, ERR_MEMORY, "no memory for a text");
	a->masked += count;
	return 0;
}

// Depth is limited by json_parse(), and a JSON text in a string is shorter than it.
static int json_anonymise(cJSON *value, struct anonymising *a)
{
	BUF_AUTO_WIPE struct buf text = BUF_INIT(1);
	cJSON *member;

	cJSON_ArrayForEach(member, value)
	{
		if (json_anonymise(member, a) != 0)
			return -1;
	}
	if (!cJSON_IsString(value) || picture_url(value->valuestring))
		return 0;
	size_t len = strlen(value->valuestring);
	JSON_AUTO cJSON *within =
	    *value->valuestring == '{' || *value->valuestring == '[' ? json_parse(value->valuestring, len, NULL) : NULL;
	if (within == NULL) {
		if (text_anonymise(value->valuestring, len, &text, a) != 0)
			return -1;
	} else {
		text = BUF_INIT(len * MASK_GROWTH + 64);
		if (json_anonymise(within, a) != 0)
			return -1;
		if (json_print(&text, within) != 0)
			return err_set(a->e, ERR_MEMORY, "no memory for a text");
	}
	char *taken = strdup(buf_text(&text));
	if (taken == NULL)
		return err_set(a->e, ERR_MEMORY, "no memory for a text");
	explicit_bzero(value->valuestring, len);
	cJSON_free(value->valuestring);
	value->valuestring = taken;
	return 0;
}

// By its own first bytes: whatever else is called a file is read as a text.
static bool part_is_picture(const struct part *p)
{
	unsigned width, height;
	const char *type = p->filename != NULL ? image_type(p->bytes, p->len, &width, &height) : NULL;

	return type != NULL && (strcmp(type, "image/png") == 0 || strcmp(type, "image/jpeg") == 0);
}

// All but pictures is anonymised.
static int form_anonymise(const struct frame *call, const char *boundary, struct buf *out, struct anonymising *a)
{
	struct part *parts = NULL;
	size_t count = 0;
	const char *from = call->body, *why;
	char name[72];
	int ret = 0;

	if (body_multipart_parse(call->body, call->body_len, boundary, &parts, &count, name, &why) != 0)
		return err_set(a->e, ERR_INPUT, "the form cannot be read");
	for (size_t i = 0; i < count && ret == 0; i++) {
		BUF_AUTO_WIPE struct buf text = BUF_INIT(1);
		if (part_is_picture(&parts[i]))
			continue;
		char *field = strndup(parts[i].bytes, parts[i].len);
		size_t len = field != NULL ? strlen(field) : 0;
		if (field == NULL)
			ret = err_set(a->e, ERR_MEMORY, "no memory for a field");
		else if (len != parts[i].len)
			ret = err_set(a->e, ERR_INPUT, "a field is no text");
		else
			ret = text_anonymise(field, len, &text, a);
		buf_add(out, from, (size_t)(parts[i].bytes - from));
		buf_add(out, buf_text(&text), text.len);
		from = parts[i].bytes + parts[i].len;
		if (field != NULL)
			explicit_bzero(field, len);
		free(field);
	}
	request_parts_free(parts, count);
	if (ret == 0 && buf_add(out, from, (size_t)(call->body + call->body_len - from)) != 0)
		ret = err_set(a->e, ERR_MEMORY, "no memory for the form");
	return ret;
}

int anonymise_call(struct frame *call, const char *type, uint64_t *masked, struct err *e)
{
	static const char form[] = "multipart/form-data; boundary=";
	BUF_AUTO_WIPE struct buf out = BUF_INIT(call->body_len * MASK_GROWTH + 1024);
	struct anonymising a = {.left = TEXTS_MAX, .e = e};

	if (type != NULL && strncmp(type, form, sizeof form - 1) == 0) {
		if (form_anonymise(call, type + sizeof form - 1, &out, &a) != 0)
			return -1;
	} else {
		JSON_AUTO cJSON *body = json_parse(call->body, call->body_len, NULL);
		if (body == NULL)
			return err_set(e, ERR_INPUT, "the body is neither JSON nor a form");
		if (json_anonymise(body, &a) != 0)
			return -1;
		if (json_print(&out, body) != 0)
			return err_set(e, ERR_MEMORY, "no memory for the body");
	}
	if (a.masked == 0)
		return 0;
	buf_wipe(&call->bytes);
	call->bytes = out;
	call->body = buf_text(&call->bytes);
	call->body_len = call->bytes.len;
	out = BUF_INIT(1);
	*masked += a.masked;
	return 0;
}
