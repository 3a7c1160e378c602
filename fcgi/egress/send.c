// SPDX-License-Identifier: ISC
// A job for a processor: everything that the policy or the settings forbid is refused before a byte leaves, then the request is made,
// repeated where that is safe, and its answer handed back unless it comes from the wrong region.
#include "fcgi/egress/egress.h"
#include "fcgi/egress/retry.h"
#include "fcgi/egress/url.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/base/when.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// Whether the policy shares with the processor what the call carries.
static int kinds_admit(struct job *j, kind_set kinds)
{
	char words[256];
	kind_set left = kinds & ~j->upstream->declared->kinds;
	j->kinds = kinds;
	if (left) {
		kind_set_words(words, sizeof words, left);
		job_refuse(j, KIND_NOT_SHARED, "The policy does not share this with \"%s\": %s.", j->upstream->declared->id, words);
		return -1;
	}
	if (kinds == 0 && j->call.body_len > 0) {
		job_refuse(j, KIND_NOT_SHARED, "The call has a body and does not say what kinds of data are in it.");
		return -1;
	}
	return 0;
}

// The processor, or NULL after a refusal.
static struct upstream *upstream_for(struct job *j, const char *id)
{
	struct upstream *u = id != NULL ? upstream_find(&j->egress->upstreams, id) : NULL;
	if (u == NULL)
		job_refuse(j, UNDECLARED_PROCESSOR, "The policy declares no processor \"%.64s\".", id != NULL ? id : "");
	else if (u->declared->local)
		job_refuse(j, NOT_CONFIGURED, "\"%s\" is built in: nothing is sent to it.", u->declared->id);
	else if (u->base == NULL)
		job_refuse(j, NOT_CONFIGURED, "\"%s\" has no address or no key on this machine: set %s and %s.", u->declared->id,
			   u->facts != NULL && u->facts->address != NULL ? u->facts->address : "its base URL",
			   u->facts != NULL && u->facts->key != NULL ? u->facts->key : "its key");
	else
		return u;
	return NULL;
}

static cJSON *reply_head(const struct job *j)
{
	cJSON *head = cJSON_CreateObject();
	cJSON_AddNumberToObject(head, "status", (double)j->answer.status);
	cJSON_AddStringToObject(head, "type", j->answer.type);
	if (j->answer.region[0])
		cJSON_AddStringToObject(head, "region", j->answer.region);
	cJSON_AddNumberToObject(head, "attempts", j->attempts);
	cJSON_AddNumberToObject(head, "sent", (double)j->sent);
	return head;
}

// Bytes from a region that the policy does not name are not taken.
static int send_headers_done(struct job *j)
{
	struct upstream *u = j->upstream;
	if (j->answer.region[0] == '\0')
		return 0;
	memcpy(u->traffic.region_seen, j->answer.region, sizeof j->answer.region);
	if (upstream_region_allowed(u, j->answer.region))
		return 0;
	u->traffic.region_mismatches++;
	j->failure = REGION_MISMATCH;
	j->failure_words = "The processor answered from a region that the policy does not name.";
	return -1;
}

// What left is counted when the attempt is over, however it ended; then the breaker learns how.
static void account(struct job *j, enum breaker_outcome outcome)
{
	struct traffic *t = &j->upstream->traffic;
	curl_off_t up = 0, before = 0;
	curl_easy_getinfo(j->transfer.easy, CURLINFO_SIZE_UPLOAD_T, &up);
	curl_easy_getinfo(j->transfer.easy, CURLINFO_PRETRANSFER_TIME_T, &before);
	if (before > 0) {
		t->requests++;
		t->bytes_sent += (uint64_t)up;
		t->kinds |= j->kinds;
		j->sent += (uint64_t)up;
	} else if (outcome == OUTCOME_FAILED && j->failure == TIMED_OUT) {
		outcome = OUTCOME_UNKNOWN; // it never left: the time was spent waiting for a connection of ours
	}
	// One that refuses works, so the breaker is not told; but nothing came of the request.
	bool useless = j->answer.status == 400 || refuses_us(j->answer.status);
	if (outcome == OUTCOME_FAILED || (outcome == OUTCOME_GOOD && useless))
		t->failures++;
	breaker_result(&j->upstream->breaker, outcome, j->probe, monotonic_ms());
	j->probe = false;
	j->egress->traffic_changed = true;
}

static bool repeat_later(struct job *j, bool no_answer)
{
	uint64_t now = monotonic_ms();
	uint32_t chance;
	random_bytes(&chance, sizeof chance);
	struct retry_facts facts = {.repeatable = j->repeatable,
				    .no_answer = no_answer,
				    .status = j->answer.status,
				    .told_not_to = j->answer.told_not_to_repeat,
				    .asked_ms = j->answer.retry_after_ms,
				    .attempts = j->attempts,
				    .left_ms = j->deadline > now ? j->deadline - now : 0,
				    .chance = chance};
	int64_t wait = retry_delay(&facts);
	if (wait < 0 || loop_at(&j->egress->loop, &j->timer, now + (uint64_t)wait) != 0)
		return false;
	j->waiting = true;
	return true;
}

// Worth another attempt: the connection failed or broke. Not: a certificate, a size, a region.
static bool connection_failure(enum failure t)
{
	return t == UNRESOLVABLE || t == UNREACHABLE || t == TIMED_OUT || t == TRUNCATED;
}

