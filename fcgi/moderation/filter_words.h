// SPDX-License-Identifier: ISC
// A text as words to be judged. They are compared after fold_text(), with digits and signs that stand for letters replaced and spelled-out
// words joined, so that n4ked, n a k e d and nакеd are the same word.
#ifndef LETHE_MODERATION_FILTER_WORDS_H
#define LETHE_MODERATION_FILTER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { FILTER_WORD_MAX = 40 };
enum filter_word_end { WORD_JOINED, WORD_ENDS_ITEM, WORD_ENDS_CLAUSE };
struct filter_word {
	char plain[FILTER_WORD_MAX], leet[FILTER_WORD_MAX];
	bool disguised; // the two differ
	bool spelled;   // joined from single letters: terms may stand anywhere in it
	enum filter_word_end after;
	unsigned clause, item; // which it stands in, for whoever numbers them; an item is what commas set apart
};
struct filter_words {
	struct filter_word *at;
	size_t count, capacity;
};

// The words of a valid UTF-8 text. -1 when memory is gone.
int filter_words_read(struct filter_words *out, const char *text);
void filter_words_free(struct filter_words *w); // wipes: they are the visitor's
#define FILTER_WORDS_AUTO __attribute__((cleanup(filter_words_free)))

// Whether a term that begins with c may stand at w: says no nearly always, and cheaply.
static inline bool filter_word_may_begin(const struct filter_word *w, char c)
{
	return w->spelled || c == w->plain[0] || c == w->leet[0] || c == '*';
}

// How many of the `left` words at w the term takes, which is one or more parts with a space between, "*" at the end of a part taking any
// ending; 0: it is not there.
size_t filter_words_match(const struct filter_word *w, size_t left, const char *term);

#endif
