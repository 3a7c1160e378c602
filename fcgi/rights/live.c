// SPDX-License-Identifier: ISC
#include "fcgi/rights/live.h"
#include "policy/base/json.h"
#include "policy/model/life.h"
#include "policy/publish/words/words.h"

static void add_time(cJSON *object, const char *name, time_t t)
{
	char text[WHEN_TEXT];
	when_text(text, t);
	cJSON_AddItemToObject(object, name, t != 0 ? cJSON_CreateString(text) : cJSON_CreateNull());
}

cJSON *live_object(const struct policy *p, const struct census *census, time_t now)
{
	cJSON *o = cJSON_CreateObject(), *policy, *kinds;
	bool late = false;

	cJSON_AddStringToObject(o, "site", p->shown_as);
	add_time(o, "at", now);
	policy = cJSON_AddObjectToObject(o, "policy");
	cJSON_AddStringToObject(policy, "version", p->version);
	cJSON_AddStringToObject(policy, "sha256", p->sha256);
	add_time(o, "last_prune", census->last_prune);
	kinds = cJSON_AddArrayToObject(o, "kinds");
	for (size_t i = 0; i < census->row_count; i++) {
		const struct census_row *row = &census->rows[i];
		const struct policy_kind *kind = &p->kinds[row->kind];
		char limit[WORD_LIFE];
		cJSON *one = cJSON_CreateObject();
		cJSON_AddStringToObject(one, "kind", kind_row(row->kind)->name);
		cJSON_AddStringToObject(one, "words", word_language(p) == LANGUAGE_EN ? kind_row(row->kind)->words : kind->name);
		cJSON_AddStringToObject(one, "keep", row->keep == KEEP_STORED ? "stored" : "memory");
		cJSON_AddNumberToObject(one, "count", (double)row->count);
		add_time(one, "oldest", row->oldest);
		cJSON_AddNumberToObject(one, "oldest_seconds", row->oldest != 0 && now > row->oldest ? (double)(now - row->oldest) : 0);
		if (row->keep == KEEP_STORED && !duration_is_zero(life_longest(kind))) {
			word_life(limit, sizeof limit, p, kind);
			cJSON_AddStringToObject(one, "limit", limit);
			cJSON_AddNumberToObject(one, "limit_seconds", (double)row->limit_seconds);
		} else {
			cJSON_AddNullToObject(one, "limit");
			cJSON_AddNullToObject(one, "limit_seconds");
		}
		cJSON_AddBoolToObject(one, "late", row->late);
		cJSON_AddItemToArray(kinds, one);
		late |= row->late;
	}
	cJSON_AddBoolToObject(o, "late", late);
	return o;
}
