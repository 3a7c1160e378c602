// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "policy/publish/publish.h"

const struct option_row subprocessors_options[] = {
    {"format", OPTION_CHOICE, "text|json|csv|md|html|xml", "how to print it"},
    {0},
};

enum status admin_subprocessors(const struct admin *a, const struct arguments *args)
{
	const char *name = argument(args, "format");
	enum list_format format = LIST_TEXT;
	struct err e;
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	POLICY_AUTO struct policy *p = policy_open(a);

	if (p == NULL)
		return STATUS_UNSURE;
	if (name != NULL && list_format_from_name(&format, name) != 0)
		return complain(STATUS_UNSURE, "subprocessors: this format is not built in");
	if (publish_subprocessors(p, format, &out, &e) != 0)
		return complain(STATUS_UNSURE, "subprocessors: %s", e.text);
	return output_print(&out);
}
