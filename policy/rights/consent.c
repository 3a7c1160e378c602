// SPDX-License-Identifier: ISC
#include "policy/rights/consent.h"
#include "policy/base/array.h"
#include "policy/publish/render/writer.h"
#include "policy/publish/words/words.h"
#include "policy/vault/seal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONSENT_BODY_MAX = 16 * 1024, TEXT_MAX = 64 * 1024, CONSENT_EARLIER_MAX = 20 };

const char *const consent_state_names[CONSENT_STATES + 1] = {
    [CONSENT_UNASKED] = "unasked",     [CONSENT_GIVEN] = "given",     [CONSENT_REFUSED] = "refused",
    [CONSENT_WITHDRAWN] = "withdrawn", [CONSENT_EXPIRED] = "expired",
};

static enum consent_state consent_state(const char *name)
{
	enum consent_state state = CONSENT_UNASKED;

	while (state < CONSENT_STATES && (name == NULL || strcmp(consent_state_names[state], name) != 0))
		state++;
	return state;
}

const struct policy_consent *consent_find(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->consent_count; i++)
		if (strcmp(p->consents[i].id, id) == 0)
			return &p->consents[i];
	return NULL;
}

// The classes of cookies that the consent is for, as POLICY_BIT()s.
static unsigned consent_classes(const struct policy *p, const struct policy_consent *consent)
{
	unsigned classes = 0;

	for (size_t i = 0; i < p->cookie_count; i++)
		if (p->cookies[i].consent != NULL && strcmp(p->cookies[i].consent, consent->id) == 0)
			classes |= POLICY_BIT(p->cookies[i].class);
	return classes;
}

// Whether the browser's signal (Sec-GPC) says no to it.
static bool consent_refused_by_signal(const struct policy *p, const struct policy_consent *consent)
{
	const struct policy_right *analytics = policy_right(p, RIGHT_OPT_OUT_OF_ANALYTICS);
	unsigned refused = POLICY_BIT(COOKIE_MARKETING);

	if (analytics != NULL && analytics->signal == SIGNAL_GPC)
		refused |= POLICY_BIT(COOKIE_ANALYTICS) | POLICY_BIT(COOKIE_PERFORMANCE);
	return (consent_classes(p, consent) & refused) != 0;
}

// The words that are shown, and their hash.
static int consent_shown(const struct policy *p, const struct policy_consent *consent, struct buf *text, char sha256[2 * HASH_LEN + 1])
{
	uint8_t hash[HASH_LEN];

	prose_plain(p, &consent->what, text);
	const struct bytes parts[] = {{buf_text(text), text->len}};
	plain_hash(hash, parts, ARRAY_LEN(parts));
	hex_encode(sha256, hash, sizeof hash);
	return text->failed ? -1 : 0;
}

// ---- what was decided ----

struct decision {
	char id[RECORD_ID_LEN + 1];
	cJSON *body;
	const char *purpose, *sha256, *language; // of it
	const char *given_sha256;                // of the text that was consented to, also of what is withdrawn; NULL: none
	enum consent_state state;
	long n;
	time_t at, until, given_at; // given_at: when that was; 0: never
	bool superseded, restricted;
};
struct decisions {
	struct decision *list;
	size_t count, capacity;
	bool failed;
};
#define DECISIONS_AUTO __attribute__((cleanup(decisions_free)))

static void decisions_free(struct decisions *d)
{
	for (size_t i = 0; i < d->count; i++)
		cJSON_Delete(d->list[i].body);
	free(d->list);
}

