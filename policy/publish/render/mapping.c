// SPDX-License-Identifier: ISC
#include "policy/publish/render/mapping.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/publish/render/list.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scope {
	const struct policy *policy;
	const cJSON *mapping, *top, *element;
	const struct scope *outer; // that of the "$each" around
	struct err *e;
};

static cJSON *map_value(const struct scope *s, const cJSON *value);

static bool holds(const cJSON *value)
{
	return cJSON_IsArray(value)    ? cJSON_GetArraySize(value) > 0
	       : cJSON_IsString(value) ? value->valuestring[0] != '\0'
				       : cJSON_IsNumber(value) || cJSON_IsTrue(value) || cJSON_IsObject(value);
}

// ---- paths ----

// Notes the first thing that is wrong with the mapping; it goes on with null, and mapping_apply fails at its end.
static cJSON *wrong(const struct scope *s, const char *what, const char *name, size_t len)
{
	if (s->e->code == ERR_NONE)
		err_set(s->e, ERR_INPUT, "there is no %s \"%.*s\"", what, (int)len, name);
	return cJSON_CreateNull();
}

static cJSON *path_from(const struct scope *s, const cJSON *at, const char *path, size_t len)
{
	size_t first = strcspn(path, "."), used = first < len ? first : len;
	const cJSON *element;
	char name[64];

	if (len == 0)
		return cJSON_Duplicate(at, true);
	if (cJSON_IsNull(at))
		return cJSON_CreateNull();
	if (cJSON_IsArray(at)) {
		cJSON *all = cJSON_CreateArray();
		cJSON_ArrayForEach(element, at)
		{
			cJSON_AddItemToArray(all, path_from(s, element, path, len));
		}
		return all;
	}
	snprintf(name, sizeof name, "%.*s", (int)used, path);
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(at, name);
	if (member == NULL)
		return wrong(s, "member", path, used);
	return path_from(s, member, path + used + (used < len), len - used - (used < len));
}

static cJSON *path_value(const struct scope *s, const char *path, size_t len)
{
	const cJSON *at = len > 0 && path[0] == '/' ? s->top : s->element;

	if (len > 0 && path[0] == '/')
		return path_from(s, at, path + 1, len - 1);
	for (; len > 0 && path[0] == '^' && s->outer != NULL; path++, len--) {
		s = s->outer;
		at = s->element;
	}
	return len == 1 && path[0] == '.' ? cJSON_Duplicate(at, true) : path_from(s, at, path, len);
}

// ---- filters ----

// The elements whose id, or whose member before "=", is in the list; of them at most `max`.
static cJSON *elements_with(const cJSON *array, const char *ids, int max)
{
	const char *equals = strchr(ids, '=');
	cJSON *out = cJSON_CreateArray();
	const cJSON *element;
	char member[32] = "id";

	if (equals != NULL)
		snprintf(member, sizeof member, "%.*s", (int)(equals - ids), ids);
	cJSON_ArrayForEach(element, array)
	{
		const char *id = json_string(element, member), *list = equals != NULL ? equals + 1 : ids;
		while (id != NULL && *list != '\0' && (strcspn(list, ",") != strlen(id) || strncmp(list, id, strlen(id)) != 0)) {
			list += strcspn(list, ",");
			list += *list == ',';
		}
		if (id != NULL && *list != '\0' && cJSON_GetArraySize(out) < max)
			cJSON_AddItemToArray(out, cJSON_Duplicate(element, true));
	}
	return out;
}

static cJSON *copy_or_null(const cJSON *value)
{
	return value != NULL ? cJSON_Duplicate(value, true) : cJSON_CreateNull();
}

// What the table has for the word as a whole, else, where `parts`, for the first of its parts that is there; null for none.
static cJSON *from_table(const struct scope *s, const char *table_name, const char *text, bool parts)
{
	const cJSON *table = json_get(json_get(s->mapping, "$tables"), table_name), *found = json_get(table, text);
	char part[64];

	for (; found == NULL && parts && *text != '\0'; text += strcspn(text, "-"), text += *text == '-') {
		snprintf(part, sizeof part, "%.*s", (int)strcspn(text, "-"), text);
		found = json_get(table, part);
	}
	return copy_or_null(found);
}

enum filter { AT, WORD, IN, TABLE, PARTS, OF_EACH, OR = OF_EACH, NONE, COUNT, ANY, JOIN, FIRST, PICK, GET, ONLY, WRAP, FILTER_COUNT };
static const char *const filter_names[] = {"at",  "word", "in",    "table", "parts", "or",   "none", "count",
					   "any", "join", "first", "pick",  "get",   "only", "wrap"};

