// SPDX-License-Identifier: ISC
#include "fcgi/moderation/fold.h"
#include "policy/base/array.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct range {
	uint32_t first, last;
};

// Not seen by a reader, therefore used to split words: soft hyphen, combining marks, zero-width and direction marks, variation selectors.
static const struct range invisible[] = {
    {0x00AD, 0x00AD}, {0x0300, 0x036F}, {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160}, {0x17B4, 0x17B5},
    {0x180B, 0x180F}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F},
    {0x20D0, 0x20FF}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE01EF},
};
static const struct range spaces[] = {{0x00A0, 0x00A0}, {0x1680, 0x1680}, {0x2000, 0x200A}, {0x202F, 0x202F},
				      {0x205F, 0x205F}, {0x3000, 0x3000}, {0x0009, 0x0009}};
static const struct range dashes[] = {{0x2010, 0x2015}, {0x2043, 0x2043}, {0x2212, 0x2212}, {0xFE58, 0xFE58}, {0xFE63, 0xFE63}};
static const uint32_t digit_zeros[] = {0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6};

// U+00C0 to U+017F by their base letter; the two signs among them are × and ÷.
static const char latin[] = "aaaaaaaceeeeiiiidnoooooxouuuuyts"
			    "aaaaaaaceeeeiiiidnooooo/ouuuuyty"
			    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooo"
			    "oorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof latin - 1 == 0x180 - 0xC0, "one letter for each code point");

// Greek and Cyrillic letters that look like Latin ones.
static const struct {
	uint16_t code;
	char looks;
} alike[] = {
    {0x0391, 'a'}, {0x0392, 'b'}, {0x0395, 'e'}, {0x0396, 'z'}, {0x0397, 'h'}, {0x0399, 'i'}, {0x039A, 'k'}, {0x039C, 'm'},
    {0x039D, 'n'}, {0x039F, 'o'}, {0x03A1, 'p'}, {0x03A4, 't'}, {0x03A5, 'y'}, {0x03A7, 'x'}, {0x03B1, 'a'}, {0x03B5, 'e'},
    {0x03B9, 'i'}, {0x03BA, 'k'}, {0x03BD, 'v'}, {0x03BF, 'o'}, {0x03C1, 'p'}, {0x03C4, 't'}, {0x03C5, 'u'}, {0x03C7, 'x'},
    {0x0405, 's'}, {0x0406, 'i'}, {0x0408, 'j'}, {0x0410, 'a'}, {0x0412, 'b'}, {0x0415, 'e'}, {0x041A, 'k'}, {0x041C, 'm'},
    {0x041D, 'h'}, {0x041E, 'o'}, {0x0420, 'p'}, {0x0421, 'c'}, {0x0422, 't'}, {0x0423, 'y'}, {0x0425, 'x'}, {0x0430, 'a'},
    {0x0435, 'e'}, {0x043A, 'k'}, {0x043E, 'o'}, {0x0440, 'p'}, {0x0441, 'c'}, {0x0443, 'y'}, {0x0445, 'x'}, {0x0455, 's'},
    {0x0456, 'i'}, {0x0458, 'j'}, {0x04BB, 'h'}, {0x0501, 'd'}, {0x051B, 'q'}, {0x051D, 'w'}, {0x0261, 'g'},
};

static bool range_holds(const struct range *set, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++) {
		if (c >= set[i].first && c <= set[i].last)
			return true;
	}
	return false;
}
#define WITHIN(set, c) range_holds(set, ARRAY_LEN(set), c)

