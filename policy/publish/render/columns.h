// SPDX-License-Identifier: ISC
// The columns of the list of subprocessors: one table, from which every form is made.
#ifndef LETHE_PUBLISH_RENDER_COLUMNS_H
#define LETHE_PUBLISH_RENDER_COLUMNS_H

#include "policy/model/policy.h"

enum { CELL_ITEMS_MAX = 64 };
enum cell_type { CELL_TEXT, CELL_LIST, CELL_YES_NO };

// Not to be copied: an item may point to `words`.
struct cell {
	enum cell_type type;
	const char *items[CELL_ITEMS_MAX];
	size_t count; // 0: not stated
	bool yes;
	char words[160]; // for a value made here
};

struct row {
	const struct policy *p;
	const struct policy_processor *a;
	const struct policy_processor *t;
};

struct column {
	const char *key;
	bool shown; // in the forms for people; the others have all columns
	void (*get)(const struct row *r, struct cell *c);
};
extern const struct column columns[];
extern const size_t column_count;

const char *column_title(const struct policy *p, const struct column *column);
void cell_fill(const struct column *column, const struct policy *p, size_t processor, struct cell *c);
void cell_join(const struct column *column, const struct policy *p, size_t processor, struct buf *out); // its items, "; " between

#endif
