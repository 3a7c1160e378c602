// SPDX-License-Identifier: ISC
// Records: one shape for every kind of data.
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/internal.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONTEXT_MAX = 96, TAGS_MAX = 16 };

static void body_context(char out[CONTEXT_MAX], const char *kind, const char *id)
{
	snprintf(out, CONTEXT_MAX, "%s|%s", kind, id);
}

int vault_spool_path(const struct vault *v, const char *id, char *out, size_t size, struct err *e)
{
	char name[RECORD_ID_LEN + 5];

	snprintf(name, sizeof name, "%.*s.zip", RECORD_ID_LEN, id);
	return path_join(out, size, v->spool, name, e);
}

// ---- putting ----

struct put {
	const struct vault_new *record;
	const struct ledger_event *event;
	const char *id;
	char from[PATH_MAX], to[PATH_MAX];
};

static int check_new(const struct vault *v, const struct vault_new *r, struct err *e)
{
	const struct kind_row *row = kind_row(r->kind);
	size_t tags = 0;

	if (v->policy->kinds[r->kind].keep != KEEP_STORED)
		return err_set(e, ERR_REFUSED, "the policy does not keep the kind \"%s\": nothing was stored", row->name);
	if (r->body_len > VAULT_BODY_MAX)
		return err_set(e, ERR_INPUT, "%s: a body of %zu bytes is over %d", row->name, r->body_len, VAULT_BODY_MAX);
	for (const struct vault_tag *t = r->tags; t != NULL && t->name != NULL; t++)
		if (t->value == NULL || strlen(t->name) > 32 || ++tags > TAGS_MAX)
			return err_set(e, ERR_INPUT, "%s: a tag is wrong", row->name);
	return 0;
}

static int due_of(const struct vault *v, const struct vault_new *r, time_t made, time_t *due, struct err *e)
{
	time_t promised = policy_due(v->policy, r->kind, made);

	*due = r->due == 0 ? promised : r->due;
	if (promised != 0 && *due > promised)
		return err_set(e, ERR_REFUSED, "%s: the policy does not let it live that long", kind_row(r->kind)->name);
	if (*due != 0 && *due < made)
		*due = made;
	return 0;
}

static int put_tags(struct vault *v, const struct put *p, struct err *e)
{
	for (const struct vault_tag *t = p->record->tags; t != NULL && t->name != NULL; t++) {
		uint8_t hash[HASH_LEN];
		lookup_hash(v, hash, t->name, t->value);
		if (store_run(v->write.vault, SQL_TAG_PUT, VALUES(V_TEXT(p->id), V_TEXT(t->name), V_BLOB(hash, HASH_LEN)), e) != 0)
			return -1;
	}
	return 0;
}

static int put_row(struct vault *v, const struct put *p, struct err *e)
{
	const struct vault_new *r = p->record;
	const char *kind = kind_row(r->kind)->name;
	struct buf body BUF_AUTO = BUF_INIT(VAULT_BODY_MAX + SEAL_OVERHEAD);
	struct data_key DATA_KEY_AUTO key = {0};
	uint8_t hash[HASH_LEN], *subject = r->subject == NULL ? NULL : hash;
	char context[CONTEXT_MAX];
	time_t made = when_now(), due;

	if (due_of(v, r, made, &due, e) != 0)
		return -1;
	if (subject != NULL)
		lookup_hash(v, hash, "subject", r->subject);
	body_context(context, kind, p->id);
	if (r->body != NULL &&
	    (key_for(v, r->kind, made, subject, p->id, &key, e) != 0 || seal(key.bytes, context, r->body, r->body_len, &body, e) != 0))
		return -1;
	return store_run(v->write.vault, SQL_RECORD_PUT,
			 VALUES(V_TEXT(p->id), V_TEXT(kind), V_BLOB(subject, HASH_LEN), V_INT(made), due == 0 ? V_NULL : V_INT(due),
				r->body == NULL ? V_NULL : V_BLOB(key.id, KEY_ID_LEN), V_INT(r->file != NULL), V_BLOB(body.data, body.len)),
			 e);
}

