// SPDX-License-Identifier: ISC
// Running text with a ceiling: white space collapses as it is added, invisible and direction-changing characters go, and what is over the
// ceiling is cut off at a whole character.
#ifndef LETHE_WORKER_PROSE_H
#define LETHE_WORKER_PROSE_H

#include "policy/base/buf.h"
#include <stdbool.h>

struct prose {
	struct buf text;
	char pending; // the separator before the next word: 0, ' ' or '\n'
	bool full;
};

void prose_init(struct prose *p, size_t max);
// Adds valid UTF-8. A new piece continues the last word unless white space stands between.
void prose_add(struct prose *p, const char *utf8, size_t len);
void prose_break(struct prose *p); // the next word starts a new line
bool prose_empty(const struct prose *p);
const char *prose_text(const struct prose *p);
void prose_reset(struct prose *p);
void prose_end(struct prose *p);

#endif