static void send_ended(struct job *j, CURLcode result)
{
	const char *words = "";
	enum failure t = result == CURLE_OK ? FAILURE_NONE : transfer_failure(j, result, &words);
	bool failed = connection_failure(t) || t == TLS_FAILED || j->answer.status >= 500;
	account(j, failed ? OUTCOME_FAILED : OUTCOME_GOOD);
	if (t == FAILURE_NONE)
		traffic_answered(&j->upstream->traffic, j->answer.status, when_now());
	transfer_free(j);
	if ((t == FAILURE_NONE || connection_failure(t)) && repeat_later(j, t != FAILURE_NONE)) {
		if (t != FAILURE_NONE)
			answer_reset(&j->answer, FRAME_BODY_MAX); // half an answer is none
		return;
	}
	if (t == FAILURE_NONE)
		job_reply(j, reply_head(j), true);
	else
		job_refuse(j, t, "%s", words);
}

static void send_dropped(struct job *j, bool timed_out)
{
	if (timed_out)
		j->failure = TIMED_OUT;
	if (j->transfer.easy != NULL)
		account(j, timed_out ? OUTCOME_FAILED : OUTCOME_UNKNOWN);
	if (timed_out)
		job_refuse(j, TIMED_OUT, "The processor \"%s\" did not answer in time.", j->upstream->declared->id);
}

static void transfer_options(struct job *j)
{
	CURL *h = j->transfer.easy;
	size_t n = 0;
	// Left alone, libcurl would add "Expect: 100-continue" to a large body and wait for the consent.
	static char no_expect[] = "Expect:";
	j->headers[n++].data = no_expect;
	if (j->content_type[0])
		j->headers[n++].data = j->content_type;
	if (j->accept[0])
		j->headers[n++].data = j->accept;
	for (size_t i = 0; i + 1 < n; i++)
		j->headers[i].next = &j->headers[i + 1];
	j->headers[n - 1].next = j->upstream->key.data != NULL ? &j->upstream->key : NULL;
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, j->headers);
	curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, EGRESS_TESTING ? "http,https" : "https");
	curl_easy_setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	// Over TLS it is known after the handshake whether a connection can be shared; over plain http (a test's) only after a whole answer.
	curl_easy_setopt(h, CURLOPT_PIPEWAIT, strncasecmp(j->upstream->base, "https:", 6) == 0 ? 1L : 0L);
	curl_easy_setopt(h, CURLOPT_DNS_CACHE_TIMEOUT, 300L);
	curl_easy_setopt(h, CURLOPT_USERAGENT, "lethe");
	if (strcmp(j->method, "GET") == 0)
		return;
	if (strcmp(j->method, "POST") != 0)
		curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, j->method);
	if (strcmp(j->method, "POST") == 0 || j->call.body_len > 0) {
		curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)j->call.body_len);
		curl_easy_setopt(h, CURLOPT_POSTFIELDS, j->call.body);
	}
}

// The end of a job whose next attempt may not go: with what the last one brought, if anything.
static void give_up(struct job *j, enum failure t, const char *words)
{
	if (j->answer.status >= 400)
		job_reply(j, reply_head(j), true);
	else
		job_refuse(j, t, "%s", words);
}

static void attempt(struct job *j)
{
	struct upstream *u = j->upstream;
	enum breaker_answer answer = breaker_ask(&u->breaker, monotonic_ms());
	j->waiting = false;
	if (answer == BREAKER_REFUSED) {
		give_up(j, BREAKER_IS_OPEN, "The processor failed several times in a row and is left alone for a while.");
		return;
	}
	j->probe = answer == BREAKER_PROBE;
	if (traffic_spend(&u->traffic, when_now(), j->egress->settings.daily) != 0) {
		breaker_result(&u->breaker, OUTCOME_UNKNOWN, j->probe, monotonic_ms());
		give_up(j, BUDGET_SPENT, "The day's budget of requests to the processor is spent (LETHE_EGRESS_DAILY).");
		return;
	}
	answer_reset(&j->answer, FRAME_BODY_MAX);
	j->attempts++;
	if (transfer_prepare(j) == 0) {
		transfer_options(j);
		if (loop_at(&j->egress->loop, &j->timer, j->deadline) == 0 && transfer_start(j) == 0)
			return;
	}
	breaker_result(&u->breaker, OUTCOME_UNKNOWN, j->probe, monotonic_ms());
	job_refuse(j, BUDGET_SPENT, "There is no memory left.");
}

void send_begin(struct job *j, const struct egress_call *call)
{
	static const char *const methods[] = {"POST", "GET", "DELETE"};
	struct err e = {0};
	if (j->egress->under_way > j->egress->settings.jobs) {
		job_refuse(j, BUDGET_SPENT, "Too many calls are under way; later may work.");
		return;
	}
	j->upstream = upstream_for(j, call->processor);
	if (j->upstream == NULL)
		return;
	for (size_t i = 0; call->method != NULL && i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i], call->method) == 0)
			snprintf(j->method, sizeof j->method, "%s", call->method);
	if (!j->method[0]) {
		job_refuse(j, BAD_CALL, "The method must be POST, GET or DELETE.");
		return;
	}
	if (call->content_type != NULL)
		snprintf(j->content_type, sizeof j->content_type, "Content-Type: %s", call->content_type);
	if (call->accept != NULL)
		snprintf(j->accept, sizeof j->accept, "Accept: %s", call->accept);
	if (kinds_admit(j, call->kinds) != 0)
		return;
	j->url = url_join(j->upstream->base, call->path != NULL ? call->path : "", j->upstream->declared, &e);
	if (j->url == NULL) {
		job_refuse(j, e.code == ERR_REFUSED ? HOST_NOT_ALLOWED : BAD_URL, "%s", e.text);
		return;
	}
	j->repeatable = call->repeatable;
	j->ended = send_ended;
	j->headers_done = send_headers_done;
	j->dropped = send_dropped;
	j->repeat = attempt;
	attempt(j);
}
