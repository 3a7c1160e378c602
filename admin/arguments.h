// SPDX-License-Identifier: ISC
// The command line, checked against tables of options.
#ifndef LETHE_ADMIN_ARGUMENTS_H
#define LETHE_ADMIN_ARGUMENTS_H

#include "policy/base/err.h"
#include <stdbool.h>
#include <stddef.h>

enum option_type {
	OPTION_FLAG,
	OPTION_VALUE,
	OPTION_CHOICE, // `value` lists what is allowed, with | between
	// Something personal, which must not stand in the command line (other users read it in /proc, shells keep it): "-" reads standard
	// input, "@FILE" a file, and no value at all asks on the terminal. Anything else is refused.
	OPTION_HIDDEN,
};

struct option_row {
	const char *name; // without the dashes; NULL ends a table
	enum option_type type;
	const char *value; // what the help calls the value
	const char *line;
};

enum { ARGUMENT_OPTIONS_MAX = 16, ARGUMENT_WORDS_MAX = 32 };
struct arguments {
	struct {
		const struct option_row *row;
		const char *value; // "" for a flag, and for a hidden one that is to be asked for
	} options[ARGUMENT_OPTIONS_MAX];
	size_t option_count;
	const char *words[ARGUMENT_WORDS_MAX];
	size_t word_count;
};

// Reads argv[0 … argc-1] against two tables (either may be NULL) into *out, which may hold what an earlier call read. Stops before the first
// word when `stop_at_word`. Returns how many were read, or -1 with ERR_INPUT; the message never repeats a value.
int arguments_parse(struct arguments *out, const struct option_row *first, const struct option_row *second, int argc, char **argv,
		    bool stop_at_word, struct err *e);
const char *argument(const struct arguments *a, const char *name); // its value; NULL when not given
bool argument_given(const struct arguments *a, const char *name);
// Is the first one the second with a typing mistake or two (a letter too many, missing, wrong, or two exchanged)?
bool argument_near(const char *typed, size_t len, const char *meant);

#endif
