// SPDX-License-Identifier: ISC
// Keys, in a file apart from what they seal. What is to be destroyed is named in vault.db, in the transaction that deletes what it sealed.
#include "policy/vault/sqlite/store.h"
#include <stdio.h>
#include <string.h>

static int read_key(struct store *s, enum view view, enum sql statement, const struct value *values, struct key_row *out, struct err *e)
{
	struct cursor *c = db_query(store_keys(s, view), statement, values, e);
	int more = c == NULL ? -1 : cursor_next(c, e);

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
	cursor_end(&c);
	store_done(s, view);
	return more > 0 ? 0 : -1;
}

static int key_get(struct store *s, enum view view, const uint8_t id[KEY_ID_LEN], struct key_row *out, struct err *e)
{
	return read_key(s, view, SQL_KEY_GET, VALUES(V_BLOB(id, KEY_ID_LEN)), out, e);
}

static int key_find(struct store *s, enum view view, const char *kind, const char *scope, struct key_row *out, struct err *e)
{
	return read_key(s, view, SQL_KEY_FIND, VALUES(V_TEXT(kind), V_TEXT(scope)), out, e);
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

static int key_used(struct store *s, const uint8_t id[KEY_ID_LEN], bool *out, struct err *e)
{
	struct cursor *c CURSOR_AUTO = db_query(s->write.vault, SQL_KEY_USED, VALUES(V_BLOB(id, KEY_ID_LEN)), e);
	int more = c == NULL ? -1 : cursor_next(c, e);

	*out = more > 0;
	return more < 0 ? -1 : 0;
}

static int key_end_later(struct store *s, const uint8_t id[KEY_ID_LEN], struct err *e)
{
	return db_run(s->write.vault, SQL_KEY_END_LATER, VALUES(V_BLOB(id, KEY_ID_LEN)), e);
}

static int keys_to_end(struct store *s, int (*each)(void *, const uint8_t id[KEY_ID_LEN]), void *arg, struct err *e)
{
	struct cursor *c CURSOR_AUTO = db_query(s->write.vault, SQL_KEY_TO_END, NULL, e);
	uint8_t id[KEY_ID_LEN];
	int more = -1, stop = 0;

	while (!stop && c != NULL && (more = cursor_next(c, e)) > 0)
		if (cursor_copy(c, 0, id, KEY_ID_LEN))
			stop = each(arg, id);
	return more < 0 ? -1 : 0;
}

static int delete_all(struct db *db, enum sql statement, uint8_t (*ids)[KEY_ID_LEN], size_t count, struct err *e)
{
	int ret = db_begin(db, e);

	for (size_t i = 0; i < count && ret == 0; i++)
		ret = db_run(db, statement, VALUES(V_BLOB(ids[i], KEY_ID_LEN)), e);
	if (ret == 0)
		return db_commit(db, e);
	db_rollback(db);
	return -1;
}

static int keys_destroy(struct store *s, uint8_t (*ids)[KEY_ID_LEN], size_t count, struct err *e)
{
	return delete_all(s->write.keys, SQL_KEY_DELETE, ids, count, e) != 0 || db_rewrite(s->write.keys, e) != 0 ? -1 : 0;
}

static int keys_forget(struct store *s, uint8_t (*ids)[KEY_ID_LEN], size_t count, struct err *e)
{
	return delete_all(s->write.vault, SQL_KEY_FORGET, ids, count, e);
}

const struct backend_keys sqlite_keys = {
    .get = key_get,
    .find = key_find,
    .put = key_put,
    .used = key_used,
    .end_later = key_end_later,
    .to_end = keys_to_end,
    .destroy = keys_destroy,
    .forget = keys_forget,
};
