// SPDX-License-Identifier: ISC
#include "policy/rights/outbox.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/rights/case.h"
#include "policy/rights/document.h"
#include "policy/rights/person.h"
#include "policy/rights/request.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	OUTBOX_BODY_MAX = 2 * 1024 * 1024, // a text with every character escaped
	PAUSE_FIRST = 60,
	PAUSE_MOST = 4 * 3600,
	IDS_MAX = 1000,    // of one run
	UNTIL_GRACE = 600, // so long the record is there to tell that it was not sent
	OUTBOX_LATEST = 128,
};
static const char waiting[] = "waiting", sent[] = "sent", failed[] = "failed";
static const struct document_type mails = {KIND_OUTBOX, "mail", OUTBOX_BODY_MAX, "what"}; // a mark is none

// In the policy's order, from 0.
static const struct policy_processor *deliverer(const struct policy *p, size_t which)
{
	const struct policy_processor *a;

	for (size_t n = 0; p->kinds[KIND_OUTBOX].keep == KEEP_STORED && (a = policy_processor_for(p, ROLE_MAIL, n)) != NULL; n++)
		if ((policy_processor_receives(a, when_now()) & KIND_BIT(KIND_OUTBOX)) != 0 && which-- == 0)
			return a;
	return NULL;
}

const struct policy_processor *outbox_processor(const struct policy *p)
{
	return deliverer(p, 0);
}

// Of a mail: an entry in the ledger, and an event of the request, which may be gone.
static int details_print(struct buf *out, const char *what, const char *event)
{
	JSON_AUTO cJSON *o = json_make(JSON_MEMBERS(MEMBER_TEXT("event", event), MEMBER_TEXT("what", what)));

	return json_print(out, o);
}

// Its record goes, with the entry that says why.
static int mail_end(struct vault *v, const char *id, const char *what, const char *event, struct err *e)
{
	BUF_AUTO struct buf details = BUF_INIT(1024);

	return details_print(&details, what, event) != 0
		   ? err_set(e, ERR_MEMORY, "no memory")
		   : vault_end(v, id, &(struct ledger_event){.name = "mail", .details = buf_text(&details)}, e);
}

// Of a notice the person is told to whom it is; of a letter, which it is.
static void request_tell(struct vault *v, const char *id, const cJSON *body, enum rights_event event, const char *by, const char *failure)
{
	const char *what = json_string(body, "what"), *request = json_string(body, "request"), *recipient = json_string(body, "recipient");
	const struct policy_processor *to = recipient != NULL ? policy_processor(vault_policy(v), recipient) : NULL;
	char reason[512];

	if (recipient != NULL) {
		event = event == EVENT_MAIL_QUEUED ? EVENT_NOTICE_QUEUED
			: event == EVENT_MAIL_SENT ? EVENT_NOTICE_SENT
						   : EVENT_NOTICE_FAILED;
		what = to != NULL ? to->name : recipient;
	}
	snprintf(reason, sizeof reason, "%.400s%s%s", what, *failure ? ": " : "", failure);
	const struct rights_act act = {.event = event,
				       .by = by,
				       .reason = reason,
				       .recipient = recipient,
				       .about = json_string(body, "about"),
				       .mail = id,
				       .withheld = cJSON_IsTrue(json_get(body, "withheld"))};
	if (request != NULL)
		(void)rights_act(v, request, &act, NULL);
}

static const char link_tag[] = "link", link_to_tag[] = "link-to", share_tag[] = "mailbox", number_tag[] = "number";

static void marks_end(struct vault *v, const char *tag, const char *value)
{
	char id[RECORD_ID_LEN + 1];

	while (document_find(v, KIND_OUTBOX, tag, value, id, NULL) > 0 && vault_end(v, id, NULL, NULL) == 0)
		continue;
}

// Its address has its share again, where it is certain that no server took the mail.
static void share_return(struct vault *v, const cJSON *body)
{
	const char *number = json_string(body, "number");

	if (number != NULL && json_get(body, "failure") != NULL && json_get(body, "by") == NULL)
		marks_end(v, number_tag, number);
}

