// SPDX-License-Identifier: ISC
#include "policy/rights/event.h"
#include "policy/base/array.h"
#include "policy/base/when.h"
#include "policy/rights/document.h"
#include <stdio.h>
#include <string.h>

enum { EVENTS_MAX = 1000 };

const char *const rights_state_names[STATE_COUNT + 1] = {
    [STATE_OPEN] = "open",       [STATE_WAITING] = "waiting", [STATE_PARTIAL] = "partial",     [STATE_FULFILLED] = "fulfilled",
    [STATE_REFUSED] = "refused", [STATE_CLOSED] = "closed",   [STATE_WITHDRAWN] = "withdrawn",
};

#define ANY       (STATES_OPEN | STATES_ENDED)
#define UNDECIDED (STATE_BIT(STATE_OPEN) | STATE_BIT(STATE_WAITING))
const struct rights_event_row rights_events[EVENT_COUNT] = {
    [EVENT_RECEIVED] = {"received", 0, STATE_OPEN, 0, TOUCHES_START},
    [EVENT_RECOGNISED] = {"recognised", STATES_OPEN, -1, 0, TOUCHES_NOTHING},
    [EVENT_ACKNOWLEDGED] = {"acknowledged", STATES_OPEN, -1, 0, TOUCHES_ACKNOWLEDGEMENT},
    [EVENT_IDENTITY_ASKED] = {"identity-asked", UNDECIDED, STATE_WAITING, EVENT_NEEDS_REASON, TOUCHES_PAUSE},
    [EVENT_IDENTITY_GIVEN] = {"identity-given", UNDECIDED, STATE_OPEN, EVENT_NEEDS_REASON, TOUCHES_RESUME},
    [EVENT_IDENTITY_FAILED] = {"identity-failed", UNDECIDED, -1, 0, TOUCHES_NOTHING},
    [EVENT_CLARIFICATION_ASKED] = {"clarification-asked", UNDECIDED, STATE_WAITING, EVENT_NEEDS_REASON, TOUCHES_PAUSE},
    [EVENT_CLARIFICATION_GIVEN] = {"clarification-given", UNDECIDED, STATE_OPEN, 0, TOUCHES_RESUME},
    [EVENT_EXTENDED] = {"extended", STATES_OPEN, -1, EVENT_NEEDS_GROUND | EVENT_NEEDS_REASON, TOUCHES_EXTENSION},
    [EVENT_STARTED] = {"started", STATES_OPEN, -1, 0, TOUCHES_NOTHING},
    [EVENT_STORE] = {"store", STATES_OPEN, -1, EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_RECIPIENT] = {"recipient", ANY, -1, EVENT_NEEDS_REASON | EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_PARTIAL] = {"partial", STATES_OPEN, STATE_PARTIAL, 0, TOUCHES_NOTHING},
    [EVENT_HELD] = {"held", STATES_OPEN, STATE_PARTIAL, EVENT_OF_OWNER, TOUCHES_END},
    [EVENT_ANSWERED] = {"answered", STATES_OPEN, STATE_FULFILLED, 0, TOUCHES_END},
    [EVENT_REFUSED] = {"refused", STATES_OPEN, STATE_REFUSED, EVENT_NEEDS_GROUND | EVENT_NEEDS_REASON, TOUCHES_END},
    [EVENT_CLOSED] = {"closed", STATES_OPEN, STATE_CLOSED, EVENT_NEEDS_GROUND, TOUCHES_END},
    [EVENT_WITHDRAWN] = {"withdrawn", STATES_OPEN, STATE_WITHDRAWN, 0, TOUCHES_END},
    [EVENT_REOPENED] = {"reopened", STATES_ENDED, STATE_OPEN, EVENT_NEEDS_REASON, TOUCHES_START},
    [EVENT_JOINED] = {"joined", STATES_OPEN, -1, EVENT_HIDDEN, TOUCHES_NOTHING},
    [EVENT_PARTED] = {"parted", STATES_OPEN, -1, EVENT_HIDDEN, TOUCHES_NOTHING},
    [EVENT_INCLUDES] = {"includes", STATES_OPEN, -1, EVENT_HIDDEN, TOUCHES_NOTHING},
    [EVENT_NOTE] = {"note", ANY, -1, EVENT_NEEDS_TEXT | EVENT_HIDDEN, TOUCHES_NOTHING},
    [EVENT_ADDED] = {"added", STATES_OPEN, -1, EVENT_NEEDS_TEXT, TOUCHES_NOTHING},
    [EVENT_MAIL_QUEUED] = {"mail-queued", ANY, -1, 0, TOUCHES_NOTHING},
    [EVENT_MAIL_SENT] = {"mail-sent", ANY, -1, 0, TOUCHES_NOTHING},
    [EVENT_MAIL_FAILED] = {"mail-failed", ANY, -1, 0, TOUCHES_NOTHING},
    [EVENT_CORRECTED] = {"corrected", STATES_OPEN, -1, 0, TOUCHES_NOTHING},
    [EVENT_NOTICE_QUEUED] = {"notice-queued", ANY, -1, EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_NOTICE_SENT] = {"notice-sent", ANY, -1, EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_NOTICE_FAILED] = {"notice-failed", ANY, -1, EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_NOTICE_ACKNOWLEDGED] = {"notice-acknowledged", ANY, -1, EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_VENDOR_DELETED] = {"vendor-deleted", ANY, -1, EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_VENDOR_KEPT] = {"vendor-kept", ANY, -1, EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_READ] = {"read", ANY, -1, EVENT_NEEDS_REASON | EVENT_HIDDEN, TOUCHES_NOTHING},
    [EVENT_RESTRICTED] = {"restricted", STATES_OPEN, -1, EVENT_NEEDS_GROUND | EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_LIFT_TOLD] = {"lift-told", ANY, -1, EVENT_NEEDS_REASON | EVENT_OF_OWNER, TOUCHES_NOTHING},
    [EVENT_LIFTED] = {"lifted", ANY, -1, EVENT_OF_OWNER, TOUCHES_NOTHING},
};

