// SPDX-License-Identifier: ISC
#include "policy/model/report.h"
#include "policy/model/arena.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 0))) static void report_add(struct report *r, bool error, int line, const char *format, va_list arguments)
{
	char text[2048];
	const char *parts[3] = {"", "", ""};

	if (r->arena == NULL && (r->arena = arena_new()) != NULL)
		r->findings = arena_array(r->arena, REPORT_FINDINGS_MAX, sizeof *r->findings);
	if (r->findings == NULL || r->count == REPORT_FINDINGS_MAX)
		return;
	vsnprintf(text, sizeof text, format, arguments);
	char *rest = text, *part;
	for (size_t i = 0; i < 3 && (part = strsep(&rest, i < 2 ? "\037" : "")) != NULL; i++) {
		for (char *c = part; *c; c++) { // one finding is one line, whatever the file holds
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				*c = ' ';
		}
		parts[i] = arena_text(r->arena, part, strlen(part));
	}
	r->findings[r->count++] = (struct finding){.error = error, .line = line, .what = parts[0], .why = parts[1], .instead = parts[2]};
}

void report_error(struct report *r, int line, const char *finding, ...)
{
	va_list arguments;

	r->errors++;
	va_start(arguments, finding);
	report_add(r, true, line, finding, arguments);
	va_end(arguments);
}

void report_warning(struct report *r, int line, const char *finding, ...)
{
	va_list arguments;

	r->warnings++;
	va_start(arguments, finding);
	report_add(r, false, line, finding, arguments);
	va_end(arguments);
}

void report_print(const struct report *r, struct buf *out)
{
	for (const struct finding *f = r->findings; f < r->findings + r->count; f++)
		buf_printf(out, "%s:%d: %s: %s; %s; %s\n", r->file, f->line, f->error ? "error" : "warning", f->what, f->why, f->instead);
}

void report_free(struct report *r)
{
	if (r->arena != NULL)
		arena_free(r->arena);
	*r = (struct report){.file = r->file};
}
