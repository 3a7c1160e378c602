// SPDX-License-Identifier: ISC
#include "policy/rights/request.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/base/mail_address.h"
#include "policy/rights/certificate.h"
#include "policy/rights/clock.h"
#include "policy/rights/document.h"
#include "policy/rights/person.h"
#include "policy/rights/reading.h"
#include "policy/vault/archive_token.h"
#include "policy/vault/key.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SAME_MAX = 1200, SAME_BEFORE_MAX = 64, JOINED_DEPTH_MAX = 64, KNOWN_ROUGH_SECONDS = 60 };
static const struct document_type requests = {KIND_RIGHTS_REQUEST, "request", RIGHTS_REQUEST_MAX, "right"};

static int refuse_right(const struct policy *p, struct err *e)
{
	char offered[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < p->right_count; i++) {
		int n = snprintf(offered + used, sizeof offered - used, "%s%s", used ? ", " : "",
				 policy_word(&policy_right_words, p->rights[i].id));
		if (n < 0 || (size_t)n >= sizeof offered - used)
			break;
		used += (size_t)n;
	}
	return err_set(e, ERR_REFUSED, "This site does not know this right. The rights it offers are: %s.", used ? offered : "none");
}

// A receipt that somebody made up names nothing but the requests that name it, too.
bool rights_names_something(struct vault *v, const struct rights_new *request)
{
	struct erase_result found = {0};
	struct vault_record archive = {0};
	uint64_t any = 0;

	if (request->archive != NULL)
		return archive_token_find_for_rights(v, request->archive, &archive, NULL) == 0;
	if (request->receipt == NULL || vault_erase(v, ERASE_RECEIPT, request->receipt, true, &found, NULL) != 0)
		return false;
	for (size_t i = 0; i < found.store_count; i++)
		any += strcmp(found.stores[i].name, "ledger-payloads") != 0 ? found.stores[i].found : 0;
	return any > found.requests;
}

// By what two requests are the same: right, what they name, and how many such were over before. A contact is no proof: anybody can give that of
// another one.
static bool same_value(char out[SAME_MAX], const struct rights_new *request, unsigned before)
{
	const char *value = request->receipt != NULL ? request->receipt : request->archive;

	return value != NULL && snprintf(out, SAME_MAX, "%s %u %s", request->right, before, value) < SAME_MAX;
}

// The open request that this one repeats: its id in `head`, else ""; `tag` is what the new one is to be found by.
static int find_same(struct vault *v, const struct rights_new *request, char tag[SAME_MAX], char head[RECORD_ID_LEN + 1], struct err *e)
{
	head[0] = '\0';
	for (unsigned before = 0; before < SAME_BEFORE_MAX && same_value(tag, request, before); before++) {
		struct vault_record record = {0};
		struct err why = {0};
		if (vault_find(v, KIND_RIGHTS_REQUEST, "same", tag, &record, &why) != 0)
			return why.code == ERR_NOT_FOUND || why.code == ERR_CORRUPT ? 0 : err_set(e, why.code, "%s", why.text);
		bool open = (STATE_BIT(rights_state_read(record.state)) & STATES_OPEN) != 0;
		if (open)
			snprintf(head, RECORD_ID_LEN + 1, "%s", record.id);
		vault_record_free(&record);
		if (open)
			return 0;
	}
	tag[0] = '\0';
	return 0;
}

// What is dated back says when it was entered.
static bool event_entered(cJSON *event, time_t at, time_t now)
{
	return event != NULL && (at >= now || json_put_time(event, "entered", now));
}

int rights_find_secret(struct vault *v, struct rights_receipt *out, struct err *e)
{
	struct vault_record record = {0};

	if (vault_find(v, KIND_RIGHTS_REQUEST, "secret", out->secret, &record, e) != 0)
		return -1;
	JSON_AUTO cJSON *body = document_body(&requests, &record, e);
	snprintf(out->id, sizeof out->id, "%s", record.id);
	out->due = (time_t)json_number(body, "due", 0);
	out->over = (STATE_BIT(rights_state_read(record.state)) & STATES_OPEN) == 0;
	vault_record_free(&record);
	return body != NULL ? 0 : -1;
}

// Whether who acts for another may: by a mandate that was seen, or as an agent of a protocol, whom the officer has registered to act for people. NULL: nobody
// does.
static bool agent_may(const cJSON *agent)
{
	return agent == NULL || json_get(agent, "mandate") != NULL || json_get(agent, "protocol") != NULL;
}

// A clock that stands before what is known, or has leapt, dates nothing: a request that came then would be over, or due, when it is right again.
static time_t time_of_receipt(const struct vault *v, time_t now)
{
	struct clock_state clock;

	if (vault_clock(v, &clock, NULL) != 0)
		return now;
	return clock.leapt ? clock.judged : clock.known > now + KNOWN_ROUGH_SECONDS ? clock.known : now;
}

