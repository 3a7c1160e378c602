// SPDX-License-Identifier: ISC
// Inside the vault: records that outlive a restore from before they were put. Where the policy keeps backups, the tombstones (tombstone.h) carry legal
// holds, data-subject requests, the officer's register and refusals of consent whole: whoever brings a backup back must not lose
// a hold, a date that runs, or a no. What is carried is sealed by a key that follows from the ledger's:
//
//	<kind>\n<state>\n<facts, as life_facts_text()>\n<tag>=<hash, hex> …\n<body>
#ifndef LETHE_VAULT_CARRY_H
#define LETHE_VAULT_CARRY_H

#include "policy/vault/backend.h"
#include "policy/vault/tombstone.h"

// Inside the transaction that stores the record as it is in *row, before its commit. `tags` NULL: those that it was carried with before.
int carry_record(const struct vault *v, const struct record_row *row, const struct tag_row *tags, size_t tag_count, const void *body,
		 size_t len, struct err *e);
// In a store that was brought back from before: as the tombstone has it.
int carry_again(struct vault *v, const struct tombstone *t, struct err *e);

#endif
