// SPDX-License-Identifier: ISC
// Requests of authorities: who asked for what on which ground, and what was given. The authority's name and what it asked for are sealed; how many
// asked in a year and what came of it stands in each signed checkpoint of the ledger (ledger_authorities() of the vault) and is published.
//
// In the body of a case: authority, ground, received, reference?, asked, outcome (authority_outcomes), kinds[], people, refusal?, tell_from?.
#ifndef LETHE_RIGHTS_AUTHORITY_H
#define LETHE_RIGHTS_AUTHORITY_H

#include "policy/rights/case.h"

enum authority_strength {
	STRENGTH_NONE,    // it asks a favour
	STRENGTH_VALID,   // the law lets it ask, and us answer
	STRENGTH_BINDING, // the law leaves no choice
};
struct authority_ground {
	const char *name;
	enum authority_strength strength;
};
extern const struct authority_ground authority_grounds[]; // ended by {0}
extern const char *const authority_refusals[];            // NULL-terminated: why nothing was given

struct authority_new {
	const char *authority, *ground, *asked, *reference; // reference: of theirs; may be NULL
	time_t received;                                    // 0: now
	const char *receipt, *record;                       // whom it is about; NULL: not one person
	time_t tell;                                        // from when a copy of the person's data tells of it; 0: none does
	const char *by;
};
// ERR_INPUT: something is missing, or the ground is none of the list.
int authority_add(struct vault *v, const struct authority_new *new, char id[RECORD_ID_LEN + 1], struct err *e);

struct authority_answer {
	kind_set given;      // none: nothing was given
	uint64_t people;     // of how many people
	const char *refusal; // why it was refused; NULL: there was nothing to give
	time_t tell;         // as above; 0: as before
	const char *reason, *by;
};
// Closes it. What the policy says of <law-enforcement answers="…"> is obeyed: ERR_REFUSED where something was given without a ground of that strength,
// and the text names the line. So record the answer before anything is handed over.
int authority_answer(struct vault *v, const char *id, const struct authority_answer *answer, struct err *e);

#endif
