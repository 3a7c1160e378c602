// SPDX-License-Identifier: ISC
// What the files of the comparison share.
#ifndef LETHE_RULES_DIFF_PARTS_H
#define LETHE_RULES_DIFF_PARTS_H

#include "policy/model/arena.h"
#include "policy/model/fields.h"
#include "policy/rules/change.h"

enum { DIFF_DEPTH = 3, SENTENCE_MAX = 1024, CHANGES_MAX = 10000 };
struct differ {
	const struct policy *before, *after;
	struct policy_change *list;
	size_t count, capacity;
	bool too_many; // more changes than are kept: there is no comparison
	struct arena *arena;
	const char *part, *id; // what is being compared
	int line;
	struct {
		const struct model_record *record;
		const void *base;
	} about[DIFF_DEPTH]; // whose fields a sentence may name, the innermost last
	size_t depth;
};

// One change of the part under comparison. `from` and `to` may be NULL. The sentence is made from the format.
void diff_add(struct differ *d, bool material, const char *from, const char *to, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void diff_put(struct differ *d, bool material, const char *from, const char *to, const char *sentence); // the same, of a sentence
const char *diff_copy(struct differ *d, const char *s);                                                 // "" for NULL
bool diff_same(const char *a, const char *b);                                                           // NULL is as ""
const char *diff_duration(struct differ *d, struct duration length);

// What no row of policy/model/fields.c can say. Each gets two versions of one thing.
void diff_kind(struct differ *d, const void *before, const void *after);
void diff_processor(struct differ *d, const void *before, const void *after);
void diff_content(struct differ *d, const void *before, const void *after);
void diff_party(struct differ *d, const char *title, const struct policy_party *from, const struct policy_party *to);

#endif
