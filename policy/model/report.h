// SPDX-License-Identifier: ISC
// Findings about a policy, one line each: "file:line: error|warning: what, why it matters, what to write instead".
#ifndef LETHE_MODEL_REPORT_H
#define LETHE_MODEL_REPORT_H

#include "policy/base/buf.h"

struct report {
	const char *file;
	struct buf *out; // NULL: only counted
	unsigned errors, warnings;
};

enum { REPORT_ERRORS_MAX = 200 }; // further ones are counted, not printed

void report_error(struct report *r, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
void report_warning(struct report *r, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
