// SPDX-License-Identifier: ISC
#include "policy/processors/processors.h"
#include "policy/base/array.h"
#include "policy/base/embed.h"
#include "policy/base/json.h"
#include "policy/base/setting.h"
#include "policy/model/policy.h"
#include "policy/processors/built.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

EMBED(processors_json, "policy/processors/processors.json");

enum {
	ROWS_MAX = 64,
	SHAPE_MEMBERS = 64, // of one object
};

struct processor_rows {
	struct processor_facts at[ROWS_MAX];
	unsigned count;
	cJSON *json; // what the rows point into
};
static struct processor_rows known;

// ---- reading ----

enum member_type {
	MEMBER_TEXT,
	MEMBER_LIST,
	MEMBER_BOOL,
	MEMBER_NUMBER,
	MEMBER_ANSWER,
	MEMBER_ROLES,
	MEMBER_DURATION,
	MEMBER_OBJECT,
	MEMBER_SHAPE,
	MEMBER_ROUTES,
	MEMBER_MODELS,
	MEMBER_KNOWN,
	MEMBER_S3
};

struct member {
	const char *name;
	enum member_type type;
	bool required;
	size_t offset;
};

#define MEMBER(row, name, type, required)                                                                                                  \
	{                                                                                                                                  \
#name, type, required, offsetof(struct row, name)                                                                          \
	}
static const struct member facts_members[] = {
    MEMBER(processor_facts, ids, MEMBER_LIST, true),
    MEMBER(processor_facts, owner, MEMBER_TEXT, true),
    MEMBER(processor_facts, name, MEMBER_TEXT, false),
    MEMBER(processor_facts, built_in, MEMBER_BOOL, false),
    MEMBER(processor_facts, own, MEMBER_BOOL, false),
    MEMBER(processor_facts, smtp, MEMBER_BOOL, false),
    MEMBER(processor_facts, deletes, MEMBER_BOOL, false),
    MEMBER(processor_facts, can, MEMBER_ROLES, true),
    MEMBER(processor_facts, hosts, MEMBER_LIST, true),
    MEMBER(processor_facts, regions, MEMBER_LIST, true),
    MEMBER(processor_facts, address, MEMBER_TEXT, false),
    MEMBER(processor_facts, override, MEMBER_TEXT, false),
    {"default", MEMBER_TEXT, false, offsetof(struct processor_facts, default_address)},
    MEMBER(processor_facts, key, MEMBER_TEXT, false),
    MEMBER(processor_facts, key_header, MEMBER_TEXT, false),
    MEMBER(processor_facts, key_prefix, MEMBER_TEXT, false),
    MEMBER(processor_facts, region_header, MEMBER_TEXT, false),
    MEMBER(processor_facts, s3, MEMBER_S3, false),
    MEMBER(processor_facts, headers, MEMBER_LIST, false),
    MEMBER(processor_facts, routes, MEMBER_ROUTES, true),
    MEMBER(processor_facts, text, MEMBER_MODELS, false),
    MEMBER(processor_facts, image, MEMBER_MODELS, false),
    MEMBER(processor_facts, no_training, MEMBER_ANSWER, true),
    MEMBER(processor_facts, no_retention, MEMBER_ANSWER, true),
    MEMBER(processor_facts, trains, MEMBER_BOOL, false),
    MEMBER(processor_facts, keeps, MEMBER_TEXT, false),
    MEMBER(processor_facts, longest, MEMBER_DURATION, false),
    MEMBER(processor_facts, policy, MEMBER_TEXT, false),
    MEMBER(processor_facts, sources, MEMBER_LIST, false),
    {0},
};
static const struct member route_members[] = {
    MEMBER(processor_route, method, MEMBER_TEXT, true),   MEMBER(processor_route, path, MEMBER_TEXT, true),
    MEMBER(processor_route, host, MEMBER_TEXT, false),    MEMBER(processor_route, query, MEMBER_LIST, false),
    MEMBER(processor_route, body, MEMBER_OBJECT, false),  MEMBER(processor_route, members, MEMBER_SHAPE, false),
    MEMBER(processor_route, headers, MEMBER_LIST, false), MEMBER(processor_route, mail, MEMBER_BOOL, false),
    MEMBER(processor_route, absent, MEMBER_BOOL, false),  MEMBER(processor_route, keyless, MEMBER_BOOL, false),
    MEMBER(processor_route, bills, MEMBER_TEXT, false),   {0},
};
static const struct member s3_members[] = {
    MEMBER(processor_s3, key_id, MEMBER_TEXT, true),          MEMBER(processor_s3, region, MEMBER_TEXT, false),
    MEMBER(processor_s3, region_setting, MEMBER_TEXT, false), MEMBER(processor_s3, path_style, MEMBER_BOOL, false),
    MEMBER(processor_s3, list_v1, MEMBER_BOOL, false),        {0},
};
static const struct member models_members[] = {
    MEMBER(processor_models, setting, MEMBER_TEXT, true),    MEMBER(processor_models, known, MEMBER_KNOWN, true),
    MEMBER(processor_models, dead, MEMBER_LIST, false),      MEMBER(processor_models, quality_setting, MEMBER_TEXT, false),
    MEMBER(processor_models, qualities, MEMBER_LIST, false), MEMBER(processor_models, references, MEMBER_NUMBER, false),
    MEMBER(processor_models, mask, MEMBER_BOOL, false),      {0},
};
static const struct member model_members[] = {
    MEMBER(processor_model, id, MEMBER_TEXT, true),
    MEMBER(processor_model, sizes, MEMBER_LIST, false),
    {0},
};

