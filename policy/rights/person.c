// SPDX-License-Identifier: ISC
#include "policy/rights/person.h"
#include "policy/base/mail_address.h"
#include "policy/base/text.h"
#include "policy/vault/archive_token.h"
#include "policy/vault/seal.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PHONE_DIGITS_MIN = 5 };

static bool mail_plain(char out[PERSON_VALUE_MAX], const char *text, size_t len)
{
	char copy[PERSON_VALUE_MAX], address[MAIL_ADDRESS_SIZE];

	snprintf(copy, sizeof copy, "%.*s", (int)len, text);
	const bool is = len < sizeof copy && mail_address_read(address, copy, NULL) == 0;
	for (char *c = address; is && *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	if (is)
		snprintf(out, PERSON_VALUE_MAX, "%s", address);
	wipe(copy, sizeof copy);
	return is;
}

static bool phone_plain(char out[PERSON_VALUE_MAX], const char *text)
{
	size_t len = 0;

	text += strspn(text, " ");
	if (text[strspn(text, "0123456789 +-/().\t")] != '\0')
		return false;
	if (*text == '+' || strncmp(text, "00", 2) == 0) {
		text += *text == '+' ? 1 : 2;
		out[len++] = '+';
	}
	for (; *text != '\0' && len < 64; text++) {
		if (out[0] == '+' && len > 1 && strncmp(text, "(0)", 3) == 0) // which is dialled inside the country only
			text += 2;
		else if (isdigit((unsigned char)*text))
			out[len++] = *text;
	}
	out[len] = '\0';
	return len >= PHONE_DIGITS_MIN;
}

bool person_contact(char out[PERSON_VALUE_MAX], const char *contact)
{
	const char *open = strrchr(contact, '<'), *close = open != NULL ? strchr(open, '>') : NULL;
	size_t len = 0;

	*out = '\0';
	if (mail_plain(out, contact, strlen(contact)) || (close != NULL && mail_plain(out, open + 1, (size_t)(close - open - 1))) ||
	    phone_plain(out, contact))
		return true;
	for (const char *c = contact; *c != '\0' && len + 2 < PERSON_VALUE_MAX; c++) {
		const bool blank = isspace((unsigned char)*c) != 0;
		if (!blank && c > contact && isspace((unsigned char)c[-1]) && len > 0)
			out[len++] = ' ';
		if (!blank)
			out[len++] = (char)tolower((unsigned char)*c);
	}
	out[len] = '\0';
	return len > 0;
}

bool person_contact_of(char out[PERSON_VALUE_MAX], const cJSON *body)
{
	const cJSON *agent = json_get(body, "agent");
	const char *contact = json_string(body, "contact"), *answer_to = json_string(agent, "answer_to");

	*out = '\0';
	// What the agents of the protocols give is the person's.
	if (agent != NULL && json_string(agent, "protocol") == NULL && (answer_to == NULL || strcmp(answer_to, "person") != 0))
		return false;
	return contact != NULL && person_contact(out, contact);
}

void person_end(struct person *p)
{
	wipe(p, sizeof *p);
}

// Once.
static void person_add(struct person *p, enum erase_by by, const char *value, bool by_link)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].by == by && strcmp(p->list[i].value, value) == 0)
			return;
	const size_t size = strlen(value) + 1;
	if (p->count == PERSON_MAX || size > sizeof p->values - p->used) {
		p->more = true;
		return;
	}
	memcpy(p->values + p->used, value, size);
	p->by_link[p->count] = by_link;
	p->list[p->count++] = (struct erase_selector){by, p->values + p->used};
	p->used += size;
}