// Ends those that a newer one takes the place of. One that was sent meanwhile is gone, or about to go; one that a hold keeps shows nothing any more.
static void older_drop(struct vault *v, const char *latest, const char *what)
{
	char id[RECORD_ID_LEN + 1];
	int ret = 0;

	while (ret == 0 && document_find(v, KIND_OUTBOX, "latest", latest, id, NULL) > 0) {
		struct vault_record whole = {0};
		JSON_AUTO cJSON *body = document_read(v, &mails, id, &whole, NULL);
		ret = mail_end(v, id, what, "replaced", NULL);
		if (ret == 0)
			share_return(v, body);
		vault_record_free(&whole);
	}
}

// By what a mail to the person is found. One to who acts for them is nobody's, as is one to an authority, or to who got data.
static bool outbox_person(struct vault *v, const struct outbox_new *mail, char out[PERSON_VALUE_MAX])
{
	char given[PERSON_VALUE_MAX];
	struct rights_facts facts;

	if (mail->recipient != NULL || mail->incident != NULL || !person_contact(out, mail->to))
		return false;
	JSON_AUTO cJSON *body = mail->request != NULL ? rights_read(v, mail->request, &facts, NULL) : NULL;
	return mail->request == NULL || (person_contact_of(given, body) && strcmp(given, out) == 0);
}

static void outbox_tag_value(struct vault *v, const struct vault_record *r, struct buf *out)
{
	JSON_AUTO cJSON *body = r->body.len > 0 ? json_parse(buf_text(&r->body), r->body.len, NULL) : NULL; // a mark has none
	const struct outbox_new mail = {.to = json_string(body, "to"),
					.request = json_string(body, "request"),
					.recipient = json_string(body, "recipient"),
					.incident = json_string(body, "incident")};
	char person[PERSON_VALUE_MAX];

	if (mail.to != NULL && outbox_person(v, &mail, person))
		buf_adds(out, person);
}

int outbox_tag_old(struct vault *v, struct err *e)
{
	return person_tag_old(v, e) != 0 ? -1 : vault_tag_old(v, KIND_OUTBOX, PERSON_TAG, outbox_tag_value, e);
}

int outbox_add(struct vault *v, const struct outbox_new *mail, char id[RECORD_ID_LEN + 1], struct err *e)
{
	char to[MAIL_ADDRESS_SIZE], number[OUTBOX_NUMBER];
	unsigned char random[(OUTBOX_NUMBER - 1) / 2];
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(OUTBOX_BODY_MAX);
	BUF_AUTO struct buf details = BUF_INIT(1024);
	JSON_AUTO cJSON *body = cJSON_CreateObject();

	if (outbox_processor(vault_policy(v)) == NULL)
		return err_set(e, ERR_REFUSED, "the policy has nobody deliver mail");
	if (mail_address_read(to, mail->to, e) != 0)
		return -1;
	random_bytes(random, sizeof random);
	hex_encode(number, random, sizeof random);
	const bool ok = json_put_texts(body, JSON_TEXTS({"to", to}, {"subject", mail->subject}, {"text", mail->text}, {"what", mail->what},
							{"number", number}, {"request", mail->request}, {"recipient", mail->recipient},
							{"about", mail->about}, {"link", mail->link}, {"code", mail->code},
							{"incident", mail->incident})) &&
			json_put(body, JSON_MEMBERS(MEMBER_TIME("next", when_now()), MEMBER_TIME("until", mail->until),
						    MEMBER_FLAG("limited", mail->limited))) &&
			document_put_kinds(body, mail->kinds);
	if (!ok || json_print(&bytes, body) != 0 || details_print(&details, mail->what, "queued") != 0)
		return err_set(e, ERR_INPUT, "the mail is too large to be stored");
	const struct ledger_event event = {.name = "mail", .details = buf_text(&details)};
	char latest[OUTBOX_LATEST];
	snprintf(latest, sizeof latest, "%s %s", mail->what, mail->request != NULL ? mail->request : "");
	char person[PERSON_VALUE_MAX];
	struct vault_tag tags[3] = {{0}};
	size_t tag_count = 0;
	if (outbox_person(v, mail, person))
		tags[tag_count++] = (struct vault_tag){PERSON_TAG, person};
	if (mail->until != 0)
		tags[tag_count++] = (struct vault_tag){"latest", latest};
	const struct vault_new record = {.kind = KIND_OUTBOX,
					 .subject_of = mail->recipient == NULL ? mail->request : NULL,
					 .tags = tags,
					 .body = bytes.data,
					 .body_len = bytes.len,
					 .due = mail->until != 0 ? mail->until + UNTIL_GRACE : 0};
	if (mail->until != 0)
		older_drop(v, latest, mail->what);
	if (vault_put(v, &record, &event, id, e) != 0)
		return -1;
	request_tell(v, id, body, EVENT_MAIL_QUEUED, "site", "");
	return 0;
}

