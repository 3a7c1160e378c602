// SPDX-License-Identifier: ISC
// VACUUM INTO reads one state of the file through a connection of its own and checkpoints nothing, so it needs no lock, and what was deleted is not
// in what it writes.
#include "policy/vault/sqlite/copy.h"
#include "policy/base/file.h"

static const enum db_file copied_file[] = {[COPY_RECORDS] = DB_VAULT, [COPY_KEYS] = DB_KEYS, [COPY_LOG_DAY] = DB_LOG};

int copy_store(struct store *s, enum copied what, const char *day, const char *path, struct err *e)
{
	struct db *db DB_AUTO = NULL;
	char from[PATH_MAX];
	bool made;

	if (what == COPY_LOG_DAY ? log_open(s, &db, day, DB_READ, e) != 0
				 : path_join(from, sizeof from, s->state, what == COPY_RECORDS ? "vault.db" : "keys/keys.db", e) != 0 ||
				       db_open(&db, copied_file[what], from, s->copy ? DB_COPY : DB_WRITE, e) != 0)
		return -1;
	if (db == NULL)
		return 1;
	return file_begin(path, 0600, &made, e) != 0 ? -1 : db_copy_to(db, path, e);
}

static int copy_count(struct db *db, struct copy_facts *out, struct err *e)
{
	struct cursor *c CURSOR_AUTO = db_query(db, SQL_COPY_COUNT, NULL, e);

	if (cursor_next(c, e) <= 0)
		return -1;
	out->records = (uint64_t)cursor_int(c, 0);
	out->events = (uint64_t)cursor_int(c, 1);
	return 0;
}

int copy_trim(const char *path, time_t horizon, const uint8_t (*ended)[KEY_ID_LEN], size_t count, struct copy_facts *out, struct err *e)
{
	struct db *db DB_AUTO = NULL;

	*out = (struct copy_facts){0};
	if (db_open(&db, DB_VAULT, path, DB_WRITE, e) != 0 || db_begin(db, e) != 0)
		return -1;
	int ret = db_run(db, SQL_COPY_END_KEYS, VALUES(V_INT(horizon)), e) != 0 ||
			  db_run(db, SQL_COPY_END_PAYLOAD_KEYS, VALUES(V_INT(horizon)), e) != 0 ||
			  db_run(db, SQL_COPY_END_TAGS, VALUES(V_INT(horizon)), e) != 0 ||
			  db_run(db, SQL_COPY_END_RECORDS, VALUES(V_INT(horizon)), e) != 0
		      ? -1
		      : 0;
	out->left_records = db_changes(db);
	ret = ret == 0 ? db_run(db, SQL_COPY_END_PAYLOADS, VALUES(V_INT(horizon)), e) : -1;
	out->left_payloads = db_changes(db);
	for (size_t i = 0; i < count && ret == 0; i++)
		ret = db_run(db, SQL_KEY_END_LATER, VALUES(V_BLOB(ended[i], KEY_ID_LEN)), e);
	if (ret != 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db, e) != 0 || copy_count(db, out, e) != 0 || db_rewrite(db, e) != 0 || db_settle(db, e) != 0 ? -1 : 0;
}

int copy_check(enum copied what, const char *path, struct copy_facts *out, struct err *e)
{
	struct db *db DB_AUTO = NULL;

	*out = (struct copy_facts){0};
	if (db_open(&db, copied_file[what], path, DB_COPY, e) != 0 || db_check(db, e) != 0)
		return -1;
	return what == COPY_RECORDS ? copy_count(db, out, e) : 0;
}
