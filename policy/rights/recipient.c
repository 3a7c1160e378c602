// SPDX-License-Identifier: ISC
#include "policy/rights/recipient.h"
#include "policy/base/array.h"
#include "policy/publish/words/words.h"
#include "policy/rights/event.h"
#include "policy/rights/outbox.h"
#include "policy/rights/reach.h"
#include "policy/rights/request.h"
#include <stdio.h>
#include <string.h>

enum { NOTICE_MAX = 32 * 1024 };

static const char *const about_names[ABOUT_COUNT] = {"erasure", "rectification", "restriction", "lifting"};

struct recipients_telling {
	enum recipient_about about;
	const char *by;
	const cJSON *recipients;
	cJSON *known; // of the request after the edit
};

static int recipients_write(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	struct recipients_telling *x = arg;
	JSON_AUTO cJSON *before = rights_recipients(body);
	const cJSON *row;
	bool ok = before != NULL;

	cJSON_ArrayForEach(row, x->recipients)
	{
		const char *id = json_string(row, "id"), *until = json_string(row, "expires_by"), *sent = json_string(row, "sent_at");
		BUF_AUTO struct buf reason = BUF_INIT(4096);
		if (x->about == ABOUT_ERASURE && rights_recipient(before, id, about_names[x->about]) != NULL)
			continue; // it is run again
		buf_printf(&reason, "%s: %.10s", json_string(row, "name"), until != NULL ? until : "–");
		ok = json_put(rights_event_add(body, EVENT_RECIPIENT, facts->clock.now, x->by),
			      JSON_MEMBERS(MEMBER_TEXT("reason", buf_text(&reason)), MEMBER_TEXT("recipient", id),
					   MEMBER_TEXT("name", json_string(row, "name")), MEMBER_TEXT("about", about_names[x->about]),
					   MEMBER_TEXT("sent_at", sent), MEMBER_TEXT("expires_by", until),
					   MEMBER_TEXT("deletion", json_string(row, "deletion")),
					   MEMBER_TEXT("deleted_at", json_string(row, "deleted_at")),
					   MEMBER_FLAG("possible", cJSON_IsTrue(json_get(row, "possible"))))) &&
		     ok;
	}
	cJSON_Delete(x->known);
	x->known = rights_recipients(body);
	return ok && x->known != NULL ? 0 : err_set(e, ERR_MEMORY, "no memory to tell who got data");
}

// In English where the policy has it, for whoever reads it is seldom where the site is; else in its first language.
static int notice_queue(struct vault *v, const struct policy_processor *to, const char *request, enum recipient_about about,
			const cJSON *row, struct err *e)
{
	const struct policy *p = policy_language(vault_policy(v), "en");
	BUF_AUTO struct buf subject = BUF_INIT(1024), text = BUF_INIT(NOTICE_MAX);
	const char *until = json_string(row, "expires_by");
	char key[40], id[RECORD_ID_LEN + 1];
	const cJSON *transfer, *kind;

	p = p != NULL ? p : vault_policy(v);
	const char *number = request != NULL ? request : word(p, "letter.recipient.no_number");
	const struct word_value *values = WORD_VALUES({"number", number}, {"name", to->name}, {"service", to->service},
						      {"controller", p->controller.name != NULL ? p->controller.name : p->shown_as},
						      {"contact", p->contact}, {"until", until != NULL ? until : "–"});
	word_fill(&subject, NULL, word(p, "letter.recipient.subject"), values);
	word_fill(&text, NULL, word(p, "letter.recipient.begin"), values);
	buf_adds(&text, "\n\n");
	cJSON_ArrayForEach(transfer, json_get(row, "transfers"))
	{
		const char *at = json_string(transfer, "at");
		buf_printf(&text, "  %s ", at != NULL ? at : "–");
		cJSON_ArrayForEach(kind, json_get(transfer, "kinds"))
		{
			buf_printf(&text, " %s", cJSON_IsString(kind) ? kind->valuestring : "");
		}
		buf_addc(&text, '\n');
	}
	snprintf(key, sizeof key, "letter.recipient.%s", about_names[about]);
	buf_addc(&text, '\n');
	word_fill(&text, NULL, word(p, key), values);
	if (until != NULL) {
		buf_adds(&text, "\n\n");
		word_fill(&text, NULL, word(p, "letter.recipient.until"), values);
	}
	buf_adds(&text, "\n\n");
	word_fill(&text, NULL, word(p, "letter.recipient.end"), values);
	buf_addc(&text, '\n');
	if (subject.failed || text.failed)
		return err_set(e, ERR_MEMORY, "no memory for the notice");
	const struct outbox_new mail = {.to = to->privacy_mail,
					.subject = buf_text(&subject),
					.text = buf_text(&text),
					.what = "notice",
					.request = request,
					.recipient = to->id,
					.about = about_names[about],
					.kinds = KIND_BIT(KIND_RIGHTS_REQUEST)};
	return outbox_add(v, &mail, id, e);
}

