// SPDX-License-Identifier: ISC
// Requests of data subjects: recorded durably, answered within their time.
#ifndef LETHE_RIGHTS_RIGHTS_H
#define LETHE_RIGHTS_RIGHTS_H

#include "policy/base/text.h"
#include "policy/vault/vault.h"

struct rights_new {
	const char *right;   // one of the policy's rights
	const char *contact; // where to answer; may be NULL
	const char *receipt; // may be NULL
	const char *message; // may be NULL
};
struct rights_receipt {
	char id[RECORD_ID_LEN + 1];
	char secret[TOKEN_LEN + 1]; // shown once; stored as a hash
	time_t due;
};
// ERR_REFUSED: the policy does not offer the right; the text lists those it does.
int rights_record(struct vault *v, const struct rights_new *request, struct rights_receipt *out, struct err *e);
// {id, right, state, received, due, late, …} for its owner. Wrong id and wrong secret are the same ERR_NOT_FOUND.
int rights_show(struct vault *v, const char *id, const char *secret, struct buf *json, struct err *e);
// For the officer (the secret is not asked for): the same plus contact and message when `personal`.
int rights_show_officer(struct vault *v, const char *id, bool personal, struct buf *json, struct err *e);
int rights_each(struct vault *v, int (*each)(void *, const char *id, const char *right, const char *state, time_t received, time_t due),
		void *arg, struct err *e);

// Erases by receipt and writes the certificate (rights.md field names) as JSON. Unknown receipts give a certificate with zero finds:
// nothing is told about whether it existed.
int rights_erase(struct vault *v, const char *receipt, struct buf *certificate, struct err *e);
// The certificate of any erasure result, for the officer's command too.
int rights_certificate(struct vault *v, const struct erase_result *result, struct buf *json, struct err *e);

#endif
