// SPDX-License-Identifier: ISC
// Inside the vault: how a record ends.
#ifndef LETHE_VAULT_RECORD_H
#define LETHE_VAULT_RECORD_H

#include "policy/vault/backend.h"
#include "policy/vault/vault.h"

int record_end(struct vault *v, const struct record_row *r, struct err *e); // inside a transaction: row, tags, key
// Inside a transaction: it becomes one of which nobody can be told.
int record_anonymise(struct vault *v, const struct record_row *r, struct err *e);
struct life record_life(const struct vault *v, const struct record_row *r); // what no kind declares has ended
// Its life once its erasure is asked for, which *r says from then on; and inside a transaction, where that has not ended: it stays until `due`.
struct life record_life_erased(const struct vault *v, struct record_row *r, time_t now);
int record_keep(struct vault *v, const struct record_row *r, time_t due, struct err *e);
void record_unlink(const struct vault *v, const struct record_row *r); // after its commit: file

struct record_list {
	struct record_row *rows;
	size_t count, capacity;
	bool failed;
};
int record_list_add(void *list, const struct record_row *row); // for the back end's each(); one that is there already is not added
void record_list_free(struct record_list *l);

#endif
