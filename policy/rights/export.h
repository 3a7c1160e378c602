// SPDX-License-Identifier: ISC
// Access and portability: everything that is kept of a person, as a ZIP. It holds
//
//	index.html          for people: what is kept, why, how long, who got it, what they may ask for; needs no network
//	export.json         the same for programs (export.schema.json describes it)
//	files/N/…           what record N owns: pictures and prompts, byte for byte
//	manifest.json       every store that was searched, with what was found, and the SHA-256 of every other file
//
// What is in it was found by vault_subject(): the selectors and stores of an erasure. Secrets, keys and tokens are never in it; members of a record that
// this version does not know are left out and counted. What cannot be read makes the export partial, which the manifest, the page and the ledger say.
//
// An export is gathered (only reads), recorded in the ledger, and then written, piece by piece, to where it goes: nothing of it is stored here.
#ifndef LETHE_RIGHTS_EXPORT_H
#define LETHE_RIGHTS_EXPORT_H

#include "policy/rights/export_parts.h"
#include "policy/rights/person.h"

// `p`: the policy in the language of the pages; as the vault, it must outlive the export. What is found by several is in it once.
int export_gather(struct export **out, struct vault *v, const struct policy *p, const struct export_selector *selectors, size_t count,
		  struct err *e);
void export_free(struct export *x);
enum export_contact {
	EXPORT_CONTACT_NEVER,   // only what the request itself names: it does not ask for a copy
	EXPORT_CONTACT_PROVEN,  // what is of its contact, too, where that was proven
	EXPORT_CONTACT_COUNTED, // and of one that was not, only how much there is: for officers
};
// Adds the selectors of a request: itself, and whom it is about (person.h). They point to `id` and into *person. ERR_NOT_FOUND; ERR_INPUT: there are too many.
int export_of_request(struct vault *v, const char *id, enum export_contact contact, struct export_selector out[EXPORT_SELECTORS_MAX],
		      size_t *count, struct person *person, struct err *e);
// The same by a contact in its plain form, which an officer knows to be the person's.
int export_of_contact(struct vault *v, const char *contact, struct export_selector out[EXPORT_SELECTORS_MAX], size_t *count,
		      struct person *person, struct err *e);

const char *export_missed(const struct export *x); // why it is partial; NULL: it is not
uint64_t export_records(const struct export *x);

// The entry in the ledger, durably, before anything is given out; where nothing was found, there is none. `officer` NULL: the person had it by
// self-service. Who it was and why is sealed with the person's data, who sees it in the next export; by an address it stands in the entry.
// `request`: NULL, or the id of the request that it is for: an officer's reading is an event of it then (reading.h).
int export_record(struct export *x, const char *officer, const char *reason, const char *request, struct err *e);
// Writes it; `passphrase` NULL: not encrypted, else AES-256 as WinZip (AE-2) and others open it. What turns out to be unreadable on the way is
// missed, too. ERR_GONE: the sink took no more.
int export_write(struct export *x, const char *passphrase, export_sink *sink, void *arg, struct err *e);

#endif
