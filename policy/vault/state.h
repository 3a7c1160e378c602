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

struct data_key {
	uint8_t id[KEY_ID_LEN];
	uint8_t bytes[KEY_LEN];
};

// What else belongs to each transaction of a lane. Any may be NULL.
struct commit_hooks {
	int (*prepare)(struct vault *v, const char *day, struct err *e);
	int (*closing)(struct vault *v, struct err *e); // before it is committed
};

struct commit_lane {
	const struct commit_hooks *hooks;
	pthread_mutex_t mutex;
	struct op *head, *tail;
	bool busy;                  // somebody leads
	size_t waiting, last_batch; // operations not yet answered; those of the last commit
};

// What is known within a transaction of the records, and in the next one too as long as nobody else committed any (transaction_recall): but for the
// key, which is in memory no longer than what it seals.
struct records_known {
	bool recalled; // in this transaction
	struct ledger_tail {
		bool known, moved; // moved: its head is not written yet
		struct merkle tree;
		time_t at;
	} tail;
	bool lives; // that the ends of records are reckoned by the lives of this vault, or that pruning will reckon them anew
	char key_kind[RECORD_ID_LEN + 1], key_scope[2 * HASH_LEN + 1];
	struct data_key key;      // of that kind and scope; "": none
	struct store_stamp stamp; // after the last transaction
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
	struct records_known known; // of who has entered LANE_RECORDS
	struct {                    // of who has entered LANE_LOG: the day that is written, and its key
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
