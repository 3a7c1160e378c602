// SPDX-License-Identifier: ISC
// Where data goes, what browsers keep, and what visitors agree to.
#include "policy/base/array.h"
#include "policy/processors/processors.h"
#include "policy/rules/lint.h"
#include <string.h>

// Countries with an adequacy decision of the Commission for private bodies (the United States: only firms of the Data Privacy Framework).
static const char *const adequate[] = {"AD", "AR", "BR", "CA", "CH", "FO", "GB", "GG", "IL", "IM", "JE", "JP", "KR", "NZ", "UY"};
static const struct policy_strings adequate_list = {.items = adequate, .count = ARRAY_LEN(adequate)};

static bool covered(const struct policy_processor *a, const char *country)
{
	bool covered = false;

	for (size_t i = 0; i < a->safeguard_count; i++) {
		enum policy_safeguard_type type = a->safeguards[i].type;
		covered = covered || (type == SAFEGUARD_ADEQUACY                 ? policy_strings_have(&adequate_list, country)
				      : type == SAFEGUARD_DATA_PRIVACY_FRAMEWORK ? strcmp(country, "US") == 0
										 : true);
	}
	return covered;
}

static void lint_safeguards(const struct policy_processor *a, struct report *r)
{
	bool outside = false, lasting = false, copy = false;

	for (size_t i = 0; i < a->region_count; i++) {
		const struct policy_region *region = &a->regions[i];
		if (policy_country_in_eea(region->country))
			continue;
		outside = true;
		report_error_if(a->safeguard_count > 0 && !covered(a, region->country), r, region->line,
				"the safeguards of processor %s do not cover %s",
				"an adequacy decision holds for its own country only, and the Data Privacy Framework for the United States",
				"add <safeguard type=\"standard-contractual-clauses\">", a->id, region->country);
	}
	for (size_t i = 0; i < a->safeguard_count; i++) {
		enum policy_safeguard_type type = a->safeguards[i].type;
		lasting = lasting || (type != SAFEGUARD_EXPLICIT_CONSENT && type != SAFEGUARD_CONTRACT_WITH_SUBJECT);
		copy = copy || a->safeguards[i].copy != NULL || type == SAFEGUARD_ADEQUACY || type == SAFEGUARD_DATA_PRIVACY_FRAMEWORK ||
		       type == SAFEGUARD_EXPLICIT_CONSENT || type == SAFEGUARD_CONTRACT_WITH_SUBJECT;
	}
	report_warning_if(outside && a->safeguard_count > 0 && !lasting, r, a->safeguards[0].line,
			  "transfers to processor %s rest on %s alone", "Article 49 GDPR means it for single cases, not for every request",
			  "add <safeguard type=\"standard-contractual-clauses\">", a->id,
			  policy_word(&policy_safeguard_words, a->safeguards[0].type));
	report_warning_if(outside && lasting && !copy, r, a->safeguards[0].line,
			  "Article 13(1)(f): nothing says where to get a copy of the safeguard for processor %s", "visitors may ask for it",
			  "add copy=\"https://…\" to <safeguard>", a->id);
}

void lint_transfers(const struct policy *p, struct report *r)
{
	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		const struct processor_facts *v = processor_facts(a->id);
		if (a->local || a->removed != 0)
			continue;
		lint_safeguards(a, r);
		report_warning_if(a->policy == NULL, r, a->line, "processor %s has no link to its own notice",
				  "visitors cannot look up what it does", "add policy=\"%s\"", a->id,
				  v != NULL && v->policy != NULL ? v->policy : "https://…");
	}
	for (size_t i = 0; i < p->third_party_count; i++) {
		const struct policy_third_party *t = &p->third_parties[i];
		report_error_if(t->processor == NULL, r, t->line, "Article 13(1)(e): pages load from %s, and no processor is named for it",
				"its owner sees every visitor's IP address", "add processor=\"…\" and declare it", t->origin);
	}
}

static const struct policy_consent *consent_of(const struct policy *p, const char *id)
{
	for (size_t i = 0; id != NULL && i < p->consent_count; i++) {
		if (strcmp(p->consents[i].id, id) == 0)
			return &p->consents[i];
	}
	return NULL;
}

void lint_browser(const struct policy *p, struct report *r)
{
	const struct duration longest = {.months = 13};
	bool consent = false, transfer = false;

	for (size_t i = 0; i < p->processor_count; i++)
		for (size_t j = 0; j < p->processors[i].safeguard_count; j++)
			transfer = transfer || p->processors[i].safeguards[j].type == SAFEGUARD_EXPLICIT_CONSENT;
	for (size_t i = 0; i < p->cookie_count; i++) {
		const struct policy_cookie *c = &p->cookies[i];
		const struct policy_consent *rests_on = consent_of(p, c->consent);
		report_warning_if(!c->has_lasts && c->in != STORAGE_SESSION, r, c->line, "cookie %s does not say how long it lasts",
				  "visitors must be told (Court of Justice, C-673/17)", "add lasts=\"…\"", c->name);
		report_warning_if(c->has_lasts && c->class != COOKIE_NECESSARY && duration_compare(c->lasts, longest) > 0, r, c->line,
				  "cookie %s lasts for more than 13 months", "authorities take that as the most a consent can carry",
				  "write lasts=\"P13M\" or less", c->name);
		report_error_if(rests_on != NULL && rests_on->form == CONSENT_OPT_OUT && c->class != COOKIE_NECESSARY, r, c->line,
				"cookie %s rests on the consent %s, which counts unless somebody objects",
				"silence is no consent (Article 4(11) GDPR)", "write form=\"opt-in\"", c->name, rests_on->id);
	}
	for (size_t i = 0; i < p->purpose_count; i++) {
		const struct policy_purpose *a = &p->purposes[i];
		const struct policy_consent *rests_on = consent_of(p, a->consent);
		consent = consent || a->basis == BASIS_CONSENT;
		report_error_if(rests_on != NULL && a->basis == BASIS_CONSENT && rests_on->form == CONSENT_OPT_OUT, r, a->line,
				"purpose %s rests on the consent %s, which counts unless somebody objects",
				"silence is no consent (Article 4(11) GDPR)", "write form=\"opt-in\", or another basis", a->id,
				rests_on->id);
	}
	for (size_t i = 0; i < p->consent_count; i++) {
		const struct policy_consent *c = &p->consents[i];
		bool used = transfer; // a consent to a transfer is named by the safeguard's type alone
		for (size_t j = 0; j < p->purpose_count; j++)
			used = used || (p->purposes[j].consent != NULL && strcmp(p->purposes[j].consent, c->id) == 0);
		for (size_t j = 0; j < p->cookie_count; j++)
			used = used || (p->cookies[j].consent != NULL && strcmp(p->cookies[j].consent, c->id) == 0);
		report_warning_if(!used && c->form == CONSENT_OPT_IN, r, c->line, "consent %s is asked for and nothing rests on it",
				  "a question without an effect misleads", "name it in a purpose or a cookie, or remove it", c->id);
	}
	report_warning_if(consent && p->minimum_age >= 13 && p->minimum_age < 16, r, p->versions[0].line,
			  "a minimum age of %u is below 16, from which a child can consent alone (Article 8 GDPR) unless its "
			  "Member State says less",
			  "consents of younger visitors may be void", "write years=\"16\", or ask for the parents", p->minimum_age);
}
