// SPDX-License-Identifier: ISC
#include "fcgi/rights/rights_program.h"
#include "policy/base/json.h"

static bool add_time(cJSON *object, const char *name, time_t t)
{
	char text[WHEN_TEXT];
	when_text(text, t);
	return t ? cJSON_AddStringToObject(object, name, text) != NULL : cJSON_AddNullToObject(object, name) != NULL;
}

static bool add_limit(cJSON *object, const struct promise_kind *kind, const struct census_row *row)
{
	char words[64];
	if (row->keep != KEEP_STORED || duration_is_zero(kind->life))
		return cJSON_AddNullToObject(object, "limit") && cJSON_AddNullToObject(object, "limit_seconds");
	duration_words(words, sizeof words, kind->life);
	return cJSON_AddStringToObject(object, "limit", words) &&
	       cJSON_AddNumberToObject(object, "limit_seconds", (double)row->limit_seconds);
}

static cJSON *row_object(const struct promise *p, const struct census_row *row, time_t now)
{
	const struct kind_row *kind = kind_row(row->kind);
	cJSON *o = cJSON_CreateObject();
	double age = row->oldest && now > row->oldest ? (double)(now - row->oldest) : 0;
	bool ok = o && cJSON_AddStringToObject(o, "kind", kind->name) && cJSON_AddStringToObject(o, "words", kind->words) &&
		  cJSON_AddStringToObject(o, "keep", row->keep == KEEP_STORED ? "stored" : "memory") &&
		  cJSON_AddNumberToObject(o, "count", (double)row->count) && add_time(o, "oldest", row->oldest) &&
		  cJSON_AddNumberToObject(o, "oldest_seconds", age) && add_limit(o, &p->kinds[row->kind], row) &&
		  cJSON_AddBoolToObject(o, "late", row->late);
	if (!ok)
		json_free(&o);
	return o;
}

static bool add_kinds(cJSON *o, const struct promise *p, const struct census *census, time_t now)
{
	cJSON *kinds = cJSON_AddArrayToObject(o, "kinds");
	bool late = false;
	for (size_t i = 0; kinds && i < census->row_count; i++) {
		cJSON *row = row_object(p, &census->rows[i], now);
		if (!row)
			return false;
		cJSON_AddItemToArray(kinds, row);
		late |= census->rows[i].late;
	}
	return kinds && cJSON_AddBoolToObject(o, "late", late);
}

cJSON *live_object(const struct promise *p, const struct census *census, time_t now)
{
	cJSON *o = cJSON_CreateObject(), *policy = NULL;
	bool ok = o && cJSON_AddStringToObject(o, "site", p->shown_as) && add_time(o, "at", now) &&
		  (policy = cJSON_AddObjectToObject(o, "policy")) && cJSON_AddStringToObject(policy, "version", p->version) &&
		  cJSON_AddStringToObject(policy, "sha256", p->sha256) && add_time(o, "last_prune", census->last_prune) &&
		  add_kinds(o, p, census, now);
	if (!ok)
		json_free(&o);
	return o;
}
