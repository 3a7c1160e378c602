// SPDX-License-Identifier: ISC
// The statutory month is a calendar month, not 30 days: table of dates, and properties over every date of twelve years.
#include "policy/base/array.h"
#include "policy/base/when.h"
#include "policy/rights/clock.h"
#include "tests/unit/test.h"

struct vector {
	const char *received, *month, *days30, *months3, *days45, *days90;
};
// Computed by hand from the calendar. Rolled over Saturday, Sunday, 1 January, 25 and 26 December; days are not rolled.
static const struct vector vectors[] = {
    {"2025-01-31", "2025-02-28", "2025-03-02", "2025-04-30", "2025-03-17", "2025-05-01"},
    {"2028-01-31", "2028-02-29", "2028-03-01", "2028-05-01", "2028-03-16", "2028-04-30"},
    {"2026-01-31", "2026-03-02", "2026-03-02", "2026-04-30", "2026-03-17", "2026-05-01"},
    {"2026-10-29", "2026-11-30", "2026-11-28", "2027-01-29", "2026-12-13", "2027-01-27"},
    {"2026-12-01", "2027-01-04", "2026-12-31", "2027-03-01", "2027-01-15", "2027-03-01"},
    {"2027-01-29", "2027-03-01", "2027-02-28", "2027-04-29", "2027-03-15", "2027-04-29"},
    {"2026-11-20", "2026-12-21", "2026-12-20", "2027-02-22", "2027-01-04", "2027-02-18"},
    {"2027-02-10", "2027-03-10", "2027-03-12", "2027-05-10", "2027-03-27", "2027-05-11"},
    {"2026-11-25", "2026-12-28", "2026-12-25", "2027-02-25", "2027-01-09", "2027-02-23"}, // 25 and 26 December, then a Sunday
};

static time_t at(const char *text)
{
	time_t t;

	assert_int_equal(when_parse(&t, text), 0);
	return t;
}

static void assert_date(time_t t, const char *date)
{
	char text[WHEN_DATE];

	when_date(text, t);
	assert_string_equal(text, date);
}

static time_t due_days(time_t received, unsigned days)
{
	struct policy_right right = {.id = RIGHT_ACCESS, .answer = {.days = days}};

	return clock_due(&right, received);
}

// 15 business days: three weeks from a weekday in California; from a weekend, to the Friday of the third week.
static void an_opt_out_of_sale_is_due_in_15_business_days(void **state)
{
	static const char *const dates[][2] = {
	    {"2026-11-02T20:00:00Z", "2026-11-23"}, // a Monday; Veterans Day is counted
	    {"2026-11-03T02:00:00Z", "2026-11-23"}, // still Monday in California
	    {"2026-11-06T20:00:00Z", "2026-11-27"}, // a Friday
	    {"2026-11-07T20:00:00Z", "2026-11-27"}, // a Saturday
	    {"2026-11-08T20:00:00Z", "2026-11-27"}, {"2026-12-15T20:00:00Z", "2027-01-05"},
	};
	const struct policy_right by_law = {.id = RIGHT_OPT_OUT_OF_SALE, .statutory = true};
	const struct policy_right longer = {.id = RIGHT_OPT_OUT_OF_SALE, .answer = {.days = 30}};
	const struct policy_right sooner = {.id = RIGHT_OPT_OUT_OF_SALE, .answer = {.days = 2}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dates); i++) {
		assert_date(clock_due(&by_law, at(dates[i][0])), dates[i][1]);
		assert_date(clock_due(&longer, at(dates[i][0])), dates[i][1]);
	}
	assert_date(clock_due(&sooner, at("2026-11-02T20:00:00Z")), "2026-11-04");
}

static void vectors_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		time_t received = at(v->received);
		struct policy_right statutory = {.id = RIGHT_ACCESS, .statutory = true, .answer = {.days = 2}};
		assert_date(clock_due(&statutory, received), v->month);
		assert_date(clock_statutory(received, CLOCK_STATUTORY_MONTHS), v->month);
		assert_date(clock_statutory(received, CLOCK_EXTENDED_MONTHS), v->months3);
		assert_date(due_days(received, 30), v->days30);
		assert_date(due_days(received, 45), v->days45);
		assert_date(due_days(received, 90), v->days90);
	}
}

static void the_hour_of_receipt_does_not_matter(void **state)
{
	(void)state;
	time_t first = clock_statutory(at("2026-11-24T00:00:00Z"), 1);
	assert_int_equal(clock_statutory(at("2026-11-24T23:59:59Z"), 1), first);
	assert_int_not_equal(clock_statutory(at("2026-11-25T00:00:00Z"), 1), first);
}

static void the_end_is_before_midnight_everywhere_in_the_union(void **state)
{
	char text[WHEN_TEXT];

	(void)state;
	when_text(text, clock_statutory(at("2026-11-20T12:00:00Z"), 1));
	assert_string_equal(text, "2026-12-21T20:59:59Z"); // 23:59:59 in UTC+3
}

static void hours_of_the_policy_are_absolute(void **state)
{
	struct policy_right right = {.id = RIGHT_ACCESS, .answer = {.seconds = 48 * 3600}};

	(void)state;
	assert_int_equal(clock_due(&right, at("2026-11-20T22:15:01Z")), at("2026-11-22T22:15:01Z")); // a Sunday: no roll
}

// Over every date: never before the same date of the next month (or its last day), never on a day off, at most four days later.
static void every_date_holds(void **state)
{
	struct tm due, plain;

	(void)state;
	for (time_t day = at("2024-01-01"); day < at("2036-01-01"); day += 86400) {
		time_t end = clock_statutory(day, 1), month = duration_after(day, (struct duration){.months = 1});
		assert_non_null(gmtime_r(&end, &due));
		assert_non_null(gmtime_r(&month, &plain));
		assert_true(due.tm_wday != 0 && due.tm_wday != 6);
		assert_false(due.tm_mon == 11 && (due.tm_mday == 25 || due.tm_mday == 26));
		assert_false(due.tm_mon == 0 && due.tm_mday == 1);
		assert_true(end >= month);
		assert_true(end - month < 5 * 86400);
		if (plain.tm_wday >= 1 && plain.tm_wday <= 5 && plain.tm_mon != 11 && plain.tm_mon != 0)
			assert_int_equal(due.tm_yday, plain.tm_yday);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_opt_out_of_sale_is_due_in_15_business_days),
	    cmocka_unit_test(vectors_hold),
	    cmocka_unit_test(the_hour_of_receipt_does_not_matter),
	    cmocka_unit_test(the_end_is_before_midnight_everywhere_in_the_union),
	    cmocka_unit_test(hours_of_the_policy_are_absolute),
	    cmocka_unit_test(every_date_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
