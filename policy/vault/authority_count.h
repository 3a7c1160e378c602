// SPDX-License-Identifier: ISC
// Inside the vault: how many requests of authorities the ledger tells of.
#ifndef LETHE_VAULT_AUTHORITY_COUNT_H
#define LETHE_VAULT_AUTHORITY_COUNT_H

#include "policy/vault/backend.h"
#include "policy/vault/vault.h"

// Counts the event, where it is one of them.
void authority_count_event(struct authority_years *years, const struct ledger_row *row);
// The lines behind a checkpoint's root, and back: -1 where one that begins as such is not of that form.
void authority_count_lines(const struct authority_years *years, struct buf *out);
int authority_count_read(struct authority_years *out, const char *note);
// Whether one of them is lower than before.
bool authority_count_lowered(const struct authority_years *before, const struct authority_years *after);

#endif
