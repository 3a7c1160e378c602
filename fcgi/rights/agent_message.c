// SPDX-License-Identifier: ISC
#include "fcgi/rights/agent_message.h"
#include "fcgi/rights/contact.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/vault/seal.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SIGNATURE_LEN = 64,
	SENDER_TEXT_MAX = 4000,
	IDENTITIES_MAX = 8,
	YEAR_SECONDS = 366 * 86400,
	SKEW_SECONDS = 300,
	AGENT_MESSAGE_SECONDS = 86400
};

void agent_message_free(struct agent_message *m)
{
	cJSON_Delete(m->claims);
	buf_wipe(&m->text);
	*m = (struct agent_message){0};
}

static int message_fault(struct agent_message *m, int status, bool fatal, const char *fault)
{
	m->status = status;
	m->fatal = fatal;
	m->fault = fault;
	return -1;
}

// Whether the text begins with this: "d" is a digit, "x" a hexadecimal one, "v" one of a UUID's variant, "t" what stands before the time of a day, "s" a sign, and
// everything else itself.
static bool has_shape(const char *text, const char *shape)
{
	for (; *shape != '\0'; shape++, text++) {
		const char *among = *shape == 'd'   ? "0123456789"
				    : *shape == 'x' ? "0123456789abcdef"
				    : *shape == 'v' ? "89ab"
				    : *shape == 't' ? "T "
				    : *shape == 's' ? "+-"
						    : (char[]){*shape, '\0'};
		if (*text == '\0' || strchr(among, *text) == NULL)
			return false;
	}
	return true;
}

int agent_message_time(time_t *out, const char *text)
{
	char utc[WHEN_TEXT];
	time_t t;

	if (!has_shape(text, "dddd-dd-ddtdd:dd:dd") || strncmp(text, "1970", 4) < 0)
		return -1;
	snprintf(utc, sizeof utc, "%.10sT%.8sZ", text, text + 11);
	const char *at = text + sizeof utc - 2;
	if (*at == '.' || *at == ',') {
		const size_t fraction = strspn(at + 1, "0123456789");
		if (fraction == 0)
			return -1;
		at += 1 + fraction;
	}
	const bool zone = has_shape(at, "sdddd"), colon = has_shape(at, "sdd:dd");
	const long digits = zone || colon ? strtol(at + 1, NULL, 10) : 0; // HHMM, or HH
	const long hours = colon ? digits : digits / 100, minutes = colon ? strtol(at + 4, NULL, 10) : digits % 100;
	if (when_parse(&t, utc) != 0 || hours > 23 || minutes > 59 || strcmp(at + (colon ? 6 : zone ? 5 : *at == 'Z'), "") != 0)
		return -1;
	*out = t - (*at == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return 0;
}

// ---- the Data Rights Protocol ----

static bool signature_holds(const cJSON *agent, const uint8_t *signature, const uint8_t *bytes, size_t len)
{
	uint8_t key[AGENT_KEY_LEN];
	const char *text = json_string(agent, "verify_key");

	if (text == NULL || agent_key_read(key, text) != 0)
		return false;
	EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, sizeof key);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool holds = public != NULL && c != NULL && EVP_DigestVerifyInit(c, NULL, NULL, NULL, public) == 1 &&
		     EVP_DigestVerify(c, signature, SIGNATURE_LEN, bytes, len) == 1;
	EVP_MD_CTX_free(c);
	EVP_PKEY_free(public);
	return holds;
}

// Whether the member says what it must; where it need not be there, its absence is as good.
static bool claim_is(const cJSON *claims, const char *name, const char *must, bool needed)
{
	const cJSON *claim = json_get(claims, name);

	return claim == NULL ? !needed : cJSON_IsString(claim) && strcmp(claim->valuestring, must) == 0;
}

