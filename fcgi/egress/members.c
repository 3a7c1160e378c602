// SPDX-License-Identifier: ISC
#include "fcgi/egress/members.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

// An object or an array that is being read.
struct members_level {
	const cJSON *shape; // of an object its members; of an array what its items are
	const cJSON *flags; // what must be in the object; NULL: nothing
	bool array;
	const char *name; // of the member that it is; in an array, of that
	size_t len;
	uint64_t seen; // of the shape's members: none may come twice, as readers differ in which of them counts
};

struct members_reading {
	const char *at, *end;
	const struct policy_processor *to;
	kind_set kinds;
	unsigned flags_left;
	struct members_level levels[MEMBERS_DEEP];
	size_t depth;
	unsigned arrays; // of the levels
	size_t listed;   // bytes of settings in arrays, and one for each item: many small ones have no more place than a large one
	char *name;
};

// The name is told where it is a word of an interface and can be nothing that somebody wrote.
static void name_note(char out[MEMBERS_NAME], const char *name, size_t len)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-[]";
	bool fits = len < MEMBERS_NAME;

	for (size_t i = 0; i < len && fits; i++)
		fits = name[i] != '\0' && strchr(plain, name[i]) != NULL;
	snprintf(out, MEMBERS_NAME, "%.*s", fits ? (int)len : 0, name);
}

