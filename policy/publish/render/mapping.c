// SPDX-License-Identifier: ISC
#include "policy/publish/render/mapping.h"
#include "policy/base/limits.h"
#include "policy/publish/render/list.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct scope {
	const struct policy *policy;
	const cJSON *mapping, *top, *element;
	const struct scope *outer; // that of the "$each" around
	cJSON *made;               // what was made on the way: it stays until the end, so that values stand in others by reference
	struct err *e;
};

static const cJSON nothing = {.type = cJSON_NULL};

static const cJSON *map_value(const struct scope *s, const cJSON *value);

static bool holds(const cJSON *value)
{
	const char *text = cJSON_GetStringValue(value);

	if (value == NULL || text != NULL)
		return text != NULL && text[0] != '\0';
	return cJSON_IsArray(value) ? value->child != NULL : cJSON_IsNumber(value) || cJSON_IsTrue(value) || cJSON_IsObject(value);
}

static const cJSON *keep_made(const struct scope *s, cJSON *value)
{
	if (value != NULL && cJSON_AddItemToArray(s->made, value))
		return value;
	cJSON_Delete(value);
	if (s->e->code == ERR_NONE)
		err_set(s->e, ERR_MEMORY, "no memory for what is mapped");
	return &nothing;
}

static void add_reference(cJSON *array, const cJSON *value)
{
	cJSON_AddItemReferenceToArray(array, (cJSON *)value); // which does not change it
}

// ---- paths ----

// Notes the first thing that is wrong with the mapping; it goes on with null, and mapping_apply fails at its end.
static const cJSON *wrong(const struct scope *s, const char *what, const char *name, size_t len)
{
	if (s->e->code == ERR_NONE)
		err_set(s->e, ERR_INPUT, "there is no %s \"%.*s\"", what, (int)len, name);
	return &nothing;
}

static const cJSON *path_from(const struct scope *s, const cJSON *at, const char *path, size_t len)
{
	size_t first = strcspn(path, "."), used = first < len ? first : len;
	const cJSON *element;

	if (len == 0 || cJSON_IsNull(at))
		return at;
	if (cJSON_IsArray(at)) {
		cJSON *all = cJSON_CreateArray();
		cJSON_ArrayForEach(element, at)
		{
			add_reference(all, path_from(s, element, path, len));
		}
		return keep_made(s, all);
	}
	if (cJSON_IsObject(at)) {
		cJSON_ArrayForEach(element, at)
		{
			if (element->string[0] == path[0] && strncmp(element->string, path, used) == 0 && element->string[used] == '\0')
				return path_from(s, element, path + used + (used < len), len - used - (used < len));
		}
	}
	return wrong(s, "member", path, used);
}

static const cJSON *path_value(const struct scope *s, const char *path, size_t len)
{
	if (len > 0 && path[0] == '/')
		return path_from(s, s->top, path + 1, len - 1);
	const cJSON *at = s->element;
	for (; len > 0 && path[0] == '^' && s->outer != NULL; path++, len--) {
		s = s->outer;
		at = s->element;
	}
	return len == 1 && path[0] == '.' ? at : path_from(s, at, path, len);
}

// ---- filters ----

// The elements whose id, or whose member before "=", is in the list; of them at most `max`.
static const cJSON *elements_with(const struct scope *s, const cJSON *array, const char *ids, int max)
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
		if (id != NULL && *list != '\0' && max-- > 0)
			add_reference(out, element);
	}
	return keep_made(s, out);
}

static const cJSON *first_of(const cJSON *array)
{
	return cJSON_IsArray(array) && array->child != NULL ? array->child : &nothing;
}

enum filter { AT, WORD, IN, TABLE, PARTS, OF_EACH, OR = OF_EACH, NONE, COUNT, ANY, JOIN, FIRST, PICK, GET, ONLY, WRAP, FILTER_COUNT };
static const char *const filter_names[] = {"at",  "word", "in",    "table", "parts", "or",   "none", "count",
					   "any", "join", "first", "pick",  "get",   "only", "wrap"};

