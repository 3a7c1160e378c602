// SPDX-License-Identifier: ISC
#include "fcgi/egress/dispatch.h"
#include "fcgi/egress/page_call.h"
#include "fcgi/egress/processor_call.h"
#include "fcgi/egress/status.h"
#include "policy/base/when.h"

// The most that a call may take. The vendors' own clients give up after ten minutes.
static const unsigned longest_ms[] = {[EGRESS_SEND] = 10 * 60 * 1000, [EGRESS_PAGE] = 15 * 1000, [EGRESS_STATUS] = 30 * 1000};

void egress_dispatch(struct caller *c)
{
	struct egress_call call;
	struct err e = {0};

	if (egress_call_read(&call, c->call.head, &e) != 0) {
		caller_refuse_with(c, FAILURE_BAD_CALL, "%s", e.text);
		return;
	}
	if (call.deadline_ms == 0 || call.deadline_ms > longest_ms[call.op])
		call.deadline_ms = longest_ms[call.op];
	if (caller_at(c, monotonic_ms() + call.deadline_ms) != 0)
		caller_refuse(c, FAILURE_MEMORY);
	else if (call.op == EGRESS_SEND)
		processor_call_begin(c, &call);
	else if (call.op == EGRESS_PAGE)
		page_call_begin(c, &call);
	else
		caller_reply(c, status_reply(c->egress), NULL);
}
