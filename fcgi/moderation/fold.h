// SPDX-License-Identifier: ISC
// A text reduced to what it looks like: lower-case ASCII without diacritics, invisible characters, full-width or look-alike forms. Every
// character remembers where it came from, so that what is found in the reduced text can be masked in the original.
#ifndef LETHE_MODERATION_FOLD_H
#define LETHE_MODERATION_FOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FOLD_OTHER = 0x7f }; // a letter that has no ASCII look

struct folded {
	const char *source;
	char *text;   // NUL-terminated
	uint32_t *at; // at[i]: byte of the source where text[i] begins; at[len]: the source's length
	size_t len;
};

static inline bool fold_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool fold_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || c == FOLD_OTHER;
}
static inline bool fold_is_alnum(char c)
{
	return fold_is_digit(c) || fold_is_letter(c);
}

// Whether a capital letter stands there in the source, or a Chinese, Japanese or Korean character.
bool fold_is_capital(const struct folded *f, size_t i);
bool fold_is_han(const struct folded *f, size_t i);
// Whether what stands there parts a word or number from its neighbour: no letter or digit, or a character that is written without spaces.
static inline bool fold_parts(const struct folded *f, size_t i)
{
	return !fold_is_alnum(f->text[i]) || fold_is_han(f, i);
}

// `text` must be UTF-8 of less than 4 GiB, and outlive what is made of it; what is not UTF-8 in it are letters of some kind. -1 when memory is
// gone. Free with fold_free, which wipes.
int fold_text(struct folded *out, const char *text);
void fold_free(struct folded *f);
#define FOLD_AUTO __attribute__((cleanup(fold_free)))

#endif