int agent_message_signed(struct agent_message *m, const char *body, size_t len, const cJSON *agent, const char *business, time_t now,
			 bool timed)
{
	BUF_AUTO_WIPE struct buf bytes = BUF_INIT(AGENT_MESSAGE_MAX);
	uint8_t hash[HASH_LEN];
	time_t issued = 0, expires = now + 1;
	struct err e = {0};

	*m = (struct agent_message){.text = BUF_INIT(SENDER_TEXT_MAX)};
	while (len > 0 && strchr(" \t\r\n", body[len - 1]) != NULL)
		len--;
	if (base64_decode(&bytes, body, len) != 0 || bytes.len <= SIGNATURE_LEN)
		return message_fault(m, 400, true, "The body is not base64 of a signature and a message.");
	const uint8_t *signature = (const uint8_t *)bytes.data, *text = signature + SIGNATURE_LEN;
	const size_t text_len = bytes.len - SIGNATURE_LEN;
	if (!signature_holds(agent, signature, text, text_len))
		return message_fault(m, 403, true, "The signature is not of the key that belongs to the token.");
	m->claims = json_parse((const char *)text, text_len, &e);
	if (!cJSON_IsObject(m->claims))
		return message_fault(m, 400, true, "The signed message is not a JSON object.");
	if (!claim_is(m->claims, "agent-id", json_string(agent, "id"), timed))
		return message_fault(m, 403, true, "agent-id is not the agent that the token belongs to.");
	if (!claim_is(m->claims, "business-id", business, timed))
		return message_fault(m, 403, true, "business-id is not this business.");
	const char *from = json_string(m->claims, "issued-at"), *until = json_string(m->claims, "expires-at");
	if ((timed && (from == NULL || until == NULL)) || (from != NULL && agent_message_time(&issued, from) != 0) ||
	    (until != NULL && agent_message_time(&expires, until) != 0))
		return message_fault(m, 400, true, "issued-at and expires-at are needed, as ISO 8601 times.");
	if (now < issued)
		return message_fault(m, 400, false, "issued-at is not reached yet: check the clock.");
	if (now >= expires)
		return message_fault(m, 400, true, "expires-at is over.");
	if (from != NULL && until != NULL && expires - issued > AGENT_MESSAGE_SECONDS)
		return message_fault(m, 400, true, "expires-at is more than a day after issued-at.");
	if (!claim_is(m->claims, "drp.version", "1.0", timed))
		return message_fault(m, 400, true, "drp.version must be 1.0.");
	plain_hash(hash, &(struct bytes){text, text_len}, 1);
	hex_encode(m->once, hash, sizeof hash);
	return 0;
}

const char *agent_message_right(const struct policy *p, const char *protocol, const char *word)
{
	static const struct {
		const char *protocol, *word;
		enum policy_right_id ids[2];
	} rows[] = {
	    {AGENT_DRP, "sale:opt-out", {RIGHT_OPT_OUT_OF_SALE, RIGHT_OPT_OUT_OF_SALE}},
	    {AGENT_DRP, "sale:opt_out", {RIGHT_OPT_OUT_OF_SALE, RIGHT_OPT_OUT_OF_SALE}}, // as its tables write it
	    {AGENT_DRP, "deletion", {RIGHT_ERASURE, RIGHT_ERASURE}},
	    {AGENT_DRP, "access", {RIGHT_ACCESS, RIGHT_KNOW}},
	    {AGENT_DRP, "access:categories", {RIGHT_KNOW, RIGHT_ACCESS}},
	    {AGENT_DRP, "access:specific", {RIGHT_ACCESS, RIGHT_KNOW}},
	    {AGENT_OPENDSR, "access", {RIGHT_ACCESS, RIGHT_KNOW}},
	    {AGENT_OPENDSR, "portability", {RIGHT_PORTABILITY, RIGHT_PORTABILITY}},
	    {AGENT_OPENDSR, "erasure", {RIGHT_ERASURE, RIGHT_ERASURE}},
	};

	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		const enum policy_right_id id = rows[i / 2].ids[i % 2];
		if (strcmp(rows[i / 2].protocol, protocol) == 0 && strcmp(rows[i / 2].word, word) == 0 && policy_right(p, id) != NULL)
			return policy_word(&policy_right_words, id);
	}
	return NULL; // also sale:opt-in: nothing is sold, and no policy has such a right
}

// "email: ada@example.org (verified by the sender)"
static void identity_line(struct agent_message *m, const char *name, const char *value, bool verified)
{
	const size_t used = strlen(m->verified);

	buf_printf(&m->text, "%s: %s%s\n", name, value, verified ? " (verified by the sender)" : "");
	if (verified)
		snprintf(m->verified + used, sizeof m->verified - used, "%s%s", used > 0 ? ", " : "", name);
}

