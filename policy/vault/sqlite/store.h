// SPDX-License-Identifier: ISC
// One connection to one store file. Everything that is particular to the database engine lives behind this header, in sqlite.c and
// in the statement table of sqlite_sql.c; SQL text never crosses it. A store is used by one thread at a time.
#ifndef LETHE_VAULT_SQLITE_STORE_H
#define LETHE_VAULT_SQLITE_STORE_H

#include "policy/base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_file { STORE_VAULT, STORE_KEYS, STORE_LOG, STORE_FILE_COUNT };
enum store_access {
	STORE_READ,   // never writes
	STORE_WRITE,  // the file must exist with the current schema
	STORE_CREATE, // makes the file and migrates its schema; the caller holds the lock
};
enum { STORE_VALUE_MAX = 2 * 1024 * 1024 }; // bytes of one row: a sealed body of VAULT_BODY_MAX fits

// Every statement that the vault runs. The texts stand in sqlite_sql.c, in this order.
enum sql {
	// vault.db: records
	SQL_RECORD_PUT,
	SQL_RECORD_GET,
	SQL_RECORD_FIND,
	SQL_RECORD_PAGE,
	SQL_RECORD_UPDATE,
	SQL_RECORD_DELETE,
	SQL_RECORD_DUE,
	SQL_DUE_COUNT,
	SQL_RECORD_EXISTS,
	SQL_RECORD_BY_SUBJECT,
	SQL_RECORD_BY_TAG,
	SQL_RECORD_FILES,
	SQL_RECORD_SUBJECT,
	SQL_TAG_PUT,
	SQL_TAG_DELETE,
	SQL_TAG_OF_RECORD,
	SQL_TAG_USED,
	SQL_TALLY,
	SQL_KIND_OLDEST,
	SQL_KIND_NEWEST,
	SQL_KIND_DUE,
	SQL_TALLY_KINDS,
	// vault.db: keys to destroy, and facts
	SQL_KEY_USED,
	SQL_DOOM_PUT,
	SQL_DOOM_LIST,
	SQL_DOOM_DONE,
	SQL_FACT_GET,
	SQL_FACT_SET,
	// vault.db: ledger
	SQL_HEAD_GET,
	SQL_HEAD_SET,
	SQL_LEDGER_PUT,
	SQL_LEDGER_PAGE,
	SQL_LEDGER_NOTABLE,
	SQL_LEDGER_LAST,
	SQL_LEDGER_OLDEST,
	SQL_LEDGER_NEWEST,
	SQL_PAYLOAD_PUT,
	SQL_PAYLOAD_GET,
	SQL_PAYLOAD_COUNT,
	SQL_PAYLOAD_BY_SUBJECT,
	SQL_PAYLOAD_DUE,
	SQL_PAYLOAD_DELETE,
	SQL_PAYLOAD_ERASE,
	SQL_CHECKPOINT_PUT,
	SQL_CHECKPOINT_LAST,
	SQL_CHECKPOINT_NEXT,
	SQL_CHECKPOINT_UP_TO,
	// keys.db
	SQL_KEY_PUT,
	SQL_KEY_GET,
	SQL_KEY_BY_SCOPE,
	SQL_KEY_DELETE,
	// log/YYYY-MM-DD.db
	SQL_LOG_PUT,
	SQL_LOG_SUMMARY,
	SQL_LOG_SUMMARY_ADD,
	SQL_LOG_COUNT_ADDRESS,
	SQL_LOG_COUNT_RECEIPT,
	SQL_LOG_DELETE_ADDRESS,
	SQL_LOG_DELETE_RECEIPT,
	SQL_COUNT
};

struct store;
struct cursor;

// ERR_NOT_FOUND when the file is missing (unless created), ERR_INPUT on a newer schema or another program's file, ERR_FULL, ERR_IO,
// ERR_CORRUPT.
int store_open(struct store **out, enum store_file file, const char *path, enum store_access access, struct err *e);
void store_close(struct store **s);
#define STORE_AUTO __attribute__((cleanup(store_close)))

struct value {
	enum { VALUE_END, VALUE_NULL, VALUE_INT, VALUE_TEXT, VALUE_BLOB } type;
	int64_t number;
	const void *bytes;
	size_t len;
};
#define V_INT(n)        ((struct value){.type = VALUE_INT, .number = (int64_t)(n)})
#define V_NULL          ((struct value){.type = VALUE_NULL})
#define V_BLOB(p, size) ((struct value){.type = (p) != NULL ? VALUE_BLOB : VALUE_NULL, .bytes = (p), .len = (size)})
struct value store_text(const char *s); // NULL becomes NULL
#define V_TEXT(s)   store_text(s)
#define VALUES(...) ((const struct value[]){__VA_ARGS__, {.type = VALUE_END}})

// Runs a statement to its end. What VALUES point at needs to live only during the call.
int store_run(struct store *s, enum sql statement, const struct value *values, struct err *e);
// For statements with rows: NULL on error. What VALUES point at must live as long as the cursor.
struct cursor *store_query(struct store *s, enum sql statement, const struct value *values, struct err *e);
int cursor_next(struct cursor *c, struct err *e); // 1: a row, 0: no more, -1: error
int64_t cursor_int(struct cursor *c, int column);
const char *cursor_text(struct cursor *c, int column); // valid until the next step; "" for NULL
const void *cursor_blob(struct cursor *c, int column, size_t *len);
bool cursor_null(struct cursor *c, int column);
void cursor_end(struct cursor **c);
#define CURSOR_AUTO __attribute__((cleanup(cursor_end)))
// The first column of the first row, or `otherwise` when there is no row or it is NULL.
int store_number(struct store *s, enum sql statement, const struct value *values, int64_t otherwise, int64_t *out, struct err *e);
// What tells one state of the file from the next: while it is the same, no process has committed anything to the file. Reads memory that all
// connections share, at no cost. False: it cannot be told in this moment.
struct store_stamp {
	uint8_t bytes[48];
};
bool store_stamp(struct store *s, struct store_stamp *out);
uint64_t store_changes(const struct store *s); // rows that the last statement changed

// Transactions. The caller holds the vault's lock from store_begin to the end of store_commit.
int store_begin(struct store *s, struct err *e);
// ERR_UNKNOWN when the outcome cannot be known; any other error means that nothing was committed.
int store_commit(struct store *s, struct err *e);
void store_rollback(struct store *s);
bool store_in_transaction(const struct store *s); // false after the engine itself rolled back

// Moves everything from the write-ahead log into the file and empties the log. ERR_BUSY while a reader is in the way. Under the lock.
int store_flush(struct store *s, struct err *e);
// Rewrites the file so that nothing deleted is left in it, then flushes. Under the lock.
int store_rewrite(struct store *s, struct err *e);
// ERR_CORRUPT with the first finding.
int store_check(struct store *s, struct err *e);

// Calls `each` for every table, column, index, trigger and view that the schema of this version does not have ("strange") or that it has and
// the file lacks or defines otherwise, with a phrase such as "the table notes is not part of it". Returns 0, or -1 with *e.
int store_drift(struct store *s, void (*each)(void *arg, const char *finding), void *arg, struct err *e);

// Hands the raw bytes of the file, its write-ahead log and its shared index to `each` in pieces that overlap by `overlap` bytes.
// Reads through the engine's own descriptors: opening and closing these files ourselves would drop the engine's locks.
int store_scan(struct store *s, size_t overlap, void (*each)(void *arg, const char *part, const void *bytes, size_t len), void *arg,
	       struct err *e);

#endif
