// SPDX-License-Identifier: ISC
#ifndef LETHE_VAULT_SQLITE_LOG_H
#define LETHE_VAULT_SQLITE_LOG_H

#include "policy/vault/sqlite/store.h"

// *out is NULL, and that is no error, when there is no file of the day: it was ended in this moment, or a crash left it without
// its tables.
int log_open(const struct store *s, struct db **out, const char *day, enum db_access access, struct err *e);
int log_days(struct store *s, struct log_day **out, struct err *e);
void log_close_all(struct store *s);

#endif
