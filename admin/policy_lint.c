// SPDX-License-Identifier: ISC
#include "admin/table.h"
#include "policy/base/file.h"
#include "policy/base/limits.h"
#include "policy/rules/active.h"
#include "policy/rules/lint.h"
#include "policy/rules/load.h"
#include <string.h>

static const struct option_row lint_options[] = {
    {"format", OPTION_CHOICE, "text|json", "how to print it"},
    {"strict", OPTION_FLAG, NULL, "warnings count as errors"},
    {"against", OPTION_VALUE, "FILE", "an older version to compare units with (the one in force)"},
    {0},
};

static enum status lint_main(const struct admin *a, const struct arguments *args)
{
	const char *file = args->word_count == 1 ? args->words[0] : a->policy, *format = argument(args, "format");
	const char *against = argument(args, "against");
	char active[PATH_MAX];
	bool json = format != NULL && strcmp(format, "json") == 0;
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX), bytes = BUF_INIT(POLICY_BYTES_MAX);
	REPORT_AUTO struct report report = {.file = file};
	struct err e = {0};

	if (file_read(file, &bytes, &e) != 0 && e.code != ERR_MEMORY) // too large is a finding
		return output_complain(STATUS_UNSURE, "%s", e.text);
	// The version to compare units with: as named, else the one in force where there is one.
	bool named = against != NULL || path_join(active, sizeof active, a->state, "policy/active.xml", NULL) == 0;
	POLICY_AUTO struct policy *before = named ? policy_load_as(against != NULL ? against : active, true, NULL) : NULL;
	if (before == NULL && against != NULL)
		return output_complain(STATUS_UNSURE, "%s is no valid policy to compare with: lethe policy lint shows why", against);
	policy_lint(file, before, &report);
	if (json) { // {"file", "errors", "warnings", "findings": [{"file", "line", "severity", "what", "why", "instead"}]}
		static const char *const columns[] = {"file", "line", "severity", "what", "why", "instead", NULL};
		JSON_AUTO cJSON *top = cJSON_CreateObject();
		TABLE_AUTO struct table t;
		table_init(&t, columns, "snssss");
		for (const struct finding *f = report.findings; f < report.findings + report.count; f++)
			table_add(&t, file, (double)f->line, f->error ? "error" : "warning", f->what, f->why, f->instead);
		if (!json_put(top, JSON_MEMBERS(MEMBER_TEXT("file", file), MEMBER_NUMBER("errors", report.errors),
						MEMBER_NUMBER("warnings", report.warnings))) ||
		    table_move(&t, top, "findings") != 0 || json_print(&messages, top) != 0)
			return output_complain(STATUS_UNSURE, "no memory to print the findings");
		buf_addc(&messages, '\n');
	} else if (report.count > 0) {
		report_print(&report, &messages);
	} else {
		buf_printf(&messages, "%s: no findings\n", file);
	}
	enum status status = output_print(&messages);
	bool found = report.errors > 0 || (report.warnings > 0 && argument_given(args, "strict"));
	return status == STATUS_DONE && found ? STATUS_FOUND : status;
}

const struct command policy_lint_command = {
    "lint", lint_main, "what is wrong with it? one line for each finding; exit status 1 for an error, 2 when it cannot be read",
    .words = "[FILE]", .options = lint_options};
