// SPDX-License-Identifier: ISC
// The units as this version installs them, and nginx's files as it ships them, with their placeholders: what `lethe check` compares with.
#ifndef LETHE_ADMIN_SHIPPED_H
#define LETHE_ADMIN_SHIPPED_H

#include <stdbool.h>
#include <stddef.h>

enum { SHIPPED_LINE_MAX = 512, SHIPPED_NAME_MAX = 64 };

// The n-th shipped file's name into `name`; its text (which ends where the next file begins), or NULL when there are no more.
const char *shipped_file(size_t n, char name[SHIPPED_NAME_MAX]);

struct shipped_fill {
	const char *placeholder; // "@RUN@"; NULL ends a table
	const char *value;       // NULL: whatever stands there, up to the end of its directive
};
struct shipped_difference {
	int line;                                               // of the text that was compared
	char found[SHIPPED_LINE_MAX], should[SHIPPED_LINE_MAX]; // "": the end of the file
};
// Does the text differ from the shipped file of that name? Comments, empty lines and white space around a line do not count.
bool shipped_differs(const char *name, const char *text, const struct shipped_fill *fills, struct shipped_difference *out);
// Does the shipped unit of that name, or what is shipped for all units, set this?
bool shipped_sets(const char *name, const char *setting);

#endif
