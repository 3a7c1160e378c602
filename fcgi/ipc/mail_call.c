// SPDX-License-Identifier: ISC
#include "fcgi/ipc/mail_call.h"
#include "fcgi/ipc/call.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { DELIVER_MS = 60 * 1000, ANSWER_MS = 5 * 1000, WAIT_MOST_MS = 24 * 3600 * 1000 };

int mail_call(const char *run, const char *processor, kind_set kinds, const char *to, const char *subject, const char *number,
	      const char *text, size_t len, char failure[MAIL_FAILURE], unsigned *wait_s)
{
	static const char *const never[] = {"bad-mail", "mail-refused", "mail-differs", "bad-call"};
	char socket[PATH_MAX];
	CALL_AUTO struct call c = CALL_INIT;
	struct err e = {0};

	failure[0] = '\0';
	*wait_s = 0;
	JSON_AUTO cJSON *head = egress_mail_head(processor, kinds, to, subject, number, DELIVER_MS);
	if (head == NULL || path_join(socket, sizeof socket, run, "egress.sock", &e) != 0 ||
	    call_ask(&c, socket, head, text, len, -1, monotonic_ms() + DELIVER_MS + ANSWER_MS, &e) != 0) {
		snprintf(failure, MAIL_FAILURE, "%s", e.code == ERR_TIMEOUT ? "timeout" : "no-egress");
		return 1;
	}
	const char *code = json_string(json_get(c.reply.head, "error"), "code");
	if (code == NULL)
		return 0;
	const double wait_ms = json_number(json_get(c.reply.head, "error"), "retry_after_ms", 0);
	snprintf(failure, MAIL_FAILURE, "%s", code);
	*wait_s = wait_ms > 0 && wait_ms < WAIT_MOST_MS ? (unsigned)(wait_ms / 1000) + 1 : 0;
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (strcmp(code, never[i]) == 0)
			return -1;
	return 1;
}
