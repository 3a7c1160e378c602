// SPDX-License-Identifier: ISC
// Requests of data subjects: recorded durably, answered within their time.
//
// A request is a record of kind rights-request. Its state is "open", "partial" (an erasure that did not reach every store; to be run again)
// or "fulfilled". Its sealed body is a JSON object: right, due, contact, message, receipt or archive (until fulfilled), signal ("gpc"), answered,
// certificate.
#ifndef LETHE_RIGHTS_REQUEST_H
#define LETHE_RIGHTS_REQUEST_H

#include "policy/base/json.h"
#include "policy/base/text.h"
#include "policy/vault/vault.h"

#define STATE_OPEN      "open"
#define STATE_PARTIAL   "partial"
#define STATE_FULFILLED "fulfilled"

enum {
	RIGHTS_REQUEST_MAX = 256 * 1024, // RIGHTS_BODY_MAX with every character escaped, and a certificate
};

// The body as a tree that has at least `right`; ERR_CORRUPT. The caller frees.
cJSON *rights_body(const struct vault_record *record, struct err *e);
// As vault_get, for requests only. ERR_NOT_FOUND.
int rights_get(struct vault *v, const char *id, struct vault_record *out, struct err *e);
// STATE_OPEN, STATE_PARTIAL or STATE_FULFILLED.
const char *rights_state(const struct vault_record *record);

struct rights_new {
	const char *right;   // one of the policy's rights
	const char *contact; // where to answer; may be NULL
	const char *receipt; // may be NULL
	const char *archive; // the token of a ZIP, for who has its address and no receipt; may be NULL
	const char *message; // may be NULL
	bool signal;         // the browser sent Sec-GPC; recorded where the policy says that it counts for this right
};
struct rights_receipt {
	char id[RECORD_ID_LEN + 1];
	char secret[TOKEN_LEN + 1]; // shown once; stored as a hash
	time_t due;
	const char *signal; // "gpc" when the browser sent it and it was recorded; else NULL
};
// Stores a request and carries out nothing: see rights_record(). ERR_REFUSED: the policy does not offer the right; the text lists those it does.
int rights_store(struct vault *v, const struct rights_new *request, struct rights_receipt *out, struct err *e);
// {id, right, state, received, due, late, signal?, answered?, certificate?} for its owner. Wrong id and wrong secret are the same ERR_NOT_FOUND.
int rights_show(struct vault *v, const char *id, const char *secret, struct buf *json, struct err *e);
// For the officer (the secret is not asked for): the same plus `names_receipt` (or an archive), and contact and message when `personal`.
int rights_show_officer(struct vault *v, const char *id, bool personal, struct buf *json, struct err *e);
// Every live request, oldest first, until `each` returns non-zero. `due` is when the answer is due. Of one that cannot be read, as its key is
// missing, the state is RIGHTS_UNREADABLE, and of right and due nothing is known.
#define RIGHTS_UNREADABLE "unreadable"
int rights_each(struct vault *v, int (*each)(void *, const char *id, const char *right, const char *state, time_t received, time_t due),
		void *arg, struct err *e);
// An answer that is due and not given.
bool rights_late(const char *state, time_t due, time_t now);

#endif
