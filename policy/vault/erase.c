// SPDX-License-Identifier: ISC
// Erasure. The event is committed together with the deletion of rows and the naming of keys to be ended; then files, log rows, keys, the
// write-ahead logs and, where it is affordable or was found necessary, the rewriting of the files. What a crash or a full disk leaves undone is
// reported as partial, and running it again completes it.
//
// A file is rewritten always by the officer's command, and while it is small by a program: anybody may ask a program for an erasure, and
// rewriting a large store would hold up everybody else. With secure_delete and rowid tables nothing was left behind in 200 random histories
// without rewriting; the scan tells when there is, and then the files are rewritten whatever their size.
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include "policy/vault/record.h"
#include "policy/vault/request_log.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STORE_RECORDS, STORE_SPOOL, STORE_REQUEST_LOG, STORE_PAYLOADS, ERASE_STORES };

static const struct erase_by_row {
	const char *name, *tag; // as the ledger tells it; what it is looked up by
} erase_by[] = {[ERASE_RECEIPT] = {"receipt", "receipt"}, [ERASE_ADDRESS] = {"address", "ip"}, [ERASE_RECORD] = {"record", NULL}};

struct erasure {
	struct vault *v;
	enum erase_by by;
	const char *value;
	bool dry_run, only_held; // only_held: see vault_erase_held()
	struct erase_result *out;
	time_t now;
	bool has_subject;
	uint8_t subject[HASH_LEN]; // look-up hash
	struct record_list records;
	struct marker *markers; // what the scan looks for afterwards
	size_t marker_count, marker_capacity;
	bool failed; // no memory for a marker
};

// The first reason is kept.
static void erase_partial(struct erasure *x, const char *where, const char *why)
{
	if (x->out->complete)
		snprintf(x->out->reason, sizeof x->out->reason, "%s: %.200s", where, why);
	x->out->complete = false;
}

static enum sanitise thoroughness(const struct vault *v)
{
	return v->mode == VAULT_ADMIN ? SANITISE_ALL : SANITISE_SMALL;
}

static void add_marker(struct erasure *x, const void *bytes, size_t len)
{
	if (x->marker_count == x->marker_capacity) {
		size_t capacity = x->marker_capacity == 0 ? 16 : 2 * x->marker_capacity;
		void *markers = realloc(x->markers, capacity * sizeof *x->markers);
		x->failed = x->failed || markers == NULL;
		if (markers == NULL)
			return;
		x->markers = markers;
		x->marker_capacity = capacity;
	}
	struct marker *m = &x->markers[x->marker_count++];
	m->len = len > sizeof m->bytes ? sizeof m->bytes : len;
	memcpy(m->bytes, bytes, m->len);
}

// ---- the request log ----

static void erase_day(struct erasure *x, const char *day, bool count_only)
{
	struct vault *v = x->v;
	struct erase_store *sum = &x->out->stores[STORE_REQUEST_LOG];
	struct request_log_hashes hashes;
	const char *address = x->by == ERASE_ADDRESS ? x->value : NULL;
	const uint8_t *subject = x->by != ERASE_ADDRESS && x->has_subject ? x->subject : NULL;
	struct err why = {0};
	uint64_t rows = 0;
	int ret = request_log_hashes_of(v, day, address, subject, &hashes, &why);

	if (ret == 0) {
		if (address != NULL)
			add_marker(x, hashes.address, LOG_HASH_LEN);
		if (subject != NULL)
			add_marker(x, hashes.receipt, LOG_HASH_LEN);
		ret = v->b->log->erase(v->store, day, address == NULL ? NULL : hashes.address, subject == NULL ? NULL : hashes.receipt,
				       count_only, thoroughness(v), &rows, &why);
		commit_outcome(v, ret, &why);
	} else if (why.code == ERR_NOT_FOUND) {
		ret = 0; // without its key nothing of the day can be read
	}
	*(count_only ? &sum->found : &sum->erased) += rows;
	if (ret != 0)
		erase_partial(x, "request log", why.text);
}

static void erase_log(struct erasure *x, bool count_only)
{
	struct err why = {0};
	struct log_day *days;
	int count = x->v->b->log->days(x->v->store, &days, &why);

	for (int i = 0; i < count; i++)
		erase_day(x, days[i].day, count_only);
	free(days);
	if (count < 0)
		erase_partial(x, "request log", why.text);
}

// ---- what the policy keeps ----

