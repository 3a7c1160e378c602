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

// Inside the transaction that stores the record as it is in *row, and has stored its tags, before its commit.
int carry_record(const struct vault *v, const struct record_row *row, const void *body, size_t len, struct err *e);
struct carried {
	struct buf plain; // what the rest points into
	enum kind kind;   // KIND_COUNT: one that this version does not know
	const char *state, *body;
	size_t len;
	struct life_facts facts;
	struct tag_row tags[RECORD_TAGS_MAX];
	size_t tag_count;
};
// What the tombstone carries. carry_free() frees it, whatever came of it.
int carry_read(const struct vault *v, const struct tombstone *t, struct carried *out, struct err *e);
void carry_free(struct carried *c);

#endif
