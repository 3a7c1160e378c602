// SPDX-License-Identifier: ISC
// The files of sketch/, which are part of the program, and the tables among them. Private to sketch_*.c and their tests.
#ifndef LETHE_PROVIDER_SKETCH_DATA_H
#define LETHE_PROVIDER_SKETCH_DATA_H

#include "policy/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sketch_text {
	const char *at; // NULL: there is none
	size_t len;
};
// What stands in one of the files, "scenes/hero.svg"; of an SVG file, what is inside its root element.
struct sketch_text sketch_file(const char *name);

// A table of words: rows "ID ATTRIBUTE: word, word, *part*, several words", continued by lines that begin with white space, and comments
// after '#'. A star stands for any letters on that side of the word, an exclamation mark after it forbids the endings that words take.
// Words are compared without case and diacritics.
struct sketch_row {
	const char *id, *attribute; // the attribute is "" where there is none
};
struct sketch_keyword {
	const char *folded;
	uint16_t row;
	uint16_t len;
	bool open_start, open_end; // a star
	bool exact, free;          // no endings; of a script that is written without spaces
};
struct sketch_table {
	struct sketch_row *rows;
	struct sketch_keyword *keywords; // by their first byte
	size_t rows_count, keywords_count;
	uint32_t first[257]; // first[b]: the first keyword that begins with byte b
	char *bytes;
};
int sketch_table_parse(struct sketch_table *out, const char *text, size_t len, struct err *e);
void sketch_table_free(struct sketch_table *t);
// The tables of the program, parsed when first asked for: trades.txt (motif, mood), colours.txt (colour or what changes one), palettes.txt
// (mood, with colours for words).
enum sketch_table_name { SKETCH_TRADES, SKETCH_COLOUR_WORDS, SKETCH_PALETTES, SKETCH_TABLES };
const struct sketch_table *sketch_table(enum sketch_table_name name);

// A text reduced to what is compared: small letters without diacritics, one space for whatever is no letter or digit.
struct sketch_folded {
	char *text;
	uint32_t *from; // from[i]: the byte of the source that text[i] came from; from[len]: the source's length
	size_t len;
};
int sketch_fold(struct sketch_folded *out, const char *text, size_t len); // valid UTF-8; -1: no memory
void sketch_folded_free(struct sketch_folded *f);                         // wipes

struct sketch_match {
	size_t start, end; // in the folded text
	uint16_t row;
};
// The longest keyword that begins at `at`; false: none. `inside`: it need not be where a word begins.
bool sketch_match_at(const struct sketch_table *t, const struct sketch_folded *f, size_t at, bool inside, struct sketch_match *out);

#endif
