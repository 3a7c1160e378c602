// SPDX-License-Identifier: ISC
// The words of names.txt and minors_han.txt, which are part of the program: what they say about what stands beside them.
#ifndef LETHE_MODERATION_FILTER_LEXICON_H
#define LETHE_MODERATION_FILTER_LEXICON_H

#include "fcgi/moderation/fold.h"
#include "policy/base/err.h"
#include <assert.h>

// Described in the files, each before its items.
enum lexicon_class {
	LEXICON_INTRODUCES,
	LEXICON_MAY_INTRODUCE,
	LEXICON_GREETS,
	LEXICON_MAY_GREET,
	LEXICON_CLOSES,
	LEXICON_MAY_CLOSE,
	LEXICON_LABELS,
	LEXICON_MAY_LABEL,
	LEXICON_LEADS,
	LEXICON_HEADS,
	LEXICON_TITLE,
	LEXICON_TITLE_WEAK,
	LEXICON_NO_PERSON,
	LEXICON_NAME_PART,
	LEXICON_TITLE_AFTER,
	LEXICON_GIVEN,
	LEXICON_NO_NAME,
	LEXICON_NO_PERSON_BESIDE,
	LEXICON_STREET,
	LEXICON_HAN_STREET,
	LEXICON_IDENTIFIES,
	LEXICON_IDENTIFIES_HOW,
	LEXICON_CALLS,
	LEXICON_THINGS,
	LEXICON_THINGS_HOW,
	LEXICON_FAMILY,
	LEXICON_NO_FAMILY,
	LEXICON_HAN_ENDS,
	LEXICON_HAN_INNOCENT,
	LEXICON_HAN_MINOR,
	LEXICON_HAN_SEXUAL,
	LEXICON_HAN_VIOLENT,
	LEXICON_CLASSES
};
typedef unsigned lexicon_set; // of LEXICON_BIT(enum lexicon_class)
static_assert(LEXICON_CLASSES <= 32, "a bit for each class");
#define LEXICON_BIT(c) (1u << (c))

enum { LEXICON_ITEM_MAX = 48 }; // bytes of an item, with its NUL

// Reads the files, once. ERR_INPUT: one is malformed, which the tests exclude.
int lexicon_ready(struct err *e);
// The classes of an item of `len` bytes; 0: it is none.
lexicon_set lexicon_find(const char *item, size_t len);
// Of the one word [at, end) of a folded text.
static inline lexicon_set lexicon_word(const struct folded *f, size_t at, size_t end)
{
	return lexicon_find(f->text + at, end - at);
}
// Where the longest item ends that begins at `at`, of several words or Chinese characters, and belongs to one of the classes: 0: none does.
// *found: those classes.
size_t lexicon_item(const struct folded *f, size_t at, lexicon_set wanted, lexicon_set *found);
// Whether an item of the class `wanted` begins within the last `words` words before `at`, on its line. Between its end and `at` only words may stand that
// are of the class `through` (LEXICON_CLASSES: whatever they are).
bool lexicon_before(const struct folded *f, size_t at, enum lexicon_class wanted, enum lexicon_class through, unsigned words);
// Where the Latin word ends that begins at `at`; `at`: none does.
size_t lexicon_word_end(const struct folded *f, size_t at);

#endif
