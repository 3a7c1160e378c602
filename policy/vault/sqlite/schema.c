// SPDX-License-Identifier: ISC
// The statements, written so that PostgreSQL takes them too, and the schemas, which are SQLite's.
//
// Personal data stands only in rowid tables, sealed; indexes hold keyed hashes only. secure_delete was measured to leave residue in
// WITHOUT ROWID trees, so there is none.
#include "policy/vault/sqlite/schema.h"
#include "policy/base/array.h"
#include <stdio.h>
#include <string.h>

// The events that the officer's command looks for among all the others. SQLite uses the partial index only where a query says the same.
#define NOTABLE "name IN ('activation', 'refused-region')"
#define RECORD  "r.id, r.kind, r.state, r.made, r.due, r.subject, r.key, r.file, r.facts"
#define EVENT   "seq, at, name, policy, details, commitment, seal"

const char *const schema_statements[SQL_COUNT] = {
    [SQL_RECORD_PUT] =
	"INSERT INTO record(id, kind, state, made, due, subject, key, file, facts, body) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    [SQL_RECORD_GET] = "SELECT " RECORD ", r.body FROM record r WHERE r.id = $1",
    [SQL_RECORD_FIND] = "SELECT " RECORD ", r.body FROM tag t JOIN record r ON r.id = t.record "
			"WHERE t.name = $1 AND t.hash = $2 AND r.kind = $3 AND (r.due IS NULL OR r.due > $4) LIMIT 1",
    [SQL_RECORD_OF_KIND] = "SELECT " RECORD " FROM record r WHERE r.kind = $1 AND (r.made, r.id) > ($2, $3) ORDER BY r.made, r.id LIMIT $4",
    [SQL_RECORD_OF_SUBJECT] = "SELECT " RECORD " FROM record r WHERE r.subject = $1",
    [SQL_RECORD_WITH_TAG] = "SELECT " RECORD " FROM tag t JOIN record r ON r.id = t.record WHERE t.name = $1 AND t.hash = $2",
    [SQL_RECORD_WITH_FILE] = "SELECT " RECORD " FROM record r WHERE r.file = 1 AND r.id > $1 ORDER BY r.id LIMIT $2",
    [SQL_RECORD_DUE] = "SELECT " RECORD " FROM record r WHERE r.kind = $1 AND r.due <= $2 LIMIT $3",
    [SQL_RECORD_COUNT_DUE] = "SELECT count(*), coalesce(sum(file), 0) FROM record WHERE kind = $1 AND due <= $2",
    [SQL_RECORD_UPDATE] =
	"UPDATE record SET state = $2, due = $3, key = $4, file = $5, facts = $6, body = coalesce($7, body) WHERE id = $1",
    [SQL_RECORD_DELETE] = "DELETE FROM record WHERE id = $1",
    [SQL_RECORD_SUMMARY] =
	"SELECT (SELECT count FROM tally WHERE kind = $1), (SELECT min(made) FROM record WHERE kind = $1), "
	"(SELECT max(made) FROM record WHERE kind = $1), (SELECT min(due) FROM record WHERE kind = $1 AND due IS NOT NULL)",
    [SQL_TAG_PUT] = "INSERT INTO tag(record, name, hash) VALUES($1, $2, $3)",
    [SQL_TAG_DELETE] = "DELETE FROM tag WHERE record = $1",
    [SQL_TAG_OF_RECORD] = "SELECT hash FROM tag WHERE record = $1",
    [SQL_HASH_USED] = "SELECT 1 FROM tag WHERE hash = $1 UNION ALL SELECT 1 FROM record WHERE subject = $1 LIMIT 1",
    [SQL_TALLY_KINDS] = "SELECT kind, count FROM tally WHERE count > 0 ORDER BY kind",
    [SQL_NUMBER_GET] = "SELECT value FROM fact WHERE name = $1",
    [SQL_NUMBER_SET] = "INSERT INTO fact(name, value) VALUES($1, $2) ON CONFLICT(name) DO UPDATE SET value = excluded.value",

    [SQL_KEY_USED] = "SELECT 1 FROM record WHERE key = $1 UNION ALL SELECT 1 FROM ledger_payload WHERE key = $1 LIMIT 1",
    [SQL_KEY_END_LATER] = "INSERT INTO ended_key(key) VALUES($1) ON CONFLICT(key) DO NOTHING",
    [SQL_KEY_TO_END] = "SELECT key FROM ended_key ORDER BY key",
    [SQL_KEY_FORGET] = "DELETE FROM ended_key WHERE key = $1",

    [SQL_HEAD_GET] = "SELECT size, at, range, seal FROM ledger_head WHERE only = 1",
    [SQL_HEAD_SET] = "INSERT INTO ledger_head(only, size, at, range, seal) VALUES(1, $1, $2, $3, $4) "
		     "ON CONFLICT(only) DO UPDATE SET size = excluded.size, at = excluded.at, range = excluded.range, seal = excluded.seal",
    [SQL_LEDGER_PUT] = "INSERT INTO ledger(" EVENT ") VALUES($1, $2, $3, $4, $5, $6, $7)",
    [SQL_LEDGER_PAGE] = "SELECT " EVENT " FROM ledger WHERE seq >= $1 ORDER BY seq LIMIT $2",
    [SQL_LEDGER_NOTABLE] = "SELECT " EVENT " FROM ledger WHERE " NOTABLE " AND seq >= $1 ORDER BY seq LIMIT $2",
    [SQL_LEDGER_SPAN] = "SELECT (SELECT max(seq) FROM ledger), (SELECT at FROM ledger ORDER BY seq LIMIT 1), "
			"(SELECT at FROM ledger ORDER BY seq DESC LIMIT 1)",
    [SQL_PAYLOAD_PUT] = "INSERT INTO ledger_payload(seq, subject, due, key, body) VALUES($1, $2, $3, $4, $5)",
    [SQL_PAYLOAD_GET] = "SELECT seq, key, body FROM ledger_payload WHERE seq = $1",
    [SQL_PAYLOAD_OF_SUBJECT] = "SELECT seq, key FROM ledger_payload WHERE subject = $1",
    [SQL_PAYLOAD_DUE] = "SELECT seq, key FROM ledger_payload WHERE due <= $1 ORDER BY due LIMIT $2",
    [SQL_PAYLOAD_DELETE] = "DELETE FROM ledger_payload WHERE seq = $1",
    [SQL_CHECKPOINT_PUT] = "INSERT INTO checkpoint(size, at, root, range, note) VALUES($1, $2, $3, $4, $5)",
    [SQL_CHECKPOINT_FROM] = "SELECT size, at, root, range, note FROM checkpoint WHERE size >= $1 ORDER BY size LIMIT 1",
    [SQL_CHECKPOINT_UP_TO] = "SELECT size, at, root, range, note FROM checkpoint WHERE size <= $1 ORDER BY size DESC LIMIT 1",

    [SQL_KEY_PUT] = "INSERT INTO key(id, kind, scope, made, wrapped) VALUES($1, $2, $3, $4, $5)",
    [SQL_KEY_GET] = "SELECT id, kind, scope, made, wrapped FROM key WHERE id = $1",
    [SQL_KEY_FIND] = "SELECT id, kind, scope, made, wrapped FROM key WHERE kind = $1 AND scope = $2",
    [SQL_KEY_DELETE] = "DELETE FROM key WHERE id = $1",

    [SQL_LOG_PUT] = "INSERT INTO line(at, address_hash, receipt_hash, body) VALUES($1, $2, $3, $4)",
    [SQL_LOG_SUMMARY] = "SELECT lines, oldest, newest FROM summary WHERE only = 1",
    [SQL_LOG_SUMMARY_ADD] =
	"UPDATE summary SET lines = lines + $1, oldest = CASE WHEN oldest IS NULL OR oldest > $2 THEN $2 ELSE oldest END, "
	"newest = CASE WHEN newest IS NULL OR newest < $3 THEN $3 ELSE newest END WHERE only = 1",
    [SQL_LOG_COUNT_ADDRESS] = "SELECT count(*) FROM line WHERE address_hash = $1",
    [SQL_LOG_COUNT_RECEIPT] = "SELECT count(*) FROM line WHERE receipt_hash = $1",
    [SQL_LOG_DELETE_ADDRESS] = "DELETE FROM line WHERE address_hash = $1",
    [SQL_LOG_DELETE_RECEIPT] = "DELETE FROM line WHERE receipt_hash = $1",
};

