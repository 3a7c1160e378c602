// SPDX-License-Identifier: ISC
// The policy in the W3C's Data Privacy Vocabulary (DPV 2.3) as JSON-LD. The context stands in the document: reading it needs no network.
// One dpv:Process per purpose; kinds of data, processors and parties are nodes of their own with addresses below that of the notice.
#include "policy/base/array.h"
#include "policy/publish/documents/notice.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/json_add.h"
#include <stdio.h>
#include <string.h>

struct term {
	const char *word;
	const char *iris[4]; // compact; ended by NULL
};

// What a purpose's id says; the first row whose word is the id or one of its parts ("stop-abuse"). No guess beyond these words.
static const struct term purposes[] = {
    {"make", {"dpv:RequestedServiceProvision"}},
    {"generate", {"dpv:RequestedServiceProvision"}},
    {"describe", {"dpv:RequestedServiceProvision"}},
    {"service", {"dpv:RequestedServiceProvision"}},
    {"account", {"dpv:RecordManagement"}},
    {"gallery", {"dpv:RequestedServiceProvision"}},
    {"protect", {"dpv:EnforceSecurity"}},
    {"security", {"dpv:EnforceSecurity"}},
    {"abuse", {"dpv:MisusePreventionAndDetection"}},
    {"fraud", {"dpv:FraudPreventionAndDetection"}},
    {"reliability", {"dpv:TechnicalServiceProvision"}},
    {"answer", {"dpv:RightsFulfilment"}},
    {"rights", {"dpv:RightsFulfilment"}},
    {"pay", {"dpv:PaymentManagement"}},
    {"payment", {"dpv:PaymentManagement"}},
    {"payments", {"dpv:PaymentManagement"}},
    {"billing", {"dpv:PaymentManagement"}},
    {"tax", {"dpv:FulfilmentOfObligation"}},
    {"law", {"dpv:FulfilmentOfObligation"}},
    {"legal", {"dpv:FulfilmentOfObligation"}},
    {"support", {"dpv:CommunicationForCustomerCare"}},
    {"help", {"dpv:CommunicationForCustomerCare"}},
    {"improve", {"dpv:ServiceOptimisation"}},
    {"analytics", {"dpv:ServiceOptimisation"}},
    {"usage", {"dpv:ServiceOptimisation"}},
    {"marketing", {"dpv:DirectMarketing"}},
    {"news", {"dpv:DirectMarketing"}},
    {"updates", {"dpv:DirectMarketing"}},
    {"personalise", {"dpv:Personalisation"}},
    {"preferences", {"dpv:Personalisation"}},
    {"surveys", {"dpv:ResearchAndDevelopment"}},
    {"proof", {"dpv:RecordManagement"}},
};
static const struct term bases[] = {
    {"consent", {"eu-gdpr:A6-1-a"}},         {"contract", {"eu-gdpr:A6-1-b"}},    {"legal-obligation", {"eu-gdpr:A6-1-c"}},
    {"vital-interests", {"eu-gdpr:A6-1-d"}}, {"public-task", {"eu-gdpr:A6-1-e"}}, {"legitimate-interests", {"eu-gdpr:A6-1-f"}},
};
static const struct term sources[] = {
    {"visitor", {"dpv:ProvidedPersonalData"}},    {"browser", {"dpv:ObservedPersonalData"}}, {"page", {"dpv:CollectedPersonalData"}},
    {"processor", {"dpv:GeneratedPersonalData"}}, {"server", {"dpv:PersonalData"}},          {"officer", {"dpv:PersonalData"}},
};
static const struct term data[] = {
    {"upload", {"pd:Picture"}},
    {"image", {"pd:Picture"}},
    {"request-log", {"pd:IPAddress", "pd:UserAgent"}},
    {"account", {"pd:AccountIdentifier", "pd:EmailAddress"}},
};
static const struct term safeguards[] = {
    {"adequacy", {"eu-gdpr:A45-3"}},
    {"data-privacy-framework", {"eu-gdpr:A45-3"}},
    {"standard-contractual-clauses", {"eu-gdpr:A46-2-c"}},
    {"binding-corporate-rules", {"eu-gdpr:A46-2-b"}},
    {"explicit-consent", {"eu-gdpr:A49-1-a"}},
};
static const struct term rights[] = {
    {"access", {"eu-gdpr:A15"}},       {"rectification", {"eu-gdpr:A16"}}, {"erasure", {"eu-gdpr:A17"}},
    {"restriction", {"eu-gdpr:A18"}},  {"portability", {"eu-gdpr:A20"}},   {"objection", {"eu-gdpr:A21"}},
    {"human-review", {"eu-gdpr:A22"}}, {"withdrawal", {"eu-gdpr:A7-3"}},   {"complaint", {"eu-gdpr:A77"}},
};

