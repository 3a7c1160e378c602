// SPDX-License-Identifier: ISC
// What changed between two versions of a policy, each change material or editorial. Material is what makes a visitor worse off: more data,
// for longer, for more purposes, to more people or places, under weaker safeguards, with fewer rights or promises. It is announced before
// it counts (policy/rules/active.h). Everything else is editorial.
#ifndef LETHE_RULES_DIFF_H
#define LETHE_RULES_DIFF_H

#include "policy/model/policy.h"
#include "policy/rules/change.h"

struct policy_diff {
	const struct policy_change *changes; // in the order of the policy's parts, material ones first
	size_t count, material;
	struct arena *arena; // owns all of it
};

// Compares the main languages of both. -1 (ERR_MEMORY) when memory is gone or there are too many changes to keep. Free with policy_diff_free.
int policy_diff(struct policy_diff *out, const struct policy *before, const struct policy *after, struct err *e);
void policy_diff_free(struct policy_diff *d);
#define POLICY_DIFF_AUTO __attribute__((cleanup(policy_diff_free)))

#endif