static cJSON *filter_apply(const struct scope *s, enum filter filter, const cJSON *value, const char *argument)
{
	const char *text = cJSON_GetStringValue(value), *comma = argument + strcspn(argument, ",");
	BUF_AUTO struct buf words = BUF_INIT(WORD_BYTES_MAX);
	size_t before = strcspn(argument, "%");

	if (filter < OF_EACH && cJSON_IsArray(value)) { // one by one
		cJSON *all = cJSON_CreateArray();
		const cJSON *element;
		cJSON_ArrayForEach(element, value)
		{
			cJSON_AddItemToArray(all, filter_apply(s, filter, element, argument));
		}
		return all;
	}
	switch (filter) {
	case AT:
		buf_printf(&words, "%sT00:00:00Z", text != NULL ? text : "");
		return text != NULL ? cJSON_CreateString(buf_text(&words)) : cJSON_Duplicate(value, true);
	case WORD:
		return text != NULL ? cJSON_CreateString(word_or(s->policy, argument, text)) : cJSON_Duplicate(value, true);
	case IN: {
		JSON_AUTO cJSON *list = path_value(s, argument, strlen(argument));
		JSON_AUTO cJSON *found = elements_with(list, text != NULL ? text : "", 1);
		return copy_or_null(cJSON_GetArrayItem(found, 0));
	}
	case TABLE:
	case PARTS:
		return from_table(s, argument, text != NULL ? text : "", filter == PARTS);
	case OR:
		return cJSON_IsNull(value) ? cJSON_CreateString(argument) : cJSON_Duplicate(value, true);
	case NONE:
		return holds(value) ? cJSON_Duplicate(value, true) : cJSON_CreateString(word(s->policy, argument));
	case COUNT:
		return cJSON_CreateNumber(cJSON_GetArraySize(value));
	case ANY:
		return cJSON_CreateBool(holds(value));
	case JOIN:
		list_cell(word_language(s->policy), value, argument, &words);
		return cJSON_CreateString(buf_text(&words));
	case FIRST:
		return copy_or_null(cJSON_GetArrayItem(value, 0));
	case PICK:
		buf_add(&words, argument, holds(value) ? (size_t)(comma - argument) : 0);
		buf_adds(&words, !holds(value) && *comma == ',' ? comma + 1 : "");
		return cJSON_CreateString(buf_text(&words));
	case GET:
		return path_from(s, value, argument, strlen(argument));
	case ONLY:
		return elements_with(value, argument, INT_MAX);
	default: // WRAP
		if (holds(value)) {
			buf_add(&words, argument, before);
			list_cell(word_language(s->policy), value, "; ", &words);
			buf_adds(&words, argument[before] == '%' ? argument + before + 1 : "");
		}
		return cJSON_CreateString(buf_text(&words));
	}
}

// What stands between braces: a path, then filters.
static cJSON *expression(const struct scope *s, const char *text, size_t len)
{
	char copy[512];

	if (snprintf(copy, sizeof copy, "%.*s", (int)len, text) >= (int)sizeof copy)
		return wrong(s, "path as long as", text, 40);
	char *next = strchr(copy, '|'), *at;
	cJSON *value = path_value(s, copy, next != NULL ? (size_t)(next - copy) : len);
	while ((at = next) != NULL) {
		unsigned filter = 0;
		next = strchr(++at, '|');
		size_t name = strcspn(at, ":|");
		while (filter < FILTER_COUNT && (strlen(filter_names[filter]) != name || strncmp(filter_names[filter], at, name) != 0))
			filter++;
		if (next != NULL)
			*next = '\0';
		cJSON *result = filter == FILTER_COUNT ? wrong(s, "filter", at, name)
						       : filter_apply(s, (enum filter)filter, value, at + name + (at[name] == ':'));
		cJSON_Delete(value);
		value = result;
	}
	return value;
}

