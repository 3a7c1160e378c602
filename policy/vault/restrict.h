// SPDX-License-Identifier: ISC
// Inside the vault: restricting, or lifting, again what a tombstone says.
#ifndef LETHE_VAULT_RESTRICT_H
#define LETHE_VAULT_RESTRICT_H

#include "policy/vault/tombstone.h"

// In a store that was brought back from before it: what has been stored since is left.
int restrict_again(struct vault *v, const struct tombstone *t, struct err *e);

#endif