int agent_message_exercise(struct agent_message *m, const struct policy *p)
{
	static const char *const persons[] = {"name", "email", "phone_number", "address", "power_of_attorney"};
	const char *exercise = json_string(m->claims, "exercise"), *regime = json_string(m->claims, "regime");
	const cJSON *number = json_get(m->claims, "agent-request-id"), *receipt = json_get(m->claims, "receipt"), *one;

	m->right = exercise != NULL ? agent_message_right(p, AGENT_DRP, exercise) : NULL;
	if (m->right == NULL)
		return message_fault(m, 400, true, "Unsupported rights actions submitted.");
	if (json_get(m->claims, "regime") != NULL && (regime == NULL || strcmp(regime, "ccpa") != 0))
		return message_fault(m, 400, true, "regime must be ccpa, or be left out.");
	if (number != NULL) {
		if (!cJSON_IsString(number) || number->valuestring[0] == '\0' || strlen(number->valuestring) >= sizeof m->once)
			return message_fault(m, 400, true, "agent-request-id is no text, or too long.");
		snprintf(m->once, sizeof m->once, "%s", number->valuestring);
		m->numbered = true;
	}
	if (receipt != NULL) { // a claim of our own: what this site gave the person
		if (!cJSON_IsString(receipt) || !token_shaped(receipt->valuestring))
			return message_fault(m, 400, true, "receipt is not a receipt of this site.");
		snprintf(m->receipt, sizeof m->receipt, "%s", receipt->valuestring);
	}
	for (size_t i = 0; i < ARRAY_LEN(persons); i++) {
		const cJSON *claim = json_get(m->claims, persons[i]);
		BUF_AUTO_WIPE struct buf value = BUF_INIT(AGENT_TEXT_MAX);
		char flag[32];
		if (claim == NULL || cJSON_IsNull(claim))
			continue;
		if (!cJSON_IsString(claim) && !(cJSON_IsObject(claim) && strcmp(persons[i], "address") == 0))
			return message_fault(m, 400, true,
					     "name, email, phone_number and power_of_attorney are texts, and address one or an object.");
		if ((cJSON_IsString(claim) ? buf_adds(&value, claim->valuestring) : json_print(&value, claim)) != 0)
			return message_fault(m, 400, true, "One of name, email, phone_number, address and power_of_attorney is too long.");
		snprintf(flag, sizeof flag, "%s_verified", persons[i]);
		identity_line(m, persons[i], buf_text(&value), cJSON_IsTrue(json_get(m->claims, flag)));
	}
	cJSON_ArrayForEach(one, json_get(m->claims, "relationships"))
	{
		if (cJSON_IsString(one))
			buf_printf(&m->text, "relationship: %s\n", one->valuestring);
	}
	if (m->text.failed)
		return message_fault(m, 400, true, "The message says more than a request may.");
	const char *email = json_string(m->claims, "email"), *phone = json_string(m->claims, "phone_number");
	const char *contact = email != NULL ? email : phone;
	if (contact == NULL && m->receipt[0] == '\0')
		return message_fault(m, 400, true, "email or phone_number is needed: who is it about?");
	if (contact != NULL && (strlen(contact) < 3 || strlen(contact) >= sizeof m->contact || contact_fault(contact) != NULL))
		return message_fault(m, 400, true, "email or phone_number cannot be one.");
	if (contact != NULL)
		snprintf(m->contact, sizeof m->contact, "%s", contact);
	m->mandate = json_string(m->claims, "power_of_attorney");
	m->callback = json_get(m->claims, "status_callback") != NULL;
	return 0;
}

// ---- OpenDSR ----

const char *const agent_message_identities[] = {"email", "controller_customer_id", NULL};

