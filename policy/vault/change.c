// SPDX-License-Identifier: ISC
// Changing and ending records.
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/internal.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CONTEXT_MAX = 96 };

int record_remove(struct vault *v, const struct found *f, struct err *e)
{
	struct store *s = v->write.vault;

	if (store_run(s, SQL_TAG_DELETE, VALUES(V_TEXT(f->id)), e) != 0 || store_run(s, SQL_RECORD_DELETE, VALUES(V_TEXT(f->id)), e) != 0)
		return -1;
	return key_doom(v, f->has_key ? f->key : NULL, e);
}

void record_unlink(const struct vault *v, const struct found *f)
{
	char path[PATH_MAX];

	if (f->has_file && vault_spool_path(v, f->id, path, sizeof path, NULL) == 0)
		unlink(path);
}

// ---- a record under change, as the writer sees it ----

struct current {
	enum kind kind;
	time_t made, due;
	bool has_key, has_file, has_subject;
	uint8_t key[KEY_ID_LEN], subject[HASH_LEN];
};

static bool copy_blob(struct cursor *c, int column, uint8_t *out, size_t size)
{
	size_t len;
	const void *bytes = cursor_blob(c, column, &len);

	if (bytes == NULL || len != size)
		return false;
	memcpy(out, bytes, size);
	return true;
}

static int find_current(struct vault *v, const char *id, struct current *out, struct err *e)
{
	struct cursor *row CURSOR_AUTO = store_query(v->write.vault, SQL_RECORD_GET, VALUES(V_TEXT(id)), e);
	struct cursor *subject CURSOR_AUTO = NULL;
	int got = row == NULL ? -1 : cursor_next(row, e);

	if (got == 0)
		return err_set(e, ERR_NOT_FOUND, "no such record");
	if (got < 0)
		return -1;
	if (kind_from_name(&out->kind, cursor_text(row, 1)) != 0)
		return err_set(e, ERR_CORRUPT, "a record is of a kind that this program does not know");
	out->made = cursor_int(row, 3);
	out->due = cursor_int(row, 4);
	out->has_file = cursor_int(row, 5) != 0;
	out->has_key = copy_blob(row, 6, out->key, KEY_ID_LEN);
	if (out->due != 0 && out->due <= when_now())
		return err_set(e, ERR_NOT_FOUND, "no such record");
	subject = store_query(v->write.vault, SQL_RECORD_SUBJECT, VALUES(V_TEXT(id)), e);
	if (subject == NULL || cursor_next(subject, e) != 1)
		return -1;
	out->has_subject = copy_blob(subject, 3, out->subject, HASH_LEN);
	return 0;
}

// ---- updating ----

struct change {
	const char *id, *state;
	const void *body;
	size_t body_len;
	const struct ledger_event *event;
};

// The states in which a matter is over: a life that begins with closing begins here.
static bool closes(const char *state)
{
	static const char *const closing[] = {"closed", "completed", "fulfilled", "refused", "withdrawn"};

	for (size_t i = 0; i < ARRAY_LEN(closing); i++)
		if (strcmp(state, closing[i]) == 0)
			return true;
	return false;
}

static struct value due_after(const struct vault *v, const struct change *c, const struct current *now)
{
	const struct policy_kind *k = &v->policy->kinds[now->kind];
	time_t due = now->due;

	if (c->state != NULL && k->start == START_CLOSING && !duration_is_zero(k->life))
		due = closes(c->state) ? duration_after(when_now(), k->life) : 0;
	return due == 0 ? V_NULL : V_INT(due);
}

static int seal_body(struct vault *v, const struct change *c, const struct current *now, struct data_key *key, struct buf *out,
		     struct err *e)
{
	const char *kind = kind_row(now->kind)->name;
	char context[CONTEXT_MAX];

	if (now->has_key ? key_get(v, v->write.keys, now->key, key, e)
			 : key_for(v, now->kind, now->made, now->has_subject ? now->subject : NULL, c->id, key, e))
		return -1;
	snprintf(context, sizeof context, "%s|%s", kind, c->id);
	return seal(key->bytes, context, c->body, c->body_len, out, e);
}

static int run_update(struct vault *v, void *arg, struct err *e)
{
	const struct change *c = arg;
	struct current now = {0};
	struct data_key DATA_KEY_AUTO key = {0};
	struct buf body BUF_AUTO = BUF_INIT(VAULT_BODY_MAX + SEAL_OVERHEAD);

	if (find_current(v, c->id, &now, e) != 0 || (c->body != NULL && seal_body(v, c, &now, &key, &body, e) != 0))
		return -1;
	if (store_run(v->write.vault, SQL_RECORD_UPDATE,
		      VALUES(V_TEXT(c->id), V_TEXT(c->state), V_BLOB(body.data, body.len),
			     c->body == NULL ? V_NULL : V_BLOB(key.id, KEY_ID_LEN), due_after(v, c, &now)),
		      e) != 0)
		return -1;
	return c->event == NULL ? 0 : ledger_write(v, c->event, NULL, e);
}

int vault_update(struct vault *v, const char *id, const char *state, const void *body, size_t body_len, const struct ledger_event *event,
		 struct err *e)
{
	struct change c = {id, state, body, body_len, event};
	struct op op = {.target = OP_RECORDS, .run = run_update, .arg = &c};

	if (state != NULL && strlen(state) >= sizeof((struct vault_record *)0)->state)
		return err_set(e, ERR_INPUT, "a state's name is too long");
	if (body != NULL && body_len > VAULT_BODY_MAX)
		return err_set(e, ERR_INPUT, "a body of %zu bytes is over %d", body_len, VAULT_BODY_MAX);
	if (event != NULL && ledger_check(event, e) != 0)
		return -1;
	return commit_run(v, &op, e);
}

// ---- ending ----

struct end {
	const char *id;
	const struct ledger_event *event;
	struct found found;
	bool own_key;
};

static int run_end(struct vault *v, void *arg, struct err *e)
{
	struct end *end = arg;
	struct current now = {0};

	if (find_current(v, end->id, &now, e) != 0)
		return -1;
	end->found = (struct found){.has_key = now.has_key, .has_file = now.has_file};
	snprintf(end->found.id, sizeof end->found.id, "%s", end->id);
	memcpy(end->found.key, now.key, KEY_ID_LEN);
	end->own_key = now.has_key && !key_is_shared(v, now.key);
	if (end->event != NULL && ledger_write(v, end->event, NULL, e) != 0)
		return -1;
	return record_remove(v, &end->found, e);
}

// The record is ended when the commit returned. A crash before its key is destroyed is made good by the next reaping, one before its
// file is unlinked by the next pruning.
int vault_end(struct vault *v, const char *id, const struct ledger_event *event, struct err *e)
{
	struct end end = {.id = id, .event = event};
	struct op op = {.target = OP_RECORDS, .run = run_end, .arg = &end};

	if (event != NULL && ledger_check(event, e) != 0)
		return -1;
	if (commit_run(v, &op, e) != 0)
		return -1;
	record_unlink(v, &end.found);
	if (end.own_key)
		key_reap_now(v, NULL);
	return 0;
}
