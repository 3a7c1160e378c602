// SPDX-License-Identifier: ISC
#include "policy/rights/request.h"
#include "policy/base/array.h"
#include "policy/base/limits.h"
#include "policy/rights/certificate.h"
#include "policy/rights/clock.h"
#include <stdio.h>
#include <string.h>

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

int rights_store(struct vault *v, const struct rights_new *request, struct rights_receipt *out, struct err *e)
{
	int id = policy_word_value(&policy_right_words, request->right, strlen(request->right));
	const struct policy_right *right = id >= 0 ? policy_right(vault_policy(v), (enum policy_right_id)id) : NULL;
	const char *signal = right != NULL && request->signal ? policy_word(&policy_signal_words, right->signal) : NULL;
	const struct {
		const char *name, *value;
	} texts[] = {
	    {"right", request->right},     {"contact", request->contact}, {"receipt", request->receipt},
	    {"archive", request->archive}, {"message", request->message}, {"signal", signal},
	};
	char date[WHEN_DATE], details[256];
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(RIGHTS_REQUEST_MAX);
	JSON_AUTO cJSON *body = cJSON_CreateObject();

	if (right == NULL)
		return refuse_right(vault_policy(v), e);
	token_new(out->secret);
	out->due = clock_due(vault_policy(v), right, when_now());
	out->signal = signal;
	// As the policy asks for it: nothing, or a receipt. What it may ask for besides does not start yet.
	bool verified =
	    right->verify == VERIFY_NONE || (right->verify == VERIFY_RECEIPT && (request->receipt != NULL || request->archive != NULL));
	bool ok =
	    cJSON_AddNumberToObject(body, "due", (double)out->due) != NULL && cJSON_AddBoolToObject(body, "verified", verified) != NULL;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		ok = ok && (texts[i].value == NULL || cJSON_AddStringToObject(body, texts[i].name, texts[i].value) != NULL);
	if (!ok || json_print(&bytes, body) != 0)
		return err_set(e, ERR_MEMORY, "the request is too large to be stored");
	when_date(date, out->due);
	snprintf(details, sizeof details, "{\"right\":\"%s\",\"due\":\"%s\"%s}", request->right, date,
		 signal != NULL ? ",\"signal\":\"gpc\"" : "");
	const struct vault_tag tags[] = {{"secret", out->secret}, {NULL, NULL}};
	const struct vault_new record = {
	    .kind = KIND_RIGHTS_REQUEST, .subject = out->secret, .tags = tags, .body = bytes.data, .body_len = bytes.len};
	const struct ledger_event event = {.name = "request", .details = details};
	return vault_put(v, &record, &event, out->id, e);
}

cJSON *rights_body(const struct vault_record *record, struct err *e)
{
	cJSON *body = json_parse(buf_text(&record->body), record->body.len, e);

	if (body == NULL || json_string(body, "right") == NULL) {
		cJSON_Delete(body);
		err_set(e, ERR_CORRUPT, "request %s cannot be read", record->id);
		return NULL;
	}
	return body;
}

int rights_get(struct vault *v, const char *id, struct vault_record *out, struct err *e)
{
	struct err why = {0};

	if (vault_get(v, id, out, &why) == 0) {
		if (out->kind == KIND_RIGHTS_REQUEST)
			return 0;
		vault_record_free(out);
	} else if (why.code != ERR_NOT_FOUND) {
		return err_set(e, why.code, "%s", why.text);
	}
	return err_set(e, ERR_NOT_FOUND, "there is no such request");
}

// The vault names a new record's state itself; whatever that is, the request is open.
const char *rights_state(const struct vault_record *record)
{
	static const char *const ours[] = {STATE_PARTIAL, STATE_FULFILLED};

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strcmp(record->state, ours[i]) == 0)
			return ours[i];
	return STATE_OPEN;
}

bool rights_late(const char *state, time_t due, time_t now)
{
	return strcmp(state, STATE_FULFILLED) != 0 && now > due;
}

static bool add_when(cJSON *object, const char *name, time_t t)
{
	char text[WHEN_TEXT];

	when_text(text, t);
	return cJSON_AddStringToObject(object, name, text) != NULL;
}

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

