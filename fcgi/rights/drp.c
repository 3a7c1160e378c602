// SPDX-License-Identifier: ISC
#include "fcgi/rights/drp.h"
#include "fcgi/rights/agent_request.h"
#include "policy/base/array.h"
#include "policy/base/setting.h"
#include "policy/rights/letter.h"
#include "policy/rights/request.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void drp_respond_fault(struct request *r, int status, const char *message, bool fatal)
{
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	char code[16];

	snprintf(code, sizeof code, "%d", status);
	json_put_texts(o, JSON_TEXTS({"code", code}, {"message", message}));
	if (fatal)
		cJSON_AddTrueToObject(o, "fatal");
	respond_json(r, status, o);
}

static void drp_respond_failure(struct request *r, const struct err *e)
{
	note_line("a request of an agent failed: %s", e->text);
	drp_respond_fault(r, e->code == ERR_TIMEOUT ? 504 : 503, "This cannot be done now. Try again later.", false);
}

// The business that this is; NULL: the protocol is off, and that is answered.
static const char *business_here(struct request *r)
{
	const char *business = setting("LETHE_DRP_BUSINESS", NULL);

	if (business == NULL)
		respond_problem(r, 404, "problem.not-found", NULL, NULL);
	return business;
}

// NULL: nobody whom this site knows, or the protocol is off, and that is answered.
static const cJSON *sender(struct request *r, struct vault *v, cJSON **agents)
{
	struct err e = {0};

	if (business_here(r) == NULL)
		return NULL;
	const cJSON *agent = agent_request_sender(r, v, AGENT_DRP, agents, &e);
	if (e.code != ERR_NONE)
		drp_respond_failure(r, &e);
	else if (agent == NULL)
		drp_respond_fault(r, 401, "The bearer token is none that this site gave out: POST /v1/agent/{agent-id} gives one.", true);
	return agent;
}

// Reads what the sender has signed; else that is answered.
static bool signed_read(struct request *r, struct agent_message *m, const cJSON *agent, bool timed)
{
	size_t len;
	const char *body = request_body(r, &len);
	const bool read = agent_message_signed(m, body, len, agent, setting("LETHE_DRP_BUSINESS", ""), when_now(), timed) == 0;

	if (!read)
		drp_respond_fault(r, m->status, m->fault, m->fatal);
	return read;
}

// ---- statuses ----

static const char *denied_reason(const cJSON *shown)
{
	static const struct {
		const char *ground, *reason;
	} reasons[] = {{"identity-failure", "insuf_verification"}, {"identity-required", "insuf_verification"},
		       {"information-required", "no_match"},       {"manifestly-excessive", "too_many_requests"},
		       {"malicious-intent", "suspected_fraud"},    {"legal-claims", "claim_not_covered"},
		       {"legally-required", "claim_not_covered"},  {"freedom-of-expression", "claim_not_covered"},
		       {"public-health", "claim_not_covered"},     {"public-interest", "claim_not_covered"},
		       {"archiving", "claim_not_covered"},         {"spam", "suspected_fraud"},
		       {"non-responsive", "insuf_verification"}};
	const cJSON *refused = letter_event(shown, "refused"), *closed = letter_event(shown, "closed");
	const char *ground = json_string(strcmp(json_string(shown, "state"), "refused") == 0 ? refused : closed, "ground");

	for (size_t i = 0; ground != NULL && i < ARRAY_LEN(reasons); i++)
		if (strcmp(reasons[i].ground, ground) == 0)
			return reasons[i].reason;
	return "other";
}

// Why it stands as it does: what an officer wrote for the person, without anything personal, newest first.
static void details_add(cJSON *status, const cJSON *shown)
{
	BUF_AUTO struct buf text = BUF_INIT(8192);
	const cJSON *event, *last = NULL;

	cJSON_ArrayForEach(event, json_get(shown, "events"))
	{
		last = json_string(event, "reason") != NULL ? event : last;
	}
	if (last != NULL)
		buf_printf(&text, "%s: %s", json_string(last, "event"), json_string(last, "reason"));
	if (cJSON_IsTrue(json_get(json_get(shown, "agent"), "callback")))
		buf_printf(&text, "%sstatus_callback is not called here: ask for the status.", text.len > 0 ? " " : "");
	if (text.len > 0)
		cJSON_AddStringToObject(status, "processing_details", buf_text(&text));
}