static void decision_add(void *arg, const struct vault_record *r)
{
	struct decisions *d = arg;

	if (r->kind != KIND_CONSENT || r->over)
		return;
	cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);
	const bool given = strcmp(json_string_or(body, "state", ""), consent_state_names[CONSENT_GIVEN]) == 0;
	struct decision one = {.body = body,
			       .purpose = json_string(body, "purpose"),
			       .sha256 = json_string(body, "notice_sha256"),
			       .language = json_string(body, "language"),
			       .given_sha256 = json_string(body, given ? "notice_sha256" : "given_notice_sha256"),
			       .state = consent_state(json_string(body, "state")),
			       .n = (long)json_number(body, "n", 0),
			       .at = json_time(body, "time"),
			       .until = json_time(body, "valid_until"),
			       .given_at = json_time(body, given ? "time" : "given_at"),
			       .superseded = r->facts.since[LIFE_CONSENT_WITHDRAWN] != 0,
			       .restricted = r->facts.since[LIFE_RESTRICTED] != 0};
	const bool whole = one.purpose != NULL && one.sha256 != NULL && one.language != NULL && json_string(body, "state") != NULL;
	const bool added = whole && ARRAY_GROW(d->list, d->count, d->capacity);
	d->failed = d->failed || (whole ? !added : r->unreadable); // what cannot be read may have been a refusal
	memcpy(one.id, r->id, sizeof one.id);
	if (added)
		d->list[d->count++] = one;
	else
		cJSON_Delete(body);
}

static int decisions_read(struct vault *v, const char *principal, struct decisions *out, struct err *e)
{
	const struct subject_walk walk = {.record = decision_add};
	struct subject_result missed;

	*out = (struct decisions){0};
	if (principal == NULL || !token_shaped(principal))
		return 0;
	if (vault_subject(v, ERASE_RECEIPT, principal, &walk, out, &missed, e) != 0)
		return -1;
	return out->failed ? err_set(e, ERR_CORRUPT, "not all that was decided can be read") : 0;
}

// The one that holds: the last; of two at once the one that says no.
static const struct decision *decision_last(const struct decisions *d, const char *purpose)
{
	const struct decision *last = NULL;

	for (size_t i = 0; i < d->count; i++) {
		const struct decision *one = &d->list[i];
		if (strcmp(one->purpose, purpose) == 0 &&
		    (last == NULL || one->n > last->n || (one->n == last->n && one->state != CONSENT_GIVEN)))
			last = one;
	}
	return last;
}

static int decision_holds(const struct policy *p, const struct policy_consent *consent, const struct decision *d, bool *holds,
			  struct err *e)
{
	const struct policy *shown = d != NULL ? policy_language(p, d->language) : NULL;
	const struct policy_consent *same = shown != NULL ? consent_find(shown, consent->id) : NULL;
	BUF_AUTO struct buf text = BUF_INIT(TEXT_MAX);
	char sha256[2 * HASH_LEN + 1];

	*holds = false;
	if (same == NULL)
		return 0;
	if (consent_shown(shown, same, &text, sha256) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	*holds = strcmp(sha256, d->sha256) == 0 && d->until > when_now();
	return 0;
}

static int consent_judge(const struct policy *p, const struct decisions *d, const struct policy_consent *consent, bool signal,
			 struct consent_now *out, struct err *e)
{
	const struct decision *last = decision_last(d, consent->id);
	bool holds;

