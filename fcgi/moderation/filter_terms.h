// SPDX-License-Identifier: ISC
// The terms that the filter for minors knows: English and German; the plain words of French and Spanish.
#ifndef LETHE_MODERATION_FILTER_TERMS_H
#define LETHE_MODERATION_FILTER_TERMS_H

#include "fcgi/moderation/filter_words.h"

enum term_class {
	TERM_ALONE, // needs nothing beside it
	TERM_MINOR,
	TERM_YOUNG, // may also be said of grown-ups; counts only beside a grave term
	TERM_SEXUAL,
	TERM_SUGGESTIVE,
	TERM_GARMENT, // said of people or sold in shops
	TERM_VIOLENT,
	TERM_FRENCH,
	TERM_NU, // "nu" alone is "now" or "no" elsewhere: it counts beside a French word only
};
typedef unsigned term_classes; // bit (1u << enum term_class)
#define TERM_BIT(c) (1u << (c))

// The classes of the terms that begin at w[at]; none where what stands beside it makes it something else ("naked eye").
term_classes terms_at(const struct word *w, size_t count, size_t at);
// "nakedchild", "naked|child": two terms without a space, one of them sexual and the other somebody young.
bool terms_glued(const struct word *w);

#endif
