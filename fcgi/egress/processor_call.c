// SPDX-License-Identifier: ISC
#include "fcgi/egress/anonymise.h"
#include "fcgi/egress/caller.h"
#include "fcgi/egress/members.h"
#include "fcgi/egress/object.h"
#include "fcgi/egress/resend.h"
#include "fcgi/egress/retry.h"
#include "fcgi/egress/transfer.h"
#include "fcgi/egress/url.h"
#include "fcgi/ipc/egress_call.h"
#include "policy/base/array.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/base/when.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHARE_OF_OTHERS = 8 }; // of all calls at once, which no processor gets alone

struct processor_call {
	struct call_work work;
	struct caller *caller;
	struct transfer transfer;
	struct upstream *upstream;
	const struct processor_route *route;
	char method[8], content_type[200], accept[200], idempotency[64]; // the last three as header lines, or ""
	struct curl_slist headers[7 + 2 * PROCESSOR_LIST];
	struct object_lines *signed_lines; // NULL: it is for no object storage
	kind_set kinds;
	uint64_t deadline;
	bool repeatable, stream, probe, waiting;
	bool queued, paying;         // it waits for one of limits.at_once; it has one of them
	bool has_turn;               // it waits, or has waited, for its place in limits.minute
	struct processor_call *next; // of those that wait
	uint64_t paid;               // for the attempt
	unsigned attempts;
	uint64_t sent;
};

// Whether the policy lets the call go, and the vendor has such a route. False: it has been refused, which freed it.
static bool call_admit(struct processor_call *p, const struct egress_call *call)
{
	static const char *const methods[] = {"POST", "GET", "HEAD", "PUT", "DELETE"};
	struct caller *c = p->caller;
	const char *id = call->processor != NULL ? call->processor : "", *path = call->path != NULL ? call->path : "";
	char words[256], host[256];
	struct err e = {0};
	struct upstream *u = p->upstream = upstream_find(&c->egress->upstreams, id);
	if (u != NULL)
		u->under_way++;
	if (u == NULL)
		caller_refuse_with(c, FAILURE_UNDECLARED, "The policy declares no processor \"%.64s\".", id);
	else if (u->declared->standing == STANDING_BUILT_IN)
		caller_refuse_with(c, FAILURE_NOT_CONFIGURED, "\"%s\" is built in: nothing is sent to it.", u->declared->id);
	else if (u->base == NULL)
		caller_refuse_with(
		    c, FAILURE_NOT_CONFIGURED, "\"%s\" has no address or no key on this machine: set %s and %s.", u->declared->id,
		    u->facts != NULL && processor_address_setting(u->facts) != NULL ? processor_address_setting(u->facts) : "its base URL",
		    u->facts != NULL && u->facts->key != NULL ? u->facts->key : "its key");
	if (u == NULL || u->base == NULL)
		return false;
	// One that is slow leaves place for the others.
	bool others = false;
	for (size_t i = 0; i < c->egress->upstreams.count; i++)
		others = others || (c->egress->upstreams.list[i].base != NULL && &c->egress->upstreams.list[i] != u);
	if (others && u->under_way > c->egress->settings.calls - c->egress->settings.calls / SHARE_OF_OTHERS) {
		caller_refuse(c, FAILURE_CALLS);
		return false;
	}
	for (size_t i = 0; call->method != NULL && i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i], call->method) == 0)
			snprintf(p->method, sizeof p->method, "%s", call->method);
	if (*p->method == '\0') {
		caller_refuse_with(c, FAILURE_BAD_CALL, "The method must be POST, GET, HEAD, PUT or DELETE.");
		return false;
	}
	kind_set left = call->kinds & (~policy_processor_receives(u->declared, when_now()) | u->declared->never_kinds);
	p->kinds = call->kinds;
	if (left != 0) {
		kind_set_words(words, sizeof words, left);
		caller_refuse_with(c, FAILURE_KIND, "The policy does not share this with \"%s\": %s.", u->declared->id, words);
		return false;
	}
	if (call->kinds == 0 && c->call.body_len > 0) {
		caller_refuse(c, FAILURE_KIND);
		return false;
	}
	// The call must be one of the vendor's routes, at its base address or on another of its hosts.
	bool whole = strncmp(path, "http", 4) == 0;
	p->transfer.url = whole                  ? url_whole(path, u->declared, host, &e)
			  : u->s3.secret != NULL ? url_below(u->base, path, u->declared, &e)
						 : url_join(u->base, path, u->declared, &e);
	if (p->transfer.url == NULL) {
		caller_refuse_with(c, e.code == ERR_REFUSED ? FAILURE_HOST : FAILURE_URL, "%s", e.text);
		return false;
	}
	if (whole) {
		path = strstr(path, "://") + 3;
		path += strcspn(path, "/?"); // a "/" behind the "?" begins no path
	}
	p->route = processor_route(u->facts, call->method, whole ? host : NULL, path);
	// A test's peers are all on loopback.
	const struct processor_route *r = EGRESS_TESTING && whole ? u->facts->routes : NULL;
	for (; r != NULL && p->route == NULL && r->method != NULL; r++)
		p->route = r->host != NULL ? processor_route(u->facts, call->method, r->host, path) : NULL;
	if (p->route == NULL || p->route->mail != (call->op == EGRESS_MAIL)) {
		caller_refuse(c, FAILURE_PATH);
		return false;
	}
	if (u->declared->anonymised && c->call.body_len > 0) {
		uint64_t masked = u->traffic.masked;
		if (anonymise_call(&c->call, call->content_type, &u->traffic.masked, &e) != 0) {
			caller_refuse_with(c, e.code == ERR_MEMORY ? FAILURE_MEMORY : FAILURE_KIND,
					   "What \"%s\" gets is anonymised first: %s.", u->declared->id, e.text);
			return false;
		}
		c->egress->traffic_changed = c->egress->traffic_changed || masked != u->traffic.masked;
	}
	// What the vendor must be told with each such call is in the body, and nothing that the row does not name, or the call does not go.
	char name[MEMBERS_NAME];
	enum egress_failure f = members_check(u->declared, p->route, call->kinds, call->content_type, c->call.body, c->call.body_len, name);
	if (f == FAILURE_MEMBER && *name != '\0')
		caller_refuse_with(c, f, "The processor's row does not let \"%s\" be sent in this place.", name);
	else if (f == FAILURE_KIND && *name != '\0')
		caller_refuse_with(c, f, "The call does not say what kind of data \"%s\" is.", name);
	else if (f == FAILURE_FIELD && *name != '\0')
		caller_refuse_with(c, f, "The policy does not let \"%s\" receive this in the field \"%s\".", u->declared->id, name);
	else if (f != FAILURE_NONE)
		caller_refuse(c, f);
	return f == FAILURE_NONE;
}

