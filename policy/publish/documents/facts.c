// SPDX-License-Identifier: ISC
#include "policy/base/embed.h"
#include "policy/publish/documents/documents.h"
#include "policy/publish/render/address.h"
#include "policy/publish/render/json.h"
#include "policy/publish/render/mapping.h"
#include <stdio.h>
#include <string.h>

// The subjects of the kinds of data that a purpose or a processor has to do with, each once: their ids, or their names.
static void add_subjects(cJSON *object, const struct policy *p, const char *purpose, kind_set kinds)
{
	cJSON *array = cJSON_AddArrayToObject(object, "subjects");

	for (size_t s = 0; s < p->subject_count; s++) {
		bool found = false;
		for (size_t i = 0; i < p->kind_count; i++) {
			const struct policy_kind *kind = policy_kind_at(p, i);
			bool concerned =
			    purpose != NULL ? policy_strings_have(&kind->purposes, purpose) : (kinds & KIND_BIT(kind->kind)) != 0;
			found = found || (concerned && policy_strings_have(&kind->subjects, p->subjects[s].id));
		}
		if (found)
			cJSON_AddItemToArray(array, cJSON_CreateString(purpose != NULL ? p->subjects[s].id : p->subjects[s].name));
	}
}

static void add_processor_facts(cJSON *object, const struct policy *p, const struct policy_processor *a)
{
	cJSON *countries = cJSON_AddArrayToObject(object, "third_countries"), *categories = cJSON_AddArrayToObject(object, "categories");
	cJSON *transfer = cJSON_AddArrayToObject(object, "transfer");
	const char *adequacy = NULL, *clauses = NULL, *other = NULL;
	char keeps[160];

	for (size_t i = 0; i < a->region_count; i++) {
		bool eea = policy_country_in_eea(a->regions[i].country), again = eea;
		cJSON_AddBoolToObject(cJSON_GetArrayItem(cJSON_GetObjectItem(object, "regions"), (int)i), "eea", eea);
		for (size_t j = 0; j < i; j++)
			again = again || strcmp(a->regions[j].country, a->regions[i].country) == 0;
		if (!again)
			cJSON_AddItemToArray(countries, cJSON_CreateString(a->regions[i].country));
	}
	for (size_t i = 0; i < p->kind_count; i++) {
		const char *name = policy_kind_at(p, i)->name, *fields = policy_processor_fields(a, policy_kind_at(p, i)->kind);
		BUF_AUTO struct buf text = BUF_INIT(2048);
		if (!(policy_processor_receives(a, when_now()) & KIND_BIT(policy_kind_at(p, i)->kind)))
			continue;
		buf_adds(&text, name);
		if (fields != NULL)
			buf_printf(&text, " (%s)", fields);
		cJSON_AddItemToArray(categories, cJSON_CreateString(buf_text(&text)));
	}
	for (size_t i = 0; i < a->safeguard_count; i++) {
		enum policy_safeguard_type type = a->safeguards[i].type;
		const char *words = word_or(p, "safeguard.", policy_word(&policy_safeguard_words, type));
		cJSON_AddItemToArray(transfer, cJSON_CreateString(words));
		if (type == SAFEGUARD_ADEQUACY || type == SAFEGUARD_DATA_PRIVACY_FRAMEWORK)
			adequacy = words;
		else if (type == SAFEGUARD_STANDARD_CONTRACTUAL_CLAUSES)
			clauses = words;
		else
			other = words;
	}
	if (cJSON_GetArraySize(countries) == 0 && a->safeguard_count == 0)
		cJSON_AddItemToArray(transfer, cJSON_CreateString(word(p, "list.none_needed")));
	add_subjects(object, p, NULL, policy_processor_receives(a, when_now()));
	word_duration(keeps, sizeof keeps, a->keeps, word_language(p));
	json_add_text(object, "keeps", a->has_keeps ? keeps : NULL);
	json_add_text(object, "status", word(p, a->removed != 0 && a->removed <= when_now() ? "list.removed" : "list.active"));
	cJSON *guarantee = cJSON_AddObjectToObject(object, "guarantee");
	json_add_text(guarantee, "adequacy", adequacy);
	json_add_text(guarantee, "clauses", clauses);
	json_add_text(guarantee, "appropriate", other != NULL ? other : clauses);
	json_add_text(guarantee, "enforceable", adequacy != NULL ? adequacy : clauses);
}

// Applies a mapping to the tree. `name` is what the error calls it. The document is valid as long as the tree and `made`; NULL with the error.
static const cJSON *facts_mapped(const struct facts *f, const char *name, const char *mapping, size_t len, cJSON *made, struct err *e)
{
	cJSON *rules = json_parse(mapping, len, e);
	const cJSON *document =
	    cJSON_AddItemToArray(made, rules) ? mapping_apply(rules, rules, f->policy, f->tree, f->tree, made, e) : NULL;

	if (document == NULL)
		err_prefix(e, "%s", name);
	return document;
}

