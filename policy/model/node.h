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
};

const xmlNode *child_first(const xmlNode *parent, const char *name); // NULL: any element; parent may be NULL
const xmlNode *child_next(const xmlNode *node, const char *name);
size_t child_count(const xmlNode *parent, const char *name);
#define FOR_CHILDREN(node, parent, name) for (const xmlNode *node = child_first(parent, name); node != NULL; node = child_next(node, name))
// The child of root's part `part` whose id is `id`; NULL.
const xmlNode *find_declared(const struct reader *r, const char *part, const char *id);

int node_line(const xmlNode *node);
const char *node_text(struct reader *r, const xmlNode *node);                   // all text in it, white space collapsed
const char *attribute(struct reader *r, const xmlNode *node, const char *name); // NULL when absent
const char *attribute_or(struct reader *r, const xmlNode *node, const char *name, const char *otherwise);
bool attribute_yes(struct reader *r, const xmlNode *node, const char *name);
time_t attribute_date(struct reader *r, const xmlNode *node, const char *name); // 0 when absent
// False when absent. One that the schema let pass and the clock cannot hold is reported.
bool attribute_duration(struct reader *r, const xmlNode *node, const char *name, struct duration *out);
// Every child's text, or its attribute `attribute_name`, as a NULL-terminated list.
struct policy_strings text_list(struct reader *r, const xmlNode *parent, const char *name, const char *attribute_name);
struct policy_strings words_split(struct reader *r, const char *text); // at spaces

// Translated children: those in the reader's language, else those in the first one.
const char *words(struct reader *r, const xmlNode *parent, const char *name); // "" when there is none
bool in_language(struct reader *r, const xmlNode *node, const xmlNode *parent, const char *name);

// Prose. A child that is there and empty is reported.
struct prose prose_of(struct reader *r, const xmlNode *node);
struct prose prose(struct reader *r, const xmlNode *parent, const char *name);
struct prose_list prose_list(struct reader *r, const xmlNode *parent, const char *name);

enum start_event start_event_from(const char *name);
enum ending ending_from(const char *name);

// The two halves of reading; the second needs the first.
void read_programs_part(struct reader *r);
void read_people_part(struct reader *r);
void read_notice(struct reader *r); // within the second
// Every text is there in each language, once. Needs the second half of the main language.
void check_translations(struct reader *r);

#endif
