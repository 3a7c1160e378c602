// SPDX-License-Identifier: ISC
// The texts of the statements, and the schemas, which are SQLite's.
//
// Personal data stands only in rowid tables, sealed; indexes hold keyed hashes only. secure_delete was measured to leave residue in
// WITHOUT ROWID trees, so there is none.
#include "policy/vault/sqlite/schema.h"
#include "policy/base/array.h"
#include "policy/base/buf.h"
#include "policy/base/text.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

const char *const schema_statements[SQL_COUNT] = {
#define STATEMENT(name, text) [SQL_##name] = text,
#include "policy/vault/sqlite/statements.h"
#undef STATEMENT
};

// `tally` counts the records of each kind, so that a census costs the same for ten and for a million. `ended_key` (schema 3 gave it this name) names keys that must be
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
    // Segments: what is closed leaves the table, and payloads outlive the rows of their events here.
    "CREATE TABLE segment("
    "  size INTEGER PRIMARY KEY CHECK(size > start), start INTEGER NOT NULL CHECK(start >= 0), first_at INTEGER NOT NULL, last_at INTEGER "
    "NOT NULL,"
    "  root BLOB NOT NULL CHECK(length(root) = 32), range BLOB NOT NULL, seal BLOB NOT NULL CHECK(length(seal) = 32),"
    "  there INTEGER NOT NULL CHECK(there IN (0, 1))"
    ") STRICT;"
    "CREATE INDEX segment_there ON segment(size) WHERE there = 1;"
    "CREATE TRIGGER segment_keep_rows BEFORE DELETE ON segment BEGIN SELECT RAISE(ABORT, 'segment is append-only'); END;"
    "CREATE TRIGGER segment_keep_values BEFORE UPDATE OF size, start, first_at, last_at, root, range ON segment BEGIN"
    "  SELECT RAISE(ABORT, 'segment is append-only'); END;"
    "DROP TRIGGER ledger_keep_rows;"
    "CREATE TRIGGER ledger_keep_rows BEFORE DELETE ON ledger WHEN old.seq >= " CLOSED_END " BEGIN"
    "  SELECT RAISE(ABORT, 'ledger is append-only'); END;"
    "CREATE TABLE payload("
    "  seq INTEGER PRIMARY KEY,"
    "  subject BLOB CHECK(subject IS NULL OR length(subject) = 32),"
    "  due INTEGER,"
    "  key BLOB NOT NULL CHECK(length(key) = 16),"
    "  body BLOB NOT NULL"
    ") STRICT;"
    "INSERT INTO payload SELECT seq, subject, due, key, body FROM ledger_payload;"
    "DROP TABLE ledger_payload;"
    "ALTER TABLE payload RENAME TO ledger_payload;"
    "CREATE INDEX payload_by_subject ON ledger_payload(subject) WHERE subject IS NOT NULL;"
    "CREATE INDEX payload_by_due ON ledger_payload(due) WHERE due IS NOT NULL;"
    "CREATE INDEX payload_by_key ON ledger_payload(key);",
    // What has ended is merged, and of the checkpoints before it some are kept.
    "DROP TRIGGER segment_keep_rows;"
    "CREATE TRIGGER segment_keep_rows BEFORE DELETE ON segment WHEN old.there = 1 BEGIN SELECT RAISE(ABORT, 'segment is append-only'); END;"
    "DROP TRIGGER checkpoint_keep_rows;"
    "CREATE TRIGGER checkpoint_keep_rows BEFORE DELETE ON checkpoint"
    "  WHEN old.size > coalesce((SELECT value FROM fact WHERE name = 'segments-ended'), 0) BEGIN"
    "  SELECT RAISE(ABORT, 'checkpoint is append-only'); END;",
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
    [DB_VAULT] = {"vault.db", 0x4c745661, ARRAY_LEN(vault_migrations), vault_migrations,
		  "1f97689caebbec624fef8bd3dfad636a9d4588829406cc0f996ab272371b3bbc", true},
    [DB_KEYS] = {"keys.db", 0x4c744b65, ARRAY_LEN(keys_migrations), keys_migrations,
		 "f1df84092736be0724cec5d0595d7e8556da3e39863231e870651282fb76b0c6", false},
    [DB_LOG] = {"request log", 0x4c744c6f, ARRAY_LEN(log_migrations), log_migrations,
		"a6812211ec05f52335a46b9e5cb37e41a74672b13922b7d857d3da42728c7307", false},
};

// ---- is a file what this version would have made? ----

// One row for each table, index, trigger and view with its text, and one for each column.
static const char list_text[] = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' "
				"UNION ALL SELECT 'column ' || m.name || '.' || c.name, NULL FROM sqlite_schema m "
				"JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY 1";

enum { LIST_BYTES_MAX = 1024 * 1024 };
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
		const char *says = order < 0   ? "is there, and nothing that the policy declares is kept in it"
				   : order > 0 ? "is missing"
				   : strcmp(list_text_at(is, 1), list_text_at(should, 1)) != 0 ? "is not defined as this version defines it"
											       : NULL;
		if (says != NULL) {
			snprintf(finding, sizeof finding, "%s: the %s %s", name, list_text_at(order > 0 ? should : is, 0), says);
			each(arg, finding);
		}
		if (order <= 0)
			is->row = sqlite3_step(is->statement);
		if (order >= 0)
			should->row = sqlite3_step(should->statement);
	}
}

int schema_digest(sqlite3 *db, const char *name, char out[SCHEMA_DIGEST], struct err *e)
{
	BUF_AUTO struct buf text = BUF_INIT(LIST_BYTES_MAX);
	struct list l = {.db = db};
	unsigned char digest[32];
	int ret = list_begin(&l, name, e);

	for (; ret == 0 && l.row == SQLITE_ROW; l.row = sqlite3_step(l.statement))
		buf_printf(&text, "%s\n%s\n", list_text_at(&l, 0), list_text_at(&l, 1));
	sqlite3_finalize(l.statement);
	if (ret == 0 && (text.failed || EVP_Q_digest(NULL, "SHA256", NULL, buf_text(&text), text.len, digest, NULL) != 1))
		ret = err_set(e, ERR_MEMORY, "%s: no memory to compare the schema", name);
	if (ret == 0)
		hex_encode(out, digest, sizeof digest);
	return ret;
}

int schema_drift(sqlite3 *db, const struct schema *schema, void (*each)(void *arg, const char *finding), void *arg, struct err *e)
{
	struct list is = {.db = db}, should = {0};
	char digest[SCHEMA_DIGEST];
	int ret = -1;

	if (schema_digest(db, schema->name, digest, e) != 0)
		return -1;
	if (strcmp(digest, schema->digest) == 0)
		return 0;
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