EMBED(facts_tilt_mapping, "policy/publish/documents/tilt.json");
EMBED(facts_dpv_mapping, "policy/publish/documents/dpv.json");
EMBED(facts_subprocessors_mapping, "policy/publish/documents/subprocessors.json");

// What is not about the processors.
static void add_other_facts(cJSON *top, const struct policy *p)
{
	cJSON *list = cJSON_GetObjectItem(top, "kinds"), *subjects = cJSON_AddArrayToObject(top, "subjects");
	BUF_AUTO struct buf words = BUF_INIT(DOCUMENT_BYTES_MAX);
	struct writer w = {.form = FORM_TEXT, .out = &words, .policy = p};

	address_site(p, &words);
	json_add_text(top, "site_url", buf_text(&words));
	json_add_date(top, "created", p->version_count > 0 ? p->versions[p->version_count - 1].updated : p->updated);
	for (size_t i = 0; i < p->subject_count; i++) {
		cJSON *subject = json_object_in(subjects);
		json_add_text(subject, "id", p->subjects[i].id);
		json_add_text(subject, "name", p->subjects[i].name);
	}
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *kind = policy_kind_at(p, i);
		cJSON *object = cJSON_GetArrayItem(list, (int)i), *lives = cJSON_GetObjectItem(object, "lives");
		bool fixed = false, open = kind->life_count == 0;
		buf_reset(&words);
		notice_life(&w, p, kind);
		json_add_text(object, "life", buf_text(&words));
		for (size_t j = 0; j < kind->life_count; j++) {
			const struct policy_life *life = &kind->lives[j];
			struct duration d = life->length;
			bool lasts = life->has_length && life->lasts_while == CONDITION_NONE;
			fixed = fixed || lasts;
			open = open || !lasts;
			buf_reset(&words);
			buf_addc(&words, 'P');
			if (d.months > 0)
				buf_printf(&words, "%uM", d.months);
			if (d.days > 0)
				buf_printf(&words, "%uD", d.days);
			if (d.seconds > 0 || duration_is_zero(d))
				buf_printf(&words, "T%lluS", (unsigned long long)d.seconds);
			json_add_text(cJSON_GetArrayItem(lives, (int)j), "ttl", life->has_length ? buf_text(&words) : NULL);
		}
		json_add_text(object, "lasts", !fixed ? "event" : open ? "time-or-event" : "time");
	}
	list = cJSON_GetObjectItem(top, "purposes");
	for (size_t i = 0; i < p->purpose_count; i++)
		add_subjects(cJSON_GetArrayItem(list, (int)i), p, p->purposes[i].id, 0);
}

int facts_make(struct facts *out, const struct policy *p, bool whole, struct err *e)
{
	cJSON *top = notice_tree(p, whole ? NULL : "processors"), *list = cJSON_GetObjectItem(top, "processors");

	*out = (struct facts){.policy = p, .tree = top, .made = cJSON_CreateArray(), .notice = BUF_INIT(DOCUMENT_BYTES_MAX)};
	if (whole) {
		json_print_lines(&out->notice, top); // as it is before anything is added to it
		add_other_facts(top, p);
	}
	for (size_t i = 0; i < p->processor_count; i++)
		add_processor_facts(cJSON_GetArrayItem(list, (int)i), p, &p->processors[i]);
	out->subprocessors =
	    facts_mapped(out, "subprocessors.json", facts_subprocessors_mapping, facts_subprocessors_mapping_size, out->made, e);
	if (out->subprocessors != NULL)
		return 0;
	facts_free(out);
	return -1;
}

void facts_free(struct facts *f)
{
	cJSON_Delete(f->tree);
	cJSON_Delete(f->made);
	buf_free(&f->notice);
	*f = (struct facts){0};
}

static int facts_document(const struct facts *f, const char *name, const char *mapping, size_t len, struct buf *out, struct err *e)
{
	JSON_AUTO cJSON *made = cJSON_CreateArray();
	const cJSON *document = facts_mapped(f, name, mapping, len, made, e);

	if (document == NULL)
		return -1;
	return json_print_lines(out, document) != 0 ? err_set(e, ERR_MEMORY, "%s is too large", name) : 0;
}

int facts_tilt(const struct facts *f, struct buf *out, struct err *e)
{
	return facts_document(f, "privacy.tilt.json", facts_tilt_mapping, facts_tilt_mapping_size, out, e);
}

int facts_dpv(const struct facts *f, struct buf *out, struct err *e)
{
	return facts_document(f, "privacy.dpv.jsonld", facts_dpv_mapping, facts_dpv_mapping_size, out, e);
}
