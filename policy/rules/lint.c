// SPDX-License-Identifier: ISC
#include "policy/rules/lint.h"
#include "policy/base/limits.h"
#include <stdlib.h>
#include <string.h>

static void count(const char *messages, struct lint_result *out)
{
	for (const char *line = messages; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		out->errors += memmem(line, len, ": error: ", 9) != NULL;
		out->warnings += memmem(line, len, ": error: ", 9) == NULL && memmem(line, len, ": warning: ", 11) != NULL;
	}
}

void policy_lint(const char *file, const struct policy *before, struct buf *messages, struct lint_result *out)
{
	struct report r = {.file = file, .out = messages};
	size_t start = messages->len;
	POLICY_AUTO struct policy *p = policy_load_as(file, true, messages);

	*out = (struct lint_result){0};
	count(buf_text(messages) + start, out);
	if (p == NULL)
		return;
	lint_notice(p, &r);
	lint_rights(p, &r);
	lint_times(p, &r);
	lint_transfers(p, &r);
	lint_browser(p, &r);
	if (before != NULL)
		lint_units(before, p, &r);
	out->errors += r.errors;
	out->warnings += r.warnings;
}

// Cuts `*text` after what stands before `end` and moves it behind; NULL when `end` is not there.
static char *cut(char **text, const char *end)
{
	char *at = strstr(*text, end), *start = *text;

	if (at == NULL)
		return NULL;
	*at = '\0';
	*text = at + strlen(end);
	return start;
}

bool lint_finding_read(struct lint_finding *out, char *line)
{
	char *error = strstr(line, ": error: "), *warning = strstr(line, ": warning: ");
	char *at = error == NULL || (warning != NULL && warning < error) ? warning : error;

	if (at == NULL)
		return false;
	out->severity = at == error ? "error" : "warning";
	*at = '\0';
	char *colon = strrchr(line, ':');
	if (colon == NULL)
		return false;
	*colon = '\0';
	out->file = line;
	out->line = (int)strtol(colon + 1, NULL, 10);
	char *text = at + strlen(out->severity) + 4;
	const char *what = cut(&text, "; ");
	char *last = strrchr(text, ';');
	out->what = what != NULL ? what : text;
	out->why = what != NULL ? text : "";
	out->instead = "";
	if (what != NULL && last != NULL && last[1] == ' ') {
		*last = '\0';
		out->instead = last + 2;
	}
	return true;
}