static int show(struct vault *v, const struct vault_record *record, bool officer, bool personal, struct buf *json, struct err *e)
{
	static const char *const public_members[] = {"signal", "answered", "certificate", NULL};
	static const char *const personal_members[] = {"contact", "message", NULL};
	JSON_AUTO cJSON *body = rights_body(record, e);
	JSON_AUTO cJSON *shown = cJSON_CreateObject();

	if (body == NULL)
		return -1;
	time_t due = (time_t)json_number(body, "due", 0);
	bool late = rights_late(rights_state(record), due, when_now());
	bool ok = cJSON_AddStringToObject(shown, "id", record->id) != NULL &&
		  cJSON_AddStringToObject(shown, "right", json_string(body, "right")) != NULL &&
		  cJSON_AddStringToObject(shown, "state", rights_state(record)) != NULL && add_when(shown, "received", record->made) &&
		  add_when(shown, "due", due) && cJSON_AddBoolToObject(shown, "late", late) != NULL &&
		  add_members(shown, body, public_members);
	if (officer)
		ok = ok && cJSON_AddBoolToObject(shown, "verified", cJSON_IsTrue(json_get(body, "verified"))) != NULL &&
		     cJSON_AddBoolToObject(shown, "names_receipt",
					   json_get(body, "receipt") != NULL || json_get(body, "archive") != NULL) != NULL &&
		     cJSON_AddBoolToObject(shown, "has_contact", json_get(body, "contact") != NULL) != NULL &&
		     cJSON_AddBoolToObject(shown, "has_message", json_get(body, "message") != NULL) != NULL;
	if (personal)
		ok = ok && add_members(shown, body, personal_members);
	cJSON *certificate = cJSON_GetObjectItemCaseSensitive(shown, "certificate");
	if (certificate != NULL && certificate_prove(v, certificate, e) != 0)
		return -1;
	if (!ok || json_print(json, shown) != 0)
		return err_set(e, ERR_MEMORY, "no memory to show the request");
	return 0;
}

int rights_show(struct vault *v, const char *id, const char *secret, struct buf *json, struct err *e)
{
	struct vault_record record = {0};
	struct err why = {0};

	// The look-up goes by the secret's keyed hash, so a wrong id and a wrong secret take the same way out.
	bool found = vault_find(v, KIND_RIGHTS_REQUEST, "secret", secret, &record, &why) == 0;
	if (!found && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	int ret = found && strlen(id) == RECORD_ID_LEN && equal_secret(id, record.id, RECORD_ID_LEN)
		      ? show(v, &record, false, false, json, e)
		      : err_set(e, ERR_NOT_FOUND, "there is no such request");
	vault_record_free(&record);
	return ret;
}

int rights_show_officer(struct vault *v, const char *id, bool personal, struct buf *json, struct err *e)
{
	struct vault_record record = {0};

	if (rights_get(v, id, &record, e) != 0)
		return -1;
	int ret = show(v, &record, true, personal, json, e);
	vault_record_free(&record);
	return ret;
}

struct walk {
	int (*each)(void *, const char *id, const char *right, const char *state, time_t received, time_t due);
	void *arg;
	struct err *e;
	bool failed;
};

static int walk_one(void *arg, const struct vault_record *record)
{
	struct walk *w = arg;
	if (record->unreadable)
		return w->each(w->arg, record->id, "", RIGHTS_UNREADABLE, record->made, 0);
	JSON_AUTO cJSON *body = rights_body(record, w->e);

	if (body == NULL) {
		w->failed = true;
		return 1;
	}
	return w->each(w->arg, record->id, json_string(body, "right"), rights_state(record), record->made,
		       (time_t)json_number(body, "due", 0));
}

int rights_each(struct vault *v, int (*each)(void *, const char *id, const char *right, const char *state, time_t received, time_t due),
		void *arg, struct err *e)
{
	struct walk w = {.each = each, .arg = arg, .e = e};

	if (vault_each(v, KIND_RIGHTS_REQUEST, NULL, walk_one, &w, e) != 0 || w.failed)
		return -1;
	return 0;
}
