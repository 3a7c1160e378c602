// SPDX-License-Identifier: ISC
// Which days are no working days, by country: policy/rights/holidays.txt says by which rules.
#ifndef LETHE_RIGHTS_HOLIDAYS_H
#define LETHE_RIGHTS_HOLIDAYS_H

#include "policy/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct holiday {
	char country[3]; // "*" for every country that has no line of its own
	enum { HOLIDAY_DATE, HOLIDAY_DATE_MOVED, HOLIDAY_EASTER, HOLIDAY_MONDAY } rule;
	int month, day; // HOLIDAY_EASTER: day is the distance; HOLIDAY_MONDAY: day is which Monday, -1 the last
};
enum { HOLIDAYS_MAX = 256 };

// Reads the file's text. How many lines have a rule; -1 with the line that is none, or when there are more than HOLIDAYS_MAX.
int holidays_read(const char *text, struct holiday out[HOLIDAYS_MAX], struct err *e);
// Whether the day that begins at `midnight` (UTC) is neither a Saturday or Sunday nor a public holiday of the country. NULL, and a country that
// the file does not have: what every member state of the Union keeps.
bool holidays_working_day(const char *country, time_t midnight);
extern const char holidays_text[]; // the file

#endif