static void respond_status(struct request *r, struct vault *v, const cJSON *shown)
{
	const char *number = json_string(json_get(shown, "agent"), "request");
	char url[AGENT_URL_MAX], until[WHEN_TEXT], site[AGENT_URL_MAX / 2], page[AGENT_URL_MAX];
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	static const char *const statuses[STATE_COUNT] = {
	    [STATE_OPEN] = "in_progress", [STATE_WAITING] = "in_progress", [STATE_PARTIAL] = "in_progress", [STATE_FULFILLED] = "fulfilled",
	    [STATE_REFUSED] = "denied",   [STATE_CLOSED] = "denied",       [STATE_WITHDRAWN] = "revoked"};
	const enum rights_state at = rights_state_read(json_string(shown, "state"));
	const bool denied = at == STATE_REFUSED || at == STATE_CLOSED, verify = at == STATE_WAITING &&
										letter_event(shown, "identity-asked") != NULL &&
										!cJSON_IsTrue(json_get(shown, "verified"));
	const char *reason = denied ? denied_reason(shown) : verify ? "need_user_verification" : NULL;
	const bool results = agent_request_results(r, v, shown, url, sizeof url, until);
	request_site(r, site, sizeof site);
	snprintf(page, sizeof page, "%s/rights", site);
	json_put_texts(o, JSON_TEXTS({"request_id", json_string(shown, "id")}, {"received_at", json_string(shown, "received")},
				     {"expected_by", json_string(shown, "answer_by")}, {"agent_request_id", number},
				     {"status", statuses[at]}, {"reason", reason}, {"user_verification_url", verify ? page : NULL},
				     {"results_url", results ? url : NULL}, {"expires_at", results ? until : NULL}));
	details_add(o, shown);
	respond_json(r, 200, o);
}

// ---- the endpoints ----

void drp_exercise(struct request *r, void *vault)
{
	__attribute__((cleanup(agent_message_free))) struct agent_message m = {0};
	JSON_AUTO cJSON *agents = NULL, *shown = NULL;
	const cJSON *agent = sender(r, vault, &agents);
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};
	bool again;

	if (agent == NULL || !signed_read(r, &m, agent, true))
		return;
	if (agent_message_exercise(&m, vault_policy(vault)) != 0)
		drp_respond_fault(r, m.status, m.fault, m.fatal);
	else if (agent_request_store(vault, agent, &m, id, &again, &e) != 0 || (shown = agent_request_show(vault, id, agent, &e)) == NULL)
		drp_respond_failure(r, &e);
	else if (again && strcmp(json_string(shown, "right"), m.right) != 0)
		drp_respond_fault(r, 409, "agent-request-id is that of another request.", true);
	else
		respond_status(r, vault, shown);
}

// The request that the address names. NULL: it is none of this agent's, and that is answered, the same for every other one.
static cJSON *drp_own_request(struct request *r, struct vault *v, const cJSON *agent)
{
	struct err e = {0};
	cJSON *shown = agent_request_show(v, request_rest(r), agent, &e);

	if (shown == NULL && e.code == ERR_NOT_FOUND)
		drp_respond_fault(r, 403, "This is no request of this agent.", true);
	else if (shown == NULL)
		drp_respond_failure(r, &e);
	return shown;
}

void drp_status(struct request *r, void *vault)
{
	JSON_AUTO cJSON *agents = NULL;
	const cJSON *agent = sender(r, vault, &agents);
	JSON_AUTO cJSON *shown = agent != NULL ? drp_own_request(r, vault, agent) : NULL;

	if (shown != NULL)
		respond_status(r, vault, shown);
}

