// SPDX-License-Identifier: ISC
// Inside the vault: the events of the whole ledger, closed or not.
#ifndef LETHE_VAULT_LEDGER_WALK_H
#define LETHE_VAULT_LEDGER_WALK_H

#include "policy/vault/backend.h"
#include "policy/vault/vault.h"

// As ledger_walk_rows, but returns 0 where `each` ended it. The rows of closed events have no seal. As segment_each where one cannot be read.
int ledger_walk(const struct vault *v, uint64_t from, uint64_t to, int (*each)(void *, const struct ledger_row *), void *arg,
		struct err *e);

#endif
