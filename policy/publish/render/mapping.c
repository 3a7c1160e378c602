// SPDX-License-Identifier: ISC
#include "policy/publish/render/mapping.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/publish/render/list.h"
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

static cJSON *path_from(const struct scope *s, const cJSON *at, const char *path, size_t len)
{
	char name[64];

	if (len == 0)
		return cJSON_Duplicate(at, true);
	if (cJSON_IsNull(at))
		return cJSON_CreateNull();
	if (cJSON_IsArray(at)) {
		cJSON *all = cJSON_CreateArray(), *one = NULL;
		const cJSON *element;
		cJSON_ArrayForEach(element, at)
		{
			if ((one = path_from(s, element, path, len)) == NULL) {
				cJSON_Delete(all);
				return NULL;
			}
			cJSON_AddItemToArray(all, one);
		}
		return all;
	}
	size_t first = strcspn(path, "."), used = first < len ? first : len;
	snprintf(name, sizeof name, "%.*s", (int)used, path);
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(at, name);
	if (member == NULL) {
		err_set(s->e, ERR_INPUT, "there is no \"%s\" in what is mapped", name);
		return NULL;
	}
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

// ---- filters: each takes a value and returns another, which may be the same with its text changed ----

static cJSON *replaced(cJSON *value, cJSON *by)
{
	cJSON_Delete(value);
	return by;
}

static cJSON *filter_word(const struct scope *s, cJSON *value, const char *group)
{
	return cJSON_IsString(value) ? replaced(value, cJSON_CreateString(word_or(s->policy, group, value->valuestring))) : value;
}

static cJSON *filter_or(const struct scope *s, cJSON *value, const char *text)
{
	(void)s;
	return cJSON_IsNull(value) ? replaced(value, cJSON_CreateString(text)) : value;
}

static cJSON *filter_none(const struct scope *s, cJSON *value, const char *key)
{
	return holds(value) ? value : replaced(value, cJSON_CreateString(word(s->policy, key)));
}

static cJSON *filter_at(const struct scope *s, cJSON *value, const char *argument)
{
	char instant[64];

	(void)s;
	(void)argument;
	snprintf(instant, sizeof instant, "%sT00:00:00Z", cJSON_IsString(value) ? value->valuestring : "");
	return cJSON_IsString(value) ? replaced(value, cJSON_CreateString(instant)) : value;
}

static cJSON *filter_count(const struct scope *s, cJSON *value, const char *argument)
{
	(void)s;
	(void)argument;
	return replaced(value, cJSON_CreateNumber(cJSON_GetArraySize(value)));
}

static cJSON *filter_any(const struct scope *s, cJSON *value, const char *argument)
{
	bool any = holds(value);

	(void)s;
	(void)argument;
	return replaced(value, cJSON_CreateBool(any));
}

static cJSON *filter_join(const struct scope *s, cJSON *value, const char *between)
{
	BUF_AUTO struct buf text = BUF_INIT(WORD_BYTES_MAX);

	list_cell(word_language(s->policy), value, between, &text);
	return replaced(value, cJSON_CreateString(buf_text(&text)));
}

static cJSON *filter_first(const struct scope *s, cJSON *value, const char *argument)
{
	cJSON *element = cJSON_DetachItemFromArray(value, 0);

	(void)s;
	(void)argument;
	return replaced(value, element != NULL ? element : cJSON_CreateNull());
}

static cJSON *filter_pick(const struct scope *s, cJSON *value, const char *both)
{
	const char *comma = both + strcspn(both, ",");
	char first[128];

	(void)s;
	snprintf(first, sizeof first, "%.*s", (int)(comma - both), both);
	return replaced(value, cJSON_CreateString(holds(value) ? first : comma + (*comma == ',')));
}

static cJSON *filter_get(const struct scope *s, cJSON *value, const char *path)
{
	return replaced(value, path_from(s, value, path, strlen(path)));
}

static bool id_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (; *list != '\0'; list += strcspn(list, ","), list += *list == ',') {
		if (strcspn(list, ",") == len && strncmp(list, name, len) == 0)
			return true;
	}
	return false;
}

static cJSON *filter_only(const struct scope *s, cJSON *value, const char *ids)
{
	const char *equals = strchr(ids, '='), *id;
	char member[32] = "id";

	(void)s;
	if (equals != NULL)
		snprintf(member, sizeof member, "%.*s", (int)(equals - ids), ids);
	for (int i = cJSON_GetArraySize(value) - 1; i >= 0; i--) {
		id = json_string(cJSON_GetArrayItem(value, i), member);
		if (id == NULL || !id_listed(equals != NULL ? equals + 1 : ids, id))
			cJSON_DeleteItemFromArray(value, i);
	}
	return value;
}

