// SPDX-License-Identifier: ISC
#include "policy/rights/clock.h"
#include "policy/base/array.h"

enum { DAY_SECONDS = 86400, EASTERNMOST_SECONDS = 3 * 3600, PACIFIC_SECONDS = 8 * 3600 };

// Public holidays that move a deadline. Only those that (nearly) every member state keeps: a holiday that the controller's own state does
// not keep would make us late, one that is missing only makes us early.
static const struct {
	int month, day;
} holidays[] = {{1, 1}, {12, 25}, {12, 26}};

static bool works(const struct tm *day)
{
	if (day->tm_wday == 0 || day->tm_wday == 6)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(holidays); i++)
		if (holidays[i].month == day->tm_mon + 1 && holidays[i].day == day->tm_mday)
			return false;
	return true;
}

// The midnight that begins the next working day on or after `midnight`.
static time_t roll(time_t midnight)
{
	struct tm day;

	while (gmtime_r(&midnight, &day) != NULL && !works(&day))
		midnight += DAY_SECONDS;
	return midnight;
}

time_t clock_statutory(time_t received, unsigned months)
{
	time_t midnight = received - ((received % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
	time_t last = roll(duration_after(midnight, (struct duration){.months = months}));

	return last + DAY_SECONDS - EASTERNMOST_SECONDS - 1;
}

// The last second of that day, of UTC: no later than its end in California.
static time_t business_days_after(time_t received, unsigned days)
{
	time_t there = received - PACIFIC_SECONDS, midnight = there - ((there % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
	struct tm day;

	while (days > 0) {
		midnight += DAY_SECONDS;
		days -= gmtime_r(&midnight, &day) == NULL || (day.tm_wday != 0 && day.tm_wday != 6);
	}
	return midnight + DAY_SECONDS - 1;
}

time_t clock_due(const struct policy_right *right, time_t received)
{
	time_t due = right->statutory ? clock_statutory(received, CLOCK_STATUTORY_MONTHS) : duration_after(received, right->answer);
	time_t sale = right->id == RIGHT_OPT_OUT_OF_SALE ? business_days_after(received, CLOCK_SALE_BUSINESS_DAYS) : due;

	return sale < due ? sale : due;
}