static int members_read(void *row, const struct member *members, const cJSON *object, struct err *e);

static bool shape_sends(const cJSON *shape, enum kind k, const char *name, size_t len)
{
	const cJSON *one;
	kind_set kinds;

	cJSON_ArrayForEach(one, shape)
	{
		const char *rest = strncmp(one->string, name, len) == 0 ? one->string + len : "?";
		bool named = *rest == '\0' || strcmp(rest, "[]") == 0, text = cJSON_IsString(one);
		if (named && text && kind_set_read(&kinds, one->valuestring) == 0 && (kinds & KIND_BIT(k)) != 0)
			return true;
		if (cJSON_IsObject(one) && shape_sends(one, k, name, len))
			return true;
	}
	return false;
}

bool processor_sends(const struct processor_facts *f, enum kind k, const char *name, size_t len)
{
	for (const struct processor_route *r = f->routes; r->method != NULL; r++) {
		if (cJSON_IsObject(r->members) && shape_sends(r->members, k, name, len))
			return true;
	}
	return false;
}

// What the body of a route may hold, and the flags that it must.
static bool shape_sound(const cJSON *shape, const cJSON *flags)
{
	const cJSON *one;
	kind_set kinds;

	if (cJSON_IsString(shape))
		return kind_set_read(&kinds, shape->valuestring) == 0;
	if (!cJSON_IsObject(shape) || cJSON_GetArraySize(shape) > SHAPE_MEMBERS)
		return false;
	cJSON_ArrayForEach(one, shape)
	{
		if (!shape_sound(one, cJSON_IsObject(one) ? json_get(flags, one->string) : NULL))
			return false;
	}
	cJSON_ArrayForEach(one, flags)
	{
		const cJSON *member = json_get(shape, one->string);
		if (cJSON_IsObject(one) ? !cJSON_IsObject(member) : !cJSON_IsString(member) || !(cJSON_IsBool(one) || cJSON_IsString(one)))
			return false;
	}
	return true;
}