int person_named(struct vault *v, const cJSON *body, struct person *out, struct err *e)
{
	const char *receipt = json_string(body, "receipt"), *record = json_string(body, "record"), *link = json_string(body, "archive");
	struct vault_record archive = {0};
	struct err why = {0};

	if (receipt != NULL) {
		person_add(out, ERASE_RECEIPT, receipt, false);
	} else if (record != NULL) {
		person_add(out, ERASE_RECORD, record, false);
	} else if (link != NULL) {
		const bool there = archive_token_find_for_rights(v, link, &archive, &why) == 0;
		if (there || why.code == ERR_NOT_FOUND)
			person_add(out, ERASE_RECORD, there ? archive.id : "00000000000000000000000000000000", true);
		vault_record_free(&archive);
	}
	return why.code == ERR_NONE || why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
}

struct person_walk {
	struct vault *v;
	struct person *out;
	struct err *e;
	bool named; // what they name is looked for, and not they themselves
	bool failed;
};

// A mail that is about a request goes with that one. One that is about none was written to who was known.
static bool mail_is_alone(struct person_walk *x, const cJSON *mail)
{
	const char *id = json_string(mail, "request");
	struct vault_record request = {0};
	struct err why = {.code = id == NULL ? ERR_NOT_FOUND : ERR_NONE};

	if (id != NULL && vault_get(x->v, id, &request, &why) != 0 && why.code != ERR_NOT_FOUND)
		x->failed = err_set(x->e, why.code, "%s", why.text) != 0;
	vault_record_free(&request);
	return why.code == ERR_NOT_FOUND;
}

static void person_other(void *arg, const struct vault_record *r)
{
	struct person_walk *x = arg;
	const bool request = r->kind == KIND_RIGHTS_REQUEST;
	JSON_AUTO cJSON *body = r->body.len > 0 ? json_parse(buf_text(&r->body), r->body.len, NULL) : NULL;

	if (body == NULL || (x->named && !request))
		return;
	struct rights_facts facts;
	rights_facts_read(&facts, body, r->state, r->made, r->made);
	const bool proven = request ? facts.contact_proven : mail_is_alone(x, body);
	if (proven && x->named)
		x->failed = person_named(x->v, body, x->out, x->e) != 0 || x->failed;
	else if (proven)
		person_add(x->out, ERASE_RECORD, r->id, false);
	else
		x->out->unproven += !x->named && request;
}

// Of versions before, which had no such tag.
static void person_tag_value(struct vault *v, const struct vault_record *r, struct buf *out)
{
	(void)v;
	JSON_AUTO cJSON *body = json_parse(buf_text(&r->body), r->body.len, NULL);
	char plain[PERSON_VALUE_MAX];

	if (person_contact_of(plain, body))
		buf_adds(out, plain);
	wipe(plain, sizeof plain);
}

int person_tag_old(struct vault *v, struct err *e)
{
	return vault_tag_old(v, KIND_RIGHTS_REQUEST, PERSON_TAG, person_tag_value, e);
}

int person_of_contact(struct vault *v, const char *contact, struct person *out, struct err *e)
{
	const struct subject_walk walk = {.record = person_other};
	struct person_walk x = {.v = v, .out = out, .e = e};
	struct subject_result missed;
	int ret = person_tag_old(v, e);

	snprintf(out->contact, sizeof out->contact, "%s", contact);
	out->proven = true;
	for (int pass = 0; pass < 2 && ret == 0; pass++) {
		x.named = pass == 0;
		ret = vault_subject(v, ERASE_CONTACT, contact, &walk, &x, &missed, e) != 0 || x.failed ? -1 : 0;
	}
	return ret;
}

int person_of_request(struct vault *v, const cJSON *body, const struct rights_facts *facts, struct person *out, struct err *e)
{
	char contact[PERSON_VALUE_MAX];
	int ret = person_named(v, body, out, e);

	if (ret == 0 && person_contact_of(contact, body)) {
		if (facts->contact_proven)
			ret = person_of_contact(v, contact, out, e);
		else
			snprintf(out->contact, sizeof out->contact, "%s", contact);
	}
	wipe(contact, sizeof contact);
	return ret;
}
