// SPDX-License-Identifier: ISC
// One connection to one SQLite file. It is used by one thread at a time.
#ifndef LETHE_VAULT_SQLITE_DB_H
#define LETHE_VAULT_SQLITE_DB_H

#include "policy/vault/backend.h"
#include "policy/vault/sqlite/schema.h"

enum db_access {
	DB_READ,     // never writes
	DB_COPY,     // the same, without locks and without making any file: of what nobody writes any more
	DB_OLD_COPY, // the same, also with an older schema: of a backup
	DB_WRITE,    // the file must exist with the current schema
	DB_CREATE,   // makes the file and migrates its schema; the caller holds the lock
};

enum { PARAMETERS = 10 };
struct db {
	sqlite3 *db;
	const struct schema *schema;
	sqlite3_stmt *statements[SQL_COUNT];
	uint8_t positions[SQL_COUNT][PARAMETERS]; // of their parameters "$1", "$2" …; 0: it has none of that name
	const volatile uint8_t *index;            // the head of the write-ahead log's shared index; NULL: not looked for yet
};
struct cursor;

// ERR_NOT_FOUND when the file is missing (unless created), ERR_INPUT on a newer schema or another program's file, ERR_FULL, ERR_IO,
// ERR_CORRUPT.
int db_open(struct db **out, enum db_file file, const char *path, enum db_access access, struct err *e);
void db_close(struct db **s);
#define DB_AUTO __attribute__((cleanup(db_close)))

struct value {
	enum { VALUE_END, VALUE_NULL, VALUE_INT, VALUE_TEXT, VALUE_BLOB } type;
	int64_t number;
	const void *bytes;
	size_t len;
};
#define V_INT(n)        ((struct value){.type = VALUE_INT, .number = (int64_t)(n)})
#define V_NULL          ((struct value){.type = VALUE_NULL})
#define V_BLOB(p, size) ((struct value){.type = (p) != NULL ? VALUE_BLOB : VALUE_NULL, .bytes = (p), .len = (size)})
struct value db_text(const char *s); // NULL becomes NULL
#define V_TEXT(s)   db_text(s)
#define VALUES(...) ((const struct value[]){__VA_ARGS__, {.type = VALUE_END}})

// Runs a statement to its end. What VALUES point at needs to live only during the call.
int db_run(struct db *s, enum sql statement, const struct value *values, struct err *e);
// For statements with rows: NULL on error. What VALUES point at must live as long as the cursor.
struct cursor *db_query(struct db *s, enum sql statement, const struct value *values, struct err *e);
int cursor_next(struct cursor *c, struct err *e); // 1: a row, 0: no more, -1: error, as of db_query where c is NULL
int64_t cursor_int(struct cursor *c, int column);
const char *cursor_text(struct cursor *c, int column); // valid until the next step; "" for NULL
const void *cursor_blob(struct cursor *c, int column, size_t *len);
bool cursor_copy(struct cursor *c, int column, void *out, size_t size); // false, and zeros, when it is not exactly `size` bytes
void cursor_end(struct cursor **c);
#define CURSOR_AUTO __attribute__((cleanup(cursor_end)))
// Reads memory that all connections share, at no cost. False: it cannot be told in this moment.
enum { DB_STAMP = 48 };
bool db_stamp(struct db *s, uint8_t out[DB_STAMP]);
bool db_moved(const struct db *s);       // its file has its name no more, or cannot be told
uint64_t db_bytes(struct db *s);         // of the file
uint64_t db_changes(const struct db *s); // rows that the last statement changed

// Transactions. The caller holds the lane's lock from db_begin to the end of db_commit.
int db_begin(struct db *s, struct err *e);
// ERR_UNKNOWN when the outcome cannot be known; any other error means that nothing was committed.
int db_commit(struct db *s, struct err *e);
void db_rollback(struct db *s);
// Between transactions: what is committed from here on is durable only once db_flush() or a later commit of the other sort has returned 0, which
// saves a sync. For what is done again when it is lost.
void db_sync_later(struct db *s, bool later);
bool db_in_transaction(const struct db *s); // false after the engine itself rolled back

// Moves everything from the write-ahead log into the file and empties the log. ERR_BUSY while a reader is in the way. Under the lock.
int db_flush(struct db *s, struct err *e);
// Rewrites the file so that nothing deleted is left in it, then flushes. Under the lock.
int db_rewrite(struct db *s, struct err *e);
// Gives free pages back, some at a time: 1 while there are more, 0, -1. A file that an earlier version made is rewritten for it once. Under the lock.
int db_shrink(struct db *s, struct err *e);
// Writes what is committed to a new file at `path`, which holds nothing that was deleted. Nobody waits for it. Not synced.
int db_copy_to(struct db *s, const char *path, struct err *e);
// For a file that nobody else has: nothing stands beside it when it is closed.
int db_settle(struct db *s, struct err *e);
// ERR_CORRUPT with the first finding.
int db_check(struct db *s, struct err *e);

// Adds what is found of the markers in the raw bytes of the file, its write-ahead log and its shared index. Reads through the engine's own
// descriptors: opening and closing these files ourselves would drop the engine's locks.
int db_find_bytes(struct db *s, const struct marker *markers, size_t count, struct found_bytes *out, struct err *e);

#endif
