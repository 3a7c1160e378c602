// SPDX-License-Identifier: ISC
#include "fcgi/generate/peer.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include <string.h>

int peer_send(struct call *c, const struct generator *g, const struct processor *to, struct provider_request *request, kind_set kinds,
	      uint64_t deadline, struct err *e)
{
	uint64_t now = monotonic_ms();

	if (deadline <= now)
		return err_set(e, ERR_TIMEOUT, "no time is left");
	JSON_AUTO cJSON *head =
	    egress_send_head(to->id, request->method, request->path, request->content_type, kinds, (unsigned)(deadline - now), true);
	if (head == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a call");
	return call_start(c, g->egress, head, buf_text(&request->body), request->body.len, e);
}

// What egress's failures mean for the caller. What is not listed is the operator's to repair.
static const struct {
	const char *code;
	enum provider_verdict verdict;
} failures[] = {
    {"breaker-open", PROVIDER_DOWN}, {"unresolvable", PROVIDER_DOWN}, {"unreachable", PROVIDER_DOWN},    {"tls", PROVIDER_DOWN},
    {"timeout", PROVIDER_DOWN},      {"budget", PROVIDER_LIMITED},    {"too-large", PROVIDER_BAD_REPLY}, {"truncated", PROVIDER_BAD_REPLY},
};

enum provider_verdict peer_verdict(const struct generator *g, const struct call *c, const struct processor *from, int *status,
				   struct err *say)
{
	const char *detail, *code;

	if (c->state != CALL_DONE) {
		*say = c->err;
		return PROVIDER_DOWN;
	}
	code = frame_error_code(c->reply.head, &detail);
	if (code == NULL) {
		*status = (int)json_number(c->reply.head, "status", 0);
		return PROVIDER_OK;
	}
	bool region = strcmp(code, "region-mismatch") == 0;
	err_set(say, region ? ERR_REFUSED : strcmp(code, "timeout") == 0 ? ERR_TIMEOUT : ERR_UNAVAILABLE, "%s", detail);
	if (region) {
		JSON_AUTO cJSON *details = cJSON_CreateObject();
		BUF_AUTO struct buf text = BUF_INIT(1024);
		struct err unrecorded = {0};
		cJSON_AddStringToObject(details, "processor", from->id);
		json_print(&text, details);
		struct ledger_event event = {.name = "refused-region", .details = buf_text(&text)};
		note_line("%s answered from a region that the policy does not name: its reply was refused", from->id);
		if (ledger_append(g->vault, &event, &unrecorded) != 0)
			note_line("refused-region could not be recorded: %s", unrecorded.text);
	}
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		if (strcmp(failures[i].code, code) == 0)
			return failures[i].verdict;
	}
	return PROVIDER_REFUSED;
}

bool peer_refused_region(enum provider_verdict v, const struct err *say)
{
	return v == PROVIDER_REFUSED && say->code == ERR_REFUSED;
}

uint64_t peer_share(uint64_t deadline, bool another)
{
	uint64_t now = monotonic_ms();

	return !another || deadline <= now ? deadline : now + (deadline - now) / 3 * 2;
}
