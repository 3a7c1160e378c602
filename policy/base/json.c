// SPDX-License-Identifier: ISC
#include "policy/base/json.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/base/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// cJSON accepts a few things that JSON does not, and turns some valid things into surprises. This pass over the bytes, with no more state
// than two counts, refuses them before cJSON sees them: control characters in strings, \u0000, lone surrogates, depth, masses of values, odd numbers.
struct scan {
	const char *at, *end;
	unsigned depth, values;
	int fault; // enum json_fault_kind; -1: none
};

static int hex4(const char *at, const char *end, unsigned *out)
{
	unsigned char bytes[2];
	char text[5] = "";

	if (end - at < 4)
		return -1;
	memcpy(text, at, 4);
	if (hex_decode(bytes, 2, text) != 0)
		return -1;
	*out = (unsigned)bytes[0] << 8 | bytes[1];
	return 0;
}

// Behind "\u". Leaves `at` behind the escape (both of a surrogate pair).
static bool scan_unicode(struct scan *s)
{
	unsigned high, low;

	if (hex4(s->at, s->end, &high) < 0 || high == 0)
		return false;
	s->at += 4;
	if (high >= 0xdc00 && high <= 0xdfff)
		return false;
	if (high < 0xd800 || high > 0xdbff)
		return true;
	if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u' || hex4(s->at + 2, s->end, &low) < 0)
		return false;
	s->at += 6;
	return low >= 0xdc00 && low <= 0xdfff;
}

static bool scan_string(struct scan *s)
{
	s->at++;
	while (s->at < s->end && *s->at != '"') {
		unsigned char c = (unsigned char)*s->at++;
		if (c < 0x20)
			s->fault = JSON_CONTROL;
		else if (c == '\\' && (s->at >= s->end || *s->at == '\0' || strchr("\"\\/bfnrtu", *s->at) == NULL))
			s->fault = JSON_ESCAPE;
		else if (c == '\\' && *s->at++ == 'u' && !scan_unicode(s))
			s->fault = JSON_CHARACTER;
		if (s->fault >= 0)
			return false;
	}
	if (s->at >= s->end)
		s->fault = JSON_UNENDED;
	s->at++;
	return s->fault < 0;
}

static const char *digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

// RFC 8259 §6, exactly.
static bool scan_number(struct scan *s)
{
	const char *at = s->at, *from;

	s->fault = JSON_NUMBER;
	if (at < s->end && *at == '-')
		at++;
	from = at;
	at = digits(at, s->end);
	if (at == from || (*from == '0' && at - from > 1))
		return false;
	if (at < s->end && *at == '.') {
		from = ++at;
		at = digits(at, s->end);
		if (at == from)
			return false;
	}
	if (at < s->end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < s->end && (*at == '+' || *at == '-'))
			at++;
		from = at;
		at = digits(at, s->end);
		if (at == from)
			return false;
	}
	s->at = at;
	s->fault = -1;
	return true;
}

static bool scan_one(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};
	char c = *s->at;

	if (c == '"')
		return scan_string(s);
	if (c == '-' || (c >= '0' && c <= '9'))
		return scan_number(s);
	bool opens = c == '[' || c == '{', closes = c == ']' || c == '}';
	if (opens && ++s->depth > JSON_DEPTH_MAX) {
		s->fault = JSON_DEEP;
		return false;
	}
	if ((opens || c == ',') && ++s->values > JSON_VALUES_MAX) {
		s->fault = JSON_MANY;
		return false;
	}
	if (closes && s->depth-- == 0) {
		s->fault = JSON_BRACKET;
		return false;
	}
	if (opens || closes || c == ',' || c == ':' || c == ' ' || c == '\t' || c == '\r' || c == '\n') {
		s->at++;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);
		if ((size_t)(s->end - s->at) >= n && memcmp(s->at, words[i], n) == 0) {
			s->at += n;
			return true;
		}
	}
	s->fault = JSON_WORD;
	return false;
}

static bool numbers_finite(const cJSON *value)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, value)
	{
		if (!numbers_finite(child))
			return false;
	}
	return !cJSON_IsNumber(value) || isfinite(value->valuedouble);
}

