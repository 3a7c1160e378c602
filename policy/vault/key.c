// SPDX-License-Identifier: ISC
// Data keys are stored wrapped by the master key, apart from the data that they seal: destroying a key reaches what deleting rows cannot, freed
// disk blocks and every backup of the records.
//
// Which keys are to be destroyed is stored in the transaction that deletes what they sealed, so a crash between the two is made good by the
// next reaping.
#include "policy/vault/key.h"
#include "policy/base/file.h"
#include "policy/base/place.h"
#include "policy/base/setting.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char KIND_OF_SUBJECT[] = "subject";
static const char KIND_OF_RECORD[] = "record";
static const char KIND_OF_SYSTEM[] = "system";
static const char SCOPE_LOOKUP[] = "lookup";

void key_wipe(struct data_key *k)
{
	wipe(k->bytes, sizeof k->bytes);
}

void key_lookup_hash(const struct vault *v, uint8_t out[HASH_LEN], const char *name, const char *value)
{
	keyed_hash(out, v->lookup_key, name, value, strlen(value));
}

// By its id, or by its kind and scope.
static int read_key(const struct vault *v, enum view view, const uint8_t *id, const char *kind, const char *scope, struct key_row *out,
		    struct err *e)
{
	const int count = v->b->keys->get(v->store, view, id, kind, scope, out, 1, e);

	if (count < 0)
		return -1;
	return count > 0 && (scope == NULL || strcmp(out->scope, scope) == 0) ? 0 : err_set(e, ERR_NOT_FOUND, "the key was destroyed");
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
	if (path_join(out, PATH_MAX, v->state, "keys/master.key", e) != 0)
		return -1;
	// The installed site has one master key: where it has the administrator's, no second one is made beside it because a user cannot read it, nor
	// below it, where a backup is brought back.
	const size_t len = strlen(setting_installed_state);
	if (strncmp(v->state, setting_installed_state, len) == 0 && (v->state[len] == '\0' || v->state[len] == '/') &&
	    access(out, F_OK) != 0 && access(place_master_key, F_OK) == 0)
		snprintf(out, PATH_MAX, "%s", place_master_key);
	return 0;
}

int key_parse(uint8_t out[KEY_LEN], const struct buf *text, const char *path, struct err *e)
{
	size_t len = text->len;

	if (len == KEY_LEN) {
		memcpy(out, text->data, KEY_LEN);
		return 0;
	}
	while (len > 0 && (text->data[len - 1] == '\n' || text->data[len - 1] == '\r'))
		len--;
	if (len == 2 * KEY_LEN) {
		char hex[2 * KEY_LEN + 1];
		snprintf(hex, sizeof hex, "%.*s", 2 * KEY_LEN, text->data);
		int bad = hex_decode(out, KEY_LEN, hex);
		wipe(hex, sizeof hex);
		if (bad == 0)
			return 0;
	}
	return err_set(e, ERR_INPUT, "%s must hold 32 bytes, or 64 hex digits", path);
}

int key_write(const char *path, const uint8_t key[KEY_LEN], const char *folder, struct err *e)
{
	char hex[2 * KEY_LEN + 2];

	hex_encode(hex, key, KEY_LEN);
	hex[2 * KEY_LEN] = '\n';
	int ret = file_write(path, hex, 2 * KEY_LEN + 1, 0600, NULL, e);
	wipe(hex, sizeof hex);
	file_own_like(path, folder);
	return ret;
}