static const struct term *find(const struct term *table, size_t count, const char *word, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(table[i].word) == len && strncmp(table[i].word, word, len) == 0)
			return &table[i];
	}
	return NULL;
}

static const char *iri_of(const struct term *table, size_t count, const char *word, const char *otherwise)
{
	const struct term *t = find(table, count, word, strlen(word));

	return t != NULL ? t->iris[0] : otherwise;
}

static const char *purpose_iri(const char *id)
{
	const struct term *t = find(purposes, ARRAY_LEN(purposes), id, strlen(id));

	for (const char *part = id; t == NULL && *part; part += strcspn(part, "-") + (part[strcspn(part, "-")] == '-'))
		t = find(purposes, ARRAY_LEN(purposes), part, strcspn(part, "-"));
	return t != NULL ? t->iris[0] : "dpv:Purpose";
}

// {"@id": …}, for a node here ("kind-input") or a term of a vocabulary.
static cJSON *reference(const char *prefix, const char *name)
{
	cJSON *object = cJSON_CreateObject();
	char iri[512];

	snprintf(iri, sizeof iri, "%s%s", prefix, name);
	cJSON_AddStringToObject(object, "@id", iri);
	return object;
}

static void add_reference(cJSON *array, const char *prefix, const char *name)
{
	cJSON_AddItemToArray(array, reference(prefix, name));
}

static cJSON *add_node(cJSON *graph, const char *prefix, const char *name, const char *type)
{
	cJSON *object = reference(prefix, name);

	cJSON_AddItemToArray(graph, object);
	cJSON *types = cJSON_AddArrayToObject(object, "@type");
	cJSON_AddItemToArray(types, cJSON_CreateString(type));
	return object;
}

static void add_context(cJSON *top, const struct policy *p)
{
	static const char *const prefixes[][2] = {{"dpv", "https://w3id.org/dpv#"},
						  {"pd", "https://w3id.org/dpv/pd#"},
						  {"eu-gdpr", "https://w3id.org/dpv/legal/eu/gdpr#"},
						  {"dct", "http://purl.org/dc/terms/"},
						  {"xsd", "http://www.w3.org/2001/XMLSchema#"}};
	BUF_AUTO struct buf base = BUF_INIT(4096);
	cJSON *context = cJSON_AddObjectToObject(top, "@context");

	site_address(p, &base);
	buf_adds(&base, "/privacy");
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		cJSON_AddStringToObject(context, prefixes[i][0], prefixes[i][1]);
	cJSON_AddStringToObject(context, "@base", buf_text(&base));
	cJSON_AddStringToObject(context, "@language", p->language);
}

static void add_party(cJSON *graph, const char *name, const char *type, const struct policy_party *a)
{
	if (a->name == NULL)
		return;
	cJSON *object = add_node(graph, "#", name, type);
	cJSON_AddStringToObject(object, "dpv:hasName", a->name);
	if (a->mail != NULL)
		cJSON_AddStringToObject(object, "dpv:hasContact", a->mail);
	if (a->address != NULL)
		cJSON_AddStringToObject(object, "dpv:hasAddress", a->address);
}

