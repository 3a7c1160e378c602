// SPDX-License-Identifier: ISC
// privacy.json: the whole policy for programs. Prose is plain text; what the policy does not state is null.
#include "policy/base/array.h"
#include "policy/model/words.h"
#include "policy/publish/documents/notice.h"
#include "policy/publish/pages.h"
#include "policy/publish/render/json_add.h"
#include <string.h>

static const char *const keeps[] = {"undeclared", "memory", "stored"};
static const char *const starts[] = {"creation", "completion", "closing", "account-end"};
static const char *const endings[] = {"delete", "anonymise"};

static void add_words(cJSON *object, const char *name, const struct policy_strings *list)
{
	cJSON_AddItemToObject(object, name, cJSON_CreateStringArray(list->items, (int)list->count));
}

static void add_set(cJSON *object, const char *name, unsigned set, const struct policy_words *words)
{
	cJSON *array = cJSON_AddArrayToObject(object, name);

	for (unsigned i = 0; i < words->count; i++) {
		if (set & 1u << i)
			cJSON_AddItemToArray(array, cJSON_CreateString(policy_word(words, i)));
	}
}

static void add_proses(cJSON *object, const char *name, const struct policy *p, const struct prose_list *list)
{
	cJSON *array = cJSON_AddArrayToObject(object, name);

	for (size_t i = 0; i < list->count; i++) {
		BUF_AUTO struct buf words = BUF_INIT(PAGE_BYTES_MAX_OUT);
		prose_plain(p, &list->items[i], &words);
		cJSON_AddItemToArray(array, cJSON_CreateString(buf_text(&words)));
	}
}

static void add_duration(cJSON *object, const char *name, bool stated, struct duration d)
{
	char words[160];

	duration_words(words, sizeof words, d);
	json_add_text(object, name, stated ? words : NULL);
}

static void add_party(cJSON *top, const char *name, const struct policy_party *a)
{
	if (a->name == NULL) {
		cJSON_AddNullToObject(top, name);
		return;
	}
	cJSON *object = cJSON_AddObjectToObject(top, name);
	json_add_text(object, "name", a->name);
	json_add_text(object, "mail", a->mail);
	json_add_text(object, "phone", a->phone);
	json_add_text(object, "web", a->web);
	json_add_text(object, "country", a->country);
	json_add_text(object, "address", a->address);
}

static void add_lives(cJSON *object, const struct policy *p, const struct policy_kind *kind)
{
	cJSON *array = cJSON_AddArrayToObject(object, "lives");

	for (size_t i = 0; i < kind->life_count; i++) {
		const struct policy_life *a = &kind->lives[i];
		cJSON *life = json_object_in(array);
		add_duration(life, "length", a->has_length, a->length);
		json_add_text(life, "after", a->has_length ? starts[a->start] : NULL);
		json_add_text(life, "while", a->lasts_while);
		json_add_text(life, "unless", a->unless);
		json_add_text(life, "then", endings[a->ending]);
		cJSON_AddBoolToObject(life, "hold", a->hold);
		cJSON_AddBoolToObject(life, "ends_on_erasure", a->ends_on_erasure);
		json_add_prose(life, "reason", p, &a->reason);
	}
}

static void add_kinds(cJSON *top, const struct policy *p)
{
	cJSON *array = cJSON_AddArrayToObject(top, "kinds");

	for (size_t i = 0; i < p->kind_count; i++) {
		const struct policy_kind *a = policy_kind_at(p, i);
		cJSON *object = json_object_in(array);
		json_add_text(object, "id", kind_row(a->kind)->name);
		json_add_text(object, "name", a->name);
		json_add_text(object, "keep", keeps[p->kinds[a->kind].keep]);
		add_duration(object, "longest_in_memory", !duration_is_zero(a->memory), a->memory);
		json_add_text(object, "source", a->source);
		cJSON_AddBoolToObject(object, "needed", a->needed);
		json_add_prose(object, "what", p, &a->what);
		json_add_prose(object, "where", p, &a->where);
		add_words(object, "categories", &a->categories);
		add_words(object, "subjects", &a->subjects);
		add_words(object, "purposes", &a->purposes);
		add_lives(object, p, a);
	}
}

static void add_purposes(cJSON *top, const struct policy *p)
{
	cJSON *array = cJSON_AddArrayToObject(top, "purposes");

	for (size_t i = 0; i < p->purpose_count; i++) {
		const struct policy_purpose *a = &p->purposes[i];
		cJSON *object = json_object_in(array);
		json_add_text(object, "id", a->id);
		json_add_text(object, "basis", a->basis);
		json_add_text(object, "consent", a->consent);
		json_add_prose(object, "what", p, &a->what);
		json_add_prose(object, "interest", p, &a->interest);
	}
}

