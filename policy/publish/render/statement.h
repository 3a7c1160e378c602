// SPDX-License-Identifier: ISC
// The statements of the notice: each paragraph, item and cell of it, with the word of the policy that a program obeys in it, if there is one. Who
// writes a line says what it states (statement_next) before it is begun; a line of which nothing is said is for people to keep. In HTML a statement
// that a program keeps gets an anchor, and a link to its row on /privacy/live; notice_statements() gathers all of them.
#ifndef LETHE_PUBLISH_RENDER_STATEMENT_H
#define LETHE_PUBLISH_RENDER_STATEMENT_H

#include "policy/base/buf.h"
#include "policy/model/policy.h"
#include "policy/rules/vocabulary.h"

// Each with the row of its type, below. STATEMENT_PEOPLE: no program keeps it; STATEMENT_GUIDE: it says where something is, and promises nothing.
#define STATEMENTS(row)                                                                                                                    \
	row(STATEMENT_PEOPLE, "people", NULL, NULL), row(STATEMENT_GUIDE, "guide", NULL, NULL),                                            \
	    row(STATEMENT_MEMORY, "memory", "kind@keep=memory", "spill"), row(STATEMENT_LIFE, "life", "life@length", "retention"),         \
	    row(STATEMENT_DISK, "disk", "kind@place=disk", "spool"),                                                                       \
	    row(STATEMENT_PROCESSOR, "processor", "processors/processor", "egress"),                                                       \
	    row(STATEMENT_BUILT_IN, "built-in", "processor@standing=built-in", "settings"),                                                \
	    row(STATEMENT_OWN, "own", "processor/within", "egress"), row(STATEMENT_REGION, "region", "processor/region", "regions"),       \
	    row(STATEMENT_RECEIVES, "receives", "receives@kind", "egress"),                                                                \
	    row(STATEMENT_TRAINING, "training", "processor@ask=no-training", "settings"),                                                  \
	    row(STATEMENT_ANONYMISED, "anonymised", "processor@anonymised=yes", "egress"),                                                 \
	    row(STATEMENT_COOKIES, "cookie", "cookies/cookie", "headers"),                                                                 \
	    row(STATEMENT_RESOURCES, "resource", "resource@origin", "headers"), row(STATEMENT_RIGHT, "right", "right/answer", "requests"), \
	    row(STATEMENT_CONNECTION, "connection", "rights@connection=yes", NULL),                                                        \
	    row(STATEMENT_CONSENT, "consent", "consents/consent", NULL), row(STATEMENT_CONTENT, "content", "content/rule", NULL),          \
	    row(STATEMENT_CLAIM, "promise", "promise@id", NULL), row(STATEMENT_VERSION, "version", "policy/versions", "activation")
#define STATEMENT_VALUE(type, ...) type
enum statement_type { STATEMENTS(STATEMENT_VALUE), STATEMENT_COUNT };
struct statement_row {
	const char *name;  // how its anchors begin; "keeper.NAME" is the word for what keeps it
	const char *word;  // of the vocabulary: which functions obey it, and which test fails without them
	const char *check; // the one of `lethe check` that looks at it; NULL: none does, or it is another for each promise
};
extern const struct statement_row statement_rows[STATEMENT_COUNT];

enum { STATEMENT_ID = 96 };
struct statement {
	enum statement_type type;
	char id[STATEMENT_ID];               // its anchor, in the notice and on the live page
	const char *section, *section_id;    // where it stands; NULL: above the first
	char *group;                         // the heading below that; NULL: none
	char *text;                          // as it stands there, without markup
	const struct vocabulary_row *obeyed; // of STATEMENT_PEOPLE and STATEMENT_GUIDE: NULL
	union {
		const void *of; // NULL: of the whole site
		const struct policy_kind *kind;
		const struct policy_processor *processor;
		const struct policy_right *right;
		const struct policy_claim *claim;
	};
};
struct statements {
	struct statement *list;
	size_t count, capacity;
	bool failed; // memory is gone
};
void statements_free(struct statements *s);
// The check of `lethe check` that looks at it; NULL: none does.
const char *statement_check(const struct statement *s);
#define STATEMENTS_AUTO __attribute__((cleanup(statements_free)))

// What a writer of the notice keeps of them.
struct statement_writer {
	struct statements all;
	bool gathers; // the texts are kept, and no addresses are written behind links
	bool sums_up; // what is written now stands below once more, where it is stated
	const char *section, *section_id, *group;
	char row_head[256];       // the first cell of the row that is written
	enum statement_type next; // of the line that is to be begun
	const void *next_of;
	const char *next_name;
	const struct vocabulary_row *next_row;
	bool open, anchored, joins; // joins: it goes on where the cell before it ended
	size_t from;                // where the text of the open line begins
};
// The next line of the notice states this of `of`, whose name in the policy is `name`; `value`: of the word, where the vocabulary tells them apart,
// else NULL. Does nothing outside of the notice.
void statement_next(struct statement_writer *x, enum statement_type type, const void *of, const char *name, const char *value);
// For writer.c: a line begins where `out` ends, in this column of a table (`cell`) or in none; what its anchor is, NULL: it has none.
const char *statement_begin(struct statement_writer *x, const struct buf *out, size_t column, bool cell);
// It ends where `out` ends. What it states, where a link to its proof belongs behind it; else NULL.
const struct statement *statement_end(struct statement_writer *x, const struct buf *out, size_t column, const char *label);

#endif
