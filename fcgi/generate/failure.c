// SPDX-License-Identifier: ISC
#include "fcgi/generate/failure.h"
#include "fcgi/serve/serve.h"
#include <stdarg.h>
#include <stdio.h>

int failure_set(struct failure *t, int status, const char *slug, const char *parameter, const char *format, ...)
{
	va_list args;

	t->status = status;
	t->slug = slug;
	t->parameter = parameter;
	t->confirmable = false;
	va_start(args, format);
	vsnprintf(t->detail, sizeof t->detail, format, args);
	va_end(args);
	return -1;
}

int failure_store(struct failure *t, const struct err *e)
{
	note_line("nothing is made unrecorded: %s", e->text);
	return failure_set(t, 503, e->code == ERR_FULL ? "storage-full" : "storage", NULL,
			   "The site cannot record what it does at the moment, and makes nothing unrecorded. Please try again later.");
}
