// SPDX-License-Identifier: ISC
// The ledger, its marks and its payloads, in vault.db.
#include "policy/vault/sqlite/store.h"
#include <stdio.h>
#include <string.h>

static int mark_get(struct store *s, enum view view, enum mark mark, enum mark_side side, uint64_t size, struct mark_row *out,
		    struct err *e)
{
	static const enum sql statements[][2] = {
	    [MARK_HEAD] = {SQL_HEAD_GET, SQL_HEAD_GET},
	    [MARK_CHECKPOINT] = {[MARK_UP_TO] = SQL_CHECKPOINT_UP_TO, [MARK_FROM] = SQL_CHECKPOINT_FROM},
	    [MARK_SEGMENT] = {[MARK_UP_TO] = SQL_SEGMENT_UP_TO, [MARK_FROM] = SQL_SEGMENT_FROM},
	};
	const struct value *from = VALUES(V_INT(size > INT64_MAX ? INT64_MAX : (int64_t)size));
	struct cursor *c = db_query(store_view(s, view, DB_VAULT), statements[mark][side], from, e);
	int more = cursor_next(c, e);

	*out = (struct mark_row){.mark = mark};
	if (more > 0) {
		out->size = (uint64_t)cursor_int(c, 0);
		out->at = cursor_int(c, 1);
		const void *range = cursor_blob(c, 2, &out->range_len);
		if (out->range_len > MERKLE_PACKED_MAX)
			out->range_len = 0; // no range of any tree
		if (out->range_len > 0)
			memcpy(out->range, range, out->range_len);
		cursor_copy(c, 3, out->seal, HASH_LEN);
		cursor_copy(c, 4, out->root, HASH_LEN);
		snprintf(out->note, sizeof out->note, "%s", cursor_text(c, 5));
		out->start = (uint64_t)cursor_int(c, 6);
		out->first_at = cursor_int(c, 7);
		out->there = cursor_int(c, 8) != 0;
	}
	store_done(s, view, &c);
	return more;
}

static int ledger_append(struct store *s, const struct ledger_row *row, const struct payload_row *p, const struct mark_row *mark,
			 struct err *e)
{
	static const enum sql marks[] = {
	    [MARK_HEAD] = SQL_HEAD_SET, [MARK_CHECKPOINT] = SQL_CHECKPOINT_PUT, [MARK_SEGMENT] = SQL_SEGMENT_PUT};

	if (row != NULL && store_write(s, DB_VAULT, SQL_LEDGER_PUT,
				       VALUES(V_INT(row->seq), V_INT(row->at), V_TEXT(row->name), V_TEXT(row->policy), V_TEXT(row->details),
					      V_BLOB(row->commitment, HASH_LEN), V_BLOB(row->seal, HASH_LEN)),
				       e) != 0)
		return -1;
	if (p != NULL &&
	    store_write(s, DB_VAULT, SQL_PAYLOAD_PUT,
			VALUES(V_INT(p->seq), V_BLOB(p->has_subject ? p->subject : NULL, HASH_LEN), p->due == 0 ? V_NULL : V_INT(p->due),
			       V_BLOB(p->key, KEY_ID_LEN), V_BLOB(p->body.data, p->body.len)),
			e) != 0)
		return -1;
	if (mark == NULL)
		return 0;
	if (mark->mark == MARK_HEAD)
		s->events = (int64_t)mark->size;
	if (mark->mark == MARK_SEGMENT) { // of what has ended, and of that alone, it takes the place
		const struct value *inside = VALUES(V_INT(mark->start), V_INT(mark->size));
		if ((!mark->there && store_write(s, DB_VAULT, SQL_SEGMENT_END, inside, e) != 0) ||
		    store_write(s, DB_VAULT, SQL_SEGMENT_DELETE, inside, e) != 0)
			return -1;
	}
	return store_write(s, DB_VAULT, marks[mark->mark],
			   VALUES(V_INT(mark->size), V_INT(mark->at), V_BLOB(mark->range, mark->range_len), V_BLOB(mark->seal, HASH_LEN),
				  V_BLOB(mark->root, HASH_LEN), V_TEXT(mark->note), V_INT(mark->start), V_INT(mark->first_at),
				  V_INT(mark->there)),
			   e);
}