static const cJSON *filter_apply(const struct scope *s, enum filter filter, const cJSON *value, const char *argument)
{
	const char *text = cJSON_GetStringValue(value), *comma;
	BUF_AUTO struct buf words = BUF_INIT(WORD_BYTES_MAX);
	const cJSON *table, *found;
	size_t before;
	char part[64];

	if (filter < OF_EACH && cJSON_IsArray(value)) { // one by one
		cJSON *all = cJSON_CreateArray();
		const cJSON *element;
		cJSON_ArrayForEach(element, value)
		{
			add_reference(all, filter_apply(s, filter, element, argument));
		}
		return keep_made(s, all);
	}
	switch (filter) {
	case AT:
		buf_printf(&words, "%sT00:00:00Z", text != NULL ? text : "");
		return text != NULL ? keep_made(s, cJSON_CreateString(buf_text(&words))) : value;
	case WORD:
		return text != NULL ? keep_made(s, cJSON_CreateString(word_or(s->policy, argument, text))) : value;
	case IN:
		return first_of(elements_with(s, path_value(s, argument, strlen(argument)), text != NULL ? text : "", 1));
	case TABLE:
	case PARTS: // what the table has for the word as a whole, else for the first of its parts that is there
		text = text != NULL ? text : "";
		table = json_get(json_get(s->mapping, "$tables"), argument);
		found = json_get(table, text);
		for (; found == NULL && filter == PARTS && *text != '\0'; text += strcspn(text, "-"), text += *text == '-') {
			snprintf(part, sizeof part, "%.*s", (int)strcspn(text, "-"), text);
			found = json_get(table, part);
		}
		return found != NULL ? found : &nothing;
	case OR:
		return cJSON_IsNull(value) ? keep_made(s, cJSON_CreateString(argument)) : value;
	case NONE:
		return holds(value) ? value : keep_made(s, cJSON_CreateString(word(s->policy, argument)));
	case COUNT:
		return keep_made(s, cJSON_CreateNumber(cJSON_GetArraySize(value)));
	case ANY:
		return keep_made(s, cJSON_CreateBool(holds(value)));
	case JOIN:
		list_cell(word_language(s->policy), value, argument, &words);
		break;
	case FIRST:
		return first_of(value);
	case PICK:
		comma = strchrnul(argument, ',');
		buf_add(&words, argument, holds(value) ? (size_t)(comma - argument) : 0);
		buf_adds(&words, !holds(value) && *comma == ',' ? comma + 1 : "");
		break;
	case GET:
		return path_from(s, value, argument, strlen(argument));
	case ONLY:
		return elements_with(s, value, argument, INT_MAX);
	default: // WRAP
		if (!holds(value))
			break;
		before = strcspn(argument, "%");
		buf_add(&words, argument, before);
		list_cell(word_language(s->policy), value, "; ", &words);
		buf_adds(&words, argument[before] == '%' ? argument + before + 1 : "");
	}
	return keep_made(s, cJSON_CreateString(buf_text(&words)));
}

// What stands between braces: a path, then filters.
static const cJSON *expression(const struct scope *s, const char *text, size_t len)
{
	char copy[512];

	if (len >= sizeof copy)
		return wrong(s, "path as long as", text, 40);
	memcpy(copy, text, len);
	copy[len] = '\0';
	char *next = strchr(copy, '|'), *at;
	const cJSON *value = path_value(s, copy, next != NULL ? (size_t)(next - copy) : len);
	while ((at = next) != NULL) {
		unsigned filter = 0;
		next = strchr(++at, '|');
		size_t name = strcspn(at, ":|");
		while (filter < FILTER_COUNT && (filter_names[filter][0] != at[0] || strncmp(filter_names[filter], at, name) != 0 ||
						 filter_names[filter][name] != '\0'))
			filter++;
		if (next != NULL)
			*next = '\0';
		value = filter == FILTER_COUNT ? wrong(s, "filter", at, name)
					       : filter_apply(s, (enum filter)filter, value, at + name + (at[name] == ':'));
	}
	return value;
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
		const cJSON *value = expression(s, text + no, (size_t)(middle - text) - no);
		if (strncmp(middle, " has ", 5) == 0) {
			const cJSON *other = expression(s, middle + 5, (size_t)(end - middle) - 5);
			cJSON_ArrayForEach(element, value)
			{
				result = result || cJSON_Compare(element, other, true);
			}
		} else if (strncmp(middle, " = ", 3) == 0 || strncmp(middle, " != ", 4) == 0) {
			const bool differs = middle[1] == '!';
			const char *is = cJSON_GetStringValue(value), *wanted = middle + 3 + differs;
			size_t len = (size_t)(end - wanted);
			result = (is != NULL && strlen(is) == len && strncmp(is, wanted, len) == 0) != differs;
		} else {
			result = holds(value) != no;
		}
		if (!result)
			return false;
	}
	return true;
}

// ---- values ----

