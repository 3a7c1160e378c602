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

// The three parts of a finding as one format. What stands between them is a character that XML cannot hold, so no argument brings it in.
#define FINDING(what, why, instead) what "\037" why "\037" instead

void report_error(struct report *r, int line, const char *finding, ...) __attribute__((format(printf, 3, 4)));
void report_warning(struct report *r, int line, const char *finding, ...) __attribute__((format(printf, 3, 4)));
// One line for each, "file:line: error|warning: what; why; instead".
void report_print(const struct report *r, struct buf *out);
void report_free(struct report *r);
#define REPORT_AUTO __attribute__((cleanup(report_free)))

#endif
