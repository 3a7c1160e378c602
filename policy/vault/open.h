// SPDX-License-Identifier: ISC
// Inside the vault: opening.
#ifndef LETHE_VAULT_OPEN_H
#define LETHE_VAULT_OPEN_H

#include "policy/vault/vault.h"

// In the state folder while it is being restored: vault_open() refuses. For who restores there is another way.
extern const char open_restoring_file[];
int open_restored(struct vault **out, const char *state, const char *run, const struct policy *p, enum vault_mode mode, struct err *e);
// Puts what earlier versions kept elsewhere in the state folder in its place. For who is alone.
int open_files_move(const char *state, struct err *e);

#endif
