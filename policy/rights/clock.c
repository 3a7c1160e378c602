// SPDX-License-Identifier: ISC
#include "policy/rights/clock.h"
#include "policy/rights/holidays.h"
#include <string.h>

enum {
	DAY_SECONDS = 86400,
	EASTERNMOST_SECONDS = 3 * 3600,
	PACIFIC_SECONDS = 8 * 3600,
	CCPA_ACKNOWLEDGE_BUSINESS_DAYS = 10,
	CCPA_DAYS = 45,
	CCPA_EXTENDED_DAYS = 90,
	CHINA_SECONDS = 8 * 3600,
	PIPL_WORKING_DAYS = 15,
	PIPL_WEEKEND_DAYS_WORKED = 2, // at most, within three weeks
};

const struct clock_row clock_rows[CLOCK_IDS] = {
    [CLOCK_GDPR] = {"gdpr", "Article 12(3) GDPR", false},
    [CLOCK_UK_GDPR] = {"uk-gdpr", "Articles 12(3) and 12A UK GDPR", false},
    [CLOCK_CCPA_ACKNOWLEDGE] = {"ccpa-acknowledge", "11 CCR 7021(a)", true},
    [CLOCK_CCPA] = {"ccpa", "11 CCR 7021(b)", false},
    [CLOCK_CCPA_OPT_OUT] = {"ccpa-opt-out", "11 CCR 7026(f)", false},
    [CLOCK_PIPL] = {"pipl", "PIPL, Articles 44 to 50: \"timely\"; 15 working days by practice", false},
    [CLOCK_PROMISE] = {"house", "the site's own promise", false},
};

