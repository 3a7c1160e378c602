// SPDX-License-Identifier: ISC
// The terms of minors.txt, which is part of the program.
#ifndef LETHE_MODERATION_FILTER_TERMS_H
#define LETHE_MODERATION_FILTER_TERMS_H

#include "fcgi/moderation/filter_words.h"
#include "policy/base/err.h"

// The classes of minors.txt, in its order.
enum term_class {
	TERM_ALONE,
	TERM_MINOR,
	TERM_YOUNG,
	TERM_SEXUAL,
	TERM_SUGGESTIVE,
	TERM_GARMENT,
	TERM_VIOLENT,
	TERM_FRENCH,
	TERM_NU,
	// These only where filter_terms_take() asks for them.
	TERM_UNDER_18,
	TERM_YEARS,
	TERM_YEARS_AFTER_DE,
	TERM_BEFORE_AGE,
	TERM_AGED_THINGS,
	TERM_PERSON,
	TERM_OF_AGE,
	TERM_NO,
	TERM_NOT_FOR,
	TERM_NOT_ADMITTED,
	TERM_GOES_ON,
	TERM_BUYERS,
	TERM_SALE,
	TERM_WARES,
	TERM_ADULTS,
	TERM_DEPICTS,
	TERM_CLASSES,
};
typedef unsigned term_classes; // of TERM_BIT(enum term_class)
#define TERM_BIT(c) (1u << (c))

// Before all else: reads minors.txt, once. ERR_INPUT: it is malformed, which the tests exclude; ERR_MEMORY.
int filter_terms_ready(struct err *e);

// The classes, up to TERM_NU, of the terms that begin at w[at]; none where what stands beside it makes it something else ("naked eye").
term_classes filter_terms_at(const struct filter_word *w, size_t count, size_t at);
// How many of the `left` words at w the first fitting term of the class takes; 0: none fits.
size_t filter_terms_take(enum term_class class, const struct filter_word *w, size_t left);
// "nakedchild", "naked|child": two terms without a space, one of them sexual and the other somebody young.
bool filter_terms_glued(const struct filter_word *w);

#endif
