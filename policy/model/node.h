// SPDX-License-Identifier: ISC
// Reading a tree that passed the schema into the arena. What the schema requires is there; memory may not be.
#ifndef LETHE_MODEL_NODE_H
#define LETHE_MODEL_NODE_H

#include "policy/model/arena.h"
#include "policy/model/policy.h"
#include "policy/model/report.h"
#include <libxml/tree.h>

struct reader {
	struct arena *arena;
	struct report *report;
	struct policy *p;
	xmlNode *root;
	const char *main_language; // of elements without lang
	bool facts;                // what programs obey is read first: the texts tell of it
};

const xmlNode *node_child_first(const xmlNode *parent, const char *name); // NULL: any element; parent may be NULL
const xmlNode *node_child_next(const xmlNode *node, const char *name);
size_t node_child_count(const xmlNode *parent, const char *name);
#define FOR_CHILDREN(node, parent, name)                                                                                                   \
	for (const xmlNode *node = node_child_first(parent, name); node != NULL; node = node_child_next(node, name))

int node_line(const xmlNode *node);
const char *node_words(struct reader *r, const xmlChar *text, bool trim);            // white space collapsed, at the ends too when `trim`
const char *node_text(struct reader *r, const xmlNode *node);                        // all text in it, white space collapsed
const char *node_attribute(struct reader *r, const xmlNode *node, const char *name); // NULL when absent
const char *node_attribute_or(struct reader *r, const xmlNode *node, const char *name, const char *otherwise);
bool node_has_language(struct reader *r, const xmlNode *node, const char *language);
// Of the children of one name: whether `node` is in the reader's language, or in the first one where none of them is.
bool node_wanted(struct reader *r, const xmlNode *node);

#endif
