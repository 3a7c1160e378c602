// SPDX-License-Identifier: ISC
// The policy in the Transparency Information Language (TILT): 14 members, each always there. TILT has no member for restriction and
// objection; they stand with access, where a reader looks for what else may be asked.
#include "policy/base/array.h"
#include "policy/publish/documents/notice.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/json_add.h"
#include "policy/publish/words/words.h"
#include <stdio.h>
#include <string.h>

static void add_or_empty(cJSON *object, const char *name, const char *text)
{
	cJSON_AddStringToObject(object, name, text != NULL ? text : "");
}

static void add_page(cJSON *object, const struct policy *p, const char *name, const char *path)
{
	BUF_AUTO struct buf url = BUF_INIT(4096);

	site_address(p, &url);
	buf_adds(&url, path);
	cJSON_AddStringToObject(object, name, buf_text(&url));
}

static void add_instant(cJSON *object, const char *name, time_t t)
{
	char when[WHEN_TEXT];

	when_text(when, t);
	cJSON_AddStringToObject(object, name, when);
}

static const char *country_of(const struct policy_party *a)
{
	return a->country != NULL ? a->country : "";
}

static void add_meta(cJSON *top, const struct policy *p)
{
	cJSON *meta = cJSON_AddObjectToObject(top, "meta");
	const struct policy_version *first = p->version_count > 0 ? &p->versions[p->version_count - 1] : NULL;

	cJSON_AddStringToObject(meta, "_id", p->site);
	cJSON_AddStringToObject(meta, "name", p->controller.name);
	add_instant(meta, "created", first != NULL ? first->updated : p->updated);
	add_instant(meta, "modified", p->updated);
	cJSON_AddNumberToObject(meta, "version", (double)(p->version_count > 0 ? p->version_count : 1));
	cJSON_AddStringToObject(meta, "language", p->language);
	cJSON_AddStringToObject(meta, "status", "active");
	add_page(meta, p, "url", "/privacy");
	cJSON_AddStringToObject(meta, "_hash", p->sha256);
}

static void add_contact(cJSON *object, const struct policy_party *a)
{
	add_or_empty(object, "name", a->name);
	add_or_empty(object, "email", a->mail);
	add_or_empty(object, "phone", a->phone);
}

static void add_parties(cJSON *top, const struct policy *p)
{
	const struct policy_party *controller = &p->controller, *officer = &p->officer;
	cJSON *object = cJSON_AddObjectToObject(top, "controller");

	cJSON_AddStringToObject(object, "name", controller->name);
	cJSON_AddStringToObject(object, "division", p->shown_as);
	add_or_empty(object, "address", controller->address);
	cJSON_AddStringToObject(object, "country", country_of(controller));
	add_contact(cJSON_AddObjectToObject(object, "representative"), &p->representative);
	object = cJSON_AddObjectToObject(top, "dataProtectionOfficer");
	add_contact(object, officer);
	add_or_empty(object, "address", officer->address);
	cJSON_AddStringToObject(object, "country", country_of(officer));
}

static const struct {
	const char *basis, *reference;
} references[] = {{"consent", "GDPR-6-1-a"},         {"contract", "GDPR-6-1-b"},    {"legal-obligation", "GDPR-6-1-c"},
		  {"vital-interests", "GDPR-6-1-d"}, {"public-task", "GDPR-6-1-e"}, {"legitimate-interests", "GDPR-6-1-f"}};

static const char *reference_of(const char *basis)
{
	for (size_t i = 0; i < ARRAY_LEN(references); i++) {
		if (strcmp(references[i].basis, basis) == 0)
			return references[i].reference;
	}
	return "";
}

static void add_reasons(cJSON *disclosed, const struct policy *p, const struct policy_kind *kind)
{
	cJSON *purposes = cJSON_AddArrayToObject(disclosed, "purposes");
	cJSON *bases = cJSON_AddArrayToObject(disclosed, "legalBases");
	cJSON *interests = cJSON_AddArrayToObject(disclosed, "legitimateInterests");

	for (size_t i = 0; i < kind->purposes.count; i++) {
		const struct policy_purpose *a = policy_purpose(p, kind->purposes.items[i]);
		if (a == NULL)
			continue;
		cJSON *purpose = json_object_in(purposes), *basis = json_object_in(bases);
		cJSON_AddStringToObject(purpose, "purpose", a->id);
		json_add_prose(purpose, "description", p, &a->what);
		cJSON_AddStringToObject(basis, "reference", reference_of(a->basis));
		cJSON_AddStringToObject(basis, "description", word_or(p, "basis.", a->basis));
		if (a->interest.count > 0) {
			cJSON *interest = json_object_in(interests);
			cJSON_AddBoolToObject(interest, "exists", true);
			json_add_prose(interest, "reasoning", p, &a->interest);
		}
	}
}

