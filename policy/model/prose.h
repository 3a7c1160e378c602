// SPDX-License-Identifier: ISC
// Text for people: runs of words, some of them emphasised or linked. Declared facts (<age> …) are already words here.
#ifndef LETHE_MODEL_PROSE_H
#define LETHE_MODEL_PROSE_H

#include <stdbool.h>
#include <stddef.h>

enum prose_run_type { RUN_TEXT, RUN_EMPHASIS, RUN_LINK, RUN_LIFE };
struct prose_run {
	enum prose_run_type type;
	const char *text;               // "" for RUN_LIFE, whose words are those of policy/publish
	const struct policy_kind *kind; // RUN_LIFE: how long this one lives; NULL for the others
	const char *to;                 // a link's target: https://…, /path, #id or mailto:…; NULL for the others
};
struct prose {
	const struct prose_run *runs;
	size_t count; // 0: the policy says nothing here
};
struct prose_list {
	const struct prose *items;
	size_t count;
};

#endif
