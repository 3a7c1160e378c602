// SPDX-License-Identifier: ISC
// Deletions at vendors: what a vendor got, and is to delete again. Records of kind deletion, each of a piece of work that the vendor knows by a reference of
// its own. It is written down as soon as the vendor has said that reference, before anything else is asked of it; the vendor is asked when the work is over, and
// then by the minute, with pauses that grow, until it says that it has nothing of it any more. An erasure has it asked once more. Whoever is killed in between
// asks twice at most, and what is not there any more is gone.
//
// What is not answered is asked for no longer than the vendor may keep what it is about; if it did not confirm anything until then, its word is all there is, and a
// run in the last minutes before writes that into the ledger. What is answered lives as the policy says.
// What an erasure finds waiting stays until it is answered, which the policy says of the kind: ends-on-erasure="no" unless it is closed.
//
// State: waiting, deleted, expired (also: dropped). Body: processor, reference, kinds, next (UTC), first (UTC: when it was to be asked first), attempts, failure (a word), status (of HTTP, of the last answer), deleted
// (UTC: since when the vendor has nothing of it), again (UTC: when an erasure had it asked once more), request (the id of the one that it was for), canary (of a drill).
#ifndef LETHE_RIGHTS_DELETION_H
#define LETHE_RIGHTS_DELETION_H

#include "policy/base/json.h"
#include "policy/vault/vault.h"

enum { DELETION_FAILURE = 32, DELETION_REFERENCE_MAX = 16 * 1024 };

struct deletion_new {
	const char *processor, *reference;
	kind_set kinds;      // of data that it got
	const char *subject; // the receipt; NULL: it hangs on nobody
	const char *request; // NULL, or the request that it is for
	time_t next;         // when it is asked first: it may not be over before
	bool canary;
	bool once; // only where the subject has none of this processor yet: else ERR_BUSY
};
bool deletion_kept(const struct policy *p); // whether the policy keeps the kind: without it nothing can be asked again
int deletion_add(struct vault *v, const struct deletion_new *n, char id[RECORD_ID_LEN + 1], struct err *e);

enum deletion_outcome {
	DELETION_LATER,
	DELETION_GONE,
	DELETION_REFUSED, // our key may not: somebody has to change that, so it is asked again all the same
};
struct deletion_answer {
	enum deletion_outcome outcome;
	int status;                     // 0: none came
	char failure[DELETION_FAILURE]; // unless it is gone: the word for why
};
// What the vendor answered to whoever asked by himself.
int deletion_answered(struct vault *v, const char *id, const struct deletion_answer *answer, struct err *e);
// The work is over, whatever came of it: it is due now.
int deletion_due_now(struct vault *v, const char *id, struct err *e);

extern const char deletion_expired[]; // the state of what was not confirmed, and is not asked for any more
struct deletion_row {
	const char *id, *processor, *reference, *failure, *state, *request; // "" when there is none
	kind_set kinds;
	time_t made, next, deleted;
	time_t first; // when it was to be asked first, since it was made or since the last erasure
	unsigned attempts;
	int status;
	bool canary;
};
// Everything that waits (`all`: everything that there is), oldest first, until `each` returns non-zero.
int deletion_each(struct vault *v, bool all, int (*each)(void *arg, const struct deletion_row *row), void *arg, struct err *e);

// How a vendor is asked, and who is told of an answered canary.
struct deletion_way {
	void (*ask)(void *arg, const struct deletion_row *row, struct deletion_answer *out);
	void (*drilled)(void *arg, const struct deletion_row *row);
	void *arg;
};
struct deletion_sum {
	unsigned deleted, waiting, expired;
};
// Asks for the deletion of this id, or (NULL) for all that are due; `now`: whether they are due or not. A vendor that did not answer, refused or said that it is
// asked too often is not asked again in the same run, which begins no other after half a minute. What fails keeps no other from being asked for; the first reason is told.
int deletion_run(struct vault *v, const char *id, bool now, const struct deletion_way *way, struct deletion_sum *out, struct err *e);
// It will not be asked for, by the word of the officer `by`: whoever it was for is told. ERR_NOT_FOUND.
int deletion_drop(struct vault *v, const char *id, const char *by, struct err *e);

// Before an erasure by these: each vendor is to be asked once more, for `request` (NULL: none). Where a network before the site may have copies of the pictures of a receipt, and
// the policy names it, they are to be purged. Works on a full disk, too. -1: some could not be noted, which keeps nobody from erasing.
int deletion_ask_again(struct vault *v, const struct erase_selector *list, size_t count, const char *request, struct err *e);

#endif
