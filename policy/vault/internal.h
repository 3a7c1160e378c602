// SPDX-License-Identifier: ISC
// What the parts of the vault share.
#ifndef LETHE_VAULT_INTERNAL_H
#define LETHE_VAULT_INTERNAL_H

#include "policy/base/limits.h"
#include "policy/vault/merkle.h"
#include "policy/vault/seal.h"
#include "policy/vault/sqlite/store.h"
#include "policy/vault/vault.h"
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/types.h>

enum {
	VAULT_BODY_MAX = 1024 * 1024,          // a sealed body is JSON of a few KiB; files live in the spool
	DETAILS_MAX = 4096,                    // of a ledger event
	REWRITE_ALWAYS_MAX = 32 * 1024 * 1024, // files up to this size are rewritten after every erasure: under 0.1 s
	BATCH_MAX = 512,                       // operations of one commit
	PAGE_ROWS = 256,                       // rows read in one go, so that no reader holds up a checkpoint
	KEY_ID_LEN = 16,
	LOG_HASH_LEN = 16,
	SPOOL_ORPHAN_SECONDS = 3600,
};

// --- commit.c: one writer of a file at a time, in this process and among all ---
enum op_target { OP_RECORDS, OP_LOG, OP_ALONE };
struct op {
	enum op_target target;
	int (*run)(struct vault *v, void *arg, struct err *e); // inside the transaction; may run again when a neighbour spoilt it
	void (*undo)(struct vault *v, void *arg);              // it ran, but was not committed; NULL: nothing to undo
	void *arg;
	time_t at; // OP_LOG: the row's time, which decides its segment
	// of commit.c
	struct op *next;
	sem_t wake; // for the owner: it is done, or he leads
	bool leads, ran, waits;
	bool out; // it failed by itself
	int result;
	struct err err;
};

struct alone {
	struct op log, records;
};

enum { LANE_RECORDS, LANE_LOG, LANE_COUNT };
struct lane {
	pthread_mutex_t mutex;
	struct op *head, *tail;
	bool busy;                  // somebody leads
	size_t waiting, last_batch; // operations not yet answered; those of the last commit
	int lock_fd;                // vault.lock, or the folder of the request log
};

// An open request-log segment.
struct segment {
	char day[WHEN_DATE]; // "" when none is open
	struct store *store;
	dev_t device;
	ino_t inode; // of the file when it was opened: pruning unlinks segments under their writers
	uint8_t key[KEY_LEN], hash_key[KEY_LEN];
};

// The ledger's head within a transaction: read by the first event, written once, before the commit.
struct head {
	bool known, changed;
	struct merkle tree;
	time_t at;
};

enum { REMEMBERED = 64 };
struct remembered { // a record that a tag was found to lead to
	uint8_t hash[HASH_LEN];
	struct store_stamp stamp; // of vault.db then
	struct vault_record record;
};

struct vault {
	const struct policy *policy;
	enum vault_mode mode;
	char state[PATH_MAX], spool[PATH_MAX];
	uint8_t master[KEY_LEN], lookup_key[KEY_LEN], ledger_key[KEY_LEN];
	atomic_bool broken;

	struct lane lanes[LANE_COUNT];

	struct {
		struct store *vault, *keys; // of the leader of LANE_RECORDS
		struct head head;           // of the transaction of `vault`
		struct segment segment;     // of the leader of LANE_LOG
	} write;
	struct { // under its mutex
		pthread_mutex_t mutex;
		struct store *vault, *keys;
		struct remembered remembered[REMEMBERED];
	} read;
};

// Runs the operation in a transaction that it may share with others; returns after the commit.
int commit_run(struct vault *v, struct op *op, struct err *e);
// The same in two steps. What was begun must be waited for; it may be done by another thread before.
int commit_begin(struct vault *v, struct op *op, struct err *e);
int commit_wait(struct vault *v, struct op *op, struct err *e);
// From here to commit_release the caller alone writes, in this process and among all; it begins and commits by itself.
int commit_alone(struct vault *v, struct alone *a, struct err *e);
void commit_release(struct vault *v, struct alone *a);
// The same for vault.db and keys.db only: for the leader of the log.
int commit_records_alone(struct vault *v, struct op *op, struct err *e);
void commit_records_release(struct vault *v, struct op *op);
// For the caller of commit_alone. A commit makes new keys durable first.
int write_begin(struct vault *v, struct err *e);
int write_commit(struct vault *v, struct store *s, struct err *e);
void write_rollback(struct vault *v, struct store *s);

// --- open.c ---
int state_path(const struct vault *v, char out[PATH_MAX], const char *name, struct err *e);
void own_like_state(const struct vault *v, const char *path); // when root makes a file for the user that owns the state
// Frees the ballast's space, so that erasing works on a full disk; filled again when there is room.
bool ballast_release(struct vault *v);
void ballast_fill(struct vault *v);

