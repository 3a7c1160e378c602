// SPDX-License-Identifier: ISC
// `lethe check`: tables of checks, each of which adds findings.
#ifndef LETHE_ADMIN_CHECK_H
#define LETHE_ADMIN_CHECK_H

#include "admin/table.h"
#include "policy/rules/active.h"

struct nginx_conf;

enum check_result {
	CHECK_KEPT,
	CHECK_BROKEN,
	CHECK_UNSURE,
	CHECK_OVERDUE, // something waits for an officer, and the promise is not broken by that
	CHECK_DUE,     // the same, and nothing is late: it is still to be written down
	CHECK_EMPTY,   // there is nothing that could break the promise or keep it
	CHECK_RESULTS
};
extern const char *const check_result_words[CHECK_RESULTS]; // as they are printed

enum check_needs {
	NEEDS_POLICY = 1,
	NEEDS_VAULT = 2,
	NEEDS_CENSUS = 4 | NEEDS_VAULT,
	OF_THEN = 16,    // it judges, too, what will be at a time to come
	NEEDS_NGINX = 8, // without it there is no finding: the check `nginx` has said why
};
struct check_row;
struct check {
	const struct admin *admin;
	struct policy *wanted;     // the file that the officer edits; NULL: not valid
	struct active_files files; // what is in force and what is announced
	struct policy *policy;     // in force: one of these; NULL: not valid
	struct vault *vault;       // NULL: could not be opened, `vault_error` says why
	struct err vault_error;
	struct census census;
	const struct check_row *at; // the check that is running
	struct table findings;
	bool broken, unsure;
	const char *nginx_file, *url; // what the options say; NULL: look for it
	time_t then;                  // the time to come at which is judged; 0: now
	bool offline;                 // the site itself is not asked
	struct nginx_conf *nginx;     // NULL: could not be read
	bool bad;                     // the check that is running found something that is not kept
	bool units_hold;              // the site's units are there, with all that they should say
};
struct check_row {
	const char *name;
	const char *policy; // what is promised, in words
	unsigned needs;     // of enum check_needs
	void (*run)(struct check *c);
	const char *kept; // what is found when `run` adds nothing that is not kept; NULL: it says so itself
};
// Runs one check: it cannot be told without what it needs.
void check_run(struct check *c, const struct check_row *row);

// Adds one finding to the check that is running. `remedy` is "" when it is kept.
void check_add(struct check *c, enum check_result result, const char *remedy, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
// An age or a time span in one unit that suits it: "15 days", "3 hours", "40 seconds".
enum { SPAN_WORDS = 32 };
void check_span_words(char out[SPAN_WORDS], time_t seconds);

// What the ledger says. In check_store.c.
enum { HASH_TEXT = 65 };
struct ledger_facts {
	char activated[HASH_TEXT]; // SHA-256 of the policy file that was last activated; "" when none was
	uint64_t refused_regions;  // replies refused since `since`, because another region answered than the policy names
	time_t last_refused;
};
int check_ledger_facts(struct vault *v, time_t since, struct ledger_facts *out, struct err *e);

// Calls `each` for every file of the stores that others than its owner can use, with its path and mode; after taking it from them where
// `close` says so, and then only where that could be done. -1 with *e when a folder cannot be read. In check_folders.c.
int check_private_files(const char *state, bool close, void (*each)(void *arg, const char *path, mode_t mode), void *arg, struct err *e);

// Is the path, or the nearest folder above it that can be seen, on a file system in memory? In check_folders.c.
bool check_on_memory(const char *path);

// The checks, in the files of these names; each list is ended by {0}.
extern const struct check_row check_policy_rows[], check_settings_rows[], check_store_rows[], check_cases_rows[], check_folders_rows[],
    check_nginx_rows[], check_sent_rows[], check_units_rows[], check_machine_rows[], check_egress_rows[], check_resolver_rows[];

#endif
