// SPDX-License-Identifier: ISC
// The numbers of a time's requests: for the management, and for those that California has published each year (11 CCR 7102).
#include "admin/requests.h"
#include <string.h>

static const struct option_row report_options[] = {
    {"from", OPTION_VALUE, "DATE", "only those that came on that day or later"},
    {"until", OPTION_VALUE, "DATE", "only those that came before that day"},
    LIST_OPTIONS_END,
};

enum { DAYS_MAX = 366 }; // what took longer counts as that
struct report_row {
	size_t received, states[STATE_COUNT], late, in_time, ended;
	size_t days[DAYS_MAX + 1]; // how many were ended so many days after they came
};
struct report {
	struct report_row rights[RIGHT_COUNT];
	time_t from, until; // 0: whenever
};

static int report_request(void *arg, const struct rights_row *row)
{
	struct report *report = arg;
	const int right = policy_word_value(&policy_right_words, row->right, strlen(row->right));

	if (right < 0 || row->received < report->from || (report->until != 0 && row->received >= report->until))
		return 0;
	struct report_row *r = &report->rights[right];
	const time_t days = (row->facts.clock.ended - row->received) / 86400;
	r->received++;
	r->states[row->facts.state]++;
	r->late += row->late;
	r->in_time += !row->open && !row->missed;
	if (!row->open && row->facts.clock.ended != 0) {
		r->ended++;
		r->days[days < 0 ? 0 : days > DAYS_MAX ? DAYS_MAX : days]++;
	}
	return 0;
}

// The days that half of them took at most.
static double report_median(const struct report_row *r)
{
	size_t day = 0;

	for (size_t seen = r->days[0]; 2 * seen < r->ended; seen += r->days[day])
		day++;
	return (double)day;
}

static enum status requests_report(const struct admin *a, const struct arguments *args)
{
	struct report report = {0};

	if (requests_time(args, "from", &report.from, a->e) != 0 || requests_time(args, "until", &report.until, a->e) != 0 ||
	    rights_each(a->vault, report_request, &report, a->e) != 0)
		return admin_failed(a);
	for (size_t i = 0; i < RIGHT_COUNT; i++) {
		const struct report_row *r = &report.rights[i];
		const size_t *in = r->states;
		if (r->received > 0)
			table_add(a->list, policy_word(&policy_right_words, (unsigned)i), (double)r->received,
				  (double)(in[STATE_OPEN] + in[STATE_WAITING] + in[STATE_PARTIAL]), (double)r->late,
				  (double)in[STATE_FULFILLED], (double)in[STATE_REFUSED], (double)in[STATE_CLOSED], (double)r->in_time,
				  report_median(r), (double)in[STATE_WITHDRAWN]);
	}
	return table_output(a->list, args, "No request came then.");
}

const struct command requests_report_command = {"report",
						requests_report,
						"how many came, what became of them, and in how many days",
						.options = report_options,
						.opens = OPENS_LOOK,
						.columns = (const char *const[]){"right", "came", "open", "late", "done", "refused",
										 "closed", "in_time", "median_days", "withdrawn", NULL},
						.types = "snnnnnnnnN"};
