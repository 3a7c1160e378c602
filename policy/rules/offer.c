// SPDX-License-Identifier: ISC
#include "policy/rules/offer.h"
#include <string.h>

static const char *const by_any[] = {"receipt", "archive", "id", NULL};
static const char *const by_receipt_or_archive[] = {"receipt", "archive", NULL};
static const char *const by_browser[] = {NULL};
static const struct offer asked = {false, NULL, "/api/rights", by_receipt_or_archive};

static const struct offer at_once[RIGHT_COUNT] = {
    [RIGHT_ACCESS] = {true, "receipt", "/api/export", by_any},
    [RIGHT_PORTABILITY] = {true, "receipt", "/api/export", by_any},
    [RIGHT_ERASURE] = {true, "receipt", "/api/erase", by_receipt_or_archive},
    [RIGHT_RESTRICTION] = {true, "receipt", "/api/rights", by_receipt_or_archive},
    [RIGHT_OBJECTION] = {true, "receipt", "/api/rights", by_receipt_or_archive},
    [RIGHT_WITHDRAWAL] = {true, "consents", "/api/rights", by_browser},
    [RIGHT_OPT_OUT_OF_SALE] = {true, "consents", "/api/rights", by_browser},
    [RIGHT_OPT_OUT_OF_MARKETING] = {true, "consents", "/api/rights", by_browser},
    [RIGHT_OPT_OUT_OF_ANALYTICS] = {true, "consents", "/api/rights", by_browser},
    [RIGHT_COOKIE_PREFERENCES] = {true, "consents", "/api/rights", by_browser},
};

const struct offer *offer_of(const struct policy_right *right)
{
	// What is an account's is not carried out for a browser.
	return right->self_service && right->who == WHO_EVERYONE && at_once[right->id].at_once ? &at_once[right->id] : &asked;
}

const char *offer_connection(const struct policy *p, const struct policy_right *right)
{
	const bool offered = p->connection && p->kinds[KIND_REQUEST_LOG].keep == KEEP_STORED && right != NULL;

	return !offered                     ? NULL
	       : right->id == RIGHT_ACCESS  ? at_once[RIGHT_ACCESS].path
	       : right->id == RIGHT_ERASURE ? at_once[RIGHT_ERASURE].path
					    : NULL;
}

bool offer_acts(const struct policy *p, const struct policy_right *right)
{
	const struct offer *offer = offer_of(right);

	return offer->at_once &&
	       (strcmp(offer->acts_on, "consents") != 0 || (p->consent_count > 0 && p->kinds[KIND_CONSENT].keep == KEEP_STORED));
}

bool offer_corrects(const struct policy *p)
{
	const struct policy_right *right = policy_right(p, RIGHT_RECTIFICATION);

	return right != NULL && right->self_service;
}
