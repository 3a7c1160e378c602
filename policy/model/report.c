// SPDX-License-Identifier: ISC
#include "policy/model/report.h"
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 4, 0))) static void add(struct report *r, int line, const char *severity, const char *format,
						      va_list arguments)
{
	char text[2048];

	if (r->out == NULL || r->errors + r->warnings > REPORT_ERRORS_MAX)
		return;
	vsnprintf(text, sizeof text, format, arguments);
	for (char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f) // one finding is one line, whatever the file holds
			*c = ' ';
	}
	buf_printf(r->out, "%s:%d: %s: %s\n", r->file, line, severity, text);
}

void report_error(struct report *r, int line, const char *format, ...)
{
	va_list arguments;

	r->errors++;
	va_start(arguments, format);
	add(r, line, "error", format, arguments);
	va_end(arguments);
}

void report_warning(struct report *r, int line, const char *format, ...)
{
	va_list arguments;

	r->warnings++;
	va_start(arguments, format);
	add(r, line, "warning", format, arguments);
	va_end(arguments);
}