// How long, as a node without a name of its own.
static void add_condition(cJSON *object, const struct policy *p, const struct policy_kind *kind)
{
	BUF_AUTO struct buf words = BUF_INIT(PAGE_BYTES_MAX_OUT);
	struct writer w = {.form = FORM_TEXT, .out = &words, .policy = p};
	const struct policy_kind *k = &p->kinds[kind->kind];
	cJSON *condition = cJSON_AddObjectToObject(object, "dpv:hasStorageCondition"), *duration;

	cJSON_AddStringToObject(condition, "@type", "dpv:StorageCondition");
	duration = cJSON_AddObjectToObject(condition, "dpv:hasDuration");
	cJSON_AddStringToObject(duration, "@type",
				k->keep == KEEP_STORED && !duration_is_zero(k->life) ? "dpv:TemporalDuration" : "dpv:UntilEventDuration");
	write_life(&w, p, kind);
	cJSON_AddStringToObject(duration, "dct:description", buf_text(&words));
}

static void add_kind(cJSON *graph, const struct policy *p, const struct policy_kind *kind)
{
	const char *id = kind_row(kind->kind)->name;
	cJSON *object = add_node(graph, "#kind-", id, iri_of(sources, ARRAY_LEN(sources), kind->source, "dpv:PersonalData"));
	const struct term *more = find(data, ARRAY_LEN(data), id, strlen(id));

	for (size_t i = 0; more != NULL && more->iris[i] != NULL; i++)
		cJSON_AddItemToArray(cJSON_GetObjectItem(object, "@type"), cJSON_CreateString(more->iris[i]));
	cJSON_AddStringToObject(object, "dct:title", kind->name);
	json_add_prose(object, "dct:description", p, &kind->what);
	add_condition(object, p, kind);
}

static void add_processor(cJSON *graph, const struct policy_processor *a, const struct policy_processor *t)
{
	static const char *const types[][2] = {
	    {"processor", "dpv:DataProcessor"}, {"subprocessor", "dpv:DataSubProcessor"}, {"independent", "dpv:ThirdParty"}};
	const char *type = "dpv:Recipient";

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		type = strcmp(types[i][0], t->standing) == 0 ? types[i][1] : type;
	cJSON *object = add_node(graph, "#processor-", a->id, type), *places, *measures;
	cJSON_AddStringToObject(object, "dpv:hasName", a->name);
	cJSON_AddStringToObject(object, "dct:description", a->purpose);
	places = cJSON_AddArrayToObject(object, "dpv:hasLocation");
	for (size_t i = 0; i < t->region_count; i++) {
		cJSON *place = json_object_in(places);
		cJSON_AddStringToObject(place, "dct:identifier", t->regions[i].country);
		cJSON_AddStringToObject(place, "dct:title", t->regions[i].place);
	}
	measures = cJSON_AddArrayToObject(object, "dpv:hasTechnicalOrganisationalMeasure");
	for (size_t i = 0; i < t->safeguard_count; i++)
		add_reference(measures, "",
			      iri_of(safeguards, ARRAY_LEN(safeguards), t->safeguards[i].type, "dpv:SafeguardForDataTransfer"));
}

static bool has_purpose(const struct policy_kind *kind, const char *id)
{
	for (size_t i = 0; i < kind->purposes.count; i++) {
		if (strcmp(kind->purposes.items[i], id) == 0)
			return true;
	}
	return false;
}

static void add_subjects(cJSON *array, const struct policy *p, const char *purpose)
{
	for (size_t s = 0; s < p->subject_count; s++) {
		bool found = false;
		for (size_t i = 0; i < p->kind_count; i++) {
			const struct policy_kind *kind = policy_kind_at(p, i);
			for (size_t j = 0; j < kind->subjects.count && has_purpose(kind, purpose); j++)
				found = found || strcmp(kind->subjects.items[j], p->subjects[s].id) == 0;
		}
		if (found)
			add_reference(array, "#subject-", p->subjects[s].id);
	}
}