// The file is renamed last: from then on only the commit can fail, and that has its undo.
static int run_put(struct vault *v, void *arg, struct err *e)
{
	struct put *p = arg;

	if (put_row(v, p, e) != 0 || put_tags(v, p, e) != 0 || (p->event != NULL && ledger_write(v, p->event, NULL, e) != 0))
		return -1;
	if (p->record->file != NULL && rename(p->from, p->to) != 0)
		return err_system(e, errno == ENOSPC ? ERR_FULL : ERR_IO, errno, "the finished file cannot be taken into the spool");
	return 0;
}

static void undo_put(struct vault *v, void *arg)
{
	const struct put *p = arg;

	(void)v;
	if (p->record->file != NULL && rename(p->to, p->from) != 0)
		unlink(p->to);
}

static int file_paths(struct vault *v, struct put *p, struct err *e)
{
	const char *file = p->record->file;

	if (strchr(file, '/') == NULL ? path_join(p->from, sizeof p->from, v->spool, file, e)
				      : snprintf(p->from, sizeof p->from, "%s", file) >= PATH_MAX)
		return err_set(e, ERR_INPUT, "the file's path is too long");
	return vault_spool_path(v, p->id, p->to, sizeof p->to, e);
}

// The second of its making, then 96 random bits: what is made together stands together in every index, so that a commit writes few pages. An
// id opens nothing; what does (a token, a secret) is all random.
static void id_new(char id[RECORD_ID_LEN + 1])
{
	uint8_t bytes[RECORD_ID_LEN / 2];
	uint32_t second = htonl((uint32_t)when_now());

	random_bytes(bytes, sizeof bytes);
	memcpy(bytes, &second, sizeof second);
	hex_encode(id, bytes, sizeof bytes);
}

int vault_put(struct vault *v, const struct vault_new *record, const struct ledger_event *event, char id[RECORD_ID_LEN + 1], struct err *e)
{
	struct put p = {.record = record, .event = event, .id = id};
	struct op op = {.target = OP_RECORDS, .run = run_put, .undo = undo_put, .arg = &p};

	if (check_new(v, record, e) != 0 || (event != NULL && ledger_check(event, e) != 0))
		return -1;
	id_new(id);
	if (record->file != NULL && file_paths(v, &p, e) != 0)
		return -1;
	return commit_run(v, &op, e);
}

// ---- reading ----

void vault_record_free(struct vault_record *r)
{
	buf_wipe(&r->body);
}

static bool past_due(const struct vault *v, enum kind kind, time_t made, time_t due)
{
	time_t now = when_now();
	// A policy that has become stricter holds for what is already stored.
	time_t promised = v->policy->kinds[kind].keep == KEEP_STORED ? policy_due(v->policy, kind, made) : 0;

	return (due != 0 && due <= now) || (promised != 0 && promised <= now);
}

static int open_body(const struct vault *v, struct cursor *c, struct store *keys, struct vault_record *out, struct err *e)
{
	struct data_key DATA_KEY_AUTO key = {0};
	struct err why = {0};
	char context[CONTEXT_MAX];
	size_t id_len, len;
	const void *id = cursor_blob(c, 6, &id_len), *body = cursor_blob(c, 7, &len);

	if (body == NULL)
		return 0;
	if (id_len != KEY_ID_LEN)
		return err_set(e, ERR_CORRUPT, "a record has a body but no key");
	// Its key is destroyed after its row: whoever read the row just before finds no key.
	if (key_get(v, keys, id, &key, &why) != 0)
		return err_set(e, why.code, "%s", why.text);
	body_context(context, kind_row(out->kind)->name, out->id);
	return unseal(key.bytes, context, body, len, &out->body, e);
}

static int read_record(const struct vault *v, struct cursor *c, struct store *keys, struct vault_record *out, struct err *e)
{
	*out = (struct vault_record){.body = BUF_INIT(VAULT_BODY_MAX + SEAL_OVERHEAD)};
	if (kind_from_name(&out->kind, cursor_text(c, 1)) != 0)
		return err_set(e, ERR_CORRUPT, "a record is of a kind that this program does not know");
	snprintf(out->id, sizeof out->id, "%s", cursor_text(c, 0));
	snprintf(out->state, sizeof out->state, "%s", cursor_text(c, 2));
	out->made = cursor_int(c, 3);
	out->due = cursor_int(c, 4);
	out->has_file = cursor_int(c, 5) != 0;
	if (past_due(v, out->kind, out->made, out->due))
		return err_set(e, ERR_NOT_FOUND, "no such record");
	if (open_body(v, c, keys, out, e) != 0) {
		vault_record_free(out);
		return -1;
	}
	return 0;
}