// ---- how many ----

enum { SHARE_TEXT = MAIL_ADDRESS_SIZE + 64, MARKS_MAX = 3 };
static const struct mail_share {
	const char *what;
	unsigned max;
	time_t lasts;
} mail_shares[] = {{OUTBOX_CONFIRM, 1, 3600},
		   {OUTBOX_CONFIRM, OUTBOX_CONFIRM_DAY, OUTBOX_LINK_SECONDS},
		   {OUTBOX_ACKNOWLEDGE, OUTBOX_ACKNOWLEDGE_DAY, 86400}};

// Number `n` of a share of an address. One with a plus sign has its own: a link shows nothing of another address, so whoever shared could be kept from theirs.
static void share_text(char out[SHARE_TEXT], const struct mail_share *share, unsigned n, const char *to)
{
	snprintf(out, SHARE_TEXT, "%s %ld %u %s", share->what, (long)share->lasts, n, to);
	for (char *c = out; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

static void link_text(char out[SHARE_TEXT], const char *token, const char *to)
{
	snprintf(out, SHARE_TEXT, "%s %s", token, to);
	for (char *c = out + strlen(token); *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
}

int outbox_link_went(struct vault *v, const char *token, const char *to, struct err *e)
{
	char text[SHARE_TEXT], address[MAIL_ADDRESS_SIZE], id[RECORD_ID_LEN + 1];

	if (to != NULL && mail_address_read(address, to, NULL) != 0)
		return 0;
	if (to != NULL)
		link_text(text, token, address);
	return document_find(v, KIND_OUTBOX, to != NULL ? link_to_tag : link_tag, to != NULL ? text : token, id, e);
}

void outbox_link_used(struct vault *v, const char *to)
{
	char text[SHARE_TEXT], address[MAIL_ADDRESS_SIZE];

	if (mail_address_read(address, to, NULL) != 0)
		return;
	share_text(text, &mail_shares[0], 0, address);
	marks_end(v, share_tag, text);
}

// The first number of the share that is free. -1: none is, or that is not known.
static int share_free(struct vault *v, const struct mail_share *share, const char *to, char out[SHARE_TEXT])
{
	char id[RECORD_ID_LEN + 1];

	for (unsigned n = 0; n < share->max; n++) {
		share_text(out, share, n, to);
		if (document_find(v, KIND_OUTBOX, share_tag, out, id, NULL) == 0)
			return 0;
	}
	return -1;
}

// Marks that the mail goes to its address, once. 1: it may go; 0: its address has no share left. As many marks are made then, so that their number says nothing.
// Each takes a number that no other has at the time, so two at once cannot take the same.
static int mail_mark(struct vault *v, const cJSON *body, struct err *e)
{
	const char *to = json_string(body, "to"), *what = json_string(body, "what"), *number = json_string(body, "number"),
		   *link = json_string(body, "link"), *token = link != NULL && strrchr(link, '/') != NULL ? strrchr(link, '/') + 1 : link;
	const bool limited = cJSON_IsTrue(json_get(body, "limited"));
	char shares[MARKS_MAX][SHARE_TEXT], went[SHARE_TEXT], ids[MARKS_MAX][RECORD_ID_LEN + 1];
	struct err why = {.code = ERR_BUSY};
	int may = 1, marked = document_find(v, KIND_OUTBOX, number_tag, number, ids[0], e);

	if (marked != 0 || (!limited && link == NULL))
		return marked < 0 ? -1 : 1;
	for (unsigned tries = 0; tries < 8 && why.code == ERR_BUSY; tries++) {
		const time_t now = when_now(), ends = life_end(vault_policy(v), KIND_OUTBOX, now);
		struct vault_tag tags[MARKS_MAX][4] = {0};
		struct vault_new marks[MARKS_MAX] = {0};
		size_t count = 0;
		may = 1;
		for (size_t i = 0; i < ARRAY_LEN(mail_shares); i++) {
			if (!limited || strcmp(mail_shares[i].what, what) != 0)
				continue;
			may = share_free(v, &mail_shares[i], to, shares[count]) == 0 ? may : 0;
			tags[count][0] = (struct vault_tag){number_tag, number};
			tags[count][1] = (struct vault_tag){share_tag, shares[count]};
			marks[count++] = (struct vault_new){.once = share_tag, .due = now + mail_shares[i].lasts};
		}
		if (link != NULL) {
			link_text(went, token, to);
			tags[count][0] = (struct vault_tag){number_tag, number};
			tags[count][1] = (struct vault_tag){link_tag, token};
			tags[count][2] = (struct vault_tag){link_to_tag, went};
			marks[count++].due = now + OUTBOX_LINK_SECONDS;
		}
		for (size_t i = 0; i < count; i++) {
			marks[i].kind = KIND_OUTBOX;
			marks[i].due = ends != 0 && ends < marks[i].due ? 0 : marks[i].due;
			marks[i].tags = may ? tags[i] : NULL;
			marks[i].once = may ? marks[i].once : NULL;
		}
		why = (struct err){0};
		if (vault_put_all(v, marks, count, NULL, ids, &why) == 0)
			return may;
	}
	return err_set(e, why.code, "%s", why.text);
}

struct holder {
	const char *id, *what, *to;
	char failure[OUTBOX_FAILURE];
};

// A failure that any mail would have had at the time, whoever it is for.
static bool for_all(const char *failure)
{
	static const char *const words[] = {"timeout", "no-egress", "unreachable", "unresolvable", "tls", "login"};
	bool found = false;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		found = found || strcmp(words[i], failure) == 0;
	return found;
}

static int holder_row(void *arg, const struct vault_record *r)
{
	struct holder *x = arg;
	JSON_AUTO cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);
	const char *what = json_string(body, "what"), *to = json_string(body, "to"), *failure = json_string(body, "failure");

	if (what == NULL || to == NULL || failure == NULL || strcmp(r->id, x->id) == 0 || json_get(body, "withheld") != NULL)
		return 0;
	if (!for_all(failure) && (strcmp(what, x->what) != 0 || strcasecmp(to, x->to) != 0 || json_get(body, "limited") == NULL))
		return 0;
	snprintf(x->failure, sizeof x->failure, "%s", failure);
	return 1;
}

// What becomes of a mail that is withheld: no other than of the one that has its share, or of any where the server cannot be reached, so that a server which takes
// none at the time shows nothing. As deliver().
static int mail_withhold(struct vault *v, const char *id, cJSON *body, char failure[OUTBOX_FAILURE])
{
	struct holder x = {.id = id, .what = json_string(body, "what"), .to = json_string(body, "to")};

	cJSON_AddTrueToObject(body, "withheld");
	(void)vault_each(v, KIND_OUTBOX, waiting, holder_row, &x, NULL);
	snprintf(failure, OUTBOX_FAILURE, "%s", x.failure);
	return x.failure[0] != '\0';
}

time_t outbox_pause(unsigned attempts)
{
	time_t pause = attempts > 8 ? PAUSE_MOST : (time_t)PAUSE_FIRST << (attempts - 1);
	uint32_t chance;

	random_bytes(&chance, sizeof chance);
	pause = pause > PAUSE_MOST ? PAUSE_MOST : pause;
	return pause - pause / 4 + (time_t)(chance % (uint32_t)(pause / 2 + 1));
}

// Writes the record anew where it still is as it was read. ERR_BUSY: it is not.
static int outbox_write(struct vault *v, const char *id, const struct buf *was, const char *state, const cJSON *body, struct buf *now,
			struct err *e)
{
	buf_reset(now);
	if (json_print(now, body) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	return vault_update(v, id, &(struct vault_change){.state = state, .body = now->data, .body_len = now->len, .was = was}, NULL, e);
}

// The 72 hours of Article 33 end when the authority's letter was taken.
static void incident_tell(struct vault *v, const char *id)
{
	JSON_AUTO cJSON *set = json_make(JSON_MEMBERS(MEMBER_TIME("authority_notified", when_now()), MEMBER_TEXT("due", "")));
	char details[128];

	snprintf(details, sizeof details, "{\"case\":\"%s\",\"event\":\"notified\",\"to\":\"authority\"}", id);
	(void)case_act(v, CASE_BIT(CASE_INCIDENT), id,
		       &(struct case_act){.event = "authority-notified", .by = "site", .set = set, .details = details}, NULL);
}

// What a server took: its request is told, then the record goes.
static int sent_finish(struct vault *v, const char *id, const cJSON *body, struct err *e)
{
	const char *what = json_string(body, "what");

	if (strcmp(what, OUTBOX_ACKNOWLEDGE) == 0 || strcmp(what, OUTBOX_CONFIRM) == 0)
		request_tell(v, id, body, EVENT_ACKNOWLEDGED, "site", "");
	request_tell(v, id, body, EVENT_MAIL_SENT, "site", "");
	if (json_string(body, "incident") != NULL)
		incident_tell(v, json_string(body, "incident"));
	return mail_end(v, id, what, cJSON_IsTrue(json_get(body, "withheld")) ? "withheld" : "sent", e);
}

// It is not sent any more.
static int unsent_finish(struct vault *v, const char *id, const cJSON *body, const char *event, const char *by, struct err *e)
{
	if (mail_end(v, id, json_string(body, "what"), event, e) != 0)
		return -1;
	share_return(v, body);
	request_tell(v, id, body, EVENT_MAIL_FAILED, by, event);
	return 0;
}

// The text as it goes out. What stands in it for a secret is filled in now and not before.
static int text_fill(struct buf *out, const cJSON *body, const char *text)
{
	static const char *const names[] = {"link", "code"};

	while (*text != '\0') {
		const char *value = NULL;
		size_t len = 0;
		for (size_t i = 0; i < ARRAY_LEN(names) && value == NULL; i++) {
			len = strlen(names[i]);
			if (text[0] == '{' && strncmp(text + 1, names[i], len) == 0 && text[1 + len] == '}')
				value = json_string(body, names[i]);
		}
		if (value != NULL)
			buf_adds(out, value);
		else
			buf_addc(out, *text);
		text += value != NULL ? len + 2 : 1;
	}
	return out->failed ? -1 : 0;
}

// Of these failures it is certain that the mail was not taken, nor ever looked at as a mail: another processor may have it. (Where the host takes no connection the
// word is unreachable; one that was broken off has another.)
static bool not_taken(const char *failure)
{
	static const char *const words[] = {"not-configured", "undeclared-processor", "kind-not-shared", "field-not-shared",
					    "budget",         "unresolvable",         "unreachable",     "tls",
					    "login",          "mail-sender",          "mail-quota",      "mail-later"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], failure) == 0)
			return true;
	return false;
}

// Asks the processors in the policy's order until one has it or may have it; that one alone is asked from then on, and it knows the mail by its number. As deliver().
static int mail_deliver(struct vault *v, cJSON *body, const struct buf *text, const struct outbox_way *way, char failure[OUTBOX_FAILURE],
			unsigned *wait_s)
{
	const char *by = json_string(body, "by");
	const struct policy_processor *to;
	int took = 1;

	snprintf(failure, OUTBOX_FAILURE, "undeclared-processor");
	for (size_t n = 0; (to = deliverer(vault_policy(v), n)) != NULL; n++) {
		if (by != NULL && strcmp(by, to->id) != 0)
			continue;
		took = way->deliver(way->run, to->id, KIND_BIT(KIND_OUTBOX) | document_kinds(body), json_string(body, "to"),
				    json_string(body, "subject"), json_string(body, "number"), buf_text(text), text->len, failure, wait_s);
		if (took <= 0)
			break;
		if (!not_taken(failure))
			return by != NULL || cJSON_AddStringToObject(body, "by", to->id) != NULL ? took : -1;
	}
	return took;
}

// One attempt, if it is due and the server is not *down: a server that did not answer is not waited for again in the same run. ERR_BUSY: somebody
// else has it.
static int mail_try(struct vault *v, const char *id, bool now, const struct outbox_way *way, struct outbox_sent *out, bool *down,
		    struct err *e)
{
	struct vault_record r = {0};
	BUF_AUTO_WIPE struct buf tried = BUF_INIT(OUTBOX_BODY_MAX), after = BUF_INIT(OUTBOX_BODY_MAX), filled = BUF_INIT(OUTBOX_BODY_MAX);
	JSON_AUTO cJSON *body = document_read(v, &mails, id, &r, e);
	char failure[OUTBOX_FAILURE] = "";
	int ret = -1;

	if (body == NULL)
		return -1;
	if (strcmp(r.state, sent) == 0) { // somebody was killed before it was told
		ret = sent_finish(v, id, body, e);
		goto cleanup;
	}
	const time_t until = json_time(body, "until");
	if (until != 0 && until <= when_now()) {
		ret = unsent_finish(v, id, body, "expired", "site", e);
		goto cleanup;
	}
	const bool gave_up = strcmp(r.state, failed) == 0;
	if (*down || (!now && (gave_up || json_time(body, "next") > when_now()))) {
		out->failed += gave_up;
		out->waiting += !gave_up;
		ret = 0;
		goto cleanup;
	}
	unsigned attempts = (unsigned)json_number(body, "attempts", 0) + 1;
	const char *const anew[] = {"attempts", "failure", "withheld"};
	for (size_t i = 0; i < ARRAY_LEN(anew); i++)
		cJSON_DeleteItemFromObjectCaseSensitive(body, anew[i]);
	const char *to = json_string(body, "to"), *subject = json_string(body, "subject"), *number = json_string(body, "number"),
		   *text = json_string(body, "text");
	if (cJSON_AddNumberToObject(body, "attempts", attempts) == NULL ||
	    !json_put_time(body, "next", when_now() + outbox_pause(attempts)) || to == NULL || subject == NULL || number == NULL ||
	    text == NULL || text_fill(&filled, body, text) != 0) {
		err_set(e, ERR_CORRUPT, "mail %s cannot be read", id);
		goto cleanup;
	}
	if (outbox_write(v, id, &r.body, waiting, body, &tried, e) != 0)
		goto cleanup;
	const int may = mail_mark(v, body, e);
	if (may < 0)
		goto cleanup;
	unsigned wait_s = 0;
	int took = may == 0 ? mail_withhold(v, id, body, failure) : mail_deliver(v, body, &filled, way, failure, &wait_s);
	if (took > 0 && json_time(body, "next") < when_now() + (time_t)wait_s)
		json_put_time(body, "next", when_now() + (time_t)wait_s);
	if (took == 0) {
		const char *const forgotten[] = {"to", "subject", "text", "kinds", "link", "code", "by"};
		for (size_t i = 0; i < ARRAY_LEN(forgotten); i++)
			cJSON_DeleteItemFromObjectCaseSensitive(body, forgotten[i]);
		ret = outbox_write(v, id, &tried, sent, body, &after, e) == 0 ? sent_finish(v, id, body, e) : -1;
		out->sent += ret == 0 && may != 0;
		goto cleanup;
	}
	*down = took > 0 && (strcmp(failure, "timeout") == 0 || strcmp(failure, "no-egress") == 0);
	const bool ends = took < 0 || when_now() >= r.made + OUTBOX_GIVE_UP;
	if (cJSON_AddStringToObject(body, "failure", failure) == NULL ||
	    outbox_write(v, id, &tried, ends ? failed : waiting, body, &after, e) != 0)
		goto cleanup;
	if (ends)
		marks_end(v, number_tag, number); // it took nobody's share
	if (ends && !gave_up)
		request_tell(v, id, body, EVENT_MAIL_FAILED, "site", failure);
	out->failed += ends;
	out->waiting += !ends;
	ret = 0;
cleanup:
	vault_record_free(&r);
	return ret;
}

static int id_note(void *ids, const struct vault_record *r)
{
	return !r->unreadable && r->body.len > 0 && buf_add(ids, r->id, sizeof r->id) != 0;
}

int outbox_send(struct vault *v, const char *id, bool now, const struct outbox_way *way, struct outbox_sent *out, struct err *e)
{
	BUF_AUTO struct buf ids = BUF_INIT(IDS_MAX * (RECORD_ID_LEN + 1)); // each with its NUL; the others in the next run
	bool down = false;
	int ret = 0;

	*out = (struct outbox_sent){0};
	if (id != NULL)
		buf_add(&ids, id, RECORD_ID_LEN + 1);
	else
		ret = vault_each(v, KIND_OUTBOX, NULL, id_note, &ids, e);
	for (size_t at = 0; at < ids.len && !vault_broken(v); at += RECORD_ID_LEN + 1) {
		struct err why = {0};
		if (mail_try(v, ids.data + at, now, way, out, &down, &why) == 0 || why.code == ERR_BUSY ||
		    (id == NULL && why.code == ERR_NOT_FOUND))
			continue;                                            // somebody else has sent it, or is about to
		ret = ret == 0 ? err_set(e, why.code, "%s", why.text) : ret; // the others are sent all the same
	}
	return ret;
}

struct outbox_walk {
	int (*each)(void *arg, const struct outbox_row *row);
	void *arg;
};

static int walk_mail(void *arg, const struct vault_record *r)
{
	const struct outbox_walk *w = arg;
	JSON_AUTO cJSON *body = r->unreadable ? NULL : json_parse(buf_text(&r->body), r->body.len, NULL);

	if (strcmp(r->state, sent) == 0 || (!r->unreadable && r->body.len == 0))
		return 0;
	const struct outbox_row row = {.id = r->id,
				       .to = json_string_or(body, "to", ""),
				       .subject = json_string_or(body, "subject", ""),
				       .text = json_string_or(body, "text", ""),
				       .what = json_string_or(body, "what", ""),
				       .request = json_string_or(body, "request", ""),
				       .failure = json_string_or(body, "failure", ""),
				       .state = r->unreadable                   ? RIGHTS_UNREADABLE
						: strcmp(r->state, failed) == 0 ? failed
										: waiting,
				       .made = r->made,
				       .next = json_time(body, "next"),
				       .attempts = (unsigned)json_number(body, "attempts", 0)};
	return w->each(w->arg, &row);
}

int outbox_each(struct vault *v, int (*each)(void *arg, const struct outbox_row *row), void *arg, struct err *e)
{
	struct outbox_walk w = {each, arg};

	return vault_each(v, KIND_OUTBOX, NULL, walk_mail, &w, e);
}

int outbox_drop(struct vault *v, const char *id, const char *by, struct err *e)
{
	struct vault_record r = {0};
	JSON_AUTO cJSON *body = document_read(v, &mails, id, &r, e);

	if (body == NULL)
		return -1;
	const int ret =
	    strcmp(r.state, sent) == 0 ? err_set(e, ERR_NOT_FOUND, "there is no such mail") : unsent_finish(v, id, body, "dropped", by, e);
	vault_record_free(&r);
	return ret;
}
