// SPDX-License-Identifier: ISC
// Legal holds: what must stay although its time is over or its erasure was asked for, with the ground, until when, and whose decision it is.
//
// A hold is a record of kind "hold". It covers exactly the records that its selector finds and that were made up to then (or later ones too), of
// the kinds that it names; the policy must say of each of these that a hold may lengthen its life. What is covered bears LIFE_HELD, which follows from
// the holds and is set again where it lacks: when a hold is placed, before each erasure and before each pruning. So a crash loses nothing of it.
//
// Of the request log, whose days go as a whole, the rows that are covered are copied into the hold, sealed as it is; neither the day nor anybody
// else's row stays longer for it.
//
// A hold ends when it is lifted or its time is over. Then what no other hold covers is held no more: erasures that it held back are completed and
// the requests for them answered, with a certificate; all else ends when its life says so.
//
// The sealed body: by, value (the selector), request, kinds, later, up_to (what it covers was made by then, where that is later than the
// clock was), ground, citation, tell_from?, owner, review, expires, rows[{at, address, user_agent}], events[{event, at, by, reason?, review?, expires?}]. A record's state is one of hold_state_names.
#ifndef LETHE_RIGHTS_HOLD_H
#define LETHE_RIGHTS_HOLD_H

#include "policy/base/json.h"
#include "policy/vault/vault.h"

enum hold_state { HOLD_ACTIVE, HOLD_ENDING /* what it held is being let go */, HOLD_LIFTED, HOLD_EXPIRED, HOLD_STATES };
extern const char *const hold_state_names[HOLD_STATES];

struct hold_ground {
	const char *name, *article; // "legal-claims", "Art. 17(3)(e)"
	const char *told;           // "legal hold: legal-claims (Art. 17(3)(e))"
};
extern const struct hold_ground hold_grounds[]; // ended by {0}

enum hold_by {
	HOLD_BY_RECEIPT,
	HOLD_BY_ADDRESS,
	HOLD_BY_RECORD /* this one alone */,
	HOLD_BY_CONTACT /* in its plain form */,
	HOLD_BY_REQUEST /* what it names */
};
struct hold_new {
	enum hold_by by;
	const char *value;
	kind_set kinds; // 0: all that may be held
	bool later;     // what is made later, too
	const char *ground, *citation, *owner;
	time_t review, expires;
	time_t tell;         // from when a copy of the person's data tells the citation; 0: none does
	const char *officer; // who places it
};
struct hold_placed {
	char id[RECORD_ID_LEN + 1];
	size_t records, log_rows;
};
// A dry run only counts. ERR_INPUT: something is missing or wrong, or nothing is there to be held. ERR_REFUSED: the policy lets nobody hold it, and the
// text says which line of it. ERR_NOT_FOUND: no such request or record.
int hold_place(struct vault *v, const struct hold_new *hold, bool dry_run, struct hold_placed *out, struct err *e);
// It was looked at again: it stays until the new review date, and ends at `expires` where that is not 0. ERR_REFUSED: it is over.
int hold_review(struct vault *v, const char *id, const char *officer, const char *reason, time_t review, time_t expires, struct err *e);

// Makes what is covered held, where it is not yet: for who is about to erase.
int hold_apply(struct vault *v, struct err *e);

// Puts into what an erasure left, or would leave, when the hold that keeps it ends, of several the last one, and its ground.
int hold_tell_kept(struct vault *v, enum erase_by by, const char *value, struct erase_result *r, struct err *e);

struct hold_row {
	const char *id, *state, *by, *ground, *citation, *owner; // "": unreadable
	time_t placed, review, expires;
	kind_set kinds;
	bool later, active, overdue; // overdue: to be reviewed
	size_t records, log_rows;    // that it covers now
};
// Every hold, oldest first, until `each` returns non-zero.
int hold_each(struct vault *v, int (*each)(void *, const struct hold_row *), void *arg, struct err *e);
// The body without selector and rows; with them when `personal`. The caller frees. ERR_NOT_FOUND.
cJSON *hold_show(struct vault *v, const char *id, bool personal, struct err *e);

#endif