static time_t midnight_of(time_t t)
{
	return t - ((t % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
}

// Whose public holidays count for the policy's controller; NULL: not known.
static const char *clock_country(const struct policy *p)
{
	const char *own = p != NULL ? p->controller.country : NULL;

	if (own != NULL && !policy_country_in_eea(own) && strcmp(own, "GB") != 0)
		own = p->representative.name != NULL ? p->representative.country : NULL;
	return own;
}

time_t clock_statutory(const char *country, time_t received, unsigned months, unsigned days)
{
	time_t last = duration_after(midnight_of(received), (struct duration){.months = months}) + (time_t)days * DAY_SECONDS;

	while (!holidays_working_day(country, last))
		last += DAY_SECONDS;
	return last + DAY_SECONDS - EASTERNMOST_SECONDS - 1;
}

// The last second of that day, of UTC.
static time_t business_days_after(time_t received, unsigned days)
{
	time_t midnight = midnight_of(received);
	struct tm day;

	while (days > 0) {
		midnight += DAY_SECONDS;
		days -= gmtime_r(&midnight, &day) == NULL || (day.tm_wday != 0 && day.tm_wday != 6);
	}
	return midnight + DAY_SECONDS - 1;
}

// Days of `by` (the law of the Union or of the United Kingdom) that do not count until `due`, without the pauses that began later. A day that
// two pauses touch is one day. In the Union, whole days; in the United Kingdom, all that a pause touches.
static unsigned paused_days(const struct clock_facts *facts, enum clock_id by, time_t due, bool *paused)
{
	time_t counted_to = 0; // the midnight after the last day that was counted
	unsigned days = 0;

	for (size_t i = 0; i < facts->pause_count; i++) {
		const struct clock_pause *p = &facts->pauses[i];
		time_t until = p->until != 0 ? p->until : facts->now;
		if (p->from > due || until < p->from || (by == CLOCK_GDPR && !p->identity))
			continue;
		*paused = *paused || (p->until == 0 && facts->ended == 0);
		time_t first = midnight_of(p->from) + (by == CLOCK_GDPR ? DAY_SECONDS : 0);
		time_t after = midnight_of(until) + (by == CLOCK_GDPR ? 0 : DAY_SECONDS);
		first = first < counted_to ? counted_to : first;
		if (after > first) {
			days += (unsigned)((after - first) / DAY_SECONDS);
			due += (after - first) / DAY_SECONDS * DAY_SECONDS;
			counted_to = after;
		}
	}
	return days;
}

static struct clock_line month_line(enum clock_id id, const char *country, const struct clock_facts *facts)
{
	struct clock_line line = {.met = 0, .id = id};
	time_t first = clock_statutory(country, facts->received, CLOCK_STATUTORY_MONTHS, 0);
	unsigned days = paused_days(facts, id, first, &line.paused);

	line.due = clock_statutory(country, facts->received, CLOCK_STATUTORY_MONTHS, days);
	line.extended = facts->extended != 0 && facts->extended <= line.due;
	if (line.extended) {
		first = clock_statutory(country, facts->received, CLOCK_EXTENDED_MONTHS, 0);
		days = paused_days(facts, id, first, &line.paused);
		line.due = clock_statutory(country, facts->received, CLOCK_EXTENDED_MONTHS, days);
	}
	return line;
}

static struct clock_line line_make(enum clock_id id, const struct policy *p, const struct policy_right *right,
				   const struct clock_facts *facts)
{
	const time_t received = facts->received;
	struct clock_line line = {.met = 0, .id = id};

	switch (id) {
	case CLOCK_GDPR:
	case CLOCK_UK_GDPR:
		return month_line(id, clock_country(p), facts);
	case CLOCK_CCPA_ACKNOWLEDGE:
		line.due = business_days_after(received - PACIFIC_SECONDS, CCPA_ACKNOWLEDGE_BUSINESS_DAYS);
		break;
	case CLOCK_CCPA:
		line.due = duration_after(received, (struct duration){.days = CCPA_DAYS});
		line.extended = facts->extended != 0 && facts->extended <= line.due;
		if (line.extended)
			line.due = duration_after(received, (struct duration){.days = CCPA_EXTENDED_DAYS});
		break;
	case CLOCK_CCPA_OPT_OUT:
		line.due = business_days_after(received - PACIFIC_SECONDS, CLOCK_SALE_BUSINESS_DAYS);
		break;
	case CLOCK_PIPL: // the day of receipt is that of UTC, which is never the later one
		line.due = business_days_after(received, PIPL_WORKING_DAYS - PIPL_WEEKEND_DAYS_WORKED) - CHINA_SECONDS;
		break;
	default:
		line.due = duration_after(received, right->answer);
		break;
	}
	return line;
}

size_t clock_lines(const struct policy *p, const struct policy_right *right, const struct clock_facts *facts,
		   struct clock_line out[CLOCK_IDS])
{
	const bool sale = right->id == RIGHT_OPT_OUT_OF_SALE;
	unsigned running = sale ? POLICY_BIT(CLOCK_CCPA_OPT_OUT) : 0;
	size_t count = 0;

	for (size_t i = 0; i < right->answer_count; i++) {
		const struct policy_right_answer *a = &right->answers[i];
		running |= a->regime == REGIME_GDPR            ? POLICY_BIT(CLOCK_GDPR)
			   : a->regime == REGIME_UK_GDPR       ? POLICY_BIT(CLOCK_UK_GDPR)
			   : a->regime == REGIME_PIPL          ? POLICY_BIT(CLOCK_PIPL)
			   : a->regime == REGIME_CCPA && !sale ? POLICY_BIT(CLOCK_CCPA) | POLICY_BIT(CLOCK_CCPA_ACKNOWLEDGE)
							       : 0;
	}
	if (right->statutory && right->answer_count == 0)
		running |= POLICY_BIT(CLOCK_GDPR);
	if (!right->statutory && !duration_is_zero(right->answer))
		running |= POLICY_BIT(CLOCK_PROMISE);
	for (enum clock_id id = 0; id < CLOCK_IDS; id++) {
		if ((running & POLICY_BIT(id)) == 0)
			continue;
		struct clock_line line = line_make(id, p, right, facts);
		line.met = clock_rows[id].acknowledges && facts->acknowledged != 0 ? facts->acknowledged : facts->ended;
		line.late = (line.met != 0 ? line.met : facts->now) > line.due;
		size_t at = count++;
		for (; at > 0 && out[at - 1].due > line.due; at--)
			out[at] = out[at - 1];
		out[at] = line;
	}
	return count;
}

const struct clock_line *clock_answer(const struct clock_line *lines, size_t count)
{
	const struct clock_line *first = NULL;

	for (const struct clock_line *l = lines; l < lines + count; l++) {
		if (clock_rows[l->id].acknowledges)
			continue;
		if (l->met == 0)
			return l;
		first = first == NULL ? l : first;
	}
	return first;
}

const struct clock_line *clock_next(const struct clock_line *lines, size_t count)
{
	for (const struct clock_line *l = lines; l < lines + count; l++)
		if (l->met == 0)
			return l;
	return clock_answer(lines, count);
}

time_t clock_waiting_since(const struct clock_facts *facts)
{
	for (size_t i = 0; i < facts->pause_count; i++)
		if (facts->pauses[i].until == 0)
			return facts->pauses[i].from;
	return 0;
}

time_t clock_due(const struct policy *p, const struct policy_right *right, time_t received)
{
	const struct clock_facts facts = {.received = received, .now = received};
	struct clock_line lines[CLOCK_IDS] = {0};
	const struct clock_line *answer = clock_answer(lines, clock_lines(p, right, &facts, lines));

	return answer != NULL ? answer->due : received;
}
