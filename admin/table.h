// SPDX-License-Identifier: ISC
// Lists: for people, aligned columns under a heading, wherever they go (a terminal, a pager, a mail of cron); for programs, JSON (an array of
// objects) and CSV.
#ifndef LETHE_ADMIN_TABLE_H
#define LETHE_ADMIN_TABLE_H

#include "admin/admin.h"
#include "policy/base/json.h"

#define TABLE_FORMATS "text|json|csv"
// The last of the options of a list, and the end of their table; LIST_OPTIONS: it has no others.
#define LIST_OPTIONS_END                                                                                                                   \
	{"format", OPTION_CHOICE, TABLE_FORMATS, "how to print it"},                                                                       \
	{                                                                                                                                  \
		0                                                                                                                          \
	}
#define LIST_OPTIONS ((const struct option_row[]){LIST_OPTIONS_END})

struct table {
	const char *const *columns; // NULL-terminated: names of members, and headings
	const char *types;          // a letter for each: s text, i id, n number, b yes or no, t time, d time of which people need the day;
				    // last of all those for programs alone, in capitals
	cJSON *rows;                // an array of objects
	cJSON *unlisted;            // ids of what is not in it: those shown are long enough to be told from them, too
	bool whole;                 // where a word of the last column is too wide, too, each row is a block
	bool found;                 // something in it waits for the officer: table_output() ends with STATUS_FOUND
	bool failed;                // memory is gone
};
#define TABLE_AUTO __attribute__((cleanup(table_free)))

void table_init(struct table *t, const char *const *columns, const char *types);
void table_free(struct table *t);
// Adds a row: a const char * (NULL: empty), double, int or time_t (0: empty) for each column.
void table_add(struct table *t, ...);
size_t table_size(const struct table *t);
// Appends the table in one of TABLE_FORMATS (NULL: text). -1 when memory is gone.
int table_print(const struct table *t, const char *format, struct buf *out);
// Makes its rows, from now on none, a member of the object. -1 when memory is gone.
int table_move(struct table *t, cJSON *object, const char *name);
// A row of `name` and `value` for each leaf of the object, as which a list of texts counts: "stores.archive.erased" for a member of a member, or of the element of that name,
// below `path`, which is "" for all of it.
void table_leaves(struct table *t, const char *path, const cJSON *object);
// One object for people: its leaves as table_leaves() has them, aligned, and below them its member `events`, a line for each.
void table_record(struct buf *out, const cJSON *object);
// Prints it as the arguments say; as text, `empty` (NULL: nothing) is said when there is no row. STATUS_DONE, STATUS_FOUND or STATUS_UNSURE.
enum status table_output(const struct table *t, const struct arguments *args, const char *empty);

#endif