// One identity: -1 with the fault.
static int identity_read(struct agent_message *m, const cJSON *identity)
{
	const char *type = json_string(identity, "identity_type"), *value = json_string(identity, "identity_value"),
		   *format = json_string(identity, "identity_format");

	if (type == NULL || value == NULL || format == NULL || *value == '\0' || strlen(value) > AGENT_TEXT_MAX)
		return message_fault(m, 400, true, "identity_type, identity_value and identity_format are required in each identity.");
	if (strcmp(format, "raw") != 0)
		return message_fault(m, 400, true, "identity_format must be raw: nobody can be found here by a digest.");
	if ((strcmp(type, "email") == 0 && m->contact[0] != '\0') || (strcmp(type, "controller_customer_id") == 0 && m->receipt[0] != '\0'))
		return message_fault(m, 400, true, "subject_identities has two of one identity_type: one request is about one person.");
	if (strcmp(type, "email") == 0) {
		if (strlen(value) < 3 || strlen(value) >= sizeof m->contact || strchr(value, '@') == NULL || contact_fault(value) != NULL)
			return message_fault(m, 400, true, "identity_value is no address of mail.");
		snprintf(m->contact, sizeof m->contact, "%s", value);
	} else if (strcmp(type, "controller_customer_id") == 0) {
		if (!token_shaped(value))
			return message_fault(m, 400, true, "controller_customer_id is not a receipt of this site.");
		snprintf(m->receipt, sizeof m->receipt, "%s", value);
	} else {
		return message_fault(m, 400, true, "identity_type must be email or controller_customer_id.");
	}
	return 0;
}

int agent_message_opendsr(struct agent_message *m, const char *body, size_t len, const struct policy *p, time_t now)
{
	struct err e = {0};
	const cJSON *one;

	*m = (struct agent_message){.text = BUF_INIT(SENDER_TEXT_MAX)};
	m->claims = json_parse(body, len, &e);
	if (!cJSON_IsObject(m->claims))
		return message_fault(m, 400, true, "The body is not a JSON object.");
	const char *regulation = json_string(m->claims, "regulation"), *id = json_string(m->claims, "subject_request_id"),
		   *type = json_string(m->claims, "subject_request_type"), *sent = json_string(m->claims, "submitted_time");
	const cJSON *identities = json_get(m->claims, "subject_identities"), *callbacks = json_get(m->claims, "status_callback_urls"),
		    *extensions = json_get(m->claims, "extensions");
	if (regulation == NULL || (strcmp(regulation, "gdpr") != 0 && strcmp(regulation, "ccpa") != 0))
		return message_fault(m, 400, true, "regulation must be gdpr or ccpa.");
	if (id == NULL || !has_shape(id, "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx") || strlen(id) != 36)
		return message_fault(m, 400, true, "subject_request_id must be a UUID of version 4 in lower case.");
	m->right = type != NULL ? agent_message_right(p, AGENT_OPENDSR, type) : NULL;
	if (m->right == NULL)
		return message_fault(m, 400, true, "subject_request_type is none of those that GET discovery names.");
	if (sent == NULL || agent_message_time(&m->sent, sent) != 0 || strpbrk(sent, " ,") != NULL ||
	    (strchr(sent, 'Z') == NULL && strpbrk(sent + strlen("2026-11-28T"), "+-") == NULL))
		return message_fault(m, 400, true, "submitted_time must be a time of RFC 3339, as 2026-11-28T09:30:00Z.");
	if (m->sent > now + SKEW_SECONDS)
		return message_fault(m, 400, true, "submitted_time is still to come: check the clock.");
	if (m->sent < now - YEAR_SECONDS)
		return message_fault(m, 400, true, "submitted_time is more than a year ago: send what is asked now.");
	m->sent = m->sent > now ? now : m->sent;
	if (json_get(m->claims, "api_version") != NULL && !claim_is(m->claims, "api_version", "2.0", true))
		return message_fault(m, 400, true, "api_version must be 2.0.");
	if (callbacks != NULL && !cJSON_IsArray(callbacks))
		return message_fault(m, 400, true, "status_callback_urls must be an array.");
	if (cJSON_GetArraySize(callbacks) > 0)
		return message_fault(m, 400, true, "status_callback_urls are not offered: ask by GET requests/{id}.");
	if (extensions != NULL && !cJSON_IsObject(extensions))
		return message_fault(m, 400, true, "extensions must be an object.");
	if (!cJSON_IsArray(identities) || cJSON_GetArraySize(identities) == 0)
		return message_fault(m, 400, true, "subject_identities field is required.");
	if (cJSON_GetArraySize(identities) > IDENTITIES_MAX)
		return message_fault(m, 400, true, "subject_identities has too many members.");
	cJSON_ArrayForEach(one, identities)
	{
		if (identity_read(m, one) != 0)
			return -1;
	}
	snprintf(m->verified, sizeof m->verified, "%s", m->contact[0] != '\0' ? "email" : "");
	snprintf(m->once, sizeof m->once, "%s", id);
	m->numbered = true;
	return 0;
}