static int member_read(void *at, enum member_type type, const cJSON *value, struct err *e)
{
	static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE"};
	static const char *const answers[] = {
	    [ANSWER_NO] = "no", [ANSWER_PARTLY] = "partly", [ANSWER_FLAG] = "flag", [ANSWER_ALWAYS] = "always"};
	const char *text = cJSON_GetStringValue(value);
	const cJSON *item;
	size_t n = 0;

	switch (type) {
	case MEMBER_TEXT:
		*(const char **)at = text;
		return text != NULL ? 0 : -1;
	case MEMBER_LIST:
		cJSON_ArrayForEach(item, value)
		{
			if (!cJSON_IsString(item) || n + 1 >= PROCESSOR_LIST)
				return -1;
			((const char **)at)[n++] = item->valuestring;
		}
		return cJSON_IsArray(value) ? 0 : -1;
	case MEMBER_BOOL:
		*(bool *)at = cJSON_IsTrue(value);
		return cJSON_IsBool(value) ? 0 : -1;
	case MEMBER_NUMBER:
		*(unsigned *)at = cJSON_IsNumber(value) && value->valueint > 0 ? (unsigned)value->valueint : 0;
		return *(unsigned *)at > 0 ? 0 : -1;
	case MEMBER_ANSWER:
		while (n < ARRAY_LEN(answers) && (text == NULL || strcmp(answers[n], text) != 0))
			n++;
		*(enum processor_answer *)at = n < ARRAY_LEN(answers) ? (enum processor_answer)n : ANSWER_NO;
		return n < ARRAY_LEN(answers) ? 0 : -1;
	case MEMBER_ROLES:
		cJSON_ArrayForEach(item, value)
		{
			int role =
			    cJSON_IsString(item) ? policy_word_value(&policy_role_words, item->valuestring, strlen(item->valuestring)) : -1;
			if (role < 0)
				return -1;
			*(unsigned *)at |= POLICY_BIT(role);
		}
		return cJSON_IsArray(value) ? 0 : -1;
	case MEMBER_DURATION:
		return text != NULL ? duration_parse(at, text) : -1;
	case MEMBER_OBJECT:
		*(const cJSON **)at = value;
		return cJSON_IsObject(value) ? 0 : -1;
	case MEMBER_S3:
		return members_read(at, s3_members, value, e);
	case MEMBER_SHAPE:
		*(const cJSON **)at = value;
		return shape_sound(value, NULL) ? 0 : -1;
	case MEMBER_MODELS:
		if (members_read(at, models_members, value, e) != 0)
			return -1;
		return (((struct processor_models *)at)->quality_setting == NULL) == (((struct processor_models *)at)->qualities[0] == NULL)
			   ? 0
			   : -1;
	case MEMBER_KNOWN:
		cJSON_ArrayForEach(item, value)
		{
			if (n + 1 >= PROCESSOR_MODELS || members_read((struct processor_model *)at + n++, model_members, item, e) != 0)
				return -1;
		}
		return cJSON_IsArray(value) ? 0 : -1;
	default: // MEMBER_ROUTES
		cJSON_ArrayForEach(item, value)
		{
			struct processor_route *r = (struct processor_route *)at + n++;
			if (n >= PROCESSOR_LIST || members_read(r, route_members, item, e) != 0)
				return -1;
			size_t i = 0;
			if (r->bills != NULL && strcmp(r->bills, "picture") != 0 && strcmp(r->bills, "text") != 0 &&
			    strcmp(r->bills, "either") != 0)
				return -1;
			while (i < ARRAY_LEN(methods) && strcmp(methods[i], r->method) != 0)
				i++;
			if (i == ARRAY_LEN(methods) || r->path[0] != '/' || (r->body != NULL && !shape_sound(r->members, r->body)))
				return -1;
		}
		return cJSON_IsArray(value) ? 0 : -1;
	}
}

static int members_read(void *row, const struct member *members, const cJSON *object, struct err *e)
{
	const cJSON *value;

	cJSON_ArrayForEach(value, object)
	{
		const struct member *m = members;
		while (m->name != NULL && (value->string == NULL || strcmp(m->name, value->string) != 0))
			m++;
		if (m->name == NULL)
			return err_set(e, ERR_INPUT, "unknown member \"%s\"", value->string != NULL ? value->string : "");
		if (member_read((char *)row + m->offset, m->type, value, e) != 0)
			return e != NULL && e->code != ERR_NONE ? -1 : err_set(e, ERR_INPUT, "\"%s\" has a wrong value", m->name);
	}
	for (const struct member *m = members; m->name != NULL; m++) {
		if (m->required && json_get(object, m->name) == NULL)
			return err_set(e, ERR_INPUT, "\"%s\" is missing", m->name);
	}
	return 0;
}

