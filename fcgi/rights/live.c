// SPDX-License-Identifier: ISC
#include "fcgi/rights/rights_program.h"
#include "policy/base/json.h"

static bool add_time(cJSON *object, const char *name, time_t t)
{
	char text[WHEN_TEXT];
	when_text(text, t);
	return t ? cJSON_AddStringToObject(object, name, text) != NULL : cJSON_AddNullToObject(object, name) != NULL;
}

static bool add_limit(cJSON *object, const struct policy_kind *kind, const struct census_row *row)
{
	char words[64];
	if (row->keep != KEEP_STORED || duration_is_zero(kind->life))
		return cJSON_AddNullToObject(object, "limit") != NULL && cJSON_AddNullToObject(object, "limit_seconds") != NULL;
	duration_words(words, sizeof words, kind->life);
	return cJSON_AddStringToObject(object, "limit", words) != NULL &&
	       cJSON_AddNumberToObject(object, "limit_seconds", (double)row->limit_seconds) != NULL;
}

static cJSON *row_object(const struct policy *p, const struct census_row *row, time_t now)
{
	const struct kind_row *kind = kind_row(row->kind);
	cJSON *o = cJSON_CreateObject();
	double age = row->oldest && now > row->oldest ? (double)(now - row->oldest) : 0;
	bool ok = o != NULL && cJSON_AddStringToObject(o, "kind", kind->name) != NULL &&
		  cJSON_AddStringToObject(o, "words", kind->words) != NULL &&
		  cJSON_AddStringToObject(o, "keep", row->keep == KEEP_STORED ? "stored" : "memory") != NULL &&
		  cJSON_AddNumberToObject(o, "count", (double)row->count) != NULL && add_time(o, "oldest", row->oldest) &&
		  cJSON_AddNumberToObject(o, "oldest_seconds", age) != NULL && add_limit(o, &p->kinds[row->kind], row) &&
		  cJSON_AddBoolToObject(o, "late", row->late) != NULL;
	if (!ok)
		json_free(&o);
	return o;
}

static bool add_kinds(cJSON *o, const struct policy *p, const struct census *census, time_t now)
{
	cJSON *kinds = cJSON_AddArrayToObject(o, "kinds");
	bool late = false;
	for (size_t i = 0; kinds != NULL && i < census->row_count; i++) {
		cJSON *row = row_object(p, &census->rows[i], now);
		if (row == NULL)
			return false;
		cJSON_AddItemToArray(kinds, row);
		late |= census->rows[i].late;
	}
	return kinds != NULL && cJSON_AddBoolToObject(o, "late", late) != NULL;
}

cJSON *live_object(const struct policy *p, const struct census *census, time_t now)
{
	cJSON *o = cJSON_CreateObject(), *policy = NULL;
	bool ok = o != NULL && cJSON_AddStringToObject(o, "site", p->shown_as) != NULL && add_time(o, "at", now) &&
		  (policy = cJSON_AddObjectToObject(o, "policy")) && cJSON_AddStringToObject(policy, "version", p->version) != NULL &&
		  cJSON_AddStringToObject(policy, "sha256", p->sha256) != NULL && add_time(o, "last_prune", census->last_prune) &&
		  add_kinds(o, p, census, now);
	if (!ok)
		json_free(&o);
	return o;
}
