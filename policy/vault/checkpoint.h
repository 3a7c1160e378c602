// SPDX-License-Identifier: ISC
#ifndef LETHE_VAULT_CHECKPOINT_H
#define LETHE_VAULT_CHECKPOINT_H

#include "policy/vault/seal.h"
#include "policy/vault/signed_note.h"
#include "policy/vault/vault.h"

int checkpoint_key_make(struct vault *v, struct err *e);
// The key that others verify with; `line` is filled with its text. ERR_NOT_FOUND, ERR_INPUT.
int checkpoint_key(const struct vault *v, struct buf *line, struct signed_note_key *out, struct err *e);
// Adds a line with the ledger's signature to a text, which ends with a line's end. ERR_NOT_FOUND: the key is not here.
int checkpoint_sign(const struct vault *v, struct buf *note, struct err *e);
enum signature { SIGNATURE_GOOD, SIGNATURE_BAD, SIGNATURE_NO_KEY };
enum signature checkpoint_verify(const struct vault *v, const char *note, uint64_t size, const uint8_t root[HASH_LEN]);

#endif