static char fold_lower(uint32_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

// 0 for what is not seen.
static char fold_code(uint32_t c)
{
	if (WITHIN(spaces, c))
		return ' ';
	if (c < 0x80)
		return fold_lower(c);
	if (WITHIN(invisible, c))
		return 0;
	if (WITHIN(dashes, c))
		return '-';
	if (c >= 0xC0 && c < 0x180)
		return latin[c - 0xC0];
	for (size_t i = 0; i < ARRAY_LEN(digit_zeros); i++) {
		if (c >= digit_zeros[i] && c < digit_zeros[i] + 10)
			return (char)('0' + (c - digit_zeros[i]));
	}
	if (c >= 0xFF01 && c <= 0xFF5E) // full-width
		return fold_lower(c - 0xFEE0);
	if (c >= 0x1D400 && c <= 0x1D6A3) // mathematical alphabets, each A–Z a–z
		return (char)('a' + (c - 0x1D400) % 26);
	if (c >= 0x24B6 && c <= 0x24E9) // circled
		return (char)('a' + (c - 0x24B6) % 26);
	for (size_t i = 0; i < ARRAY_LEN(alike); i++) {
		if (alike[i].code == c)
			return alike[i].looks;
	}
	if (c == 0x2024 || c == 0x3002 || c == 0xFF61)
		return '.';
	if (c >= 0x2018 && c <= 0x201F)
		return '\'';
	return (c >= 0x2000 && c < 0x2C00) || (c >= 0x3000 && c < 0x3040) || c < 0xC0 ? ' ' : FOLD_OTHER;
}

static uint32_t utf8_next(const unsigned char **s)
{
	const unsigned char *p = *s;
	unsigned more = *p < 0x80 ? 0 : *p < 0xE0 ? 1 : *p < 0xF0 ? 2 : 3;
	uint32_t c = more == 0 ? *p : *p & (0x3Fu >> more);

	for (p++; more > 0 && (*p & 0xC0) == 0x80; more--)
		c = c << 6 | (*p++ & 0x3F);
	*s = p;
	return c;
}

int fold_text(struct folded *out, const char *text)
{
	const unsigned char *start = (const unsigned char *)text, *p = start;
	size_t bytes = strlen(text);

	// ß takes two bytes in UTF-8, so the reduced text is never longer than the source.
	*out = (struct folded){.source = text, .text = malloc(bytes + 1), .at = malloc((bytes + 1) * sizeof(uint32_t))};
	if (out->text == NULL || out->at == NULL) {
		fold_free(out);
		return -1;
	}
	while (*p != '\0') {
		uint32_t from = (uint32_t)(p - start), c = utf8_next(&p);
		char looks = fold_code(c);
		for (int copies = looks == 0 ? 0 : c == 0xDF || c == 0x1E9E ? 2 : 1; copies > 0; copies--) {
			out->at[out->len] = from;
			out->text[out->len++] = c == 0x1E9E ? 's' : looks;
		}
	}
	out->at[out->len] = (uint32_t)bytes;
	out->text[out->len] = '\0';
	return 0;
}

static uint32_t code_at(const struct folded *f, size_t i)
{
	const unsigned char *p = (const unsigned char *)f->source + f->at[i];

	return utf8_next(&p);
}

bool fold_is_capital(const struct folded *f, size_t i)
{
	static const struct range capitals[] = {{'A', 'Z'}, {0xC0, 0xD6}, {0xD8, 0xDE}, {0x391, 0x3A9}, {0x400, 0x42F}, {0xFF21, 0xFF3A}};
	uint32_t c = code_at(f, i);

	if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E))
		return c % 2 == 1;
	return (c >= 0x100 && c < 0x178) ? c % 2 == 0 : WITHIN(capitals, c);
}

bool fold_is_han(const struct folded *f, size_t i)
{
	static const struct range han[] = {{0x3040, 0x30FF}, {0x3400, 0x4DBF}, {0x4E00, 0x9FFF},
					   {0xAC00, 0xD7AF}, {0xF900, 0xFAFF}, {0x20000, 0x3FFFF}};

	return f->text[i] == FOLD_OTHER && WITHIN(han, code_at(f, i));
}

void fold_free(struct folded *f)
{
	if (f->text != NULL)
		explicit_bzero(f->text, f->len);
	free(f->text);
	free(f->at);
	*f = (struct folded){0};
}