static const struct processor_facts *row_named(const struct processor_rows *rows, const char *id)
{
	for (unsigned i = 0; i < rows->count; i++) {
		for (const char *const *name = rows->at[i].ids; *name != NULL; name++) {
			if (strcmp(*name, id) == 0)
				return &rows->at[i];
		}
	}
	return NULL;
}

static int rows_read(struct processor_rows *rows, const char *json, size_t len, struct err *e)
{
	static const char *const built[] = {
#define NAME(name, id) id,
	    PROCESSORS_BUILT(NAME)
#undef NAME
	};
	const cJSON *item;

	rows->json = json_parse(json, len, e);
	if (!cJSON_IsArray(rows->json))
		return rows->json != NULL ? err_set(e, ERR_INPUT, "not a list") : -1;
	cJSON_ArrayForEach(item, rows->json)
	{
		struct processor_facts f = {0};
		if (rows->count >= ROWS_MAX || members_read(&f, facts_members, item, e) != 0)
			return err_prefix(e, "row %u", rows->count + 1);
		for (const char *const *name = f.ids; *name != NULL; name++) {
			if (row_named(rows, *name) != NULL)
				return err_set(e, ERR_INPUT, "row %u: \"%s\" has a row already", rows->count + 1, *name);
			for (size_t i = 0; i < ARRAY_LEN(built); i++)
				f.built = f.built || strcmp(built[i], *name) == 0;
		}
		f.name = f.name != NULL ? f.name : f.owner;
		if (f.ids[0] == NULL || (f.key_header == NULL) != (f.key_prefix == NULL) || (f.key_header != NULL && f.key == NULL))
			return err_set(e, ERR_INPUT, "row %u: an id, or a part of how the key is presented, is missing", rows->count + 1);
		rows->at[rows->count++] = f;
	}
	return 0;
}

int processors_check(const char *json, size_t len, struct err *e)
{
	struct processor_rows *rows = calloc(1, sizeof *rows);

	if (rows == NULL)
		return err_set(e, ERR_MEMORY, "out of memory");
	*e = (struct err){0};
	int read = rows_read(rows, json, len, e);
	json_free(&rows->json);
	free(rows);
	return read;
}

static void known_read(void)
{
	struct err e = {0};

	if (rows_read(&known, processors_json, (size_t)processors_json_size, &e) != 0) {
		fprintf(stderr, "processors.json: %s\n", e.text);
		abort();
	}
}

// ---- asking ----

const struct processor_facts *processor_facts_at(unsigned i)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, known_read);
	return i < known.count ? &known.at[i] : NULL;
}

const struct processor_facts *processor_facts(const char *id_or_alias)
{
	return processor_facts_at(0) != NULL ? row_named(&known, id_or_alias) : NULL;
}

const char *processor_address_setting(const struct processor_facts *f)
{
	return f->override != NULL && (f->address == NULL || setting(f->override, NULL) != NULL) ? f->override : f->address;
}

const char *processor_address(const struct processor_facts *f)
{
	const char *name = processor_address_setting(f);

	return name != NULL ? setting(name, f->default_address) : NULL;
}

// Whether the pattern covers the path, whose query begins at `end`. "*" stands for one segment: nothing that a server could read as another
// path.
static bool path_covered(const char *pattern, const char *path, const char *end)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-:@=+,";

	while (*pattern != '\0') {
		if (*pattern == '*') {
			size_t len = strspn(path, plain);
			if (len == 0 || (len <= 2 && strspn(path, ".") == len))
				return false;
			path += len;
			if (pattern[1] != '*')
				pattern++;
			else if (*path == '/')
				path++;
			else
				pattern += 2;
		} else if (path < end && *path == *pattern) {
			path++;
			pattern++;
		} else {
			return false;
		}
	}
	return path == end;
}