// By the protocol a revocation says nothing but why. So each takes back one request: whoever has got hold of one cannot use it for another request,
// nor again when the request was opened anew. One that names its request is good for that alone from the beginning.
static int drp_take_back(struct request *r, struct vault *v, const struct agent_message *m, const cJSON *shown, const cJSON *agent)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; // so that none takes back two
	const struct {
		const char *claim, *is;
	} names[] = {{"request_id", json_string(shown, "id")}, {"agent-request-id", json_string(json_get(shown, "agent"), "request")}};
	const char *id = json_string(shown, "id");
	const struct rights_act act = {
	    .event = EVENT_WITHDRAWN, .by = "person", .how = "agent", .text = json_string(m->claims, "reason"), .signed_sha256 = m->once};
	char used[RECORD_ID_LEN + 1];
	struct err e = {0};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *claim = json_string(m->claims, names[i].claim);
		if (json_get(m->claims, names[i].claim) == NULL ||
		    (claim != NULL && names[i].is != NULL && strcmp(claim, names[i].is) == 0))
			continue;
		drp_respond_fault(r, 403, "The message takes back another request.", true);
		return -1;
	}
	pthread_mutex_lock(&one_at_a_time);
	const bool again = rights_find_signed(v, json_string(agent, "id"), m->once, used, &e) == 0;
	int ret = again || e.code != ERR_NOT_FOUND ? -1 : 0;
	if (ret == 0) {
		e = (struct err){0};
		ret = rights_act(v, id, &act, &e);
	}
	pthread_mutex_unlock(&one_at_a_time);
	// The same message for the same request, whose answer was lost.
	if (again && strcmp(used, id) == 0 && strcmp(json_string(shown, "state"), rights_state_names[STATE_WITHDRAWN]) == 0)
		return 0;
	if (again)
		drp_respond_fault(r, 409, "This message has taken back a request before: name request_id in the one that you sign.", true);
	else if (ret != 0 && e.code == ERR_REFUSED)
		drp_respond_fault(r, 409, "It is over, and cannot be taken back.", true);
	else if (ret != 0)
		drp_respond_failure(r, &e);
	return ret;
}

void drp_revoke(struct request *r, void *vault)
{
	__attribute__((cleanup(agent_message_free))) struct agent_message m = {0};
	JSON_AUTO cJSON *agents = NULL, *after = NULL;
	const cJSON *agent = sender(r, vault, &agents);
	struct err e = {0};

	if (agent == NULL || !signed_read(r, &m, agent, false))
		return;
	const char *reason = json_string(m.claims, "reason");
	// What was signed to ask for something takes nothing back.
	if (reason == NULL || strlen(reason) > AGENT_TEXT_MAX || json_get(m.claims, "exercise") != NULL) {
		drp_respond_fault(r, 400, "reason is needed, as a text that is not too long, and no exercise.", true);
		return;
	}
	JSON_AUTO cJSON *shown = drp_own_request(r, vault, agent);
	if (shown == NULL || drp_take_back(r, vault, &m, shown, agent) != 0)
		return;
	after = agent_request_show(vault, json_string(shown, "id"), agent, &e);
	if (after != NULL)
		respond_status(r, vault, after);
	else
		drp_respond_failure(r, &e);
}

void drp_setup(struct request *r, void *vault)
{
	__attribute__((cleanup(agent_message_free))) struct agent_message m = {0};
	const char *business = business_here(r);
	char token[TOKEN_LEN + 1];
	struct err e = {0};
	size_t len;

	if (business == NULL)
		return;
	JSON_AUTO cJSON *agents = agent_list(setting_state(), &e);
	if (agents == NULL) {
		drp_respond_failure(r, &e);
		return;
	}
	const cJSON *agent = agent_find(agents, AGENT_DRP, request_rest(r));
	const char *body = request_body(r, &len);
	// Whatever is wrong: nothing is said about it.
	if (agent == NULL || agent_message_signed(&m, body, len, agent, business, when_now(), true) != 0) {
		respond_empty(r, 403);
		return;
	}
	agent_token(vault, agent, token);
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	json_put_texts(o, JSON_TEXTS({"agent-id", json_string(agent, "id")}, {"token", token}));
	respond_json(r, 200, o);
	explicit_bzero(token, sizeof token);
}

void drp_agent(struct request *r, void *vault)
{
	JSON_AUTO cJSON *agents = NULL, *nothing = cJSON_CreateObject();
	struct err e = {0};

	if (business_here(r) == NULL)
		return;
	const cJSON *agent = agent_request_sender(r, vault, AGENT_DRP, &agents, &e);
	if (e.code != ERR_NONE)
		drp_respond_failure(r, &e);
	else if (agent == NULL || strcmp(json_string(agent, "id"), request_rest(r)) != 0)
		respond_empty(r, 403);
	else
		respond_json(r, 200, nothing);
}