#define GDPR_IRI "https://w3id.org/dpv/legal/eu/gdpr#Justification"
const struct rights_ground rights_grounds[] = {
    {"complexity", GDPR_IRI "A12Complexity", EVENT_EXTENDED, false, NULL},
    {"high-volume", GDPR_IRI "A12HighVolume", EVENT_EXTENDED, false, NULL},
    {"identity-failure", GDPR_IRI "A12IdentityFailure", EVENT_REFUSED, true, NULL},
    {"identity-required", GDPR_IRI "A12IdentityRequired", EVENT_REFUSED, true, NULL},
    {"information-required", GDPR_IRI "A12InformationRequired", EVENT_REFUSED, true, NULL},
    {"manifestly-excessive", GDPR_IRI "A12ManifestlyExcessive", EVENT_REFUSED, false, NULL},
    {"manifestly-unfounded", GDPR_IRI "A12ManifestlyUnfounded", EVENT_REFUSED, false, NULL},
    {"malicious-intent", GDPR_IRI "A12MaliciousIntent", EVENT_REFUSED, true, NULL},
    {"legal-claims", GDPR_IRI "A17LegalClaims", EVENT_REFUSED, false, "erasure"},
    {"legally-required", GDPR_IRI "A17LegallyRequired", EVENT_REFUSED, false, "erasure"},
    {"freedom-of-expression", GDPR_IRI "A17FreedomOfExpression", EVENT_REFUSED, false, "erasure"},
    {"public-health", GDPR_IRI "A17PublicHealth", EVENT_REFUSED, false, "erasure"},
    {"public-interest", GDPR_IRI "A17PublicInterest", EVENT_REFUSED, false, "erasure"},
    {"archiving", GDPR_IRI "A17Archiving", EVENT_REFUSED, false, "erasure"},
    {"compelling-grounds", NULL, EVENT_REFUSED, false, "objection"},
    {"spam", NULL, EVENT_CLOSED, true, NULL},
    {"non-responsive", NULL, EVENT_CLOSED, true, NULL},
    {"accuracy-contested", NULL, EVENT_RESTRICTED, false, NULL},
    {"unlawful-processing", NULL, EVENT_RESTRICTED, false, NULL},
    {"claims-of-person", NULL, EVENT_RESTRICTED, false, NULL},
    {"objection-pending", NULL, EVENT_RESTRICTED, false, NULL},
    {0},
};

