// SPDX-License-Identifier: ISC
// Copies of the stores, for backups.
#ifndef LETHE_VAULT_SQLITE_COPY_H
#define LETHE_VAULT_SQLITE_COPY_H

#include "policy/vault/sqlite/log.h"

int copy_store(struct store *s, const struct copy_order *order, const char *path, struct copy_facts *out, struct err *e);

#endif