static void add_places(cJSON *object, const struct policy *p, const struct policy_processor *t)
{
	cJSON *regions = cJSON_AddArrayToObject(object, "regions");
	cJSON *safeguards = cJSON_AddArrayToObject(object, "safeguards");

	for (size_t i = 0; i < t->region_count; i++) {
		cJSON *region = json_object_in(regions);
		json_add_text(region, "id", t->regions[i].id);
		json_add_text(region, "country", t->regions[i].country);
		json_add_text(region, "place", t->regions[i].place);
	}
	for (size_t i = 0; i < t->safeguard_count; i++) {
		cJSON *safeguard = json_object_in(safeguards);
		json_add_text(safeguard, "type", t->safeguards[i].type);
		json_add_text(safeguard, "copy", t->safeguards[i].copy);
		json_add_prose(safeguard, "what", p, &t->safeguards[i].what);
	}
}

static void add_processor(cJSON *object, const struct policy *p, const struct policy_processor *a, const struct policy_processor *t)
{
	cJSON *kinds = NULL;

	json_add_text(object, "id", a->id);
	json_add_text(object, "legal_name", a->name);
	json_add_text(object, "brand", t->brand);
	json_add_text(object, "service", a->service);
	json_add_text(object, "standing", t->standing);
	json_add_text(object, "task", a->purpose);
	add_set(object, "roles", a->roles, &policy_role_words);
	cJSON_AddNumberToObject(object, "order", a->order);
	json_add_text(object, "use", policy_word(&policy_use_words, a->use));
	cJSON_AddBoolToObject(object, "local", a->local);
	kinds = cJSON_AddArrayToObject(object, "receives");
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		if (a->kinds & KIND_BIT(k))
			cJSON_AddItemToArray(kinds, cJSON_CreateString(kind_row((enum kind)k)->name));
	}
	add_words(object, "never", &t->never);
	add_words(object, "purposes", &t->purposes);
	cJSON *hosts = cJSON_AddArrayToObject(object, "hosts");
	for (const char *const *host = a->hosts; *host != NULL; host++)
		cJSON_AddItemToArray(hosts, cJSON_CreateString(*host));
	add_places(object, p, t);
	cJSON_AddBoolToObject(object, "trains_on_data", a->trains);
	add_words(object, "asked_for", &t->ask);
	cJSON_AddBoolToObject(object, "anonymised", t->anonymised);
	add_duration(object, "retention", t->has_keeps, t->keeps);
	json_add_prose(object, "retention_text", p, &t->retention);
	json_add_text(object, "policy", t->policy);
	json_add_text(object, "agreement", t->agreement);
	json_add_date(object, "added", t->added);
	json_add_date(object, "effective_from", t->effective);
	json_add_date(object, "removed", t->removed);
}

static void add_browser(cJSON *top, const struct policy *p)
{
	cJSON *cookies = cJSON_AddArrayToObject(top, "cookies");
	cJSON *resources = cJSON_AddArrayToObject(top, "third_party_resources");

	for (size_t i = 0; i < p->cookie_count; i++) {
		cJSON *object = json_object_in(cookies);
		json_add_text(object, "name", p->cookies[i].name);
		json_add_text(object, "class", p->cookies[i].class);
		json_add_text(object, "purpose", p->cookies[i].purpose);
		json_add_text(object, "in", p->cookies[i].in);
		add_duration(object, "lasts", p->cookies[i].has_lasts, p->cookies[i].lasts);
		json_add_text(object, "consent", p->cookies[i].consent);
	}
	for (size_t i = 0; i < p->third_party_count; i++) {
		const struct policy_third_party *a = &p->third_parties[i];
		cJSON *object = json_object_in(resources);
		json_add_text(object, "origin", a->origin);
		json_add_text(object, "type", a->type);
		json_add_text(object, "purpose", a->purpose);
		json_add_text(object, "processor", a->processor);
	}
}

