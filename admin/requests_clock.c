// SPDX-License-Identifier: ISC
// When a request is due, by every clock that the policy and the law set, without looking at any request.
#include "admin/requests.h"
#include <string.h>

static const struct option_row clock_options[] = {
    {"received", OPTION_VALUE, "DATE", "when the request came: a day, or a time in UTC"},
    {"until", OPTION_VALUE, "DATE", "also for every day up to that one"},
    {"right", OPTION_VALUE, "RIGHT", "of one right; else of each that the policy offers"},
    {"extended", OPTION_VALUE, "DATE", "when the person was told that it takes longer"},
    LIST_OPTIONS_END,
};

int requests_time(const struct arguments *args, const char *name, time_t *out, struct err *e)
{
	const char *text = argument(args, name);

	return text == NULL || when_parse(out, text) == 0
		   ? 0
		   : err_set(e, ERR_INPUT, "--%s is a day, 2026-11-22, or a time in UTC, 2026-11-22T04:31:54Z", name);
}

static enum status clock_run(const struct admin *a, const struct arguments *args)
{
	enum { DAY_SECONDS = 86400, DAYS_MAX = 20000 };
	struct clock_facts facts = {.now = when_now()};
	const char *only = argument(args, "right");
	time_t until = 0;
	size_t rights = 0;

	if (argument(args, "received") == NULL)
		return output_complain(STATUS_UNSURE, "requests: --received DATE is needed: when the request came");
	if (requests_time(args, "received", &facts.received, a->e) != 0 || requests_time(args, "until", &until, a->e) != 0 ||
	    requests_time(args, "extended", &facts.extended, a->e) != 0)
		return admin_failed(a);
	if (until > facts.received + (time_t)DAYS_MAX * DAY_SECONDS)
		return output_complain(STATUS_UNSURE, "requests: --until is more than %d days later", DAYS_MAX);
	POLICY_AUTO struct policy *p = site_policy(a);
	if (p == NULL)
		return STATUS_UNSURE;
	do {
		for (const struct policy_right *right = p->rights; right < p->rights + p->right_count; right++) {
			const char *name = policy_word(&policy_right_words, right->id);
			struct clock_line lines[CLOCK_IDS] = {0};
			if (only != NULL && strcmp(only, name) != 0)
				continue;
			rights++;
			size_t count = clock_lines(p, right, &facts, lines);
			for (const struct clock_line *l = lines; l < lines + count; l++)
				table_add(a->list, facts.received, name, clock_rows[l->id].name, l->due, l == lines);
		}
		facts.received += DAY_SECONDS;
	} while (facts.received <= until && !a->list->failed);
	return rights == 0 ? output_complain(STATUS_UNSURE, "requests: the policy offers no such right")
			   : table_output(a->list, args, NULL);
}

const struct command requests_clock_command = {"clock",
					       clock_run,
					       "when a request is due, by every clock",
					       .options = clock_options,
					       .columns = (const char *const[]){"received", "right", "clock", "due", "earliest", NULL},
					       .types = "dssdb"};
