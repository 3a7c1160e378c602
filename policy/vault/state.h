// SPDX-License-Identifier: ISC
// An open vault, for the files of this folder.
#ifndef LETHE_VAULT_STATE_H
#define LETHE_VAULT_STATE_H

#include "policy/vault/backend.h"
#include "policy/vault/vault.h"
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

struct op;

// What else belongs to each transaction of a lane. Any may be NULL.
struct commit_hooks {
	int (*prepare)(struct vault *v, const char *day, struct err *e);
	void (*ended)(struct vault *v); // it was committed, or rolled back
};

struct commit_lane {
	const struct commit_hooks *hooks;
	pthread_mutex_t mutex;
	struct op *head, *tail;
	bool busy;                  // somebody leads
	size_t waiting, last_batch; // operations not yet answered; those of the last commit
};

// The end of the ledger within a transaction: read by the first event.
struct ledger_tail {
	bool known;
	struct merkle tree;
	time_t at;
};

enum { SPOOL_MEMORY, SPOOL_DISK, SPOOLS };

enum { LOOKUPS = 64 };
struct lookup { // a record that a tag was found to lead to
	uint8_t hash[HASH_LEN];
	struct store_stamp stamp; // of the store then
	struct vault_record record;
};

struct vault {
	const struct policy *policy;
	int64_t lives;          // its fingerprint of them
	unsigned segment_level; // 2^this events are a segment of the ledger; a test may make it smaller
	uint64_t scan_at_once;  // SCAN_AT_ONCE_MAX; a test may make it smaller
	enum vault_mode mode;
	const struct backend *b;
	struct store *store;
	char state[PATH_MAX];
	char spools[SPOOLS][PATH_MAX]; // in the run folder, and in the state folder for what may be on a disk
	const char *spool;             // the one of them where the policy puts new files; a change of policy leaves some in the other
	uint8_t master[KEY_LEN], lookup_key[KEY_LEN], ledger_key[KEY_LEN];
	atomic_bool broken;
	struct commit_lane lanes[LANE_COUNT];
	struct ledger_tail tail; // of who has entered LANE_RECORDS
	struct {                 // of who has entered LANE_LOG: the day that is written, and its key
		char day[WHEN_DATE];
		uint8_t key[KEY_LEN], hash_key[KEY_LEN];
		struct store_stamp stamp; // of the store when it was taken
	} log;
	struct { // under its mutex
		pthread_mutex_t mutex;
		struct lookup entries[LOOKUPS];
	} lookups;
};

#endif