enum rights_state rights_state_read(const char *name)
{
	for (enum rights_state s = 0; s < STATE_COUNT; s++)
		if (strcmp(rights_state_names[s], name) == 0)
			return s;
	return STATE_OPEN; // the vault names a new record's state itself
}

const struct rights_ground *rights_ground_find(enum rights_event event, const char *right, const char *name)
{
	for (const struct rights_ground *g = rights_grounds; g->name != NULL; g++)
		if (g->event == event && strcmp(g->name, name) == 0 && (g->right == NULL || strcmp(right, g->right) == 0))
			return g;
	return NULL;
}

bool rights_ground_keeps(const char *ground)
{
	return strcmp(ground, "unlawful-processing") == 0 || strcmp(ground, "claims-of-person") == 0;
}

enum rights_event rights_event_read(const cJSON *event)
{
	const char *name = json_string(event, "event");
	enum rights_event id = 0;

	while (name != NULL && id < EVENT_COUNT && strcmp(rights_events[id].name, name) != 0)
		id++;
	return name != NULL ? id : EVENT_COUNT;
}

static void pause_begin(struct clock_facts *clock, time_t at, bool identity)
{
	size_t to = clock->pause_count;

	if (to == CLOCK_PAUSES_MAX) // without it the clock is early
		return;
	for (size_t i = 0; i < to; i++)
		if (clock->pauses[i].until == 0 && clock->pauses[i].identity == identity)
			return; // asked again: it stands still already
	for (; to > 0 && clock->pauses[to - 1].from > at; to--)
		clock->pauses[to] = clock->pauses[to - 1];
	clock->pauses[to] = (struct clock_pause){.from = at, .identity = identity};
	clock->pause_count++;
}

static void clock_touch(struct clock_facts *clock, enum rights_event id, time_t at)
{
	const bool identity = id == EVENT_IDENTITY_ASKED || id == EVENT_IDENTITY_GIVEN;

	switch (rights_events[id].touches) {
	case TOUCHES_START: // reopened: it runs from receipt, as it did
		clock->received = id == EVENT_RECEIVED ? at : clock->received;
		clock->ended = 0;
		break;
	case TOUCHES_ACKNOWLEDGEMENT:
		clock->acknowledged = clock->acknowledged == 0 ? at : clock->acknowledged;
		break;
	case TOUCHES_PAUSE:
		pause_begin(clock, at, identity);
		break;
	case TOUCHES_RESUME:
		for (size_t i = 0; i < clock->pause_count; i++)
			if (clock->pauses[i].until == 0 && clock->pauses[i].identity == identity)
				clock->pauses[i].until = at < clock->pauses[i].from ? clock->pauses[i].from : at;
		break;
	case TOUCHES_EXTENSION:
		clock->extended = clock->extended == 0 ? at : clock->extended;
		break;
	case TOUCHES_END:
		clock->ended = at;
		for (size_t i = 0; i < clock->pause_count; i++)
			if (clock->pauses[i].until == 0)
				clock->pauses[i].until = at;
		break;
	default:
		break;
	}
}