// ---- the request ----

// Whether the vendor refuses what we are set up with: an object that is not there is none of that.
static bool call_refused(const struct processor_call *p, long status)
{
	return upstream_refuses_us(status) && !(status == 404 && p->route->absent);
}

static cJSON *reply_head(const struct processor_call *p)
{
	cJSON *head = cJSON_CreateObject();
	curl_off_t sending = 0; // by an attempt that is not counted yet
	if (p->transfer.engine.easy != NULL)
		curl_easy_getinfo(p->transfer.engine.easy, CURLINFO_SIZE_UPLOAD_T, &sending);
	cJSON_AddNumberToObject(head, "status", (double)p->transfer.answer.status);
	cJSON_AddStringToObject(head, "type", p->transfer.answer.type);
	if (p->transfer.answer.region[0])
		cJSON_AddStringToObject(head, "region", p->transfer.answer.region);
	cJSON_AddNumberToObject(head, "attempts", p->attempts);
	cJSON_AddNumberToObject(head, "sent", (double)(p->sent + (uint64_t)sending));
	return head;
}

// The upstream's answer, which of a mail is told as a mail server's is.
static void answer_give(struct processor_call *p)
{
	struct answer *a = &p->transfer.answer;
	enum egress_failure f = FAILURE_NONE;
	cJSON *head = NULL;
	if (!p->route->mail) {
		caller_reply(p->caller, reply_head(p), &a->body);
		return;
	}
	f = resend_failure(a->status, buf_text(&a->body), a->body.len);
	head = f == FAILURE_NONE ? cJSON_CreateObject() : frame_error(egress_failure_code(f), egress_failure_words(f));
	if (f == FAILURE_NONE)
		cJSON_AddNumberToObject(head, "status", (double)a->status);
	else if (a->retry_after_ms >= 0)
		cJSON_AddNumberToObject(cJSON_GetObjectItemCaseSensitive(head, "error"), "retry_after_ms", a->retry_after_ms);
	caller_reply(p->caller, head, NULL);
}

