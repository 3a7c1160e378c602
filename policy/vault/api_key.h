// SPDX-License-Identifier: ISC
// Keys of the image API, which who uses it needs where the policy has accounts. Each is a record of kind account, of a subject: the
// receipt that is handed out with it, or one that is there, so that an erasure finds it and a copy tells of it. The key itself is kept nowhere: it is found by a
// tag, of which only a keyed hash is stored. It dies with the record.
#ifndef LETHE_VAULT_API_KEY_H
#define LETHE_VAULT_API_KEY_H

#include "policy/base/text.h"
#include "policy/base/when.h"
#include "policy/vault/vault.h"

#define API_KEY_PREFIX "lethe-" // what scanners of leaked secrets look for
enum { API_KEY_LEN = sizeof API_KEY_PREFIX - 1 + TOKEN_LEN };

enum { API_SCOPE_IMAGES = 1, API_SCOPE_MODELS = 2, API_SCOPES_ALL = 3 };
extern const char *const api_scope_names[]; // in the order of their bits, ended by NULL

struct api_key {
	char id[RECORD_ID_LEN + 1];
	unsigned scopes;
	unsigned daily, used; // pictures of a day, which is UTC's: how many there may be (0: any number), and how many there were today
	char day[WHEN_DATE];  // of `used`: today, or a later one that the clock was set back from
	time_t made, expires; // expires 0: not
};

bool api_key_needed(const struct policy *p);
// `key` gets what is told once; `receipt` is the subject. Of `k`, scopes, daily and expires count; it gets its id. ERR_REFUSED: the policy has no accounts.
int api_key_create(struct vault *v, struct api_key *k, const char *receipt, char key[API_KEY_LEN + 1], struct err *e);
// ERR_NOT_FOUND: there is none, it is over, or its text has not the form of one; ERR_RESTRICTED.
int api_key_find(struct vault *v, const char *key, struct api_key *out, struct err *e);
// The same by its id.
int api_key_get(struct vault *v, const char *id, struct api_key *out, struct err *e);
int api_key_each(struct vault *v, int (*each)(void *arg, const struct api_key *key), void *arg, struct err *e);
// Books so many pictures of today, durably, or gives so many back (negative), but not those of another day than k->day; *k has what is booked then. ERR_FULL: there may not be so many. Does nothing for a key without a
// budget.
int api_key_book(struct vault *v, struct api_key *k, int pictures, struct err *e);
// ERR_NOT_FOUND: no key has this id.
int api_key_revoke(struct vault *v, const char *id, struct err *e);

#endif
