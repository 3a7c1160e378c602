// SPDX-License-Identifier: ISC
// Erasure. The event is committed together with the deletion of rows and the doom of keys; then files, log rows, keys, the write-ahead
// logs and, where it is affordable or was found necessary, the rewriting of the files. What a crash or a full disk leaves undone is
// reported as partial, and running it again completes it.
//
// A file is rewritten always by the officer's command, and up to REWRITE_ALWAYS_MAX by a program: anybody may ask a program for an
// erasure, and rewriting a large store would hold up everybody else. With secure_delete and rowid tables nothing was left behind in 200
// random histories without rewriting; the scan tells when there is, and then the files are rewritten whatever their size.
#include "policy/base/text.h"
#include "policy/vault/internal.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STORE_RECORDS, STORE_SPOOL, STORE_REQUEST_LOG, STORE_PAYLOADS, ERASE_STORES };

struct erasure {
	struct vault *v;
	enum erase_by by;
	const char *value;
	bool dry_run, only_held; // only_held: see vault_erase_held()
	struct erase_result *out;
	bool has_subject;
	uint8_t subject[HASH_LEN]; // look-up hash
	struct found *list;
	size_t count, room;
	struct markers markers;
};

// The first reason is kept.
static void partial(struct erasure *x, const char *where, const char *why)
{
	if (x->out->complete)
		snprintf(x->out->reason, sizeof x->out->reason, "%s: %.200s", where, why);
	x->out->complete = false;
}

// ---- what hangs on it ----

static int keep_found(struct erasure *x, struct cursor *c, struct err *e)
{
	struct found f;

	found_read(c, &f);
	for (size_t i = 0; i < x->count; i++)
		if (strcmp(x->list[i].id, f.id) == 0)
			return 0;
	if (x->count == x->room) {
		size_t room = x->room == 0 ? 16 : 2 * x->room;
		void *list = realloc(x->list, room * sizeof *x->list);
		if (list == NULL)
			return err_set(e, ERR_MEMORY, "no memory");
		x->list = list;
		x->room = room;
	}
	x->list[x->count++] = f;
	return 0;
}

static int collect(struct erasure *x, enum sql statement, const struct value *values, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(x->v->write.vault, statement, values, e);
	int got = -1;

	while (c != NULL && (got = cursor_next(c, e)) > 0)
		if (keep_found(x, c, e) != 0)
			return -1;
	return got < 0 ? -1 : 0;
}

static int subject_of_record(struct erasure *x, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(x->v->write.vault, SQL_RECORD_SUBJECT, VALUES(V_TEXT(x->value)), e);
	int got = c == NULL ? -1 : cursor_next(c, e);
	size_t len;

	if (got <= 0)
		return got;
	const void *subject = cursor_blob(c, 3, &len);
	x->has_subject = len == HASH_LEN;
	if (x->has_subject)
		memcpy(x->subject, subject, HASH_LEN);
	return keep_found(x, c, e);
}

static const char *tag_name(enum erase_by by)
{
	return by == ERASE_RECEIPT ? "receipt" : "ip";
}

static int collect_records(struct erasure *x, struct err *e)
{
	uint8_t tag[HASH_LEN];

	if (x->by == ERASE_RECORD) {
		if (subject_of_record(x, e) != 0)
			return -1;
	} else {
		lookup_hash(x->v, x->subject, "subject", x->value);
		lookup_hash(x->v, tag, tag_name(x->by), x->value);
		x->has_subject = true;
		markers_add(&x->markers, tag, HASH_LEN);
		if (strlen(x->value) >= 7)
			markers_add(&x->markers, x->value, strlen(x->value) > MARKER_MAX ? MARKER_MAX : strlen(x->value));
		if (collect(x, SQL_RECORD_BY_TAG, VALUES(V_TEXT(tag_name(x->by)), V_BLOB(tag, HASH_LEN)), e) != 0)
			return -1;
	}
	if (!x->has_subject)
		return 0;
	char hex[2 * HASH_LEN + 1];
	hex_encode(hex, x->subject, HASH_LEN);
	markers_add(&x->markers, x->subject, HASH_LEN);
	markers_add(&x->markers, hex, 2 * HASH_LEN); // as keys.db names the subject's key
	return collect(x, SQL_RECORD_BY_SUBJECT, VALUES(V_BLOB(x->subject, HASH_LEN)), e);
}

