// SPDX-License-Identifier: ISC
// Data keys. keys.db holds them wrapped by the master key, apart from the data they seal: destroying a key reaches what deleting rows
// cannot, freed disk blocks and every backup of vault.db. A key is destroyed by deleting its row, rewriting the small file and emptying
// its write-ahead log.
//
// Which keys are to be destroyed is written into vault.db in the transaction that deletes what they sealed ("doomed"), so a crash
// between the two is made good by the next reaping.
#include "policy/base/file.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/vault/internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char KIND_OF_SUBJECT[] = "subject";
static const char KIND_OF_RECORD[] = "record";
static const char KIND_OF_SYSTEM[] = "system";

void data_key_wipe(struct data_key *k)
{
	wipe(k->bytes, sizeof k->bytes);
}

void lookup_hash(const struct vault *v, uint8_t out[HASH_LEN], const char *name, const char *value)
{
	const struct bytes parts[] = {{value, strlen(value)}};

	keyed_hash(out, v->lookup_key, name, parts, 1);
}

// ---- the master key ----

static int master_path(const struct vault *v, char out[PATH_MAX], struct err *e)
{
	const char *file = setting("LETHE_MASTER_KEY_FILE", NULL), *credentials = setting("CREDENTIALS_DIRECTORY", NULL);

	if (file != NULL)
		return snprintf(out, PATH_MAX, "%s", file) < PATH_MAX ? 0 : err_set(e, ERR_INPUT, "LETHE_MASTER_KEY_FILE is too long");
	if (credentials != NULL) {
		if (path_join(out, PATH_MAX, credentials, "LETHE_MASTER_KEY", e) != 0)
			return -1;
		if (access(out, F_OK) == 0)
			return 0;
	}
	return state_path(v, out, "keys/master.key", e);
}

static int parse_master(struct vault *v, const struct buf *text, const char *path, struct err *e)
{
	size_t len = text->len;

	if (len == KEY_LEN) {
		memcpy(v->master, text->data, KEY_LEN);
		return 0;
	}
	while (len > 0 && (text->data[len - 1] == '\n' || text->data[len - 1] == '\r'))
		len--;
	if (len == 2 * KEY_LEN) {
		char hex[2 * KEY_LEN + 1];
		snprintf(hex, sizeof hex, "%.*s", 2 * KEY_LEN, text->data);
		int bad = hex_decode(v->master, KEY_LEN, hex);
		wipe(hex, sizeof hex);
		if (bad == 0)
			return 0;
	}
	return err_set(e, ERR_INPUT, "%s must hold 32 bytes, or 64 hex digits", path);
}

static int make_master(struct vault *v, const char *path, struct err *e)
{
	char hex[2 * KEY_LEN + 2], keys[PATH_MAX];

	if (state_path(v, keys, "keys/keys.db", e) != 0)
		return -1;
	if (access(keys, F_OK) == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "the master key %s is missing, though keys were made with it: put it back; a new one could open nothing",
			       path);
	random_bytes(v->master, KEY_LEN);
	hex_encode(hex, v->master, KEY_LEN);
	hex[2 * KEY_LEN] = '\n';
	int ret = file_write(path, hex, 2 * KEY_LEN + 1, 0600, NULL, e);
	wipe(hex, sizeof hex);
	own_like_state(v, path);
	return ret;
}

int key_load_master(struct vault *v, bool may_create, struct err *e)
{
	BUF_AUTO_WIPE struct buf text = BUF_INIT(4096);
	char path[PATH_MAX];

	if (master_path(v, path, e) != 0)
		return -1;
	if (may_create && access(path, F_OK) != 0)
		return make_master(v, path, e);
	if (file_read(path, &text, e) != 0)
		return err_prefix(e, "master key");
	return parse_master(v, &text, path, e);
}

// ---- data keys ----

static void wrap_context(char out[256], const char *kind, const char *scope, const uint8_t *id)
{
	char hex[2 * KEY_ID_LEN + 1];

	hex_encode(hex, id, KEY_ID_LEN);
	snprintf(out, 256, "key|%s|%s|%s", kind, scope, hex);
}

static int unwrap(const struct vault *v, struct cursor *c, struct data_key *out, struct err *e)
{
	char context[256];
	size_t id_len, len;
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(2 * KEY_LEN);
	const void *id = cursor_blob(c, 0, &id_len), *wrapped = cursor_blob(c, 3, &len);

	if (id_len != KEY_ID_LEN)
		return err_set(e, ERR_CORRUPT, "keys.db: an id has the wrong length");
	memcpy(out->id, id, KEY_ID_LEN);
	wrap_context(context, cursor_text(c, 1), cursor_text(c, 2), out->id);
	if (unseal(v->master, context, wrapped, len, &plain, e) != 0 || plain.len != KEY_LEN)
		return err_set(e, ERR_CORRUPT, "a key in keys.db does not open with this master key");
	memcpy(out->bytes, plain.data, KEY_LEN);
	return 0;
}