static void add_process(cJSON *graph, const struct policy *p, const struct policy_purpose *a)
{
	cJSON *object = add_node(graph, "#process-", a->id, "dpv:Process"), *array, *purpose;

	cJSON_AddItemToObject(object, "dpv:hasDataController", reference("#", "controller"));
	purpose = cJSON_AddObjectToObject(object, "dpv:hasPurpose");
	cJSON_AddStringToObject(purpose, "@type", purpose_iri(a->id));
	json_add_prose(purpose, "dct:description", p, &a->what);
	cJSON_AddItemToObject(object, "dpv:hasLegalBasis", reference("", iri_of(bases, ARRAY_LEN(bases), a->basis, "dpv:LegalBasis")));
	array = cJSON_AddArrayToObject(object, "dpv:hasPersonalData");
	for (size_t i = 0; i < p->kind_count; i++) {
		if (has_purpose(policy_kind_at(p, i), a->id))
			add_reference(array, "#kind-", kind_row(policy_kind_at(p, i)->kind)->name);
	}
	add_subjects(cJSON_AddArrayToObject(object, "dpv:hasDataSubject"), p, a->id);
	array = cJSON_AddArrayToObject(object, "dpv:hasRecipient");
	for (size_t i = 0; i < p->processor_count; i++) {
		const struct policy_strings *ids = &p->processors[i].purposes;
		for (size_t j = 0; j < ids->count && !p->processors[i].local; j++) {
			if (strcmp(ids->items[j], a->id) == 0)
				add_reference(array, "#processor-", p->processors[i].id);
		}
	}
	array = cJSON_AddArrayToObject(object, "dpv:hasRight");
	for (size_t i = 0; i < p->right_count; i++) {
		const char *iri = iri_of(rights, ARRAY_LEN(rights), p->rights[i].id, NULL);
		if (iri != NULL)
			add_reference(array, "", iri);
	}
	cJSON_AddItemToObject(object, "dpv:hasNotice", reference("#", "notice"));
}

static void add_notice(cJSON *graph, const struct policy *p)
{
	cJSON *object = add_node(graph, "#", "notice", "dpv:PrivacyNotice"), *date;
	char updated[WHEN_DATE];

	when_date(updated, p->updated);
	cJSON_AddStringToObject(object, "dct:title", p->shown_as);
	cJSON_AddStringToObject(object, "dct:identifier", p->version);
	date = cJSON_AddObjectToObject(object, "dct:modified");
	cJSON_AddStringToObject(date, "@type", "xsd:date");
	cJSON_AddStringToObject(date, "@value", updated);
}

int dpv_json(const struct policy *p, struct buf *out, struct err *e)
{
	JSON_AUTO cJSON *top = cJSON_CreateObject();

	add_context(top, p);
	cJSON *graph = cJSON_AddArrayToObject(top, "@graph");
	add_notice(graph, p);
	add_party(graph, "controller", "dpv:DataController", &p->controller);
	add_party(graph, "representative", "dpv:Representative", &p->representative);
	add_party(graph, "officer", "dpv:DataProtectionOfficer", &p->officer);
	add_party(graph, "authority", "dpv:DataProtectionAuthority", &p->authority);
	for (size_t i = 0; i < p->subject_count; i++)
		cJSON_AddStringToObject(add_node(graph, "#subject-", p->subjects[i].id, "dpv:DataSubject"), "dct:title",
					p->subjects[i].name);
	for (size_t i = 0; i < p->kind_count; i++)
		add_kind(graph, p, policy_kind_at(p, i));
	for (size_t i = 0; i < p->processor_count; i++) {
		if (!p->processors[i].local)
			add_processor(graph, &p->processors[i], &p->processors[i]);
	}
	for (size_t i = 0; i < p->purpose_count; i++)
		add_process(graph, p, &p->purposes[i]);
	return pages_json(top, out) != 0 ? err_set(e, ERR_MEMORY, "privacy.dpv.jsonld is too large") : 0;
}
