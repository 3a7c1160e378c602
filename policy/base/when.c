// SPDX-License-Identifier: ISC
#include "policy/base/when.h"
#include "policy/base/array.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static time_t stands_at;

time_t when_now(void)
{
	return stands_at != 0 ? stands_at : time(NULL);
}

void when_stand_at(time_t t)
{
	stands_at = t;
}

void when_text(char out[WHEN_TEXT], time_t t)
{
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(out, WHEN_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		memcpy(out, "unknown", sizeof "unknown");
}

void when_date(char out[WHEN_DATE], time_t t)
{
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(out, WHEN_DATE, "%Y-%m-%d", &tm) == 0)
		memcpy(out, "unknown", sizeof "unknown");
}

int when_parse(time_t *out, const char *text)
{
	static const char *const shapes[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"};
	static const size_t lengths[] = {20, 10};
	char back[WHEN_TEXT];

	for (int i = 0; i < 2; i++) {
		struct tm tm = {0};
		if (strlen(text) != lengths[i])
			continue;
		const char *end = strptime(text, shapes[i], &tm);
		if (end == NULL || *end != '\0')
			continue;
		time_t t = timegm(&tm);
		when_text(back, t); // 31 April comes back as 1 May
		if (strncmp(back, text, 10) != 0)
			return -1;
		*out = t;
		return 0;
	}
	return -1;
}

uint64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// Asked of the kernel itself: what moves the clock of a process for a test moves this too, else. Weak: the tests of retention have their own.
__attribute__((weak)) time_t when_up(void)
{
	struct timespec up = {0};

	return syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &up) == 0 ? up.tv_sec : 0;
}

struct part {
	char unit;
	bool time;
	unsigned months, days, seconds; // of one
};
// In the order in which ISO 8601 writes them.
static const struct part parts[] = {
    {'Y', false, 12, 0, 0},  {'M', false, 1, 0, 0}, {'W', false, 0, 7, 0}, {'D', false, 0, 1, 0},
    {'H', true, 0, 0, 3600}, {'M', true, 0, 0, 60}, {'S', true, 0, 0, 1},
};

int duration_parse(struct duration *out, const char *text)
{
	struct duration d = {0};
	const struct part *part = parts;
	bool time = false;

	if (*text++ != 'P' || *text == '\0')
		return -1;
	while (*text) {
		unsigned n = 0;
		int digits = 0;
		if (*text == 'T' && !time) {
			time = true;
			if (*++text == '\0')
				return -1;
		}
		for (; *text >= '0' && *text <= '9' && digits <= 8; digits++)
			n = n * 10 + (unsigned)(*text++ - '0');
		while (part < parts + ARRAY_LEN(parts) && (part->unit != *text || part->time != time)) // in their order, each once
			part++;
		if (digits == 0 || digits > 8 || part == parts + ARRAY_LEN(parts))
			return -1;
		text++;
		uint64_t months = (uint64_t)n * part->months, days = (uint64_t)n * part->days;
		if (months > 2400 || days > 73200)
			return -1;
		d.months += (unsigned)months;
		d.days += (unsigned)days;
		d.seconds += (uint64_t)n * part++->seconds;
	}
	if (d.months > 2400 || d.days > 73200 || d.seconds > 73200ull * 86400)
		return -1;
	*out = d;
	return 0;
}

static int days_in_month(int year, int month)
{
	static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month] + (month == 1 && leap);
}

time_t duration_after(time_t start, struct duration d)
{
	struct tm tm;

	if (d.months > 0 && gmtime_r(&start, &tm) != NULL) {
		int month = tm.tm_mon + (int)d.months;
		tm.tm_year += month / 12;
		tm.tm_mon = month % 12;
		int last = days_in_month(tm.tm_year + 1900, tm.tm_mon);
		if (tm.tm_mday > last)
			tm.tm_mday = last;
		start = timegm(&tm);
	}
	return start + (time_t)d.days * 86400 + (time_t)d.seconds;
}

// A month has 28 to 31 days. Whatever a duration of months can come to, it comes to from one of the months of a leap cycle.
enum { CYCLE_MONTHS = 48 };

// The days from the first of January 2000 to the first of the month that is so many months later.
static time_t days_before(unsigned months)
{
	static const int before[12] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int years = (int)months / 12, month = (int)months % 12, leap_days = (years + 3) / 4 - (years + 99) / 100 + (years + 399) / 400;

	return 365 * years + leap_days + before[month] + (month > 1 && days_in_month(2000 + years, 1) == 29);
}

static time_t length_from(unsigned month, struct duration d)
{
	return (days_before(month + d.months) - days_before(month) + (time_t)d.days) * 86400 + (time_t)d.seconds;
}

int duration_compare(struct duration a, struct duration b)
{
	const struct duration both[2] = {a, b};
	time_t shortest[2], longest[2];

	for (int i = 0; i < 2; i++) {
		shortest[i] = longest[i] = length_from(0, both[i]);
		for (unsigned month = 1; month < CYCLE_MONTHS && a.months != b.months; month++) {
			time_t length = length_from(month, both[i]);
			shortest[i] = length < shortest[i] ? length : shortest[i];
			longest[i] = length > longest[i] ? length : longest[i];
		}
	}
	if (longest[0] != longest[1])
		return longest[0] < longest[1] ? -1 : 1;
	return shortest[0] < shortest[1] ? -1 : shortest[0] > shortest[1];
}

bool duration_may_exceed(struct duration a, struct duration b)
{
	for (unsigned month = 0; month == 0 || (month < CYCLE_MONTHS && a.months != b.months); month++) {
		if (length_from(month, a) > length_from(month, b))
			return true;
	}
	return false;
}

static void add_words(char *out, size_t size, uint64_t n, const char *unit)
{
	size_t used = strlen(out);

	if (n > 0)
		snprintf(out + used, size - used, "%s%" PRIu64 " %s%s", used ? " and " : "", n, unit, n == 1 ? "" : "s");
}

void duration_words(char *out, size_t size, struct duration d)
{
	if (size == 0)
		return;
	out[0] = '\0';
	add_words(out, size, d.months / 12, "year");
	add_words(out, size, d.months % 12, "month");
	add_words(out, size, d.days, "day");
	add_words(out, size, d.seconds / 3600, "hour");
	add_words(out, size, d.seconds % 3600 / 60, "minute");
	add_words(out, size, d.seconds % 60, "second");
	if (out[0] == '\0')
		snprintf(out, size, "no time");
}

bool duration_is_zero(struct duration d)
{
	return d.months == 0 && d.days == 0 && d.seconds == 0;
}

bool duration_unit_changed(struct duration from, struct duration to)
{
	bool days = from.days > 0 && from.months == 0 && from.seconds == 0, months = to.months > 0 && to.days == 0 && to.seconds == 0;

	return days && months && from.days == to.months;
}
