// SPDX-License-Identifier: ISC
#include "fcgi/rights/agent_request.h"
#include "fcgi/rights/export.h"
#include "policy/base/setting.h"
#include "policy/rights/at_once.h"
#include "policy/vault/seal.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { ONCE_MAX = 512, LINK_SECONDS = 7 * 86400 };

const cJSON *agent_request_sender(const struct request *r, struct vault *v, const char *protocol, cJSON **agents, struct err *e)
{
	const char *authorization = request_header(r, "Authorization"), *token = NULL;

	if (authorization != NULL && strncasecmp(authorization, "Bearer ", 7) == 0)
		token = authorization + 7 + strspn(authorization + 7, " ");
	*agents = agent_list(setting_state(), e);
	return *agents != NULL ? agent_by_token(v, *agents, protocol, token) : NULL;
}

static void once_text(char out[ONCE_MAX], const cJSON *agent, const char *number)
{
	snprintf(out, ONCE_MAX, "%s %s %s", json_string(agent, "protocol"), json_string(agent, "id"), number);
}

int agent_request_find(struct vault *v, const cJSON *agent, const char *number, char id[RECORD_ID_LEN + 1], struct err *e)
{
	char once[ONCE_MAX];

	once_text(once, agent, number);
	return rights_find_once(v, once, id, e);
}

static cJSON *agent_member(const cJSON *agent, const struct agent_message *m)
{
	const char *regime = json_string(m->claims, strcmp(json_string(agent, "protocol"), AGENT_DRP) == 0 ? "regime" : "regulation");
	char sha256[2 * HASH_LEN + 1];
	uint8_t hash[HASH_LEN];
	cJSON *o = json_make(JSON_MEMBERS(MEMBER_TEXT("name", json_string(agent, "name")), MEMBER_TEXT("id", json_string(agent, "id")),
					  MEMBER_TEXT("protocol", json_string(agent, "protocol")),
					  MEMBER_TEXT("request", m->numbered ? m->once : NULL), MEMBER_TEXT("answer_to", "agent"),
					  MEMBER_TEXT("regime", regime), MEMBER_FLAG("callback", m->callback)));

	if (o == NULL || m->mandate == NULL)
		return o;
	plain_hash(hash, &(struct bytes){m->mandate, strlen(m->mandate)}, 1);
	hex_encode(sha256, hash, sizeof hash);
	if (!json_put(cJSON_AddObjectToObject(o, "mandate"), JSON_MEMBERS(MEMBER_TIME("seen", when_now()), MEMBER_TEXT("sha256", sha256))))
		json_free(&o);
	return o;
}

// What the sender has verified settles who it is where the policy asks for mail, or for identity; a receipt it can only name.
static void identity_settle(struct vault *v, const char *id, const struct agent_message *m)
{
	const struct policy_right *right = policy_right_named(vault_policy(v), m->right);
	char reason[128];

	if (right == NULL || (right->verify != VERIFY_MAIL && right->verify != VERIFY_IDENTITY) || strstr(m->verified, "email") == NULL)
		return;
	snprintf(reason, sizeof reason, "verified by the agent: %s", m->verified);
	(void)rights_act(v, id, &(struct rights_act){.event = EVENT_IDENTITY_GIVEN, .by = "site", .how = "agent", .reason = reason}, NULL);
}

// A request for a copy that proves control of what it names is answered by the link to it.
static void copy_answer(struct vault *v, const char *id, const struct agent_message *m)
{
	const struct policy_right *right = policy_right_named(vault_policy(v), m->right);

	if (right == NULL || !right->self_service || (right->id != RIGHT_ACCESS && right->id != RIGHT_PORTABILITY))
		return;
	JSON_AUTO cJSON *shown = rights_show_officer(v, id, false, NULL);
	if (cJSON_IsTrue(json_get(shown, "proven")) && cJSON_IsTrue(json_get(shown, "verified")) &&
	    !cJSON_IsTrue(json_get(shown, "joined")))
		(void)rights_act(v, id, &(struct rights_act){.event = EVENT_ANSWERED, .by = "site"}, NULL);
}