static int count_payloads(struct erasure *x, struct err *e)
{
	int64_t count = 0;

	if (x->has_subject && store_number(x->v->write.vault, SQL_PAYLOAD_COUNT, VALUES(V_BLOB(x->subject, HASH_LEN)), 0, &count, e) != 0)
		return -1;
	x->out->stores[STORE_PAYLOADS].found = (uint64_t)count;
	return 0;
}

static int find_all(struct erasure *x, struct err *e)
{
	struct erase_result *out = x->out;
	struct err why = {0};

	if (collect_records(x, e) != 0 || count_payloads(x, e) != 0)
		return -1;
	out->stores[STORE_RECORDS].found = x->count;
	for (size_t i = 0; i < x->count; i++)
		out->stores[STORE_SPOOL].found += x->list[i].has_file;
	const uint8_t *subject = x->by != ERASE_ADDRESS && x->has_subject ? x->subject : NULL;
	if (log_erase(x->v, x->by == ERASE_ADDRESS ? x->value : NULL, subject, true, &out->stores[STORE_REQUEST_LOG], &x->markers, &why) !=
	    0)
		partial(x, "request log", why.text);
	return 0;
}

// ---- the transaction ----

static int erase_payloads(struct erasure *x, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(x->v->write.vault, SQL_PAYLOAD_BY_SUBJECT, VALUES(V_BLOB(x->subject, HASH_LEN)), e);
	int got = -1;
	size_t len;

	while (c != NULL && (got = cursor_next(c, e)) > 0) {
		const void *key = cursor_blob(c, 1, &len);
		if (len == KEY_ID_LEN && key_doom(x->v, key, e) != 0)
			return -1;
	}
	if (got < 0 || store_run(x->v->write.vault, SQL_PAYLOAD_ERASE, VALUES(V_BLOB(x->subject, HASH_LEN)), e) != 0)
		return -1;
	x->out->stores[STORE_PAYLOADS].erased = store_changes(x->v->write.vault);
	return key_doom_subject(x->v, x->subject, e);
}

// The tags of what is erased, as markers of the scan.
static int note_tags(struct erasure *x, const struct found *f, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(x->v->write.vault, SQL_TAG_OF_RECORD, VALUES(V_TEXT(f->id)), e);
	int got = -1;
	size_t len;

	if (f->has_file)
		markers_add(&x->markers, f->id, RECORD_ID_LEN);
	while (c != NULL && (got = cursor_next(c, e)) > 0) {
		const void *hash = cursor_blob(c, 0, &len);
		markers_add(&x->markers, hash, len);
	}
	return got < 0 ? -1 : 0;
}

static int erase_rows(struct erasure *x, struct err *e)
{
	static const char *const by[] = {[ERASE_RECEIPT] = "receipt", [ERASE_ADDRESS] = "address", [ERASE_RECORD] = "record"};
	const struct erase_store *s = x->out->stores;
	char details[256];
	const struct ledger_event event = {.name = "erasure", .details = details};

	snprintf(details, sizeof details, "{\"by\":\"%s\",\"records\":%llu,\"files\":%llu,\"log_rows\":%llu,\"payloads\":%llu}", by[x->by],
		 (unsigned long long)s[STORE_RECORDS].found, (unsigned long long)s[STORE_SPOOL].found,
		 (unsigned long long)s[STORE_REQUEST_LOG].found, (unsigned long long)s[STORE_PAYLOADS].found);
	if (ledger_write(x->v, &event, &x->out->ledger_index, e) != 0)
		return -1;
	for (size_t i = 0; i < x->count; i++)
		if (note_tags(x, &x->list[i], e) != 0 || record_remove(x->v, &x->list[i], e) != 0)
			return -1;
	return x->has_subject ? erase_payloads(x, e) : 0;
}