static void add_rights(cJSON *top, const struct policy *p)
{
	cJSON *array = cJSON_AddArrayToObject(top, "rights");

	for (size_t i = 0; i < p->right_count; i++) {
		const struct policy_right *t = &p->rights[i];
		cJSON *object = json_object_in(array);
		json_add_text(object, "id", p->rights[i].id);
		json_add_text(object, "name", t->name);
		json_add_text(object, "who", t->who);
		json_add_text(object, "verify", t->verify);
		cJSON_AddBoolToObject(object, "self_service", t->self_service);
		json_add_prose(object, "how", p, &t->how);
		cJSON *answers = cJSON_AddArrayToObject(object, "answers");
		for (size_t j = 0; j < t->answer_count; j++) {
			cJSON *answer = json_object_in(answers);
			json_add_text(answer, "regime", t->answers[j].regime);
			if (t->answers[j].statutory)
				json_add_text(answer, "within", "statutory");
			else
				add_duration(answer, "within", true, t->answers[j].within);
		}
	}
}

static void add_claims(cJSON *top, const struct policy *p)
{
	cJSON *rules = cJSON_AddArrayToObject(top, "content_rules");
	cJSON *claims = cJSON_AddArrayToObject(top, "promises");
	cJSON *consents = cJSON_AddArrayToObject(top, "consents");

	for (size_t i = 0; i < p->content_rule_count; i++) {
		cJSON *object = json_object_in(rules);
		json_add_text(object, "id", p->content_rules[i].id);
		json_add_text(object, "action", p->content_rules[i].action);
		json_add_prose(object, "what", p, &p->content_rules[i].what);
	}
	for (size_t i = 0; i < p->claim_count; i++) {
		cJSON *object = json_object_in(claims);
		json_add_text(object, "id", p->claims[i].id);
		json_add_text(object, "kind", p->claims[i].kind);
		json_add_text(object, "processor", p->claims[i].processor);
		json_add_prose(object, "what", p, &p->claims[i].what);
	}
	for (size_t i = 0; i < p->consent_count; i++) {
		cJSON *object = json_object_in(consents);
		json_add_text(object, "id", p->consents[i].id);
		json_add_text(object, "form", p->consents[i].form);
		json_add_prose(object, "what", p, &p->consents[i].what);
		json_add_prose(object, "withdraw", p, &p->consents[i].withdraw);
	}
}

static void add_versions(cJSON *top, const struct policy *p)
{
	cJSON *array = cJSON_AddArrayToObject(top, "versions");

	for (size_t i = 0; i < p->version_count; i++) {
		const struct policy_version *v = &p->versions[i];
		cJSON *object = json_object_in(array);
		json_add_text(object, "id", v->id);
		json_add_date(object, "effective", v->effective);
		json_add_date(object, "updated", v->updated);
		cJSON *changes = cJSON_AddArrayToObject(object, "changes");
		for (size_t j = 0; j < v->change_count; j++) {
			cJSON *change = json_object_in(changes);
			cJSON_AddBoolToObject(change, "material", v->changes[j].material);
			json_add_prose(change, "what", p, &v->changes[j].what);
		}
	}
}

static void add_sections(cJSON *top, const struct policy *p)
{
	cJSON *array = cJSON_AddArrayToObject(top, "sections");

	for (size_t i = 0; i < p->section_count; i++) {
		const struct policy_section *s = &p->sections[i];
		cJSON *object = json_object_in(array);
		json_add_text(object, "id", s->id);
		json_add_text(object, "title", s->title);
		cJSON *blocks = cJSON_AddArrayToObject(object, "blocks");
		for (size_t j = 0; j < s->block_count; j++) {
			cJSON *block = json_object_in(blocks);
			if (s->blocks[j].type == BLOCK_PARAGRAPH)
				json_add_prose(block, "text", p, &s->blocks[j].prose);
			else if (s->blocks[j].type == BLOCK_LIST)
				add_proses(block, "list", p, &s->blocks[j].items);
			else
				json_add_text(block, "insert", s->blocks[j].insert);
		}
	}
}

static void add_service(cJSON *top, const struct policy *p)
{
	const struct policy_service *a = &p->service;

	if (a->line == 0) {
		cJSON_AddNullToObject(top, "service");
		return;
	}
	cJSON *object = cJSON_AddObjectToObject(top, "service");
	add_words(object, "by", &a->by);
	add_words(object, "from", &a->from);
	add_words(object, "to", &a->to);
	json_add_prose(object, "what", p, &a->what);
}

