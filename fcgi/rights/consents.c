// SPDX-License-Identifier: ISC
#include "fcgi/rights/consents.h"
#include "policy/base/json.h"
#include "policy/publish/render/writer.h"
#include "policy/rights/consent.h"
#include "policy/rules/offer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONSENTS_MAX = 32 };

bool consents_principal(const struct request *r, char out[TOKEN_LEN + 1])
{
	static const char name[] = CONSENTS_COOKIE "=";
	const char *cookies = request_header(r, "Cookie");

	while (cookies != NULL && *cookies != '\0') {
		cookies += strspn(cookies, "; ");
		size_t len = strcspn(cookies, ";");
		if (len == sizeof name - 1 + TOKEN_LEN && strncmp(cookies, name, sizeof name - 1) == 0) {
			memcpy(out, cookies + sizeof name - 1, TOKEN_LEN);
			out[TOKEN_LEN] = '\0';
			return token_shaped(out);
		}
		cookies += len;
	}
	return false;
}

bool consents_signal(const struct request *r)
{
	// Several are written behind each other, and one that is exactly "1" is enough.
	for (const char *gpc = request_header(r, "Sec-GPC"); gpc != NULL && *gpc != '\0';) {
		gpc += strspn(gpc, " \t,");
		const size_t len = strcspn(gpc, " \t,"), rest = strspn(gpc + len, " \t");
		if (len == 1 && *gpc == '1' && (gpc[len + rest] == ',' || gpc[len + rest] == '\0'))
			return true;
		gpc += strcspn(gpc, ",");
	}
	return false;
}

void consents_cookie(struct request *r, const char *principal)
{
	char cookie[256];

	snprintf(cookie, sizeof cookie, CONSENTS_COOKIE "=%s; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=%d", principal,
		 CONSENT_MONTHS * 30 * 86400);
	respond_header(r, "Set-Cookie", cookie);
}

bool consents_act(const struct policy *p, const struct policy_right *right)
{
	const struct offer *offer = offer_of(right);

	return offer_acts(p, right) && strcmp(offer->acts_on, "consents") == 0;
}

static bool consents_offered(struct request *r)
{
	const struct policy *p = request_policy(r);
	bool offered = p->consent_count > 0 && p->consent_count <= CONSENTS_MAX && p->kinds[KIND_CONSENT].keep == KEEP_STORED;

	if (!offered)
		respond_problem(r, 404, "problem.not-found", NULL, NULL);
	return offered;
}

// {signal, consents[{id, text, withdraw, form, state, allowed, ask, at, until}]}; at and until may be null.
static void consents_respond(struct request *r, struct vault *v, const char *principal)
{
	const struct policy *p = request_policy(r);
	struct consent_now now[CONSENTS_MAX];
	struct err e = {0};
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON *list;

	if (consent_now(v, principal, consents_signal(r), now, &e) != 0) {
		respond_err(r, &e);
		return;
	}
	respond_header(r, "Cache-Control", "private, no-store");
	respond_header(r, "Vary", "Cookie, Sec-GPC");
	if (request_wants(r, "text/html")) {
		JSON_AUTO cJSON *facts = cJSON_CreateObject();
		for (size_t i = 0; i < p->consent_count; i++) {
			BUF_AUTO struct buf text = BUF_INIT(64 * 1024);
			prose_plain(p, &p->consents[i].what, &text);
			cJSON_AddStringToObject(facts, buf_text(&text), word_or(p, "consent.state.", consent_state_names[now[i].state]));
		}
		respond_page(r, 200, word(p, "answer.consents.title"), word(p, "answer.consents"), NULL, facts);
		return;
	}
	cJSON_AddBoolToObject(o, "signal", consents_signal(r));
	list = cJSON_AddArrayToObject(o, "consents");
	for (size_t i = 0; i < p->consent_count; i++) {
		BUF_AUTO struct buf text = BUF_INIT(64 * 1024), withdraw = BUF_INIT(64 * 1024);
		prose_plain(p, &p->consents[i].what, &text);
		prose_plain(p, &p->consents[i].withdraw, &withdraw);
		json_push(list, JSON_MEMBERS(MEMBER_TEXT("id", p->consents[i].id), MEMBER_TEXT("text", buf_text(&text)),
					     MEMBER_TEXT("withdraw", buf_text(&withdraw)),
					     MEMBER_TEXT("form", policy_word(&policy_consent_form_words, p->consents[i].form)),
					     MEMBER_TEXT("state", consent_state_names[now[i].state]),
					     MEMBER_BOOL("allowed", now[i].allowed), MEMBER_BOOL("ask", now[i].ask),
					     MEMBER_NULLABLE_TIME("at", now[i].at), MEMBER_NULLABLE_TIME("until", now[i].until)));
	}
	if (o != NULL)
		respond_json(r, 200, o);
}

void consents_show(struct request *r, void *vault)
{
	char principal[TOKEN_LEN + 1];

	if (consents_offered(r))
		consents_respond(r, vault, consents_principal(r, principal) ? principal : NULL);
}

// The token is new with the first decision; before it nothing is kept in the browser.
void consents_decide(struct request *r, void *vault)
{
	const struct policy *p = request_policy(r);
	struct field fields[CONSENTS_MAX + 1] = {0};
	char principal[TOKEN_LEN + 1];
	struct err e = {0};
	enum consent_state state;
	bool any = false;

	if (!consents_offered(r))
		return;
	for (size_t i = 0; i < p->consent_count; i++)
		fields[i] = (struct field){.name = p->consents[i].id, .type = FIELD_BOOL};
	if (request_check(r, fields) != 0)
		return;
	if (!consents_principal(r, principal))
		token_new(principal);
	for (size_t i = 0; i < p->consent_count; i++) {
		const long chosen = request_int(r, p->consents[i].id, -1);
		const struct consent_new decision = {.principal = principal,
						     .policy = p,
						     .consent = &p->consents[i],
						     .given = chosen == 1,
						     .signal = consents_signal(r),
						     .surface = request_wants(r, "text/html") ? "page" : "api",
						     .action = "choice"};
		if (chosen >= 0 && consent_record(vault, &decision, &state, &e) != 0) {
			respond_err(r, &e);
			return;
		}
		any = any || chosen >= 0;
	}
	if (!any) {
		respond_problem(r, 422, "problem.consents-which", p->consents[0].id, NULL);
		return;
	}
	consents_cookie(r, principal);
	consents_respond(r, vault, principal);
}
