// SPDX-License-Identifier: ISC
// One difference between two versions of a policy (policy/rules/diff.h).
#ifndef LETHE_RULES_CHANGE_H
#define LETHE_RULES_CHANGE_H

#include <stdbool.h>

struct policy_change {
	bool material;
	const char *part;           // "kind", "processor", "right" …
	const char *id;             // of the part: "request-log"; "" where it has none
	const char *what;           // a sentence for visitors
	const char *before, *after; // "" where there was or is nothing
	int line;                   // in the new file; 0 for what is gone
};

#endif