static cJSON *map_text(const struct scope *s, const char *text)
{
	BUF_AUTO struct buf out = BUF_INIT(WORD_BYTES_MAX);

	if (text[0] == '{' && text[1 + strcspn(text + 1, "}")] == '}' && text[2 + strcspn(text + 1, "}")] == '\0')
		return expression(s, text + 1, strcspn(text + 1, "}"));
	while (*text != '\0') {
		size_t plain = strcspn(text, "{"), len = text[plain] == '{' ? strcspn(text + plain + 1, "}") : 0;
		buf_add(&out, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		JSON_AUTO cJSON *value = expression(s, text + 1, len);
		list_cell(word_language(s->policy), value, "; ", &out);
		text += len + 1 + (text[len + 1] == '}');
	}
	return cJSON_CreateString(buf_text(&out));
}

static bool condition(const struct scope *s, const char *text)
{
	for (const char *next; *text != '\0'; text = next) {
		const char *joint = strstr(text, " & "), *end = joint != NULL ? joint : text + strlen(text),
			   *middle = text + strcspn(text, " ");
		bool no = *text == '!', result = false;
		const cJSON *element;

		next = joint != NULL ? joint + 3 : end;
		middle = middle < end ? middle : end;
		JSON_AUTO cJSON *value = expression(s, text + no, (size_t)(middle - text) - no);
		if (strncmp(middle, " has ", 5) == 0) {
			JSON_AUTO cJSON *other = expression(s, middle + 5, (size_t)(end - middle) - 5);
			cJSON_ArrayForEach(element, value)
			{
				result = result || cJSON_Compare(element, other, true);
			}
		} else if (strncmp(middle, " = ", 3) == 0) {
			size_t len = (size_t)(end - middle) - 3;
			result =
			    cJSON_IsString(value) && strlen(value->valuestring) == len && strncmp(value->valuestring, middle + 3, len) == 0;
		} else {
			result = holds(value) != no;
		}
		if (!result)
			return false;
	}
	return true;
}

// The members that are not instructions.
static cJSON *map_members(const struct scope *s, const cJSON *object)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *member;

	cJSON_ArrayForEach(member, object)
	{
		char name[128];
		size_t len = strlen(member->string);
		bool optional = len > 0 && member->string[len - 1] == '?';
		cJSON *value = member->string[0] != '$' ? map_value(s, member) : NULL;
		snprintf(name, sizeof name, "%.*s", (int)(len - optional), member->string);
		if (value == NULL || (optional && cJSON_IsNull(value)))
			cJSON_Delete(value);
		else
			cJSON_AddItemToObject(out, name, value);
	}
	return out;
}

// Adds a value, or where it comes of an "$each" its elements. NULL: nothing.
static void add_mapped(cJSON *array, const cJSON *mapping, cJSON *value)
{
	bool elements = json_get(mapping, "$each") != NULL;

	for (cJSON *one; elements && (one = cJSON_DetachItemFromArray(value, 0)) != NULL;)
		cJSON_AddItemToArray(array, one);
	if (elements)
		cJSON_Delete(value);
	else if (value != NULL)
		cJSON_AddItemToArray(array, value);
}

// NULL: left out.
static cJSON *map_value(const struct scope *s, const cJSON *value)
{
	const char *needs = json_string(value, "$if");
	const cJSON *element;

	if (needs != NULL && !condition(s, needs))
		return NULL;
	if (cJSON_IsString(value))
		return map_text(s, value->valuestring);
	if (cJSON_IsArray(value)) {
		cJSON *out = cJSON_CreateArray();
		cJSON_ArrayForEach(element, value)
		{
			add_mapped(out, element, map_value(s, element));
		}
		return out;
	}
	if (json_get(value, "$with") != NULL) {
		JSON_AUTO cJSON *with = map_members(s, json_get(value, "$with"));
		const struct scope inner = {s->policy, s->mapping, s->top, with, s, s->e};
		return map_value(&inner, json_get(value, "$value"));
	}
	const char *path = json_string(value, "$each"), *where = json_string(value, "$where");
	if (path != NULL) {
		JSON_AUTO cJSON *list = expression(s, path, strlen(path));
		const cJSON *only = json_get(value, "$value");
		cJSON *all = cJSON_CreateArray();
		cJSON_ArrayForEach(element, list)
		{
			const struct scope inner = {s->policy, s->mapping, s->top, element, s, s->e};
			if (where == NULL || condition(&inner, where))
				add_mapped(all, only, only != NULL ? map_value(&inner, only) : map_members(&inner, value));
		}
		return all;
	}
	return cJSON_IsObject(value) ? map_members(s, value) : cJSON_Duplicate(value, true);
}

cJSON *mapping_apply(const cJSON *mapping, const cJSON *value, const struct policy *p, const cJSON *top, const cJSON *element,
		     struct err *e)
{
	struct err none = {0};
	const struct scope s = {p, mapping, top, element, NULL, &none};
	cJSON *out = map_value(&s, value);

	if (out == NULL && none.code == ERR_NONE)
		err_set(&none, ERR_MEMORY, "no memory for what is mapped");
	if (none.code == ERR_NONE)
		return out;
	cJSON_Delete(out);
	*e = none;
	return NULL;
}
