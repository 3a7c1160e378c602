// SPDX-License-Identifier: ISC
// How long a controller has to answer a data subject: each law and each promise is a clock of its own, and the earliest counts.
//
// "Within one month of receipt" (Art. 12(3) GDPR) is counted as Regulation (EEC, Euratom) 1182/71, Art. 3, says: the period ends on the
// same calendar date of the next month; where that month has no such date, on its last day; where that day is a Saturday, a Sunday or
// a public holiday, on the next working day; at 24:00 of that day. A counter of 30 days is late for most requests that come
// from 30 January to the end of February. It becomes three months where the person was told so, with the reason, inside the first one. It
// stands still while the person is asked who they are (Art. 12(6)); in the United Kingdom, also while they are asked what they mean
// (Art. 12A UK GDPR), from the day of the question to the day of the answer, both included.
//
// California: acknowledged within 10 business days, answered within 45 calendar days whatever is asked meanwhile, 90 where the person was told
// so inside the first 45 (California Code of Regulations, title 11, § 7021); an opt-out of sale or sharing within 15 business days
// (§ 7026(f)). Business days are Monday to Friday from the day after receipt in California; federal and state holidays are counted like
// any other day.
//
// China: Articles 44 to 50 of the Personal Information Protection Law say "timely" and no number. Counted are the 15 working days that its authorities
// ask of apps (the methods of 28 November 2019 for identifying unlawful collection, Article 6) and that practice has taken over. Which weekends are
// worked, and which weekdays are not, the State Council says anew each year: holidays are counted as working days, and two days of the 15 are taken
// for weekends that may be.
//
// What the site promises by itself is absolute: 48 hours are 48 hours. Where a calendar is not known, the clock is early and never late.
#ifndef LETHE_RIGHTS_CLOCK_H
#define LETHE_RIGHTS_CLOCK_H

#include "policy/model/policy.h"
#include <time.h>

enum clock_id { CLOCK_GDPR, CLOCK_UK_GDPR, CLOCK_CCPA_ACKNOWLEDGE, CLOCK_CCPA, CLOCK_CCPA_OPT_OUT, CLOCK_PIPL, CLOCK_PROMISE, CLOCK_IDS };
struct clock_row {
	const char *name, *law; // "gdpr"; where the time comes from
	bool acknowledges;      // it is met by an acknowledgement, too
};
extern const struct clock_row clock_rows[CLOCK_IDS];

enum {
	CLOCK_PAUSES_MAX = 32,
	CLOCK_STATUTORY_MONTHS = 1,
	CLOCK_EXTENDED_MONTHS = 3,
	CLOCK_SALE_BUSINESS_DAYS = 15,
	CLOCK_WAITING_DAYS = 30
};
struct clock_pause {
	time_t from, until; // until 0: not answered yet
	bool identity;      // who they are; else what they mean
};
// What happened to one request; 0: it did not.
struct clock_facts {
	time_t received, acknowledged, extended, ended; // extended: when the notice of it left
	time_t now;
	struct clock_pause pauses[CLOCK_PAUSES_MAX]; // in the order of their beginning
	size_t pause_count;
};
struct clock_line {
	time_t due; // the last second; while it stands still, as if it went on now
	time_t met; // 0: not yet
	enum clock_id id;
	bool extended, paused, late;
};
// The clocks of a request of this right, earliest first. `p` says whose public holidays count; NULL: nobody's in particular.
size_t clock_lines(const struct policy *p, const struct policy_right *right, const struct clock_facts *facts,
		   struct clock_line out[CLOCK_IDS]);
// By when the person has the answer: of those of the answer that still run, the earliest; where none does, the earliest. NULL: there is none.
const struct clock_line *clock_answer(const struct clock_line *lines, size_t count);
// Of all clocks that still run, the earliest; where none does, the earliest for the answer.
const struct clock_line *clock_next(const struct clock_line *lines, size_t count);
// Since when the person is waited for; 0: they are not.
time_t clock_waiting_since(const struct clock_facts *facts);
// When the answer to a request that came at `received` is due, if nothing else happens.
time_t clock_due(const struct policy *p, const struct policy_right *right, time_t received);
// The last second of the statutory period for a request received at `received`, in whole months from receipt and then `days` that do not count. Receipt is
// dated in UTC; the end is 24:00 in the Union's easternmost zone (UTC+3): both are never later than what the controller's own zone would give.
time_t clock_statutory(const char *country, time_t received, unsigned months, unsigned days);

#endif
