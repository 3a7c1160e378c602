// SPDX-License-Identifier: ISC
#include "policy/rights/reading.h"

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