static int transact(struct erasure *x, struct err *e)
{
	if (write_begin(x->v, e) != 0)
		return -1;
	if (erase_rows(x, e) != 0) {
		write_rollback(x->v, x->v->write.vault);
		return -1;
	}
	if (write_commit(x->v, x->v->write.vault, e) != 0)
		return -1;
	x->out->stores[STORE_RECORDS].erased = x->count;
	x->out->recorded = true;
	return 0;
}

// ---- everything else ----

static void erase_files(struct erasure *x)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < x->count; i++) {
		if (!x->list[i].has_file)
			continue;
		if (vault_spool_path(x->v, x->list[i].id, path, sizeof path, NULL) != 0 || (unlink(path) != 0 && errno != ENOENT))
			partial(x, "spool", "a file cannot be unlinked");
		else
			x->out->stores[STORE_SPOOL].erased++;
	}
}

static int rewrite_vault(struct vault *v, bool always, struct err *e)
{
	char path[PATH_MAX];

	if (state_path(v, path, "vault.db", e) != 0)
		return -1;
	return always || store_needs_rewrite(v, path) ? store_rewrite(v->write.vault, e) : store_flush(v->write.vault, e);
}

static void erase_rest(struct erasure *x)
{
	struct erase_store count = {0};
	struct err why = {0};
	const uint8_t *subject = x->by != ERASE_ADDRESS && x->has_subject ? x->subject : NULL;

	erase_files(x);
	if (log_erase(x->v, x->by == ERASE_ADDRESS ? x->value : NULL, subject, false, &count, &x->markers, &why) != 0)
		partial(x, "request log", why.text);
	x->out->stores[STORE_REQUEST_LOG].erased = count.erased;
	if (key_reap(x->v, &why) != 0)
		partial(x, "keys", why.text);
	if (rewrite_vault(x->v, false, &why) != 0)
		partial(x, "records", why.text);
}

// A tag that another living record bears too (an address, say) is not this subject's alone.
static void drop_shared_markers(struct erasure *x)
{
	size_t kept = 0;

	for (size_t i = 0; i < x->markers.count; i++) {
		const struct marker *m = &x->markers.list[i];
		int64_t used = 0;
		if (m->len == HASH_LEN)
			store_number(x->v->write.vault, SQL_TAG_USED, VALUES(V_BLOB(m->bytes, m->len)), 0, &used, NULL);
		if (used == 0)
			x->markers.list[kept++] = *m;
	}
	x->markers.count = kept;
}

// A spool that is not there is not an empty one: with another run folder, the records would go and their files would stay.
static int spool_reached(const struct erasure *x, struct err *e)
{
	for (size_t i = 0; i < x->count; i++)
		if (x->list[i].has_file && access(x->v->spool, F_OK) != 0)
			return err_set(e, ERR_NOT_FOUND, "nothing was erased: there is no %s; name the run folder with --run or LETHE_RUN",
				       x->v->spool);
	return 0;
}

static bool found_any(const struct erase_result *out)
{
	bool any = false;

	for (size_t i = 0; i < out->store_count; i++)
		any = any || out->stores[i].found > 0;
	return any;
}

// Whether there is anything to do and to record. A store that could not be looked into may hold something.
static bool worthwhile(const struct erasure *x)
{
	return !x->dry_run && (!x->only_held || !x->out->complete || found_any(x->out));
}

static int erase_alone(struct erasure *x, struct err *e)
{
	struct alone alone;

	if (commit_alone(x->v, &alone, e) != 0)
		return -1;
	int ret = find_all(x, e) != 0 || spool_reached(x, e) != 0 ? -1 : 0;
	bool act = ret == 0 && worthwhile(x), released = act && ballast_release(x->v);
	if (act)
		ret = transact(x, e);
	if (act && ret == 0) {
		erase_rest(x);
		drop_shared_markers(x);
	}
	if (released)
		ballast_fill(x->v);
	commit_release(x->v, &alone);
	return ret;
}

// ---- the scan ----