void rights_facts_read(struct rights_facts *out, const cJSON *body, const char *state, time_t made, time_t now)
{
	const cJSON *events = json_get(body, "events"), *event, *identity = json_get(body, "identity");
	const time_t code_until = json_time(identity, "until");
	bool by_mail = false;

	*out = (struct rights_facts){.state = STATE_OPEN, .clock = {.received = made, .now = now}, .entered = made};
	out->verified = cJSON_IsTrue(json_get(body, "verified"));
	out->proven = cJSON_IsTrue(json_get(body, "proven"));
	out->code_until = code_until > now && json_number(identity, "tries", IDENTITY_TRIES) < IDENTITY_TRIES ? code_until : 0;
	if (!cJSON_IsArray(events)) {
		out->state = rights_state_read(state);
		out->clock.ended = json_time(body, "answered");
		if (out->clock.ended == 0 && (STATE_BIT(out->state) & STATES_ENDED) != 0)
			out->clock.ended = made;
		return;
	}
	cJSON_ArrayForEach(event, events)
	{
		const enum rights_event id = rights_event_read(event);
		const time_t told = json_time(event, "at"), at = told != 0 ? told : made;
		out->event_count++;
		if (id == EVENT_COUNT)
			continue;
		out->state = rights_events[id].to >= 0 ? (enum rights_state)rights_events[id].to : out->state;
		if (!cJSON_IsTrue(json_get(event, "withheld"))) // a mail that did not go acknowledges nothing
			clock_touch(&out->clock, id, at);
		if (id == EVENT_RECEIVED)
			out->entered = json_time(event, "entered") != 0 ? json_time(event, "entered") : at;
		const char *by = json_string_or(event, "by", "site"), *how = json_string_or(event, "how", "");
		if (strcmp(by, "person") != 0 && strcmp(by, "site") != 0 && id != EVENT_READ)
			out->recognised = out->proven = true;
		if (id == EVENT_RESTRICTED) {
			out->restricted = json_string(event, "ground");
			out->restricted_since = at;
		}
		out->lift_told = id == EVENT_LIFT_TOLD || (out->lift_told && id != EVENT_RESTRICTED && id != EVENT_LIFTED);
		out->restricted = id == EVENT_LIFTED ? NULL : out->restricted;
		out->held = id == EVENT_HELD || (out->held && rights_events[id].to < 0);
		out->held_until = id == EVENT_HELD ? json_time(event, "until") : out->held ? out->held_until : 0;
		out->asked = out->asked || id == EVENT_IDENTITY_ASKED;
		if (id == EVENT_ANSWERED || id == EVENT_REOPENED) {
			const time_t noted = json_time(event, "copy_until");
			out->copy_until = id == EVENT_REOPENED ? 0 : noted != 0 ? noted : at + RIGHTS_COPY_SECONDS;
		}
		out->unclear = id == EVENT_CLARIFICATION_ASKED ||
			       (out->unclear && id != EVENT_CLARIFICATION_GIVEN && rights_events[id].touches != TOUCHES_END);
		if (id == EVENT_IDENTITY_GIVEN) {
			const bool mailed = strcmp(how, IDENTITY_BY_MAIL) == 0;
			by_mail = (by_mail || !out->verified) && mailed;
			out->verified = true;
			// A passport shows who somebody is, and not whose the address is that they typed: that says the officer.
			out->contact_proven = out->contact_proven || mailed || cJSON_IsTrue(json_get(event, "contact_too"));
		}
		// Who reads the mails of one address has not shown that another one is theirs, too.
		if (id == EVENT_CORRECTED && strstr(json_string_or(event, "fields", ""), "contact") != NULL) {
			out->verified = out->verified && !by_mail;
			out->contact_proven = by_mail = false;
		}
		out->exported = out->exported || (id == EVENT_READ && strcmp(how, "export") == 0);
		out->includes = out->includes || id == EVENT_INCLUDES;
		out->joined_to = id == EVENT_JOINED                           ? json_string(event, "request")
				 : id == EVENT_REOPENED || id == EVENT_PARTED ? NULL
									      : out->joined_to;
	}
}

int rights_event_check(const struct rights_facts *facts, enum rights_event event, const char *right, const char *ground, const char *reason,
		       const char *text, struct err *e)
{
	const struct rights_event_row *row = &rights_events[event];
	char grounds[512] = "";

	if ((row->from & STATE_BIT(facts->state)) == 0)
		return err_set(e, ERR_REFUSED, "it is %s: that cannot happen to it now", rights_state_names[facts->state]);
	if (facts->event_count >= EVENTS_MAX)
		return err_set(e, ERR_REFUSED, "it has %d events, and takes no more", EVENTS_MAX);
	for (const struct rights_ground *g = rights_grounds; g->name != NULL; g++)
		if (g->event == event && (g->right == NULL || strcmp(right, g->right) == 0))
			snprintf(grounds + strlen(grounds), sizeof grounds - strlen(grounds), "%s%s", *grounds ? ", " : "", g->name);
	if ((row->flags & EVENT_NEEDS_GROUND) && (ground == NULL || rights_ground_find(event, right, ground) == NULL))
		return err_set(e, ERR_INPUT, "a ground is needed, one of: %s", grounds);
	if (!(row->flags & EVENT_NEEDS_GROUND) && ground != NULL)
		return err_set(e, ERR_INPUT, "this takes no ground");
	if ((row->flags & EVENT_NEEDS_REASON) && (reason == NULL || *reason == '\0'))
		return err_set(e, ERR_INPUT, "a reason is needed");
	if ((row->flags & EVENT_NEEDS_TEXT) && (text == NULL || *text == '\0'))
		return err_set(e, ERR_INPUT, "a text is needed");
	return 0;
}

