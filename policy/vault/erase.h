// SPDX-License-Identifier: ISC
// Inside the vault: what an erasure leaves to do.
#ifndef LETHE_VAULT_ERASE_H
#define LETHE_VAULT_ERASE_H

#include "policy/vault/vault.h"

// When the first erasure was that is not finished: it was cut off by a crash, or the files are not searched yet. 0: none.
int erase_outstanding(struct vault *v, time_t *since, struct err *e);
// Finishes them: log rows, write-ahead logs, the search through every file without keeping anybody waiting, and only where that finds
// something the rewriting of all files. What cannot be finished stays to be done.
int erase_finish(struct vault *v, struct err *e);
// Does again what tombstones name and this vault.db does not know of: it was brought back, or a crash came between the two.
int erase_again_all(struct vault *v, struct err *e);

#endif
