// SPDX-License-Identifier: ISC
#include "policy/rights/authority.h"
#include "policy/base/array.h"
#include "policy/rights/document.h"
#include <stdio.h>
#include <string.h>

const struct authority_ground authority_grounds[] = {
    {"court-order", STRENGTH_BINDING},      {"warrant", STRENGTH_BINDING},
    {"production-order", STRENGTH_BINDING}, {"statutory-duty", STRENGTH_BINDING},
    {"supervisory", STRENGTH_BINDING},      {"treaty", STRENGTH_BINDING},
    {"formal-request", STRENGTH_VALID},     {"imminent-danger", STRENGTH_VALID},
    {"voluntary", STRENGTH_NONE},           {0},
};
const char *const authority_refusals[] = {"not-competent",          "no-legal-basis", "too-broad", "formal-defect",
					  "foreign-without-treaty", "policy",         NULL};

static const struct authority_ground *ground_named(const char *name)
{
	const struct authority_ground *g = authority_grounds;

	while (g->name != NULL && (name == NULL || strcmp(g->name, name) != 0))
		g++;
	return g->name != NULL ? g : NULL;
}

static int year_of(time_t t)
{
	char date[WHEN_DATE];
	int year = 0;

	when_date(date, t);
	for (int i = 0; i < 4; i++)
		year = 10 * year + (date[i] - '0');
	return year;
}

int authority_add(struct vault *v, const struct authority_new *new, char id[RECORD_ID_LEN + 1], struct err *e)
{
	const time_t now = when_now(), received = new->received != 0 ? new->received : now;
	JSON_AUTO cJSON *members = json_make(JSON_MEMBERS(MEMBER_TIME("received", received), MEMBER_TEXT("authority", new->authority),
							  MEMBER_TEXT("ground", new->ground), MEMBER_TEXT("asked", new->asked),
							  MEMBER_TEXT("reference", new->reference), MEMBER_TIME("tell_from", new->tell)));
	char grounds[256] = "", details[64];

	for (const struct authority_ground *g = authority_grounds; g->name != NULL; g++)
		snprintf(grounds + strlen(grounds), sizeof grounds - strlen(grounds), "%s%s", *grounds ? ", " : "", g->name);
	if (ground_named(new->ground) == NULL)
		return err_set(e, ERR_INPUT, "a ground is needed, one of: %s", grounds);
	if (new->authority == NULL || *new->authority == '\0' || new->asked == NULL || *new->asked == '\0')
		return err_set(e, ERR_INPUT, "who asked and what for is needed");
	if (received > now)
		return err_set(e, ERR_INPUT, "it cannot have come later than now");
	if (members == NULL)
		return err_set(e, ERR_MEMORY, "no memory");
	snprintf(details, sizeof details, "{\"event\":\"asked\",\"year\":%d}", year_of(received));
	const struct case_new one = {
	    .type = CASE_AUTHORITY, .members = members, .receipt = new->receipt, .record = new->record, .by = new->by, .details = details};
	return case_add(v, &one, id, e);
}

// The weakest ground on which the policy lets anything be given.
static enum authority_strength authority_needs(const struct policy *p)
{
	return p->law_enforcement.count > 0 && p->law_enforcement_answers == ANSWERS_VALID_REQUESTS ? STRENGTH_VALID : STRENGTH_BINDING;
}

int authority_answer(struct vault *v, const char *id, const struct authority_answer *answer, struct err *e)
{
	const struct policy *p = vault_policy(v);
	JSON_AUTO cJSON *body = case_show(v, CASE_BIT(CASE_AUTHORITY), id, e);
	const struct authority_ground *ground = ground_named(json_string(body, "ground"));
	const char *const *refusal = authority_refusals;
	const char *outcome = answer->given != 0 ? "given" : answer->refusal != NULL ? "refused" : "nothing";
	char details[128], names[256] = "";

	if (body == NULL)
		return -1;
	for (const char *const *one = authority_refusals; *one != NULL; one++)
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? ", " : "", *one);
	while (answer->refusal != NULL && *refusal != NULL && strcmp(*refusal, answer->refusal) != 0)
		refusal++;
	if (answer->given != 0 && answer->refusal != NULL)
		return err_set(e, ERR_INPUT, "it was either refused or something was given");
	if (answer->refusal != NULL && *refusal == NULL)
		return err_set(e, ERR_INPUT, "why it was refused is one of: %s", names);
	if (answer->given != 0 && (ground == NULL || ground->strength < authority_needs(p)))
		return err_set(e, ERR_REFUSED, "the policy lets nothing be given for \"%s\": %s; refuse it, or ask for an order that binds",
			       ground != NULL ? ground->name : "?",
			       p->law_enforcement.count == 0 ? "it does not name authorities, so only what the law compels may be given"
			       : authority_needs(p) == STRENGTH_BINDING
				   ? "<law-enforcement answers=\"required-by-law\"> lets only what the law compels be given"
				   : "<law-enforcement answers=\"valid-requests\"> lets only valid requests be answered");
	JSON_AUTO cJSON *set = json_make(JSON_MEMBERS(MEMBER_TEXT("outcome", outcome), MEMBER_TEXT("refusal", answer->refusal),
						      MEMBER_NUMBER("people", answer->people), MEMBER_TIME("tell_from", answer->tell)));
	if (!document_put_kinds(set, answer->given))
		return err_set(e, ERR_MEMORY, "no memory");
	snprintf(details, sizeof details, "{\"case\":\"%s\",\"event\":\"%s\",\"year\":%d}", id, outcome,
		 year_of(json_time(body, "received")));
	const struct case_act act = {
	    .event = outcome, .by = answer->by, .reason = answer->reason, .set = set, .closes = true, .details = details};
	return case_act(v, CASE_BIT(CASE_AUTHORITY), id, &act, e);
}