int rights_store(struct vault *v, const struct rights_new *request, struct rights_receipt *out, struct err *e)
{
	const struct policy_right *right = policy_right_named(vault_policy(v), request->right);
	const char *signal = right != NULL && request->signal ? policy_word(&policy_signal_words, right->signal) : NULL;
	const time_t now = when_now(), received = request->received != 0 ? request->received : time_of_receipt(v, now);
	char date[WHEN_DATE], details[256], tag[SAME_MAX] = "", head[RECORD_ID_LEN + 1];
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(RIGHTS_REQUEST_MAX);
	JSON_AUTO cJSON *body = cJSON_CreateObject();

	if (right == NULL)
		return refuse_right(vault_policy(v), e);
	const time_t life = life_end(vault_policy(v), KIND_RIGHTS_REQUEST, received);
	if (request->received > now)
		return err_set(e, ERR_INPUT, "it cannot have come later than now");
	if (life != 0 && life <= now)
		return err_set(e, ERR_INPUT, "it came so long ago that the policy does not keep it any more");
	if (find_same(v, request, tag, head, e) != 0)
		return -1;
	if (request->secret != NULL)
		memcpy(out->secret, request->secret, sizeof out->secret);
	else
		token_new(out->secret);
	out->over = false;
	out->due = clock_due(vault_policy(v), right, received);
	out->signal = signal;
	// As the policy asks for it: nothing, or a receipt; who acts for another has a mandate, too. What else it asks for is shown later.
	const bool represented = !agent_may(request->agent);
	bool verified = right->verify == VERIFY_NONE ||
			(right->verify == VERIFY_RECEIPT && (request->receipt != NULL || request->archive != NULL) && !represented);
	const bool ok =
	    json_put(body, JSON_MEMBERS(MEMBER_NUMBER("due", out->due), MEMBER_BOOL("verified", verified),
					MEMBER_BOOL("proven", request->by != NULL || rights_names_something(v, request)))) &&
	    event_entered(rights_event_add(body, EVENT_RECEIVED, received, "person"), received, now) &&
	    (request->by == NULL || rights_event_add(body, EVENT_RECOGNISED, now, request->by) != NULL) &&
	    (*head == '\0' || json_put_texts(rights_event_add(body, EVENT_JOINED, now, "site"), JSON_TEXTS({"request", head}))) &&
	    json_put_texts(body, JSON_TEXTS({"right", request->right}, {"contact", request->contact}, {"receipt", request->receipt},
					    {"archive", request->archive}, {"message", request->message}, {"signal", signal},
					    {"how", request->how}, {"record", request->record}, {"language", request->language})) &&
	    (request->agent == NULL || cJSON_AddItemToObject(body, "agent", cJSON_Duplicate(request->agent, true)));
	if (!ok || json_print(&bytes, body) != 0)
		return err_set(e, ERR_MEMORY, "the request is too large to be stored");
	when_date(date, out->due);
	snprintf(details, sizeof details, "{\"right\":\"%s\",\"due\":\"%s\"%s}", request->right, date,
		 signal != NULL ? ",\"signal\":\"gpc\"" : "");
	struct vault_tag tags[6] = {{"secret", out->secret}};
	size_t tag_count = 1;
	if (request->receipt != NULL) // whoever exports or erases by it finds the request, too
		tags[tag_count++] = (struct vault_tag){"receipt", request->receipt};
	char contact[PERSON_VALUE_MAX];
	if (person_contact_of(contact, body))
		tags[tag_count++] = (struct vault_tag){PERSON_TAG, contact};
	if (request->once != NULL)
		tags[tag_count++] = (struct vault_tag){"once", request->once};
	if (*head != '\0')
		tags[tag_count++] = (struct vault_tag){"joined", head};
	else if (*tag != '\0')
		tags[tag_count++] = (struct vault_tag){"same", tag};
	const struct vault_new record = {.kind = KIND_RIGHTS_REQUEST,
					 .subject = out->secret,
					 .tags = tags,
					 .body = bytes.data,
					 .body_len = bytes.len,
					 .made = received,
					 .once = request->secret != NULL ? "secret" : NULL};
	const struct ledger_event event = {.name = "request", .details = details};
	if (vault_put(v, &record, &event, out->id, e) != 0)
		return request->secret != NULL && e->code == ERR_BUSY ? rights_find_secret(v, out, e) : -1;
	// It is recorded. Where the other one was ended meanwhile, nothing will end this one with it.
	struct rights_facts facts;
	JSON_AUTO cJSON *other = *head != '\0' ? rights_read(v, head, &facts, NULL) : NULL;
	if (*head != '\0' && (other == NULL || (STATE_BIT(facts.state) & STATES_OPEN) == 0))
		(void)rights_act(v, out->id, &(struct rights_act){.event = EVENT_PARTED, .by = "site"}, NULL);
	explicit_bzero(tag, sizeof tag);
	return 0;
}

int rights_find_once(struct vault *v, const char *once, char id[RECORD_ID_LEN + 1], struct err *e)
{
	const int found = document_find(v, KIND_RIGHTS_REQUEST, "once", once, id, e);

	return found > 0 ? 0 : found < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "there is no such request");
}

struct signed_search {
	const char *agent, *sha256;
	char *id;
};

static int signed_row(void *arg, const struct vault_record *record)
{
	const struct signed_search *x = arg;
	JSON_AUTO cJSON *body = document_body(&requests, record, NULL);
	const char *agent = json_string(json_get(body, "agent"), "id"), *sha256;
	const cJSON *event, *events = agent != NULL && strcmp(agent, x->agent) == 0 ? json_get(body, "events") : NULL;

	cJSON_ArrayForEach(event, events)
	{
		sha256 = json_string(event, "signed_sha256");
		if (sha256 != NULL && strcmp(sha256, x->sha256) == 0)
			return snprintf(x->id, RECORD_ID_LEN + 1, "%s", record->id);
	}
	return 0;
}

int rights_find_signed(struct vault *v, const char *agent, const char *signed_sha256, char id[RECORD_ID_LEN + 1], struct err *e)
{
	struct signed_search x = {agent, signed_sha256, id};

	id[0] = '\0';
	if (vault_each_for_rights(v, KIND_RIGHTS_REQUEST, NULL, signed_row, &x, e) != 0)
		return -1;
	return id[0] != '\0' ? 0 : err_set(e, ERR_NOT_FOUND, "no request");
}

cJSON *rights_get(struct vault *v, const char *id, struct vault_record *out, struct err *e)
{
	return document_read(v, &requests, id, out, e);
}

cJSON *rights_read(struct vault *v, const char *id, struct rights_facts *facts, struct err *e)
{
	struct vault_record record;
	cJSON *body = rights_get(v, id, &record, e);

	if (body == NULL)
		return NULL;
	rights_facts_read(facts, body, record.state, record.made, when_now());
	vault_record_free(&record);
	return body;
}

static int not_identified(const char *id, struct err *e)
{
	return err_set(e, ERR_REFUSED,
		       "who made request %.12s has not shown what the policy asks for, or acts for another without a mandate: ask with "
		       "\"lethe requests identify\", and say with \"lethe requests verify\" how it was shown",
		       id);
}

