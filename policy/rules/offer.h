// SPDX-License-Identifier: ISC
// How a right is exercised on a site: at once, where the policy has it as self-service and this version carries it out, else by asking.
#ifndef LETHE_RULES_OFFER_H
#define LETHE_RULES_OFFER_H

#include "policy/model/policy.h"

struct offer {
	bool at_once; // false: it is recorded, and answered within its time
	const char
	    *acts_on; // what it is about: "receipt", "consents" (those of the browser); NULL: nothing that the site could find by itself
	const char *path;         // where it is sent with POST
	const char *const *takes; // the fields that say about what, each by itself, ended by NULL; a browser sends its cookie
};
const struct offer *offer_of(const struct policy_right *right);
// Whether it is carried out at once on this site: what acts on consents needs some, and a record of them.
bool offer_acts(const struct policy *p, const struct policy_right *right);
// Whether people correct their own requests by themselves.
bool offer_corrects(const struct policy *p);
// Where it is carried out at once for what the request log has of the address that asks, with the field `connection`; NULL: it is not.
const char *offer_connection(const struct policy *p, const struct policy_right *right);

#endif