static cJSON *filter_in(const struct scope *s, cJSON *value, const char *path)
{
	cJSON *list = path_value(s, path, strlen(path)), *found = NULL;

	for (int i = 0; i < cJSON_GetArraySize(list) && cJSON_IsString(value) && found == NULL; i++) {
		const char *id = json_string(cJSON_GetArrayItem(list, i), "id");
		if (id != NULL && strcmp(id, value->valuestring) == 0)
			found = cJSON_DetachItemFromArray(list, i);
	}
	cJSON_Delete(list);
	return replaced(value, found != NULL ? found : cJSON_CreateNull());
}

static cJSON *filter_table(const struct scope *s, cJSON *value, const char *name)
{
	const cJSON *found = json_get(json_get(json_get(s->mapping, "$tables"), name), cJSON_IsString(value) ? value->valuestring : "");

	return replaced(value, found != NULL ? cJSON_Duplicate(found, true) : cJSON_CreateNull());
}

// For the word as a whole, else for the first of its parts that is there ("stop-abuse"); null for none.
static cJSON *filter_parts(const struct scope *s, cJSON *value, const char *name)
{
	const cJSON *table = json_get(json_get(s->mapping, "$tables"), name), *found = NULL;
	const char *word = cJSON_IsString(value) ? value->valuestring : "";
	char part[64];

	found = json_get(table, word);
	for (; found == NULL && *word != '\0'; word += strcspn(word, "-"), word += *word == '-') {
		snprintf(part, sizeof part, "%.*s", (int)strcspn(word, "-"), word);
		found = json_get(table, part);
	}
	return replaced(value, found != NULL ? cJSON_Duplicate(found, true) : cJSON_CreateNull());
}

static cJSON *filter_wrap(const struct scope *s, cJSON *value, const char *around)
{
	BUF_AUTO struct buf text = BUF_INIT(WORD_BYTES_MAX);
	size_t before = strcspn(around, "%");

	if (!holds(value))
		return replaced(value, cJSON_CreateString(""));
	buf_add(&text, around, before);
	list_cell(word_language(s->policy), value, "; ", &text);
	buf_adds(&text, around + before + (around[before] == '%'));
	return replaced(value, cJSON_CreateString(buf_text(&text)));
}

static const struct filter {
	const char *name;
	bool each; // of an array's elements, one by one
	cJSON *(*apply)(const struct scope *s, cJSON *value, const char *argument);
} filters[] = {
    {"word", true, filter_word},    {"or", false, filter_or},      {"none", false, filter_none}, {"at", true, filter_at},
    {"count", false, filter_count}, {"any", false, filter_any},    {"join", false, filter_join}, {"first", false, filter_first},
    {"pick", false, filter_pick},   {"get", false, filter_get},    {"only", false, filter_only}, {"in", true, filter_in},
    {"table", true, filter_table},  {"parts", true, filter_parts}, {"wrap", false, filter_wrap},
};

static cJSON *filter_apply(const struct scope *s, const struct filter *filter, cJSON *value, const char *argument)
{
	cJSON *all;

	if (!filter->each || !cJSON_IsArray(value))
		return filter->apply(s, value, argument);
	all = cJSON_CreateArray();
	for (cJSON *one; (one = cJSON_DetachItemFromArray(value, 0)) != NULL;)
		cJSON_AddItemToArray(all, filter->apply(s, one, argument));
	return replaced(value, all);
}

// What stands between braces: a path, then filters.
static cJSON *expression(const struct scope *s, const char *text, size_t len)
{
	char copy[512];

	if (snprintf(copy, sizeof copy, "%.*s", (int)len, text) >= (int)sizeof copy) {
		err_set(s->e, ERR_INPUT, "\"%.40s…\" is too long", text);
		return NULL;
	}
	char *next = strchr(copy, '|'), *at;
	cJSON *value = path_value(s, copy, next != NULL ? (size_t)(next - copy) : len);
	while (value != NULL && (at = next) != NULL) {
		*at++ = '\0';
		next = strchr(at, '|');
		size_t name = strcspn(at, ":|"), end = strcspn(at, "|"), i = 0;
		while (i < ARRAY_LEN(filters) && (strlen(filters[i].name) != name || strncmp(filters[i].name, at, name) != 0))
			i++;
		if (i == ARRAY_LEN(filters)) {
			err_set(s->e, ERR_INPUT, "there is no filter \"%.*s\"", (int)name, at);
			return replaced(value, NULL);
		}
		at[end] = '\0';
		value = filter_apply(s, &filters[i], value, at + name + (at[name] == ':'));
		if (next != NULL)
			*next = '|';
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
		cJSON *value = expression(s, text + 1, len);
		if (value == NULL)
			return NULL;
		list_cell(word_language(s->policy), value, "; ", &out);
		cJSON_Delete(value);
		text += len + 1 + (text[len + 1] == '}');
	}
	return cJSON_CreateString(buf_text(&out));
}