static const uint8_t *hash_at(struct cursor *c, int column)
{
	size_t len;
	const void *bytes = cursor_blob(c, column, &len);

	return len == HASH_LEN ? bytes : NULL;
}

static int ledger_page(struct store *s, int64_t from, bool notable, size_t limit, int (*each)(void *, const struct ledger_row *), void *arg,
		       struct err *e)
{
	struct cursor *c = db_query(store_view(s, VIEW_COMMITTED, DB_VAULT), notable ? SQL_LEDGER_NOTABLE : SQL_LEDGER_PAGE,
				    VALUES(V_INT(from), V_INT(limit)), e);
	int more = -1, stop = 0;

	while (!stop && (more = cursor_next(c, e)) > 0) {
		const struct ledger_row row = {
		    .seq = cursor_int(c, 0),
		    .at = cursor_int(c, 1),
		    .name = cursor_text(c, 2),
		    .policy = cursor_text(c, 3),
		    .details = cursor_text(c, 4),
		    .commitment = hash_at(c, 5),
		    .seal = hash_at(c, 6),
		};
		stop = each(arg, &row);
	}
	store_done(s, VIEW_COMMITTED, &c);
	return more < 0 ? -1 : 0;
}

static int checkpoints_end(struct store *s, uint64_t from, uint64_t to, struct err *e)
{
	struct mark_row first; // that was the last of its day
	const int there = mark_get(s, VIEW_WRITER, MARK_CHECKPOINT, MARK_UP_TO, from, &first, e);

	return there < 0 ? -1 : store_write(s, DB_VAULT, SQL_CHECKPOINT_END, VALUES(V_INT(first.size), V_INT(to)), e);
}

// ---- payloads ----

static int payload_get(struct store *s, const uint8_t *subject, int64_t from, struct payload_row *out, struct err *e)
{
	struct cursor *c = db_query(store_view(s, VIEW_COMMITTED, DB_VAULT), subject != NULL ? SQL_PAYLOAD_OF : SQL_PAYLOAD_GET,
				    VALUES(V_INT(from), V_BLOB(subject, HASH_LEN)), e);
	int more = cursor_next(c, e);
	size_t len;

	*out = (struct payload_row){.body = BUF_INIT(STORE_VALUE_MAX)};
	if (more > 0) {
		out->seq = cursor_int(c, 0);
		const void *body = cursor_blob(c, 3, &len);
		out->has_subject = cursor_copy(c, 1, out->subject, HASH_LEN);
		cursor_copy(c, 2, out->key, KEY_ID_LEN);
		if (buf_add(&out->body, body, len) != 0)
			more = err_set(e, ERR_MEMORY, "no memory");
	}
	store_done(s, VIEW_COMMITTED, &c);
	return more;
}

static int payload_end(struct store *s, const uint8_t *subject, time_t due, size_t limit, uint64_t *out, struct err *e)
{
	const struct value *which = VALUES(V_BLOB(subject, HASH_LEN), due == 0 ? V_NULL : V_INT(due), V_INT(limit));

	if (store_write(s, DB_VAULT, SQL_PAYLOAD_KEYS_END, which, e) != 0 || store_write(s, DB_VAULT, SQL_PAYLOAD_DELETE, which, e) != 0)
		return -1;
	*out = db_changes(s->write[DB_VAULT].db);
	return 0;
}

const struct backend_ledger sqlite_ledger = {
    .mark_get = mark_get,
    .append = ledger_append,
    .page = ledger_page,
    .checkpoints_end = checkpoints_end,
    .payload_get = payload_get,
    .payload_end = payload_end,
};
