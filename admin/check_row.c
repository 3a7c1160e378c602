// SPDX-License-Identifier: ISC
// One check, and what it finds: for the command, which has the list of all checks, and for each of them.
#include "admin/check.h"
#include "policy/base/array.h"
#include <stdarg.h>
#include <stdio.h>

enum { FINDING_MAX = 1024 };

const char *const check_result_words[CHECK_RESULTS] = {[CHECK_KEPT] = "kept",       [CHECK_BROKEN] = "BROKEN", [CHECK_UNSURE] = "unsure",
						       [CHECK_OVERDUE] = "overdue", [CHECK_DUE] = "due",       [CHECK_EMPTY] = "nothing"};

void check_add(struct check *c, enum check_result result, const char *remedy, const char *format, ...)
{
	char finding[FINDING_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(finding, sizeof finding, format, arguments);
	va_end(arguments);
	table_add(&c->findings, check_result_words[result], c->at->name, c->at->policy, finding, remedy);
	c->bad |= result == CHECK_BROKEN || result == CHECK_UNSURE;
	c->broken |= result == CHECK_BROKEN;
	c->unsure |= result == CHECK_UNSURE;
}

void check_span_words(char out[SPAN_WORDS], time_t seconds)
{
	static const struct {
		time_t from, unit;
		const char *name;
	} units[] = {{2 * 86400, 86400, "days"}, {2 * 3600, 3600, "hours"}, {120, 60, "minutes"}};

	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (seconds >= units[i].from) {
			snprintf(out, SPAN_WORDS, "%lld %s", (long long)(seconds / units[i].unit), units[i].name);
			return;
		}
	}
	snprintf(out, SPAN_WORDS, "%lld second%s", (long long)seconds, seconds == 1 ? "" : "s");
}

void check_run(struct check *c, const struct check_row *row)
{
	struct err e;

	c->at = row;
	c->bad = false;
	if ((row->needs & NEEDS_POLICY) != 0 && c->policy == NULL)
		check_add(c, CHECK_UNSURE, "Repair the policy first.", "without a valid policy this cannot be told");
	else if ((row->needs & NEEDS_VAULT) != 0 && c->vault == NULL)
		check_add(c, CHECK_UNSURE, "Repair what is said of the stores first.", "the stores cannot be opened");
	else if ((row->needs & NEEDS_CENSUS) == NEEDS_CENSUS && vault_census(c->vault, &c->census, &e) != 0)
		check_add(c, CHECK_UNSURE, "Run lethe audit verify, and look at the disk.", "the stores cannot be counted: %s", e.text);
	else if ((row->needs & NEEDS_NGINX) == 0 || c->nginx != NULL)
		row->run(c);
	else
		return;
	if (!c->bad && row->kept != NULL)
		check_add(c, CHECK_KEPT, "", "%s", row->kept);
}
