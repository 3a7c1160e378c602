// SPDX-License-Identifier: ISC
// VACUUM INTO reads one state of the file through a connection of its own and checkpoints nothing, so it needs no lock, and what was deleted is not
// in what it writes. It needs a connection that may write, though it writes nothing there.
#include "policy/vault/sqlite/copy.h"
#include "policy/base/array.h"
#include "policy/base/file.h"

static const enum db_file copied_file[] = {[COPY_RECORDS] = DB_VAULT, [COPY_KEYS] = DB_KEYS, [COPY_LOG_DAY] = DB_LOG};

static int copy_count(struct db *db, struct copy_facts *out, struct err *e)
{
	struct cursor *c CURSOR_AUTO = db_query(db, SQL_COPY_COUNT, NULL, e);

	if (cursor_next(c, e) <= 0)
		return -1;
	out->records = (uint64_t)cursor_int(c, 0);
	out->events = (uint64_t)cursor_int(c, 1);
	return 0;
}

static int copy_trim(struct db *db, const struct copy_order *order, struct copy_facts *out, struct err *e)
{
	static const enum sql before[] = {SQL_COPY_END_KEYS, SQL_COPY_END_PAYLOAD_KEYS, SQL_COPY_END_TAGS};
	const struct value *due = VALUES(V_INT(order->horizon));
	int ret = 0;

	for (size_t i = 0; i < ARRAY_LEN(before) && ret == 0; i++)
		ret = db_run(db, before[i], due, e);
	if (ret != 0 || db_run(db, SQL_COPY_END_RECORDS, due, e) != 0)
		return -1;
	out->left_records = db_changes(db);
	ret = db_run(db, SQL_COPY_END_PAYLOADS, due, e);
	out->left_payloads = db_changes(db);
	for (size_t i = 0; i < order->ended_count && ret == 0; i++)
		ret = db_run(db, SQL_KEY_END_LATER, VALUES(V_BLOB(order->ended[i], KEY_ID_LEN)), e);
	return ret;
}

// Nobody else has it open.
static int copy_finish(const char *path, const struct copy_order *order, struct copy_facts *out, struct err *e)
{
	struct db *db DB_AUTO = NULL;

	*out = (struct copy_facts){0};
	if (db_open(&db, DB_VAULT, path, DB_WRITE, e) != 0 || db_begin(db, e) != 0)
		return -1;
	if (copy_trim(db, order, out, e) != 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db, e) != 0 || copy_count(db, out, e) != 0 || db_rewrite(db, e) != 0 || db_settle(db, e) != 0 ? -1 : 0;
}

int copy_store(struct store *s, const struct copy_order *order, const char *path, struct copy_facts *out, struct err *e)
{
	struct db *db DB_AUTO = NULL;
	char from[PATH_MAX];
	bool made;

	if (order->what == COPY_LOG_DAY
		? log_open(s, &db, order->day, DB_WRITE, e) != 0
		: path_join(from, sizeof from, s->state, order->what == COPY_RECORDS ? "vault.db" : "keys/keys.db", e) != 0 ||
		      db_open(&db, copied_file[order->what], from, s->copy ? DB_COPY : DB_WRITE, e) != 0)
		return -1;
	if (db == NULL)
		return 1;
	if (file_begin(path, 0600, &made, e) != 0 || db_copy_to(db, path, e) != 0)
		return -1;
	if (order->what == COPY_RECORDS)
		return copy_finish(path, order, out, e);
	struct db *keys DB_AUTO = NULL;
	return order->what == COPY_KEYS && (db_open(&keys, DB_KEYS, path, DB_COPY, e) != 0 || db_check(keys, e) != 0) ? -1 : 0;
}
