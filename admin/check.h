// SPDX-License-Identifier: ISC
// `lethe check`: a const table of checks, each of which adds findings.
#ifndef LETHE_ADMIN_CHECK_H
#define LETHE_ADMIN_CHECK_H

#include "admin/table.h"

enum verdict { KEPT, BROKEN, UNSURE };

struct check_row;
struct check {
	const struct admin *admin;
	struct promise *promise; // NULL: not valid
	struct vault *vault;     // NULL: could not be opened, `vault_error` says why
	struct err vault_error;
	const struct check_row *at; // the check that is running
	struct table findings;
	bool broken, unsure;
};
struct check_row {
	const char *name;
	const char *promise; // what is promised, in words
	bool needs_policy, needs_vault;
	void (*run)(struct check *c);
};

// Adds one finding to the check that is running. `remedy` is "" when it is kept.
void check_add(struct check *c, enum verdict verdict, const char *remedy, const char *format, ...) __attribute__((format(printf, 4, 5)));
// An age or a time span in one unit that suits it: "15 days", "3 hours", "40 seconds".
enum { SPAN_WORDS = 32 };
void span_words(char out[SPAN_WORDS], time_t seconds);

void check_settings(struct check *c);
void check_master_key(struct check *c);
void check_ballast(struct check *c);
void check_retention(struct check *c);
void check_prune(struct check *c);
void check_residue(struct check *c);
void check_requests(struct check *c);
void check_ledger(struct check *c);
void check_regions(struct check *c);
void check_published(struct check *c);
void check_activation(struct check *c);
void check_egress(struct check *c);

#endif
