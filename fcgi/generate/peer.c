// SPDX-License-Identifier: ISC
#include "fcgi/generate/peer.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/when.h"
#include "policy/rights/deletion.h"
#include <limits.h>
#include <poll.h>
#include <string.h>

enum {
	LEAVE_MS = 3000,     // for what is to be cancelled or deleted at vendors
	OVER_SECONDS = 1800, // then no work is under way any more, though this program may have ended before it could say so
};

// What egress's failures mean for the caller. What is not listed is the operator's to repair.
static const struct {
	const char *code;
	enum provider_result result;
} failures[] = {
    {"breaker-open", PROVIDER_DOWN}, {"unresolvable", PROVIDER_DOWN}, {"unreachable", PROVIDER_DOWN},    {"tls", PROVIDER_DOWN},
    {"timeout", PROVIDER_DOWN},      {"budget", PROVIDER_LIMITED},    {"too-large", PROVIDER_BAD_REPLY}, {"truncated", PROVIDER_BAD_REPLY},
};

// Of these it is certain that nothing was sent.
static const char *const nothing_sent[] = {"bad-call",          "undeclared-processor",
					   "host-not-allowed",  "path-not-allowed",
					   "kind-not-shared",   "field-not-shared",
					   "flags-missing",     "member-not-allowed",
					   "not-configured",    "breaker-open",
					   "address-forbidden", "budget",
					   "unresolvable",      "tls"};

static int work_take(void *arg, const char *bytes, size_t len, struct err *e)
{
	return provider_take(&((struct peer_work *)arg)->task, bytes, len, e);
}

static void work_again(void *arg)
{
	provider_again(&((struct peer_work *)arg)->task);
}

// What comes over a connection that others share cannot be left where it is: egress would have to keep it.
static bool work_later(void *arg)
{
	const struct peer_work *w = arg;
	const struct provider_sink *sink = w->task.in->sink;

	return sink->later != NULL && sink->later(w->task.in->sink_arg) && !cJSON_IsTrue(json_get(w->call->reply.head, "shared"));
}

static int work_send(struct peer_work *w, const struct generator *g, struct err *e)
{
	static const struct call_sink sink = {work_take, work_again, work_later};
	struct provider_request *request = &w->task.request;
	uint64_t now = monotonic_ms();
	bool pieces = provider_takes_pieces(&w->task);

	if (w->deadline <= now)
		return err_set(e, ERR_TIMEOUT, "no time is left");
	if (request->work != NULL)
		return call_start(w->call, g->worker, request->work, NULL, 0, e);
	kind_set kinds = w->kinds | (w->task.in->reference_count > 0 ? KIND_BIT(KIND_UPLOAD) : 0);
	JSON_AUTO cJSON *head = request->link_seconds > 0 ? egress_link_head(w->by->id, request->path, request->link_seconds)
							  : egress_send_head(w->by->id, request->method, request->path,
									     request->content_type, request->body.len > 0 ? kinds : 0,
									     (unsigned)(w->deadline - now), !request->once, pieces);
	if (head == NULL)
		return err_set(e, ERR_MEMORY, "no memory for a call");
	int sent = pieces ? call_start_stream(w->call, g->egress, head, buf_text(&request->body), request->body.len, &sink, w, e)
			  : call_start(w->call, g->egress, head, buf_text(&request->body), request->body.len, e);
	buf_wipe(&request->body); // one copy is enough
	w->answered = false;
	w->sent_before = w->sent;
	w->sent = w->sent || sent == 0;
	return sent;
}

