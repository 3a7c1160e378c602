// SPDX-License-Identifier: ISC
// Fields by table.
#include "fcgi/serve/fields.h"
#include "fcgi/serve/problem.h"
#include "fcgi/serve/request_internal.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include "policy/vault/seal.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cJSON *field_value(const struct request *r, const char *name)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(r->fields, name);
	bool absent = cJSON_IsNull(value) || (!r->typed && cJSON_IsString(value) && !*value->valuestring);
	return absent ? NULL : value;
}

static int field_number(const struct request *r, const cJSON *value, long *out)
{
	if (cJSON_IsBool(value)) {
		*out = cJSON_IsTrue(value);
		return 0;
	}
	if (cJSON_IsNumber(value) && value->valuedouble == floor(value->valuedouble) && fabs(value->valuedouble) < 1e15) {
		*out = (long)value->valuedouble;
		return 0;
	}
	if (r->typed || !cJSON_IsString(value))
		return -1;
	const char *text = value->valuestring;
	char *end;
	errno = 0;
	*out = strtol(text, &end, 10);
	bool digits = text[*text == '-'] >= '0' && text[*text == '-'] <= '9';
	return digits && !*end && !errno ? 0 : -1;
}

static int field_truth(const struct request *r, const cJSON *value)
{
	static const char *const words[2][4] = {{"false", "off", "0", "no"}, {"true", "on", "1", "yes"}};
	if (cJSON_IsBool(value))
		return cJSON_IsTrue(value);
	for (int truth = 0; !r->typed && cJSON_IsString(value) && truth < 2; truth++)
		for (size_t i = 0; i < 4; i++)
			if (strcmp(words[truth][i], value->valuestring) == 0)
				return truth;
	return -1;
}

static int field_outside(struct problem *why, const struct field *f, const char *key, long is)
{
	char min[WORD_NUMBER], max[WORD_NUMBER], now[WORD_NUMBER];
	return problem_set(why, 422, key, f->name,
			   WORD_VALUES({"field", f->name}, {"min", word_number(min, f->min)}, {"max", word_number(max, f->max)},
				       {"is", word_number(now, is)}));
}

static int field_check(const struct request *r, const struct field *f, struct problem *why)
{
	const cJSON *value = field_value(r, f->name);
	bool text = cJSON_IsString(value);
	BUF_AUTO struct buf known = BUF_INIT(200);
	long number;
	if (value == NULL)
		return f->required ? problem_set(why, 400, "problem.field-missing", f->name, WORD_VALUES({"field", f->name})) : 0;
	switch (f->type) {
	case FIELD_TEXT:
		number = text ? (long)utf8_count(value->valuestring) : 0;
		if (!text)
			break;
		if (number < f->min)
			return field_outside(why, f, "problem.field-length.short", number);
		if (f->max && number > f->max)
			return field_outside(why, f, "problem.field-length.long", number);
		return 0;
	case FIELD_INT:
		if (cJSON_IsBool(value) || field_number(r, value, &number) != 0)
			return problem_set(why, 400, "problem.field-type.number", f->name, WORD_VALUES({"field", f->name}));
		if (number < f->min || number > f->max)
			return field_outside(why, f, "problem.field-range", number);
		return 0;
	case FIELD_CHOICE:
		for (const char *const *c = f->choices; text && *c != NULL; c++) {
			if (strcmp(*c, value->valuestring) == 0)
				return 0;
			buf_printf(&known, "%s%s", known.len ? ", " : "", *c);
		}
		if (!text)
			break;
		return problem_set(why, 422, "problem.field-choice", f->name,
				   WORD_VALUES({"field", f->name}, {"choices", buf_text(&known)}));
	case FIELD_TREE:
		if (cJSON_IsArray(value) || cJSON_IsObject(value))
			return 0;
		return problem_set(why, 400, "problem.field-type.tree", f->name, WORD_VALUES({"field", f->name}));
	case FIELD_BOOL:
		return field_truth(r, value) >= 0
			   ? 0
			   : problem_set(why, 400, "problem.field-type.truth", f->name, WORD_VALUES({"field", f->name}));
	}
	return problem_set(why, 400, "problem.field-type.text", f->name, WORD_VALUES({"field", f->name}));
}

int request_check(struct request *r, const struct field *fields)
{
	struct problem why = {.language = request_language(r)};
	int rc = 0;
	for (const cJSON *member = r->fields != NULL ? r->fields->child : NULL; rc == 0 && member != NULL; member = member->next) {
		const struct field *f = fields;
		while (f->name != NULL && strcmp(f->name, member->string) != 0)
			f++;
		if (f->name == NULL)
			rc = problem_set(&why, 400, "problem.field-unknown", member->string, NULL);
	}
	for (const struct field *f = fields; rc == 0 && f->name != NULL; f++)
		rc = field_check(r, f, &why);
	if (rc != 0)
		respond_with_problem(r, &why);
	return rc;
}

const char *request_text(const struct request *r, const char *name)
{
	const cJSON *value = field_value(r, name);
	return cJSON_IsString(value) ? value->valuestring : NULL;
}

long request_int(const struct request *r, const char *name, long otherwise)
{
	const cJSON *value = field_value(r, name);
	long number;
	if (value == NULL)
		return otherwise;
	if (field_number(r, value, &number) == 0)
		return number;
	int truth = field_truth(r, value);
	return truth >= 0 ? truth : otherwise;
}

int request_once(const struct request *r, const char *purpose, const char *owner, char out[TOKEN_LEN + 1])
{
	enum { KEY_MIN = 22, KEY_MAX = 128 }; // 128 random bits in base64url, and more than anybody needs
	static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	const char *key = request_header(r, "Idempotency-Key") != NULL ? request_header(r, "Idempotency-Key") : request_text(r, "key");
	BUF_AUTO_WIPE struct buf text = BUF_INIT(2 * BODY_BYTES_MAX);

	if (key == NULL)
		return 0;
	const bool quoted = key[0] == '"';
	const size_t len = strspn(key + quoted, unreserved);
	if (len < KEY_MIN || len > KEY_MAX || strcmp(key + quoted + len, quoted ? "\"" : "") != 0)
		return -1;
	buf_add(&text, key + quoted, len);
	if (owner != NULL)
		buf_printf(&text, " %s ", owner);
	if (json_print(&text, r->fields) != 0)
		return -1;
	for (size_t i = 0; i < r->part_count; i++)
		if (r->parts[i].filename != NULL && buf_add(&text, r->parts[i].bytes, r->parts[i].len) != 0)
			return -1;
	seal_token(out, purpose, buf_text(&text));
	return 1;
}