static void space_skip(struct members_reading *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

static bool take(struct members_reading *r, char c)
{
	space_skip(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

// What stands between two quotation marks, as it is written.
static bool text_take(struct members_reading *r, const char **text, size_t *len)
{
	if (!take(r, '"'))
		return false;
	*text = r->at;
	for (const char *from = r->at;; from++) {
		const char *quote = memchr(from, '"', (size_t)(r->end - from)), *escape = quote;
		if (quote == NULL)
			return false;
		while (escape > from && escape[-1] == '\\')
			escape--;
		from = quote;
		if ((quote - escape) % 2 != 0)
			continue;
		*len = (size_t)(quote - *text);
		r->at = quote + 1;
		return true;
	}
}

static bool listed_fits(struct members_reading *r, size_t more)
{
	r->listed += r->arrays > 0 ? more : 0;
	return r->listed <= MEMBERS_SETTING_MAX;
}

static unsigned flags_count(const cJSON *flags)
{
	unsigned count = 0;
	const cJSON *one;

	cJSON_ArrayForEach(one, flags) count += cJSON_IsObject(one) ? flags_count(one) : 1;
	return count;
}

// Whether a value, as it is written, is the one that the route always says.
static bool flag_fits(const cJSON *flag, const char *text, size_t len, bool quoted)
{
	const char *word = cJSON_IsTrue(flag) ? "true" : cJSON_IsFalse(flag) ? "false" : cJSON_GetStringValue(flag);

	return word != NULL && cJSON_IsString(flag) == quoted && strlen(word) == len && memcmp(word, text, len) == 0;
}

// `shape`: the words for the kinds of data that the value of `size` bytes may be, which the member of this name has.
static enum egress_failure value_fits(const struct members_reading *r, const cJSON *shape, const char *name, size_t len, size_t size)
{
	const char *words = cJSON_GetStringValue(shape);
	kind_set kinds = 0;

	if (words == NULL || kind_set_read(&kinds, words) != 0 || (kinds == 0 && size > MEMBERS_SETTING_MAX))
		return FAILURE_MEMBER;
	if (kinds != 0 && (kinds & r->kinds) == 0)
		return FAILURE_KIND;
	return kinds == 0 || policy_processor_takes(r->to, kinds & r->kinds, name, len) ? FAILURE_NONE : FAILURE_FIELD;
}

static enum egress_failure scalar_take(struct members_reading *r, const cJSON *shape, const cJSON *flag, const char *name, size_t name_len)
{
	static const char literals[] = "+-.0123456789Eaeflnrstu"; // of numbers, true, false, null
	const char *text;
	size_t len = 0;
	const bool quoted = *r->at == '"';

	if (quoted && !text_take(r, &text, &len))
		return FAILURE_MEMBER;
	if (!quoted) {
		text = r->at;
		while (r->at < r->end && *r->at != '\0' && strchr(literals, *r->at) != NULL)
			r->at++;
		len = (size_t)(r->at - text);
		if (len == 0 || len > 32)
			return FAILURE_MEMBER;
	}
	if (flag != NULL && !flag_fits(flag, text, len, quoted))
		return FAILURE_FLAGS;
	r->flags_left -= flag != NULL;
	enum egress_failure f = value_fits(r, shape, name, name_len, len);
	return f == FAILURE_NONE && *shape->valuestring == '\0' && !listed_fits(r, len + 1) ? FAILURE_MEMBER : f;
}

// The member of the shape that is called so; `list`: as an array. *index is that of the first with this name, whichever it is.
static const cJSON *shape_member(const cJSON *shape, const char *name, size_t len, bool list, unsigned *index)
{
	const cJSON *one, *found = NULL;
	unsigned n = 0;
	bool first = true;

	cJSON_ArrayForEach(one, shape)
	{
		bool named = strncmp(one->string, name, len) == 0;
		bool is_list = named && strcmp(one->string + len, "[]") == 0;
		if (is_list || (named && one->string[len] == '\0')) {
			*index = first ? n : *index;
			first = false;
			found = is_list == list ? one : found;
		}
		n++;
	}
	return found;
}

// The next value, of the member that is called so or, without a name, an item of the array.
static enum egress_failure value_take(struct members_reading *r, const char *name, size_t len)
{
	struct members_level *level = &r->levels[r->depth - 1];
	const cJSON *shape = level->shape, *flag = NULL;
	unsigned index = 0;

	space_skip(r);
	if (r->at == r->end)
		return FAILURE_MEMBER;
	const bool list = *r->at == '[', object = *r->at == '{';
	if (name != NULL) {
		shape = shape_member(level->shape, name, len, list, &index);
		flag = shape != NULL && level->flags != NULL ? cJSON_GetObjectItemCaseSensitive(level->flags, shape->string) : NULL;
		if (shape == NULL || (level->seen & UINT64_C(1) << index) != 0) {
			name_note(r->name, name, len);
			return FAILURE_MEMBER;
		}
		level->seen |= UINT64_C(1) << index;
	}
	const char *called = name != NULL ? name : level->name;
	const size_t called_len = name != NULL ? len : level->len;
	if (!list && !object) {
		enum egress_failure f = scalar_take(r, shape, flag, called, called_len);
		if (f == FAILURE_FIELD)
			name_note(r->name, called, called_len);
		else if (f != FAILURE_NONE && name != NULL)
			name_note(r->name, name, len);
		return f;
	}
	if (r->depth == MEMBERS_DEEP || (object && !cJSON_IsObject(shape)) || (list && name == NULL) || !listed_fits(r, 1)) {
		name_note(r->name, name != NULL ? name : "", name != NULL ? len : 0);
		return FAILURE_MEMBER;
	}
	r->at++;
	r->arrays += list;
	r->levels[r->depth++] =
	    (struct members_level){.shape = shape, .array = list, .name = called, .len = called_len, .flags = object ? flag : NULL};
	return FAILURE_NONE;
}

static enum egress_failure json_check(struct members_reading *r, const struct processor_route *route)
{
	bool empty = true; // nothing of the level has come yet

	if (!take(r, '{'))
		return FAILURE_MEMBER;
	r->levels[r->depth++] = (struct members_level){.shape = route->members, .flags = route->body};
	r->flags_left = flags_count(route->body);
	while (r->depth > 0) {
		const bool array = r->levels[r->depth - 1].array;
		const size_t depth = r->depth;
		const char *name = NULL;
		size_t len = 0;
		if (take(r, array ? ']' : '}')) {
			r->depth--;
			r->arrays -= array;
			empty = false;
			continue;
		}
		if (!empty && !take(r, ','))
			return FAILURE_MEMBER;
		if (!array &&
		    (!text_take(r, &name, &len) || memchr(name, '\\', len) != NULL || memchr(name, '\0', len) != NULL || !take(r, ':')))
			return FAILURE_MEMBER;
		enum egress_failure f = value_take(r, name, len);
		if (f != FAILURE_NONE)
			return f;
		empty = r->depth > depth;
	}
	space_skip(r);
	if (r->at != r->end)
		return FAILURE_MEMBER;
	return r->flags_left == 0 ? FAILURE_NONE : FAILURE_FLAGS;
}

static bool word_take(struct members_reading *r, const char *word)
{
	const size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
		return false;
	r->at += len;
	return true;
}

// The parts of a form are the members of its shape; a file of several is called "image[]" there and here. A part has the headers that it needs, no others: a
// file is what somebody uploaded, and all of that is a file.
static enum egress_failure form_check(struct members_reading *r, const struct processor_route *route, const char *boundary)
{
	static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz_[]", file_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789.";
	char delimiter[128];
	uint64_t seen = 0;

	if (snprintf(delimiter, sizeof delimiter, "\r\n--%s", boundary) >= (int)sizeof delimiter || *boundary == '\0' ||
	    route->body != NULL || !word_take(r, delimiter + 2))
		return FAILURE_MEMBER;
	while (!word_take(r, "--\r\n")) {
		const char *name, *next;
		size_t len;
		if (!word_take(r, "\r\nContent-Disposition: form-data; name=\""))
			return FAILURE_MEMBER;
		for (name = r->at; r->at < r->end && *r->at != '\0' && strchr(name_characters, *r->at) != NULL;)
			r->at++;
		len = (size_t)(r->at - name);
		name_note(r->name, name, len);
		const bool file = word_take(r, "\"; filename=\"");
		if (file)
			while (r->at < r->end && *r->at != '\0' && strchr(file_characters, *r->at) != NULL)
				r->at++;
		if (!word_take(r, "\"\r\n"))
			return FAILURE_MEMBER;
		if (file && !word_take(r, "Content-Type: image/png\r\n") && !word_take(r, "Content-Type: image/jpeg\r\n"))
			return FAILURE_MEMBER;
		if (!word_take(r, "\r\n") || (next = memmem(r->at, (size_t)(r->end - r->at), delimiter, strlen(delimiter))) == NULL)
			return FAILURE_MEMBER;
		const cJSON *one, *shape = NULL;
		unsigned n = 0, index = 0;
		cJSON_ArrayForEach(one, route->members)
		{
			if (strncmp(one->string, name, len) == 0 && one->string[len] == '\0') {
				shape = one;
				index = n;
			}
			n++;
		}
		const char *kinds = cJSON_GetStringValue(shape);
		const uint64_t bit = len > 0 && name[len - 1] == ']' ? 0 : UINT64_C(1) << index;
		if (kinds == NULL || file != (strcmp(kinds, "upload") == 0) || (seen & bit) != 0)
			return FAILURE_MEMBER;
		seen |= bit;
		const size_t field_len = bit == 0 && len > 2 ? len - 2 : len; // "image" of "image[]"
		enum egress_failure f = value_fits(r, shape, name, field_len, (size_t)(next - r->at));
		if (f != FAILURE_NONE)
			return f;
		r->at = next + strlen(delimiter);
	}
	return r->at == r->end ? FAILURE_NONE : FAILURE_MEMBER;
}

enum egress_failure members_check(const struct policy_processor *to, const struct processor_route *r, kind_set kinds, const char *type,
				  const char *body, size_t len, char name[MEMBERS_NAME])
{
	static const char json[] = "application/json", form[] = "multipart/form-data; boundary=";
	struct members_reading reading = {.at = body, .end = body + len, .to = to, .kinds = kinds, .name = name};

	*name = '\0';
	if (len == 0)
		return r->body != NULL ? FAILURE_FLAGS : FAILURE_NONE;
	if (cJSON_IsString(r->members)) { // bytes of any form
		kind_set may = 0;
		if (kind_set_read(&may, r->members->valuestring) != 0 || (kinds & ~may) != 0)
			return FAILURE_KIND;
		return policy_processor_takes(to, kinds, "", 0) ? FAILURE_NONE : FAILURE_FIELD;
	}
	if (r->members == NULL || type == NULL)
		return FAILURE_MEMBER;
	if (strncasecmp(type, json, sizeof json - 1) == 0 && strchr("; ", type[sizeof json - 1]) != NULL)
		return json_check(&reading, r);
	return strncmp(type, form, sizeof form - 1) == 0 ? form_check(&reading, r, type + sizeof form - 1) : FAILURE_MEMBER;
}
