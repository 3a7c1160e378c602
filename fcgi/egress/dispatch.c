// SPDX-License-Identifier: ISC
// From a frame to the work.
#include "fcgi/egress/egress.h"
#include "policy/base/array.h"
#include "policy/base/when.h"
#include <stdlib.h>
#include <string.h>

const char *failure_code(enum failure t)
{
	static const char *const codes[] = {
	    [BAD_CALL] = "bad-call",
	    [UNDECLARED_PROCESSOR] = "undeclared-processor",
	    [HOST_NOT_ALLOWED] = "host-not-allowed",
	    [KIND_NOT_SHARED] = "kind-not-shared",
	    [NOT_CONFIGURED] = "not-configured",
	    [REGION_MISMATCH] = "region-mismatch",
	    [BREAKER_IS_OPEN] = "breaker-open",
	    [BUDGET_SPENT] = "budget",
	    [ADDRESS_FORBIDDEN] = "address-forbidden",
	    [BAD_URL] = "bad-url",
	    [UNRESOLVABLE] = "unresolvable",
	    [UNREACHABLE] = "unreachable",
	    [TLS_FAILED] = "tls",
	    [TIMED_OUT] = "timeout",
	    [TOO_LARGE] = "too-large",
	    [NOT_HTML] = "not-html",
	    [EMPTY_PAGE] = "empty-page",
	    [TOO_MANY_REDIRECTS] = "redirects",
	    [HTTP_STATUS] = "http-status",
	    [TRUNCATED] = "truncated",
	};
	return codes[t];
}

struct operation {
	const char *name;
	unsigned deadline_ms; // the most it may take
	void (*begin)(struct job *j, const cJSON *head);
};

static void status_begin(struct job *j, const cJSON *head)
{
	(void)head;
	job_reply(j, status_reply(j->egress), false);
}

static const struct operation operations[] = {
    {"send", DEADLINE_MS_MAX, send_begin},
    {"page", PAGE_DEADLINE_MS_MAX, page_begin},
    {"status", FRAME_MS, status_begin},
};

static const struct operation *operation_find(const cJSON *head)
{
	const char *name = json_string(head, "op");
	for (size_t i = 0; name != NULL && i < ARRAY_LEN(operations); i++)
		if (strcmp(operations[i].name, name) == 0)
			return &operations[i];
	return NULL;
}

void job_dispatch(struct job *j)
{
	const cJSON *head = j->call.head;
	const struct operation *operation = operation_find(head);
	if (operation == NULL) {
		job_refuse(j, BAD_CALL, "The call must have the op send, page or status.");
		return;
	}
	double asked = json_number(head, "deadline_ms", operation->deadline_ms);
	if (!(asked >= 1 && asked < operation->deadline_ms))
		asked = operation->deadline_ms;
	j->deadline = monotonic_ms() + (uint64_t)asked;
	if (loop_at(&j->egress->loop, &j->timer, j->deadline) != 0)
		job_refuse(j, BUDGET_SPENT, "There is no memory left.");
	else
		operation->begin(j, head);
}
