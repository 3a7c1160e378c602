// SPDX-License-Identifier: ISC
// Is a file what this version would have made? The schema is made once more, in memory, and both are listed and compared.
#include "policy/vault/internal.h"
#include "policy/vault/sqlite/sqlite_sql.h"
#include <stdio.h>
#include <string.h>

// One row for each table, index, trigger and view with its text, and one for each column.
static const char list_text[] = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' "
				"UNION ALL SELECT 'column ' || m.name || '.' || c.name, NULL FROM sqlite_schema m "
				"JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1";

struct list {
	sqlite3 *db;
	sqlite3_stmt *statement;
	int row; // SQLITE_ROW while there is one
};

static int list_fail(const struct list *l, const char *name, struct err *e)
{
	return err_set(e, ERR_IO, "%s: the schema cannot be listed: %s", name, sqlite3_errmsg(l->db));
}

static int list_begin(struct list *l, const char *name, struct err *e)
{
	if (sqlite3_prepare_v2(l->db, list_text, -1, &l->statement, NULL) != SQLITE_OK)
		return list_fail(l, name, e);
	l->row = sqlite3_step(l->statement);
	return l->row == SQLITE_ROW || l->row == SQLITE_DONE ? 0 : list_fail(l, name, e);
}

static const char *list_text_at(const struct list *l, int column)
{
	const char *text = l->row == SQLITE_ROW ? (const char *)sqlite3_column_text(l->statement, column) : NULL;

	return text != NULL ? text : "";
}

// Both lists are in the same order.
static void compare(struct list *is, struct list *should, const char *name, void (*each)(void *, const char *), void *arg)
{
	char finding[512];

	while (is->row == SQLITE_ROW || should->row == SQLITE_ROW) {
		int order = is->row != SQLITE_ROW       ? 1
			    : should->row != SQLITE_ROW ? -1
							: strcmp(list_text_at(is, 0), list_text_at(should, 0));
		finding[0] = '\0';
		if (order < 0)
			snprintf(finding, sizeof finding, "%s: the %s is there, and nothing that the policy declares is kept in it", name,
				 list_text_at(is, 0));
		else if (order > 0)
			snprintf(finding, sizeof finding, "%s: the %s is missing", name, list_text_at(should, 0));
		else if (strcmp(list_text_at(is, 1), list_text_at(should, 1)) != 0)
			snprintf(finding, sizeof finding, "%s: the %s is not defined as this version defines it", name,
				 list_text_at(is, 0));
		if (finding[0] != '\0')
			each(arg, finding);
		if (order <= 0)
			is->row = sqlite3_step(is->statement);
		if (order >= 0)
			should->row = sqlite3_step(should->statement);
	}
}

static int make_again(sqlite3 *db, const struct sqlite_schema *schema, struct err *e)
{
	for (int version = 0; version < schema->version; version++)
		if (sqlite3_exec(db, schema->migrations[version], NULL, NULL, NULL) != SQLITE_OK)
			return err_set(e, ERR_MEMORY, "%s: the schema cannot be made in memory: %s", schema->name, sqlite3_errmsg(db));
	return 0;
}

int store_drift(struct store *s, void (*each)(void *arg, const char *finding), void *arg, struct err *e)
{
	struct list is = {.db = s->db}, should = {0};
	int ret =
	    sqlite3_open_v2(":memory:", &should.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK
		? 0
		: err_set(e, ERR_MEMORY, "no memory");

	if (ret == 0)
		ret = make_again(should.db, s->schema, e);
	if (ret == 0 && list_begin(&is, s->schema->name, e) == 0 && list_begin(&should, s->schema->name, e) == 0)
		compare(&is, &should, s->schema->name, each, arg);
	else
		ret = -1;
	sqlite3_finalize(is.statement);
	sqlite3_finalize(should.statement);
	sqlite3_close(should.db);
	return ret;
}
