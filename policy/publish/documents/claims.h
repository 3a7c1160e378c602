// SPDX-License-Identifier: ISC
// What the pages say of this site and is not true of every site: each sentence follows from the policy, or is not there.
#ifndef LETHE_PUBLISH_DOCUMENTS_CLAIMS_H
#define LETHE_PUBLISH_DOCUMENTS_CLAIMS_H

#include "policy/model/policy.h"

struct claim_variable {
	const char *name; // of the template's variable
	void (*write)(const struct policy *p, struct buf *out);
};
extern const struct claim_variable claims[];
extern const size_t claim_count;

void claim_check_card(const struct policy *p, struct buf *out);   // what to check before publishing; nothing where the policy says nothing
bool claim_made(const struct policy *p, enum policy_claim_id id); // the policy promises it for the whole site

#endif
