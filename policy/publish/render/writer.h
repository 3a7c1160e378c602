// SPDX-License-Identifier: ISC
// One notice, three forms: the parts of the notice are written through these functions, and the form decides on markup and escaping.
// Everything that comes from the policy is escaped here and nowhere else. Failure shows in the buffer.
#ifndef LETHE_PUBLISH_RENDER_WRITER_H
#define LETHE_PUBLISH_RENDER_WRITER_H

#include "policy/base/buf.h"
#include "policy/model/policy.h"
#include "policy/publish/render/statement.h"
#include "policy/publish/words/words.h"

enum { DOCUMENT_BYTES_MAX = 16 * 1024 * 1024 }; // a document, a page, an asset
enum form { FORM_HTML, FORM_MARKDOWN, FORM_TEXT };
enum mark { MARK_PARAGRAPH, MARK_LIST, MARK_ITEM, MARK_STRONG, MARK_EMPHASIS };

struct writer {
	enum form form;
	struct buf *out;
	const struct policy *policy; // in the language that is written
	const char *const *columns;  // of the open table; NULL-terminated
	size_t column;
	struct statement_writer *statements; // of the notice; NULL elsewhere
};

// What stands before and after something of a kind; and markup that only HTML has.
void write_begin(struct writer *w, enum mark mark);
void write_end(struct writer *w, enum mark mark);
void write_html(struct writer *w, const char *markup);

// Inline. Of these, write_word and write_filled take a word by its key (policy/publish/words), with its links and emphasis.
void write_words(struct writer *w, const char *text);
void write_all(struct writer *w, const char *const *texts);
#define WRITE_ALL(w, ...) write_all(w, (const char *const[]){__VA_ARGS__, NULL})
void write_word(struct writer *w, const char *key);
void write_filled(struct writer *w, const char *key, const struct word_value *values);
void write_strong(struct writer *w, const char *text);
void write_link(struct writer *w, const char *text, const char *to); // a page of this site: the one in the writer's language
void write_prose(struct writer *w, const struct prose *prose);
// Words after others of their kind: with the word `between` before all but the first of *count.
void write_joined(struct writer *w, size_t *count, const char *between, const char *text);

// Blocks. `level` 1 to 3; `id` may be NULL.
void write_heading(struct writer *w, int level, const char *id, const char *text);
void write_paragraph(struct writer *w, const struct prose *prose);
void write_note(struct writer *w, const char *key, const struct word_value *values); // a paragraph of our own words
void write_item(struct writer *w, const char *label, const struct prose *prose);     // the label, strong, may be NULL
void write_items(struct writer *w, const struct prose_list *list);
// Cells are opened and closed in order; every row has as many as there are columns. The first cell is the row's heading.
void write_table_begin(struct writer *w, const char *caption, const char *const *columns);
void write_cell_begin(struct writer *w);
void write_cell_end(struct writer *w);
void write_cell(struct writer *w, const char *text);
void write_table_end(struct writer *w);

// The words of a prose without markup, in the language of `p`.
void prose_plain(const struct policy *p, const struct prose *prose, struct buf *out);

#endif
