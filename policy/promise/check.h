// SPDX-License-Identifier: ISC
// What a schema cannot say: declarations that the software cannot keep, that the law does not allow, or that contradict each other.
#ifndef LETHE_PROMISE_CHECK_H
#define LETHE_PROMISE_CHECK_H

#include "policy/promise/promise.h"
#include "policy/promise/report.h"
#include "policy/promise/text.h"

void check_kinds(const struct promise *p, struct report *r);
void check_processors(const struct promise *p, struct report *r);
void check_dates(const struct promise *p, struct report *r);
void check_rights(const struct promise *p, struct report *r);
void check_browser(const struct promise *p, struct report *r);
void check_content(const struct promise *p, struct report *r);
void check_claims(const struct promise *p, struct report *r);
void check_prose(const struct promise *p, struct report *r);

#endif