static int first_key(const struct vault *v, struct cursor *c, struct data_key *out, struct err *e)
{
	int got = c == NULL ? -1 : cursor_next(c, e);

	if (got == 0)
		return err_set(e, ERR_NOT_FOUND, "the key was destroyed");
	return got < 0 ? -1 : unwrap(v, c, out, e);
}

int key_get(const struct vault *v, struct store *keys, const void *id, struct data_key *out, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(keys, SQL_KEY_GET, VALUES(V_BLOB(id, KEY_ID_LEN)), e);

	return first_key(v, c, out, e);
}

int key_find(const struct vault *v, struct store *keys, const char *kind, const char *scope, struct data_key *out, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(keys, SQL_KEY_BY_SCOPE, VALUES(V_TEXT(kind), V_TEXT(scope)), e);

	return first_key(v, c, out, e);
}

static int make_key(struct vault *v, const char *kind, const char *scope, struct data_key *out, struct err *e)
{
	struct buf wrapped BUF_AUTO = BUF_INIT(256);
	char context[256];

	random_bytes(out->id, KEY_ID_LEN);
	random_bytes(out->bytes, KEY_LEN);
	wrap_context(context, kind, scope, out->id);
	if (seal(v->master, context, out->bytes, KEY_LEN, &wrapped, e) != 0)
		return -1;
	if (!store_in_transaction(v->write.keys) && store_begin(v->write.keys, e) != 0)
		return -1;
	return store_run(
	    v->write.keys, SQL_KEY_PUT,
	    VALUES(V_BLOB(out->id, KEY_ID_LEN), V_TEXT(kind), V_TEXT(scope), V_INT(when_now()), V_BLOB(wrapped.data, wrapped.len)), e);
}