// Under the mutex of v->read.
static int read_one(struct vault *v, enum sql statement, const struct value *values, struct vault_record *out, struct err *e)
{
	*out = (struct vault_record){0};
	struct cursor *c = store_query(v->read.vault, statement, values, e);
	int got = c == NULL ? -1 : cursor_next(c, e);
	int ret = got == 0 ? err_set(e, ERR_NOT_FOUND, "no such record") : got;
	if (got > 0)
		ret = read_record(v, c, v->read.keys, out, e);
	cursor_end(&c);
	return ret < 0 ? -1 : 0;
}

int vault_get(struct vault *v, const char *id, struct vault_record *out, struct err *e)
{
	pthread_mutex_lock(&v->read.mutex);
	int ret = read_one(v, SQL_RECORD_GET, VALUES(V_TEXT(id)), out, e);
	pthread_mutex_unlock(&v->read.mutex);
	return ret;
}

// Nothing was committed between the two stamps, so what was read is of this state.
static int find(struct vault *v, enum kind kind, const char *tag, const uint8_t hash[HASH_LEN], struct vault_record *out, struct err *e)
{
	struct store_stamp before, after;
	bool known = store_stamp(v->read.vault, &before);

	if (known && remembered_get(v, kind, hash, &before, out))
		return past_due(v, kind, out->made, out->due) ? err_set(e, ERR_NOT_FOUND, "no such record") : 0;
	if (read_one(v, SQL_RECORD_FIND, VALUES(V_TEXT(tag), V_BLOB(hash, HASH_LEN), V_TEXT(kind_row(kind)->name), V_INT(when_now())), out,
		     e) != 0)
		return -1;
	if (known && store_stamp(v->read.vault, &after) && memcmp(&before, &after, sizeof before) == 0)
		remembered_put(v, hash, &after, out);
	return 0;
}

int vault_find(struct vault *v, enum kind kind, const char *tag, const char *value, struct vault_record *out, struct err *e)
{
	uint8_t hash[HASH_LEN];

	lookup_hash(v, hash, tag, value);
	pthread_mutex_lock(&v->read.mutex);
	int ret = find(v, kind, tag, hash, out, e);
	pthread_mutex_unlock(&v->read.mutex);
	return ret;
}

struct page {
	struct {
		char id[RECORD_ID_LEN + 1];
	} rows[PAGE_ROWS];
	size_t count;
	int64_t made; // of the last row
};

static int read_page(struct vault *v, enum kind kind, struct page *p, struct err *e)
{
	char last[RECORD_ID_LEN + 1] = "";
	int got = -1;

	if (p->count > 0)
		snprintf(last, sizeof last, "%s", p->rows[p->count - 1].id);
	p->count = 0;
	pthread_mutex_lock(&v->read.mutex);
	struct cursor *c = store_query(v->read.vault, SQL_RECORD_PAGE,
				       VALUES(V_TEXT(kind_row(kind)->name), V_INT(p->made), V_TEXT(last), V_INT(PAGE_ROWS)), e);
	while (c != NULL && p->count < PAGE_ROWS && (got = cursor_next(c, e)) > 0) {
		snprintf(p->rows[p->count++].id, RECORD_ID_LEN + 1, "%s", cursor_text(c, 0));
		p->made = cursor_int(c, 1);
	}
	cursor_end(&c);
	pthread_mutex_unlock(&v->read.mutex);
	return got < 0 ? -1 : 0;
}

// No lock is held and no read is open while `each` runs, so it may call the vault.
int vault_each(struct vault *v, enum kind kind, const char *state, int (*each)(void *, const struct vault_record *), void *arg,
	       struct err *e)
{
	struct page p = {.made = INT64_MIN};
	struct err why = {0};
	int stop = 0;

	do {
		if (read_page(v, kind, &p, e) != 0)
			return -1;
		for (size_t i = 0; i < p.count && !stop; i++) {
			struct vault_record r;
			if (vault_get(v, p.rows[i].id, &r, &why) != 0) {
				if (why.code != ERR_NOT_FOUND)
					return err_set(e, why.code, "%s", why.text);
				continue;
			}
			if (state == NULL || strcmp(state, r.state) == 0)
				stop = each(arg, &r);
			vault_record_free(&r);
		}
	} while (p.count == PAGE_ROWS && !stop);
	return 0;
}
