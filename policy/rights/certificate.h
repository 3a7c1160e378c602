// SPDX-License-Identifier: ISC
// Certificates: what was done about a request or an erasure, for whoever it was done for, to be checked by anybody later, without us.
//
// A certificate is one JSON object of facts and no personal data, and `evidence`, which is not certified itself:
//
//	{cert_version, cert_id, controller, right, request_id, received_at, executed_at, policy_version, policy_sha256, subject_ref, operator_role,
//	 tool_version, stores[{name, found, erased, kept, method, verified_at (null: it was not seen that nothing is left but what is kept)}],
//	 kept[{kind, count, until (null: no fixed end), ground}], residue_scan {files, bytes, hits} (null: none was made), outcome ("erased", "held" (a
//	 legal hold keeps some of it), "partial", "nothing-erased"), audit_index (null: there was nothing to record), complete, note,
//	 evidence {salt, entry {index, at, event, policy, details}, proof}}
//
// From version 3 on, of an erasure: derived, recipients, backups, known_ungoverned, see reach.h.
// `right` is the one that was exercised: the article of the GDPR (from version 4 on; before, of erasures alone, whatever was asked for), or the policy's
// word. Of an answer that is no erasure it has, instead of what begins with `stores`: outcome ("answered", "refused" or "nothing-erased"), ground and ground_iri (why it was
// refused), due, and supersedes (the cert_id of the request's certificate before).
//
// SHA-256 of its canonical form (RFC 8785: members sorted, no spaces; without `evidence`) stands in the details of an entry of the ledger named
// "certificate". The entry's leaf, its path (`proof`, C2SP tlog-proof) and the signed checkpoint that the proof ends with say that it stood there
// when the ledger was signed. `proof` is null until the ledger is signed next: within a minute. So no program that serves visitors needs the key.
//
// `subject_ref` is HMAC-SHA-256, under `salt`, of "subject", a zero byte and the receipt. The salt is
// kept by nobody but who was given the certificate: they can show that it is theirs, others cannot guess. Both are null where nothing names whom it was about.
#ifndef LETHE_RIGHTS_CERTIFICATE_H
#define LETHE_RIGHTS_CERTIFICATE_H

#include "policy/base/json.h"
#include "policy/vault/signed_note.h"
#include "policy/vault/vault.h"

enum { CERTIFICATE_FILE_MAX = 64 * 1024 };

struct certificate_of {
	const char *right;      // that was exercised: a word of the policy
	const char *request_id; // NULL: none
	time_t received;        // 0: not told
	const char *subject;    // a receipt; NULL: none
	bool self_service;      // no person of ours had a part in it
};
// Why something stays, in words.
#define CERTIFICATE_HELD "legal hold" // how the ground begins of what a hold keeps; which one follows
const char *certificate_ground(const struct erase_kept *k);
// Makes the certificate, which the caller frees, and the entry of the ledger that vouches for it where anything was done. `result` NULL: it was no erasure. `more`: further
// facts, which become members; NULL: none; stays the caller's. That the entry cannot be written leaves `evidence` null and is no failure.
cJSON *certificate_make(struct vault *v, const struct certificate_of *of, const struct erase_result *result, const cJSON *more,
			struct err *e);
// Fills in the proof, where the ledger was signed since; leaves the certificate as it is where not.
int certificate_prove(struct vault *v, cJSON *certificate, struct err *e);
// After a restore: those of requests whose entry the ledger has no more are entered again, and so get a proof. How many they are; -1 with *e.
int certificates_reenter(struct vault *v, struct err *e);

struct certificate_check {
	uint64_t index; // of its entry
	uint64_t size;  // of the ledger when it was signed
	uint8_t root[HASH_LEN];
	char sha256[65]; // of its canonical form
};
// Checks a certificate with nothing but the verifier key. Its proof may stand behind it, as /api/proofs/<index> gives it, instead of in it. ERR_CORRUPT: it was altered, or its proof does not hold. ERR_INPUT: it is no certificate.
// ERR_REFUSED: it is of another key. ERR_NOT_FOUND: it has no proof yet.
int certificate_verify(const char *text, size_t len, const struct signed_note_key *key, struct certificate_check *out, struct err *e);

#endif
