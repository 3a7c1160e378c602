// SPDX-License-Identifier: ISC
// Inside the vault: what hangs on a subject is found here, for who erases it and for who hands it out.
#ifndef LETHE_VAULT_SUBJECT_H
#define LETHE_VAULT_SUBJECT_H

#include "policy/vault/backend.h"
#include "policy/vault/request_log.h"
#include "policy/vault/tombstone.h"
#include "policy/vault/vault.h"

struct subject {
	enum erase_by by;
	const char *value; // stays the caller's
	bool known;        // `hash` is whose it is; else there is an id that leads to nobody, or an address
	uint8_t hash[HASH_LEN];
	const char *tag; // that may lead to records too; NULL: none
	uint8_t tag_hash[HASH_LEN];
};
int subject_find(const struct vault *v, enum view view, enum erase_by by, const char *value, struct subject *out, struct err *e);
// Adds its records, those past their end too, without their bodies.
int subject_records(const struct vault *v, enum view view, const struct subject *s, struct record_list *out, struct err *e);

void subject_name(struct tombstone *t, const struct subject *who);  // a tombstone is of it
void subject_named(const struct tombstone *t, struct subject *out); // *out lives as long as *t

// What its rows of a day of the request log are found by; NULL: not by that.
struct subject_log {
	struct request_log_hashes hashes;
	const uint8_t *address, *receipt; // in `hashes`
};
// ERR_CORRUPT where the day has rows and no key. Where it has neither, nothing is found by what *out says.
int subject_log_find(const struct vault *v, const struct subject *s, struct key_page *keys, const char *day, struct subject_log *out,
		     struct data_key *key, struct err *e); // keys, day and key as of request_log_hashes_of()

#endif
