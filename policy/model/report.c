// SPDX-License-Identifier: ISC
#include "policy/model/report.h"
#include "policy/model/arena.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void report_add(struct report *r, bool error, int line, const char *finding, ...)
{
	char text[2048];
	const char *parts[3] = {"", "", ""};
	va_list arguments;

	*(error ? &r->errors : &r->warnings) += 1;
	if (r->arena == NULL && (r->arena = arena_new()) != NULL)
		r->findings = arena_array(r->arena, REPORT_FINDINGS_MAX, sizeof *r->findings);
	if (r->findings == NULL || r->count == REPORT_FINDINGS_MAX)
		return;
	va_start(arguments, finding);
	vsnprintf(text, sizeof text, finding, arguments);
	va_end(arguments);
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

void report_print(const struct report *r, struct buf *out)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct finding *f = &r->findings[i];
		buf_printf(out, "%s:%d: %s: %s; %s; %s\n", r->file, f->line, f->error ? "error" : "warning", f->what, f->why, f->instead);
	}
}

void report_free(struct report *r)
{
	if (r->arena != NULL)
		arena_free(r->arena);
	*r = (struct report){.file = r->file};
}
