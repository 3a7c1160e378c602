// SPDX-License-Identifier: ISC
#include "admin/admin.h"
#include "policy/base/file.h"
#include "policy/base/json.h"
#include "policy/base/limits.h"
#include "policy/rules/active.h"
#include "policy/rules/lint.h"
#include <stdlib.h>
#include <string.h>

static const struct option_row lint_options[] = {
    {"format", OPTION_CHOICE, "text|json", "how to print it"},
    {"strict", OPTION_FLAG, NULL, "warnings count as errors"},
    {"against", OPTION_VALUE, "FILE", "an older version to compare units with (the one in force)"},
    {0},
};

static bool lint_json_finding(cJSON *findings, const struct lint_finding *f)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddItemToArray(findings, o);
	return cJSON_AddStringToObject(o, "file", f->file) != NULL && cJSON_AddNumberToObject(o, "line", f->line) != NULL &&
	       cJSON_AddStringToObject(o, "severity", f->severity) != NULL && cJSON_AddStringToObject(o, "what", f->what) != NULL &&
	       cJSON_AddStringToObject(o, "why", f->why) != NULL && cJSON_AddStringToObject(o, "instead", f->instead) != NULL;
}

// {"file", "errors", "warnings", "findings": [{"file", "line", "severity", "what", "why", "instead"}]}
static enum status lint_print_json(const char *file, struct buf *messages, const struct lint_result *result)
{
	BUF_AUTO struct buf out = BUF_INIT(OUTPUT_MAX);
	JSON_AUTO cJSON *o = cJSON_CreateObject();
	cJSON *findings = NULL;
	struct lint_finding finding;
	char *rest = NULL;
	bool ok = cJSON_AddStringToObject(o, "file", file) != NULL && cJSON_AddNumberToObject(o, "errors", result->errors) != NULL &&
		  cJSON_AddNumberToObject(o, "warnings", result->warnings) != NULL &&
		  (findings = cJSON_AddArrayToObject(o, "findings")) != NULL;

	for (char *line = messages->data != NULL ? strtok_r(messages->data, "\n", &rest) : NULL; ok && line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		ok = !lint_finding_read(&finding, line) || lint_json_finding(findings, &finding);
	if (!ok || json_print(&out, o) != 0)
		return output_complain(STATUS_UNSURE, "no memory to print the findings");
	buf_addc(&out, '\n');
	return output_print(&out);
}

// The version to compare units with: as named, else the one in force where there is one.
static struct policy *lint_before(const struct admin *a, const char *named)
{
	char path[PATH_MAX];

	if (named == NULL && path_join(path, sizeof path, a->state, "policy/active.xml", NULL) == 0)
		named = path;
	return named != NULL ? policy_load_as(named, true, NULL) : NULL;
}

static enum status lint_main(const struct admin *a, const struct arguments *args)
{
	const char *file = args->word_count == 1 ? args->words[0] : a->policy, *format = argument(args, "format");
	const char *against = argument(args, "against");
	BUF_AUTO struct buf messages = BUF_INIT(OUTPUT_MAX), bytes = BUF_INIT(POLICY_BYTES_MAX);
	struct lint_result result;
	struct err e = {0};

	if (file_read(file, &bytes, &e) != 0 && e.code != ERR_MEMORY) // too large is a finding
		return output_complain(STATUS_UNSURE, "%s", e.text);
	POLICY_AUTO struct policy *before = lint_before(a, against);
	if (before == NULL && against != NULL)
		return output_complain(STATUS_UNSURE, "%s is no valid policy to compare with: lethe policy lint shows why", against);
	policy_lint(file, before, &messages, &result);
	bool json = format != NULL && strcmp(format, "json") == 0;
	if (!json && messages.len == 0)
		buf_printf(&messages, "%s: no findings\n", file);
	enum status status = json ? lint_print_json(file, &messages, &result) : output_print(&messages);
	bool found = result.errors > 0 || (result.warnings > 0 && argument_given(args, "strict"));
	return status == STATUS_DONE && found ? STATUS_FOUND : status;
}

const struct command policy_lint_command = {
    .name = "lint",
    .run = lint_main,
    .line = "what is wrong with it? one line for each finding; exit status 1 for an error, 2 when it cannot be read",
    .words = "[FILE]",
    .words_max = 1,
    .options = lint_options};
