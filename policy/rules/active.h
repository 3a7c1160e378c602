// SPDX-License-Identifier: ISC
// Which version of the policy is in force. The file that the officer edits (LETHE_POLICY) is only what is wanted; programs obey
//   STATE/policy/active.xml   a copy of the version in force: the same bytes, so the same SHA-256 as in the ledger
// and `lethe publish` replaces it, at once where nothing material changed (policy/rules/diff.h), else when the notice period is over:
//   STATE/policy/active.sha256  its SHA-256, as sha256sum writes it: which version it was, when the copy is damaged
//   STATE/policy/coming.xml   a copy of the version that is announced
//   STATE/policy/coming.json  {"sha256", "announced", "from"}: of that file; when it was announced, and when it comes into force
//   STATE/policy/withdrawn.json  [{"sha256", "version", "withdrawn"}]: announcements that the officer withdrew; none of them is announced again
// A coming.xml whose hash is not the one in coming.json is not announced and does not count. No secrets are in the folder: all programs
// may read it. Before the first publish there is no active.xml, and the wanted file itself is in force, from its effective date on.
#ifndef LETHE_RULES_ACTIVE_H
#define LETHE_RULES_ACTIVE_H

#include "policy/base/json.h"
#include "policy/model/policy.h"
#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

enum { NOTICE_DAYS_LEAST = 30 };

// The policy in force, as policy_load: NULL when it is not valid, or when there is no active.xml and the wanted file does not apply yet. An
// active.xml that is no longer valid refuses, too.
struct policy *policy_load_active(const char *state, const char *wanted, struct buf *messages);

// A program ends when the policy in force is another one, and its supervisor starts it again; connections wait in the listening socket
// meanwhile. Begin before loading the policy, so that no change is missed.
struct active_watch {
	char path[PATH_MAX]; // "": the name of the state folder is too long, and nothing is watched
	struct stat file;    // as it was; all zero: not there
	time_t since;
	uint64_t asked; // monotonic_ms()
};
enum { ACTIVE_WATCH_MS = 1000 }; // how often programs ask
void active_watch_begin(struct active_watch *w, const char *state);
// True from when active.xml was replaced, or a processor's effective or removal date has come. Costs one stat().
bool active_watch_changed(const struct active_watch *w, const struct policy *p);
// For a program's loop, at each turn: asks once in ACTIVE_WATCH_MS.
bool active_watch_tick(struct active_watch *w, const struct policy *p);

// --- for `lethe publish` and whoever reports ---
struct active_files {
	// NULL: none, or not readable as a policy. What this version cannot keep (policy_read_as) is read: it can be compared.
	struct policy *active, *coming;
	bool broken;     // active.xml is there, and no program starts on it: it is not valid here, whether `active` could be read or not
	char sha256[65]; // of the version that was last put in force; "": not known
	time_t announced, from; // of the coming one
	cJSON *withdrawn;       // the announcements that were withdrawn; NULL: none
};
// ERR_CORRUPT: withdrawn.json is damaged. ERR_IO, ERR_MEMORY. Free with active_files_free.
int active_read(struct active_files *out, const char *state, struct err *e);
void active_files_free(struct active_files *f);

enum active_step {
	ACTIVE_SAME,      // the wanted policy is in force
	ACTIVE_FIRST,     // nothing was in force: now it is
	ACTIVE_EDITORIAL, // nothing material changed: now it is
	ACTIVE_DUE,       // its notice period is over: now it is
	ACTIVE_ANNOUNCE,  // it is announced now
	ACTIVE_WAIT,      // it was announced and its time has not come
	ACTIVE_WITHDRAW,  // the announced version is no longer wanted; the one in force is
	ACTIVE_WITHDRAWN, // its announcement was withdrawn: it is not announced again
};
struct active_plan {
	enum active_step step;
	time_t announced, from; // for ANNOUNCE, WAIT, DUE
	time_t withdrawn;       // for WITHDRAWN
	size_t changes, material;
};
bool active_step_activates(enum active_step step);
// What publishing `wanted` at `now` does; `now` is the time that the vault's clock is judged to show (vault_clock), so that a clock that leaps
// ahead puts nothing in force. ERR_REFUSED: another site's state, anything said differently under the version id or the updated date in
// force, or nothing
// in force and a version that does not apply yet.
int active_plan(struct active_plan *out, const struct active_files *files, const struct policy *wanted, time_t now, struct err *e);
// Does it to the files: each atomically, the one that counts last. `bytes`: of the wanted file, those that were judged.
int active_apply(const char *state, const struct active_plan *plan, const struct policy *wanted, const char *bytes, size_t len,
		 struct err *e);
// What withdrawing the announced version at `now`, as above, does: ACTIVE_WITHDRAW. ERR_REFUSED: none is announced, or its time has come.
int active_plan_withdrawal(struct active_plan *out, const struct active_files *files, time_t now, struct err *e);
// Withdraws it, so that the same version is never announced again.
int active_withdraw(const char *state, struct active_files *files, time_t now, struct err *e);

#endif