static int names_compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int json_member_repeated(const cJSON *value, const char **name)
{
	const cJSON *child;
	size_t count = 0;
	int found = 0;

	*name = NULL;
	cJSON_ArrayForEach(child, value)
	{
		count++;
		if (found == 0)
			found = json_member_repeated(child, name);
	}
	if (found != 0 || !cJSON_IsObject(value) || count < 2)
		return found;
	const char **names = malloc(count * sizeof *names);
	if (names == NULL)
		return -1;
	count = 0;
	cJSON_ArrayForEach(child, value) names[count++] = child->string;
	qsort(names, count, sizeof *names, names_compare);
	for (size_t i = 1; i < count && found == 0; i++) {
		if (strcmp(names[i - 1], names[i]) == 0) {
			*name = names[i];
			found = 1;
		}
	}
	free(names);
	return found;
}

static void json_refuse(struct json_fault *fault, enum json_fault_kind kind, const char *text, const char *at, struct err *e)
{
#define JSON_FAULT_WORDS(kind, words) [kind] = (words)
	static const char *const words[] = {JSON_FAULTS(JSON_FAULT_WORDS)};

	*fault = (struct json_fault){kind, 1, 1};
	for (; text < at; text++) {
		bool ends = *text == '\n', begins = text + 1 >= at || ((unsigned char)text[1] & 0xc0) != 0x80; // of a character
		fault->line += ends ? 1 : 0;
		fault->column = ends ? 1 : fault->column + (begins ? 1 : 0);
	}
	err_set(e, ERR_INPUT, "not JSON: %s (line %u, column %u)", words[kind], fault->line, fault->column);
}

