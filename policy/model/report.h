// SPDX-License-Identifier: ISC
// Findings about a policy: what is wrong in which line, why it matters, and what to write instead.
#ifndef LETHE_MODEL_REPORT_H
#define LETHE_MODEL_REPORT_H

#include "policy/base/buf.h"
#include <stdbool.h>

struct finding {
	bool error; // else a warning, which alone refuses nothing
	int line;
	const char *what, *why, *instead;
};
// Begin with {.file = …}; report_free() ends it and every text of its findings.
struct report {
	const char *file;
	struct finding *findings;
	size_t count;
	unsigned errors, warnings;
	struct arena *arena;
};
enum { REPORT_FINDINGS_MAX = 200 }; // further ones are counted, not kept

// The three parts of a finding are one format, and the arguments those of all three: report_error(r, line, what, why, instead, …). What
// stands between them is a character that XML cannot hold, so no argument brings it in.
void report_add(struct report *r, bool error, int line, const char *finding, ...) __attribute__((format(printf, 4, 5)));
#define report_error(r, line, what, why, ...)   report_add(r, true, line, what "\037" why "\037" __VA_ARGS__)
#define report_warning(r, line, what, why, ...) report_add(r, false, line, what "\037" why "\037" __VA_ARGS__)
// The same where the condition holds; nothing else is evaluated where it does not.
#define report_error_if(condition, ...)   ((condition) ? report_error(__VA_ARGS__) : (void)0)
#define report_warning_if(condition, ...) ((condition) ? report_warning(__VA_ARGS__) : (void)0)
// One line for each, "file:line: error|warning: what; why; instead".
void report_print(const struct report *r, struct buf *out);
void report_free(struct report *r);
#define REPORT_AUTO __attribute__((cleanup(report_free)))

#endif
