// SPDX-License-Identifier: ISC
// `lethe check`: a const table of checks, each of which adds findings.
#ifndef LETHE_ADMIN_CHECK_H
#define LETHE_ADMIN_CHECK_H

#include "admin/table.h"
#include "policy/rules/active.h"

struct nginx_conf;

enum verdict { KEPT, BROKEN, UNSURE };

struct check_row;
struct check {
	const struct admin *admin;
	struct policy *wanted;     // the file that the officer edits; NULL: not valid
	struct active_files files; // what is in force and what is announced
	struct policy *policy;     // in force: one of these; NULL: not valid
	struct vault *vault;       // NULL: could not be opened, `vault_error` says why
	struct err vault_error;
	const struct check_row *at; // the check that is running
	struct table findings;
	bool broken, unsure;
	const char *nginx_file, *url; // what the options say; NULL: look for it
	bool offline;                 // the site itself is not asked
	struct nginx_conf *nginx;     // NULL: could not be read
	bool nginx_bad;               // the check that is running found something in it
	bool units_hold;              // the site's units are there, with all that they should say
};
struct check_row {
	const char *name;
	const char *policy; // what is promised, in words
	bool needs_policy, needs_vault;
	void (*run)(struct check *c);
};

// Adds one finding to the check that is running. `remedy` is "" when it is kept.
void check_add(struct check *c, enum verdict verdict, const char *remedy, const char *format, ...) __attribute__((format(printf, 4, 5)));
// An age or a time span in one unit that suits it: "15 days", "3 hours", "40 seconds".
enum { SPAN_WORDS = 32 };
void span_words(char out[SPAN_WORDS], time_t seconds);

void check_policy(struct check *c);
void check_settings(struct check *c);
void check_master_key(struct check *c);
void check_space_reserve(struct check *c);
void check_retention(struct check *c);
void check_prune(struct check *c);
void check_residue(struct check *c);
void check_requests(struct check *c);
void check_ledger(struct check *c);
void check_regions(struct check *c);
void check_published(struct check *c);
void check_activation(struct check *c);
void check_egress(struct check *c);
void check_unbuilt(struct check *c);
void check_tables(struct check *c);
void check_folders(struct check *c);
void check_private(struct check *c);
void check_spool(struct check *c);
void check_clock(struct check *c);
void check_error_log_age(struct check *c);
void check_disk(struct check *c);
void check_units(struct check *c);
void check_swap(struct check *c);
void check_nginx(struct check *c);
void check_logs(struct check *c);
void check_temp_files(struct check *c);
void check_spill(struct check *c);
void check_doors(struct check *c);
void check_tls(struct check *c);
void check_location_headers(struct check *c);
void check_sent(struct check *c);

#endif
