// SPDX-License-Identifier: ISC
#include "policy/vault/sqlite/store.h"
#include "policy/base/file.h"

int store_file_begin(const struct store *s, const char *path, struct err *e)
{
	bool made;

	if (file_begin(path, 0600, &made, e) != 0)
		return -1;
	if (made)
		file_own_like(path, s->state);
	return 0;
}

struct db *store_vault(struct store *s, enum view view)
{
	if (view == VIEW_WRITER)
		return s->write.vault;
	pthread_mutex_lock(&s->read.mutex);
	return s->read.vault;
}

struct db *store_keys(struct store *s, enum view view)
{
	if (view == VIEW_WRITER)
		return s->write.keys;
	pthread_mutex_lock(&s->read.mutex);
	return s->read.keys;
}

void store_done(struct store *s, enum view view)
{
	if (view == VIEW_COMMITTED)
		pthread_mutex_unlock(&s->read.mutex);
}

int store_sanitise_one(struct db *db, enum sanitise how, struct err *e)
{
	if (how == SANITISE_ALL || (how == SANITISE_SMALL && db_bytes(db) <= REWRITE_ALWAYS_MAX))
		return db_rewrite(db, e);
	return db_flush(db, e);
}
