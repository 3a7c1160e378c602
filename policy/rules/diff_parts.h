// SPDX-License-Identifier: ISC
// What the files of the comparison share.
#ifndef LETHE_RULES_DIFF_PARTS_H
#define LETHE_RULES_DIFF_PARTS_H

#include "policy/model/arena.h"
#include "policy/rules/diff.h"

struct differ {
	const struct policy *before, *after;
	struct policy_change *list;
	size_t count, room;
	bool too_many; // more changes than are kept: there is no comparison
	struct arena *arena;
	const char *part, *id; // what is being compared
	int line;
};

// One change of the part under comparison. `from` and `to` may be NULL. The sentence is made from the format.
void differ_add(struct differ *d, bool material, const char *from, const char *to, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void differ_at(struct differ *d, const char *part, const char *id, int line);
// Editorial when they differ; NULL counts as "".
void differ_words(struct differ *d, const char *name, const char *from, const char *to);
void differ_prose(struct differ *d, const char *name, const struct prose *from, const struct prose *to);
const char *differ_text(struct differ *d, const struct prose *prose); // its words
const char *differ_duration(struct differ *d, struct duration length);
// Words that are in one list and not in the other: "name: word" sentences by the two formats, which take one %s each.
struct list_words {
	const char *added, *gone;
	bool added_material, gone_material;
};
void differ_lists(struct differ *d, const struct policy_strings *from, const struct policy_strings *to, const struct list_words *words);
bool same_words(const char *a, const char *b); // NULL is ""
// The two lengths as one comparison, and whether P14D became P14M.
bool unit_changed(struct duration from, struct duration to);

void diff_kinds(struct differ *d);
void diff_purposes(struct differ *d);
void diff_processors(struct differ *d);
void diff_browser(struct differ *d);
void diff_rights(struct differ *d);
void diff_promises(struct differ *d);
void diff_rest(struct differ *d);

#endif
