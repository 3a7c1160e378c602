// SPDX-License-Identifier: ISC
// The statutory month is a calendar month, not 30 days: table of dates, and properties over every date of twelve years.
#include "policy/base/array.h"
#include "policy/base/when.h"
#include "policy/rights/clock.h"
#include "policy/rights/holidays.h"
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

	return clock_due(NULL, &right, received);
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
		assert_date(clock_due(NULL, &by_law, at(dates[i][0])), dates[i][1]);
		assert_date(clock_due(NULL, &longer, at(dates[i][0])), dates[i][1]);
	}
	assert_date(clock_due(NULL, &sooner, at("2026-11-02T20:00:00Z")), "2026-11-04");
}

static void vectors_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		time_t received = at(v->received);
		struct policy_right statutory = {.id = RIGHT_ACCESS, .statutory = true, .answer = {.days = 2}};
		assert_date(clock_due(NULL, &statutory, received), v->month);
		assert_date(clock_statutory(NULL, received, CLOCK_STATUTORY_MONTHS, 0), v->month);
		assert_date(clock_statutory(NULL, received, CLOCK_EXTENDED_MONTHS, 0), v->months3);
		assert_date(due_days(received, 30), v->days30);
		assert_date(due_days(received, 45), v->days45);
		assert_date(due_days(received, 90), v->days90);
	}
}

static void the_hour_of_receipt_does_not_matter(void **state)
{
	(void)state;
	time_t first = clock_statutory(NULL, at("2026-11-24T00:00:00Z"), 1, 0);
	assert_int_equal(clock_statutory(NULL, at("2026-11-24T23:59:59Z"), 1, 0), first);
	assert_int_not_equal(clock_statutory(NULL, at("2026-11-25T00:00:00Z"), 1, 0), first);
}

static void the_end_is_before_midnight_everywhere_in_the_union(void **state)
{
	char text[WHEN_TEXT];

	(void)state;
	when_text(text, clock_statutory(NULL, at("2026-11-20T12:00:00Z"), 1, 0));
	assert_string_equal(text, "2026-12-21T20:59:59Z"); // 23:59:59 in UTC+3
}

static void hours_of_the_policy_are_absolute(void **state)
{
	struct policy_right right = {.id = RIGHT_ACCESS, .answer = {.seconds = 48 * 3600}};

	(void)state;
	assert_int_equal(clock_due(NULL, &right, at("2026-11-20T22:15:01Z")), at("2026-11-22T22:15:01Z")); // a Sunday: no roll
}

