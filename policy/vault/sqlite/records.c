// SPDX-License-Identifier: ISC
// Records and their tags, in vault.db.
#include "policy/base/array.h"
#include "policy/vault/sqlite/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct value time_or_null(time_t at)
{
	return at == 0 ? V_NULL : V_INT(at);
}

static int record_put(struct store *s, const struct record_row *r, const struct tag_row *tags, size_t tag_count, struct err *e)
{
	char facts[LIFE_TEXT_MAX];

	life_facts_text(facts, &r->facts);
	if (store_write(s, DB_VAULT, SQL_RECORD_PUT,
			VALUES(V_TEXT(r->id), V_TEXT(kind_row(r->kind)->name), V_TEXT(r->state), V_INT(r->facts.made), time_or_null(r->due),
			       V_BLOB(r->has_subject ? r->subject : NULL, HASH_LEN), V_BLOB(r->has_key ? r->key : NULL, KEY_ID_LEN),
			       V_INT(r->has_file), V_TEXT(facts), V_BLOB(r->body.data, r->body.len)),
			e) != 0)
		return -1;
	for (size_t i = 0; i < tag_count; i++)
		if (store_write(s, DB_VAULT, SQL_TAG_PUT, VALUES(V_TEXT(r->id), V_TEXT(tags[i].name), V_BLOB(tags[i].hash, HASH_LEN)), e) !=
		    0)
			return -1;
	return 0;
}

static void record_from(struct cursor *c, struct record_row *out)
{
	*out = (struct record_row){.facts.made = cursor_int(c, 3), .due = cursor_int(c, 4), .has_file = cursor_int(c, 7) != 0};
	snprintf(out->id, sizeof out->id, "%s", cursor_text(c, 0));
	if (kind_from_name(&out->kind, cursor_text(c, 1)) != 0)
		out->kind = KIND_COUNT;
	snprintf(out->state, sizeof out->state, "%s", cursor_text(c, 2));
	life_facts_read(&out->facts, cursor_text(c, 8));
	out->has_subject = cursor_copy(c, 5, out->subject, HASH_LEN);
	out->has_key = cursor_copy(c, 6, out->key, KEY_ID_LEN);
	out->body = BUF_INIT(STORE_VALUE_MAX);
}

static struct cursor *query_records(struct db *db, const struct record_query *q, struct err *e)
{
	const struct value kind = V_TEXT(kind_row(q->kind)->name), hash = V_BLOB(q->tag_hash, HASH_LEN);

	switch (q->by) {
	case RECORD_WITH_ID:
		return db_query(db, SQL_RECORD_GET, VALUES(V_TEXT(q->id)), e);
	case RECORD_WITH_TAG:
		return db_query(db, SQL_RECORD_FIND, VALUES(V_TEXT(q->tag), hash, kind, V_INT(q->horizon)), e);
	case RECORDS_WITH_HASH:
		return db_query(db, SQL_RECORD_WITH_HASH, VALUES(hash, V_INT(q->limit)), e);
	case RECORDS_OF_PERSON:
		return db_query(db, q->body_bytes > 0 ? SQL_RECORD_OF_PERSON_WHOLE : SQL_RECORD_OF_PERSON,
				VALUES(V_TEXT(q->id), V_BLOB(q->subject, HASH_LEN), V_TEXT(q->tag), hash, V_INT(q->limit)), e);
	case RECORDS_OF_KIND:
		return db_query(db, SQL_RECORD_OF_KIND, VALUES(kind, V_INT(q->after_made), V_TEXT(q->after), V_INT(q->limit)), e);
	case RECORDS_WITH_FILE:
		return db_query(db, SQL_RECORD_WITH_FILE, VALUES(V_TEXT(q->after), V_INT(q->limit)), e);
	default:
		return db_query(db, SQL_RECORD_DUE, VALUES(kind, V_INT(q->horizon), V_INT(q->limit)), e);
	}
}

static int record_find(struct store *s, enum view view, const struct record_query *query, struct record_list *out, struct err *e)
{
	struct cursor *c = query_records(store_view(s, view, DB_VAULT), query, e);
	size_t len, body_bytes = query->by <= RECORD_WITH_TAG ? SIZE_MAX : query->body_bytes;
	int more = -1;

	while ((more = cursor_next(c, e)) > 0) {
		if (!ARRAY_GROW(out->rows, out->count, out->capacity)) {
			more = err_set(e, ERR_MEMORY, "no memory");
			break;
		}
		struct record_row *row = &out->rows[out->count++];
		record_from(c, row);
		const void *body = body_bytes > 0 ? cursor_blob(c, 9, &len) : NULL;
		if (body == NULL || len > body_bytes)
			continue;
		body_bytes -= len;
		if (buf_add(&row->body, body, len) != 0) {
			more = err_set(e, ERR_MEMORY, "no memory");
			break;
		}
	}
	store_done(s, view, &c);
	return more;
}

static int record_update(struct store *s, const struct record_row *r, struct err *e)
{
	char facts[LIFE_TEXT_MAX];

	life_facts_text(facts, &r->facts);
	const struct value *values =
	    VALUES(V_TEXT(r->id), V_TEXT(r->state), time_or_null(r->due), V_BLOB(r->has_key ? r->key : NULL, KEY_ID_LEN),
		   V_INT(r->has_file), V_TEXT(facts), V_BLOB(r->body.data, r->body.len));
	return store_write(s, DB_VAULT, SQL_RECORD_UPDATE, values, e) != 0 || store_write(s, DB_VAULT, SQL_RECORD_REINDEX, values, e) != 0
		   ? -1
		   : 0;
}

static int record_tag(struct store *s, const char *id, const char *name, const uint8_t *hash, struct err *e)
{
	if (store_write(s, DB_VAULT, SQL_TAG_END, VALUES(V_TEXT(id), V_TEXT(name)), e) != 0)
		return -1;
	return hash == NULL ? 0 : store_write(s, DB_VAULT, SQL_TAG_PUT, VALUES(V_TEXT(id), V_TEXT(name), V_BLOB(hash, HASH_LEN)), e);
}

static int record_tags(struct store *s, const char *id, void (*each)(void *, const struct tag_row *), void *arg, struct err *e)
{
	struct cursor *c CURSOR_AUTO = db_query(s->write[DB_VAULT].db, SQL_TAG_OF_RECORD, VALUES(V_TEXT(id)), e);
	struct tag_row tag;
	int more;

	while ((more = cursor_next(c, e)) > 0) {
		tag.name = cursor_text(c, 0);
		if (cursor_copy(c, 1, tag.hash, HASH_LEN))
			each(arg, &tag);
	}
	return more;
}

static int record_end(struct store *s, const char *id, struct err *e)
{
	static const enum sql statements[] = {SQL_TAG_DELETE, SQL_RECORD_KEY_END, SQL_RECORD_DELETE};

	for (size_t i = 0; i < ARRAY_LEN(statements); i++)
		if (store_write(s, DB_VAULT, statements[i], VALUES(V_TEXT(id)), e) != 0)
			return -1;
	return 0;
}

const struct backend_records sqlite_records = {
    .put = record_put,
    .find = record_find,
    .update = record_update,
    .tag = record_tag,
    .tags = record_tags,
    .end = record_end,
};
