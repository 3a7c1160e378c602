// SPDX-License-Identifier: ISC
#include "policy/rights/erase.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/rights/deletion.h"
#include "policy/rights/hold.h"
#include "policy/rights/person.h"
#include "policy/rights/reach.h"
#include "policy/rights/recipient.h"
#include "policy/rules/offer.h"
#include "policy/vault/archive_token.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int (*stop_making)(const char *run, const char *who, struct err *e);
static const char *stop_making_run;

void rights_stop_making_by(int (*stop)(const char *run, const char *who, struct err *e), const char *run)
{
	stop_making_run = run;
	stop_making = stop;
}

// The first reason is kept.
void rights_erased_but(struct erase_result *out, const char *what, const struct err *why)
{
	if (out->complete && why->code != ERR_NONE)
		snprintf(out->reason, sizeof out->reason, "%s: %.200s", what, why->text);
	out->complete = out->complete && why->code == ERR_NONE;
}

int rights_erase_all(struct vault *v, const struct erase_selector *list, size_t count, bool dry_run, struct erase_result *out,
		     struct err *e)
{
	*out = (struct erase_result){0};
	for (size_t i = 0; i < count; i++) {
		const enum erase_by by = list[i].by;
		struct erase_result one = {0};
		struct err why = {0};
		if ((by == ERASE_RECEIPT || by == ERASE_ADDRESS) && !dry_run && stop_making != NULL)
			(void)stop_making(stop_making_run, list[i].value, &why);
		if ((i == 0 && !dry_run && hold_apply(v, e) != 0) || vault_erase_next(v, list, i + 1, dry_run, &one, e) != 0 ||
		    hold_tell_kept(v, by, list[i].value, &one, e) != 0)
			return -1;
		rights_erased_but(&one, "sets being made", &why);
		erase_result_add(out, &one);
	}
	return 0;
}

int rights_erase_everywhere(struct vault *v, enum erase_by by, const char *value, bool dry_run, struct erase_result *out, struct err *e)
{
	return rights_erase_all(v, &(struct erase_selector){by, value}, 1, dry_run, out, e);
}

bool rights_erase_finds(const struct erase_result *found)
{
	uint64_t all = 0, stay = 0;

	for (size_t i = 0; i < found->store_count; i++)
		all += found->stores[i].found;
	for (size_t i = 0; i < found->kept_count; i++)
		stay += found->kept[i].kind == KIND_RIGHTS_REQUEST ? found->kept[i].count : 0;
	return all > stay;
}

static cJSON *erase_by_oneself(struct vault *v, enum erase_by by, const char *value, struct err *e)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	struct erase_result result = {0};
	struct err why = {0}, unasked = {0};
	const struct policy_right *right = policy_right(vault_policy(v), RIGHT_ERASURE);

	if (by != ERASE_ADDRESS && (right == NULL || !right->self_service)) {
		err_set(e, ERR_REFUSED, "the policy does not offer erasure as self-service: it is asked for and answered");
		return NULL;
	}
	if (by == ERASE_RECEIPT && stop_making != NULL)
		(void)stop_making(stop_making_run, value, &why);
	const struct erase_selector who = {by, value};
	// Anybody can make receipts up: what is found by none is searched for in no file, and keeps nobody waiting.
	int ret = vault_erase(v, by, value, true, &result, e);
	const bool pending = ret == 0 && ((vault_erase_pending(&result) && rights_erase_finds(&result)) || !result.complete);
	if (pending)
		(void)deletion_ask_again(v, &who, 1, NULL, &unasked);
	JSON_AUTO cJSON *reach = reach_of(v, &who, 1, e);
	if (reach == NULL)
		return NULL;
	if (pending) {
		cJSON *recipients = cJSON_GetObjectItemCaseSensitive(reach, "recipients");
		if (hold_apply(v, e) != 0 || recipients_tell(v, NULL, ABOUT_ERASURE, recipients, "site", e) != 0)
			return NULL;
		pthread_mutex_lock(&one_at_a_time);
		ret = vault_erase(v, by, value, false, &result, e);
		pthread_mutex_unlock(&one_at_a_time);
	}
	if (ret != 0 || hold_tell_kept(v, by, value, &result, e) != 0)
		return NULL;
	rights_erased_but(&result, "sets being made", &why);
	rights_erased_but(&result, "deletions at vendors", &unasked);
	reach_forget_transfers(cJSON_GetObjectItemCaseSensitive(reach, "recipients"));
	const struct certificate_of of = {.right = "erasure", .subject = by == ERASE_RECEIPT ? value : NULL, .self_service = true};
	return certificate_make(v, &of, &result, reach, e);
}

