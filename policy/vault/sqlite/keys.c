// SPDX-License-Identifier: ISC
// Keys, in a file apart from what they seal. What is to be destroyed is named in vault.db, in the transaction that deletes what it sealed.
#include "policy/base/array.h"
#include "policy/vault/sqlite/store.h"
#include <stdio.h>
#include <stdlib.h>

static bool key_of_row(struct cursor *c, struct key_row *out)
{
	*out = (struct key_row){0};
	snprintf(out->kind, sizeof out->kind, "%s", cursor_text(c, 1));
	snprintf(out->scope, sizeof out->scope, "%s", cursor_text(c, 2));
	out->made = cursor_int(c, 3);
	return cursor_copy(c, 0, out->id, KEY_ID_LEN) && cursor_copy(c, 4, out->wrapped, sizeof out->wrapped);
}

static int key_get(struct store *s, enum view view, const uint8_t *id, const char *kind, const char *scope, struct key_row *out, int max,
		   struct err *e)
{
	struct db *db = store_view(s, view, DB_KEYS);
	struct cursor *c = id != NULL ? db_query(db, SQL_KEY_GET, VALUES(V_BLOB(id, KEY_ID_LEN)), e)
				      : db_query(db, SQL_KEY_FROM, VALUES(V_TEXT(kind), V_TEXT(scope), V_INT(max)), e);
	int count = 0, more = 0;

	while (count < max && (more = cursor_next(c, e)) > 0)
		if (!key_of_row(c, &out[count++])) {
			more = err_set(e, ERR_CORRUPT, "keys.db: a key has the wrong length");
			break;
		}
	store_done(s, view, &c);
	return more < 0 ? -1 : count;
}

static int key_put(struct store *s, const struct key_row *row, struct err *e)
{
	return store_write(s, DB_KEYS, SQL_KEY_PUT,
			   VALUES(V_BLOB(row->id, KEY_ID_LEN), V_TEXT(row->kind), V_TEXT(row->scope), V_INT(row->made),
				  V_BLOB(row->wrapped, sizeof row->wrapped)),
			   e);
}

static int key_end_later(struct store *s, const uint8_t id[KEY_ID_LEN], struct err *e)
{
	return store_write(s, DB_VAULT, SQL_KEY_END_LATER, VALUES(V_BLOB(id, KEY_ID_LEN)), e);
}

static int keys_wrap_all(struct store *s, int (*wrap)(void *arg, struct key_row *row, struct err *e), void *arg, struct err *e)
{
	struct db *db = s->write[DB_KEYS].db;
	struct key_row row;
	int more = -1;

	if (store_alone(s, e) != 0 || db_begin(db, e) != 0)
		return -1;
	struct cursor *c = db_query(db, SQL_KEY_ALL, NULL, e);
	while ((more = cursor_next(c, e)) > 0) {
		more = !key_of_row(c, &row) ? err_set(e, ERR_CORRUPT, "keys.db: a key has the wrong length")
		       : wrap(arg, &row, e) != 0
			   ? -1
			   : db_run(db, SQL_KEY_WRAP, VALUES(V_BLOB(row.id, KEY_ID_LEN), V_BLOB(row.wrapped, sizeof row.wrapped)), e);
		if (more != 0)
			break;
	}
	cursor_end(&c);
	if (more != 0) {
		db_rollback(db);
		return -1;
	}
	return db_commit(db, e) != 0 ? -1 : store_sanitise_one(db, SANITISE_ALL, e);
}

struct key_list {
	struct named_key {
		uint8_t id[KEY_ID_LEN];
		bool used; // by a record or a payload
		enum key_end end;
	} * keys;
	size_t count;
};

static int list_named(struct store *s, struct key_list *out, struct err *e)
{
	struct cursor *c CURSOR_AUTO = db_query(s->write[DB_VAULT].db, SQL_KEY_TO_END, NULL, e);
	size_t capacity = 0;
	int more;

	while ((more = cursor_next(c, e)) > 0) {
		if (!ARRAY_GROW(out->keys, out->count, capacity))
			return err_set(e, ERR_MEMORY, "no memory");
		struct named_key *key = &out->keys[out->count];
		key->used = cursor_int(c, 1) != 0;
		out->count += cursor_copy(c, 0, key->id, KEY_ID_LEN);
	}
	return more;
}

// In a transaction of its own.
static int delete_keys(struct db *db, enum sql statement, const struct key_list *list, bool stays_too, struct err *e)
{
	int ret = db_begin(db, e);

	for (size_t i = 0; i < list->count && ret == 0; i++)
		if (list->keys[i].end == KEY_END_NOW || (stays_too && list->keys[i].end == KEY_STAYS))
			ret = db_run(db, statement, VALUES(V_BLOB(list->keys[i].id, KEY_ID_LEN)), e);
	if (ret == 0)
		return db_commit(db, e);
	db_rollback(db);
	return -1;
}

// It is forgotten that they were to be ended only after they are in no file any more.
static int keys_destroy(struct store *s, enum key_end (*judge)(void *arg, const uint8_t id[KEY_ID_LEN]), void *arg, struct err *e)
{
	struct key_list list = {0};
	size_t now = 0, any = 0;
	int ret = list_named(s, &list, e);

	for (size_t i = 0; i < list.count && ret == 0; i++) {
		struct named_key *key = &list.keys[i];
		key->end = key->used ? KEY_STAYS : judge(arg, key->id);
		now += key->end == KEY_END_NOW;
		any += key->end != KEY_END_LATER;
		if (key->end == KEY_END_FAILED)
			ret = err_set(e, ERR_IO, "a key cannot be judged");
	}
	// Until they are in no file any more they stay named; and if that they were named comes back, there is nothing to do.
	db_sync_later(s->write[DB_KEYS].db, true);
	db_sync_later(s->write[DB_VAULT].db, true);
	if (ret == 0 && now > 0 &&
	    (delete_keys(s->write[DB_KEYS].db, SQL_KEY_DELETE, &list, false, e) != 0 ||
	     store_sanitise_one(s->write[DB_KEYS].db, SANITISE_SMALL, e) != 0))
		ret = -1;
	if (ret == 0 && any > 0)
		ret = delete_keys(s->write[DB_VAULT].db, SQL_KEY_FORGET, &list, true, e);
	db_sync_later(s->write[DB_KEYS].db, false);
	db_sync_later(s->write[DB_VAULT].db, false);
	free(list.keys);
	return ret;
}

const struct backend_keys sqlite_keys = {
    .get = key_get,
    .put = key_put,
    .wrap_all = keys_wrap_all,
    .end_later = key_end_later,
    .destroy = keys_destroy,
};