static int rewrite_segment(struct vault *v, const char *day, void *arg, struct err *e)
{
	struct store *s STORE_AUTO = NULL;
	struct err why = {0};
	char path[PATH_MAX];

	(void)arg;
	if (log_path(v, path, day, "", e) != 0)
		return -1;
	if (store_open(&s, STORE_LOG, path, STORE_WRITE, &why) != 0)
		return why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
	return store_rewrite(s, e);
}

static int rewrite_all(struct vault *v, struct err *e)
{
	return rewrite_vault(v, true, e) != 0 || store_rewrite(v->write.keys, e) != 0 || log_each_day(v, rewrite_segment, NULL, e) != 0 ? -1
																	: 0;
}

// Rows that the address has made since.
static int erase_new_rows(struct erasure *x, struct err *e)
{
	struct erase_store count = {0}, *sum = &x->out->stores[STORE_REQUEST_LOG];

	if (x->by != ERASE_ADDRESS)
		return 0;
	int ret = log_erase(x->v, x->value, NULL, false, &count, &x->markers, e);
	sum->found += count.found;
	sum->erased += count.erased;
	return ret;
}

// Once more, and thoroughly, while nobody stores anything.
static int clear_and_scan(struct erasure *x, struct err *e)
{
	struct vault *v = x->v;
	struct alone alone;

	if (commit_alone(v, &alone, e) != 0)
		return -1;
	bool released = ballast_release(v);
	int ret = erase_new_rows(x, e) != 0 || rewrite_all(v, e) != 0 || residue_scan(v, &x->markers, x->out, e) != 0 ? -1 : 0;
	if (released)
		ballast_fill(v);
	commit_release(v, &alone);
	return ret;
}

// No store had it and a file still does, as after a crash: that is something found, and its end is recorded like any other.
static int record_after_all(struct erasure *x, struct err *e)
{
	x->only_held = false;
	return x->out->recorded ? 0 : erase_alone(x, e);
}

static void scan(struct erasure *x)
{
	struct err why = {0};
	int ret = residue_scan(x->v, &x->markers, x->out, &why);

	if (ret == 0 && x->out->residue_hits > 0)
		ret = record_after_all(x, &why) != 0 || clear_and_scan(x, &why) != 0 ? -1 : 0;
	if (ret != 0)
		partial(x, "residue scan", why.text);
	else if (x->out->residue_hits > 0)
		partial(x, "residue scan", "something of it is still found in a store file");
}

static void record_outcome(struct erasure *x)
{
	char details[128];
	const struct ledger_event event = {.name = "erasure-outcome", .details = details};

	snprintf(details, sizeof details, "{\"event\":%llu,\"complete\":%s}", (unsigned long long)x->out->ledger_index,
		 x->out->complete ? "true" : "false");
	ledger_append(x->v, &event, NULL);
}

static int erase(struct erasure *x, struct err *e)
{
	struct erase_result *out = x->out;

	*out = (struct erase_result){
	    .stores = {{.name = "records"}, {.name = "spool"}, {.name = "request-log"}, {.name = "ledger-payloads"}},
	    .store_count = ERASE_STORES,
	    .complete = true,
	};
	int ret = x->value[0] == '\0' ? err_set(e, ERR_INPUT, "nothing was named to be erased") : erase_alone(x, e);
	if (ret == 0 && !x->dry_run)
		scan(x);
	if (ret == 0 && out->recorded && (found_any(out) || !out->complete))
		record_outcome(x);
	markers_free(&x->markers);
	free(x->list);
	wipe(x, sizeof *x);
	return ret;
}

int vault_erase(struct vault *v, enum erase_by by, const char *value, bool dry_run, struct erase_result *out, struct err *e)
{
	struct erasure x = {.v = v, .by = by, .value = value, .dry_run = dry_run, .out = out};

	return erase(&x, e);
}

int vault_erase_held(struct vault *v, const char *receipt, struct erase_result *out, struct err *e)
{
	struct erasure x = {.v = v, .by = ERASE_RECEIPT, .value = receipt, .only_held = true, .out = out};

	return erase(&x, e);
}