// What was done already is not done again.
static int recipients_tell_rest(struct vault *v, const char *request, struct recipients_telling *x, cJSON *recipients, struct err *e)
{
	const struct policy *p = vault_policy(v);
	const char *about = about_names[x->about];
	const bool mail = outbox_processor(p) != NULL;
	char now[WHEN_TEXT];
	cJSON *row;

	when_text(now, when_now());
	if (request != NULL && recipients != NULL && recipients->child != NULL && x->known == NULL &&
	    rights_edit(v, request, recipients_write, x, "request-event", &(struct rights_act){.event = EVENT_RECIPIENT, .by = x->by}, e) !=
		0)
		return -1;
	cJSON_ArrayForEach(row, recipients)
	{
		const char *id = json_string(row, "id"), *until = json_string(row, "expires_by");
		const struct policy_processor *to = policy_processor(p, id);
		const char *notified = json_string(rights_recipient(x->known, id, about), "notice_at");
		// Both are UTC in the same form.
		const bool due = mail && to != NULL && to->privacy_mail != NULL && (until == NULL || strcmp(until, now) > 0);
		if (json_get(row, "notified_at") != NULL)
			continue;
		if (due && notified == NULL) {
			if (notice_queue(v, to, request, x->about, row, e) != 0)
				return -1;
			notified = now;
		}
		if (!cJSON_AddItemToObject(row, "notified_at", notified != NULL ? cJSON_CreateString(notified) : cJSON_CreateNull()))
			return err_set(e, ERR_MEMORY, "no memory to tell who got data");
	}
	return 0;
}

int recipients_tell(struct vault *v, const char *request, enum recipient_about about, cJSON *recipients, const char *by, struct err *e)
{
	struct recipients_telling x = {.about = about, .by = by, .recipients = recipients};
	struct err why = {0};
	cJSON *row;

	cJSON_ArrayForEach(row, recipients)
	{
		cJSON_DeleteItemFromObjectCaseSensitive(row, "notified_at");
	}
	int ret = recipients_tell_rest(v, request, &x, recipients, &why);
	if (ret != 0 && why.code == ERR_FULL) { // an erasure must not fail by that
		why = (struct err){0};
		vault_space_reserve(v, false);
		ret = recipients_tell_rest(v, request, &x, recipients, &why);
		vault_space_reserve(v, true);
	}
	cJSON_Delete(x.known);
	reach_forget_transfers(recipients);
	return ret == 0 ? 0 : err_set(e, why.code, "%s", why.text);
}

struct acknowledging {
	const char *recipient, *sha256, *by;
};

static int acknowledgement_write(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	const struct acknowledging *x = arg;
	JSON_AUTO cJSON *list = rights_recipients(body);
	const cJSON *row = list != NULL ? rights_recipient(list, x->recipient, NULL) : NULL;

	if (row == NULL)
		return err_set(e, ERR_NOT_FOUND, "the request has no such recipient: %.64s", x->recipient);
	return json_put_texts(rights_event_add(body, EVENT_NOTICE_ACKNOWLEDGED, facts->clock.now, x->by),
			      JSON_TEXTS({"recipient", x->recipient}, {"about", json_string(row, "about")},
					 {"reason", json_string(row, "name")}, {"ack_sha256", x->sha256}))
		   ? 0
		   : err_set(e, ERR_MEMORY, "no memory");
}

int recipients_acknowledge(struct vault *v, const char *request, const char *recipient, const char *sha256, const char *by, struct err *e)
{
	struct acknowledging x = {recipient, sha256, by};

	return rights_edit(v, request, acknowledgement_write, &x, "request-event",
			   &(struct rights_act){.event = EVENT_NOTICE_ACKNOWLEDGED, .by = by}, e);
}
