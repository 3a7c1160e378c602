// SPDX-License-Identifier: ISC
// Requests of data subjects: recorded durably, answered within their time.
//
// A request is a record of kind rights-request. Its state is "open", "partial" (an erasure that did not reach every store; to be run again)
// or "fulfilled". Its sealed body is a JSON object: right, due, contact, message, receipt or archive (until fulfilled), answered, certificate.
#ifndef LETHE_RIGHTS_RIGHTS_H
#define LETHE_RIGHTS_RIGHTS_H

#include "policy/base/text.h"
#include "policy/vault/vault.h"

struct rights_new {
	const char *right;   // one of the policy's rights
	const char *contact; // where to answer; may be NULL
	const char *receipt; // may be NULL
	const char *archive; // the token of a ZIP, for who has its address and no receipt; may be NULL
	const char *message; // may be NULL
};
struct rights_receipt {
	char id[RECORD_ID_LEN + 1];
	char secret[TOKEN_LEN + 1]; // shown once; stored as a hash
	time_t due;
};
// Records a request. The right "erasure" with a receipt or an archive is carried out at once, after the request itself is durable; where that does not
// succeed the request stays open for the officer, and recording it has succeeded all the same.
// ERR_REFUSED: the policy does not offer the right; the text lists those it does.
int rights_record(struct vault *v, const struct rights_new *request, struct rights_receipt *out, struct err *e);
// {id, right, state, received, due, late, answered?, certificate?} for its owner. Wrong id and wrong secret are the same ERR_NOT_FOUND.
int rights_show(struct vault *v, const char *id, const char *secret, struct buf *json, struct err *e);
// For the officer (the secret is not asked for): the same plus `names_receipt` (or an archive), and contact and message when `personal`.
int rights_show_officer(struct vault *v, const char *id, bool personal, struct buf *json, struct err *e);
// Every live request, oldest first, until `each` returns non-zero. `due` is when the answer is due.
int rights_each(struct vault *v, int (*each)(void *, const char *id, const char *right, const char *state, time_t received, time_t due),
		void *arg, struct err *e);
// An answer that is due and not given.
bool rights_late(const char *state, time_t due, time_t now);

// Erases by receipt and writes the certificate (a JSON object) to `certificate`. Unknown receipts give a certificate with zero finds:
// nothing is told about whether it existed, nothing is recorded, and its `audit_index` is null.
int rights_erase(struct vault *v, const char *receipt, struct buf *certificate, struct err *e);
// Carries out the erasure that request `id` asks for, by the receipt or the archive that it names, and keeps the certificate with the request, which
// becomes "fulfilled" or "partial". A dry run only counts; `certificate` may then be NULL. ERR_NOT_FOUND: no such request; ERR_INPUT:
// it is not an open request for erasure, or it names neither.
int rights_fulfil_erasure(struct vault *v, const char *id, bool dry_run, struct erase_result *out, struct buf *certificate, struct err *e);
// The certificate of any erasure result, for the officer's command too. It holds no personal data: cert_version, cert_id, controller, right,
// executed_at, policy_version, policy_sha256, stores[{name, found, erased}], residue_scan {files, bytes, hits} (null: none was made),
// audit_index (null: there was nothing to record), complete, note.
int rights_certificate(struct vault *v, const struct erase_result *result, struct buf *json, struct err *e);

#endif