static void add_recipients(cJSON *disclosed, const struct policy *p, enum kind kind)
{
	cJSON *recipients = cJSON_AddArrayToObject(disclosed, "recipients");

	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *a = &p->processors[i];
		const struct policy_processor *t = &p->processors[i];
		if (a->local || !(a->kinds & KIND_BIT(kind)))
			continue;
		cJSON *one = json_object_in(recipients);
		cJSON_AddStringToObject(one, "name", a->name);
		cJSON_AddStringToObject(one, "division", a->service);
		cJSON_AddStringToObject(one, "country", t->region_count > 0 ? t->regions[0].country : "");
		cJSON_AddStringToObject(one, "category", a->purpose);
	}
}

// An ISO 8601 duration.
static void duration_iso(char out[64], struct duration d)
{
	char date[32] = "", time[32] = "";

	if (d.months > 0)
		snprintf(date, sizeof date, "%uM", d.months);
	if (d.days > 0)
		snprintf(date + strlen(date), sizeof date - strlen(date), "%uD", d.days);
	if (d.seconds > 0 || duration_is_zero(d))
		snprintf(time, sizeof time, "T%lluS", (unsigned long long)d.seconds);
	snprintf(out, 64, "P%s%s", date, time);
}

static void add_storage(cJSON *disclosed, const struct policy *p, const struct policy_kind *kind)
{
	cJSON *storage = json_object_in(cJSON_AddArrayToObject(disclosed, "storage"));
	cJSON *temporal = cJSON_AddArrayToObject(storage, "temporal");
	cJSON *conditions = cJSON_AddArrayToObject(storage, "purposeConditional");
	BUF_AUTO struct buf words = BUF_INIT(PAGE_BYTES_MAX_OUT);
	struct writer w = {.form = FORM_TEXT, .out = &words, .policy = p};
	char ttl[64];

	for (size_t i = 0; i < kind->life_count; i++) {
		if (!kind->lives[i].has_length)
			continue;
		cJSON *one = json_object_in(temporal);
		duration_iso(ttl, kind->lives[i].length);
		buf_reset(&words);
		prose_plain(p, &kind->lives[i].reason, &words);
		cJSON_AddStringToObject(one, "description", buf_text(&words));
		cJSON_AddStringToObject(one, "ttl", ttl);
	}
	buf_reset(&words);
	write_life(&w, p, kind);
	cJSON_AddItemToArray(conditions, cJSON_CreateString(buf_text(&words)));
	cJSON_AddArrayToObject(storage, "legalBasisConditional");
	cJSON_AddStringToObject(storage, "aggregationFunction", "max");
}

static void add_disclosed(cJSON *top, const struct policy *p)
{
	cJSON *array = cJSON_AddArrayToObject(top, "dataDisclosed");

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *kind = policy_kind_at(p, i);
		cJSON *object = json_object_in(array), *withheld;
		cJSON_AddStringToObject(object, "_id", kind_row(kind->kind)->name);
		cJSON_AddStringToObject(object, "category", kind->name);
		add_reasons(object, p, kind);
		add_recipients(object, p, kind->kind);
		add_storage(object, p, kind);
		withheld = cJSON_AddObjectToObject(object, "nonDisclosure");
		cJSON_AddBoolToObject(withheld, "legalRequirement", false);
		cJSON_AddBoolToObject(withheld, "contractualRegulation", false);
		cJSON_AddBoolToObject(withheld, "obligationToProvide", kind->needed);
		cJSON_AddStringToObject(withheld, "consequences", word(p, kind->needed ? "tilt.needed" : "tilt.not_needed"));
	}
}

static void add_guarantee(cJSON *transfer, const char *name, bool available, const char *words)
{
	cJSON *object = cJSON_AddObjectToObject(transfer, name);

	cJSON_AddBoolToObject(object, "available", available);
	cJSON_AddStringToObject(object, "description", available ? words : "");
}

// One transfer for each country outside the EEA in which a processor works.
static void add_transfer(cJSON *array, const struct policy *p, const struct policy_processor *a, const struct policy_processor *t,
			 const char *country)
{
	const char *adequate = NULL, *clauses = NULL, *other = NULL;
	cJSON *object = json_object_in(array);

	for (size_t i = 0; i < t->safeguard_count; i++) {
		const char *type = t->safeguards[i].type;
		if (strcmp(type, "adequacy") == 0 || strcmp(type, "data-privacy-framework") == 0)
			adequate = word_or(p, "safeguard.", type);
		else if (strcmp(type, "standard-contractual-clauses") == 0)
			clauses = word_or(p, "safeguard.", type);
		else
			other = word_or(p, "safeguard.", type);
	}
	cJSON_AddStringToObject(object, "country", country);
	cJSON_AddStringToObject(object, "recipient", a->name);
	add_guarantee(object, "adequacyDecision", adequate != NULL, adequate);
	add_guarantee(object, "appropriateGuarantees", clauses != NULL || other != NULL, other != NULL ? other : clauses);
	add_guarantee(object, "presenceOfEnforceableRightsAndEffectiveRemedies", adequate != NULL || clauses != NULL,
		      adequate != NULL ? adequate : clauses);
	add_guarantee(object, "standardDataProtectionClause", clauses != NULL, clauses);
}

