// SPDX-License-Identifier: ISC
// Variables for templates (policy/publish/render/template.h).
#ifndef LETHE_PUBLISH_VARIABLES_H
#define LETHE_PUBLISH_VARIABLES_H

#include "policy/publish/words/words.h"

enum { VARIABLES_MAX = 64 };
struct variables {
	struct word_value list[VARIABLES_MAX + 1]; // ended by {NULL, NULL}
	size_t count;
	struct buf text; // owns the values
};
// `testing`: with the banner of a test build. Free with variables_free.
int variables_make(struct variables *v, const struct policy *p, bool testing, struct err *e);
void variables_free(struct variables *v);
// What to check before publishing a picture; nothing where the policy says nothing.
void variables_check_card(const struct policy *p, struct buf *out);

#endif
