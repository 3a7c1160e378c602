// SPDX-License-Identifier: ISC
// The open stores: their locks, connections and transactions.
//
// The flocks are what other processes wait on: they are fair where SQLite's busy handler starves, and they keep two processes from checkpointing
// and writing the same file at once (db.c).
#include "policy/vault/sqlite/store.h"
#include "policy/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

int store_file_begin(const struct store *s, const char *path, struct err *e)
{
	bool made;

	if (file_begin(path, 0600, &made, e) != 0)
		return -1;
	if (made)
		file_own_like(path, s->state);
	return 0;
}

struct db *store_view(struct store *s, enum view view, enum db_file file)
{
	if (view == VIEW_WRITER)
		return s->write[file].db;
	pthread_mutex_lock(&s->read.mutex);
	return s->read.db[file];
}

void store_done(struct store *s, enum view view, struct cursor **c)
{
	if (c != NULL)
		cursor_end(c);
	if (view == VIEW_COMMITTED)
		pthread_mutex_unlock(&s->read.mutex);
}

int store_sanitise_one(struct db *db, enum sanitise how, struct err *e)
{
	if (how == SANITISE_SHRINK)
		return db_shrink(db, e);
	if (how == SANITISE_ALL || (how == SANITISE_SMALL && db_bytes(db) <= REWRITE_ALWAYS_MAX))
		return db_rewrite(db, e);
	return db_flush(db, e);
}

bool store_lock_first_byte(const struct store *s, short type)
{
	struct flock first = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};

	return fcntl(s->lock_fd[LANE_RECORDS], F_OFD_SETLK, &first) == 0;
}

int store_alone(const struct store *s, struct err *e)
{
	return store_lock_first_byte(s, F_WRLCK)
		   ? 0
		   : err_set(e, ERR_BUSY, "programs have the stores in %s open: stop the site first", s->state);
}

// ---- lanes ----

int store_enter(struct store *s, enum lane lane, struct err *e)
{
	while (!s->copy && flock(s->lock_fd[lane], LOCK_EX) != 0)
		if (errno != EINTR)
			return err_system(e, ERR_IO, errno, "the vault's lock cannot be taken");
	return 0;
}

void store_leave(struct store *s, enum lane lane)
{
	flock(s->lock_fd[lane], LOCK_UN);
}

// ---- transactions ----

// Each connection begins with the first thing that it writes.
int store_write(struct store *s, enum db_file file, enum sql statement, const struct value *values, struct err *e)
{
	struct store_writer *w = &s->write[file];

	if (w->begun && !db_in_transaction(w->db))
		return err_set(e, ERR_UNAVAILABLE, "%s: the transaction was given up", w->db->schema->name);
	w->begun = w->begun || db_begin(w->db, e) == 0;
	return w->begun ? db_run(w->db, statement, values, e) : -1;
}

static int write_end(struct store_writer *w, bool commit, struct err *e)
{
	int ret = w->begun && commit ? db_commit(w->db, e) : 0;

	if (w->begun && (!commit || ret != 0))
		db_rollback(w->db);
	w->begun = false;
	return ret;
}

int store_end(struct store *s, enum lane lane, bool commit, struct err *e)
{
	const int first = lane == LANE_LOG ? DB_LOG : DB_KEYS, last = lane == LANE_LOG ? DB_LOG : DB_VAULT; // keys before what they seal
	struct err why = {0};
	int ret = 0;

	for (int file = first; file >= last; file--)
		if (write_end(&s->write[file], commit && ret == 0, &why) != 0)
			ret = -1;
	if (ret != 0 && why.code == ERR_UNKNOWN)
		s->suspect = true;
	return ret == 0 ? 0 : err_set(e, why.code, "%s", why.text);
}
