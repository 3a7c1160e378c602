// SPDX-License-Identifier: ISC
#include "policy/rights/reading.h"
#include "policy/rights/person.h"

int reading_payload(struct buf *out, const char *what, time_t at, const char *officer, const char *reason, struct err *e)
{
	JSON_AUTO cJSON *payload = cJSON_CreateObject();

	if (reason == NULL || *reason == '\0')
		return err_set(e, ERR_INPUT, "a reason is needed: the person sees who read it, and why");
	return json_put_time(payload, "at", at) &&
		       json_put_texts(payload, JSON_TEXTS({"what", what}, {"officer", officer}, {"reason", reason})) &&
		       json_print(out, payload) == 0
		   ? 0
		   : err_set(e, ERR_INPUT, "the reason is too long");
}

int reading_record(struct vault *v, const char *what, const char *id, const char *officer, const char *reason, struct err *e)
{
	BUF_AUTO_WIPE struct buf payload = BUF_INIT(READING_MAX);
	BUF_AUTO struct buf details = BUF_INIT(1024);

	if (reading_payload(&payload, what, when_now(), officer, reason, e) != 0)
		return -1;
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	if (!json_put_texts(o, JSON_TEXTS({what, id}, {"event", "read"}, {"by", "officer"})) || json_print(&details, o) != 0)
		return err_set(e, ERR_MEMORY, "no memory");
	const struct ledger_event event = {
	    .name = what, .details = buf_text(&details), .payload = payload.data, .payload_len = payload.len};
	return vault_subject_note(v, ERASE_RECORD, id, &event, e);
}

struct reading_contacts {
	struct vault *v;
	const char *officer, *reason;
	size_t found;
	bool failed;
	struct err *e;
};

static int reading_contact_one(void *arg, const struct vault_record *r)
{
	struct reading_contacts *x = arg;

	if (r->kind != KIND_RIGHTS_REQUEST || r->over)
		return 0;
	x->found++;
	x->failed = reading_record(x->v, "request-read", r->id, x->officer, x->reason, x->e) != 0;
	return x->failed;
}

int reading_contact(struct vault *v, const char *contact, const char *officer, const char *reason, struct err *e)
{
	struct reading_contacts x = {.v = v, .officer = officer, .reason = reason, .e = e};
	BUF_AUTO_WIPE struct buf payload = BUF_INIT(READING_MAX); // what would stand in it is checked where there is nobody, too
	PERSON_AUTO struct person person = {0};

	if (reading_payload(&payload, "request-read", 0, officer, reason, e) != 0 || person_of_contact(v, contact, &person, e) != 0 ||
	    vault_subject_heads(v, ERASE_CONTACT, contact, reading_contact_one, &x, e) != 0 || x.failed)
		return -1;
	return x.found > 0
		   ? 0
		   : ledger_append(v, &(struct ledger_event){.name = "request-read", .details = "{\"by\":\"officer\",\"found\":0}"}, e);
}
