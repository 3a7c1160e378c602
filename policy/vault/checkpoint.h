// SPDX-License-Identifier: ISC
#ifndef LETHE_VAULT_CHECKPOINT_H
#define LETHE_VAULT_CHECKPOINT_H

#include "policy/vault/ledger_key.h"
#include "policy/vault/seal.h"
#include "policy/vault/vault.h"

// Whether one of the keys signed it, for this size and root.
bool checkpoint_verify(const struct ledger_keys *keys, const char *note, uint64_t size, const uint8_t root[HASH_LEN]);
// Whether the first `size` events lead to this root: LEDGER_FORKED where they do not, LEDGER_TRUNCATED where there are not so many. Reads one segment,
// and looks at no seal. ERR_NOT_FOUND: what it would be compared with is kept no longer.
int checkpoint_compare(const struct vault *v, uint64_t size, const uint8_t root[HASH_LEN], enum ledger_result *out, struct err *e);
// How far the ledger was signed, as the store has it: the size of its newest checkpoint. 0: never.
int checkpoint_newest(const struct vault *v, uint64_t *size, struct err *e);
// Puts a new key in the place of the one that signs. Only the officer's command may. ERR_BUSY: somebody else does. *out: all of them.
int checkpoint_key_change(struct vault *v, struct ledger_keys *out, struct err *e);

#endif
