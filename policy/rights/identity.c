// SPDX-License-Identifier: ISC
#include "policy/rights/identity.h"
#include "policy/base/base64.h"
#include "policy/base/mail_address.h"
#include "policy/publish/render/address.h"
#include "policy/publish/words/words.h"
#include "policy/rights/letter.h"
#include "policy/rights/outbox.h"
#include "policy/rights/person.h"
#include "policy/vault/key.h"
#include <stdio.h>
#include <string.h>

enum { SECRET_LEN = 16, TOKEN_SEAL_LEN = 4 /* its last bytes */, ID_BYTES = RECORD_ID_LEN / 2, HASH_TEXT = 2 * HASH_LEN + 1 };
static const char code_member[] = "code";

// Each code of each request is hashed for itself: what shows the one shows nothing of another.
static void code_hash(struct vault *v, const char *id, const char *right, const char *code, char out[HASH_TEXT])
{
	BUF_AUTO_WIPE struct buf text = BUF_INIT(1024);
	uint8_t hash[HASH_LEN];

	buf_printf(&text, "%s %s %s %s", code_member, id, right, code);
	key_lookup_hash(v, hash, "identity", buf_text(&text));
	hex_encode(out, hash, sizeof hash);
	wipe(hash, sizeof hash);
}

// Over all that stands before it: what was guessed is refused before anything is looked for, and so tells nothing of what there is.
static void token_seal(struct vault *v, const void *token, uint8_t out[TOKEN_SEAL_LEN])
{
	char text[2 * (ID_BYTES + SECRET_LEN) + 1];
	uint8_t hash[HASH_LEN];

	hex_encode(text, token, ID_BYTES + SECRET_LEN - TOKEN_SEAL_LEN);
	key_lookup_hash(v, hash, "identity token", text);
	memcpy(out, hash, TOKEN_SEAL_LEN);
	wipe(text, sizeof text);
}

// The id of a token. Whatever it is, as much is computed.
static bool token_open(struct vault *v, const char *token, char id[RECORD_ID_LEN + 1])
{
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(64);
	char padded[TOKEN_LEN + 2] = "";

	if (!token_shaped(token))
		return false;
	for (size_t i = 0; i < TOKEN_LEN; i++)
		padded[i] = token[i] == '-' ? '+' : token[i] == '_' ? '/' : token[i];
	padded[TOKEN_LEN] = '=';
	bool whole = base64_decode(&bytes, padded, TOKEN_LEN + 1) == 0 && bytes.len == ID_BYTES + SECRET_LEN;
	uint8_t expected[TOKEN_SEAL_LEN];
	if (whole)
		token_seal(v, bytes.data, expected);
	whole = whole && equal_secret(expected, bytes.data + ID_BYTES + SECRET_LEN - TOKEN_SEAL_LEN, TOKEN_SEAL_LEN);
	if (whole)
		hex_encode(id, bytes.data, ID_BYTES);
	wipe(padded, sizeof padded);
	return whole;
}

// ---- asking ----

// The code that counts: that of the newest mail that went. NULL: none did.
static const cJSON *identity_sent(const cJSON *body)
{
	const cJSON *identity = json_get(body, "identity"), *event;
	const char *waited = json_string(identity, "mail");

	cJSON_ArrayForEach(event, json_get(body, "events"))
	{
		const char *mail = json_string(event, "mail");
		if (waited != NULL && mail != NULL && rights_event_read(event) == EVENT_MAIL_SENT && strcmp(mail, waited) == 0 &&
		    json_get(event, "withheld") == NULL)
			return identity;
	}
	return json_get(identity, "before");
}

struct identity_asking {
	struct vault *v;
	const char *id, *code, *mail;
	time_t until;
	struct rights_act act;
};

