// SPDX-License-Identifier: ISC
// The texts that sqlite.c runs.
#ifndef LETHE_VAULT_SQLITE_SQL_H
#define LETHE_VAULT_SQLITE_SQL_H

#include "policy/vault/store.h"

extern const char *const sqlite_statements[SQL_COUNT];

struct sqlite_schema {
	const char *name;              // for messages
	int application_id;            // in the file's header: a foreign file is refused
	int version;                   // number of migrations
	const char *const *migrations; // [0] takes an empty file to version 1
};
extern const struct sqlite_schema sqlite_schemas[STORE_FILE_COUNT];

#endif
