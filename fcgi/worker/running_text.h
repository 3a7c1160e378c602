// SPDX-License-Identifier: ISC
// Running text with a ceiling: white space collapses as it is added, invisible and direction-changing characters go, and what is over the
// ceiling is cut off at a whole character.
#ifndef LETHE_WORKER_RUNNING_TEXT_H
#define LETHE_WORKER_RUNNING_TEXT_H

#include "policy/base/buf.h"
#include <stdbool.h>

struct running_text {
	struct buf text;
	char pending; // the separator before the next word: 0, ' ' or '\n' (set it for a new line)
	bool full;
};
#define RUNNING_TEXT_INIT(ceiling) ((struct running_text){.text = BUF_INIT(ceiling)})

// Adds valid UTF-8. A new piece continues the last word unless white space stands between.
void running_text_add(struct running_text *t, const char *utf8, size_t len);
void running_text_reset(struct running_text *t);

#endif