	if (decision_holds(p, consent, last, &holds, e) != 0)
		return -1;
	*out = (struct consent_now){.consent = consent, .state = last != NULL ? last->state : CONSENT_UNASKED};
	if (last != NULL) {
		out->at = last->at;
		out->until = last->until;
		out->state = holds || last->state != CONSENT_GIVEN ? last->state : CONSENT_EXPIRED;
	}
	if (last != NULL && last->state == CONSENT_GIVEN && last->superseded) { // what was decided after it was lost with a restore
		holds = false;
		out->state = CONSENT_WITHDRAWN;
	}
	out->ask = !holds;
	out->allowed = last == NULL ? consent->form == CONSENT_OPT_OUT : holds && last->state == CONSENT_GIVEN && !last->restricted;
	if (signal && consent_refused_by_signal(p, consent)) {
		out->allowed = out->ask = false;
		out->state = last != NULL && last->state != CONSENT_GIVEN ? last->state : CONSENT_REFUSED;
	}
	return 0;
}

int consent_now(struct vault *v, const char *principal, bool signal, struct consent_now *out, struct err *e)
{
	const struct policy *p = vault_policy(v);
	DECISIONS_AUTO struct decisions d;

	if (decisions_read(v, principal, &d, e) != 0)
		return -1;
	for (size_t i = 0; i < p->consent_count; i++)
		if (consent_judge(p, &d, &p->consents[i], signal, &out[i], e) != 0)
			return -1;
	return 0;
}

// ---- deciding ----

// Keeps the text, once: again only where it would end before what names it.
static int text_keep(struct vault *v, const struct policy *p, const struct buf *text, const char *sha256, time_t end, struct err *e)
{
	struct vault_record there = {0};
	struct err why = {0};
	char id[RECORD_ID_LEN + 1];
	BUF_AUTO struct buf bytes = BUF_INIT(CONSENT_BODY_MAX);
	JSON_AUTO cJSON *body = cJSON_CreateObject();

	if (vault_find_head(v, KIND_CONSENT, "text", sha256, &there, &why) == 0 && (there.due == 0 || (end != 0 && there.due >= end)))
		return 0;
	if (why.code != ERR_NONE && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	if (!json_put_texts(body, JSON_TEXTS({"text", buf_text(text)}, {"language", p->language}, {"sha256", sha256})) ||
	    json_print(&bytes, body) != 0)
		return err_set(e, ERR_MEMORY, "the text is too long");
	const struct vault_tag tags[] = {{"text", sha256}, {NULL, NULL}};
	const struct vault_new record = {.kind = KIND_CONSENT, .tags = tags, .body = bytes.data, .body_len = bytes.len, .carried = true};
	return vault_put(v, &record, NULL, id, e);
}

// What a decision takes the place of is no consent any more.
static int decisions_supersede(struct vault *v, const struct decisions *d, const char *purpose, struct err *e)
{
	for (size_t i = 0; i < d->count; i++) {
		const struct decision *one = &d->list[i];
		struct err why = {0};
		if (strcmp(one->purpose, purpose) == 0 && !one->superseded &&
		    vault_update(v, one->id, &(struct vault_change){.set = LIFE_BIT(LIFE_CONSENT_WITHDRAWN)}, NULL, &why) != 0 &&
		    why.code != ERR_NOT_FOUND)
			return err_set(e, why.code, "%s", why.text);
	}
	return 0;
}

struct dependents {
	struct vault *v;
	const struct policy_consent *consent;
	struct err why;
};

// What rests on the consent: a kind that lives while it is given, and one of whose purposes names it.
static void dependent_end(void *arg, const struct vault_record *r)
{
	struct dependents *x = arg;
	const struct policy *p = vault_policy(x->v);
	const struct policy_kind *kind = &p->kinds[r->kind];
	bool lives = false, names = false;

	for (size_t i = 0; i < kind->life_count; i++)
		lives = lives || kind->lives[i].lasts_while == CONDITION_CONSENT;
	for (size_t i = 0; i < kind->purposes.count; i++) {
		const struct policy_purpose *purpose = policy_purpose(p, kind->purposes.items[i]);
		names = names || (purpose != NULL && purpose->consent != NULL && strcmp(purpose->consent, x->consent->id) == 0);
	}
	if (r->kind != KIND_CONSENT && !r->over && lives && names && x->why.code == ERR_NONE)
		(void)vault_update(x->v, r->id, &(struct vault_change){.set = LIFE_BIT(LIFE_CONSENT_WITHDRAWN)}, NULL, &x->why);
}

static int dependents_end(struct vault *v, const char *principal, const struct policy_consent *consent, struct err *e)
{
	const struct subject_walk walk = {.record = dependent_end};
	struct dependents x = {.v = v, .consent = consent};
	struct subject_result missed;

	if (vault_subject(v, ERASE_RECEIPT, principal, &walk, &x, &missed, e) != 0)
		return -1;
	return x.why.code == ERR_NONE || x.why.code == ERR_NOT_FOUND ? 0 : err_set(e, x.why.code, "%s", x.why.text);
}

// What a new decision takes the place of may end at once; that it had been consented to, when and under which text, is still to be shown: Article 7(1).
static bool consent_add_earlier(cJSON *body, const struct decision *before, enum consent_state state, time_t now)
{
	if (before == NULL)
		return true;
	const cJSON *known = json_get(before->body, "earlier");
	cJSON *earlier = known != NULL ? cJSON_Duplicate(known, true) : cJSON_CreateArray();
	bool ok = cJSON_AddItemToObject(body, "earlier", earlier);
	if (state == CONSENT_WITHDRAWN && before->given_at != 0)
		ok = ok && json_put(body, JSON_MEMBERS(MEMBER_TIME("given_at", before->given_at),
						       MEMBER_TEXT("given_notice_sha256", before->given_sha256)));
	if (state == CONSENT_GIVEN && before->given_at != 0) {
		const bool withdrawn = before->state == CONSENT_WITHDRAWN;
		const time_t end = withdrawn ? before->at : before->until < now ? before->until : 0; // 0: the next one took its place
		const char *name = consent_state_names[withdrawn ? CONSENT_WITHDRAWN : CONSENT_EXPIRED];
		ok = ok && json_push(earlier, JSON_MEMBERS(MEMBER_TIME("given_at", before->given_at),
							   MEMBER_TEXT("notice_sha256", before->given_sha256), MEMBER_TIME("ended", end),
							   MEMBER_TEXT("state", end != 0 ? name : NULL)));
	}
	while (cJSON_GetArraySize(earlier) > CONSENT_EARLIER_MAX)
		cJSON_DeleteItemFromArray(earlier, 0);
	if (cJSON_GetArraySize(earlier) == 0)
		cJSON_DeleteItemFromObjectCaseSensitive(body, "earlier");
	return ok;
}

int consent_record(struct vault *v, const struct consent_new *new, enum consent_state *state, struct err *e)
{
	const struct policy *p = vault_policy(v);
	const struct policy_consent *consent = consent_find(p, new->consent->id);
	const bool refused = new->signal &&consent_refused_by_signal(p, new->consent);
	DECISIONS_AUTO struct decisions d = {0};
	struct consent_now now;
	BUF_AUTO struct buf text = BUF_INIT(TEXT_MAX), bytes = BUF_INIT(CONSENT_BODY_MAX);
	JSON_AUTO cJSON *body = cJSON_CreateObject();
	char sha256[2 * HASH_LEN + 1], pseudonym[HASH_LEN + 1], details[256], id[RECORD_ID_LEN + 1];
	const time_t made = when_now(), valid = duration_after(made, (struct duration){.months = CONSENT_MONTHS});
	long n = 1;

	if (consent == NULL || p->kinds[KIND_CONSENT].keep != KEEP_STORED)
		return err_set(e, ERR_REFUSED, "the policy keeps no consents");
	if (decisions_read(v, new->principal, &d, e) != 0 || consent_judge(p, &d, consent, false, &now, e) != 0)
		return -1;
	const bool given = new->given && !refused, was = now.state == CONSENT_GIVEN || now.state == CONSENT_EXPIRED;
	*state = given ? CONSENT_GIVEN : was || now.state == CONSENT_WITHDRAWN ? CONSENT_WITHDRAWN : CONSENT_REFUSED;
	if (!now.ask && *state == now.state)
		return 0;
	if (d.count >= CONSENT_DECISIONS_MAX)
		return err_set(e, ERR_BUSY, "this was decided too often");
	for (size_t i = 0; i < d.count; i++)
		n = d.list[i].n >= n ? d.list[i].n + 1 : n;
	// A kind that lives as long as the consent ends with it: who never comes back is forgotten when it is over.
	const time_t end = life_end(p, KIND_CONSENT, made), due = end == 0 ? valid : 0;
	if (consent_shown(new->policy, new->consent, &text, sha256) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	if (text_keep(v, new->policy, &text, sha256, end, e) != 0)
		return -1;
	static const char purpose[] = "lethe consent principal ";
	const struct bytes parts[] = {{purpose, sizeof purpose - 1}, {new->principal, strlen(new->principal)}};
	uint8_t hash[HASH_LEN];
	plain_hash(hash, parts, ARRAY_LEN(parts));
	hex_encode(pseudonym, hash, HASH_LEN / 2);
	const bool ok =
	    json_put(body, JSON_MEMBERS(MEMBER_NUMBER("n", n), MEMBER_TIME("time", made), MEMBER_TIME("valid_until", valid))) &&
	    consent_add_earlier(body, decision_last(&d, consent->id), *state, made) &&
	    json_put_texts(body, JSON_TEXTS({"principal", pseudonym}, {"purpose", consent->id}, {"state", consent_state_names[*state]},
					    {"notice_sha256", sha256}, {"notice_version", p->version}, {"policy_sha256", p->sha256},
					    {"language", new->policy->language}, {"surface", new->surface},
					    {"action", refused && new->given ? "Sec-GPC" : new->action}));
	if (!ok || json_print(&bytes, body) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	snprintf(details, sizeof details, "{\"purpose\":\"%.100s\",\"state\":\"%s\",\"surface\":\"%.20s\"}", consent->id,
		 consent_state_names[*state], new->surface);
	const struct ledger_event event = {.name = "consent", .details = details};
	const struct vault_new record = {
	    .kind = KIND_CONSENT, .subject = new->principal, .body = bytes.data, .body_len = bytes.len, .due = due, .carried = !given};
	if (vault_put(v, &record, &event, id, e) != 0 || decisions_supersede(v, &d, consent->id, e) != 0)
		return -1;
	return *state == CONSENT_WITHDRAWN ? dependents_end(v, new->principal, consent, e) : 0;
}

int consent_withdraw(struct vault *v, const char *principal, unsigned classes, bool refuse, size_t *count, struct err *e)
{
	const struct policy *p = vault_policy(v);
	struct consent_now *now = calloc(p->consent_count + 1, sizeof *now);

	*count = 0;
	if (now == NULL)
		return err_set(e, ERR_MEMORY, "no memory");
	int ret = consent_now(v, principal, false, now, e);
	for (size_t i = 0; i < p->consent_count && ret == 0; i++) {
		const struct policy_consent *consent = &p->consents[i];
		enum consent_state state;
		if (classes != 0 && (consent_classes(p, consent) & classes) == 0)
			continue;
		(*count)++;
		if (!refuse && now[i].state != CONSENT_GIVEN && now[i].state != CONSENT_EXPIRED && !now[i].allowed)
			continue;
		ret = consent_record(v,
				     &(struct consent_new){
					 .principal = principal, .policy = p, .consent = consent, .surface = "rights", .action = "request"},
				     &state, e);
	}
	free(now);
	return ret;
}

// ---- showing ----

struct consent_walk {
	int (*each)(void *, const struct consent_row *);
	void *arg;
};

static int walk_consent(void *arg, const struct vault_record *r)
{
	const struct consent_walk *w = arg;
	JSON_AUTO cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);
	const struct consent_row row = {.id = r->id,
					.purpose = json_string(body, "purpose"),
					.state = json_string(body, "state"),
					.surface = json_string(body, "surface"),
					.at = json_time(body, "time"),
					.until = json_time(body, "valid_until"),
					.superseded = r->facts.since[LIFE_CONSENT_WITHDRAWN] != 0,
					.body = body};

	return row.purpose != NULL && row.state != NULL && json_string(body, "principal") != NULL ? w->each(w->arg, &row)
												  : 0; // else it is a text
}

int consent_each(struct vault *v, int (*each)(void *, const struct consent_row *), void *arg, struct err *e)
{
	struct consent_walk w = {each, arg};

	return vault_each_for_rights(v, KIND_CONSENT, NULL, walk_consent, &w, e);
}

int consent_text(struct vault *v, const char *sha256, struct buf *out, struct err *e)
{
	struct vault_record r = {0};

	if (vault_find(v, KIND_CONSENT, "text", sha256, &r, e) != 0)
		return -1;
	JSON_AUTO cJSON *body = json_parse(buf_text(&r.body), r.body.len, e);
	const char *text = json_string(body, "text");
	int ret = text == NULL ? err_set(e, ERR_CORRUPT, "the text cannot be read") : buf_adds(out, text);
	vault_record_free(&r);
	return ret;
}

struct receipt_event {
	time_t at;
	enum consent_state state;
	bool signal;
	const char *notice_sha256, *language, *action; // NULL: not told
};

static void receipt_party(cJSON *parties, const char *role, const struct policy_party *party)
{
	if (party->name != NULL)
		json_push(parties, JSON_MEMBERS(MEMBER_TEXT("entity_id", role), MEMBER_TEXT("party_name", party->name),
						MEMBER_TEXT("party_type", "organisation"), MEMBER_TEXT("party_role", role),
						MEMBER_TEXT("party_contact", party->mail)));
}

// To the list of this name, once.
static void receipt_add(cJSON *receipt, const char *list, const char *text)
{
	cJSON *texts = cJSON_GetObjectItemCaseSensitive(receipt, list), *one;

	cJSON_ArrayForEach(one, texts)
	{
		if (strcmp(one->valuestring, text) == 0)
			return;
	}
	cJSON_AddItemToArray(texts, cJSON_CreateString(text));
}

static void receipt_add_prose(cJSON *receipt, const char *list, const struct policy *p, const struct prose *prose)
{
	BUF_AUTO struct buf text = BUF_INIT(TEXT_MAX);

	prose_plain(p, prose, &text);
	if (text.len > 0)
		receipt_add(receipt, list, buf_text(&text));
}

// What the policy says of the data that rests on the consent, and of who gets it: the members of a receipt that are lists of texts.
static cJSON *receipt_processing(const struct policy *p, const struct consent_row *row, const struct policy_consent *consent,
				 const cJSON *assessments)
{
	static const char *const lists[] = {"pii_controllers",
					    "purpose_type",
					    "purpose",
					    "pii_information",
					    "pii_type",
					    "sensitive_pii_category",
					    "special_pii_category",
					    "processing_method",
					    "storage_locations",
					    "processing_locations",
					    "geographic_restrictions",
					    "retention_period",
					    "recipient_third_parties",
					    "privacy_rights",
					    "codes_of_conduct",
					    "impact_assessment"};
	BUF_AUTO struct buf withdraw = BUF_INIT(TEXT_MAX);
	const bool given = strcmp(row->state, consent_state_names[CONSENT_REFUSED]) != 0;
	cJSON *one = cJSON_CreateObject();
	bool optional = true;

	if (consent != NULL)
		prose_plain(p, &consent->withdraw, &withdraw);
	json_put_texts(one, JSON_TEXTS({"privacy_notice", json_string(row->body, "notice_sha256")},
				       {"privacy_notice_version", json_string(row->body, "notice_version")}, {"policy_version", p->version},
				       {"collection_method", row->surface}, {"withdrawal_method", buf_text(&withdraw)},
				       {"authority_party", p->authority.name != NULL ? "authority" : NULL},
				       {"lawful_basis", given ? "https://w3id.org/dpv/legal/eu/gdpr#A6-1-a" : NULL}));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		cJSON_AddArrayToObject(one, lists[i]);
	if (p->controller.name != NULL)
		receipt_add(one, "pii_controllers", p->controller.name);
	for (size_t i = 0; i < p->right_count; i++)
		receipt_add(one, "privacy_rights", p->rights[i].name);
	for (size_t i = 0; i < p->purpose_count; i++) {
		const struct policy_purpose *purpose = &p->purposes[i];
		if (purpose->consent == NULL || strcmp(purpose->consent, row->purpose) != 0)
			continue;
		const cJSON *assessed, *about = json_get(assessments, purpose->id);
		receipt_add(one, "purpose_type", purpose->id);
		receipt_add_prose(one, "purpose", p, &purpose->what);
		cJSON_ArrayForEach(assessed, about)
		{
			receipt_add(one, "impact_assessment", assessed->valuestring);
		}
		for (size_t k = 0; k < p->kind_count; k++) {
			const struct policy_kind *kind = policy_kind_at(p, k);
			char life[1024], kept[1536];
			if (!policy_strings_have(&kind->purposes, purpose->id))
				continue;
			word_life(life, sizeof life, p, kind);
			snprintf(kept, sizeof kept, "%s: %s", kind->name, life);
			receipt_add(one, "pii_information", kind->name);
			for (size_t c = 0; c < kind->categories.count; c++)
				receipt_add(one, "pii_type", kind->categories.items[c]);
			receipt_add(one, "processing_method", "https://w3id.org/dpv#Collect");
			receipt_add(one, "processing_method",
				    kind->keep == KEEP_STORED ? "https://w3id.org/dpv#Store" : "https://w3id.org/dpv#Use");
			receipt_add(one, "retention_period", kept);
			receipt_add_prose(one, "storage_locations", p, &kind->where);
			optional = optional && !kind->needed;
		}
		for (size_t a = 0; a < p->processor_count; a++) {
			const struct policy_processor *processor = &p->processors[a];
			if (processor->local || !policy_strings_have(&processor->purposes, purpose->id))
				continue;
			receipt_add(one, "recipient_third_parties", processor->name);
			receipt_add(one, "processing_method", "https://w3id.org/dpv#Share");
			for (size_t g = 0; g < processor->region_count; g++) {
				receipt_add(one, "processing_locations", processor->regions[g].place);
				receipt_add(one, "geographic_restrictions", processor->regions[g].country);
			}
		}
	}
	cJSON_AddBoolToObject(one, "pii_optional", optional);
	return one;
}

static void receipt_event(cJSON *events, const struct receipt_event *what)
{
	json_push(events, JSON_MEMBERS(MEMBER_TIME("event_time", what->at), MEMBER_TEXT("event_type", what->signal ? "signal" : "explicit"),
				       MEMBER_TEXT("event_state", consent_state_names[what->state]),
				       MEMBER_TEXT("privacy_notice", what->notice_sha256), MEMBER_TEXT("event_language", what->language),
				       MEMBER_TEXT("event_action", what->action),
				       MEMBER_TEXT("validity_duration", what->state == CONSENT_GIVEN ? "P12M" : NULL)));
}

cJSON *consent_receipt(const struct policy *p, const struct consent_row *row, const cJSON *assessments)
{
	const char *language = json_string(row->body, "language"), *action = json_string(row->body, "action");
	const struct policy *shown = language != NULL ? policy_language(p, language) : NULL;
	cJSON *receipt = cJSON_CreateObject();
	const cJSON *earlier;

	p = shown != NULL ? shown : p;
	json_put_texts(receipt, JSON_TEXTS({"@type", "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"},
					   {"schema_version", "https://w3id.org/dpv/schema/dpv-27560"}, {"record_id", row->id},
					   {"pii_principal_id", json_string(row->body, "principal")}));
	cJSON_AddItemToArray(cJSON_AddArrayToObject(receipt, "pii_processing"),
			     receipt_processing(p, row, consent_find(p, row->purpose), assessments));
	cJSON *parties = cJSON_AddArrayToObject(receipt, "party_identification");
	receipt_party(parties, "controller", &p->controller);
	receipt_party(parties, "data-protection-officer", &p->officer);
	receipt_party(parties, "authority", &p->authority);
	cJSON *events = cJSON_AddArrayToObject(receipt, "event");
	cJSON_ArrayForEach(earlier, json_get(row->body, "earlier"))
	{
		receipt_event(events, &(struct receipt_event){.at = json_time(earlier, "given_at"),
							      .state = CONSENT_GIVEN,
							      .notice_sha256 = json_string(earlier, "notice_sha256")});
		if (json_get(earlier, "ended") != NULL)
			receipt_event(events, &(struct receipt_event){.at = json_time(earlier, "ended"),
								      .state = consent_state(json_string(earlier, "state"))});
	}
	const time_t given_at = json_time(row->body, "given_at");
	if (given_at != 0)
		receipt_event(events, &(struct receipt_event){.at = given_at,
							      .state = CONSENT_GIVEN,
							      .notice_sha256 = json_string(row->body, "given_notice_sha256")});
	receipt_event(events, &(struct receipt_event){.at = row->at,
						      .state = consent_state(row->state),
						      .signal = action != NULL && strcmp(action, "Sec-GPC") == 0,
						      .notice_sha256 = json_string(row->body, "notice_sha256"),
						      .language = language,
						      .action = action});
	return receipt;
}
