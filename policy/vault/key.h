// SPDX-License-Identifier: ISC
// Data keys, wrapped by the master key.
#ifndef LETHE_VAULT_KEY_H
#define LETHE_VAULT_KEY_H

#include "policy/vault/backend.h"
#include "policy/vault/state.h"
#include "policy/vault/vault.h"

void key_wipe(struct data_key *k);
#define DATA_KEY_AUTO __attribute__((cleanup(key_wipe)))

// The master key, and the keys that look-ups and the ledger need. For who is alone.
int key_load(struct vault *v, struct err *e);
// For who is alone, and has claimed the stores: another master key takes the place of this one. It is written beside it (`….next`) first, then all
// keys are wrapped by it in one transaction, then it is renamed: whoever opens the stores as the officer after a crash finishes that, or stays with the old one.
int key_rotate(struct vault *v, uint64_t *count, struct err *e);
// The form of a file with one key, which may also be 32 bytes as they are; `folder`: it belongs to whom that belongs.
int key_parse(uint8_t out[KEY_LEN], const struct buf *text, const char *path, struct err *e);
int key_write(const char *path, const uint8_t key[KEY_LEN], const char *folder, struct err *e);
// ERR_NOT_FOUND when it was destroyed.
int key_get(const struct vault *v, enum view view, const uint8_t id[KEY_ID_LEN], struct data_key *out, struct err *e);
int key_find(const struct vault *v, enum view view, const char *kind, const char *scope, struct data_key *out, struct err *e);
// The same of keys of one kind whose scopes are asked for in their order: some are read at a time. *page is zeroed at first.
enum { KEY_PAGE = 32 };
struct key_page {
	struct key_row rows[KEY_PAGE]; // wrapped
	int count, at;
	bool last; // there are no more
};
int key_next(const struct vault *v, const char *kind, const char *scope, struct key_page *page, struct data_key *out, struct err *e);
// Inside a transaction: makes the key when it is missing. It becomes durable before what it seals.
int key_obtain(struct vault *v, const char *kind, const char *scope, struct data_key *out, struct err *e);
// The key that seals data of a kind: of the kind and day when it is short-lived, else of the subject, else of `own` alone.
int key_for(struct vault *v, enum kind kind, time_t made, const uint8_t *subject, const char *own, struct data_key *out, struct err *e);
int key_own(struct vault *v, const char *own, struct data_key *out, struct err *e);      // of one record alone
int key_anonymous(struct vault *v, enum kind kind, struct data_key *out, struct err *e); // of what says nothing about anybody
bool key_is_shared(struct vault *v, const uint8_t id[KEY_ID_LEN]);                       // of a kind and day
// Inside the transaction that ends what it sealed.
int key_end_later_of(struct vault *v, const char *kind, const char *scope, struct err *e); // if there is one
int key_end_later_of_subject(struct vault *v, const uint8_t subject[HASH_LEN], struct err *e);
// Destroys the keys to be ended that nothing uses any more. For who is alone.
int key_reap(struct vault *v, struct err *e);
// How a visitor's or subject's text is looked up: HMAC under the look-up key; `name` keeps uses apart.
void key_lookup_hash(const struct vault *v, uint8_t out[HASH_LEN], const char *name, const char *value);

#endif