cJSON *rights_erase(struct vault *v, const char *receipt, struct err *e)
{
	return erase_by_oneself(v, ERASE_RECEIPT, receipt, e);
}

cJSON *rights_erase_connection(struct vault *v, const char *address, struct err *e)
{
	if (offer_connection(vault_policy(v), policy_right(vault_policy(v), RIGHT_ERASURE)) != NULL)
		return erase_by_oneself(v, ERASE_ADDRESS, address, e);
	err_set(e, ERR_REFUSED, "the policy does not offer erasure to who asks from an address");
	return NULL;
}

int rights_archive_id(struct vault *v, const char *token, char id[RECORD_ID_LEN + 1], struct err *e)
{
	struct vault_record archive = {0};
	struct err why = {0};
	bool there = archive_token_find_for_rights(v, token, &archive, &why) == 0;

	if (!there && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	snprintf(id, RECORD_ID_LEN + 1, "%s", there ? archive.id : "00000000000000000000000000000000");
	vault_record_free(&archive);
	return 0;
}

cJSON *rights_erase_archive(struct vault *v, const char *token, struct err *e)
{
	char id[RECORD_ID_LEN + 1];

	return rights_archive_id(v, token, id, e) != 0 ? NULL : erase_by_oneself(v, ERASE_RECORD, id, e);
}

// What an erasure comes to for its request.
static enum rights_event erasure_event(const struct erase_result *result)
{
	return !result->complete ? EVENT_PARTIAL : result->held ? EVENT_HELD : EVENT_ANSWERED;
}

struct closing {
	const struct erase_result *result;
	const cJSON *certificate;
	const char *by;
};

// Keeps the certificate with the request. What was erased needs no receipt any more; what is to be run again, or is held back, does.
static int close_request(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	const struct closing *x = arg;
	const time_t now = facts->clock.now;
	bool ok = rights_event_add(body, EVENT_STARTED, now, x->by) != NULL;
	time_t held_until = 0;

	for (size_t i = 0; i < x->result->kept_count; i++)
		if (x->result->kept[i].held && x->result->kept[i].until > held_until && erasure_event(x->result) == EVENT_HELD)
			held_until = x->result->kept[i].until;
	if ((STATE_BIT(facts->state) & STATES_OPEN) == 0)
		return err_set(e, ERR_INPUT, "it is %s", rights_state_names[facts->state]);
	for (const struct erase_store *s = x->result->stores; s < x->result->stores + x->result->store_count && ok; s++)
		ok = json_put(rights_event_add(body, EVENT_STORE, now, x->by),
			      JSON_MEMBERS(MEMBER_TEXT("store", s->name), MEMBER_NUMBER("found", s->found),
					   MEMBER_NUMBER("erased", s->erased), MEMBER_NUMBER("kept", s->kept),
					   MEMBER_TIME("verified_at", s->verified)));
	if (ok && facts->restricted != NULL && erasure_event(x->result) == EVENT_ANSWERED) // nothing is left that could be
		ok = rights_event_add(body, EVENT_LIFTED, now, x->by) != NULL;
	cJSON *done = ok ? rights_event_add(body, erasure_event(x->result), now, x->by) : NULL;
	ok = done != NULL && (held_until == 0 || json_put_time(done, "until", held_until));
	cJSON_DeleteItemFromObjectCaseSensitive(body, "certificate");
	if (erasure_event(x->result) == EVENT_ANSWERED) {
		cJSON_DeleteItemFromObjectCaseSensitive(body, "receipt");
		cJSON_DeleteItemFromObjectCaseSensitive(body, "archive");
		cJSON_DeleteItemFromObjectCaseSensitive(body, "restricts");
	}
	return json_put(body, JSON_MEMBERS(MEMBER_ITEM("certificate", cJSON_Duplicate(x->certificate, true)))) && ok
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory to answer the request");
}

// An erasure that is run again finds no more what the first run ended: who got data is what was found then.
static void reach_keep_recipients(cJSON *reach, const cJSON *certificate)
{
	const cJSON *before = json_get(certificate, "recipients");
	cJSON *copy =
	    before != NULL && before->child != NULL && json_get(reach, "recipients")->child == NULL ? cJSON_Duplicate(before, true) : NULL;

	if (copy != NULL && !cJSON_ReplaceItemInObjectCaseSensitive(reach, "recipients", copy))
		cJSON_Delete(copy);
}

int rights_fulfil_erasure(struct vault *v, const char *id, const char *by, bool dry_run, struct erase_result *out, cJSON **certificate,
			  struct err *e)
{
	PERSON_AUTO struct person person = {0};
	struct rights_facts facts;
	JSON_AUTO cJSON *body = rights_read(v, id, &facts, e);
	JSON_AUTO cJSON *reach = NULL;
	struct err unasked = {0};
	int ret = -1;

	if (body == NULL || person_of_request(v, body, &facts, &person, e) != 0)
		return -1;
	if (strcmp(json_string(body, "right"), "erasure") != 0 && strcmp(json_string(body, "right"), "objection") != 0)
		err_set(e, ERR_INPUT, "request %s is for %s, neither for erasure nor an objection", id, json_string(body, "right"));
	else if ((STATE_BIT(facts.state) & STATES_OPEN) == 0)
		err_set(e, ERR_INPUT, "request %s is already %s", id, rights_state_names[facts.state]);
	else if (person.count == 0 || person.more)
		err_set(e, ERR_INPUT,
			person.more
			    ? "request %s: more is to be erased than can be at once: erase by the receipts first"
			    : "request %s names no receipt, and its contact is not proven: ask its sender for one, or for an address "
			      "(lethe requests clarify), erase by that, and answer with a --text; or verify it (lethe requests identify, "
			      "or verify with --contact-too)",
			id);
	else if (strcmp(by, "site") == 0 || facts.verified || rights_check_identity(v, id, e) == 0) {
		if (!dry_run)
			(void)deletion_ask_again(v, person.list, person.count, id, &unasked);
		reach = reach_of(v, person.list, person.count, e);
	}
	cJSON *recipients = cJSON_GetObjectItemCaseSensitive(reach, "recipients");
	// Whoever got data is told before it goes: it is not known any more afterwards.
	if (reach != NULL && (dry_run || recipients_tell(v, id, ABOUT_ERASURE, recipients, by, e) == 0))
		ret = rights_erase_all(v, person.list, person.count, dry_run, out, e);
	out->unproven = person.unproven;
	if (ret != 0 || dry_run)
		return ret;
	rights_erased_but(out, "deletions at vendors", &unasked);
	reach_keep_recipients(reach, json_get(body, "certificate"));
	const struct certificate_of of = {.right = json_string(body, "right"),
					  .request_id = id,
					  .received = facts.clock.received,
					  .subject = json_string(body, "receipt"),
					  .self_service = strcmp(by, "site") == 0};
	JSON_AUTO cJSON *made = certificate_make(v, &of, out, reach, e);
	struct closing closing = {.result = out, .certificate = made, .by = by};
	const struct rights_act act = {.event = erasure_event(out), .by = by};
	ret = made != NULL ? rights_edit(v, id, close_request, &closing, "answer", &act, e) : -1;
	if (certificate != NULL) { // also of what is not noted with the request
		*certificate = made;
		made = NULL;
	}
	return ret;
}