static void add_head(cJSON *top, const struct policy *p)
{
	json_add_text(top, "site", p->site);
	json_add_text(top, "shown_as", p->shown_as);
	json_add_text(top, "language", p->language);
	json_add_text(top, "version", p->version);
	json_add_date(top, "effective", p->effective);
	json_add_date(top, "updated", p->updated);
	json_add_text(top, "policy_sha256", p->sha256);
	json_add_text(top, "contact", p->contact);
	add_party(top, "controller", &p->controller);
	add_party(top, "representative", &p->representative);
	add_party(top, "data_protection_officer", &p->officer);
	add_party(top, "supervisory_authority", &p->authority);
	json_add_prose(top, "summary", p, &p->lead);
	add_service(top, p);
}

static void add_tail(cJSON *top, const struct policy *p)
{
	if (p->minimum_age > 0)
		cJSON_AddNumberToObject(top, "minimum_age", p->minimum_age);
	else
		cJSON_AddNullToObject(top, "minimum_age");
	json_add_prose(top, "minimum_age_text", p, &p->minimum_age_what);
	if (p->page_fetch) {
		cJSON *fetch = cJSON_AddObjectToObject(top, "page_fetch");
		json_add_text(fetch, "user_agent", p->user_agent);
		json_add_prose(fetch, "what", p, &p->page_fetch_what);
	} else {
		cJSON_AddNullToObject(top, "page_fetch");
	}
	cJSON *advice = cJSON_AddObjectToObject(top, "advice");
	add_proses(advice, "paste", p, &p->advice_paste);
	add_proses(advice, "publish", p, &p->advice_publish);
	add_proses(top, "security", p, &p->security);
	cJSON *automated = cJSON_AddObjectToObject(top, "automated_decisions");
	cJSON_AddBoolToObject(automated, "used", p->automated_used);
	cJSON_AddBoolToObject(automated, "legal_effect", p->automated_legal_effect);
	json_add_prose(automated, "what", p, &p->automated);
	cJSON *changes = cJSON_AddObjectToObject(top, "changes");
	add_duration(changes, "notice", true, p->notice);
	add_words(changes, "by", &p->changes_by);
	add_words(changes, "material_by", &p->changes_material_by);
	cJSON_AddBoolToObject(changes, "use_accepts", p->use_accepts);
	json_add_prose(changes, "what", p, &p->changes);
	json_add_prose(top, "law_enforcement", p, &p->law_enforcement);
}

// What a dsrdelete.json of the IAB's deletion framework would say: where a deletion is asked for, and by what. The framework's signed
// requests are not spoken here, so the file itself is not published.
static void add_deletion(cJSON *top, const struct policy *p)
{
	static const char *const formats[][2] = {
	    {"receipt", "token"}, {"account", "session"}, {"mail", "address"}, {"identity", "document"}};
	const struct policy_right *right = policy_right(p, "erasure");
	BUF_AUTO struct buf endpoint = BUF_INIT(4096);

	if (right == NULL) {
		cJSON_AddNullToObject(top, "deletion");
		return;
	}
	const char *verify = p->rights[right - p->rights].verify;
	cJSON *object = cJSON_AddObjectToObject(top, "deletion"), *identifiers;
	site_address(p, &endpoint);
	buf_adds(&endpoint, strcmp(verify, "receipt") == 0 ? "/api/erase" : "/api/rights");
	json_add_text(object, "endpoint", buf_text(&endpoint));
	identifiers = cJSON_AddArrayToObject(object, "identifiers");
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (strcmp(formats[i][0], verify) != 0)
			continue;
		cJSON *one = json_object_in(identifiers);
		cJSON_AddNumberToObject(one, "id", 1);
		json_add_text(one, "type", formats[i][0]);
		json_add_text(one, "format", formats[i][1]);
	}
	cJSON_AddArrayToObject(object, "publicKey");
	cJSON_AddBoolToObject(object, "vendorScriptRequirement", false);
}

cJSON *notice_tree(const struct policy *p)
{
	cJSON *top = cJSON_CreateObject();

	add_head(top, p);
	add_kinds(top, p);
	add_purposes(top, p);
	cJSON *processors = cJSON_AddArrayToObject(top, "processors");
	for (size_t i = 0; i < p->processor_count; i++)
		add_processor(json_object_in(processors), p, &p->processors[i], &p->processors[i]);
	add_browser(top, p);
	add_rights(top, p);
	add_deletion(top, p);
	add_claims(top, p);
	add_tail(top, p);
	add_versions(top, p);
	add_sections(top, p);
	return top;
}

int notice_json(const struct policy *p, struct buf *out, struct err *e)
{
	JSON_AUTO cJSON *top = notice_tree(p);

	return pages_json(top, out) != 0 ? err_set(e, ERR_MEMORY, "privacy.json is too large") : 0;
}
