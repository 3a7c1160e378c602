// SPDX-License-Identifier: ISC
// Inside the vault: the words for what a subject is named by.
#ifndef LETHE_VAULT_ERASE_BY_H
#define LETHE_VAULT_ERASE_BY_H

#include "policy/vault/vault.h"

const char *erase_by_word(enum erase_by by); // "receipt", "address", "record", "contact"

#endif