static void add_transfers(cJSON *top, const struct policy *p)
{
	cJSON *array = cJSON_AddArrayToObject(top, "thirdCountryTransfers");

	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_processor *t = &p->processors[i];
		for (size_t j = 0; j < t->region_count && !p->processors[i].local; j++) {
			bool again = false;
			for (size_t k = 0; k < j; k++)
				again = again || strcmp(t->regions[k].country, t->regions[j].country) == 0;
			if (!again && !policy_country_in_eea(t->regions[j].country))
				add_transfer(array, p, &p->processors[i], t, t->regions[j].country);
		}
	}
}

// One member for a right, or for two that TILT takes together.
static cJSON *add_right(cJSON *top, const struct policy *p, const char *member, const char *first, const char *second)
{
	cJSON *object = cJSON_AddObjectToObject(top, member), *evidence;
	BUF_AUTO struct buf words = BUF_INIT(PAGE_BYTES_MAX_OUT);
	bool available = false;

	evidence = cJSON_CreateArray();
	for (size_t i = 0; i < p->right_count; i++) {
		if (strcmp(p->rights[i].id, first) != 0 && (second == NULL || strcmp(p->rights[i].id, second) != 0))
			continue;
		buf_adds(&words, available ? " " : "");
		prose_plain(p, &p->rights[i].how, &words);
		cJSON_AddItemToArray(evidence, cJSON_CreateString(word_or(p, "verify.", p->rights[i].verify)));
		available = true;
	}
	cJSON_AddBoolToObject(object, "available", available);
	cJSON_AddStringToObject(object, "description", buf_text(&words));
	add_page(object, p, "url", "/rights");
	cJSON_AddStringToObject(object, "email", p->contact);
	cJSON_AddItemToObject(object, "identificationEvidences", evidence);
	return object;
}

static void add_rights(cJSON *top, const struct policy *p)
{
	static const char *const formats[] = {"json", "zip"};
	cJSON *object = add_right(top, p, "accessAndDataPortability", "access", "portability"), *fee;

	fee = cJSON_AddObjectToObject(object, "administrativeFee");
	cJSON_AddNumberToObject(fee, "amount", 0);
	cJSON_AddStringToObject(fee, "currency", "EUR");
	cJSON_AddItemToObject(object, "dataFormats", cJSON_CreateStringArray(formats, 2));
	add_right(object, p, "restriction", "restriction", NULL);
	add_right(object, p, "objection", "objection", NULL);
}

static void add_sources(cJSON *top, const struct policy *p)
{
	cJSON *array = cJSON_AddArrayToObject(top, "sources");

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *kind = policy_kind_at(p, i);
		cJSON *object = json_object_in(array);
		cJSON_AddStringToObject(object, "_id", kind_row(kind->kind)->name);
		cJSON_AddStringToObject(object, "dataCategory", kind->name);
		cJSON *one = json_object_in(cJSON_AddArrayToObject(object, "sources"));
		cJSON_AddStringToObject(one, "description", word_or(p, "source.", kind->source));
		cJSON_AddBoolToObject(one, "publiclyAvailable", strcmp(kind->source, "page") == 0);
	}
}

static void add_changes(cJSON *top, const struct policy *p)
{
	cJSON *automated = cJSON_AddObjectToObject(top, "automatedDecisionMaking");
	BUF_AUTO struct buf words = BUF_INIT(PAGE_BYTES_MAX_OUT);

	prose_plain(p, &p->automated, &words);
	cJSON_AddBoolToObject(automated, "inUse", p->automated_used);
	cJSON_AddStringToObject(automated, "logicInvolved", buf_text(&words));
	cJSON_AddStringToObject(automated, "scopeAndIntendedEffects",
				word(p, p->automated_legal_effect ? "tilt.legal_effect" : "tilt.no_legal_effect"));
	cJSON_AddArrayToObject(top, "changesOfPurpose");
}

int tilt_json(const struct policy *p, struct buf *out, struct err *e)
{
	JSON_AUTO cJSON *top = cJSON_CreateObject();

	add_meta(top, p);
	add_parties(top, p);
	add_disclosed(top, p);
	add_transfers(top, p);
	add_rights(top, p);
	add_sources(top, p);
	add_right(top, p, "rightToInformation", "access", NULL);
	add_right(top, p, "rightToRectificationOrDeletion", "rectification", "erasure");
	add_right(top, p, "rightToDataPortability", "portability", NULL);
	add_right(top, p, "rightToWithdrawConsent", "withdrawal", NULL);
	cJSON *authority = cJSON_AddObjectToObject(add_right(top, p, "rightToComplain", "complaint", NULL), "supervisoryAuthority");
	add_contact(authority, &p->authority);
	add_or_empty(authority, "address", p->authority.address);
	cJSON_AddStringToObject(authority, "country", country_of(&p->authority));
	add_changes(top, p);
	return pages_json(top, out) != 0 ? err_set(e, ERR_MEMORY, "privacy.tilt.json is too large") : 0;
}
