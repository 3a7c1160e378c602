// SPDX-License-Identifier: ISC
#include "policy/base/err.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, enum err_code code, const char *format, ...)
{
	va_list args;

	if (e == NULL)
		return -1;
	e->code = code;
	va_start(args, format);
	vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	return -1;
}

int err_prefix(struct err *e, const char *format, ...)
{
	char old[sizeof e->text];
	va_list args;
	int n;

	if (e == NULL)
		return -1;
	memcpy(old, e->text, sizeof old);
	va_start(args, format);
	n = vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof e->text)
		snprintf(e->text + n, sizeof e->text - (size_t)n, ": %.*s", (int)(sizeof old - 4), old);
	return -1;
}

int err_system(struct err *e, enum err_code code, int error_number, const char *format, ...)
{
	char reason[128];
	va_list args;
	int n;

	if (e == NULL)
		return -1;
	e->code = code;
	va_start(args, format);
	n = vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	const char *words = strerror_r(error_number, reason, sizeof reason);
	if (n >= 0 && (size_t)n < sizeof e->text)
		snprintf(e->text + n, sizeof e->text - (size_t)n, ": %s", words);
	return -1;
}

bool err_is_full(int error_number)
{
	return error_number == ENOSPC || error_number == EDQUOT;
}
