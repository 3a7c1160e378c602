// SPDX-License-Identifier: ISC
// Inside the vault: how a record ends.
#ifndef LETHE_VAULT_RECORD_H
#define LETHE_VAULT_RECORD_H

#include "policy/vault/backend.h"
#include "policy/vault/key.h"
#include "policy/vault/tombstone.h"
#include "policy/vault/vault.h"

int record_read(const struct vault *v, enum view view, const char *id, struct record_row *out, struct err *e); // ERR_NOT_FOUND
// As vault_get, what is restricted too; of one that was read, whose body is read now where it was not.
int record_open_for_rights(struct vault *v, const struct record_row *row, struct data_key *last, struct vault_record *out, struct err *e);
void record_told(const struct record_row *row, struct vault_record *out); // all but its body
// Inside a transaction: it becomes one of which nobody can be told.
int record_anonymise(struct vault *v, const struct record_row *r, struct err *e);
struct life record_life(const struct vault *v, const struct record_row *r); // what no kind declares has ended
// The end as it is stored: not before it is dated.
time_t record_due(const struct record_row *r, time_t end);
// Its life once its erasure is asked for, which *r says from then on; and inside a transaction, where that has not ended: it stays until its `due`.
struct life record_life_erased(const struct vault *v, struct record_row *r, time_t now);
// Inside a transaction, in a store that was brought back from before: what the tombstone says of a record, as that its consent was withdrawn. Missing
// is fine.
int record_facts_again(struct vault *v, void *tombstone, struct err *e);
// The same of the record that it carries, which is put where it is missing.
int record_carried_again(struct vault *v, void *tombstone, struct err *e);
int record_keep(struct vault *v, const struct record_row *r, bool carry, struct err *e);
void record_unlink(const struct vault *v, const struct record_row *r); // after its commit: file

// All rows of a query, in pages of at most PAGE_ROWS, whose list is the caller's to change.
struct record_pages {
	struct record_list list;
	time_t since; // OF_KIND: only those that were made later; 0: all
	char last[RECORD_ID_LEN + 1];
	time_t last_made;
	bool ended;
};
// The next page: 1; 0: there is none; -1.
int record_pages_next(const struct vault *v, struct record_pages *p, struct record_query query, struct err *e);
void record_pages_free(struct record_pages *p);
#define PAGES_AUTO __attribute__((cleanup(record_pages_free)))

#endif