static int processor_piece(struct transfer *t, const char *bytes, size_t len)
{
	return caller_stream_add(LOOP_OWNER(t, struct processor_call, transfer)->caller, bytes, len);
}

// Bytes from a region that the policy does not name are not taken.
static int processor_headers_done(struct transfer *t)
{
	struct processor_call *p = LOOP_OWNER(t, struct processor_call, transfer);
	struct upstream *u = p->upstream;
	if (t->answer.region[0] != '\0') {
		memcpy(u->traffic.region_seen, t->answer.region, sizeof t->answer.region);
		if (!upstream_region_allowed(u, t->answer.region)) {
			u->traffic.region_mismatches++;
			t->failure = FAILURE_REGION;
			return -1;
		}
	}
	if (!p->stream || t->answer.status != 200)
		return 0;
	long version = 0;
	curl_easy_getinfo(t->engine.easy, CURLINFO_HTTP_VERSION, &version);
	t->piece = processor_piece;
	bool shared = version >= CURL_HTTP_VERSION_2_0;
	cJSON *head = reply_head(p);
	if (shared)
		cJSON_AddTrueToObject(head, "shared");
	t->failure = caller_stream(p->caller, head, shared) != 0 ? FAILURE_MEMORY : FAILURE_NONE;
	return t->failure == FAILURE_NONE ? 0 : -1;
}

static bool processor_address_allowed(struct transfer *t, const struct sockaddr *address, socklen_t len)
{
	return upstream_address_allowed(LOOP_OWNER(t, struct processor_call, transfer)->upstream, address, len);
}

// Its place goes to the first of those that wait, so that none who comes now is before it, and the place is given on however it ends.
static void attempt_over(struct processor_call *p)
{
	struct upstream *u = p->upstream;
	struct processor_call *first = u->first;
	if (!p->paying)
		return;
	p->paying = false;
	if (first == NULL) {
		u->paid_under_way--;
		return;
	}
	u->first = first->next;
	if (u->first == NULL)
		u->last = &u->first;
	first->queued = false;
	first->paying = first->waiting = true;
	(void)caller_at(first->caller, monotonic_ms()); // it was set before
}

// What left is counted when the attempt is over, however it ended; then the breaker learns how.
static void attempt_count(struct processor_call *p, enum breaker_outcome outcome, enum egress_failure f)
{
	struct traffic *traffic = &p->upstream->traffic;
	long status = p->transfer.answer.status;
	curl_off_t up = 0, before = 0;
	curl_easy_getinfo(p->transfer.engine.easy, CURLINFO_SIZE_UPLOAD_T, &up);
	curl_easy_getinfo(p->transfer.engine.easy, CURLINFO_PRETRANSFER_TIME_T, &before);
	if (before > 0) {
		traffic->requests++;
		traffic->bytes_sent += (uint64_t)up;
		traffic->kinds |= p->kinds;
		p->sent += (uint64_t)up;
	} else if (outcome == OUTCOME_FAILED && f == FAILURE_SLOW) {
		outcome = OUTCOME_UNKNOWN; // it never left: the time was spent waiting for a connection of ours
	}
	if (outcome == OUTCOME_FAILED && p->caller->full)
		outcome = OUTCOME_UNKNOWN; // our caller was slow, so the upstream may have been right to leave
	// One that refuses works, so the breaker is not told; but nothing came of the request.
	if (outcome == OUTCOME_FAILED || (outcome == OUTCOME_GOOD && (status == 400 || call_refused(p, status))))
		traffic->failures++;
	// Another host of the vendor's, as that for deletions, says nothing of the one that makes things.
	if (outcome == OUTCOME_FAILED && p->route->host != NULL)
		outcome = OUTCOME_UNKNOWN;
	// What never left, or was refused, is not paid for.
	if (before == 0 || status >= 400)
		traffic->spent_today -= p->paid < traffic->spent_today ? p->paid : traffic->spent_today;
	else if (p->route->bills != NULL)
		traffic->billed++;
	p->paid = 0;
	attempt_over(p);
	breaker_result(&p->upstream->breaker, outcome, p->probe, monotonic_ms());
	p->probe = false;
	p->caller->egress->traffic_changed = true;
}

