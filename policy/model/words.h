// SPDX-License-Identifier: ISC
// The closed words of the policy language: one table of names per enum, in its order. Strings stand only where a policy is read and where
// it is written for programs; everything between uses the enum.
#ifndef LETHE_MODEL_WORDS_H
#define LETHE_MODEL_WORDS_H

#include <stddef.h>

struct policy_words {
	const char *const *names; // by value; NULL for a value that has no word
	unsigned count;
};
extern const struct policy_words policy_role_words, policy_use_words;

const char *policy_word(const struct policy_words *words, unsigned value); // NULL when the value has no word
// The value of the word that is the first `len` bytes of `name`; -1 when it is none of them.
int policy_word_value(const struct policy_words *words, const char *name, size_t len);

#endif