// What an end is asked for is deleted, unless the policy or a legal hold keeps it all the same: `due` is its end once its erasure is asked for.
static bool is_kept(const struct erasure *x, const struct record_row *r)
{
	return r->due == 0 || r->due > x->now;
}

static void count_kept(struct erasure *x)
{
	struct erase_result *out = x->out;

	for (size_t i = 0; i < x->records.count; i++) {
		struct record_row *row = &x->records.rows[i];
		const struct life life = record_life_erased(x->v, row, x->now);
		size_t k = 0;
		row->due = life.end;
		if (!is_kept(x, row))
			continue;
		out->stores[STORE_RECORDS].kept++;
		out->stores[STORE_SPOOL].kept += row->has_file;
		while (k < out->kept_count && out->kept[k].kind != row->kind)
			k++;
		struct erase_kept *kept = &out->kept[k];
		if (k == out->kept_count)
			*kept = (struct erase_kept){.kind = row->kind, .until = life.end, .held = life.held};
		out->kept_count += k == out->kept_count;
		kept->count++;
		kept->held = kept->held && life.held;
		kept->until = kept->until == 0 || life.end == 0 ? 0 : life.end > kept->until ? life.end : kept->until;
	}
}

// ---- what hangs on it ----

static int find_subject(struct erasure *x, struct record_query *query, uint8_t tag_hash[HASH_LEN], struct err *e)
{
	const char *tag = erase_by[x->by].tag;
	struct record_row row;
	struct err why = {0};

	if (tag != NULL) {
		key_lookup_hash(x->v, x->subject, "subject", x->value);
		key_lookup_hash(x->v, tag_hash, tag, x->value);
		query->tag = tag;
		query->tag_hash = tag_hash;
		x->has_subject = true;
		add_marker(x, tag_hash, HASH_LEN);
		if (strlen(x->value) >= 7)
			add_marker(x, x->value, strlen(x->value));
		return 0;
	}
	query->id = x->value;
	if (record_read(x->v, VIEW_WRITER, x->value, &row, &why) == 0) {
		x->has_subject = row.has_subject;
		memcpy(x->subject, row.subject, HASH_LEN);
	}
	buf_free(&row.body);
	return why.code == ERR_NONE || why.code == ERR_NOT_FOUND ? 0 : err_set(e, why.code, "%s", why.text);
}

static int find_all(struct erasure *x, struct err *e)
{
	struct record_query query = {.by = RECORDS_OF_PERSON};
	struct erase_result *out = x->out;
	struct vault *v = x->v;
	uint8_t tag_hash[HASH_LEN];
	char hex[2 * HASH_LEN + 1];

	if (find_subject(x, &query, tag_hash, e) != 0)
		return -1;
	if (x->has_subject) {
		query.subject = x->subject;
		hex_encode(hex, x->subject, HASH_LEN);
		add_marker(x, x->subject, HASH_LEN);
		add_marker(x, hex, 2 * HASH_LEN); // as the subject's key is named
		if (v->b->ledger->payload_end(v->store, x->subject, 0, 0, true, &out->stores[STORE_PAYLOADS].found, e) != 0)
			return -1;
	}
	x->records.count = 0;
	if (v->b->records->list(v->store, &query, &x->records, e) != 0)
		return -1;
	out->stores[STORE_RECORDS].found = x->records.count;
	for (size_t i = 0; i < x->records.count; i++) {
		out->stores[STORE_SPOOL].found += x->records.rows[i].has_file;
		// A spool that is not there is not an empty one: with another run folder, the records would go and their files would stay.
		if (x->records.rows[i].has_file && access(v->spool, F_OK) != 0)
			return err_set(e, ERR_NOT_FOUND, "nothing was erased: there is no %s; name the run folder with --run or LETHE_RUN",
				       v->spool);
	}
	count_kept(x);
	erase_log(x, true);
	return 0;
}

// ---- the transaction ----

static void mark_tag(void *arg, const uint8_t hash[HASH_LEN])
{
	add_marker(arg, hash, HASH_LEN);
}

