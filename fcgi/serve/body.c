// SPDX-License-Identifier: ISC
// From the bytes of a body to fields and parts.
#include "fcgi/serve/body.h"
#include "fcgi/serve/media_type.h"
#include "fcgi/serve/request_internal.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// ---- application/x-www-form-urlencoded ----

enum { FIELDS_MAX = 64, NAME_BYTES_MAX = 64 };

// What is wrong, as the key of the word that says it to the visitor.
static int body_refuse(const char **why, const char *key)
{
	*why = key;
	return -1;
}

static int form_problem(struct problem *why, const char *key, const char *name)
{
	return problem_set(why, strcmp(key, "problem.memory") == 0 ? 503 : 400, key, name, NULL);
}

static int form_decode(struct buf *out, const char *text, size_t len, const char **why)
{
	buf_reset(out);
	if (memmem(text, len, "%00", 3) != NULL || memchr(text, 0, len) != NULL)
		return body_refuse(why, "problem.form.zero");
	if (url_decode(out, text, len, true) != 0 || out->failed)
		return body_refuse(why, "problem.form.escape");
	if (!utf8_valid(buf_text(out), out->len))
		return body_refuse(why, "problem.form.text");
	return 0;
}

static int form_field_add(cJSON *object, const char *pair, size_t len, struct buf *scratch, char name[72], const char **why)
{
	const char *equals = memchr(pair, '=', len), *value = equals != NULL ? equals + 1 : pair + len;
	if (form_decode(scratch, pair, equals != NULL ? (size_t)(equals - pair) : len, why) != 0)
		return -1;
	if (scratch->len == 0 || scratch->len > NAME_BYTES_MAX)
		return body_refuse(why, "problem.form.name");
	snprintf(name, 72, "%s", buf_text(scratch));
	if (cJSON_GetObjectItemCaseSensitive(object, name) != NULL)
		return body_refuse(why, "problem.form.repeated");
	if (form_decode(scratch, value, (size_t)(pair + len - value), why) != 0)
		return -1;
	return cJSON_AddStringToObject(object, name, buf_text(scratch)) != NULL ? 0 : body_refuse(why, "problem.memory");
}

cJSON *body_form_parse(const char *text, size_t len, char name[72], const char **why)
{
	BUF_AUTO_WIPE struct buf scratch = BUF_INIT(len + 1);
	cJSON *object = cJSON_CreateObject();
	unsigned fields = 0;
	*name = 0;
	for (size_t at = 0, pair_len; object != NULL && at < len; at += pair_len + 1) {
		const char *pair = text + at, *end = memchr(pair, '&', len - at);
		pair_len = end != NULL ? (size_t)(end - pair) : len - at;
		if (pair_len == 0)
			continue;
		*name = 0;
		if ((++fields > FIELDS_MAX ? body_refuse(why, "problem.form.many")
					   : form_field_add(object, pair, pair_len, &scratch, name, why)) != 0)
			json_free(&object);
	}
	return object;
}

// ---- multipart/form-data ----
// RFC 7578, strictly: the body starts with a delimiter, ends with the closing one, and nothing is guessed.

enum { PARTS_MAX = 32, LINE_MAX_BYTES = 1024, LINES_MAX = 8, BOUNDARY_MAX = 70 };

static char *text_copy(const char *text)
{
	return utf8_valid(text, strlen(text)) ? strdup(text) : NULL;
}

