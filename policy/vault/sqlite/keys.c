// SPDX-License-Identifier: ISC
// Keys, in a file apart from what they seal. What is to be destroyed is named in vault.db, in the transaction that deletes what it sealed.
#include "policy/vault/sqlite/sqlite.h"
#include <stdio.h>
#include <string.h>

static int key_get(struct store *s, enum view view, const uint8_t *id, const char *kind, const char *scope, struct key_row *out,
		   struct err *e)
{
	struct db *db = store_keys(s, view);
	struct cursor *c = id != NULL ? db_query(db, SQL_KEY_GET, VALUES(V_BLOB(id, KEY_ID_LEN)), e)
				      : db_query(db, SQL_KEY_FIND, VALUES(V_TEXT(kind), V_TEXT(scope)), e);
	int more = cursor_next(c, e);

	*out = (struct key_row){0};
	if (more == 0)
		err_set(e, ERR_NOT_FOUND, "the key was destroyed");
	if (more > 0) {
		snprintf(out->kind, sizeof out->kind, "%s", cursor_text(c, 1));
		snprintf(out->scope, sizeof out->scope, "%s", cursor_text(c, 2));
		out->made = cursor_int(c, 3);
		if (!cursor_copy(c, 0, out->id, KEY_ID_LEN) || !cursor_copy(c, 4, out->wrapped, sizeof out->wrapped))
			more = err_set(e, ERR_CORRUPT, "keys.db: a key has the wrong length");
	}
	store_done(s, view, &c);
	return more > 0 ? 0 : -1;
}

static int key_put(struct store *s, const struct key_row *row, struct err *e)
{
	if (!s->write.keys_begun && db_begin(s->write.keys, e) != 0)
		return -1;
	s->write.keys_begun = true;
	return db_run(s->write.keys, SQL_KEY_PUT,
		      VALUES(V_BLOB(row->id, KEY_ID_LEN), V_TEXT(row->kind), V_TEXT(row->scope), V_INT(row->made),
			     V_BLOB(row->wrapped, sizeof row->wrapped)),
		      e);
}

static int key_end_later(struct store *s, const uint8_t id[KEY_ID_LEN], struct err *e)
{
	return db_run(s->write.vault, SQL_KEY_END_LATER, VALUES(V_BLOB(id, KEY_ID_LEN)), e);
}

static int keys_to_end(struct store *s, int (*each)(void *, const struct ended_key *), void *arg, struct err *e)
{
	struct cursor *c CURSOR_AUTO = db_query(s->write.vault, SQL_KEY_TO_END, NULL, e);
	int more = -1, stop = 0;

	while (!stop && (more = cursor_next(c, e)) > 0) {
		struct ended_key key = {.used = cursor_int(c, 1) != 0};
		if (cursor_copy(c, 0, key.id, KEY_ID_LEN))
			stop = each(arg, &key);
	}
	return more < 0 ? -1 : 0;
}

// Only those that are not used, or all of them.
static int delete_keys(struct db *db, enum sql statement, const struct ended_key *keys, size_t count, bool unused, struct err *e)
{
	int ret = db_begin(db, e);

	for (size_t i = 0; i < count && ret == 0; i++)
		if (!unused || !keys[i].used)
			ret = db_run(db, statement, VALUES(V_BLOB(keys[i].id, KEY_ID_LEN)), e);
	if (ret == 0)
		return db_commit(db, e);
	db_rollback(db);
	return -1;
}

// It is forgotten that they were to be ended only after they are in no file any more.
static int keys_destroy(struct store *s, const struct ended_key *keys, size_t count, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < count; i++)
		any = any || !keys[i].used;
	if (any && (delete_keys(s->write.keys, SQL_KEY_DELETE, keys, count, true, e) != 0 || db_rewrite(s->write.keys, e) != 0))
		return -1;
	return delete_keys(s->write.vault, SQL_KEY_FORGET, keys, count, false, e);
}

const struct backend_keys sqlite_keys = {
    .get = key_get,
    .put = key_put,
    .end_later = key_end_later,
    .to_end = keys_to_end,
    .destroy = keys_destroy,
};