// What the call that ended brought is handed to the provider; a failure of egress or the worker, as what it means. A refused region is
// recorded in the ledger.
static void work_receive(struct peer_work *w, const struct generator *g)
{
	const struct call *c = w->call;
	const char *detail, *code = c->state == CALL_DONE ? frame_error_code(c->reply.head, &detail) : NULL;
	enum provider_result result = w->task.request.work != NULL ? PROVIDER_BAD_REPLY : PROVIDER_REFUSED;
	struct err e = {0};

	w->answered = c->state == CALL_DONE && (code == NULL || strcmp(code, "unreachable") == 0);
	if (c->state != CALL_DONE) {
		provider_no_reply(&w->task, PROVIDER_DOWN, c->err);
		return;
	}
	if (code == NULL) {
		const char *type = json_string(c->reply.head, "type");
		struct provider_reply reply = {(int)json_number(c->reply.head, "status", 200), type != NULL ? type : "",
					       c->reply.streamed ? "" : c->reply.body, c->reply.streamed ? 0 : c->reply.body_len};
		provider_reply(&w->task, &reply);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(nothing_sent); i++) {
		if (strcmp(nothing_sent[i], code) == 0)
			w->sent = w->sent_before;
	}
	bool region = strcmp(code, "region-mismatch") == 0;
	err_set(&e, region ? ERR_REFUSED : strcmp(code, "timeout") == 0 ? ERR_TIMEOUT : ERR_UNAVAILABLE, "%s", detail);
	if (region) {
		JSON_AUTO cJSON *details = cJSON_CreateObject();
		BUF_AUTO struct buf text = BUF_INIT(1024);
		struct err unrecorded = {0};
		cJSON_AddStringToObject(details, "processor", w->by->id);
		json_print(&text, details);
		struct ledger_event event = {.name = "refused-region", .details = buf_text(&text)};
		note_line("%s answered from a region that the policy does not name: its reply was refused", w->by->id);
		if (ledger_append(g->vault, &event, &unrecorded) != 0)
			note_line("refused-region could not be recorded: %s", unrecorded.text);
	}
	for (size_t i = 0; w->task.request.work == NULL && i < ARRAY_LEN(failures); i++) {
		if (strcmp(failures[i].code, code) == 0)
			result = failures[i].result;
	}
	provider_no_reply(&w->task, result, &e);
}

// By what the vendor calls it: written down before anything else is asked, so that it can be deleted there whatever happens here. What cannot be
// written down is not gone on with.
static void work_note(struct peer_work *w, const struct generator *g)
{
	const struct provider_removal *removal = &w->by->provider->removal;
	const struct deletion_new work = {.processor = w->by->id,
					  .reference = w->task.reference,
					  .kinds = w->kinds,
					  .subject = w->receipt,
					  .next = when_now() + (removal->after > 0 ? (time_t)removal->after : 0) + OVER_SECONDS};
	struct err e = {0};

	if (w->task.reference == NULL || w->deletion[0] != '\0' || w->task.leaving || removal->ask == NULL || w->by->own ||
	    !deletion_kept(g->policy) || deletion_add(g->vault, &work, w->deletion, &e) == 0)
		return;
	w->deletion[0] = '\0';
	note_line("what %s got cannot be noted, so it is cancelled there: %s", w->by->id, e.text);
	provider_no_reply(&w->task, PROVIDER_DOWN, &e);
}

// What the vendor said, or that it is to be asked from now on.
static void work_left(struct peer_work *w, const struct generator *g)
{
	const struct deletion_answer gone = {.outcome = DELETION_GONE, .status = w->task.status};
	struct err e = {0};

	if (w->deletion[0] != '\0' && w->by->provider->removal.after == 0 &&
	    (w->task.kept == PROVIDER_KEPT_GONE && w->task.result == PROVIDER_OK ? deletion_answered(g->vault, w->deletion, &gone, &e)
										 : deletion_due_now(g->vault, w->deletion, &e)) != 0)
		note_line("%s is asked later to delete what it got: %s", w->by->id, e.text);
	w->deletion[0] = '\0';
}

static bool work_moving(const struct peer_work *w)
{
	return w->call->state == CALL_SENDING || w->call->state == CALL_WAITING;
}

void peer_begin(struct peer_work *w, const struct generator *g, const struct processor *by, enum provider_ability ability,
		const struct provider_input *in)
{
	w->by = by;
	w->sent = false;
	w->deletion[0] = '\0';
	provider_begin(&w->task, by->provider, ability, in);
	w->at = monotonic_ms() + w->task.request.wait_ms;
	peer_go_on(w, g);
}

void peer_go_on(struct peer_work *w, const struct generator *g)
{
	struct err e = {0};

	while (w->task.step == PROVIDER_SEND && !work_moving(w)) {
		if (w->at == 0) {
			work_receive(w, g);
			call_end(w->call); // its bytes have been read, and one copy is enough
			work_note(w, g);
			w->at = monotonic_ms() + w->task.request.wait_ms;
		} else if (monotonic_ms() < w->at) {
			return;
		} else if (work_send(w, g, &e) == 0) {
			w->at = 0;
		} else {
			provider_no_reply(&w->task, PROVIDER_DOWN, &e);
		}
	}
}