// `tally` counts the records of each kind, so that a census costs the same for ten and for a million. `ended_key` (first called doomed) names keys that must be
// destroyed: it is written with the deletion of what they sealed, so that a crash in between cannot leave a key behind.
static const char *const vault_migrations[] = {
    "CREATE TABLE record("
    "  id TEXT NOT NULL UNIQUE CHECK(length(id) = 32 AND id NOT GLOB '*[^0-9a-f]*'),"
    "  kind TEXT NOT NULL CHECK(length(kind) BETWEEN 1 AND 32),"
    "  subject BLOB CHECK(subject IS NULL OR length(subject) = 32),"
    "  made INTEGER NOT NULL,"
    "  due INTEGER CHECK(due IS NULL OR due >= made),"
    "  state TEXT NOT NULL CHECK(length(state) < 32),"
    "  key BLOB CHECK(key IS NULL OR length(key) = 16),"
    "  file INTEGER NOT NULL CHECK(file IN (0, 1)),"
    "  body BLOB"
    ") STRICT;"
    "CREATE INDEX record_by_kind ON record(kind, made, id);"
    "CREATE INDEX record_by_due ON record(kind, due) WHERE due IS NOT NULL;"
    "CREATE INDEX record_by_subject ON record(subject) WHERE subject IS NOT NULL;"
    "CREATE INDEX record_by_key ON record(key) WHERE key IS NOT NULL;"
    "CREATE INDEX record_by_file ON record(id) WHERE file = 1;"
    "CREATE TABLE tag("
    "  record TEXT NOT NULL REFERENCES record(id),"
    "  name TEXT NOT NULL CHECK(length(name) BETWEEN 1 AND 32),"
    "  hash BLOB NOT NULL CHECK(length(hash) = 32)"
    ") STRICT;"
    "CREATE INDEX tag_by_hash ON tag(hash, name);"
    "CREATE INDEX tag_by_record ON tag(record);"
    "CREATE TABLE tally(kind TEXT NOT NULL PRIMARY KEY, count INTEGER NOT NULL CHECK(count >= 0)) STRICT;"
    "CREATE TRIGGER record_counted AFTER INSERT ON record BEGIN"
    "  INSERT INTO tally(kind, count) VALUES(new.kind, 1) ON CONFLICT(kind) DO UPDATE SET count = count + 1; END;"
    "CREATE TRIGGER record_discounted AFTER DELETE ON record BEGIN"
    "  UPDATE tally SET count = count - 1 WHERE kind = old.kind; END;"
    "CREATE TABLE doomed(key BLOB NOT NULL PRIMARY KEY CHECK(length(key) = 16)) STRICT;"
    "CREATE TABLE fact(name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "CREATE TABLE ledger("
    "  seq INTEGER PRIMARY KEY CHECK(seq >= 0),"
    "  at INTEGER NOT NULL,"
    "  name TEXT NOT NULL CHECK(length(name) BETWEEN 1 AND 64),"
    "  policy TEXT NOT NULL,"
    "  details TEXT NOT NULL,"
    "  commitment BLOB NOT NULL CHECK(length(commitment) = 32),"
    "  seal BLOB NOT NULL CHECK(length(seal) = 32)"
    ") STRICT;"
    "CREATE TRIGGER ledger_keep_rows BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END;"
    "CREATE TRIGGER ledger_keep_values BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger is append-only'); END;"
    "CREATE TABLE ledger_head("
    "  only INTEGER PRIMARY KEY CHECK(only = 1), size INTEGER NOT NULL, at INTEGER NOT NULL, range BLOB NOT NULL, "
    "seal BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE ledger_payload("
    "  seq INTEGER PRIMARY KEY REFERENCES ledger(seq),"
    "  subject BLOB CHECK(subject IS NULL OR length(subject) = 32),"
    "  due INTEGER,"
    "  key BLOB NOT NULL CHECK(length(key) = 16),"
    "  body BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX payload_by_subject ON ledger_payload(subject) WHERE subject IS NOT NULL;"
    "CREATE INDEX payload_by_due ON ledger_payload(due) WHERE due IS NOT NULL;"
    "CREATE INDEX payload_by_key ON ledger_payload(key);"
    "CREATE TABLE checkpoint("
    "  size INTEGER PRIMARY KEY CHECK(size >= 0), at INTEGER NOT NULL, root BLOB NOT NULL CHECK(length(root) = 32),"
    "  range BLOB NOT NULL, note TEXT NOT NULL"
    ") STRICT;"
    "CREATE TRIGGER checkpoint_keep_rows BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;"
    "CREATE TRIGGER checkpoint_keep_values BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'checkpoint is append-only'); END;",
    "CREATE INDEX ledger_notable ON ledger(seq) WHERE " NOTABLE ";",
    // Until here a record's end stood only in `due`: so it is what was asked for.
    "ALTER TABLE doomed RENAME TO ended_key;"
    "ALTER TABLE record ADD COLUMN facts TEXT NOT NULL DEFAULT '';"
    "UPDATE record SET facts = 'end=' || due WHERE due IS NOT NULL;",
};

static const char *const keys_migrations[] = {
    "CREATE TABLE key("
    "  id BLOB NOT NULL UNIQUE CHECK(length(id) = 16),"
    "  kind TEXT NOT NULL CHECK(length(kind) BETWEEN 1 AND 32),"
    "  scope TEXT NOT NULL,"
    "  made INTEGER NOT NULL,"
    "  wrapped BLOB NOT NULL,"
    "  UNIQUE(kind, scope)"
    ") STRICT;",
};

static const char *const log_migrations[] = {
    "CREATE TABLE line("
    "  at INTEGER NOT NULL,"
    "  address_hash BLOB NOT NULL CHECK(length(address_hash) = 16),"
    "  receipt_hash BLOB CHECK(receipt_hash IS NULL OR length(receipt_hash) = 16),"
    "  body BLOB NOT NULL"
    ") STRICT;"
    "CREATE INDEX line_by_address ON line(address_hash);"
    "CREATE INDEX line_by_receipt ON line(receipt_hash) WHERE receipt_hash IS NOT NULL;"
    "CREATE TABLE summary("
    "  only INTEGER PRIMARY KEY CHECK(only = 1), lines INTEGER NOT NULL CHECK(lines >= 0), oldest INTEGER, newest INTEGER"
    ") STRICT;"
    "INSERT INTO summary(only, lines) VALUES(1, 0);",
};

// The application ids read "LtVa", "LtKe", "LtLo".
const struct schema schema_of[DB_FILE_COUNT] = {
    [DB_VAULT] = {"vault.db", 0x4c745661, ARRAY_LEN(vault_migrations), vault_migrations},
    [DB_KEYS] = {"keys.db", 0x4c744b65, ARRAY_LEN(keys_migrations), keys_migrations},
    [DB_LOG] = {"request log", 0x4c744c6f, ARRAY_LEN(log_migrations), log_migrations},
};

// ---- is a file what this version would have made? ----

// One row for each table, index, trigger and view with its text, and one for each column.
static const char list_text[] = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' "
				"UNION ALL SELECT 'column ' || m.name || '.' || c.name, NULL FROM sqlite_schema m "
				"JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1";

struct list {
	sqlite3 *db;
	sqlite3_stmt *statement;
	int row; // SQLITE_ROW while there is one
};

static int list_begin(struct list *l, const char *name, struct err *e)
{
	l->row = sqlite3_prepare_v2(l->db, list_text, -1, &l->statement, NULL);
	if (l->row == SQLITE_OK)
		l->row = sqlite3_step(l->statement);
	return l->row == SQLITE_ROW || l->row == SQLITE_DONE
		   ? 0
		   : err_set(e, ERR_IO, "%s: the schema cannot be listed: %s", name, sqlite3_errmsg(l->db));
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

int schema_drift(sqlite3 *db, const struct schema *schema, void (*each)(void *arg, const char *finding), void *arg, struct err *e)
{
	struct list is = {.db = db}, should = {0};
	int ret = -1;

	if (sqlite3_open_v2(":memory:", &should.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		err_set(e, ERR_MEMORY, "no memory");
		goto cleanup;
	}
	for (int version = 0; version < schema->version; version++) {
		if (sqlite3_exec(should.db, schema->migrations[version], NULL, NULL, NULL) != SQLITE_OK) {
			err_set(e, ERR_MEMORY, "%s: the schema cannot be made in memory: %s", schema->name, sqlite3_errmsg(should.db));
			goto cleanup;
		}
	}
	if (list_begin(&is, schema->name, e) == 0 && list_begin(&should, schema->name, e) == 0) {
		compare(&is, &should, schema->name, each, arg);
		ret = 0;
	}
cleanup:
	sqlite3_finalize(is.statement);
	sqlite3_finalize(should.statement);
	sqlite3_close(should.db);
	return ret;
}