static void processor_ended(struct transfer *t, enum egress_failure f)
{
	struct processor_call *p = LOOP_OWNER(t, struct processor_call, transfer);
	bool tls = f == FAILURE_TLS || f == FAILURE_CERTIFICATE, passing = egress_failure_passing(f);
	attempt_count(p, passing || tls || t->answer.status >= 500 ? OUTCOME_FAILED : OUTCOME_GOOD, f);
	if (f == FAILURE_NONE && (call_refused(p, t->answer.status) || !upstream_refuses_us(t->answer.status)))
		traffic_answered(&p->upstream->traffic, t->answer.status, when_now());
	transfer_drop(t);
	uint64_t now = monotonic_ms();
	uint32_t chance;
	random_bytes(&chance, sizeof chance);
	struct retry_facts facts = {.repeatable = p->repeatable,
				    .no_answer = passing,
				    .status = t->answer.status,
				    .told_not_to = t->answer.told_not_to_repeat,
				    .asked_ms = t->answer.retry_after_ms,
				    .attempts = p->attempts,
				    .left_ms = p->deadline > now ? p->deadline - now : 0,
				    .chance = chance};
	int64_t wait = f == FAILURE_NONE || passing ? retry_delay(&facts) : -1;
	p->waiting = wait >= 0 && caller_at(p->caller, now + (uint64_t)wait) == 0;
	if (p->waiting) {
		if (passing)
			transfer_answer_forget(t); // half an answer is none
		if (p->caller->streaming)
			caller_stream_void(p->caller);
	} else if (f == FAILURE_NONE && p->caller->streaming) {
		caller_stream_end(p->caller);
	} else if (f == FAILURE_NONE) {
		answer_give(p);
	} else if (f == FAILURE_ADDRESS) {
		caller_refuse_with(p->caller, f, "\"%s\" leads to an address where the policy does not say that it is.",
				   p->upstream->declared->id);
	} else {
		// A mail of which something was sent may have been taken.
		caller_refuse(p->caller, f == FAILURE_CLOSED && p->route->mail && p->sent > 0 ? FAILURE_BROKEN : f);
	}
}

// Signed anew for each attempt, as a signature holds for some minutes only.
static int request_sign(struct processor_call *p)
{
	const struct frame *frame = &p->caller->call;
	const char *type = p->content_type[0] != '\0' ? p->content_type + strlen("Content-Type: ") : "";
	struct err e;

	if (p->upstream->s3.secret == NULL || p->route->keyless)
		return 0;
	if (p->signed_lines == NULL)
		p->signed_lines = malloc(sizeof *p->signed_lines);
	return p->signed_lines != NULL
		   ? object_sign(p->signed_lines, p->upstream, p->transfer.url, p->method, type, frame->body, frame->body_len, &e)
		   : -1;
}

static void request_options(struct processor_call *p)
{
	CURL *h = p->transfer.engine.easy;
	const struct frame *frame = &p->caller->call;
	size_t n = 0;
	// Left alone, libcurl would add "Expect: 100-continue" to a large body and wait for the consent.
	static char no_expect[] = "Expect:";
	p->headers[n++].data = no_expect;
	if (p->content_type[0])
		p->headers[n++].data = p->content_type;
	if (p->accept[0])
		p->headers[n++].data = p->accept;
	if (p->idempotency[0])
		p->headers[n++].data = p->idempotency;
	if (p->signed_lines != NULL) {
		p->headers[n++].data = p->signed_lines->authorization;
		p->headers[n++].data = p->signed_lines->date;
		p->headers[n++].data = p->signed_lines->payload;
	}
	const char *const *const lists[] = {p->upstream->facts->headers, p->route->headers};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (const char *const *line = lists[i]; *line != NULL; line++)
			p->headers[n++].data = (char *)(uintptr_t)*line; // libcurl only reads it
	for (size_t i = 0; i + 1 < n; i++)
		p->headers[i].next = &p->headers[i + 1];
	p->headers[n - 1].next = p->upstream->key.data != NULL && !p->route->keyless ? &p->upstream->key : NULL;
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, p->headers);
	bool own = p->upstream->within_count > 0;
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, (EGRESS_TESTING && !own) ? "http,https" : p->upstream->plain ? "http" : "https");
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	// Over TLS it is known after the handshake whether a connection can be shared; over plain http (a test's) only after a whole answer.
	bool tls = strncasecmp(p->upstream->base, "https:", 6) == 0;
	curl_easy_setopt(h, CURLOPT_PIPEWAIT, tls ? 1L : 0L);
	curl_easy_setopt(h, CURLOPT_DNS_CACHE_TIMEOUT, 300L);
	curl_easy_setopt(h, CURLOPT_USERAGENT, "lethe");