static int erase_rows(struct erasure *x, struct err *e)
{
	const struct erase_store *s = x->out->stores;
	struct vault *v = x->v;
	char details[256];
	const struct ledger_event event = {.name = "erasure", .details = details};

	snprintf(details, sizeof details,
		 "{\"by\":\"%s\",\"records\":%llu,\"kept\":%llu,\"files\":%llu,\"log_rows\":%llu,\"payloads\":%llu}", erase_by[x->by].name,
		 (unsigned long long)(s[STORE_RECORDS].found - s[STORE_RECORDS].kept), (unsigned long long)s[STORE_RECORDS].kept,
		 (unsigned long long)(s[STORE_SPOOL].found - s[STORE_SPOOL].kept), (unsigned long long)s[STORE_REQUEST_LOG].found,
		 (unsigned long long)s[STORE_PAYLOADS].found);
	if (ledger_write(v, &event, &x->out->ledger_index, e) != 0)
		return -1;
	for (size_t i = 0; i < x->records.count; i++) {
		const struct record_row *r = &x->records.rows[i];
		if (r->has_file && !is_kept(x, r))
			add_marker(x, r->id, RECORD_ID_LEN);
		if (is_kept(x, r) ? record_keep(v, r, e) != 0 : v->b->records->end(v->store, r->id, mark_tag, x, e) != 0)
			return -1;
	}
	uint64_t ended;
	return x->has_subject && (v->b->ledger->payload_end(v->store, x->subject, 0, 0, false, &ended, e) != 0 ||
				  key_end_later_of_subject(v, x->subject, e) != 0)
		   ? -1
		   : 0;
}

// ---- everything else ----

static void erase_rest(struct erasure *x)
{
	struct vault *v = x->v;
	struct err why = {0};
	char path[PATH_MAX];
	size_t left = 0;

	for (size_t i = 0; i < x->records.count; i++) {
		const struct record_row *r = &x->records.rows[i];
		if (!r->has_file || is_kept(x, r))
			continue;
		if (vault_spool_path(v, r->id, path, sizeof path, NULL) != 0 || (unlink(path) != 0 && errno != ENOENT))
			erase_partial(x, "spool", "a file cannot be unlinked");
		else
			x->out->stores[STORE_SPOOL].erased++;
	}
	erase_log(x, false);
	if (key_reap(v, &why) != 0)
		erase_partial(x, "keys", why.text);
	if (v->b->upkeep->sanitise(v->store, PART_RECORDS, NULL, thoroughness(v), &why) != 0)
		erase_partial(x, "records", why.text);
	// A tag that another living record bears too (an address, say) is not this subject's alone, and what is kept bears its subject.
	for (size_t i = 0; i < x->marker_count; i++) {
		const struct record_query bearers = {.by = RECORDS_WITH_HASH, .tag_hash = x->markers[i].bytes, .limit = 1};
		struct record_row row = {0};
		if (x->markers[i].len != HASH_LEN || v->b->records->get(v->store, VIEW_WRITER, &bearers, &row, NULL) != 0)
			x->markers[left++] = x->markers[i];
	}
	x->marker_count = left;
}

static bool erase_found_any(const struct erase_result *out)
{
	bool any = false;

	for (size_t i = 0; i < out->store_count; i++)
		any = any || out->stores[i].found > 0;
	return any;
}

static int erase_alone(struct erasure *x, struct err *e)
{
	struct commit_alone alone;

	if (commit_alone(x->v, &alone, e) != 0)
		return -1;
	int ret = find_all(x, e);
	// Is there anything to do and to record? A store that could not be looked into may hold something.
	if (ret == 0 && !x->dry_run && (!x->only_held || !x->out->complete || erase_found_any(x->out))) {
		bool released = x->v->b->upkeep->reserve(x->v->store, false);
		ret = transaction_begin(x->v, LANE_RECORDS, NULL, e) != 0 || transaction_end(x->v, LANE_RECORDS, erase_rows(x, e), e) != 0
			  ? -1
			  : 0;
		struct erase_store *s = x->out->stores;
		s[STORE_RECORDS].erased = ret == 0 ? s[STORE_RECORDS].found - s[STORE_RECORDS].kept : 0;
		s[STORE_PAYLOADS].erased = ret == 0 ? s[STORE_PAYLOADS].found : 0;
		x->out->recorded = ret == 0;
		if (ret == 0)
			erase_rest(x);
		if (released)
			x->v->b->upkeep->reserve(x->v->store, true);
	}
	commit_release(x->v, &alone);
	return ret;
}

// ---- the scan ----

