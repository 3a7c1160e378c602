// SPDX-License-Identifier: ISC
// The statements and schemas of the SQLite back end.
#ifndef LETHE_VAULT_SQLITE_SCHEMA_H
#define LETHE_VAULT_SQLITE_SCHEMA_H

#include "policy/base/err.h"
#include <sqlite3.h>

// Every statement; the texts stand in schema.c, in this order.
enum sql {
	// vault.db
	SQL_RECORD_PUT,
	SQL_RECORD_GET,
	SQL_RECORD_FIND,
	SQL_RECORD_OF_KIND,
	SQL_RECORD_OF_SUBJECT,
	SQL_RECORD_WITH_TAG,
	SQL_RECORD_WITH_FILE,
	SQL_RECORD_DUE,
	SQL_RECORD_COUNT_DUE,
	SQL_RECORD_UPDATE,
	SQL_RECORD_DELETE,
	SQL_RECORD_SUMMARY,
	SQL_TAG_PUT,
	SQL_TAG_DELETE,
	SQL_TAG_OF_RECORD,
	SQL_HASH_USED,
	SQL_TALLY_KINDS,
	SQL_NUMBER_GET,
	SQL_NUMBER_SET,
	SQL_KEY_USED,
	SQL_KEY_END_LATER,
	SQL_KEY_TO_END,
	SQL_KEY_FORGET,
	SQL_HEAD_GET,
	SQL_HEAD_SET,
	SQL_LEDGER_PUT,
	SQL_LEDGER_PAGE,
	SQL_LEDGER_NOTABLE,
	SQL_LEDGER_SPAN,
	SQL_PAYLOAD_PUT,
	SQL_PAYLOAD_GET,
	SQL_PAYLOAD_OF_SUBJECT,
	SQL_PAYLOAD_DUE,
	SQL_PAYLOAD_DELETE,
	SQL_CHECKPOINT_PUT,
	SQL_CHECKPOINT_FROM,
	SQL_CHECKPOINT_UP_TO,
	// keys.db
	SQL_KEY_PUT,
	SQL_KEY_GET,
	SQL_KEY_FIND,
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
extern const char *const schema_statements[SQL_COUNT];

enum db_file { DB_VAULT, DB_KEYS, DB_LOG, DB_FILE_COUNT };
struct schema {
	const char *name;              // for messages
	int application_id;            // in the file's header: a foreign file is refused
	int version;                   // number of migrations
	const char *const *migrations; // [0] takes an empty file to version 1
};
extern const struct schema schema_of[DB_FILE_COUNT];

// Makes the schema once more, in memory, and calls `each` for every table, column, index, trigger and view that the file has and this version
// does not, or the other way round, with a phrase such as "the table notes is not part of it". Returns 0, or -1 with *e.
int schema_drift(sqlite3 *is, const struct schema *schema, void (*each)(void *arg, const char *finding), void *arg, struct err *e);

#endif