static const cJSON *map_text(const struct scope *s, const cJSON *value)
{
	BUF_AUTO struct buf out = BUF_INIT(WORD_BYTES_MAX);
	const char *text = value->valuestring;
	size_t close = text[0] == '{' ? strcspn(text, "}") : 0;

	if (strchr(text, '{') == NULL)
		return value;
	if (close > 0 && text[close] == '}' && text[close + 1] == '\0')
		return expression(s, text + 1, close - 1);
	while (*text != '\0') {
		size_t plain = strcspn(text, "{"), len = text[plain] == '{' ? strcspn(text + plain + 1, "}") : 0;
		buf_add(&out, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		list_cell(word_language(s->policy), expression(s, text + 1, len), "; ", &out);
		text += len + 1 + (text[len + 1] == '}');
	}
	return keep_made(s, cJSON_CreateString(buf_text(&out)));
}

// The members that are not instructions.
static const cJSON *map_members(const struct scope *s, const cJSON *object)
{
	cJSON *out = cJSON_CreateObject();
	const cJSON *member;

	cJSON_ArrayForEach(member, object)
	{
		char name[128] = "";
		size_t len = strlen(member->string);
		bool optional = len > 0 && member->string[len - 1] == '?';
		const cJSON *value = member->string[0] != '$' ? map_value(s, member) : NULL;
		if (value == NULL || (optional && cJSON_IsNull(value)))
			continue;
		if (optional)
			snprintf(name, sizeof name, "%.*s", (int)len - 1, member->string);
		cJSON_AddItemReferenceToObject(out, optional ? name : member->string, (cJSON *)value); // as add_reference
	}
	return keep_made(s, out);
}

// An object's instructions stand before its other members.
static const cJSON *instruction(const cJSON *object, const char *name)
{
	const cJSON *member = cJSON_IsObject(object) ? object->child : NULL;

	while (member != NULL && member->string[0] == '$' && strcmp(member->string, name) != 0)
		member = member->next;
	return member != NULL && member->string[0] == '$' ? member : NULL;
}

// Adds a value, or where it comes of an "$each" its elements. NULL: nothing.
static void add_mapped(cJSON *array, const cJSON *mapping, const cJSON *value)
{
	const cJSON *element;

	if (instruction(mapping, "$each") == NULL) {
		if (value != NULL)
			add_reference(array, value);
		return;
	}
	cJSON_ArrayForEach(element, value)
	{
		add_reference(array, element);
	}
}

// NULL: left out.
static const cJSON *map_value(const struct scope *s, const cJSON *value)
{
	bool instructions = cJSON_IsObject(value) && value->child != NULL && value->child->string[0] == '$';
	const char *needs = instructions ? cJSON_GetStringValue(instruction(value, "$if")) : NULL;
	const cJSON *element;
	struct scope inner = *s;

	if (needs != NULL && !condition(s, needs))
		return NULL;
	if (cJSON_IsString(value))
		return map_text(s, value);
	if (cJSON_IsArray(value)) {
		cJSON *out = cJSON_CreateArray();
		cJSON_ArrayForEach(element, value)
		{
			add_mapped(out, element, map_value(s, element));
		}
		return keep_made(s, out);
	}
	if (!instructions)
		return cJSON_IsObject(value) ? map_members(s, value) : value;
	inner.outer = s;
	if (instruction(value, "$with") != NULL) {
		inner.element = map_members(s, instruction(value, "$with"));
		return map_value(&inner, instruction(value, "$value"));
	}
	const char *path = cJSON_GetStringValue(instruction(value, "$each")), *where = cJSON_GetStringValue(instruction(value, "$where"));
	const cJSON *only = instruction(value, "$value");
	if (path == NULL)
		return only != NULL ? map_value(s, only) : map_members(s, value);
	const cJSON *list = expression(s, path, strlen(path));
	cJSON *all = cJSON_CreateArray();
	cJSON_ArrayForEach(element, list)
	{
		inner.element = element;
		if (where == NULL || condition(&inner, where))
			add_mapped(all, only, only != NULL ? map_value(&inner, only) : map_members(&inner, value));
	}
	return keep_made(s, all);
}

const cJSON *mapping_apply(const cJSON *mapping, const cJSON *value, const struct policy *p, const cJSON *top, const cJSON *element,
			   cJSON *made, struct err *e)
{
	struct err none = {0};
	const struct scope s = {.policy = p, .mapping = mapping, .top = top, .element = element, .made = made, .e = &none};
	const cJSON *result = map_value(&s, value);

	if (none.code == ERR_NONE)
		return result != NULL ? result : &nothing;
	*e = none;
	return NULL;
}
