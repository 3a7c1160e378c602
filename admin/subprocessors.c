// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "policy/publish/documents/documents.h"
#include <string.h>

static const struct option_row subprocessors_options[] = {
    {"format", OPTION_CHOICE, "text|json|csv|md|html|xml", "how to print it"},
    {0},
};

static enum status subprocessors_main(const struct admin *a, const struct arguments *args)
{
	const char *name = argument(args, "format");
	int format = name != NULL ? policy_word_value(&subprocessors_formats, name, strlen(name)) : LIST_TEXT;
	struct err e;
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	POLICY_AUTO struct policy *p = site_policy(a);
	FACTS_AUTO struct facts facts = {0};

	if (p == NULL)
		return STATUS_UNSURE;
	if (format < 0)
		return output_complain(STATUS_UNSURE, "subprocessors: this format is not built in");
	if (facts_make(&facts, p, false, &e) != 0 || subprocessors_write(&facts, (enum subprocessors_format)format, &out, &e) != 0)
		return output_complain(STATUS_UNSURE, "subprocessors: %s", e.text);
	return output_print(&out);
}

const struct command subprocessors_command = {"subprocessors", subprocessors_main, "list who processes data for this site",
					      .options = subprocessors_options};