#ifdef LETHE_TESTING // all hosts are one peer
	static struct curl_slist peer;
	peer.data = (char *)(uintptr_t)setting("LETHE_CONNECT_TO", NULL);
	curl_easy_setopt(h, CURLOPT_CONNECT_TO, peer.data != NULL && !own ? &peer : NULL);
#endif
	if (p->stream) // of a picture much is there at once; nothing of it is touched while one waits
		curl_easy_setopt(h, CURLOPT_BUFFERSIZE, (long)FRAME_CHUNK_MAX);
	if (p->transfer.bodyless)
		curl_easy_setopt(h, CURLOPT_NOBODY, 1L);
	if (p->transfer.bodyless || strcmp(p->method, "GET") == 0)
		return;
	if (strcmp(p->method, "POST") != 0)
		curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, p->method);
	if (strcmp(p->method, "POST") == 0 || frame->body_len > 0) {
		curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)frame->body_len);
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, frame->body_len > 0 ? frame->body : "");
	}
}

// Whether the limits of what is paid for let the attempt go now. False: it waits, or was refused.
static bool attempt_admit(struct processor_call *p)
{
	struct upstream *u = p->upstream;
	uint64_t now = monotonic_ms(), apart = u->limits.minute > 0 ? 60 * 1000 / u->limits.minute : 0;
	if (!p->paying && u->limits.at_once > 0 && u->paid_under_way >= u->limits.at_once) {
		p->queued = true;
		p->next = NULL;
		*u->last = p;
		u->last = &p->next;
		(void)caller_at(p->caller, p->deadline); // it was set before
		return false;
	}
	u->paid_under_way += p->paying ? 0 : 1;
	p->paying = true;
	// Its time is its own from now on, also if it leaves.
	uint64_t turn = apart == 0 || p->has_turn || u->next_ms < now ? now : u->next_ms;
	if (turn >= p->deadline) {
		caller_refuse_with(p->caller, FAILURE_BUDGET, "\"%s\" gets no more requests in a minute.", u->declared->id);
		return false;
	}
	if (!p->has_turn)
		u->next_ms = turn + apart;
	p->has_turn = turn > now;
	if (p->has_turn) {
		p->waiting = true;
		(void)caller_at(p->caller, turn); // it was set before
		return false;
	}
	return true;
}

// Why an attempt that is paid for cannot go, however long it would wait for its place. Nothing is counted.
static enum egress_failure attempt_ruled_out(const struct processor_call *p)
{
	struct upstream *u = p->upstream;
	uint64_t daily = p->caller->egress->settings.daily, calls = u->limits.calls > 0 ? u->limits.calls : daily;
	if (breaker_refuses(&u->breaker, monotonic_ms()))
		return FAILURE_BREAKER;
	if (upstream_affords(u, when_now(), daily, upstream_cost(u, p->route)))
		return FAILURE_NONE;
	if (!u->traffic.spent_told && calls > 0 && u->traffic.today >= calls)
		fprintf(stderr, "egress: WARNING: the %llu requests that %s may get in a day are spent (%s)\n", (unsigned long long)calls,
			u->declared->id, u->limits.calls > 0 ? "LETHE_EGRESS_LIMITS" : "LETHE_EGRESS_DAILY");
	else if (!u->traffic.spent_told)
		fprintf(stderr, "egress: WARNING: the money that %s may cost in a day is spent (LETHE_EGRESS_LIMITS)\n", u->declared->id);
	u->traffic.spent_told = true;
	return FAILURE_BUDGET;
}

