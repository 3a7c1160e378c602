// SPDX-License-Identifier: ISC
#include "policy/rights/holidays.h"
#include "policy/base/embed.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

EMBED(holidays_text, "policy/rights/holidays.txt");

enum { DAY_SECONDS = 86400 };

static struct holiday holidays[HOLIDAYS_MAX];
static int holiday_count;
static pthread_once_t holidays_once = PTHREAD_ONCE_INIT;

// A number of one or two digits; 0 when there is none.
static int digits_read(const char **at)
{
	int n = 0;

	for (int i = 0; i < 2 && **at >= '0' && **at <= '9'; i++)
		n = n * 10 + *(*at)++ - '0';
	return n;
}

// "easter+39", "easter-2"; "mon3-09" (the third Monday), "mon-1-05" (the last); "12-25", "12-26+" (moved to a working day).
static bool rule_read(struct holiday *h, const char *rule)
{
	bool easter = strncmp(rule, "easter", 6) == 0, monday = strncmp(rule, "mon", 3) == 0;

	if (easter) {
		int sign = rule[6] == '+' ? 1 : rule[6] == '-' ? -1 : 0;
		const char *at = rule + 6 + (sign != 0);
		h->rule = HOLIDAY_EASTER;
		h->day = sign * digits_read(&at);
		return h->day != 0 && *at == '\0';
	}
	const char *at = rule + (monday ? 3 : 0);
	int sign = monday && *at == '-' ? -1 : 1;
	at += sign < 0;
	int first = digits_read(&at);
	if (*at++ != '-')
		return false;
	int second = digits_read(&at);
	h->rule = monday ? HOLIDAY_MONDAY : *at == '+' ? HOLIDAY_DATE_MOVED : HOLIDAY_DATE;
	h->month = monday ? second : first;
	h->day = monday ? sign * first : second;
	at += h->rule == HOLIDAY_DATE_MOVED;
	return *at == '\0' && h->month >= 1 && h->month <= 12 && h->day != 0 && h->day >= (monday ? -1 : 1) && h->day <= (monday ? 4 : 31);
}

int holidays_read(const char *text, struct holiday out[HOLIDAYS_MAX], struct err *e)
{
	int count = 0, number = 0;

	for (const char *line = text, *next; *line != '\0'; line = next) {
		size_t len = strcspn(line, "\n");
		char copy[32], *rule;
		struct holiday h = {0};
		next = line + len + (line[len] == '\n');
		number++;
		if (len == 0 || *line == '#')
			continue;
		snprintf(copy, sizeof copy, "%.*s", (int)len, line);
		rule = strchr(copy, ' ');
		if (len >= sizeof copy || rule == NULL || (size_t)(rule - copy) >= sizeof h.country || !rule_read(&h, rule + 1))
			return err_set(e, ERR_INPUT, "holidays: line %d has no rule", number);
		if (count == HOLIDAYS_MAX)
			return err_set(e, ERR_INPUT, "holidays: there are more than %d", HOLIDAYS_MAX);
		memcpy(h.country, copy, (size_t)(rule - copy));
		out[count++] = h;
	}
	return count;
}

static void holidays_start(void)
{
	int n = holidays_read(holidays_text, holidays, NULL);

	holiday_count = n < 0 ? 0 : n;
}

// Easter Sunday of the Gregorian calendar, as its midnight (Meeus, Jones, Butcher).
static time_t easter_of(int year)
{
	int a = year % 19, b = year / 100, c = year % 100, d = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
	int g = (32 + 2 * (b % 4) + 2 * (c / 4) - d - c % 4) % 7, m = (a + 11 * d + 22 * g) / 451, n = d + g - 7 * m + 114;
	struct tm sunday = {.tm_year = year - 1900, .tm_mon = n / 31 - 1, .tm_mday = n % 31 + 1};

	return timegm(&sunday);
}

static bool rule_names(const struct holiday *h, const struct tm *day, time_t midnight)
{
	switch (h->rule) {
	case HOLIDAY_EASTER:
		return midnight == easter_of(day->tm_year + 1900) + (time_t)h->day * DAY_SECONDS;
	case HOLIDAY_MONDAY: {
		time_t week_later = midnight + 7 * (time_t)DAY_SECONDS;
		struct tm later;
		bool last = gmtime_r(&week_later, &later) != NULL && later.tm_mon != day->tm_mon;
		return day->tm_wday == 1 && h->month == day->tm_mon + 1 && (h->day < 0 ? last : (day->tm_mday - 1) / 7 + 1 == h->day);
	}
	default:
		return h->month == day->tm_mon + 1 && h->day == day->tm_mday;
	}
}

// How many holidays the country has on this day; of those that are moved from a weekend, where `moved`.
static int rules_naming(const char *country, time_t midnight, bool moved)
{
	struct tm day;
	int count = 0;

	if (gmtime_r(&midnight, &day) == NULL)
		return 0;
	for (const struct holiday *h = holidays; h < holidays + holiday_count; h++)
		if (strcmp(h->country, country) == 0 && (!moved || h->rule == HOLIDAY_DATE_MOVED) && rule_names(h, &day, midnight))
			count++;
	return count;
}

bool holidays_working_day(const char *country, time_t midnight)
{
	struct tm day;
	const char *of = "*";

	pthread_once(&holidays_once, holidays_start);
	for (const struct holiday *h = holidays; country != NULL && h < holidays + holiday_count; h++)
		of = strcmp(h->country, country) == 0 ? h->country : of;
	if (gmtime_r(&midnight, &day) == NULL || day.tm_wday == 0 || day.tm_wday == 6 || rules_naming(of, midnight, false) > 0)
		return false;
	// A holiday of the weekend before takes the first day of the week that is none already.
	const time_t monday = midnight - (time_t)(day.tm_wday - 1) * DAY_SECONDS;
	int taken = rules_naming(of, monday - DAY_SECONDS, true) + rules_naming(of, monday - 2 * (time_t)DAY_SECONDS, true);
	for (time_t before = monday; before < midnight; before += DAY_SECONDS)
		taken -= rules_naming(of, before, false) == 0;
	return taken <= 0;
}
