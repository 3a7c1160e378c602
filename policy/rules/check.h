// SPDX-License-Identifier: ISC
// What a schema cannot say: declarations that the software cannot keep, that the law does not allow, or that contradict each other.
#ifndef LETHE_RULES_CHECK_H
#define LETHE_RULES_CHECK_H

#include "policy/model/policy.h"
#include "policy/model/report.h"

void check_kinds(const struct policy *p, struct report *r);
void check_processors(const struct policy *p, struct report *r);
void check_dates(const struct policy *p, struct report *r);
void check_rights(const struct policy *p, struct report *r);
void check_browser(const struct policy *p, struct report *r);
void check_content(const struct policy *p, struct report *r);
void check_claims(const struct policy *p, struct report *r);
void check_prose(const struct policy *p, struct report *r);

#endif
