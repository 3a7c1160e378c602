// SPDX-License-Identifier: ISC
// What the files of this folder share: the open stores.
//
//	vault.db                records, tags, the ledger, and which keys are to be destroyed
//	keys/keys.db            keys, apart from what they seal
//	log/YYYY-MM-DD.db       the request log of one UTC day
//	vault.lock, log/        are flocked by who writes records and keys, and by who writes the request log
//
// vault.lock also says in decimal how many have opened the stores to write and not closed them, and each of these holds an open-file-description
// lock on its first byte for reading as long as it lives. So who opens them knows whether others live (it gets no lock for writing), and whether
// all of those before it came to their end: nobody lives and the number is not 0 after a crash, a kill or a power cut. Then the first program to
// come reads every file through, under the lanes' locks, while the others wait; after an orderly stop nobody
// does, but where they are small (store_read_through_max).
//
// Its second line says how many events the ledger had when somebody last opened or closed the stores, or pruned; -2 while they are made. A ledger
// with fewer is an older one, or lost its write-ahead log. What was written since, and went with that log, nobody can notice.
#ifndef LETHE_VAULT_SQLITE_STORE_H
#define LETHE_VAULT_SQLITE_STORE_H

#include "policy/vault/sqlite/db.h"
#include <limits.h>
#include <pthread.h>

enum { LOG_FILES_OPEN = 32 };
struct log_file { // of a day
	char day[WHEN_DATE];
	struct db *db; // NULL: none is open
};

struct store {
	char state[PATH_MAX];
	int lock_fd[LANE_COUNT];
	bool copy;             // that nobody may write, as kept in evidence: only to be looked at
	bool counted, suspect; // in vault.lock; a commit's outcome is unknown: it stays counted
	struct store_writer {
		struct db *db;
		bool begun;     // its transaction
	} write[DB_FILE_COUNT]; // of who has entered LANE_RECORDS, and that of the log of who has entered LANE_LOG
	char day[WHEN_DATE];    // of the log's
	int64_t events;         // of the ledger, where the transaction changes their number; else 0
	struct {                // under its mutex
		pthread_mutex_t mutex;
		struct db *db[DB_LOG];                // but the log
		struct log_file days[LOG_FILES_OPEN]; // that nobody reads at the moment
	} read;
};

// Makes an empty file of the right mode and owner where there is none: SQLite makes what stands beside a database (-wal, -shm) like it.
int store_file_begin(const struct store *s, const char *path, struct err *e);
int store_sanitise_one(struct db *db, enum sanitise how, struct err *e);
bool store_lock_first_byte(const struct store *s, short type); // of vault.lock, as said above
int store_alone(const struct store *s, struct err *e);         // ERR_BUSY where anybody else has them open to write
int store_enter(struct store *s, enum lane lane, struct err *e);
void store_leave(struct store *s, enum lane lane);
// As db_run, in the file that is written; the first of each begins its transaction.
int store_write(struct store *s, enum db_file file, enum sql statement, const struct value *values, struct err *e);
int store_end(struct store *s, enum lane lane, bool commit, struct err *e);
// The connection of a view; for VIEW_COMMITTED it is the caller's until store_done().
struct db *store_view(struct store *s, enum view view, enum db_file file);
void store_done(struct store *s, enum view view, struct cursor **c); // ends the cursor too; NULL: there is none

extern uint64_t store_read_through_max; // bytes of the files that are read through each time before they are opened to be written to
extern const struct backend_records sqlite_records;
extern const struct backend_keys sqlite_keys;
extern const struct backend_ledger sqlite_ledger;
extern const struct backend_log sqlite_log;

#endif