static int look_for_residue(struct erasure *x, struct err *e)
{
	struct found_bytes found = {0};

	if (x->failed)
		return err_set(e, ERR_MEMORY, "no memory to scan");
	int ret = x->v->b->upkeep->find_bytes(x->v->store, x->markers, x->marker_count, &found, e);
	DIR *d = opendir(x->v->spool);
	for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) // file names, against markers that are text
		for (size_t i = 0; i < x->marker_count; i++)
			found.hits += memmem(entry->d_name, strlen(entry->d_name), x->markers[i].bytes, x->markers[i].len) != NULL;
	if (d != NULL)
		closedir(d);
	x->out->residue_files = found.files;
	x->out->residue_bytes = found.bytes;
	x->out->residue_hits = found.hits;
	return ret;
}

// Once more, and thoroughly, while nobody stores anything.
static int clear_and_look_again(struct erasure *x, struct err *e)
{
	const struct backend_upkeep *upkeep = x->v->b->upkeep;
	struct store *store = x->v->store;
	struct commit_alone alone;
	struct log_day *days;

	if (commit_alone(x->v, &alone, e) != 0)
		return -1;
	bool released = upkeep->reserve(store, false);
	if (x->by == ERASE_ADDRESS) { // rows that the address has made since
		erase_log(x, false);
		x->out->stores[STORE_REQUEST_LOG].found = x->out->stores[STORE_REQUEST_LOG].erased;
	}
	int ret = upkeep->sanitise(store, PART_RECORDS, NULL, SANITISE_ALL, e) != 0 ||
			  upkeep->sanitise(store, PART_KEYS, NULL, SANITISE_ALL, e) != 0
		      ? -1
		      : 0;
	int count = x->v->b->log->days(store, &days, ret == 0 ? e : NULL);
	for (int i = 0; i < count && ret == 0; i++)
		ret = upkeep->sanitise(store, PART_LOG, days[i].day, SANITISE_ALL, e);
	free(days);
	if (count < 0)
		ret = -1;
	if (ret == 0)
		ret = look_for_residue(x, e);
	if (released)
		upkeep->reserve(store, true);
	commit_release(x->v, &alone);
	return ret;
}

static void scan_for_residue(struct erasure *x)
{
	struct err why = {0};
	int ret = look_for_residue(x, &why);

	if (ret == 0 && x->out->residue_hits > 0) {
		// No store had it and a file still does, as after a crash: that is something found, and its end is recorded like any other.
		x->only_held = false;
		ret = (!x->out->recorded && erase_alone(x, &why) != 0) || clear_and_look_again(x, &why) != 0 ? -1 : 0;
	}
	if (ret != 0)
		erase_partial(x, "residue scan", why.text);
	else if (x->out->residue_hits > 0)
		erase_partial(x, "residue scan", "something of it is still found in a store file");
}

static int erase_all(struct erasure *x, struct err *e)
{
	struct erase_result *out = x->out;
	char details[128];
	const struct ledger_event outcome = {.name = "erasure-outcome", .details = details};

	*out = (struct erase_result){
	    .stores = {{.name = "records"}, {.name = "spool"}, {.name = "request-log"}, {.name = "ledger-payloads"}},
	    .store_count = ERASE_STORES,
	    .complete = true,
	};
	int ret = x->value[0] == '\0' ? err_set(e, ERR_INPUT, "nothing was named to be erased") : erase_alone(x, e);
	if (ret == 0 && !x->dry_run)
		scan_for_residue(x);
	if (ret == 0 && out->recorded && (erase_found_any(out) || !out->complete)) {
		snprintf(details, sizeof details, "{\"event\":%llu,\"complete\":%s}", (unsigned long long)out->ledger_index,
			 out->complete ? "true" : "false");
		ledger_append(x->v, &outcome, NULL);
	}
	if (x->markers != NULL)
		wipe(x->markers, x->marker_capacity * sizeof *x->markers);
	free(x->markers);
	free(x->records.rows);
	wipe(x, sizeof *x);
	return ret;
}

int vault_erase(struct vault *v, enum erase_by by, const char *value, bool dry_run, struct erase_result *out, struct err *e)
{
	struct erasure x = {.v = v, .now = when_now(), .by = by, .value = value, .dry_run = dry_run, .out = out};

	return erase_all(&x, e);
}

int vault_erase_held(struct vault *v, const char *receipt, struct erase_result *out, struct err *e)
{
	struct erasure x = {.v = v, .now = when_now(), .by = ERASE_RECEIPT, .value = receipt, .only_held = true, .out = out};

	return erase_all(&x, e);
}
