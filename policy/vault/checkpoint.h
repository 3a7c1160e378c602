// SPDX-License-Identifier: ISC
#ifndef LETHE_VAULT_CHECKPOINT_H
#define LETHE_VAULT_CHECKPOINT_H

#include "policy/vault/seal.h"
#include "policy/vault/vault.h"

enum signature { SIGNATURE_GOOD, SIGNATURE_BAD, SIGNATURE_NO_KEY };
enum signature checkpoint_verify(const struct vault *v, const char *note, uint64_t size, const uint8_t root[HASH_LEN]);

#endif