// The limits are for what is paid for. What asks how that fares, fetches it, cancels or deletes it always goes: else it would be paid for nothing, or
// stay with the vendor.
static void attempt_start(struct processor_call *p)
{
	struct upstream *u = p->upstream;
	bool bills = p->route->bills != NULL;
	p->waiting = false;
	enum egress_failure f = bills ? attempt_ruled_out(p) : FAILURE_NONE;
	if (f == FAILURE_NONE) {
		if (bills && !attempt_admit(p))
			return;
		p->probe = breaker_ask(&u->breaker, monotonic_ms()) == BREAKER_PROBE;
		p->paid = upstream_cost(u, p->route);
		if (bills) {
			upstream_spend(u, p->paid);
			p->caller->egress->traffic_changed = true; // what is under way counts also when this program dies
		}
		p->attempts++;
		if (request_sign(p) == 0 && transfer_prepare(&p->transfer, EGRESS_REPLY_MAX) == 0) {
			request_options(p);
			if (caller_at(p->caller, p->deadline) == 0 && transfer_start(&p->transfer) == 0)
				return;
		}
		f = FAILURE_MEMORY;
		breaker_result(&u->breaker, OUTCOME_UNKNOWN, p->probe, monotonic_ms());
	}
	attempt_over(p);
	// The next attempt may not go: what the last one brought, if anything, is the answer.
	if (f != FAILURE_MEMORY && p->transfer.answer.status >= 400)
		answer_give(p);
	else
		caller_refuse(p->caller, f);
}

static void processor_due(struct call_work *w)
{
	struct processor_call *p = LOOP_OWNER(w, struct processor_call, work);
	if (p->waiting) {
		attempt_start(p);
		return;
	}
	if (p->queued) {
		caller_refuse_with(p->caller, FAILURE_BUDGET, "\"%s\" is asked as much at once as it may be.", p->upstream->declared->id);
		return;
	}
	if (p->transfer.engine.easy != NULL)
		attempt_count(p, OUTCOME_FAILED, FAILURE_SLOW);
	caller_refuse_with(p->caller, FAILURE_SLOW, "The processor \"%s\" did not answer in time.", p->upstream->declared->id);
}

static void processor_left(struct call_work *w)
{
	struct processor_call *p = LOOP_OWNER(w, struct processor_call, work);
	if (p->transfer.engine.easy != NULL)
		attempt_count(p, OUTCOME_UNKNOWN, FAILURE_NONE);
}

static void processor_full(struct call_work *w, bool full)
{
	struct processor_call *p = LOOP_OWNER(w, struct processor_call, work);
	engine_pause(&p->caller->egress->engine, &p->transfer.engine, full);
}

static void processor_free(struct call_work *w)
{
	struct processor_call *p = LOOP_OWNER(w, struct processor_call, work);
	struct upstream *u = p->upstream;
	for (struct processor_call **at = u != NULL && p->queued ? &u->first : NULL; at != NULL && *at != NULL; at = &(*at)->next) {
		if (*at != p)
			continue;
		*at = p->next;
		if (u->last == &p->next)
			u->last = at;
		break;
	}
	if (u != NULL) {
		u->under_way--;
		attempt_over(p);
	}
	transfer_free(&p->transfer);
	free(p->signed_lines);
	free(p);
}

void processor_call_begin(struct caller *c, const struct egress_call *call)
{
	static const struct call_work_type type = {processor_due, processor_left, processor_full, processor_free};
	struct processor_call *p = c->egress->under_way <= c->egress->settings.calls ? calloc(1, sizeof *p) : NULL;
	if (p == NULL) {
		caller_refuse(c, c->egress->under_way > c->egress->settings.calls ? FAILURE_CALLS : FAILURE_MEMORY);
		return;
	}
	p->work.type = &type;
	p->caller = c;
	p->transfer = (struct transfer){.egress = c->egress, .headers_done = processor_headers_done, .ended = processor_ended};
	p->deadline = monotonic_ms() + call->deadline_ms;
	p->repeatable = call->repeatable;
	p->stream = call->stream;
	if (call->content_type != NULL)
		snprintf(p->content_type, sizeof p->content_type, "Content-Type: %s", call->content_type);
	if (call->op == EGRESS_MAIL)
		snprintf(p->idempotency, sizeof p->idempotency, "Idempotency-Key: %s", call->id);
	if (call->accept != NULL)
		snprintf(p->accept, sizeof p->accept, "Accept: %s", call->accept);
	c->work = &p->work;
	if (!call_admit(p, call))
		return;
	p->transfer.bodyless = strcmp(p->method, "HEAD") == 0;
	p->transfer.region_header = p->upstream->facts->region_header;
	p->transfer.address_allowed = p->upstream->within_count > 0 ? processor_address_allowed : NULL;
	attempt_start(p);
}
