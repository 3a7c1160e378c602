// SPDX-License-Identifier: ISC
#include "fcgi/egress/resend.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include <string.h>

// Its own names, of the member "name". What is not here is told by the status.
static const struct {
	const char *name;
	enum egress_failure failure;
} errors[] = {
    {"missing_api_key", FAILURE_LOGIN},
    {"invalid_api_key", FAILURE_LOGIN},
    {"restricted_api_key", FAILURE_LOGIN},
    {"invalid_from_address", FAILURE_MAIL_SENDER},
    {"rate_limit_exceeded", FAILURE_MAIL_LATER},
    {"daily_quota_exceeded", FAILURE_MAIL_QUOTA},
    {"monthly_quota_exceeded", FAILURE_MAIL_QUOTA},
    {"concurrent_idempotent_requests", FAILURE_MAIL_UNSURE},
    {"invalid_idempotent_request", FAILURE_MAIL_DIFFERS},
};

int resend_write(struct buf *out, const struct message *m, struct err *e)
{
	static const char special[] = "\"\\<>()[]@,;:";
	BUF_AUTO struct buf from = BUF_INIT(1024);
	BUF_AUTO_WIPE struct buf text = BUF_INIT(MESSAGE_TEXT_MAX + 1);
	JSON_AUTO cJSON *body = cJSON_CreateObject();

	if (message_check(m, e) != 0)
		return -1;
	for (const char *c = m->from_name; *c != '\0'; c++)
		buf_addc(&from, strchr(special, *c) != NULL ? ' ' : *c);
	buf_printf(&from, " <%s>", m->from);
	buf_add(&text, m->text, m->len);
	bool whole = !text.failed && strlen(buf_text(&text)) == m->len && cJSON_AddStringToObject(body, "from", buf_text(&from)) != NULL &&
		     cJSON_AddItemToArray(cJSON_AddArrayToObject(body, "to"), cJSON_CreateString(m->to)) &&
		     cJSON_AddStringToObject(body, "subject", m->subject) != NULL &&
		     cJSON_AddStringToObject(body, "text", buf_text(&text)) != NULL;
	return whole && json_print(out, body) == 0 ? 0 : err_set(e, ERR_INPUT, "the mail cannot be written as JSON");
}

enum egress_failure resend_failure(long status, const char *body, size_t len)
{
	JSON_AUTO cJSON *answer = json_parse_foreign(body, len, NULL);
	const char *name = json_string(answer, "name");

	if (status >= 200 && status < 300)
		return json_string(answer, "id") != NULL ? FAILURE_NONE : FAILURE_MAIL_UNSURE;
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(errors); i++) {
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].failure;
	}
	// A domain that is not verified, or an account that may write to itself alone.
	if (status == 403 && name != NULL && strcmp(name, "validation_error") == 0)
		return FAILURE_MAIL_SENDER;
	if (status == 401 || status == 403)
		return FAILURE_LOGIN;
	if (status < 400 || status == 404 || status == 405)
		return FAILURE_NOT_CONFIGURED;
	if (status == 408 || status == 409 || status >= 500)
		return FAILURE_MAIL_UNSURE;
	return status == 429 ? FAILURE_MAIL_LATER : FAILURE_MAIL_REFUSED;
}
