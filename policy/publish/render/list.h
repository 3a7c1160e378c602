// SPDX-License-Identifier: ISC
// A list: rows that are objects, in any form. A cell is a string, a number, yes or no, null, or an array of strings.
#ifndef LETHE_PUBLISH_RENDER_LIST_H
#define LETHE_PUBLISH_RENDER_LIST_H

#include "policy/base/json.h"
#include "policy/publish/render/writer.h"

struct list {
	const char *const *columns; // members of a row, in order; NULL-terminated
	const char *const *titles;  // their headings; NULL: the columns' own names
	const cJSON *rows;          // an array of objects
	enum language language;     // of "yes" and "no"
};
// The words of a cell; of an array, its elements with `between`. -1 when the buffer failed.
int list_cell(enum language language, const cJSON *cell, const char *between, struct buf *out);
int list_csv(const struct list *list, struct buf *out);
// Before CSV that people open: without it Excel takes the text for windows-1252.
#define LIST_CSV_MARK "\xef\xbb\xbf"
void list_xml(const struct list *list, const char *element, struct buf *out); // the rows; a cell is an element, an array's cell one each
void list_text(const struct list *list, struct buf *out);                     // "title value" lines, an empty line after each row
void list_table(const struct list *list, const char *caption, struct writer *w);

#endif
