// SPDX-License-Identifier: ISC
// What can go wrong with a call, as the reply names it (fcgi/ipc/egress_call.h). Pure.
#ifndef LETHE_EGRESS_FAILURE_H
#define LETHE_EGRESS_FAILURE_H

#include <curl/curl.h>
#include <stdbool.h>

enum egress_failure {
	FAILURE_NONE = 0,
	// The call is refused: nothing leaves.
	FAILURE_BAD_CALL,
	FAILURE_UNDECLARED,
	FAILURE_HOST,
	FAILURE_PATH,
	FAILURE_KIND,
	FAILURE_FIELD,
	FAILURE_FLAGS,
	FAILURE_MEMBER,
	FAILURE_NOT_CONFIGURED,
	FAILURE_BREAKER,
	FAILURE_BUDGET,
	FAILURE_CALLS,
	FAILURE_MEMORY,
	FAILURE_URL,
	// The transfer fails.
	FAILURE_ADDRESS,
	FAILURE_UNRESOLVABLE,
	FAILURE_UNREACHABLE,
	FAILURE_CLOSED,
	FAILURE_TLS,
	FAILURE_CERTIFICATE,
	FAILURE_SLOW,
	FAILURE_BROKEN,
	FAILURE_ENCODING,
	FAILURE_NOT_HTTP,
	// The answer is not taken.
	FAILURE_HEADERS,
	FAILURE_SIZE,
	FAILURE_REGION,
	FAILURE_NOT_HTML,
	FAILURE_EMPTY,
	FAILURE_REDIRECTS,
	FAILURE_STATUS,
	// Of a mail.
	FAILURE_MAIL,
	FAILURE_LOGIN,
	FAILURE_MAIL_LATER,
	FAILURE_MAIL_REFUSED,
	FAILURE_MAIL_UNSURE,
	FAILURE_MAIL_SENDER,
	FAILURE_MAIL_QUOTA,
	FAILURE_MAIL_DIFFERS,
	FAILURE_COUNT
};

const char *egress_failure_code(enum egress_failure f);
const char *egress_failure_words(enum egress_failure f); // one line that helps, where no more is known
bool egress_failure_passing(enum egress_failure f);      // the connection failed or broke: worth another attempt
// What a transfer's result means; `answered`: something had come.
enum egress_failure egress_failure_of(CURLcode result, bool answered);

#endif