static int identity_ask(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	const struct identity_asking *x = arg;
	const char *right = json_string(body, "right");
	char code[HASH_TEXT];

	if (rights_event_check(facts, x->act.event, right, NULL, x->act.reason, NULL, e) != 0)
		return -1;
	code_hash(x->v, x->id, right, x->code, code);
	cJSON *before = cJSON_Duplicate(identity_sent(body), true);
	cJSON_DeleteItemFromObjectCaseSensitive(before, "before");
	cJSON_DeleteItemFromObjectCaseSensitive(body, "identity");
	cJSON *identity = cJSON_AddObjectToObject(body, "identity");
	const bool ok = (before == NULL || cJSON_AddItemToObject(identity, "before", before)) &&
			json_put(identity, JSON_MEMBERS(MEMBER_TEXT(code_member, code), MEMBER_TIME("until", x->until),
							MEMBER_TEXT("mail", x->mail), MEMBER_NUMBER("tries", 0))) &&
			json_put_texts(rights_event_add(body, x->act.event, facts->clock.now, x->act.by),
				       JSON_TEXTS({"reason", x->act.reason}, {"how", IDENTITY_BY_MAIL}));
	return ok ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

// Each of the million codes is as likely as the others.
static void code_new(char out[IDENTITY_CODE_LEN + 1])
{
	enum { CODES = 1000000 };
	uint32_t number;

	do
		random_bytes(&number, sizeof number);
	while (number >= UINT32_MAX / CODES * CODES);
	snprintf(out, IDENTITY_CODE_LEN + 1, "%06u", (unsigned)(number % CODES));
}

int identity_mail(struct vault *v, const struct policy *p, const char *id, const char *by, const char *reason, char mail[RECORD_ID_LEN + 1],
		  struct err *e)
{
	static const struct letter_row confirm = {OUTBOX_CONFIRM, NULL, false, 4};
	BUF_AUTO_WIPE struct buf text = BUF_INIT(LETTER_MAX), subject = BUF_INIT(1024), link = BUF_INIT(4096);
	char to[MAIL_ADDRESS_SIZE], code[IDENTITY_CODE_LEN + 1];
	unsigned char token[ID_BYTES + SECRET_LEN];
	const time_t ends = when_now() + IDENTITY_LIFE;

	JSON_AUTO cJSON *request = rights_show_officer(v, id, true, e);
	if (request == NULL)
		return -1;
	const char *contact = json_string(request, "contact"), *state = json_string(request, "state");
	p = p != NULL ? p : letter_language(vault_policy(v), NULL, request);
	if (contact == NULL || mail_address_read(to, contact, NULL) != 0)
		return err_set(e, ERR_REFUSED, "the person gave no mail address");
	if (state == NULL || (rights_events[EVENT_IDENTITY_ASKED].from & STATE_BIT(rights_state_read(state))) == 0)
		return err_set(e, ERR_REFUSED, "it is %s: that cannot happen to it now", state != NULL ? state : "unreadable");
	if (cJSON_IsTrue(json_get(request, "verified")))
		return err_set(e, ERR_REFUSED, "who made it has shown already what the policy asks for");
	if (hex_decode(token, ID_BYTES, id) != 0)
		return err_set(e, ERR_NOT_FOUND, "there is no such request");
	random_bytes(token + ID_BYTES, SECRET_LEN - TOKEN_SEAL_LEN);
	token_seal(v, token, token + sizeof token - TOKEN_SEAL_LEN);
	code_new(code);
	address_site(p, &link);
	buf_adds(&link, "/rights/confirm/");
	base64_url_add(&link, token, sizeof token);
	wipe(token, sizeof token);
	letter_write(&text, p, &confirm, request, NULL);
	letter_subject(&subject, p, request);
	const struct outbox_new one = {.to = to,
				       .subject = buf_text(&subject),
				       .text = buf_text(&text),
				       .what = OUTBOX_CONFIRM,
				       .request = id,
				       .kinds = KIND_BIT(KIND_RIGHTS_REQUEST),
				       .link = buf_text(&link),
				       .code = code,
				       .until = ends,
				       .limited = strcmp(by, "site") == 0};
	struct identity_asking asking = {
	    .v = v,
	    .id = id,
	    .code = code,
	    .until = ends,
	    .mail = mail,
	    .act = {.event = EVENT_IDENTITY_ASKED, .by = by, .reason = reason != NULL ? reason : word(p, "page.confirm.asked")}};
	// The clock stands still only where a mail was written. One whose secrets came to nothing is not sent.
	int ret = text.failed || link.failed ? err_set(e, ERR_MEMORY, "no memory for the mail") : outbox_add(v, &one, mail, e);
	if (ret == 0 && rights_edit(v, id, identity_ask, &asking, "request-event", &asking.act, e) != 0) {
		(void)outbox_drop(v, mail, "site", NULL);
		ret = -1;
	}
	wipe(code, sizeof code);
	return ret;
}

// ---- showing ----

// Whether the code is the one that was sent, and is tried no more often than it may be. What is damaged is none.
static bool code_matches(struct vault *v, const cJSON *body, const char *id, const char *code, time_t now)
{
	const cJSON *identity = identity_sent(body);
	const char *is = json_string(identity, code_member);
	char hash[HASH_TEXT];

	code_hash(v, id, json_string(body, "right"), code, hash);
	const bool same = is != NULL && strlen(is) == sizeof hash - 1 && equal_secret(hash, is, sizeof hash - 1);
	return now < json_time(identity, "until") && json_number(identity, "tries", IDENTITY_TRIES) < IDENTITY_TRIES && same;
}

// Of the newest mail, which is shown, and of the one that went before it.
static bool try_count(cJSON *identity)
{
	bool ok = true;

	for (; identity != NULL && ok; identity = cJSON_GetObjectItemCaseSensitive(identity, "before"))
		ok = cJSON_ReplaceItemInObjectCaseSensitive(identity, "tries", cJSON_CreateNumber(json_number(identity, "tries", 0) + 1));
	return ok;
}

struct identity_proof {
	struct vault *v;
	const char *id;
	const char *token, *code; // one of them
	char *owner;              // the new secret of who has the link; NULL: by the code, which who has the secret typed
	bool other;               // it is not the request of the mail with the link
	bool shown;
	struct rights_act act; // what came of it
	char contact[PERSON_VALUE_MAX];
};

static int identity_show(void *arg, cJSON *body, const struct rights_facts *facts, struct err *e)
{
	struct identity_proof *x = arg;
	cJSON *identity = cJSON_GetObjectItemCaseSensitive(body, "identity");
	const struct policy_right *right = policy_right_named(vault_policy(x->v), json_string(body, "right"));
	const char *contact = json_string(body, "contact");
	int went = 0;

	snprintf(x->contact, sizeof x->contact, "%s", contact != NULL ? contact : "");
	if (x->token != NULL && (contact == NULL || (went = outbox_link_went(x->v, x->token, contact, e)) < 0))
		return went < 0 ? -1 : err_set(e, ERR_NOT_FOUND, "no mail went out for it");
	// Only an officer asks by mail who somebody is where the policy asks for more than a mail; and what is joined is answered with another one.
	if (x->other && (right == NULL || right->verify > VERIFY_MAIL || right->verify == VERIFY_ACCOUNT || facts->joined_to != NULL))
		return err_set(e, ERR_NOT_FOUND, "a mail shows nothing for it");
	x->shown = x->token != NULL ? went > 0 : code_matches(x->v, body, x->id, x->code, facts->clock.now) && facts->code_until != 0;
	if (!x->shown && (x->token != NULL || facts->code_until == 0))
		return err_set(e, ERR_NOT_FOUND, "nothing that was sent is waited for");
	x->act.event = x->shown ? EVENT_IDENTITY_GIVEN : EVENT_IDENTITY_FAILED;
	x->act.owner = x->shown ? x->owner : NULL;
	const char *const by = x->token != NULL ? IDENTITY_BY_LINK : code_member;
	if (rights_event_check(facts, x->act.event, json_string(body, "right"), NULL, by, NULL, e) != 0)
		return -1;
	// Who presses twice, or loses the page, is given another secret, in place of the one before. The code is used, and ends with what it was for: rights_edit().
	const bool again = x->token != NULL && facts->verified && facts->contact_proven && json_get(body, "owner") != NULL;
	const bool ok = again || json_put_texts(rights_event_add(body, x->act.event, facts->clock.now, x->act.by),
						JSON_TEXTS({"how", IDENTITY_BY_MAIL}, {"reason", by}));
	return ok && (x->shown || try_count(identity)) ? 0 : err_set(e, ERR_MEMORY, "no memory");
}

static int identity_try(struct identity_proof *proof, struct err *e)
{
	struct err why = {0};
	const bool shown = rights_edit(proof->v, proof->id, identity_show, proof, "request-event", &proof->act, &why) == 0 && proof->shown;

	if (shown)
		outbox_link_used(proof->v, proof->contact);
	wipe(proof->contact, sizeof proof->contact);
	const bool fails = why.code != ERR_NONE && why.code != ERR_NOT_FOUND && why.code != ERR_REFUSED;
	return shown ? 0 : err_set(e, fails ? why.code : ERR_NOT_FOUND, "%s", why.text);
}

int identity_link_find(struct vault *v, const char *token, struct identity_request *out, struct err *e)
{
	struct rights_facts facts;
	struct err why = {.code = ERR_NOT_FOUND};

	*out = (struct identity_request){0};
	const int went = token_open(v, token, out->id) ? outbox_link_went(v, token, NULL, &why) : 0;
	if (went <= 0)
		return err_set(e, went < 0 ? why.code : ERR_NOT_FOUND, "there is no such request");
	JSON_AUTO cJSON *body = rights_read(v, out->id, &facts, &why);
	const char *contact = json_string(body, "contact");
	if (body == NULL && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	if (contact == NULL || (rights_events[EVENT_IDENTITY_GIVEN].from & STATE_BIT(facts.state)) == 0 ||
	    outbox_link_went(v, token, contact, NULL) <= 0)
		return 0;
	snprintf(out->right, sizeof out->right, "%s", json_string(body, "right"));
	out->received = facts.clock.received;
	return 0;
}

int identity_confirm_link(struct vault *v, const char *token, const char *number, char id[RECORD_ID_LEN + 1], char owner[TOKEN_LEN + 1],
			  struct err *e)
{
	struct identity_proof proof = {.v = v, .id = id, .token = token, .owner = owner, .act = {.by = "person"}};

	*id = '\0';
	token_new(owner);
	if (!token_open(v, token, id))
		return err_set(e, ERR_NOT_FOUND, "there is no such request");
	proof.other = number != NULL && strcmp(number, id) != 0;
	if (number != NULL)
		snprintf(id, RECORD_ID_LEN + 1, "%s", number);
	return identity_try(&proof, e);
}

int identity_confirm_code(struct vault *v, const char *id, const char *code, struct err *e)
{
	char digits[IDENTITY_CODE_LEN + 1] = "";
	struct err why = {0};
	size_t count = 0;

	// As people type it: "123 456".
	for (; *code != '\0' && count < IDENTITY_CODE_LEN; code++)
		if (*code >= '0' && *code <= '9')
			digits[count++] = *code;
		else if (strchr(" -\t\r\n", *code) == NULL)
			break;
	code += strspn(code, " \t\r\n");
	if (count != IDENTITY_CODE_LEN || *code != '\0')
		return err_set(e, ERR_INPUT, "that is no code");
	struct identity_proof proof = {.v = v, .id = id, .code = digits, .act = {.by = "person"}};
	int ret = identity_try(&proof, &why);
	wipe(digits, sizeof digits);
	return ret == 0 ? 0 : err_set(e, why.code == ERR_NOT_FOUND ? ERR_INPUT : why.code, "the code does not hold");
}
