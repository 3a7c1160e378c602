// SPDX-License-Identifier: ISC
// How long a controller has to answer a data subject.
//
// "Within one month of receipt" (Art. 12(3) GDPR) is counted as Regulation (EEC, Euratom) 1182/71, Art. 3, says: the period ends on the
// same calendar date of the next month; where that month has no such date, on its last day; where that day is a Saturday, a Sunday or
// a public holiday, on the next working day; at 24:00 of that day. A counter of 30 days is late for most requests that come
// from 30 January to the end of February.
#ifndef LETHE_RIGHTS_CLOCK_H
#define LETHE_RIGHTS_CLOCK_H

#include "policy/model/policy.h"
#include <time.h>

//
// An opt-out of sale or sharing is due within 15 business days (California Code of Regulations, title 11, § 7026(f)). Counted are Monday to
// Friday from the day after receipt in California; federal and state holidays are counted like any other day, so that whatever calendar
// applies, the answer may be early and is never late.

enum { CLOCK_STATUTORY_MONTHS = 1, CLOCK_EXTENDED_MONTHS = 3, CLOCK_SALE_BUSINESS_DAYS = 15 };

// The last second of the statutory period for a request received at `received`, in whole months from receipt. Receipt is dated in UTC; the
// end is 24:00 in the Union's easternmost zone (UTC+3): both are never later than what the controller's own zone would give.
time_t clock_statutory(time_t received, unsigned months);
// The last second for the answer to a request of this right: statutory, or the policy's own absolute time after receipt; whichever is
// sooner where the right has a period of its own.
time_t clock_due(const struct policy_right *right, time_t received);

#endif