static int header_read(struct part *part, const char *line, size_t len, const char **why)
{
	char text[LINE_MAX_BYTES], parameter[LINE_MAX_BYTES];
	if (len >= sizeof text || memchr(line, 0, len) != NULL || memchr(line, '\n', len) != NULL || memchr(line, '\r', len) != NULL)
		return body_refuse(why, "problem.form.part");
	memcpy(text, line, len);
	text[len] = 0;
	char *value = strchr(text, ':');
	if (value == NULL)
		return body_refuse(why, "problem.form.part");
	*value++ = 0;
	value += strspn(value, " \t");
	if (strcasecmp(text, "Content-Type") == 0 && part->type == NULL && !(part->type = text_copy(value)))
		return body_refuse(why, "problem.form.text");
	if (strcasecmp(text, "Content-Disposition") != 0)
		return 0;
	if (part->name != NULL || !media_type_is(value, "form-data") ||
	    media_type_parameter(value, "name", parameter, sizeof parameter) != 0 || !*parameter || strlen(parameter) > NAME_BYTES_MAX)
		return body_refuse(why, "problem.form.disposition");
	part->name = text_copy(parameter);
	if (part->name == NULL)
		return body_refuse(why, "problem.form.text");
	if (media_type_parameter(value, "filename", parameter, sizeof parameter) == 0 && !(part->filename = text_copy(parameter)))
		return body_refuse(why, "problem.form.text");
	return 0;
}

// One part from its headers to its delimiter. 1: another follows, 0: it was the last, -1: malformed.
static int part_read(struct part *part, const char *text, size_t len, size_t *at, const char *delimiter, const char **why)
{
	size_t mark = strlen(delimiter), line_len = 1;
	const char *end;
	for (unsigned line = 0; line_len > 0; line++) { // headers, up to the empty line
		const char *start = text + *at;
		end = memmem(start, len - *at, "\r\n", 2);
		if (line > LINES_MAX || end == NULL)
			return body_refuse(why, "problem.form.part");
		line_len = (size_t)(end - start);
		*at += line_len + 2;
		if (line_len > 0 && header_read(part, start, line_len, why) != 0)
			return -1;
	}
	if (part->name == NULL)
		return body_refuse(why, "problem.form.disposition");
	end = memmem(text + *at, len - *at, delimiter, mark);
	if (end == NULL)
		return body_refuse(why, "problem.form.end");
	size_t stop = (size_t)(end - text);
	part->bytes = text + *at;
	part->len = stop - *at;
	*at = stop + mark;
	if (part->type == NULL && !(part->type = strdup("")))
		return body_refuse(why, "problem.memory");
	if (len - *at >= 2 && memcmp(text + *at, "--", 2) == 0)
		return 0;
	if (len - *at < 2 || memcmp(text + *at, "\r\n", 2) != 0)
		return body_refuse(why, "problem.form.end");
	*at += 2;
	return 1;
}

// A name for each of several, as in forms of PHP and of OpenAI's clients.
static bool part_is_listed(const struct part *p)
{
	const size_t len = strlen(p->name);

	return p->filename != NULL && len > 2 && strcmp(p->name + len - 2, "[]") == 0;
}

int body_multipart_parse(const char *text, size_t len, const char *boundary, struct part **parts, size_t *count, char name[72],
			 const char **why)
{
	char delimiter[BOUNDARY_MAX + 5];
	*parts = NULL, *count = 0, *name = 0;
	if (!*boundary || strlen(boundary) > BOUNDARY_MAX)
		return body_refuse(why, "problem.form.boundary");
	int mark = snprintf(delimiter, sizeof delimiter, "\r\n--%s", boundary);
	size_t at = (size_t)mark; // the first delimiter has no line end before it, but one after it
	if (len < at || memcmp(text, delimiter + 2, at - 2) != 0 || memcmp(text + at - 2, "\r\n", 2) != 0)
		return body_refuse(why, "problem.form.start");
	struct part *list = calloc(PARTS_MAX, sizeof *list);
	if (list == NULL)
		return body_refuse(why, "problem.memory");
	size_t n = 0;
	int more = 1;
	while (more > 0 && n < PARTS_MAX) {
		more = part_read(&list[n++], text, len, &at, delimiter, why);
		for (size_t i = 0; more >= 0 && i + 1 < n; i++)
			// NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a part that was read has a name
			if (strcmp(list[i].name, list[n - 1].name) == 0 && !part_is_listed(&list[i]))
				more = body_refuse(why, "problem.form.repeated");
	}
	if (more > 0)
		more = body_refuse(why, "problem.form.many");
	else if (more < 0 && list[n - 1].name != NULL)
		snprintf(name, 72, "%s", list[n - 1].name);
	if (more < 0) {
		request_parts_free(list, n);
		return -1;
	}
	*parts = list, *count = n;
	return 0;
}

