// SPDX-License-Identifier: ISC
// The statements and schemas of the SQLite back end.
#ifndef LETHE_VAULT_SQLITE_SCHEMA_H
#define LETHE_VAULT_SQLITE_SCHEMA_H

#include "policy/base/err.h"
#include <sqlite3.h>
#include <stdbool.h>

enum sql {
#define STATEMENT(name, text) SQL_##name,
#include "policy/vault/sqlite/statements.h"
#undef STATEMENT
	SQL_COUNT
};
extern const char *const schema_statements[SQL_COUNT];

enum db_file { DB_VAULT, DB_KEYS, DB_LOG, DB_FILE_COUNT };
struct schema {
	const char *name;              // for messages
	int application_id;            // in the file's header: a foreign file is refused
	int version;                   // number of migrations
	const char *const *migrations; // [0] takes an empty file to version 1
	const char *digest;            // schema_digest() of the last version: with another migration, another one
	bool shrinks;                  // it gives back the space of what is deleted; the others go as a whole, or are rewritten
};
extern const struct schema schema_of[DB_FILE_COUNT];

// SHA-256 of the file's tables, columns, indexes, triggers and views, in hex.
enum { SCHEMA_DIGEST = 65 };
int schema_digest(sqlite3 *db, const char *name, char out[SCHEMA_DIGEST], struct err *e);
// Where the file's digest is not this version's: makes the schema once more, in memory, and calls `each` for every table, column, index, trigger and view that the file has and this version
// does not, or the other way round, with a phrase such as "the table notes is not part of it". Returns 0, or -1 with *e.
int schema_drift(sqlite3 *is, const struct schema *schema, void (*each)(void *arg, const char *finding), void *arg, struct err *e);

#endif
