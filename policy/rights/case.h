// SPDX-License-Identifier: ISC
// What an officer writes down to be able to show that the law is kept: requests of authorities, incidents, assessments, contracts.
//
// A case is a record of kind "accountability". Its sealed body: type, what is written of it (by type: authority.h, incident.h, and for assessments and
// contracts assess.h), review and due (times, where there are any), closed, and events[{event, at, by, reason?, …}], to which more is added and
// nothing is overwritten. It may be about a person: then it is found by who asks for everything that is kept of them.
#ifndef LETHE_RIGHTS_CASE_H
#define LETHE_RIGHTS_CASE_H

#include "policy/base/json.h"
#include "policy/vault/vault.h"

enum case_type { CASE_AUTHORITY, CASE_INCIDENT, CASE_ASSESSMENT, CASE_CONTRACT, CASE_TYPES };
extern const char *const case_type_names[CASE_TYPES];
#define CASE_BIT(type) (1u << (type))

struct case_new {
	enum case_type type;
	const cJSON *members; // of the body; stays the caller's
	const char *receipt;  // whom it is about; NULL: nobody in particular
	const char *record;   // or the id of a record of theirs
	const char *by;       // the officer
	time_t review, due;   // 0: none
	const char *
	    details; // for the ledger: a JSON object with members and without personal data, under the type's name; the id is added as `case`
};
int case_add(struct vault *v, const struct case_new *new, char id[RECORD_ID_LEN + 1], struct err *e);

struct case_act {
	const char *event; // "reviewed"
	const char *by, *reason;
	const cJSON *told; // members of the event; NULL: none
	const cJSON *set;  // members that the body has from now on; NULL: none
	time_t review;     // 0: as before
	bool closes;
	const char *details; // as above
};
// ERR_NOT_FOUND: none of these types has that id. ERR_REFUSED: it is closed.
int case_act(struct vault *v, unsigned types, const char *id, const struct case_act *act, struct err *e);

struct case_row {
	const char *id;
	enum case_type type;
	time_t made, closed, review, due; // 0: not, or none
	bool late;                        // its review or what is due is overdue
	const cJSON *body;                // NULL: it cannot be read, and nothing else is known of it
};
// Those of the types (a set of CASE_BIT), oldest first, until `each` returns non-zero.
int case_each(struct vault *v, unsigned types, int (*each)(void *, const struct case_row *), void *arg, struct err *e);
// The body of one, with id and state; the caller frees. ERR_NOT_FOUND.
cJSON *case_show(struct vault *v, unsigned types, const char *id, struct err *e);

#endif