int peer_wait(struct peer_work *works, struct call *calls, size_t count, int hangup_fd, uint64_t until, struct err *e)
{
	uint64_t due = UINT64_MAX;
	bool moving = false;

	for (size_t i = 0; i < count; i++) {
		moving = moving || work_moving(&works[i]);
		if (works[i].task.step == PROVIDER_SEND && works[i].at != 0 && works[i].at < due)
			due = works[i].at;
	}
	uint64_t limit = due < until ? due : until;
	if (moving)
		return call_wait(calls, count, hangup_fd, limit, e) == 0 || (e->code == ERR_TIMEOUT && limit == due) ? 0 : -1;
	if (due == UINT64_MAX)
		return 0;
	// Nothing but a wait: a request is due later.
	uint64_t now = monotonic_ms(), left = limit > now ? limit - now : 0;
	struct pollfd p = {.fd = hangup_fd, .events = POLLRDHUP};
	if (poll(&p, 1, left > INT_MAX ? INT_MAX : (int)left) > 0)
		return err_set(e, ERR_GONE, "the visitor left");
	return limit == due ? 0 : err_set(e, ERR_TIMEOUT, "no time is left");
}

// Whether the vendor is yet to say by what it knows the work, without which that can be neither cancelled nor deleted there.
static bool work_unnamed(const struct peer_work *w)
{
	return w->task.step == PROVIDER_SEND && w->at == 0 && w->task.request.once && w->task.reference == NULL &&
	       (w->by->provider->removal.ask != NULL || w->by->provider->can[w->task.ability].leave != NULL);
}

// What is under way is cancelled; of what is unnamed the reply is taken first.
static void work_leave(struct peer_work *w, const struct generator *g)
{
	if (work_unnamed(w))
		peer_go_on(w, g);
	if (!w->task.leaving && !work_unnamed(w)) {
		call_end(w->call);
		provider_leave(&w->task);
		w->at = monotonic_ms();
	}
	if (w->task.leaving)
		peer_go_on(w, g);
}

void peer_leave(struct peer_work *works, struct call *calls, size_t count, const struct generator *g)
{
	uint64_t until = monotonic_ms() + LEAVE_MS;
	struct err e = {0};
	bool left = false;

	for (size_t i = 0; i < count; i++)
		works[i].deadline = until;
	while (!left && monotonic_ms() < until) {
		left = true;
		for (size_t i = 0; i < count; i++) {
			work_leave(&works[i], g);
			left = left && works[i].task.step == PROVIDER_ENDED;
		}
		if (!left && peer_wait(works, calls, count, -1, until, &e) != 0)
			break;
	}
	for (size_t i = 0; i < count; i++) {
		call_end(works[i].call);
		work_left(&works[i], g);
		provider_free(&works[i].task);
	}
}

struct peer_failure peer_failure(enum provider_result result, const struct err *say)
{
	if (say->code == ERR_FULL)
		return (struct peer_failure){"missing.space", "sent.unusable"};
	if (result == PROVIDER_FILTERED)
		return (struct peer_failure){"missing.filtered", "sent.filtered"};
	if (result == PROVIDER_LIMITED)
		return (struct peer_failure){"missing.limited", "sent.limited"};
	if (peer_refused_region(result, say))
		return (struct peer_failure){"missing.region", "sent.region"};
	if (result == PROVIDER_REFUSED)
		return (struct peer_failure){"missing.refused", "sent.refused"};
	return say->code == ERR_TIMEOUT ? (struct peer_failure){"missing.late", "sent.late"}
					: (struct peer_failure){"missing.unusable", "sent.unusable"};
}

bool peer_refused_region(enum provider_result result, const struct err *say)
{
	return result == PROVIDER_REFUSED && say->code == ERR_REFUSED;
}

uint64_t peer_share(uint64_t deadline, bool another)
{
	uint64_t now = monotonic_ms();

	return !another || deadline <= now ? deadline : now + (deadline - now) / 3 * 2;
}
