// SPDX-License-Identifier: ISC
// Backups: folders named lethe-<site>-<time>, below one that the operator names, each a copy of the state folder at one moment:
//
//	manifest	see below; it is written last
//	vault.db	without the records and payloads whose end comes before the backup's own
//	ledger/*.gz	the closed segments that are kept
//	log/<day>.db	of days that outlive the backup
//	policy/…	which policy is in force, and which is announced
//
// The backup's own end is as the policy's life of the kind `backup` says, so nothing in it outlives what the notice promises: what is kept for less
// time is not in it, and what is erased is not readable (its key is in no copy of the keys, of which there is one, and tombstones name it). Bodies
// are sealed by keys that are never in the same place: keys/ is copied to another folder, as the newest copy alone. Files of the spool are left out.
//
// A backup is made under another name, read through, and renamed: one of this name is whole. The manifest is a text of lines,
//
//	lethe-backup/1\nsite <site>\nmade <time>\nuntil <time>\npolicy <version>\nevents <ledger's size>\nrecords <count>\n
//	file <SHA-256> <bytes> <name>\n	for each file, in any order
//
// with the ledger's signature as a C2SP signed note, where that key is here.
#ifndef LETHE_VAULT_BACKUP_H
#define LETHE_VAULT_BACKUP_H

#include "policy/base/tree.h"
#include "policy/vault/backend.h"
#include "policy/vault/vault.h"
#include <limits.h>

enum { BACKUP_NAME_MAX = 192 };
struct backup_facts {
	char path[PATH_MAX]; // of the backup
	char site[128];      // backup_check: whose it is, as the manifest says
	time_t made, until;  // until: when it is to be deleted
	uint64_t events, records, files, bytes;
	uint64_t left_records, left_days; // backup_make: what ends before it does
	bool has_signature;               // backup_check: and it holds
	bool keys_copied;
};
// Makes one below `folder`, and reads it through; `keys` is for the keys, NULL: not copied. Waits for who makes one of the same site. ERR_REFUSED: the
// policy keeps no backups, or both would be in one place. ERR_FULL, ERR_IO: nothing is left of it.
int backup_make(struct vault *v, const char *folder, const char *keys, struct backup_facts *out, struct err *e);
// What its manifest says, of which no file is looked at. Errors as below.
int backup_read(const char *path, const char *keys, struct backup_facts *out, struct err *e);
// Whether a backup is whole, file by file. `keys`: the folder with the ledger's keys, those of before too, of which one is to have signed it; NULL, or
// none there: its signature is not looked at. ERR_CORRUPT, ERR_INPUT: it is none.
int backup_check(const char *path, const char *keys, struct backup_facts *out, struct err *e);
// The same, and copies the files, of which what was copied is looked at; not synced.
int backup_take(const char *path, const char *keys, const struct tree *to, struct backup_facts *out, struct err *e);

// How many entries the ledger and that of a backup have in common: their first ones. ERR_CORRUPT, ERR_NOT_FOUND, ERR_INPUT, …: it cannot be told.
int backup_common(struct vault *v, const char *path, uint64_t *out, struct err *e);

struct backup_list {
	size_t count, ended; // that are kept; whose time is over, and that were deleted
	size_t ahead;        // of those that are kept: dated in the future
	time_t oldest, newest;
};
// Deletes those below the folder whose end has come at `now`, and what is left of unfinished ones; only counts when `dry_run`. Adds to *all. ERR_BUSY:
// one is being made.
int backup_prune(const struct policy *p, const char *folder, time_t now, bool dry_run, struct backup_list *all, struct err *e);

// The same in every folder that one was ever made below, and notes for the census how many there are and of when the oldest is; of folders that
// cannot be looked at now, what was noted before stands. `now` 0: nothing is deleted, as the clock cannot be trusted.
int backup_prune_all(struct vault *v, time_t now, bool dry_run, struct backup_list *out, struct err *e);
extern const char backup_number_count[], backup_number_oldest[];

// Calls for each folder that a backup was ever made below, until there can be none any more.
int backup_folders(const char *state, int (*each)(void *arg, const char *folder, struct err *e), void *arg, struct err *e);
extern const char backup_folders_file[];

extern const char
    *const backup_key_files[]; // in the copy of the keys and in keys/, also of earlier versions, ended by NULL; the first is needed
int backup_keys_path(const char *site, const char *keys, char out[PATH_MAX], struct err *e);

#endif
