// SPDX-License-Identifier: ISC
// Times are UTC seconds since 1970 (time_t). The clock is read with time(), so tests can move it.
#ifndef LETHE_BASE_WHEN_H
#define LETHE_BASE_WHEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { WHEN_TEXT = 21, WHEN_DATE = 11 };

time_t when_now(void);
void when_stand_at(time_t t); // for who judges what will be: from here on it is this time in this process; 0: the clock's again
void when_text(char out[WHEN_TEXT], time_t t); // 2026-11-22T04:31:54Z
void when_date(char out[WHEN_DATE], time_t t); // 2026-11-22
int when_parse(time_t *out, const char *text); // either of the two forms, strictly; -1 if it is neither
uint64_t monotonic_ms(void);
time_t when_up(void); // seconds since the machine was started, suspended or not

// An ISO 8601 duration: P14D, PT30M, P7Y, P1M, P1Y6M … Months and years are calendar months.
struct duration {
	unsigned months, days;
	uint64_t seconds;
};
int duration_parse(struct duration *out, const char *text);     // -1 when malformed, negative or beyond 200 years
time_t duration_after(time_t start, struct duration d);         // calendar-correct in UTC; the day is clipped to the month's last
int duration_compare(struct duration a, struct duration b);     // by the longest that each can be, then by the shortest
bool duration_may_exceed(struct duration a, struct duration b); // from some start, `a` ends after `b`: both ways for P61D and P2M
void duration_words(char *out, size_t size, struct duration d); // "14 days", "30 minutes", "1 year and 6 months"
// P14D became P14M.
bool duration_unit_changed(struct duration from, struct duration to);
bool duration_is_zero(struct duration d);

#endif
