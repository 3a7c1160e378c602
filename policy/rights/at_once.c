// SPDX-License-Identifier: ISC
#include "policy/rights/at_once.h"
#include "policy/base/array.h"
#include "policy/rights/consent.h"
#include "policy/rights/erase.h"
#include "policy/rights/restrict.h"
#include <string.h>

// Which consents the right is about, by the classes of their cookies (0: all), and whether what was never given is refused, too.
static const struct consent_right {
	enum policy_right_id right;
	unsigned classes;
	bool refuse;
} consent_rights[] = {
    {RIGHT_WITHDRAWAL, 0, false},
    {RIGHT_COOKIE_PREFERENCES, 0, true}, // single ones are chosen by POST /api/consents
    {RIGHT_OPT_OUT_OF_SALE, POLICY_BIT(COOKIE_MARKETING), true},
    {RIGHT_OPT_OUT_OF_MARKETING, POLICY_BIT(COOKIE_MARKETING), true},
    {RIGHT_OPT_OUT_OF_ANALYTICS, POLICY_BIT(COOKIE_ANALYTICS) | POLICY_BIT(COOKIE_PERFORMANCE), true},
};

// Ends with the answer where it reached any consent; else an officer looks into it.
static void consents_end(struct vault *v, const char *id, const struct policy_right *right, const char *principal)
{
	struct err failed = {0};
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(consent_rights); i++) {
		const struct consent_right *c = &consent_rights[i];
		if (c->right == right->id && consent_withdraw(v, principal, c->classes, c->refuse, &count, &failed) == 0 && count > 0)
			(void)rights_act(v, id, &(struct rights_act){.event = EVENT_ANSWERED, .by = "site"}, &failed);
	}
}

int rights_record(struct vault *v, const struct rights_new *request, struct rights_receipt *out, struct err *e)
{
	struct erase_result erased = {0};
	struct restrict_result restricted;
	struct err failed;

	if (rights_store(v, request, out, e) != 0)
		return -1;
	const struct policy_right *right = policy_right_named(vault_policy(v), request->right);
	if (out->over || right == NULL || !right->self_service)
		return 0;
	if (request->principal != NULL)
		consents_end(v, out->id, right, request->principal);
	if (request->receipt == NULL && request->archive == NULL)
		return 0;
	// The request is recorded: what fails from here on leaves it open, for the officer to see.
	if (right->id == RIGHT_ERASURE)
		(void)rights_fulfil_erasure(v, out->id, "site", false, &erased, NULL, &failed);
	else if (right->id == RIGHT_RESTRICTION || right->id == RIGHT_OBJECTION)
		(void)rights_restrict(v, out->id, right->id == RIGHT_OBJECTION ? "objection-pending" : "accuracy-contested", NULL, "site",
				      false, &restricted, &failed);
	return 0;
}
