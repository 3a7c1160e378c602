// SPDX-License-Identifier: ISC
#include "fcgi/generate/input.h"
#include "fcgi/moderation/filter.h"
#include "fcgi/provider/style.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <string.h>
#include <strings.h>

enum { COUNT_DEFAULT = 4, DESCRIPTION_CHARS_MIN = 3 };

static const char *const sizes[] = {"1024x1024", "1536x1024", "1024x1536", NULL};
static const struct {
	unsigned width, height;
} pixels[] = {{1024, 1024}, {1536, 1024}, {1024, 1536}};
static const char *const image_forms[] = {"url", "base64", NULL};

void input_fields(const char *const *providers, struct field *out)
{
	const struct field fields[] = {
	    {"description", FIELD_TEXT, false, 0, DESCRIPTION_CHARS_MAX, NULL},
	    {"url", FIELD_TEXT, false, 0, URL_BYTES_MAX, NULL},
	    {"count", FIELD_INT, false, 1, IMAGES_MAX, NULL},
	    {"size", FIELD_CHOICE, false, 0, 0, sizes},
	    {"style", FIELD_CHOICE, false, 0, 0, provider_style_names},
	    {"provider", FIELD_CHOICE, false, 0, 0, providers},
	    {"confirm", FIELD_BOOL, false, 0, 1, NULL},
	    {"images", FIELD_CHOICE, false, 0, 0, image_forms},
	    {"thumbnails", FIELD_BOOL, false, 0, 1, NULL},
	    {"verbatim", FIELD_BOOL, false, 0, 1, NULL},
	    {0},
	};

	_Static_assert(sizeof fields == GENERATE_FIELDS * sizeof fields[0], "the table's size");
	memcpy(out, fields, sizeof fields);
}

static size_t choice_index(const char *const *choices, const char *value)
{
	for (size_t i = 0; choices[i] != NULL; i++) {
		if (value != NULL && strcmp(choices[i], value) == 0)
			return i;
	}
	return 0; // the first is the default
}

// Without the white space around it.
static void text_trimmed(struct buf *out, const char *text)
{
	static const char space[] = " \t\r\n\f\v";
	size_t len;

	if (text == NULL)
		return;
	text += strspn(text, space);
	len = strlen(text);
	while (len > 0 && strchr(space, text[len - 1]) != NULL)
		len--;
	buf_add(out, text, len);
}

int input_source(const char *description, const char *url, struct input *out, struct problem *t)
{
	char number[WORD_NUMBER];

	out->description = BUF_INIT(DESCRIPTION_CHARS_MAX * 4);
	out->url = BUF_INIT(URL_BYTES_MAX);
	text_trimmed(&out->description, description);
	text_trimmed(&out->url, url);
	if (out->description.failed || out->url.failed)
		return problem_set(t, 422, "problem.field-length.text", out->url.failed ? "url" : "description", NULL);
	if (out->description.len > 0 && out->url.len > 0)
		return problem_set(t, 422, "problem.one-source", "url", NULL);
	if (out->description.len == 0 && out->url.len == 0)
		return problem_set(t, 422, "problem.no-source", "description", NULL);
	if (out->description.len > 0 && utf8_count(buf_text(&out->description)) < DESCRIPTION_CHARS_MIN)
		return problem_set(t, 422, "problem.field-length.description", "description",
				   WORD_VALUES({"min", word_number(number, DESCRIPTION_CHARS_MIN)}));
	if (out->description.len > 0)
		return 0;
	// A host without a scheme is what people type.
	const char *text = buf_text(&out->url), *scheme = strstr(text, "://");
	bool web = scheme != NULL && (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0);
	const char *authority = web ? scheme + 3 : text;
	if ((web || (scheme == NULL && strncasecmp(text, "mailto:", 7) != 0)) && memchr(authority, '@', strcspn(authority, "/?#")) != NULL)
		return problem_set(t, 422, "problem.bad-url.user", "url", NULL);
	if (web)
		return 0;
	// "mailto:x" and "javascript:x" have a colon too, but so has "example.com:8080/".
	size_t name = strcspn(text, ":/?#");
	if (scheme != NULL || memchr(text, '.', name) == NULL || strpbrk(text, " \t\r\n") != NULL)
		return problem_set(t, 422, "problem.bad-url", "url", NULL);
	BUF_AUTO_WIPE struct buf whole = BUF_INIT(URL_BYTES_MAX);
	buf_adds(&whole, "https://");
	if (buf_add(&whole, out->url.data, out->url.len) != 0)
		return problem_set(t, 422, "problem.bad-url.long", "url", WORD_VALUES({"max", word_number(number, URL_BYTES_MAX)}));
	buf_wipe(&out->url);
	out->url = whole;
	whole = BUF_INIT(1);
	return 0;
}

int input_read(struct request *r, const char *const *providers, struct input *out, struct problem *t)
{
	const char *provider = request_text(r, "provider");
	size_t size = choice_index(sizes, request_text(r, "size"));

	out->count = (unsigned)request_int(r, "count", COUNT_DEFAULT);
	out->size = sizes[size];
	out->width = pixels[size].width;
	out->height = pixels[size].height;
	out->style = provider_style_names[choice_index(provider_style_names, request_text(r, "style"))];
	out->provider = provider != NULL && *provider != '\0' ? providers[choice_index(providers, provider)] : NULL;
	out->inline_images = choice_index(image_forms, request_text(r, "images")) == 1;
	out->thumbnails = request_int(r, "thumbnails", 0) != 0;
	out->confirmed = request_int(r, "confirm", 0) != 0;
	out->verbatim = request_int(r, "verbatim", 0) != 0;
	if (input_source(request_text(r, "description"), request_text(r, "url"), out, t) != 0)
		return -1;
	return out->verbatim && out->url.len > 0 ? problem_set(t, 422, "problem.verbatim-page", "verbatim", NULL) : 0;
}

int input_screen(const struct policy *p, struct input *in, struct problem *t)
{
	BUF_AUTO_WIPE struct buf masked = BUF_INIT(2 * DESCRIPTION_CHARS_MAX * 4);
	rule_set found;
	BUF_AUTO struct buf what = BUF_INIT(1024);

	if (filter_find(buf_text(&in->description), &found) != 0)
		return problem_set(t, 503, "problem.memory.set", NULL, NULL);
	struct filter_result v = filter_judge(p->content, found, in->confirmed);
	filter_describe(&what, v.rules, t->language);
	if (v.action == CONTENT_REFUSE && (v.rules & RULE_BIT(RULE_MINORS)))
		return problem_set(t, 422, "problem.forbidden-content", "description", NULL);
	if (v.action == CONTENT_REFUSE)
		return problem_set(t, 422, "problem.personal-data", "description", WORD_VALUES({"what", buf_text(&what)}));
	if (v.action == CONTENT_WARN) {
		problem_set(t, 422, "problem.personal-data.confirm", "description", WORD_VALUES({"what", buf_text(&what)}));
		t->confirmable = true;
		return -1;
	}
	if (v.mask == 0)
		return 0;
	if (filter_mask(buf_text(&in->description), v.mask, &masked, NULL) != 0)
		return problem_set(t, 503, "problem.memory.set", NULL, NULL);
	buf_wipe(&in->description);
	in->description = masked;
	masked = BUF_INIT(1);
	return 0;
}

void input_free(struct input *in)
{
	buf_wipe(&in->description);
	buf_wipe(&in->url);
}
