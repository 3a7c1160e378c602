// SPDX-License-Identifier: ISC
// Inside the vault: how a record ends.
#ifndef LETHE_VAULT_RECORD_H
#define LETHE_VAULT_RECORD_H

#include "policy/vault/backend.h"
#include "policy/vault/vault.h"

int record_end(struct vault *v, const struct record_row *r, struct err *e); // inside a transaction: row, tags, key
void record_unlink(const struct vault *v, const struct record_row *r);      // after its commit: file

struct record_list {
	struct record_row *rows;
	size_t count, capacity;
	bool failed;
};
int record_list_add(void *list, const struct record_row *row); // for the back end's each(); one that is there already is not added
void record_list_free(struct record_list *l);

#endif
