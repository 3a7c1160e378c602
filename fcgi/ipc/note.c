// SPDX-License-Identifier: ISC
#include "fcgi/ipc/note.h"
#include "policy/base/file.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static const char *program_name;

void note_program(const char *name)
{
	program_name = name;
}

void note_line(const char *format, ...)
{
	char line[640];
	int used = snprintf(line, sizeof line, "%s: ", program_name != NULL ? program_name : program_invocation_short_name);
	va_list args;
	va_start(args, format);
	int added = vsnprintf(line + used, sizeof line - (size_t)used - 1, format, args);
	va_end(args);
	if (added < 0)
		return;
	size_t len = (size_t)used + (size_t)added;
	if (len > sizeof line - 2)
		len = sizeof line - 2;
	line[len++] = '\n';
	(void)fd_write_all(STDERR_FILENO, line, len); // nowhere to complain
}
