// SPDX-License-Identifier: ISC
// What the commands about holds, authorities, incidents and assessments share.
#ifndef LETHE_ADMIN_CASES_H
#define LETHE_ADMIN_CASES_H

#include "admin/table.h"
#include "policy/base/json.h"
#include "policy/rights/case.h"
#include "policy/rights/person.h"

// Whether the beginning of an id that was given names one: ERR_INPUT: it is too short, or `found` have it.
int cases_id_names(const char *given, size_t found, struct err *e);
// The whole id of the record of this kind whose id begins with `given`; where none does, it is that, which who looks it up says. ERR_INPUT: it is too
// short, or several do.
int cases_id(struct vault *v, enum kind kind, const char *given, char out[RECORD_ID_LEN + 1], struct err *e);
// The option "kind": "archive,ticket". Stays as it is where it is not given. ERR_INPUT.
int cases_kinds(const struct arguments *args, kind_set *out, struct err *e);
// What names a person and so is no word of a command line: the hidden options "contact" (in its plain form), "archive" (its token, of the address of its ZIP), "receipt",
// and "ip" (in its one form). 1: it was given; 0: it was not; -1: ERR_INPUT.
int cases_named(const struct arguments *args, const char *name, char out[PERSON_VALUE_MAX], struct err *e);
// Of the first six options that one of which says whom it is about, exactly one is given: its row and its value, which is personal. NULL: ERR_INPUT.
enum { CASES_SELECTORS = 6 };
const struct option_row *cases_selector(const struct arguments *args, const struct option_row *options, char value[PERSON_VALUE_MAX],
					struct err *e);
#define CASES_CONTACT_OPTION                                                                                                               \
	{                                                                                                                                  \
		"contact", OPTION_HIDDEN, NULL, "what bears a contact, which is known to be the person's"                                  \
	}
#define CASES_ARCHIVE_OPTION                                                                                                               \
	{                                                                                                                                  \
		"archive", OPTION_HIDDEN, NULL, "a set, by the address of its ZIP"                                                         \
	}
// The whole id of the case that the first word names, as cases_id().
int cases_one(const struct admin *a, const struct arguments *args, char out[RECORD_ID_LEN + 1]);
// What case_each() and hold_each() are given for a list.
struct cases_listing {
	struct table *t;
	bool only; // those that wait for the officer
};
// Prints the case of one of these types (CASE_BIT()s): as table_record() has it, or as JSON; without what may name people.
enum status cases_print(const struct admin *a, const struct arguments *args, unsigned types, const char *id);
// The command that shows the one that the first word names; with --personal that, too, which is recorded.
enum status cases_show(const struct admin *a, const struct arguments *args, unsigned types);
#define CASES_SHOW_OPTIONS                                                                                                                 \
	{"personal", OPTION_FLAG, NULL, "also what may name people; it is recorded who read it"},                                          \
	    {"reason", OPTION_VALUE, "TEXT", "with --personal: why"}, OBJECT_OPTIONS_END

#endif
