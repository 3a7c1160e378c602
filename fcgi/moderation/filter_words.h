// SPDX-License-Identifier: ISC
// A text as words to be judged. They are compared after fold(), with digits and signs that stand for letters replaced and spelled-out words
// joined, so that n4ked, n a k e d and nакеd are the same word.
#ifndef LETHE_MODERATION_FILTER_WORDS_H
#define LETHE_MODERATION_FILTER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

enum { WORD_MAX = 40 };
enum word_end { JOINED, ITEM_ENDS, CLAUSE_ENDS };
struct word {
	char plain[WORD_MAX], leet[WORD_MAX];
	bool disguised; // the two differ
	bool spelled;   // joined from single letters: terms may stand anywhere in it
	enum word_end after;
	unsigned clause, item; // which it stands in; an item is what commas set apart
};

// The words of a valid UTF-8 text; NULL when memory is gone. They are the visitor's: free with words_free, which wipes all `room` of them.
struct word *words_of(const char *text, size_t *count, size_t *room);
void words_free(struct word *w, size_t room);

// Whether the word is `part`, of `len` characters; a "*" at its end takes any ending.
bool word_is(const struct word *w, const char *part, size_t len);
bool word_is_one_of(const struct word *w, const char *const *list); // which ends with NULL
// How many of the `left` words at w the term takes, which is one or more parts with a space between; 0: it is not there.
size_t term_at(const struct word *w, size_t left, const char *term);

#endif