cJSON *rights_event_add(cJSON *body, enum rights_event event, time_t at, const char *by)
{
	return document_event(body, rights_events[event].name, at, by);
}

bool rights_events_begin(cJSON *body, const char *state, time_t made)
{
	if (json_get(body, "events") != NULL)
		return true;
	if (rights_event_add(body, EVENT_RECEIVED, made, "person") == NULL)
		return false;
	if (rights_state_read(state) == STATE_PARTIAL)
		return rights_event_add(body, EVENT_PARTIAL, made, "site") != NULL;
	time_t answered = json_time(body, "answered");
	return answered == 0 || rights_event_add(body, EVENT_ANSWERED, answered, "site") != NULL;
}

cJSON *rights_recipient(const cJSON *list, const char *id, const char *about)
{
	cJSON *row, *found = NULL;

	cJSON_ArrayForEach(row, list)
	{
		const char *row_about = json_string(row, "about");
		if (strcmp(json_string(row, "id"), id) == 0 && (about == NULL || (row_about != NULL && strcmp(row_about, about) == 0)))
			found = row;
	}
	return found;
}

cJSON *rights_recipients(const cJSON *body)
{
	static const char *const begin[] = {"name",      "about",        "sent_at",    "expires_by", "notice",
					    "notice_at", "acknowledged", "ack_sha256", "deletion",   "deleted_at"};
	cJSON *list = cJSON_CreateArray();
	const cJSON *event;
	bool ok = list != NULL;

	cJSON_ArrayForEach(event, json_get(body, "events"))
	{
		const char *id = json_string(event, "recipient"), *at = json_string(event, "at"), *about = json_string(event, "about");
		const enum rights_event what = rights_event_read(event);
		if (id == NULL || at == NULL)
			continue;
		cJSON *row = rights_recipient(list, id, about);
		if (what == EVENT_RECIPIENT) {
			row = json_make(JSON_MEMBERS(MEMBER_TEXT("id", id)));
			for (size_t i = 0; i < ARRAY_LEN(begin); i++)
				ok = ok && json_put(row, JSON_MEMBERS(MEMBER_NULLABLE_TEXT(begin[i], json_string(event, begin[i]))));
			ok = ok && json_put(row, JSON_MEMBERS(MEMBER_FLAG("possible", cJSON_IsTrue(json_get(event, "possible")))));
			ok = cJSON_AddItemToArray(list, row) && ok;
		} else if (row != NULL && what == EVENT_NOTICE_ACKNOWLEDGED) {
			ok = ok && json_put(row, JSON_MEMBERS(MEMBER_NULLABLE_TEXT("acknowledged", at),
							      MEMBER_NULLABLE_TEXT("ack_sha256", json_string(event, "ack_sha256"))));
		} else if (row != NULL && (what == EVENT_VENDOR_KEPT || what == EVENT_VENDOR_DELETED)) {
			// Of which it has some still, that stays so, whatever else it deletes.
			const bool kept = what == EVENT_VENDOR_KEPT || strcmp(json_string_or(row, "deletion", ""), "unconfirmed") == 0;
			ok = ok && json_put(row, JSON_MEMBERS(MEMBER_NULLABLE_TEXT("deletion", kept ? "unconfirmed" : "deleted"),
							      MEMBER_NULLABLE_TEXT("deleted_at", kept ? NULL : at)));
		} else if (row != NULL) {
			ok = ok && json_put(row, JSON_MEMBERS(MEMBER_NULLABLE_TEXT("notice_at", at),
							      MEMBER_NULLABLE_TEXT("notice", what == EVENT_NOTICE_SENT     ? "sent"
											     : what == EVENT_NOTICE_FAILED ? "failed"
															   : "queued")));
		}
	}
	if (ok)
		return list;
	cJSON_Delete(list);
	return NULL;
}
