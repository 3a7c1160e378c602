// SPDX-License-Identifier: ISC
// What several subcommands ask of the ledger.
#ifndef LETHE_ADMIN_LEDGER_H
#define LETHE_ADMIN_LEDGER_H

#include "policy/vault/vault.h"

enum { HASH_TEXT = 65 };

struct ledger_facts {
	char activated[HASH_TEXT]; // SHA-256 of the policy file that was last activated; "" when none was
	uint64_t refused_regions;  // replies refused since `since`, because another region answered than the policy names
	time_t last_refused;
};
int ledger_facts(struct vault *v, time_t since, struct ledger_facts *out, struct err *e);

#endif