// ---- what a request brought ----

// Parts without a file name are fields like a form's.
static int multipart_fields(struct request *r, struct problem *why)
{
	const char *key = "problem.memory";
	char name[72], boundary[72];
	if (media_type_parameter(request_param(r, "CONTENT_TYPE"), "boundary", boundary, sizeof boundary) != 0)
		return problem_set(why, 400, "problem.form.boundary", "Content-Type", NULL);
	if (body_multipart_parse(buf_text(&r->body), r->body.len, boundary, &r->parts, &r->part_count, name, &key) != 0)
		return form_problem(why, key, name);
	r->fields = cJSON_CreateObject();
	for (size_t i = 0; r->fields != NULL && i < r->part_count; i++) {
		const struct part *p = &r->parts[i];
		if (p->filename != NULL)
			continue;
		if (memchr(p->bytes, 0, p->len) != NULL)
			return problem_set(why, 400, "problem.form.zero", p->name, NULL);
		if (!utf8_valid(p->bytes, p->len))
			return problem_set(why, 400, "problem.form.text", p->name, NULL);
		// NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a part that was read has bytes
		char *text = strndup(p->bytes, p->len);
		bool added = text != NULL && cJSON_AddStringToObject(r->fields, p->name, text) != NULL;
		free(text);
		if (!added)
			return problem_set(why, 503, "problem.memory", NULL, NULL);
	}
	return 0;
}

int body_parse(struct request *r, enum body_type kind, struct problem *why)
{
	const char *text = buf_text(&r->body);
	static const char *const faults[] = {[JSON_NOT_UTF8] = "problem.json.why.utf8",   [JSON_CONTROL] = "problem.json.why.control",
					     [JSON_ESCAPE] = "problem.json.why.escape",   [JSON_CHARACTER] = "problem.json.why.character",
					     [JSON_UNENDED] = "problem.json.why.unended", [JSON_NUMBER] = "problem.json.why.number",
					     [JSON_DEEP] = "problem.json.why.deep",       [JSON_MANY] = "problem.json.why.many",
					     [JSON_BRACKET] = "problem.json.why.bracket", [JSON_WORD] = "problem.json.why.word",
					     [JSON_SYNTAX] = "problem.json.why.syntax",   [JSON_VALUE] = "problem.json.why.value"};
	const char *key = "problem.memory";
	struct json_fault fault = {0};
	struct err e = {0};
	char name[72], line[WORD_NUMBER], column[WORD_NUMBER];
	if (kind == BODY_MULTIPART)
		return multipart_fields(r, why);
	if (kind == BODY_JSON) {
		r->fields = json_parse_at(text, r->body.len, &fault, &e);
		r->typed = true;
		// Of what is refused a repeated member is named.
		bool refused = r->fields == NULL && utf8_valid(text, r->body.len);
		JSON_AUTO cJSON *object = refused ? cJSON_ParseWithLength(text, r->body.len) : NULL;
		const char *repeated;
		if (cJSON_IsObject(object) && json_member_repeated(object, &repeated) > 0) {
			snprintf(name, sizeof name, "%.*s", (int)utf8_cut(repeated, 71), repeated);
			return problem_set(why, 400, "problem.field-repeated", name, NULL);
		}
		if (r->fields == NULL)
			return problem_set(why, 400, "problem.json", NULL,
					   WORD_VALUES({"why", word_in(why->language, faults[fault.kind])},
						       {"line", word_number(line, fault.line)},
						       {"column", word_number(column, fault.column)}));
		if (!cJSON_IsObject(r->fields))
			return problem_set(why, 400, "problem.json.object", NULL, NULL);
	} else if (kind == BODY_FORM) {
		r->fields = body_form_parse(text, r->body.len, name, &key);
		if (r->fields == NULL)
			return form_problem(why, key, name);
	}
	return 0;
}