int rights_check_identity(struct vault *v, const char *id, struct err *e)
{
	struct rights_facts facts;
	JSON_AUTO cJSON *body = rights_read(v, id, &facts, e);

	if (body == NULL)
		return -1;
	return facts.verified ? 0 : not_identified(id, e);
}

// ---- what happens to one ----

// Codes alone: who of the officers it was, and why, is sealed with the request, for the person to see.
static int ledger_details(struct buf *out, const char *id, const cJSON *body, const struct rights_facts *facts,
			  const struct rights_act *act)
{
	const bool officer = act->by != NULL && strcmp(act->by, "person") != 0 && strcmp(act->by, "site") != 0;
	JSON_AUTO cJSON *o = json_make(
	    JSON_MEMBERS(MEMBER_TEXT("request", id), MEMBER_TIME("at", act->at), MEMBER_TEXT("right", json_string(body, "right")),
			 MEMBER_TEXT("event", rights_events[act->event].name), MEMBER_TEXT("state", rights_state_names[facts->state]),
			 MEMBER_TEXT("fields", act->fields), MEMBER_TEXT("ground", act->ground),
			 MEMBER_TEXT("by", officer           ? "officer"
					   : act->by != NULL ? act->by
							     : "site")));

	return json_print(out, o);
}

struct editing {
	int (*edit)(void *, cJSON *, const struct rights_facts *, struct err *);
	void *arg;
	const char *ledger;
	const struct rights_act *act;
	bool includes; // others are joined to it
	char contact[PERSON_VALUE_MAX];
	struct vault_tag tags[3];
};

static int edit_on(void *arg, const struct vault_record *record, cJSON *body, struct document_change *change, struct err *e)
{
	struct editing *x = arg;
	struct rights_facts before, after;

	rights_facts_read(&before, body, record->state, record->made, when_now());
	if (!rights_events_begin(body, record->state, record->made))
		return err_set(e, ERR_MEMORY, "no memory");
	char contact[PERSON_VALUE_MAX];
	(void)person_contact_of(contact, body);
	if (x->edit(x->arg, body, &before, e) != 0)
		return -1;
	const bool found = person_contact_of(x->contact, body); // by this one from now on
	size_t tag_count = 0;
	if (strcmp(contact, x->contact) != 0)
		x->tags[tag_count++] = (struct vault_tag){PERSON_TAG, found ? x->contact : NULL};
	if (x->act->owner != NULL) {
		cJSON_DeleteItemFromObjectCaseSensitive(body, "owner");
		if (cJSON_AddTrueToObject(body, "owner") == NULL)
			return err_set(e, ERR_MEMORY, "no memory");
		x->tags[tag_count++] = (struct vault_tag){"owner", x->act->owner};
	}
	x->tags[tag_count] = (struct vault_tag){NULL, NULL};
	if (tag_count > 0)
		change->tags = x->tags;
	rights_facts_read(&after, body, record->state, record->made, when_now());
	const bool ended = (STATE_BIT(after.state) & STATES_ENDED) != 0;
	// What was corrected is not kept longer than it is looked into. What proved a mandate is not kept longer than the decision; that it was seen, and when, is.
	if (ended || after.verified)
		cJSON_DeleteItemFromObjectCaseSensitive(body, "identity");
	if (ended) {
		cJSON_DeleteItemFromObjectCaseSensitive(body, "corrections");
		cJSON_DeleteItemFromObjectCaseSensitive(
		    cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(body, "agent"), "mandate"), "sha256");
	}
	// It says who asked for the restriction, and lives as long as what it keeps.
	const bool keeps = after.restricted != NULL && rights_ground_keeps(after.restricted);
	x->includes = after.includes;
	change->state = rights_state_names[after.state];
	change->ledger = x->ledger;
	change->set = (ended ? LIFE_BIT(LIFE_CLOSED) : 0) | (keeps ? LIFE_BIT(LIFE_WANTED) : 0);
	change->clear = (ended ? 0 : LIFE_BIT(LIFE_CLOSED)) | (keeps ? 0 : LIFE_BIT(LIFE_WANTED));
	if (x->act->event == EVENT_READ && reading_payload(&change->payload, "request", when_now(), x->act->by, x->act->reason, e) != 0)
		return -1;
	return ledger_details(&change->details, record->id, body, &after, x->act) != 0 ? err_set(e, ERR_MEMORY, "no memory") : 0;
}

struct acting {
	struct vault *v;
	const char *id;
	const struct rights_act *act;
	bool with_other;    // it is joined to the one that this happens to
	cJSON *certificate; // of the answer, made once
};

// The right as the policy has it; one that it offers no more is due by the law alone.
static const struct policy_right *right_of(struct vault *v, const cJSON *body)
{
	static const struct policy_right gone = {.id = RIGHT_ACCESS, .statutory = true, .verify = VERIFY_IDENTITY};
	const struct policy_right *right = policy_right_named(vault_policy(v), json_string(body, "right"));

	return right != NULL ? right : &gone;
}