cJSON *json_parse_at(const char *text, size_t len, struct json_fault *fault, struct err *e)
{
	static const char mark[] = "\xef\xbb\xbf"; // which some editors write, and RFC 8259 lets a reader ignore
	const char *end = NULL, *repeated;

	if (len >= sizeof mark - 1 && memcmp(text, mark, sizeof mark - 1) == 0) {
		text += sizeof mark - 1;
		len -= sizeof mark - 1;
	}
	struct scan s = {.at = text, .end = text + len, .fault = -1};
	if (!utf8_valid(text, len)) {
		json_refuse(fault, JSON_NOT_UTF8, text, text + utf8_valid_len(text, len), e);
		return NULL;
	}
	while (s.at < s.end) {
		if (!scan_one(&s)) {
			json_refuse(fault, (enum json_fault_kind)s.fault, text, s.at < s.end ? s.at : s.end, e);
			return NULL;
		}
	}
	while (len > 0 && text[len - 1] != '\0' && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	cJSON *value = cJSON_ParseWithLengthOpts(text, len, &end, 0);
	if (value == NULL || end != text + len) {
		cJSON_Delete(value);
		json_refuse(fault, JSON_SYNTAX, text, end != NULL ? end : text, e);
		return NULL;
	}
	if (!numbers_finite(value) || json_member_repeated(value, &repeated) != 0) {
		cJSON_Delete(value);
		json_refuse(fault, JSON_VALUE, text, text, e);
		return NULL;
	}
	return value;
}

cJSON *json_parse(const char *text, size_t len, struct err *e)
{
	struct json_fault fault;

	return json_parse_at(text, len, &fault, e);
}

cJSON *json_parse_foreign(const char *text, size_t len, struct err *e)
{
	static const char replacement[] = "\\ufffd";
	BUF_AUTO_WIPE struct buf clean = BUF_INIT(len + 1);

	for (size_t i = 0, taken; i < len; i += taken) {
		const char *next = memchr(text + i, '\\', len - i);
		size_t plain = next != NULL ? (size_t)(next - (text + i)) : len - i;
		buf_add(&clean, text + i, plain);
		i += plain;
		taken = len - i < 2 ? len - i : 2;
		unsigned code;
		if (taken == 2 && text[i + 1] == 'u' && hex4(text + i + 2, text + len, &code) == 0) {
			struct scan s = {.at = text + i + 2, .end = text + len};
			bool character = scan_unicode(&s);
			taken = character ? (size_t)(s.at - (text + i)) : 6;
			if (!character) {
				buf_add(&clean, replacement, sizeof replacement - 1);
				continue;
			}
		}
		buf_add(&clean, text + i, taken);
	}
	return json_parse(buf_text(&clean), clean.len, e);
}

const cJSON *json_get(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *json_string(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(json_get(object, name));
}

const char *json_string_or(const cJSON *object, const char *name, const char *otherwise)
{
	const char *text = json_string(object, name);

	return text != NULL ? text : otherwise;
}

double json_number(const cJSON *object, const char *name, double otherwise)
{
	const cJSON *member = json_get(object, name);

	return cJSON_IsNumber(member) ? member->valuedouble : otherwise;
}

time_t json_time(const cJSON *object, const char *name)
{
	const char *text = json_string(object, name);
	time_t t;

	return text != NULL && when_parse(&t, text) == 0 ? t : 0;
}

bool json_put_texts(cJSON *object, const struct json_text *texts)
{
	for (; texts->name != NULL; texts++)
		if (texts->value != NULL && cJSON_AddStringToObject(object, texts->name, texts->value) == NULL)
			return false;
	return true;
}

bool json_put(cJSON *object, const struct json_member *members)
{
	bool ok = true;

	for (const struct json_member *m = members; m->name != NULL; m++) {
		const bool lacks = m->type == MEMBER_IS_TIME ? m->time == 0 : m->type == MEMBER_IS_TEXT && m->text == NULL;
		if (m->type == MEMBER_IS_ITEM && (!ok || !cJSON_AddItemToObject(object, m->name, m->item))) {
			cJSON_Delete(m->item);
			ok = false;
		}
		if (!ok || m->type == MEMBER_IS_ITEM)
			continue;
		if (m->nullable)
			cJSON_DeleteItemFromObjectCaseSensitive(object, m->name);
		if (lacks)
			ok = !m->nullable || cJSON_AddNullToObject(object, m->name) != NULL;
		else if (m->type == MEMBER_IS_NUMBER)
			ok = cJSON_AddNumberToObject(object, m->name, m->number) != NULL;
		else if (m->type == MEMBER_IS_BOOL)
			ok = cJSON_AddBoolToObject(object, m->name, m->number != 0) != NULL;
		else if (m->type == MEMBER_IS_FLAG)
			ok = m->number == 0 || cJSON_AddTrueToObject(object, m->name) != NULL;
		else if (m->type == MEMBER_IS_TIME)
			ok = json_put_time(object, m->name, m->time);
		else
			ok = cJSON_AddStringToObject(object, m->name, m->text) != NULL;
	}
	return ok;
}

cJSON *json_make(const struct json_member *members)
{
	cJSON *object = cJSON_CreateObject();

	if (!json_put(object, members))
		json_free(&object);
	return object;
}

bool json_push(cJSON *array, const struct json_member *members)
{
	cJSON *one = json_make(members);

	if (one != NULL && cJSON_AddItemToArray(array, one))
		return true;
	cJSON_Delete(one);
	return false;
}

bool json_put_time(cJSON *object, const char *name, time_t t)
{
	char text[WHEN_TEXT];

	when_text(text, t);
	cJSON_DeleteItemFromObjectCaseSensitive(object, name);
	return cJSON_AddStringToObject(object, name, text) != NULL;
}

static void json_string_add(struct buf *out, const char *s)
{
	static const char hex[] = "0123456789abcdef", letters[] = "\b\f\n\r\t", names[] = "bfnrt";

	buf_addc(out, '"');
	for (const char *plain = s != NULL ? s : ""; *plain != '\0';) {
		const char *at = plain;
		while ((unsigned char)*at >= ' ' && *at != '"' && *at != '\\')
			at++;
		buf_add(out, plain, (size_t)(at - plain));
		const char *letter = *at != '\0' ? strchr(letters, *at) : NULL;
		if (letter != NULL)
			buf_add(out, (char[]){'\\', names[letter - letters]}, 2);
		else if (*at == '"' || *at == '\\')
			buf_add(out, (char[]){'\\', *at}, 2);
		else if (*at != '\0')
			buf_add(out, (char[]){'\\', 'u', '0', '0', hex[*at >> 4], hex[*at & 15]}, 6);
		plain = *at != '\0' ? at + 1 : at;
	}
	buf_addc(out, '"');
}

static void json_number_add(struct buf *out, double value)
{
	char text[32];

	if (!isfinite(value)) {
		buf_adds(out, "null");
		return;
	}
	// Nearly all are whole, and those are written in a tenth of the time.
	if (fabs(value) < 1e15 && value == trunc(value)) {
		buf_add(out, text, text_number(text, (int64_t)value));
		return;
	}
	snprintf(text, sizeof text, "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof text, "%.17g", value);
	buf_adds(out, text);
}

static void json_line_begin(struct buf *out, int depth)
{
	static const char tabs[] = "\n\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t";

	buf_add(out, tabs, depth < (int)sizeof tabs - 2 ? (size_t)depth + 1 : sizeof tabs - 1);
}

// Straight into the buffer: cJSON's own way makes the text elsewhere, and reads every number back that it has written. `depth` -1: all on
// one line; else how deep the value stands.
static void json_write(struct buf *out, const cJSON *value, int depth)
{
	const int type = value != NULL ? value->type & 0xff : cJSON_Invalid, inner = depth < 0 ? depth : depth + 1;

	if (type == cJSON_String) {
		json_string_add(out, value->valuestring);
	} else if (type == cJSON_Number) {
		json_number_add(out, value->valuedouble);
	} else if (type == cJSON_Array || type == cJSON_Object) {
		buf_addc(out, type == cJSON_Object ? '{' : '[');
		for (const cJSON *child = value->child; child != NULL; child = child->next) {
			if (type == cJSON_Object && depth >= 0)
				json_line_begin(out, inner);
			if (type == cJSON_Object) {
				json_string_add(out, child->string);
				buf_adds(out, depth < 0 ? ":" : ": ");
			}
			json_write(out, child, inner);
			if (child->next != NULL)
				buf_adds(out, type == cJSON_Object || depth < 0 ? "," : ", ");
		}
		if (type == cJSON_Object && depth >= 0)
			json_line_begin(out, depth);
		buf_addc(out, type == cJSON_Object ? '}' : ']');
	} else if (type == cJSON_True || type == cJSON_False || type == cJSON_NULL) {
		buf_adds(out, type == cJSON_True ? "true" : type == cJSON_False ? "false" : "null");
	} else {
		out->failed = true; // there was no memory for a value
	}
}

int json_print(struct buf *out, const cJSON *value)
{
	json_write(out, value, -1);
	return out->failed ? -1 : 0;
}

static int member_compare(const void *a, const void *b)
{
	return strcmp((*(cJSON *const *)a)->string, (*(cJSON *const *)b)->string);
}

static int members_sort(cJSON *value)
{
	size_t count = 0;
	cJSON *child;

	cJSON_ArrayForEach(child, value)
	{
		count++;
		if (members_sort(child) != 0)
			return -1;
	}
	if (!cJSON_IsObject(value) || count < 2)
		return 0;
	cJSON **members = malloc(count * sizeof *members);
	if (members == NULL)
		return -1;
	for (count = 0; value->child != NULL; count++)
		members[count] = cJSON_DetachItemViaPointer(value, value->child);
	qsort(members, count, sizeof *members, member_compare);
	for (size_t i = 0; i < count; i++)
		cJSON_AddItemToArray(value, members[i]); // with the name that it has
	free(members);
	return 0;
}

int json_canonical(struct buf *out, cJSON *value)
{
	return members_sort(value) != 0 ? -1 : json_print(out, value);
}

int json_print_lines(struct buf *out, const cJSON *value)
{
	json_write(out, value, 0);
	return buf_addc(out, '\n');
}

void json_free(cJSON **p)
{
	cJSON_Delete(*p);
	*p = NULL;
}
