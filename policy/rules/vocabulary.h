// SPDX-License-Identifier: ISC
// The one table of the policy language's words: policy/rules/vocabulary.txt says for every element, attribute and closed value of the schema
// what obeys it, and which test fails when nothing does. The file explains its columns.
#ifndef LETHE_RULES_VOCABULARY_H
#define LETHE_RULES_VOCABULARY_H

#include <libxml/tree.h>
#include <stdbool.h>
#include <stddef.h>

enum vocabulary_how {
	VOCABULARY_OBEYED,  // `by` names functions
	VOCABULARY_READ,    // by people only; `by` says where it is shown
	VOCABULARY_UNBUILT, // by nothing yet; `by` is the name of the missing capability
};

struct vocabulary_row {
	const char *parent;              // of an element's row: "kind" of kind/life; NULL in an attribute's row
	const char *element;             // "life"
	const char *attribute;           // "hold"; NULL in an element's row
	const char *values;              // "yes" or "text,image": the row is about these values; NULL: about the word whatever its value
	const char *if_name, *if_values; // only where this attribute of the same element has one of these values; NULL: everywhere
	enum vocabulary_how how;
	const char *by;
	const char *test; // "unit/vault_record_test kinds that are not kept are refused"; "" where nothing obeys or people read it
	int line;         // in the file
};

// All rows in the file's order. NULL when the file is not as it should be, which a test would have found.
const struct vocabulary_row *vocabulary_rows(size_t *count);
// Finds for each of the rows the first element of the tree, in the order of the document, that uses its word; it stays NULL where nothing
// does. A <processor> that was removed uses none.
struct vocabulary_use {
	const struct vocabulary_row *row;
	const xmlNode *first;
};
void vocabulary_uses(const xmlNode *root, struct vocabulary_use *uses, size_t count);
// The row of a word as the file writes it ("kind/life", "life@length", "kind@keep=memory"), or of that with this value; NULL: there is none.
const struct vocabulary_row *vocabulary_find(const char *word, const char *value);
bool vocabulary_listed(const char *list, const char *word, size_t len); // in "yes,no"

#endif