int agent_request_store(struct vault *v, const cJSON *agent, const struct agent_message *m, char id[RECORD_ID_LEN + 1], bool *again,
			struct err *e)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER; // so that none is stored twice
	char once[ONCE_MAX];
	struct rights_receipt receipt = {0};
	struct err why = {0};
	JSON_AUTO cJSON *member = agent_member(agent, m);
	struct rights_new request = {.right = m->right,
				     .contact = m->contact[0] != '\0' ? m->contact : NULL,
				     .receipt = m->receipt[0] != '\0' ? m->receipt : NULL,
				     .message = m->text.len > 0 ? buf_text(&m->text) : NULL,
				     .how = json_string(agent, "protocol"),
				     .received = m->sent,
				     .agent = member,
				     .once = once};

	if (member == NULL)
		return err_set(e, ERR_MEMORY, "no memory for the request");
	once_text(once, agent, m->once);
	pthread_mutex_lock(&one_at_a_time);
	int ret = rights_find_once(v, once, id, &why);
	*again = ret == 0;
	if (ret != 0)
		ret = why.code == ERR_NOT_FOUND ? rights_record(v, &request, &receipt, e) : err_set(e, why.code, "%s", why.text);
	pthread_mutex_unlock(&one_at_a_time);
	explicit_bzero(receipt.secret, sizeof receipt.secret); // the agent has its token instead
	if (ret != 0 || *again)
		return ret;
	memcpy(id, receipt.id, RECORD_ID_LEN + 1);
	identity_settle(v, id, m);
	copy_answer(v, id, m);
	return 0;
}

cJSON *agent_request_show(struct vault *v, const char *id, const cJSON *agent, struct err *e)
{
	const bool shaped = strlen(id) == RECORD_ID_LEN && strspn(id, "0123456789abcdef") == RECORD_ID_LEN;
	cJSON *shown = shaped ? rights_show_officer(v, id, false, e) : NULL;
	const cJSON *member = json_get(shown, "agent");
	const char *of = json_string(member, "id"), *protocol = json_string(member, "protocol");

	if ((shown == NULL && shaped) || (of != NULL && protocol != NULL && strcmp(of, json_string(agent, "id")) == 0 &&
					  strcmp(protocol, json_string(agent, "protocol")) == 0))
		return shown;
	cJSON_Delete(shown);
	err_set(e, ERR_NOT_FOUND, "there is no such request");
	return NULL;
}

// ---- the link: the request's id, when it ends, and the proof that this site made it ----

bool agent_request_results(const struct request *r, struct vault *v, const cJSON *shown, char *url, size_t size, char until[WHEN_TEXT])
{
	const char *right = json_string(shown, "right"), *state = json_string(shown, "state");
	const time_t copy = json_time(shown, "copy_until"), week = when_now() + LINK_SECONDS, end = copy != 0 && copy < week ? copy : week;
	char site[AGENT_URL_MAX / 2], text[96], mac[TOKEN_LEN + 1];

	if (end <= when_now() || cJSON_IsTrue(json_get(shown, "mailbox")) || strcmp(state, "fulfilled") != 0 ||
	    !cJSON_IsTrue(json_get(shown, "verified")) ||
	    (strcmp(right, "access") != 0 && strcmp(right, "portability") != 0 && strcmp(right, "know") != 0))
		return false;
	snprintf(text, sizeof text, "%s.%lld", json_string(shown, "id"), (long long)end);
	agent_mac(v, "results", text, mac);
	request_site(r, site, sizeof site);
	snprintf(url, size, "%s/api/results/%s.%s", site, text, mac);
	when_text(until, end);
	return true;
}

void agent_request_results_respond(struct request *r, void *vault)
{
	const char *link = request_rest(r), *dot = strrchr(link, '.');
	char text[96] = "", mac[TOKEN_LEN + 1], id[RECORD_ID_LEN + 1];
	bool good = dot != NULL && (size_t)(dot - link) < sizeof text && token_shaped(dot + 1);

	if (good) {
		snprintf(text, sizeof text, "%.*s", (int)(dot - link), link);
		agent_mac(vault, "results", text, mac);
		good = equal_secret(mac, dot + 1, TOKEN_LEN) && strtoll(text + RECORD_ID_LEN + 1, NULL, 10) > when_now();
	}
	if (!good) {
		respond_problem(r, 404, "problem.not-found.request", NULL, NULL);
		return;
	}
	snprintf(id, sizeof id, "%.*s", RECORD_ID_LEN, text); // the proof holds, so the text is of our form
	// Not once the agent was taken off the list, or the person has pressed the button of a mail, nor longer than they would have it.
	JSON_AUTO cJSON *agents = agent_list(setting_state(), NULL), *shown = rights_show_officer(vault, id, false, NULL);
	const char *protocol = json_string(json_get(shown, "agent"), "protocol"), *agent = json_string(json_get(shown, "agent"), "id");
	if (protocol == NULL || agent == NULL || agent_find(agents, protocol, agent) == NULL)
		respond_problem(r, 404, "problem.not-found.request", NULL, NULL);
	else if (!export_refused(r, shown))
		export_respond_request(r, vault, id);
}