// 1, 0, or -1 with the error.
static int condition(const struct scope *s, const char *text)
{
	for (const char *next; *text != '\0'; text = next) {
		const char *and = strstr(text, " & "), *end = and != NULL ? and : text + strlen(text);
		const char *middle = text + strcspn(text, " ");
		bool no = *text == '!', result = false;
		size_t path = (size_t)((middle < end ? middle : end) - text) - no;

		next = and != NULL ? and+3 : end;
		cJSON *value = expression(s, text + no, path), *other = NULL;
		const cJSON *element;
		if (value != NULL && strncmp(middle, " has ", 5) == 0 && middle < end)
			other = expression(s, middle + 5, (size_t)(end - middle) - 5);
		else if (value != NULL && strncmp(middle, " = ", 3) == 0 && middle < end)
			result = cJSON_IsString(value) && strlen(value->valuestring) == (size_t)(end - middle) - 3 &&
				 strncmp(value->valuestring, middle + 3, (size_t)(end - middle) - 3) == 0;
		else
			result = holds(value) != no;
		cJSON_ArrayForEach(element, value) result = result || (other != NULL && cJSON_Compare(element, other, true));
		cJSON_Delete(other);
		cJSON_Delete(value);
		if (value == NULL || s->e->code != ERR_NONE)
			return -1;
		if (!result)
			return 0;
	}
	return 1;
}

// The members that are not instructions. Returns NULL with the error.
static cJSON *map_members(const struct scope *s, const cJSON *object)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *member;

	cJSON_ArrayForEach(member, object)
	{
		char name[128];
		size_t len = strlen(member->string);
		bool optional = len > 0 && member->string[len - 1] == '?';
		if (member->string[0] == '$')
			continue;
		cJSON *value = map_value(s, member);
		if (value == NULL && s->e->code != ERR_NONE) {
			cJSON_Delete(out);
			return NULL;
		}
		snprintf(name, sizeof name, "%.*s", (int)(len - optional), member->string);
		if (value == NULL || (optional && cJSON_IsNull(value)))
			cJSON_Delete(value);
		else
			cJSON_AddItemToObject(out, name, value);
	}
	return out;
}

// A value, or its elements.
static void add_elements(cJSON *array, cJSON *value, bool elements)
{
	for (cJSON *one; elements && (one = cJSON_DetachItemFromArray(value, 0)) != NULL;)
		cJSON_AddItemToArray(array, one);
	if (elements)
		cJSON_Delete(value);
	else
		cJSON_AddItemToArray(array, value);
}

static cJSON *map_each(const struct scope *s, const cJSON *object)
{
	const char *path = json_string(object, "$each"), *where = json_string(object, "$where");
	const cJSON *element, *only = json_get(object, "$value");
	cJSON *list = expression(s, path, strlen(path)), *all = list != NULL ? cJSON_CreateArray() : NULL;

	cJSON_ArrayForEach(element, list)
	{
		const struct scope inner = {s->policy, s->mapping, s->top, element, s, s->e};
		int wanted = where != NULL ? condition(&inner, where) : 1;
		cJSON *value = wanted <= 0 ? NULL : only != NULL ? map_value(&inner, only) : map_members(&inner, object);
		if (value != NULL)
			add_elements(all, value, only != NULL && json_get(only, "$each") != NULL);
	}
	cJSON_Delete(list);
	return s->e->code != ERR_NONE ? replaced(all, NULL) : all;
}

static cJSON *map_array(const struct scope *s, const cJSON *array)
{
	cJSON *out = cJSON_CreateArray();
	const cJSON *element;

	cJSON_ArrayForEach(element, array)
	{
		cJSON *value = map_value(s, element);
		if (value == NULL && s->e->code != ERR_NONE)
			return replaced(out, NULL);
		if (value != NULL)
			add_elements(out, value, json_get(element, "$each") != NULL);
	}
	return out;
}

// NULL: left out, or failed with the error.
static cJSON *map_value(const struct scope *s, const cJSON *value)
{
	const char *needs = json_string(value, "$if");

	if (needs != NULL && condition(s, needs) != 1)
		return NULL;
	if (cJSON_IsString(value))
		return map_text(s, value->valuestring);
	if (cJSON_IsArray(value))
		return map_array(s, value);
	if (json_get(value, "$with") != NULL) {
		JSON_AUTO cJSON *with = map_members(s, json_get(value, "$with"));
		const struct scope inner = {s->policy, s->mapping, s->top, with, s, s->e};
		return with != NULL ? map_value(&inner, json_get(value, "$value")) : NULL;
	}
	if (json_string(value, "$each") != NULL)
		return map_each(s, value);
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
	if (out == NULL)
		*e = none;
	return out;
}
