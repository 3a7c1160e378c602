// SPDX-License-Identifier: ISC
// What `lethe policy lint` says beyond policy_load: a policy that programs could run on may still be one that the law does not accept,
// that leaves a visitor guessing, or that promises for others what they do not do.
#ifndef LETHE_RULES_LINT_H
#define LETHE_RULES_LINT_H

#include "policy/model/policy.h"
#include "policy/model/report.h"

// Everything that policy_load says about the file and everything below. What this version of the software lacks is a warning here. `before`
// (may be NULL): an older version, to compare units with.
void policy_lint(const char *file, const struct policy *before, struct report *r);

// Its parts in other files.
void lint_times(const struct policy *p, struct report *r);     // retention, here and at processors
void lint_prose(const struct policy *p, struct report *r);     // policy/rules/lint_prose.c
void lint_transfers(const struct policy *p, struct report *r); // safeguards that do not fit, recipients unnamed
void lint_browser(const struct policy *p, struct report *r);   // cookies, consents, age
void lint_units(const struct policy *before, const struct policy *p, struct report *r);

#endif
