// SPDX-License-Identifier: ISC
#include "admin/vendor.h"
#include "fcgi/ipc/call.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/file.h"
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

enum { DELETE_MS = 20 * 1000, REPLY_MS = 2 * 1000 };

// One request and its reply. -1: none came, and `failure` is the word for it.
static int vendor_step(const char *run, const char *processor, kind_set kinds, struct provider_task *t, uint64_t until,
		       char failure[DELETION_FAILURE])
{
	const struct provider_request *q = &t->request;
	const uint64_t now = monotonic_ms();
	char socket[PATH_MAX];
	CALL_AUTO struct call c = CALL_INIT;
	struct err e = {0};

	if (now >= until) {
		snprintf(failure, DELETION_FAILURE, "timeout");
		return -1;
	}
	JSON_AUTO cJSON *head = egress_send_head(processor, q->method, q->path, q->content_type, q->body.len > 0 ? kinds : 0,
						 (unsigned)(until - now), !q->once, false);
	if (head == NULL || path_join(socket, sizeof socket, run, "egress.sock", &e) != 0 ||
	    call_ask(&c, socket, head, buf_text(&q->body), q->body.len, -1, until + REPLY_MS, &e) != 0) {
		snprintf(failure, DELETION_FAILURE, "%s", e.code == ERR_TIMEOUT ? "timeout" : "no-egress");
		return -1;
	}
	const char *code = json_string(json_get(c.reply.head, "error"), "code"), *reply_type = json_string(c.reply.head, "type");
	if (code != NULL) {
		snprintf(failure, DELETION_FAILURE, "%s", code);
		return -1;
	}
	const struct provider_reply reply = {(int)json_number(c.reply.head, "status", 0), reply_type != NULL ? reply_type : "",
					     c.reply.body, c.reply.body_len};
	provider_reply(t, &reply);
	return 0;
}

void vendor_drive(const char *run, const char *processor, kind_set kinds, struct provider_task *t, uint64_t until,
		  int (*noted)(void *arg, const char *reference), void *arg, char failure[DELETION_FAILURE])
{
	bool known = t->reference != NULL;

	failure[0] = '\0';
	while (t->step == PROVIDER_SEND) {
		struct err why = {0};
		if (t->request.wait_ms > 0)
			usleep(t->request.wait_ms * 1000);
		if (t->request.work != NULL || vendor_step(run, processor, kinds, t, until, failure) != 0) {
			err_set(&why, ERR_UNAVAILABLE, "%s", failure);
			provider_no_reply(t, PROVIDER_DOWN, &why);
		} else if (!known && t->reference != NULL && noted != NULL) {
			known = true;
			if (noted(arg, t->reference) != 0)
				provider_no_reply(t, PROVIDER_DOWN, &why);
		}
	}
}

void vendor_delete(void *arg, const struct deletion_row *row, struct deletion_answer *out)
{
	const struct admin *a = arg;
	const struct provider *p = provider_find(row->processor);
	struct provider_task t;

	*out = (struct deletion_answer){0};
	if (p == NULL || p->removal.ask == NULL) {
		snprintf(out->failure, sizeof out->failure, "nothing-to-ask");
		return;
	}
	provider_remove(&t, p, row->reference);
	const bool begun = t.step == PROVIDER_SEND;
	vendor_drive(a->run, row->processor, row->kinds, &t, monotonic_ms() + DELETE_MS, NULL, NULL, out->failure);
	out->status = t.status;
	out->outcome = t.kept == PROVIDER_KEPT_GONE ? DELETION_GONE : t.kept == PROVIDER_KEPT_REFUSED ? DELETION_REFUSED : DELETION_LATER;
	if (out->outcome != DELETION_GONE && out->failure[0] == '\0')
		snprintf(out->failure, sizeof out->failure, "%s",
			 !begun                            ? "not-configured"
			 : t.kept == PROVIDER_KEPT_REFUSED ? "refused"
			 : t.kept == PROVIDER_KEPT_STILL   ? "still-there"
							   : "no-answer");
	provider_free(&t);
}
