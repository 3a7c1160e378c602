// SPDX-License-Identifier: ISC
// Inside the vault: restricting, or lifting, again what a tombstone says.
#ifndef LETHE_VAULT_RESTRICT_H
#define LETHE_VAULT_RESTRICT_H

#include "policy/vault/tombstone.h"

// Inside a transaction, in a store that was brought back from before it: what has been stored since is left.
int restrict_again(struct vault *v, void *tombstone, struct err *e);

#endif