// --- key.c ---
struct data_key {
	uint8_t id[KEY_ID_LEN];
	uint8_t bytes[KEY_LEN];
};
void data_key_wipe(struct data_key *k);
#define DATA_KEY_AUTO __attribute__((cleanup(data_key_wipe)))
int key_load_master(struct vault *v, bool may_create, struct err *e);
int key_load_system(struct vault *v, struct err *e);
// `keys` is v->write.keys (leader) or v->read.keys (under its mutex). ERR_NOT_FOUND when it was destroyed.
int key_get(const struct vault *v, struct store *keys, const void *id, struct data_key *out, struct err *e);
int key_find(const struct vault *v, struct store *keys, const char *kind, const char *scope, struct data_key *out, struct err *e);
// For a writer: makes the key when it is missing. The key is committed before what it seals.
int key_obtain(struct vault *v, const char *kind, const char *scope, struct data_key *out, struct err *e);
// The key that seals data of a kind: of the kind and day when it is short-lived, else of the subject, else of `own` alone.
int key_for(struct vault *v, enum kind kind, time_t made, const uint8_t *subject, const char *own, struct data_key *out, struct err *e);
bool key_is_shared(struct vault *v, const void *id);          // of a kind and day
int key_doom(struct vault *v, const void *id, struct err *e); // inside the transaction that ends what it sealed; id NULL: nothing
int key_doom_subject(struct vault *v, const uint8_t *subject, struct err *e); // the subject's own key, if there is one
// Destroys the doomed keys that nothing uses any more, and rewrites keys.db. For the caller of commit_alone.
int key_reap(struct vault *v, struct err *e);
int key_reap_now(struct vault *v, struct err *e); // as above, by itself
// How a visitor's or subject's text is looked up: HMAC under the look-up key; `name` keeps uses apart.
void lookup_hash(const struct vault *v, uint8_t out[HASH_LEN], const char *name, const char *value);

// --- record.c ---
struct found { // a record that is to be ended
	char id[RECORD_ID_LEN + 1];
	uint8_t key[KEY_ID_LEN];
	bool has_key, has_file;
};
void found_read(struct cursor *c, struct found *out);                     // of a row (id, key, file, …)
int record_remove(struct vault *v, const struct found *f, struct err *e); // inside a transaction
void record_unlink(const struct vault *v, const struct found *f);         // after its commit

// --- remembered.c; under the mutex of v->read ---
// False: not remembered, or vault.db was changed since.
bool remembered_get(struct vault *v, enum kind kind, const uint8_t hash[HASH_LEN], const struct store_stamp *now, struct vault_record *out);
void remembered_put(struct vault *v, const uint8_t hash[HASH_LEN], const struct store_stamp *now, const struct vault_record *record);

// --- ledger.c ---
struct ledger_row {
	int64_t seq, at;
	const char *name, *policy, *details;
	const uint8_t *commitment; // HASH_LEN
};
int ledger_check(const struct ledger_event *event, struct err *e);
int ledger_write(struct vault *v, const struct ledger_event *event, uint64_t *index, struct err *e); // inside a transaction
int ledger_head_write(struct vault *v, struct err *e); // before the commit of the transaction that wrote events
int ledger_head(const struct vault *v, struct store *s, struct merkle *m, time_t *at, struct err *e);
void ledger_leaf(const struct ledger_row *row, uint8_t leaf[HASH_LEN]);
void ledger_row_seal(const struct vault *v, const uint8_t leaf[HASH_LEN], uint8_t out[HASH_LEN]);
int ledger_payload_check(const struct vault *v, const struct ledger_row *row, bool *good, struct err *e);
int ledger_row_read(struct cursor *c, struct ledger_row *row, const uint8_t **seal); // -1: a column has the wrong shape

// --- checkpoint.c ---
int checkpoint_key_make(struct vault *v, struct err *e);
enum signature { SIGNATURE_GOOD, SIGNATURE_BAD, SIGNATURE_NO_KEY };
enum signature checkpoint_verify(const struct vault *v, const char *note, uint64_t size, const uint8_t root[HASH_LEN]);

// --- request_log.c ---
int log_segment_write(struct vault *v, time_t at, struct err *e); // v->write.segment becomes that of the day
void log_segment_close(struct vault *v);
void log_unlink(const struct vault *v, const char *day);
void log_day_hash_key(const uint8_t key[KEY_LEN], uint8_t out[KEY_LEN]);
void log_address_hash(const uint8_t hash_key[KEY_LEN], const char *address, uint8_t out[HASH_LEN]);
void log_receipt_hash(const uint8_t hash_key[KEY_LEN], const uint8_t subject[HASH_LEN], uint8_t out[HASH_LEN]);
int request_log_append_at(struct vault *v, const struct request_log_row *row, time_t at, struct err *e);
struct log_summary {
	uint64_t lines;
	time_t oldest, newest; // 0: empty
};
int log_path(const struct vault *v, char out[PATH_MAX], const char *day, const char *suffix, struct err *e);
// Of a segment; all zero when it is empty. ERR_NOT_FOUND, ERR_CORRUPT.
int log_summary(const struct vault *v, const char *day, struct log_summary *out, struct err *e);
// Calls for each day that has a segment file, oldest first, until non-zero.
int log_each_day(struct vault *v, int (*each)(struct vault *v, const char *day, void *arg, struct err *e), void *arg, struct err *e);
time_t log_due(const struct vault *v, time_t oldest);
struct markers;
// Deletes the rows of an address (NULL: none) and of a subject (its look-up hash; NULL: none). Adds what they were found by to *m. For the
// caller of commit_alone; a segment that could not be reached is an error, after the others were done.
int log_erase(struct vault *v, const char *address, const uint8_t *subject, bool dry_run, struct erase_store *count, struct markers *m,
	      struct err *e);
int log_prune(struct vault *v, time_t horizon, bool dry_run, struct prune_result *out, struct err *e);
int log_newest(struct vault *v, time_t *out, struct err *e);

bool store_needs_rewrite(const struct vault *v, const char *path); // after rows were deleted from it

// --- residue.c ---
enum { MARKER_MAX = 2 * HASH_LEN };
struct markers {
	struct marker {
		uint8_t bytes[MARKER_MAX];
		size_t len;
	} * list;
	size_t count, room;
	bool failed;
};
void markers_add(struct markers *m, const void *bytes, size_t len);
void markers_free(struct markers *m);
#define MARKERS_AUTO __attribute__((cleanup(markers_free)))
int residue_scan(struct vault *v, const struct markers *m, struct erase_result *out, struct err *e);

#endif
