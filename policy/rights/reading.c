// SPDX-License-Identifier: ISC
#include "policy/rights/reading.h"

int reading_payload(struct buf *out, const char *what, time_t at, const char *officer, const char *reason, struct err *e)
{
	JSON_AUTO cJSON *payload = cJSON_CreateObject();
	char text[WHEN_TEXT];

	when_text(text, at);
	if (reason == NULL || *reason == '\0')
		return err_set(e, ERR_INPUT, "a reason is needed: the person sees who read it, and why");
	return cJSON_AddStringToObject(payload, "what", what) != NULL && cJSON_AddStringToObject(payload, "at", text) != NULL &&
		       cJSON_AddStringToObject(payload, "officer", officer) != NULL &&
		       cJSON_AddStringToObject(payload, "reason", reason) != NULL && json_print(out, payload) == 0
		   ? 0
		   : err_set(e, ERR_INPUT, "the reason is too long");
}

int reading_record(struct vault *v, const char *what, const char *id, const char *officer, const char *reason, struct err *e)
{
	BUF_AUTO_WIPE struct buf payload = BUF_INIT(READING_MAX);
	BUF_AUTO struct buf details = BUF_INIT(1024);

	if (reading_payload(&payload, what, when_now(), officer, reason, e) != 0)
		return -1;
	buf_printf(&details, "{\"%s\":\"%s\",\"event\":\"read\",\"by\":\"officer\"}", what, id);
	const struct ledger_event event = {
	    .name = what, .details = buf_text(&details), .payload = payload.data, .payload_len = payload.len};
	return vault_subject_note(v, ERASE_RECORD, id, &event, e);
}