// What a certificate says of an answer that is no erasure: the outcome, its ground, when it was due, and which certificate it takes the place of.
static int certify(struct acting *x, const cJSON *body, const struct rights_facts *facts, struct err *e)
{
	const struct rights_act *act = x->act;
	const char *right = json_string(body, "right"), *before = json_string(json_get(body, "certificate"), "cert_id");
	const struct rights_ground *ground = act->ground != NULL ? rights_ground_find(act->event, right, act->ground) : NULL;
	const struct certificate_of of = {.right = right,
					  .request_id = x->id,
					  .received = facts->clock.received,
					  .subject = json_string(body, "receipt"),
					  .self_service = act->by != NULL && strcmp(act->by, "site") == 0};
	struct clock_line lines[CLOCK_IDS] = {0};
	const struct clock_line *answer = clock_answer(lines, clock_lines(vault_policy(x->v), right_of(x->v, body), &facts->clock, lines));
	// An erasure that ran has another certificate, with its stores.
	const bool nothing = act->event == EVENT_ANSWERED && strcmp(right, "erasure") == 0;
	JSON_AUTO cJSON *more = json_make(JSON_MEMBERS(
	    MEMBER_TEXT("outcome", nothing ? "nothing-erased" : rights_events[act->event].name),
	    MEMBER_TEXT("ground", ground != NULL ? ground->name : NULL), MEMBER_TEXT("ground_iri", ground != NULL ? ground->iri : NULL),
	    MEMBER_TIME("due", answer != NULL ? answer->due : 0), MEMBER_TEXT("supersedes", before)));

	x->certificate = more != NULL ? certificate_make(x->v, &of, NULL, more, e) : NULL;
	return x->certificate != NULL ? 0 : more != NULL ? -1 : err_set(e, ERR_MEMORY, "no memory for the certificate");
}

// Whether anything is left of whom an erasure is about. -1: that is not known.
static int erasure_leaves(struct vault *v, const cJSON *body, const struct rights_facts *facts, struct err *e)
{
	PERSON_AUTO struct person person = {0};
	int leaves = 0;

	if (person_of_request(v, body, facts, &person, e) != 0)
		return -1;
	for (size_t i = 0; i < person.count && leaves == 0; i++) {
		struct erase_result found = {0};
		if (vault_erase(v, person.list[i].by, person.list[i].value, true, &found, e) != 0)
			return -1;
		// Requests that the policy keeps in spite of it leave nothing to be done.
		bool goes = found.held;
		for (size_t k = 0; k < found.store_count; k++)
			goes = goes || found.stores[k].found > found.stores[k].kept;
		leaves = (goes && vault_erase_pending(&found)) || !found.complete;
	}
	return leaves;
}

static bool is_copy(const char *right)
{
	return strcmp(right, "access") == 0 || strcmp(right, "portability") == 0 || strcmp(right, "know") == 0;
}

// What is answered was done, and for whom the policy asks for. What the site answers by itself, it has just done.
static int answer_check(const struct acting *x, const cJSON *body, const struct rights_facts *facts, struct err *e)
{
	const char *name = json_string(body, "right");
	const bool erasure = strcmp(name, "erasure") == 0;
	const bool copy = is_copy(name);
	const struct policy_right *right = right_of(x->v, body);
	const bool names = json_get(body, "receipt") != NULL || json_get(body, "archive") != NULL;
	const cJSON *agent = json_get(body, "agent");
	// By the answer an agent has the link to the copy, and a person the button, where they had none before.
	const bool released = json_get(agent, "protocol") != NULL || (names && !right->self_service);
	const bool by_site = x->act->by != NULL && strcmp(x->act->by, "site") == 0;
	const bool identified = facts->verified || (right->verify != VERIFY_MAIL && right->verify != VERIFY_IDENTITY &&
						    ((by_site && agent_may(agent)) || (!erasure && !copy)));
	const int leaves = erasure ? erasure_leaves(x->v, body, facts, e) : 0;

	if (leaves < 0)
		return -1;
	if (leaves > 0)
		return err_set(e, ERR_REFUSED, "what it names is here still: lethe erase --request erases it, and answers it");
	if (!identified && !x->with_other)
		return not_identified(x->id, e);
	if (x->with_other || by_site || (!erasure && !copy))
		return 0;
	if (x->act->text != NULL || (copy && (facts->exported || released)))
		return 0;
	return err_set(e, ERR_INPUT,
		       erasure ? "nothing was erased for it: say in --text what was found, or that nothing was"
			       : "nothing was handed out for it: lethe export --request makes the copy; or say in --text what is answered");
}

// What is dated back and holds, lengthens or ends a clock needs what it can be checked by: how it left, with a number or date of that in the reason.
// What nobody had entered yet, nobody can have asked about here, or told to take longer.
static int dated_back_check(const struct rights_act *act, const struct rights_facts *facts, struct err *e)
{
	const enum rights_touches touches = rights_events[act->event].touches;
	const bool holds = touches == TOUCHES_PAUSE || touches == TOUCHES_EXTENSION;
	char known[WHEN_TEXT];

	if (!holds && touches != TOUCHES_ACKNOWLEDGEMENT && touches != TOUCHES_END)
		return 0;
	if (act->how == NULL || act->reason == NULL || *act->reason == '\0')
		return err_set(e, ERR_INPUT,
			       "what is dated back needs --how it left, and a --reason with the number or date of that letter");
	when_text(known, facts->entered);
	return !holds || act->at >= facts->entered
		   ? 0
		   : err_set(e, ERR_REFUSED, "it was entered at %s: no clock stands still or runs longer from before that", known);
}