static bool query_covered(const char *const *names, const char *query)
{
	while (*query != '\0') {
		size_t len = strcspn(query, "=&");
		const char *const *name = names;
		while (*name != NULL && strcmp(*name, "*") != 0 && (strncmp(*name, query, len) != 0 || (*name)[len] != '\0'))
			name++;
		if (*name == NULL)
			return false;
		query += strcspn(query, "&");
		query += *query == '&';
	}
	return true;
}

const struct processor_route *processor_route(const struct processor_facts *f, const char *method, const char *host, const char *path)
{
	const char *end = path + strcspn(path, "?");

	for (const struct processor_route *r = f->routes; r->method != NULL; r++) {
		bool host_fits = (r->host == NULL) == (host == NULL) && (host == NULL || policy_host_matches(r->host, host));
		if (host_fits && strcmp(r->method, method) == 0 && path_covered(r->path, path, end) &&
		    query_covered(r->query, *end != '\0' ? end + 1 : end))
			return r;
	}
	return NULL;
}

const char *processor_model(const struct processor_models *m)
{
	return m->setting != NULL ? setting(m->setting, m->known[0].id) : NULL;
}

const char *processor_quality(const struct processor_models *m)
{
	return m->quality_setting != NULL ? setting(m->quality_setting, m->qualities[0]) : NULL;
}

const char *processor_size(const struct processor_models *m, unsigned width, unsigned height)
{
	const struct processor_model *model = m->known;
	const char *used = processor_model(m), *nearest = NULL;
	double best_shape = 0, best_area = 0;

	for (size_t i = 0; used != NULL && i < PROCESSOR_MODELS && m->known[i].id != NULL; i++) {
		if (strcmp(m->known[i].id, used) == 0)
			model = &m->known[i];
	}
	for (const char *const *size = model->sizes; *size != NULL; size++) {
		char *rest;
		double w = (double)strtoul(*size, &rest, 10), h = *rest != '\0' ? (double)strtoul(rest + 1, NULL, 10) : 0;
		if (w <= 0 || h <= 0)
			continue;
		double shape = w * height > h * width ? w * height / (h * width) : h * width / (w * height);
		double area = w * h > (double)width * height ? w * h / ((double)width * height) : (double)width * height / (w * h);
		if (nearest == NULL || shape < best_shape || (shape <= best_shape && area < best_area)) {
			nearest = *size;
			best_shape = shape;
			best_area = area;
		}
	}
	return nearest;
}

static bool listed(const char *const *list, const char *word)
{
	while (*list != NULL && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

int processor_models_check(const struct processor_facts *f, struct err *e)
{
	const struct processor_models *both[] = {&f->text, &f->image};
	BUF_AUTO struct buf words = BUF_INIT(1024);

	for (size_t i = 0; i < ARRAY_LEN(both); i++) {
		const char *model = processor_model(both[i]), *quality = processor_quality(both[i]);
		if (model != NULL && listed(both[i]->dead, model))
			return err_set(e, ERR_INPUT, "%s is %.64s, which %s has switched off: today's is %s", both[i]->setting, model,
				       f->name, both[i]->known[0].id);
		if (quality == NULL || listed(both[i]->qualities, quality))
			continue;
		for (const char *const *q = both[i]->qualities; *q != NULL; q++)
			buf_printf(&words, "%s%s", q == both[i]->qualities ? "" : q[1] == NULL ? " or " : ", ", *q);
		return err_set(e, ERR_INPUT, "%s is %.32s: it is %s", both[i]->quality_setting, quality, buf_text(&words));
	}
	return 0;
}

bool processor_built(const char *id)
{
	const struct processor_facts *f = processor_facts(id);

	return f != NULL && (f->built || f->smtp || processor_mail_route(f) != NULL);
}

const struct processor_route *processor_mail_route(const struct processor_facts *f)
{
	const struct processor_route *r = f->routes;

	while (r->method != NULL && !r->mail)
		r++;
	return r->method != NULL ? r : NULL;
}
