// SPDX-License-Identifier: ISC
// What the files of the SQLite back end share: the texts that it runs, and what a connection is.
#ifndef LETHE_VAULT_SQLITE_SQLITE_SQL_H
#define LETHE_VAULT_SQLITE_SQLITE_SQL_H

#include "policy/vault/sqlite/store.h"
#include <sqlite3.h>

extern const char *const sqlite_statements[SQL_COUNT];

struct sqlite_schema {
	const char *name;              // for messages
	int application_id;            // in the file's header: a foreign file is refused
	int version;                   // number of migrations
	const char *const *migrations; // [0] takes an empty file to version 1
};
extern const struct sqlite_schema sqlite_schemas[STORE_FILE_COUNT];

// A connection: sqlite.c's, and sqlite_schema.c's to look at.
struct store {
	sqlite3 *db;
	const struct sqlite_schema *schema;
	sqlite3_stmt *statements[SQL_COUNT];
	const volatile uint8_t *index; // the head of the write-ahead log's shared index; NULL: not looked for yet
};

#endif