static int act_on(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	struct acting *x = arg;
	const struct rights_act *act = x->act;
	const time_t now = facts->clock.now, received = facts->clock.received; // later than the clock, where that is behind
	const time_t at = act->at != 0 ? act->at : now > received ? now : received;

	if (rights_event_check(facts, act->event, json_string(body, "right"), act->ground, act->reason, act->text, e) != 0)
		return -1;
	if (act->event == EVENT_IDENTITY_ASKED && (right_of(x->v, body)->verify == VERIFY_NONE || facts->verified))
		return err_set(e, ERR_REFUSED,
			       right_of(x->v, body)->verify == VERIFY_NONE
				   ? "for this right the policy asks nobody who they are: nothing stands still for that"
				   : "who asks has shown what the policy asks for: nothing stands still for more");
	const char *how = act->how != NULL ? act->how : "";
	if (act->contact_too && (json_get(body, "contact") == NULL || (strcmp(how, "document") != 0 && strcmp(how, "known") != 0 &&
								       strcmp(how, "override") != 0 && strcmp(how, IDENTITY_BY_MAIL) != 0)))
		return err_set(e, ERR_INPUT, "that shows nothing of a contact");
	if (act->event == EVENT_CLARIFICATION_GIVEN && !facts->unclear)
		return err_set(e, ERR_REFUSED, "nobody was asked what they mean: what they said is a note");
	if (act->at != 0 && (at > now || at < received))
		return err_set(e, ERR_INPUT, "it happened neither before the request was received nor after now");
	if (at < facts->clock.now && dated_back_check(act, facts, e) != 0)
		return -1;
	if (act->event == EVENT_EXTENDED) {
		struct clock_facts then = facts->clock;
		struct clock_line lines[CLOCK_IDS] = {0};
		bool extended = false;
		then.extended = then.extended == 0 ? at : then.extended;
		size_t count = clock_lines(vault_policy(x->v), right_of(x->v, body), &then, lines);
		for (size_t i = 0; i < count; i++)
			extended = extended || lines[i].extended;
		if (!extended || facts->clock.extended != 0)
			return err_set(e, ERR_REFUSED,
				       facts->clock.extended != 0
					   ? "it was extended already"
					   : "no clock of it can be extended: the person must be told inside the first month");
	}
	if (act->event == EVENT_ANSWERED && answer_check(x, body, facts, e) != 0)
		return -1;
	const bool certified = act->event == EVENT_ANSWERED || act->event == EVENT_REFUSED;
	if (certified && x->certificate == NULL && certify(x, body, facts, e) != 0)
		return -1;
	if (certified)
		cJSON_DeleteItemFromObjectCaseSensitive(body, "certificate");
	if (act->restricts != NULL || act->event == EVENT_LIFTED)
		cJSON_DeleteItemFromObjectCaseSensitive(body, "restricts");
	cJSON *added = rights_event_add(body, act->event, at, act->by);
	const bool copied = act->event == EVENT_ANSWERED && is_copy(json_string(body, "right"));
	const bool ok =
	    event_entered(added, at, facts->clock.now) &&
	    (!certified || cJSON_AddItemToObject(body, "certificate", cJSON_Duplicate(x->certificate, true))) &&
	    (act->restricts == NULL || cJSON_AddItemToObject(body, "restricts", cJSON_Duplicate(act->restricts, true))) &&
	    json_put(added, JSON_MEMBERS(MEMBER_FLAG("contact_too", act->contact_too), MEMBER_FLAG("withheld", act->withheld),
					 MEMBER_TIME("copy_until", copied ? at + RIGHTS_COPY_SECONDS : 0),
					 MEMBER_TEXT("ground", act->ground), MEMBER_TEXT("reason", act->reason),
					 MEMBER_TEXT("text", act->text), MEMBER_TEXT("how", act->how), MEMBER_TEXT("request", act->other),
					 MEMBER_TEXT("recipient", act->recipient), MEMBER_TEXT("about", act->about),
					 MEMBER_TEXT("mail", act->mail), MEMBER_TEXT("signed_sha256", act->signed_sha256)));
	return ok ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

// ---- one that is joined to another ----

struct joined {
	const char *to;
	cJSON *ids;
	bool failed;
};

static int joined_row(void *arg, const struct vault_record *record)
{
	struct joined *x = arg;
	struct rights_facts facts;
	JSON_AUTO cJSON *body = document_body(&requests, record, NULL);

	if (body == NULL)
		return 0;
	rights_facts_read(&facts, body, record->state, record->made, record->made);
	if ((STATE_BIT(facts.state) & STATES_OPEN) != 0 && facts.joined_to != NULL && strcmp(facts.joined_to, x->to) == 0)
		x->failed = !cJSON_AddItemToArray(x->ids, cJSON_CreateString(record->id)) || x->failed;
	return x->failed;
}

// Whoever sent the other ones may be somebody else: they learn that it is over, and nothing of what was written to this one. Where it ends for what
// its sender did, or where that one is not answered by it, the others are still to be answered. Each does the same to those that are joined to it. What
// cannot be written stays joined to a request that is over, which the officer's list shows as late.
static void joined_end(struct vault *v, const char *id, const struct rights_act *act, bool includes)
{
	static const char decided[] = "decided together with another request for the same; the ground says why";
	const struct rights_ground *ground = act->ground != NULL ? rights_ground_find(act->event, "erasure", act->ground) : NULL;
	const struct rights_act parted = {.event = EVENT_PARTED, .by = "site"};
	const struct rights_act same = {
	    .event = act->event, .by = act->by, .ground = act->ground, .reason = act->event == EVENT_REFUSED ? decided : NULL};
	const bool parts = act->event == EVENT_WITHDRAWN || (ground != NULL && ground->of_sender);
	struct vault_record any = {0};
	struct joined x = {.to = id};
	const cJSON *other;

	// Those that came by themselves have a tag; the others an officer has joined.
	if (!includes && vault_find_head_for_rights(v, KIND_RIGHTS_REQUEST, "joined", id, &any, NULL) != 0)
		return;
	vault_record_free(&any);
	JSON_AUTO cJSON *ids = cJSON_CreateArray();
	x.ids = ids;
	(void)vault_each(v, KIND_RIGHTS_REQUEST, NULL, joined_row, &x, NULL);
	cJSON_ArrayForEach(other, ids)
	{
		struct acting y = {.v = v, .id = other->valuestring, .act = &same, .with_other = true};
		if (parts || rights_edit(v, y.id, act_on, &y, "request-event", &same, NULL) != 0)
			(void)rights_act(v, y.id, &parted, NULL);
		cJSON_Delete(y.certificate);
	}
}

int rights_edit(struct vault *v, const char *id, int (*edit)(void *, cJSON *, const struct rights_facts *, struct err *), void *arg,
		const char *ledger, const struct rights_act *act, struct err *e)
{
	struct editing x = {.edit = edit, .arg = arg, .ledger = ledger, .act = act};
	const int ret = document_edit(v, &requests, id, edit_on, &x, e);

	if (ret == 0 && rights_events[act->event].touches == TOUCHES_END && act->event != EVENT_HELD)
		joined_end(v, id, act, x.includes);
	return ret;
}

int rights_act(struct vault *v, const char *id, const struct rights_act *act, struct err *e)
{
	struct acting x = {.v = v, .id = id, .act = act};
	int ret = rights_edit(v, id, act_on, &x, act->event == EVENT_READ ? "request-read" : "request-event", act, e);

	cJSON_Delete(x.certificate);
	return ret;
}

// Reads right and facts of a request, and what it is joined to in the end: itself, where it is answered by itself.
static int joined_head(struct vault *v, const char *id, char head[RECORD_ID_LEN + 1], cJSON **body, struct rights_facts *facts,
		       struct err *e)
{
	snprintf(head, RECORD_ID_LEN + 1, "%s", id);
	for (int depth = 0; depth < JOINED_DEPTH_MAX; depth++) {
		cJSON_Delete(*body);
		*body = rights_read(v, head, facts, e);
		if (*body == NULL || facts->joined_to == NULL)
			return *body == NULL ? -1 : 0;
		snprintf(head, RECORD_ID_LEN + 1, "%s", facts->joined_to);
	}
	return err_set(e, ERR_REFUSED, "it is joined to one that is joined to others, and so on without end");
}

int rights_join(struct vault *v, const char *id, const char *to, const struct rights_act *act, struct err *e)
{
	char head[RECORD_ID_LEN + 1], own_head[RECORD_ID_LEN + 1];
	JSON_AUTO cJSON *body = NULL, *own = NULL;
	struct rights_facts facts, own_facts;

	if (joined_head(v, to, head, &body, &facts, e) != 0 || joined_head(v, id, own_head, &own, &own_facts, e) != 0)
		return -1;
	if (strcmp(own_head, head) == 0)
		return err_set(e, ERR_REFUSED, strcmp(id, to) == 0 ? "a request cannot be joined to itself" : "they are joined already");
	if (strcmp(own_head, id) != 0)
		return err_set(e, ERR_REFUSED, "it is joined to %s already", own_head);
	if (strcmp(json_string(own, "right"), json_string(body, "right")) != 0)
		return err_set(e, ERR_REFUSED, "one asks for %s, the other for %s: each is answered by itself", json_string(own, "right"),
			       json_string(body, "right"));
	const struct rights_act includes = {.event = EVENT_INCLUDES, .by = act->by, .other = id},
				joined = {.event = EVENT_JOINED, .by = act->by, .reason = act->reason, .other = head};
	if (rights_event_check(&own_facts, EVENT_JOINED, json_string(own, "right"), NULL, NULL, NULL, e) != 0)
		return -1;
	return rights_act(v, head, &includes, e) != 0 ? -1 : rights_act(v, id, &joined, e);
}

struct perhaps_same {
	const char *id, *right, *contact;
	cJSON *ids;
	bool failed;
};

static int perhaps_same_row(void *arg, const struct vault_record *record)
{
	struct perhaps_same *x = arg;
	JSON_AUTO cJSON *body = document_body(&requests, record, NULL);
	const char *contact = json_string(body, "contact");
	char plain[PERSON_VALUE_MAX];

	if (contact != NULL && strcmp(record->id, x->id) != 0 && (STATE_BIT(rights_state_read(record->state)) & STATES_OPEN) != 0 &&
	    person_contact(plain, contact) && strcmp(plain, x->contact) == 0 && strcmp(json_string(body, "right"), x->right) == 0)
		x->failed = !cJSON_AddItemToArray(x->ids, cJSON_CreateString(record->id));
	return x->failed;
}

int rights_perhaps_same(struct vault *v, const char *id, cJSON *ids, struct err *e)
{
	struct rights_facts facts;
	JSON_AUTO cJSON *body = rights_read(v, id, &facts, e);
	struct perhaps_same x = {.id = id, .ids = ids, .right = json_string(body, "right")};
	const char *contact = json_string(body, "contact");
	char plain[PERSON_VALUE_MAX];

	x.contact = plain;
	if (body == NULL || contact == NULL || !person_contact(plain, contact) || (STATE_BIT(facts.state) & STATES_OPEN) == 0)
		return body != NULL ? 0 : -1;
	if (vault_each(v, KIND_RIGHTS_REQUEST, NULL, perhaps_same_row, &x, e) != 0)
		return -1;
	return x.failed ? err_set(e, ERR_MEMORY, "no memory") : 0;
}

// ---- showing ----

// Copies the named members that the body has.
static bool add_members(cJSON *object, const cJSON *body, const char *const *names)
{
	for (; *names != NULL; names++) {
		const cJSON *member = json_get(body, *names);
		if (member != NULL && !cJSON_AddItemToObject(object, *names, cJSON_Duplicate(member, true)))
			return false;
	}
	return true;
}

static bool add_clocks(cJSON *shown, const struct clock_line *lines, size_t count)
{
	cJSON *clocks = cJSON_AddArrayToObject(shown, "clocks");
	bool ok = clocks != NULL;

	for (const struct clock_line *l = lines; l < lines + count && ok; l++)
		ok = json_push(clocks, JSON_MEMBERS(MEMBER_TEXT("name", clock_rows[l->id].name), MEMBER_TEXT("law", clock_rows[l->id].law),
						    MEMBER_NULLABLE_TIME("due", l->due), MEMBER_NULLABLE_TIME("met", l->met),
						    MEMBER_BOOL("extended", l->extended), MEMBER_BOOL("paused", l->paused),
						    MEMBER_BOOL("late", l->late)));
	return ok;
}

// Who is yet to show that they read the mails of the address that they gave.
static bool add_confirm(cJSON *shown, struct vault *v, const cJSON *body, const struct rights_facts *facts)
{
	const bool undecided = facts->state == STATE_OPEN || facts->state == STATE_WAITING;
	const char *contact = json_string(body, "contact");
	char address[MAIL_ADDRESS_SIZE];

	if (right_of(v, body)->verify != VERIFY_MAIL || facts->verified || facts->joined_to != NULL || !undecided)
		return true;
	const bool mail = contact != NULL && mail_address_read(address, contact, NULL) == 0;
	return json_put(cJSON_AddObjectToObject(shown, "confirm"),
			JSON_MEMBERS(MEMBER_BOOL("mail", mail), MEMBER_NULLABLE_TIME("until", facts->code_until)));
}

enum shown_to {
	SHOWN_PERSON,
	SHOWN_SENDER, // who is not who pressed the button of a mail to its contact
	SHOWN_OFFICER,
	SHOWN_OFFICER_ALL, // what the person left, too
};

// What the person is told of the events, and who read what they left; to the officer all.
static bool add_events(cJSON *shown, const cJSON *body, enum shown_to to)
{
	const bool officer = to == SHOWN_OFFICER || to == SHOWN_OFFICER_ALL;
	static const char *const told[] = {"event", "at",         "entered",  "by",         "ground",      "reason", "how",
					   "store", "found",      "erased",   "kept",       "verified_at", "fields", "recipient",
					   "about", "ack_sha256", "deletion", "deleted_at", "contact_too", NULL};
	static const char *const texts[] = {"text", NULL}, *const others[] = {"request", "withheld", NULL},
				 *const reading[] = {"at", "by", "reason", NULL};
	cJSON *events = cJSON_AddArrayToObject(shown, "events"), *read = cJSON_AddArrayToObject(shown, "read");
	const cJSON *event;
	bool ok = events != NULL && read != NULL;

	cJSON_ArrayForEach(event, json_get(body, "events"))
	{
		const char *name = json_string(event, "event");
		enum rights_event id = rights_event_read(event);
		if (id == EVENT_READ) {
			cJSON *one = cJSON_CreateObject();
			ok = cJSON_AddItemToArray(read, one) && ok && add_members(one, event, reading);
		}
		const unsigned hidden = to == SHOWN_SENDER ? EVENT_HIDDEN | EVENT_OF_OWNER : EVENT_HIDDEN;
		if (name == NULL || (!officer && (id == EVENT_COUNT || (rights_events[id].flags & hidden) != 0)))
			continue;
		cJSON *one = cJSON_CreateObject();
		ok = cJSON_AddItemToArray(events, one) && ok && add_members(one, event, told) &&
		     (to == SHOWN_OFFICER || to == SHOWN_SENDER || add_members(one, event, texts)) &&
		     (!officer || add_members(one, event, others));
	}
	return ok;
}

static cJSON *show(struct vault *v, const char *id, enum shown_to to, struct err *e)
{
	const bool officer = to == SHOWN_OFFICER || to == SHOWN_OFFICER_ALL, owner = to != SHOWN_SENDER;
	static const char *const public_members[] = {"signal", NULL}, *const certificates[] = {"certificate", NULL};
	static const char *const officer_members[] = {"how", "agent", "language", NULL}, *const personal_members[] = {"contact", "message",
														      NULL};
	struct vault_record record;
	struct rights_facts facts;
	struct clock_line lines[CLOCK_IDS] = {0};
	JSON_AUTO cJSON *body = rights_get(v, id, &record, e);
	cJSON *event, *shown = NULL;

	if (body == NULL)
		return NULL;
	cJSON_ArrayForEach(event, cJSON_GetObjectItemCaseSensitive(officer ? NULL : body, "events"))
	{
		cJSON_DeleteItemFromObjectCaseSensitive(event, "withheld");
	}
	rights_facts_read(&facts, body, record.state, record.made, when_now());
	bool ok = rights_events_begin(body, record.state, record.made);
	vault_record_free(&record);
	const char *right = json_string(body, "right");
	const size_t count = clock_lines(vault_policy(v), right_of(v, body), &facts.clock, lines);
	const struct clock_line *next = clock_next(lines, count), *answer = clock_answer(lines, count);
	shown = json_make(
	    JSON_MEMBERS(MEMBER_TEXT("id", id), MEMBER_TEXT("right", right), MEMBER_TEXT("state", rights_state_names[facts.state]),
			 MEMBER_NULLABLE_TIME("received", facts.clock.received), MEMBER_NULLABLE_TIME("due", next != NULL ? next->due : 0),
			 MEMBER_NULLABLE_TIME("answer_by", answer != NULL ? answer->due : 0),
			 MEMBER_BOOL("late", facts.clock.ended == 0 && next != NULL && next->late)));
	ok = ok && shown != NULL && add_clocks(shown, lines, count) && add_events(shown, body, to) &&
	     (!owner || cJSON_AddItemToObject(shown, "recipients", rights_recipients(body))) && add_members(shown, body, public_members) &&
	     (!owner || add_members(shown, body, certificates)) &&
	     json_put(shown, JSON_MEMBERS(MEMBER_FLAG("mailbox", !owner || (officer && json_get(body, "owner") != NULL)),
					  MEMBER_TIME("copy_until", is_copy(right) ? facts.copy_until : 0))) &&
	     add_confirm(shown, v, body, &facts) &&
	     json_put(shown, JSON_MEMBERS(MEMBER_TIME("restricted_since", owner && facts.restricted != NULL ? facts.restricted_since : 0),
					  MEMBER_TEXT("restricted", owner ? facts.restricted : NULL),
					  MEMBER_TIME("answered", facts.state == STATE_FULFILLED ? facts.clock.ended : 0))) &&
	     (!owner || !facts.held || json_put(shown, JSON_MEMBERS(MEMBER_NULLABLE_TIME("held_until", facts.held_until))));
	if (officer)
		ok = ok && add_members(shown, body, officer_members) &&
		     json_put(shown, JSON_MEMBERS(MEMBER_BOOL("verified", facts.verified), MEMBER_BOOL("proven", facts.proven),
						  MEMBER_BOOL("joined", facts.joined_to != NULL),
						  MEMBER_BOOL("names_receipt",
							      json_get(body, "receipt") != NULL || json_get(body, "archive") != NULL),
						  MEMBER_BOOL("has_contact", json_get(body, "contact") != NULL),
						  MEMBER_BOOL("has_message", json_get(body, "message") != NULL)));
	if (to == SHOWN_OFFICER_ALL)
		ok = ok && add_members(shown, body, personal_members);
	cJSON *certificate = cJSON_GetObjectItemCaseSensitive(shown, "certificate");
	if (!ok)
		err_set(e, ERR_MEMORY, "no memory to show the request");
	else if (certificate == NULL || certificate_prove(v, certificate, e) == 0)
		return shown;
	cJSON_Delete(shown);
	return NULL;
}

// Whether the request that this secret opens, the first one or that of whoever reads the mails, is this. -1: that is not known.
static int secret_opens(struct vault *v, const char *id, const char *tag, const char *secret, struct err *e)
{
	char of[RECORD_ID_LEN + 1];
	const int found = document_find(v, KIND_RIGHTS_REQUEST, tag, secret, of, e);

	return found > 0 ? strlen(id) == RECORD_ID_LEN && equal_secret(id, of, RECORD_ID_LEN) : found;
}

// The look-ups go by the secret's keyed hash, so a wrong id and a wrong secret take the same way out. *to: as who they see it.
static int own_check(struct vault *v, const char *id, const char *secret, enum shown_to *to, struct err *e)
{
	struct rights_facts facts;
	const int sent = secret_opens(v, id, "secret", secret, e), owned = sent < 0 ? -1 : secret_opens(v, id, "owner", secret, e);

	if (owned < 0)
		return -1;
	if (!sent && !owned)
		return err_set(e, ERR_NOT_FOUND, "there is no such request");
	JSON_AUTO cJSON *body = rights_read(v, id, &facts, e);
	*to = !owned && json_get(body, "owner") != NULL ? SHOWN_SENDER : SHOWN_PERSON;
	return body != NULL ? 0 : -1;
}

// Once somebody has pressed the button, the first secret shows how the request stands, and does nothing to it.
static int own_act_check(struct vault *v, const char *id, const char *secret, struct err *e)
{
	enum shown_to to = SHOWN_PERSON;

	if (own_check(v, id, secret, &to, e) != 0)
		return -1;
	return to == SHOWN_PERSON ? 0 : err_set(e, ERR_REFUSED, "it is of who pressed the button of the mail");
}

cJSON *rights_show(struct vault *v, const char *id, const char *secret, struct err *e)
{
	enum shown_to to = SHOWN_PERSON;

	return own_check(v, id, secret, &to, e) != 0 ? NULL : show(v, id, to, e);
}

cJSON *rights_show_officer(struct vault *v, const char *id, bool personal, struct err *e)
{
	return show(v, id, personal ? SHOWN_OFFICER_ALL : SHOWN_OFFICER, e);
}

int rights_withdraw(struct vault *v, const char *id, const char *secret, struct err *e)
{
	const struct rights_act act = {.event = EVENT_WITHDRAWN, .by = "person"};

	return own_act_check(v, id, secret, e) != 0 ? -1 : rights_act(v, id, &act, e);
}

int rights_add(struct vault *v, const char *id, const char *secret, const char *text, struct err *e)
{
	struct rights_act act = {.event = EVENT_ADDED, .by = "person", .text = text};
	struct rights_facts facts;
	const cJSON *event, *last = NULL;
	size_t added = 0;

	if (own_act_check(v, id, secret, e) != 0)
		return -1;
	JSON_AUTO cJSON *body = rights_read(v, id, &facts, e);
	if (body == NULL)
		return -1;
	cJSON_ArrayForEach(event, json_get(body, "events"))
	{
		added += rights_event_read(event) == EVENT_ADDED;
		last = event;
	}
	if (last != NULL && (rights_event_read(last) == EVENT_ADDED || rights_event_read(last) == EVENT_CLARIFICATION_GIVEN) &&
	    strcmp(json_string_or(last, "text", ""), text) == 0)
		return 0; // pressed twice, or loaded again
	if (added >= EVENT_ADDED_MAX && (STATE_BIT(facts.state) & STATES_OPEN) != 0)
		return err_set(e, ERR_INPUT, "no more can be added to it");
	act.event = facts.unclear ? EVENT_CLARIFICATION_GIVEN : EVENT_ADDED;
	return rights_act(v, id, &act, e);
}

struct walk {
	struct vault *v;
	int (*each)(void *, const struct rights_row *);
	void *arg;
	struct err *e;
	bool failed;
};

static int walk_one(void *arg, const struct vault_record *record)
{
	struct walk *w = arg;
	struct rights_row row = {
	    .id = record->id, .right = "", .state = RIGHTS_UNREADABLE, .received = record->made, .clock = "", .how = ""};
	struct clock_line lines[CLOCK_IDS] = {0};

	if (record->unreadable)
		return w->each(w->arg, &row);
	JSON_AUTO cJSON *body = document_body(&requests, record, w->e);
	if (body == NULL) {
		w->failed = true;
		return 1;
	}
	rights_facts_read(&row.facts, body, record->state, record->made, when_now());
	const struct clock_line *next = clock_next(lines, clock_lines(vault_policy(w->v), right_of(w->v, body), &row.facts.clock, lines));
	row.right = json_string(body, "right");
	row.how = json_string_or(body, "how", "page");
	row.contact = json_string(body, "contact");
	row.state = rights_state_names[row.facts.state];
	row.received = row.facts.clock.received;
	row.open = (STATE_BIT(row.facts.state) & STATES_OPEN) != 0;
	if (next != NULL) {
		row.due = next->due;
		row.clock = clock_rows[next->id].name;
		row.late = row.open && next->late;
		row.missed = !row.open && next->late;
		row.paused = next->paused;
	}
	return w->each(w->arg, &row);
}

int rights_each(struct vault *v, int (*each)(void *, const struct rights_row *), void *arg, struct err *e)
{
	struct walk w = {.v = v, .each = each, .arg = arg, .e = e};

	if (vault_each(v, KIND_RIGHTS_REQUEST, NULL, walk_one, &w, e) != 0 || w.failed)
		return -1;
	return 0;
}