static int make_master(struct vault *v, const char *path, struct err *e)
{
	struct key_row made;
	struct err why = {0};

	if (read_key(v, VIEW_WRITER, NULL, KIND_OF_SYSTEM, SCOPE_LOOKUP, &made, &why) == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "the master key %s is missing, though keys were made with it: put it back; a new one could open nothing",
			       path);
	if (why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	random_bytes(v->master, KEY_LEN);
	return key_write(path, v->master, v->state, e);
}

// ---- data keys ----

static void wrap_context(char out[256], const struct key_row *row)
{
	char hex[2 * KEY_ID_LEN + 1];

	hex_encode(hex, row->id, KEY_ID_LEN);
	snprintf(out, 256, "key|%s|%s|%s", row->kind, row->scope, hex);
}

static int unwrap(const struct vault *v, const struct key_row *row, struct data_key *out, struct err *e)
{
	char context[256];
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(2 * KEY_LEN);

	wrap_context(context, row);
	if (unseal(v->master, context, row->wrapped, sizeof row->wrapped, &plain, e) != 0 || plain.len != KEY_LEN)
		return err_set(e, ERR_CORRUPT, "a stored key does not open with this master key");
	memcpy(out->id, row->id, KEY_ID_LEN);
	memcpy(out->bytes, plain.data, KEY_LEN);
	return 0;
}

int key_get(const struct vault *v, enum view view, const uint8_t id[KEY_ID_LEN], struct data_key *out, struct err *e)
{
	struct key_row row;

	return read_key(v, view, id, NULL, NULL, &row, e) != 0 ? -1 : unwrap(v, &row, out, e);
}

int key_find(const struct vault *v, enum view view, const char *kind, const char *scope, struct data_key *out, struct err *e)
{
	struct key_row row;

	return read_key(v, view, NULL, kind, scope, &row, e) != 0 ? -1 : unwrap(v, &row, out, e);
}

int key_next(const struct vault *v, const char *kind, const char *scope, struct key_page *page, struct data_key *out, struct err *e)
{
	while (page->at < page->count && strcmp(page->rows[page->at].scope, scope) < 0)
		page->at++;
	if (page->at == page->count && !page->last) {
		page->at = page->count = 0;
		const int count = v->b->keys->get(v->store, VIEW_COMMITTED, NULL, kind, scope, page->rows, KEY_PAGE, e);
		if (count < 0)
			return -1;
		page->count = count;
		page->last = count < KEY_PAGE;
	}
	if (page->at == page->count || strcmp(page->rows[page->at].scope, scope) != 0)
		return err_set(e, ERR_NOT_FOUND, "the key was destroyed");
	return unwrap(v, &page->rows[page->at], out, e);
}

static int make_key(struct vault *v, const char *kind, const char *scope, struct data_key *out, struct err *e)
{
	struct key_row row = {.made = when_now()};
	struct buf wrapped BUF_AUTO = BUF_INIT(256);
	char context[256];

	random_bytes(out->id, KEY_ID_LEN);
	random_bytes(out->bytes, KEY_LEN);
	memcpy(row.id, out->id, KEY_ID_LEN);
	snprintf(row.kind, sizeof row.kind, "%s", kind);
	snprintf(row.scope, sizeof row.scope, "%s", scope);
	wrap_context(context, &row);
	if (seal(v->master, context, out->bytes, KEY_LEN, &wrapped, e) != 0)
		return -1;
	memcpy(row.wrapped, wrapped.data, sizeof row.wrapped);
	return v->b->keys->put(v->store, &row, e);
}

int key_obtain(struct vault *v, const char *kind, const char *scope, struct data_key *out, struct err *e)
{
	struct records_known *k = &v->known;
	struct err why = {0};

	transaction_recall(v);
	if (strcmp(k->key_kind, kind) == 0 && strcmp(k->key_scope, scope) == 0) {
		*out = k->key;
		return 0;
	}
	if (key_find(v, VIEW_WRITER, kind, scope, out, &why) != 0 &&
	    (why.code != ERR_NOT_FOUND || make_key(v, kind, scope, out, &why) != 0))
		return err_set(e, why.code, "%s", why.text);
	snprintf(k->key_kind, sizeof k->key_kind, "%s", kind);
	snprintf(k->key_scope, sizeof k->key_scope, "%s", scope);
	k->key = *out;
	return 0;
}

int key_own(struct vault *v, const char *own, struct data_key *out, struct err *e)
{
	return key_obtain(v, KIND_OF_RECORD, own, out, e);
}

int key_anonymous(struct vault *v, enum kind kind, struct data_key *out, struct err *e)
{
	return key_obtain(v, kind_row(kind)->name, "anonymous", out, e);
}

// The keys of days die soon enough; a key per subject would cost one more commit for every record.
int key_for(struct vault *v, enum kind kind, time_t made, const uint8_t *subject, const char *own, struct data_key *out, struct err *e)
{
	char scope[2 * HASH_LEN + 1];

	if (life_is_short(&v->policy->kinds[kind])) {
		when_date(scope, made);
		return key_obtain(v, kind_row(kind)->name, scope, out, e);
	}
	if (subject == NULL)
		return key_own(v, own, out, e);
	hex_encode(scope, subject, HASH_LEN);
	return key_obtain(v, KIND_OF_SUBJECT, scope, out, e);
}

static int load_one(struct vault *v, const char *scope, uint8_t out[KEY_LEN], struct err *e)
{
	struct data_key DATA_KEY_AUTO key;
	int ret = v->mode == VAULT_ADMIN ? key_obtain(v, KIND_OF_SYSTEM, scope, &key, e)
					 : key_find(v, VIEW_WRITER, KIND_OF_SYSTEM, scope, &key, e);

	if (ret == 0)
		memcpy(out, key.bytes, KEY_LEN);
	return ret;
}

static int next_path(const char *path, char out[PATH_MAX], struct err *e)
{
	return snprintf(out, PATH_MAX, "%s.next", path) < PATH_MAX ? 0 : err_set(e, ERR_INPUT, "the master key's path is too long");
}

static int next_to_master(const char *next, const char *path, struct err *e)
{
	char folder[PATH_MAX];

	if (rename(next, path) != 0)
		return err_system(e, ERR_IO, errno, "%s", path);
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
	return folder_sync(folder, e);
}

// A rotation that was cut off: where the keys are wrapped by the next master key already, that one it is from now on.
static int finish_rotation(struct vault *v, const char *path, struct err *e)
{
	BUF_AUTO_WIPE struct buf text = BUF_INIT(4096);
	struct data_key DATA_KEY_AUTO key;
	char next[PATH_MAX];
	struct err why = {0};

	if (next_path(path, next, e) != 0)
		return -1;
	if (access(next, F_OK) != 0 || key_find(v, VIEW_WRITER, KIND_OF_SYSTEM, SCOPE_LOOKUP, &key, &why) == 0 || why.code != ERR_CORRUPT)
		return 0;
	if (file_read(next, &text, e) != 0 || key_parse(v->master, &text, next, e) != 0 ||
	    key_find(v, VIEW_WRITER, KIND_OF_SYSTEM, SCOPE_LOOKUP, &key, e) != 0)
		return -1;
	return v->mode == VAULT_ADMIN ? next_to_master(next, path, e) : 0;
}

struct rotation {
	const struct vault *v;
	uint8_t master[KEY_LEN];   // the next
	const char *next, *folder; // its file, beside that of the one of now
	uint64_t count;
};

static int wrap_again(void *arg, struct key_row *row, struct err *e)
{
	struct rotation *r = arg;
	struct buf wrapped BUF_AUTO = BUF_INIT(256);
	struct data_key DATA_KEY_AUTO key;
	char context[256];

	// Durable before the first key needs it, and not before it is known that nobody else needs the one of now.
	if (r->count == 0 && key_write(r->next, r->master, r->folder, e) != 0)
		return -1;
	wrap_context(context, row);
	if (unwrap(r->v, row, &key, e) != 0 || seal(r->master, context, key.bytes, KEY_LEN, &wrapped, e) != 0)
		return -1;
	memcpy(row->wrapped, wrapped.data, sizeof row->wrapped);
	r->count++;
	return 0;
}

int key_rotate(struct vault *v, uint64_t *count, struct err *e)
{
	char path[PATH_MAX], next[PATH_MAX], folder[PATH_MAX];
	struct rotation r = {.v = v, .next = next, .folder = folder};

	if (master_path(v, path, e) != 0 || next_path(path, next, e) != 0)
		return -1;
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
	random_bytes(r.master, KEY_LEN);
	int ret =
	    commit_outcome(v, v->b->keys->wrap_all(v->store, wrap_again, &r, e), e) != 0 || next_to_master(next, path, e) != 0 ? -1 : 0;
	if (ret == 0)
		memcpy(v->master, r.master, KEY_LEN);
	*count = r.count;
	wipe(&r, sizeof r);
	return ret;
}

int key_load(struct vault *v, struct err *e)
{
	BUF_AUTO_WIPE struct buf text = BUF_INIT(4096);
	char path[PATH_MAX];

	if (master_path(v, path, e) != 0)
		return -1;
	if (v->mode == VAULT_ADMIN && access(path, F_OK) != 0) {
		if (make_master(v, path, e) != 0)
			return -1;
	} else if (strcmp(path, place_master_key) == 0 && access(path, R_OK) != 0) {
		return err_system(
		    e, ERR_REFUSED, errno,
		    "the master key %s: the units get it from systemd; whoever runs the site without them must own it, or run this as root",
		    path);
	} else if (file_read(path, &text, e) != 0) {
		return err_prefix(e, "master key");
	} else if (key_parse(v->master, &text, path, e) != 0) {
		return -1;
	}
	if (finish_rotation(v, path, e) != 0)
		return -1;
	int ret = load_one(v, SCOPE_LOOKUP, v->lookup_key, e) != 0 || load_one(v, "ledger", v->ledger_key, e) != 0 ? -1 : 0;
	return transaction_end(v, LANE_RECORDS, ret, e);
}

// ---- destroying ----

static bool is_shared(const struct key_row *row)
{
	return strcmp(row->kind, KIND_OF_SUBJECT) != 0 && strcmp(row->kind, KIND_OF_RECORD) != 0;
}

bool key_is_shared(struct vault *v, const uint8_t id[KEY_ID_LEN])
{
	struct key_row row;

	return read_key(v, VIEW_WRITER, id, NULL, NULL, &row, NULL) == 0 && is_shared(&row);
}

int key_end_later_of(struct vault *v, const char *kind, const char *scope, struct err *e)
{
	struct key_row row;
	struct err why = {0};

	if (read_key(v, VIEW_WRITER, NULL, kind, scope, &row, &why) == 0)
		return v->b->keys->end_later(v->store, row.id, e);
	return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
}

int key_end_later_of_subject(struct vault *v, const uint8_t subject[HASH_LEN], struct err *e)
{
	char scope[2 * HASH_LEN + 1];

	hex_encode(scope, subject, HASH_LEN);
	return key_end_later_of(v, KIND_OF_SUBJECT, scope, e);
}

struct reaping {
	struct vault *v;
	struct log_day *days;
	int day_count;
	struct err why;
};

// What is sealed with a key holds it: a day of the request log, beside the records and payloads that the store asks first. A day's key waits for the
// end of its day, for more may be sealed with it.
static enum key_end judge_key(void *arg, const uint8_t id[KEY_ID_LEN])
{
	struct reaping *r = arg;
	struct vault *v = r->v;
	char today[WHEN_DATE];
	struct key_row row;
	struct err why = {0};

	if (read_key(v, VIEW_WRITER, id, NULL, NULL, &row, &why) != 0) {
		if (why.code == ERR_NOT_FOUND || why.code == ERR_CORRUPT)
			return KEY_END_NOW;
		r->why = why;
		return KEY_END_FAILED;
	}
	if (strcmp(row.kind, kind_row(KIND_REQUEST_LOG)->name) == 0) {
		if (r->days == NULL && (r->day_count = v->b->log->days(v->store, &r->days, &r->why)) < 0)
			return KEY_END_FAILED;
		for (int i = 0; i < r->day_count; i++)
			if (strcmp(r->days[i].day, row.scope) == 0)
				return KEY_STAYS;
	}
	when_date(today, when_now());
	return is_shared(&row) && strcmp(row.scope, today) == 0 ? KEY_END_LATER : KEY_END_NOW;
}

int key_reap(struct vault *v, struct err *e)
{
	struct reaping r = {.v = v};
	struct err why = {0};
	int ret = commit_outcome(v, v->b->keys->destroy(v->store, judge_key, &r, &why), &why);

	free(r.days);
	if (ret == 0)
		return 0;
	return r.why.code == ERR_NONE ? err_set(e, why.code, "%s", why.text) : err_set(e, r.why.code, "%s", r.why.text);
}
