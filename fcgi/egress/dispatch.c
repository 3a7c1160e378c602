// SPDX-License-Identifier: ISC
// From a frame to the work.
#include "fcgi/egress/egress.h"
#include "policy/base/when.h"

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

void job_dispatch(struct job *j)
{
	static const unsigned longest_ms[] = {
	    [EGRESS_SEND] = DEADLINE_MS_MAX, [EGRESS_PAGE] = PAGE_DEADLINE_MS_MAX, [EGRESS_STATUS] = FRAME_MS};
	struct egress_call call;
	struct err e = {0};
	if (egress_call_read(&call, j->call.head, &e) != 0) {
		job_refuse(j, BAD_CALL, "%s", e.text);
		return;
	}
	unsigned longest = longest_ms[call.op];
	j->deadline = monotonic_ms() + (call.deadline_ms > 0 && call.deadline_ms < longest ? call.deadline_ms : longest);
	if (loop_at(&j->egress->loop, &j->timer, j->deadline) != 0)
		job_refuse(j, BUDGET_SPENT, "There is no memory left.");
	else if (call.op == EGRESS_SEND)
		send_begin(j, &call);
	else if (call.op == EGRESS_PAGE)
		page_begin(j, &call);
	else
		job_reply(j, status_reply(j->egress), false);
}
