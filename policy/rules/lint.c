// SPDX-License-Identifier: ISC
#include "policy/rules/lint.h"
#include "policy/rules/load.h"

void policy_lint(const char *file, const struct policy *before, struct report *r)
{
	POLICY_AUTO struct policy *p = policy_load_reported(file, true, r);

	if (p == NULL)
		return;
	lint_notice(p, r);
	lint_rights(p, r);
	lint_times(p, r);
	lint_transfers(p, r);
	lint_browser(p, r);
	if (before != NULL)
		lint_units(before, p, r);
}