// Holidays of a country move the month; another country's do not.
static void public_holidays_of_the_controllers_country_move_it(void **state)
{
	static const struct {
		const char *country, *received, *due;
	} rows[] = {
	    {"DE", "2026-03-01", "2026-04-01"}, {"DE", "2026-03-03", "2026-04-07"}, // Good Friday to Easter Monday
	    {"FR", "2026-03-03", "2026-04-03"}, {"FR", "2026-04-14", "2026-05-15"}, // no Good Friday; the Ascension
	    {"DE", "2025-09-03", "2025-10-06"}, {"FR", "2025-09-03", "2025-10-03"}, // the third of October, a Friday
	    {"SE", "2025-05-06", "2025-06-09"}, {NULL, "2025-05-06", "2025-06-06"}, // the Swedish national day
	    {"GB", "2026-04-04", "2026-05-05"}, {"IE", "2026-04-04", "2026-05-05"}, // the first Monday of May
	    {"GB", "2026-04-25", "2026-05-26"}, {"IE", "2026-04-25", "2026-05-25"}, // the last Monday of May
	    {"GB", "2021-11-25", "2021-12-29"}, {"IE", "2021-11-25", "2021-12-27"}, // 25 and 26 December, moved to Monday and Tuesday
	    {"GB", "2022-11-25", "2022-12-28"}, {"GB", "2021-12-01", "2022-01-04"}, // a Sunday: moved to Tuesday; a Saturday: to Monday
	    {"IE", "2026-09-26", "2026-10-27"}, {"NL", "2026-03-27", "2026-04-28"}, // the last Monday of October; King's Day
	    {"ES", "2026-09-12", "2026-10-13"}, {"IT", "2025-03-25", "2025-04-28"}, {"CN", "2026-09-01", "2026-10-01"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_date(clock_statutory(rows[i].country, at(rows[i].received), 1, 0), rows[i].due);
}

static void the_file_of_holidays_is_read_whole(void **state)
{
	static const char *const wrong[] = {"DE",        "DE 13-01",   "DE easter2",   "DE mon5-05",
					    "DEU 01-01", "DE 01-01 x", "DE easter+1x", "DE 01-01-"};
	struct holiday list[HOLIDAYS_MAX];
	struct err e = {0};
	int lines = 0;

	(void)state;
	for (const char *s = holidays_text; *s != '\0'; s += strcspn(s, "\n") + 1)
		lines += *s != '#';
	assert_int_equal(holidays_read(holidays_text, list, &e), lines);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_int_equal(holidays_read(wrong[i], list, &e), -1);
}

static struct clock_line line(const struct policy *p, const struct policy_right *right, const struct clock_facts *facts, enum clock_id id)
{
	struct clock_line lines[CLOCK_IDS];
	size_t count = clock_lines(p, right, facts, lines);

	for (size_t i = 0; i < count; i++)
		if (lines[i].id == id)
			return lines[i];
	fail_msg("the clock %s does not run", clock_rows[id].name);
	return lines[0];
}

static const struct policy_right_answer all_laws[] = {{.regime = REGIME_GDPR, .statutory = true},
						      {.regime = REGIME_UK_GDPR, .statutory = true},
						      {.regime = REGIME_CCPA, .statutory = true},
						      {.regime = REGIME_HOUSE, .within = {.days = 30}}};
static const struct policy_right every_law = {.id = RIGHT_ACCESS, .answer = {.days = 30}, .answers = all_laws, .answer_count = 4};

// Independent of the program: the working days of China as the State Council has ordered them for 2026, of which ours must never be later.
static void china_is_never_late(void **state)
{
	static const struct policy_right_answer pipl = {.regime = REGIME_PIPL, .statutory = true};
	const struct policy_right right = {.id = RIGHT_ACCESS, .statutory = true, .answers = &pipl, .answer_count = 1};
	static const struct {
		const char *received, *due;
	} rows[] = {{"2026-06-01", "2026-06-18"}, {"2026-06-05T23:59:59Z", "2026-06-24"}, {"2026-09-19", "2026-10-07"}};
	// Days off that are no weekend, and weekends that are worked.
	static const char off[] =
	    "01-01 01-02 02-16 02-17 02-18 02-19 02-20 02-23 04-06 05-01 05-04 05-05 06-19 09-25 10-01 10-02 10-05 10-06 10-07";
	static const char worked[] = "01-04 02-14 02-28 05-09 09-20 10-10";

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct clock_facts facts = {.received = at(rows[i].received), .now = at(rows[i].received)};
		assert_date(line(NULL, &right, &facts, CLOCK_PIPL).due, rows[i].due);
	}
	for (time_t day = at("2025-12-20"); day < at("2026-11-20"); day += 86400) {
		struct clock_facts facts = {.received = day, .now = day};
		time_t due = line(NULL, &right, &facts, CLOCK_PIPL).due, end = day;
		for (int left = 15; left > 0;) {
			char date[WHEN_DATE];
			struct tm tm;
			end += 86400;
			when_date(date, end);
			gmtime_r(&end, &tm);
			bool weekend = tm.tm_wday == 0 || tm.tm_wday == 6, year = strncmp(date, "2026", 4) == 0;
			left -= weekend ? year && strstr(worked, date + 5) != NULL : !year || strstr(off, date + 5) == NULL;
		}
		assert_true(due < end + 86400 - 8 * 3600);
		assert_true(due > day + 14 * (time_t)86400);
	}
}

static void every_law_and_promise_is_a_clock_of_its_own(void **state)
{
	static const struct {
		enum clock_id id;
		const char *due;
	} rows[] = {{CLOCK_CCPA_ACKNOWLEDGE, "2027-02-12"},
		    {CLOCK_PROMISE, "2027-02-28"},
		    {CLOCK_GDPR, "2027-03-01"},
		    {CLOCK_UK_GDPR, "2027-03-01"},
		    {CLOCK_CCPA, "2027-03-15"}};
	struct clock_facts facts = {.received = at("2027-01-29T12:00:00Z"), .now = at("2027-02-01")};
	struct clock_line lines[CLOCK_IDS];

	(void)state;
	assert_int_equal(clock_lines(NULL, &every_law, &facts, lines), ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(lines[i].id, rows[i].id);
		assert_date(lines[i].due, rows[i].due);
		assert_int_equal(lines[i].met, 0);
	}
	assert_int_equal(clock_next(lines, 5)->id, CLOCK_CCPA_ACKNOWLEDGE);
	facts.acknowledged = facts.now;
	assert_int_equal(clock_lines(NULL, &every_law, &facts, lines), 5);
	assert_int_equal(clock_next(lines, 5)->id, CLOCK_PROMISE);
	facts.now = at("2027-03-01");
	assert_true(line(NULL, &every_law, &facts, CLOCK_PROMISE).late);
	assert_false(line(NULL, &every_law, &facts, CLOCK_GDPR).late);
	assert_false(line(NULL, &every_law, &facts, CLOCK_CCPA_ACKNOWLEDGE).late);
	assert_date(clock_due(NULL, &every_law, facts.received), "2027-02-28");
	// In February the promise of 30 days is later than the law, which counts.
	assert_date(clock_due(NULL, &every_law, at("2027-02-10")), "2027-03-10");
}

static void an_extension_counts_if_the_notice_left_in_time(void **state)
{
	static const struct {
		const char *extended, *gdpr, *ccpa;
	} rows[] = {{"2026-11-30", "2027-01-29", "2027-01-27"}, // the last day of the month
		    {"2026-12-01", "2026-11-30", "2027-01-27"},
		    {"2026-12-14", "2026-11-30", "2026-12-13"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct clock_facts facts = {.received = at("2026-10-29"), .extended = at(rows[i].extended), .now = at("2027-01-01")};
		assert_date(line(NULL, &every_law, &facts, CLOCK_GDPR).due, rows[i].gdpr);
		assert_date(line(NULL, &every_law, &facts, CLOCK_CCPA).due, rows[i].ccpa);
		assert_date(line(NULL, &every_law, &facts, CLOCK_PROMISE).due, "2026-11-28");
	}
}

static void it_stands_still_only_while_something_was_asked(void **state)
{
	struct clock_facts facts = {.received = at("2026-06-01"), .now = at("2026-06-20"), .pause_count = 1};

	(void)state;
	facts.pauses[0] = (struct clock_pause){at("2026-06-03T10:00:00Z"), at("2026-06-08T09:00:00Z"), true};
	assert_date(line(NULL, &every_law, &facts, CLOCK_GDPR).due, "2026-07-06");    // 1 July and four whole days: a Sunday, so Monday
	assert_date(line(NULL, &every_law, &facts, CLOCK_UK_GDPR).due, "2026-07-07"); // six days, with the first and the last
	assert_date(line(NULL, &every_law, &facts, CLOCK_CCPA).due, "2026-07-16");
	assert_date(line(NULL, &every_law, &facts, CLOCK_PROMISE).due, "2026-07-01");
	// A second question meanwhile adds only the days that it adds.
	facts.pauses[facts.pause_count++] = (struct clock_pause){at("2026-06-08"), at("2026-06-09"), false};
	assert_date(line(NULL, &every_law, &facts, CLOCK_GDPR).due, "2026-07-06");
	assert_date(line(NULL, &every_law, &facts, CLOCK_UK_GDPR).due, "2026-07-08");
	// What the question means stops no clock of the Union.
	facts.pauses[0].identity = false;
	assert_date(line(NULL, &every_law, &facts, CLOCK_GDPR).due, "2026-07-01");
	// Not answered: it stands still as long as that lasts, and is not late.
	facts = (struct clock_facts){.received = at("2026-06-01"), .now = at("2026-09-01"), .pause_count = 1};
	facts.pauses[0] = (struct clock_pause){.from = at("2026-06-03"), .identity = true};
	assert_true(line(NULL, &every_law, &facts, CLOCK_GDPR).paused);
	assert_false(line(NULL, &every_law, &facts, CLOCK_GDPR).late);
	assert_true(line(NULL, &every_law, &facts, CLOCK_CCPA).late);
	// Asked when it was due already: too late.
	facts.pauses[0].from = at("2026-07-02");
	assert_false(line(NULL, &every_law, &facts, CLOCK_GDPR).paused);
	assert_true(line(NULL, &every_law, &facts, CLOCK_GDPR).late);
}

// Over every date: never before the same date of the next month (or its last day), never on a day off, at most four days later.
static void every_date_holds(void **state)
{
	struct tm due, plain;

	(void)state;
	for (time_t day = at("2024-01-01"); day < at("2036-01-01"); day += 86400) {
		time_t end = clock_statutory(NULL, day, 1, 0), month = duration_after(day, (struct duration){.months = 1});
		assert_non_null(gmtime_r(&end, &due));
		assert_non_null(gmtime_r(&month, &plain));
		assert_true(due.tm_wday != 0 && due.tm_wday != 6);
		assert_false(due.tm_mon == 11 && due.tm_mday == 25);
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
	    cmocka_unit_test(public_holidays_of_the_controllers_country_move_it),
	    cmocka_unit_test(the_file_of_holidays_is_read_whole),
	    cmocka_unit_test(every_law_and_promise_is_a_clock_of_its_own),
	    cmocka_unit_test(china_is_never_late),
	    cmocka_unit_test(an_extension_counts_if_the_notice_left_in_time),
	    cmocka_unit_test(it_stands_still_only_while_something_was_asked),
	    cmocka_unit_test(every_date_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