int key_obtain(struct vault *v, const char *kind, const char *scope, struct data_key *out, struct err *e)
{
	struct err why = {0};

	if (key_find(v, v->write.keys, kind, scope, out, &why) == 0)
		return 0;
	if (why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	return make_key(v, kind, scope, out, e);
}

// The keys of days die soon enough; a key per subject would cost one more commit for every record.
static bool short_lived(const struct policy_kind *k)
{
	return (k->start == START_CREATION || k->start == START_COMPLETION) && !duration_is_zero(k->life) &&
	       duration_compare(k->life, (struct duration){.days = 31}) <= 0;
}

int key_for(struct vault *v, enum kind kind, time_t made, const uint8_t *subject, const char *own, struct data_key *out, struct err *e)
{
	char scope[2 * HASH_LEN + 1];

	if (short_lived(&v->policy->kinds[kind])) {
		when_date(scope, made);
		return key_obtain(v, kind_row(kind)->name, scope, out, e);
	}
	if (subject == NULL)
		return key_obtain(v, KIND_OF_RECORD, own, out, e);
	hex_encode(scope, subject, HASH_LEN);
	return key_obtain(v, KIND_OF_SUBJECT, scope, out, e);
}

static int system_key(struct vault *v, const char *scope, uint8_t out[KEY_LEN], struct err *e)
{
	struct data_key DATA_KEY_AUTO key;
	int ret = v->mode == VAULT_ADMIN ? key_obtain(v, KIND_OF_SYSTEM, scope, &key, e)
					 : key_find(v, v->write.keys, KIND_OF_SYSTEM, scope, &key, e);

	if (ret == 0)
		memcpy(out, key.bytes, KEY_LEN);
	return ret;
}

int key_load_system(struct vault *v, struct err *e)
{
	if (system_key(v, "lookup", v->lookup_key, e) != 0 || system_key(v, "ledger", v->ledger_key, e) != 0) {
		store_rollback(v->write.keys);
		return -1;
	}
	return store_in_transaction(v->write.keys) ? store_commit(v->write.keys, e) : 0;
}

// ---- destroying ----

// Is it the key of a kind and a day, of which day, and is there a request-log segment that it seals?
static bool shared_day(struct vault *v, const void *id, char day[WHEN_DATE], bool *segment)
{
	char path[PATH_MAX];

	struct cursor *c CURSOR_AUTO = store_query(v->write.keys, SQL_KEY_GET, VALUES(V_BLOB(id, KEY_ID_LEN)), NULL);

	if (c == NULL || cursor_next(c, NULL) != 1)
		return false;
	const char *kind = cursor_text(c, 1);
	snprintf(day, WHEN_DATE, "%s", cursor_text(c, 2));
	*segment = strcmp(kind, kind_row(KIND_REQUEST_LOG)->name) == 0 && log_path(v, path, day, "", NULL) == 0 && access(path, F_OK) == 0;
	return strcmp(kind, KIND_OF_SUBJECT) != 0 && strcmp(kind, KIND_OF_RECORD) != 0;
}

bool key_is_shared(struct vault *v, const void *id)
{
	char day[WHEN_DATE];
	bool segment;

	return shared_day(v, id, day, &segment);
}

int key_doom(struct vault *v, const void *id, struct err *e)
{
	return id == NULL ? 0 : store_run(v->write.vault, SQL_DOOM_PUT, VALUES(V_BLOB(id, KEY_ID_LEN)), e);
}

int key_doom_subject(struct vault *v, const uint8_t *subject, struct err *e)
{
	struct data_key DATA_KEY_AUTO key = {0};
	struct err why = {0};
	char scope[2 * HASH_LEN + 1];

	hex_encode(scope, subject, HASH_LEN);
	if (key_find(v, v->write.keys, KIND_OF_SUBJECT, scope, &key, &why) == 0)
		return key_doom(v, key.id, e);
	return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
}

static int key_delete(struct vault *v, const void *id, struct err *e)
{
	return store_run(v->write.keys, SQL_KEY_DELETE, VALUES(V_BLOB(id, KEY_ID_LEN)), e);
}

struct doomed {
	uint8_t id[KEY_ID_LEN];
	bool used, waits; // something is still sealed with it; its day is not over
};

// One page of them, after the key `after`.
static int doomed_page(struct vault *v, const uint8_t after[KEY_ID_LEN], struct doomed *list, size_t *count, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(v->write.vault, SQL_DOOM_LIST, VALUES(V_BLOB(after, KEY_ID_LEN), V_INT(PAGE_ROWS)), e);
	int got = -1;
	size_t len;

	*count = 0;
	while (c != NULL && *count < PAGE_ROWS && (got = cursor_next(c, e)) > 0) {
		const void *id = cursor_blob(c, 0, &len);
		if (len == KEY_ID_LEN)
			memcpy(list[(*count)++].id, id, KEY_ID_LEN);
	}
	return got < 0 ? -1 : 0;
}

static int judge(struct vault *v, struct doomed *d, const char *today, struct err *e)
{
	int64_t used;
	char day[WHEN_DATE];
	bool segment = false;

	if (store_number(v->write.vault, SQL_KEY_USED, VALUES(V_BLOB(d->id, KEY_ID_LEN)), 0, &used, e) != 0)
		return -1;
	bool shared = shared_day(v, d->id, day, &segment);
	d->used = used != 0 || segment;
	d->waits = !d->used && shared && strcmp(day, today) == 0;
	return 0;
}

static int forget_doomed(struct vault *v, const struct doomed *list, size_t count, struct err *e)
{
	if (write_begin(v, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (list[i].waits)
			continue;
		if (store_run(v->write.vault, SQL_DOOM_DONE, VALUES(V_BLOB(list[i].id, KEY_ID_LEN)), e) != 0) {
			write_rollback(v, v->write.vault);
			return -1;
		}
	}
	return write_commit(v, v->write.vault, e);
}

static int delete_keys(struct vault *v, const struct doomed *list, size_t count, struct err *e)
{
	if (store_begin(v->write.keys, e) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!list[i].used && !list[i].waits && key_delete(v, list[i].id, e) != 0) {
			store_rollback(v->write.keys);
			return -1;
		}
	}
	return write_commit(v, v->write.keys, e);
}

struct reaping {
	char today[WHEN_DATE];
	size_t ended, settled; // keys to destroy; names that need not be remembered
};

static int each_doomed(struct vault *v, struct reaping *r, int (*act)(struct vault *, const struct doomed *, size_t, struct err *),
		       struct err *e)
{
	struct doomed list[PAGE_ROWS];
	uint8_t after[KEY_ID_LEN] = {0};
	size_t count;

	r->ended = r->settled = 0;
	do {
		size_t settled = 0;
		if (doomed_page(v, after, list, &count, e) != 0)
			return -1;
		for (size_t i = 0; i < count; i++) {
			if (judge(v, &list[i], r->today, e) != 0)
				return -1;
			settled += !list[i].waits;
			r->ended += !list[i].used && !list[i].waits;
		}
		r->settled += settled;
		if (settled > 0 && act(v, list, count, e) != 0)
			return -1;
		if (count > 0)
			memcpy(after, list[count - 1].id, KEY_ID_LEN);
	} while (count == PAGE_ROWS);
	return 0;
}

// The file is rewritten once, after the last key; only then is it forgotten that they were doomed.
int key_reap(struct vault *v, struct err *e)
{
	struct reaping r;

	when_date(r.today, when_now());
	if (each_doomed(v, &r, delete_keys, e) != 0)
		return -1;
	if (r.settled == 0)
		return 0;
	if (r.ended > 0 && store_rewrite(v->write.keys, e) != 0)
		return -1;
	return each_doomed(v, &r, forget_doomed, e);
}

int key_reap_now(struct vault *v, struct err *e)
{
	struct alone alone;

	if (commit_alone(v, &alone, e) != 0)
		return -1;
	int ret = key_reap(v, e);
	commit_release(v, &alone);
	return ret;
}
