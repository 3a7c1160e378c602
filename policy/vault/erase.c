// SPDX-License-Identifier: ISC
// Erasure. The event is committed together with the deletion of rows, the naming of keys to be ended, and the list of what is to be searched for;
// then files, log rows, keys and the write-ahead logs go, and small files are rewritten. From then on what was erased can be read in no way: its
// rows are overwritten (secure_delete), and its key is in no file any more, which reaches freed disk blocks and every copy of the store.
//
// Whether a trace is left all the same, in the slack of some page, is what the search through the raw files tells: at once where they are small,
// else by the next pruning, so that neither the officer nor anybody else waits for gigabytes to be read. secure_delete and rowid tables left
// nothing in 200 random histories; if it should find something, the files are rewritten whatever their size.
//
// The list (keyed hashes and record ids) is the payload of the erasure's own event: sealed, bound to it, and ended when the search is done. The
// number "unsearched" leads to the first one. So what a crash or a full disk leaves undone is known, `lethe check` shows it, and pruning completes it.
#include "policy/vault/erase.h"
#include "policy/base/array.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_walk.h"
#include "policy/vault/record.h"
#include "policy/vault/request_log.h"
#include "policy/vault/restrict.h"
#include "policy/vault/segment.h"
#include "policy/vault/space_reserve.h"
#include "policy/vault/subject.h"
#include "policy/vault/tombstone.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STORE_RECORDS, STORE_SPOOL, STORE_REQUEST_LOG, STORE_PAYLOADS, ERASE_STORES };
enum { FINISH_MAX = 256 }; // erasures in one go; the others come next time
static const char LIST_HEAD[] = "lethe-erasure/1\n";

struct markers {             // what is searched for
	struct marker *list; // `at`: of the erasure of each
	size_t count, capacity;
	time_t now;  // of those that are added
	bool failed; // no memory for one
};

struct erasure {
	struct vault *v;
	enum erase_by by;
	const char *value;
	bool dry_run, residue; // residue: no store had anything, and a file does
	bool later;            // the files are searched later
	bool sender_stays;     // a request of the subject itself, with what the ledger has sealed for who made it
	bool verifies;         // what came since is not looked at
	bool reserve_released; // the disk was full
	struct erase_result *out;
	time_t now;
	time_t judged; // by which it is decided what is kept: `now`, but where the clock has leapt
	struct subject who;
	struct record_list records;
	struct markers markers;
	char list_subject[TOKEN_LEN + 1];    // whom the payload with the markers is about: nobody else
	const struct tombstone *again;       // it is done again, as this says; NULL: for the first time
	const struct erase_selector *before; // what these lead to, too, is left out
	size_t before_count;
	struct tombstone tombstone; // it is written as this
};

// The first reason is kept.
static void erase_partial(struct erasure *x, const char *where, const char *why)
{
	if (x->out->complete)
		snprintf(x->out->reason, sizeof x->out->reason, "%s: %.200s", where, why);
	x->out->complete = false;
}

// On a full disk even deleting fails, until the reserve is given free.
static bool made_space(struct erasure *x, const struct err *why)
{
	bool released = why->code == ERR_FULL && space_reserve(x->v->state, false);

	x->reserve_released = x->reserve_released || released;
	return released;
}

static void marker_add(struct markers *m, const void *bytes, size_t len)
{
	m->failed = m->failed || !ARRAY_GROW(m->list, m->count, m->capacity);
	if (m->failed)
		return;
	struct marker *one = &m->list[m->count++];
	one->at = m->now;
	one->len = len > sizeof one->bytes ? sizeof one->bytes : len;
	memcpy(one->bytes, bytes, one->len);
}

static void markers_free(struct markers *m)
{
	if (m->list != NULL)
		wipe(m->list, m->capacity * sizeof *m->list);
	free(m->list);
}

// ---- the request log ----

// What is looked for in a day, which is marked for the search; false: nothing is.
static bool erase_log_by(struct erasure *x, struct key_page *keys, const char *day, struct subject_log *by, bool count_only, struct err *e)
{
	struct tombstone *t = &x->tombstone;

	if (subject_log_find(x->v, &x->who, keys, day, by, NULL, e) != 0)
		return false;
	for (size_t i = 0; x->again != NULL && i < x->again->day_count; i++)
		if (strcmp(x->again->days[i].day, day) == 0)
			by->address = x->again->days[i].hash;
	if (by->address != NULL && count_only && t->day_count < TOMBSTONE_DAYS_MAX) {
		snprintf(t->days[t->day_count].day, sizeof t->days->day, "%s", day);
		memcpy(t->days[t->day_count++].hash, by->address, LOG_HASH_LEN);
	}
	if (by->address != NULL)
		marker_add(&x->markers, by->address, LOG_HASH_LEN);
	if (by->receipt != NULL)
		marker_add(&x->markers, by->receipt, LOG_HASH_LEN);
	return by->address != NULL || by->receipt != NULL;
}

static void erase_log(struct erasure *x, bool count_only)
{
	struct vault *v = x->v;
	struct erase_store *sum = &x->out->stores[STORE_REQUEST_LOG];
	const time_t until = x->again != NULL ? x->again->at : x->verifies ? x->now : INT64_MAX;
	struct err why = {0};
	struct log_day *days;
	const int count = v->b->log->days(v->store, &days, &why);
	const size_t capacity = count > 0 ? (size_t)count : 1;
	struct subject_log *by = calloc(capacity, sizeof *by);
	struct log_erasure *list = calloc(capacity, sizeof *list);
	struct key_page keys = {0};
	size_t n = 0;

	if (by == NULL || list == NULL)
		err_set(&why, ERR_MEMORY, "no memory");
	for (int i = 0; i < count && by != NULL && list != NULL; i++) {
		const char *day = days[i].day;
		struct err failed = {0};
		if (erase_log_by(x, &keys, day, &by[n], count_only, &failed)) {
			list[n] = (struct log_erasure){.day = day, .address = by[n].address, .receipt = by[n].receipt};
			n++;
		}
		if (failed.code == ERR_NONE && days[i].set_aside)
			err_set(&failed, ERR_CORRUPT, "a part of %s is damaged and was set aside until the day ends", day);
		if (failed.code != ERR_NONE && why.code == ERR_NONE)
			why = failed;
	}
	v->b->log->erase(v->store, list, n, until, count_only);
	for (size_t i = 0; i < n; i++) {
		struct log_erasure *one = &list[i];
		while (!count_only && one->err.code != ERR_NONE && made_space(x, &one->err)) {
			one->err = (struct err){0};
			v->b->log->erase(v->store, one, 1, until, false);
		}
		*(count_only ? &sum->found : &sum->erased) += one->rows;
		if (commit_outcome(v, one->err.code == ERR_NONE ? 0 : -1, &one->err) != 0)
			why = one->err;
	}
	if (!count_only && sum->erased > sum->found) // rows that came since
		sum->found = sum->erased;
	if (why.code != ERR_NONE)
		erase_partial(x, "request log", why.text);
	free(list);
	free(by);
	free(days);
}

// ---- what the policy keeps ----

// What an end is asked for is deleted, unless the policy or a legal hold keeps it all the same: `due` is its end once its erasure is asked for.
static bool is_kept(const struct erasure *x, const struct record_row *r)
{
	return r->due == 0 || r->due > x->judged;
}

// A data-subject request that names the receipt, or gives the contact: its own subject is who made it.
static bool names_the_subject(const struct erasure *x, const struct record_row *r)
{
	return (x->by == ERASE_RECEIPT || x->by == ERASE_CONTACT) && r->kind == KIND_RIGHTS_REQUEST &&
	       !(x->who.known && memcmp(r->subject, x->who.hash, HASH_LEN) == 0);
}

static void erase_kept_add(struct erase_result *sum, const struct erase_kept *k)
{
	struct erase_kept *to = sum->kept;

	while (to < sum->kept + sum->kept_count && to->kind != k->kind)
		to++;
	if (to == sum->kept + sum->kept_count) {
		*to = *k;
		sum->kept_count++;
		return;
	}
	to->count += k->count;
	to->held = to->held && k->held;
	to->ground = to->ground != NULL ? to->ground : k->ground;
	to->open = to->open && k->open;
	to->until = to->until == 0 || k->until == 0 ? 0 : k->until > to->until ? k->until : to->until;
}

// Leaves in x->records what an erasure ends or changes.
static void count_kept(struct erasure *x)
{
	struct erase_result *out = x->out;
	struct clock_state clock;
	size_t left = 0;

	x->judged = x->now;
	for (size_t i = 0; i < x->records.count && x->judged == x->now; i++) { // what is over is so by the clock, which may have leapt
		const time_t end = record_life(x->v, &x->records.rows[i]).end;
		if (end != 0 && end <= x->now && vault_clock(x->v, &clock, NULL) == 0 && clock.leapt)
			x->judged = clock.judged;
	}
	for (size_t i = 0; i < x->records.count; i++) {
		struct record_row *row = &x->records.rows[i];
		const bool open = row->kind == KIND_RIGHTS_REQUEST && row->facts.since[LIFE_CLOSED] == 0;
		const bool again = row->facts.since[LIFE_ERASED] != 0;
		const struct life life = open ? record_life(x->v, row) // it is to be answered first
					      : record_life_erased(x->v, row, x->judged);
		out->requests += names_the_subject(x, row);
		row->due = life.end;
		if (!is_kept(x, row)) {
			x->records.rows[left++] = *row;
			continue;
		}
		row->due = record_life(x->v, row).end; // also where the clock is behind the day on which it was made
		out->stores[STORE_RECORDS].kept++;
		out->stores[STORE_SPOOL].kept += row->has_file;
		erase_kept_add(out,
			       &(struct erase_kept){.kind = row->kind, .count = 1, .until = life.end, .held = life.held, .open = open});
		x->sender_stays = x->sender_stays || (row->kind == KIND_RIGHTS_REQUEST && !names_the_subject(x, row));
		out->held = out->held || (life.held && !open);
		if (open || again)
			out->settled++;
		else
			x->records.rows[left++] = *row;
	}
	x->records.count = left;
}

static int payloads_count(struct vault *v, const uint8_t *subject, uint64_t *count, struct err *e)
{
	struct payload_row row;
	int there;

	for (int64_t from = 0; (there = v->b->ledger->payload_get(v->store, subject, from, &row, e)) > 0; from = row.seq + 1) {
		buf_free(&row.body);
		++*count;
	}
	return there;
}

// What the ledger has sealed about the subject, and about who made a request that ends with it.
static int payloads_end(struct erasure *x, bool count_only, uint64_t *count, struct err *e)
{
	struct vault *v = x->v;

	*count = 0;
	for (size_t i = 0; i <= x->records.count; i++) {
		const struct record_row *r = i < x->records.count ? &x->records.rows[i] : NULL;
		const uint8_t *subject = r != NULL ? r->subject : x->who.hash;
		uint64_t ended = 0;
		if (r != NULL ? !names_the_subject(x, r) || is_kept(x, r) : !x->who.known || x->sender_stays)
			continue;
		if (count_only ? payloads_count(v, subject, count, e) != 0
			       : v->b->ledger->payload_end(v->store, subject, 0, 0, &ended, e) != 0)
			return -1;
		*count += ended;
	}
	return 0;
}

// ---- what hangs on it ----

static int erase_records(const struct erasure *x, struct record_list *out, struct err *e)
{
	int ret = subject_records(x->v, VIEW_COMMITTED, &x->who, out, e);

	for (size_t i = 0; i < x->before_count && ret == 0; i++) {
		struct record_list known = {0};
		struct subject who;
		size_t left = 0;
		ret = subject_find(x->v, VIEW_COMMITTED, x->before[i].by, x->before[i].value, &who, e) != 0 ||
			      subject_records(x->v, VIEW_COMMITTED, &who, &known, e) != 0
			  ? -1
			  : 0;
		for (size_t r = 0; r < out->count; r++) {
			size_t k = 0;
			while (k < known.count && strcmp(known.rows[k].id, out->rows[r].id) != 0)
				k++;
			if (k == known.count)
				out->rows[left++] = out->rows[r];
		}
		out->count = left;
		free(known.rows);
	}
	return ret;
}

static int find_all(struct erasure *x, struct err *e)
{
	struct erase_result *out = x->out;
	struct vault *v = x->v;
	char hex[2 * HASH_LEN + 1];

	x->tombstone.day_count = 0;
	if (x->again != NULL) {
		subject_named(x->again, &x->who);
	} else if (subject_find(v, VIEW_COMMITTED, x->by, x->value, &x->who, e) != 0) {
		return -1;
	}
	if (x->who.tag != NULL)
		marker_add(&x->markers, x->who.tag_hash, HASH_LEN);
	if (x->who.known) {
		hex_encode(hex, x->who.hash, HASH_LEN);
		marker_add(&x->markers, x->who.hash, HASH_LEN);
		marker_add(&x->markers, hex, 2 * HASH_LEN); // as the subject's key is named
	}
	x->records.count = 0;
	if (erase_records(x, &x->records, e) != 0)
		return -1;
	if (x->again != NULL) { // what was stored since was not meant
		size_t left = 0;
		for (size_t i = 0; i < x->records.count; i++)
			if (x->records.rows[i].facts.made <= x->again->at)
				x->records.rows[left++] = x->records.rows[i];
		x->records.count = left;
	}
	out->stores[STORE_RECORDS].found = x->records.count;
	for (size_t i = 0; i < x->records.count; i++) {
		const time_t made = x->records.rows[i].facts.made;
		out->oldest = i == 0 || made < out->oldest ? made : out->oldest;
		out->newest = made > out->newest ? made : out->newest;
		out->stores[STORE_SPOOL].found += x->records.rows[i].has_file;
		// A spool that is not there is not an empty one: with another run folder, the records would go and their files would stay.
		if (x->again == NULL && x->records.rows[i].has_file && access(v->spools[SPOOL_MEMORY], F_OK) != 0)
			return err_set(e, ERR_NOT_FOUND, "nothing was erased: there is no %s; name the run folder with --run or LETHE_RUN",
				       v->spools[SPOOL_MEMORY]);
	}
	count_kept(x);
	if (payloads_end(x, true, &out->stores[STORE_PAYLOADS].found, e) != 0)
		return -1;
	erase_log(x, true);
	return 0;
}

// ---- the transaction ----

static void mark_tag(void *arg, const struct tag_row *tag)
{
	marker_add(arg, tag->hash, HASH_LEN);
}

// The event stands in the same transaction, last, as it has the markers of all that went.
static int erase_rows(struct erasure *x, struct err *e)
{
	const struct erase_store *s = x->out->stores;
	struct vault *v = x->v;
	struct buf list BUF_AUTO = BUF_INIT(VAULT_BODY_MAX);
	char details[256];
	uint64_t ended;
	int64_t first;

	// Before what is kept is carried, whose numbers are higher.
	if (tombstone_applied(v, &x->tombstone, e) != 0)
		return -1;
	for (size_t i = 0; i < x->records.count; i++) {
		const struct record_row *r = &x->records.rows[i];
		if (r->has_file && !is_kept(x, r))
			marker_add(&x->markers, r->id, RECORD_ID_LEN);
		if (is_kept(x, r) ? record_keep(v, r, x->again == NULL, e) != 0
				  : v->b->records->tags(v->store, r->id, mark_tag, &x->markers, e) != 0 ||
					v->b->records->end(v->store, r->id, e) != 0)
			return -1;
	}
	if (payloads_end(x, false, &ended, e) != 0 || (x->who.known && key_end_later_of_subject(v, x->who.hash, e) != 0))
		return -1;
	snprintf(details, sizeof details,
		 "{\"by\":\"%s\",\"records\":%llu,\"kept\":%llu,\"files\":%llu,\"log_rows\":%llu,\"payloads\":%llu", tombstone_by[x->by],
		 (unsigned long long)(s[STORE_RECORDS].found - s[STORE_RECORDS].kept), (unsigned long long)s[STORE_RECORDS].kept,
		 (unsigned long long)(s[STORE_SPOOL].found - s[STORE_SPOOL].kept), (unsigned long long)s[STORE_REQUEST_LOG].found,
		 (unsigned long long)s[STORE_PAYLOADS].found);
	size_t len = strlen(details);
	if (x->tombstone.number != 0)
		len += (size_t)snprintf(details + len, sizeof details - len, ",\"%s\":%lld", x->again != NULL ? "again" : "tombstone",
					(long long)x->tombstone.number);
	snprintf(details + len, sizeof details - len, "}");
	token_new(x->list_subject);
	buf_adds(&list, LIST_HEAD);
	for (size_t i = 0; i < x->markers.count; i++) {
		buf_addc(&list, (char)x->markers.list[i].len);
		buf_add(&list, x->markers.list[i].bytes, x->markers.list[i].len);
	}
	if (list.failed || x->markers.failed)
		return err_set(e, ERR_MEMORY, "no memory for so large an erasure");
	const struct ledger_event event = {
	    .name = "erasure", .details = details, .payload = list.data, .payload_len = list.len, .subject = x->list_subject};
	if (ledger_write(v, &event, &x->out->ledger_index, e) != 0 ||
	    v->b->upkeep->number_get(v->store, segment_number_unsearched, &first, e) != 0)
		return -1;
	return first != 0 ? 0 : v->b->upkeep->number_set(v->store, segment_number_unsearched, (int64_t)x->out->ledger_index + 1, e);
}

// ---- everything else ----

// A tag that another living record bears too is not this subject's alone, and what is kept bears its subject.
static void markers_drop_used(struct vault *v, struct markers *m)
{
	size_t left = 0;

	for (size_t i = 0; i < m->count; i++) {
		const struct marker *one = &m->list[i];
		uint8_t hash[HASH_LEN];
		char hex[2 * HASH_LEN + 1];
		struct record_list found = {0};
		const struct record_query bearers = {.by = RECORDS_WITH_HASH, .tag_hash = hash, .limit = 1};
		snprintf(hex, sizeof hex, "%.*s", (int)one->len, (const char *)one->bytes);
		memcpy(hash, one->bytes, HASH_LEN);
		bool is_hash = one->len == HASH_LEN || (one->len == 2 * HASH_LEN && hex_decode(hash, HASH_LEN, hex) == 0);
		if (!is_hash || v->b->records->find(v->store, VIEW_WRITER, &bearers, &found, NULL) != 0 || found.count == 0)
			m->list[left++] = *one;
		free(found.rows);
	}
	m->count = left;
}

// Step by step, so that others write in between.
static void erase_rest(struct erasure *x)
{
	struct vault *v = x->v;
	struct err why = {0};
	char path[PATH_MAX];
	int ret;

	for (size_t i = 0; i < x->records.count; i++) {
		const struct record_row *r = &x->records.rows[i];
		if (!r->has_file || is_kept(x, r))
			continue;
		if (vault_spool_path(v, r->id, path, sizeof path, NULL) != 0 || (unlink(path) != 0 && errno != ENOENT))
			erase_partial(x, "spool", "a file cannot be unlinked");
		else
			x->out->stores[STORE_SPOOL].erased++;
	}
	for (int step = 0; step < 3; step++) {
		struct commit_alone alone ALONE_AUTO = {0};
		if (commit_alone(v, &alone, &why) != 0) {
			erase_partial(x, "stores", why.text);
			return;
		}
		do
			ret = step == 0   ? (erase_log(x, false), 0)
			      : step == 1 ? key_reap(v, &why)
					  : v->b->upkeep->sanitise(v->store, SANITISE_SMALL, &why);
		while (ret != 0 && made_space(x, &why));
		if (ret != 0)
			erase_partial(x, step == 1 ? "keys" : "records", why.text);
		if (step == 2)
			markers_drop_used(v, &x->markers);
	}
}

bool vault_erase_pending(const struct erase_result *r)
{
	bool any = r->stores[STORE_RECORDS].found > r->settled;

	for (size_t i = 0; i < r->store_count; i++)
		any = any || r->stores[i].found > r->stores[i].kept;
	return any;
}

// Before anything is deleted: from then on no backup brings it back.
static int tombstone_put(struct erasure *x, struct err *e)
{
	struct tombstone *t = &x->tombstone;

	t->at = x->now;
	subject_name(t, &x->who);
	if (tombstone_write(x->v, t, e) != 0)
		return -1;
	x->out->backups.tombstone = t->number;
	x->out->backups.purge_by = t->until;
	return 0;
}

// A look alone waits for no writer, and none waits for it.
static int erase_alone(struct erasure *x, struct err *e)
{
	struct commit_alone alone;
	struct store_survey held = {0};
	struct err why = {0};

	if (x->dry_run)
		return find_all(x, e);
	if (commit_alone(x->v, &alone, e) != 0)
		return -1;
	int ret = find_all(x, e) != 0 || x->v->b->upkeep->survey(x->v->store, &held, e) != 0 ? -1 : 0;
	// Without a ledger that keeps the list of what to search for, it is searched for now.
	x->later = x->v->policy->kinds[KIND_LEDGER].keep == KEEP_STORED &&
		   held.database_bytes + held.pending_bytes + held.log_bytes > x->v->scan_at_once;
	// Is there anything to do and to record? A store that could not be looked into may hold something.
	bool erases = ret == 0 && (x->residue || !x->out->complete || vault_erase_pending(x->out));
	if (erases) {
		do
			ret = x->again != NULL ? 0 : tombstone_put(x, &why);
		while (ret != 0 && made_space(x, &why));
	}
	if (erases && ret != 0) {
		err_set(e, why.code, "nothing was erased: %s", why.text);
	} else if (erases) {
		do
			ret = transaction_end(x->v, LANE_RECORDS, erase_rows(x, &why), &why);
		while (ret != 0 && made_space(x, &why));
		struct erase_store *s = x->out->stores;
		s[STORE_RECORDS].erased = ret == 0 ? s[STORE_RECORDS].found - s[STORE_RECORDS].kept : 0;
		s[STORE_PAYLOADS].erased = ret == 0 ? s[STORE_PAYLOADS].found : 0;
		x->out->recorded = ret == 0;
		if (ret != 0)
			err_set(e, why.code, "%s", why.text);
	} else if (ret == 0 && (x->out->settled > 0 || x->before_count > 0)) {
		markers_drop_used(x->v, &x->markers);
	}
	commit_release(&alone);
	if (erases && ret == 0)
		erase_rest(x);
	return ret;
}

// ---- the search ----

// Files whose names have a marker that is text; what was erased and not unlinked yet is, with `end`.
static uint64_t marked_files(const struct vault *v, const struct markers *m, bool end)
{
	uint64_t found = 0;

	for (int s = 0; s < SPOOLS; s++) {
		DIR *d = opendir(v->spools[s]);
		for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;)
			for (size_t i = 0; i < m->count; i++)
				if (memmem(entry->d_name, strlen(entry->d_name), m->list[i].bytes, m->list[i].len) != NULL)
					found += !end || unlinkat(dirfd(d), entry->d_name, 0) != 0;
		if (d != NULL)
			closedir(d);
	}
	return found;
}

static int markers_search(const struct vault *v, const struct markers *m, struct found_bytes *out, struct err *e)
{
	*out = (struct found_bytes){0};
	if (m->failed)
		return err_set(e, ERR_MEMORY, "no memory to search");
	int ret = m->count == 0 ? 0 : v->b->upkeep->find_bytes(v->store, m->list, m->count, out, e);
	out->hits += marked_files(v, m, false);
	return ret;
}

// Once more, and thoroughly, while nobody stores anything.
static int clear_and_search_again(struct erasure *x, struct found_bytes *found, struct err *e)
{
	struct commit_alone alone ALONE_AUTO = {0};
	int ret;

	if (commit_alone(x->v, &alone, e) != 0)
		return -1;
	erase_log(x, false);                  // rows that came since
	markers_drop_used(x->v, &x->markers); // by what was stored since
	do
		ret = x->v->b->upkeep->sanitise(x->v->store, SANITISE_ALL, e);
	while (ret != 0 && made_space(x, e));
	return ret == 0 ? markers_search(x->v, &x->markers, found, e) : -1;
}

static void scan_for_residue(struct erasure *x)
{
	struct found_bytes found;
	struct err why = {0};

	if (x->by != ERASE_RECORD && x->again == NULL && strlen(x->value) >= 7) // it stands nowhere in clear
		marker_add(&x->markers, x->value, strlen(x->value));
	int ret = markers_search(x->v, &x->markers, &found, &why);
	if (ret == 0 && found.hits > 0) {
		// No store had it and a file still does, as after a crash: that is something found, and its end is recorded like any other.
		x->residue = true;
		ret = (!x->out->recorded && erase_alone(x, &why) != 0) || clear_and_search_again(x, &found, &why) != 0 ? -1 : 0;
	}
	x->out->residue_files = found.files;
	x->out->residue_bytes = found.bytes;
	x->out->residue_hits = found.hits;
	if (ret != 0)
		erase_partial(x, "residue scan", why.text);
	else if (found.hits > 0)
		erase_partial(x, "residue scan", "something of it is still found in a store file");
}

// ---- the end ----

struct finish {
	struct outstanding {
		uint64_t index;            // of the erasure's event
		uint8_t subject[HASH_LEN]; // of its payload
	} list[FINISH_MAX];
	size_t count;
	bool tell, complete; // an event with the outcome; nothing is left to do
	bool first;          // nothing is outstanding before them
};

static int run_finish(struct vault *v, void *arg, struct err *e)
{
	const struct finish *f = arg;
	struct payload_row next;
	char details[128];
	const struct ledger_event outcome = {.name = "erasure-outcome", .details = details};
	int64_t first;
	uint64_t ended = 0, last = f->count == 0 ? 0 : f->list[f->count - 1].index;

	for (size_t i = 0; i < f->count; i++) {
		snprintf(details, sizeof details, "{\"event\":%llu,\"complete\":%s}", (unsigned long long)f->list[i].index,
			 f->complete ? "true" : "false");
		ended = 0;
		// Whoever ends its list tells of it: who comes later, or gave it up in vain, says nothing.
		if (f->complete ? v->b->ledger->payload_end(v->store, f->list[i].subject, 0, 0, &ended, e) != 0
				: payloads_count(v, f->list[i].subject, &ended, e) != 0)
			return -1;
		if (f->tell && ended > 0 && ledger_write(v, &outcome, NULL, e) != 0)
			return -1;
	}
	if (!f->complete || v->b->upkeep->number_get(v->store, segment_number_unsearched, &first, e) != 0)
		return f->complete ? -1 : 0;
	if (first == 0 || (!f->first && (uint64_t)first != last + 1))
		return 0;
	// Others may have come since.
	int there = v->b->ledger->payload_get(v->store, NULL, (int64_t)last + 1, &next, e);
	buf_free(&next.body);
	return there < 0 ? -1 : v->b->upkeep->number_set(v->store, segment_number_unsearched, there > 0 ? (int64_t)last + 2 : 0, e);
}

static int take_time(void *arg, const struct ledger_row *row)
{
	*(time_t *)arg = row->at;
	return 1;
}

int erase_outstanding(struct vault *v, time_t *since, struct err *e)
{
	int64_t first;

	*since = 0;
	if (v->b->upkeep->number_get(v->store, segment_number_unsearched, &first, e) != 0)
		return -1;
	return first == 0 ? 0 : ledger_walk(v, (uint64_t)first - 1, (uint64_t)first, take_time, since, e);
}

// Adds the markers of one erasure that is not finished.
static int take_up(struct vault *v, const struct payload_row *row, struct finish *f, struct markers *m, struct err *e)
{
	BUF_AUTO_WIPE struct buf plain = BUF_INIT(STORE_VALUE_MAX);
	struct outstanding *one = &f->list[f->count];
	struct err why = {0};
	const size_t head = SALT_LEN + strlen(LIST_HEAD);

	if (ledger_payload_open(v, row, &plain, &why) != 0)
		return why.code == ERR_NOT_FOUND || why.code == ERR_CORRUPT ? 0 : err_set(e, why.code, "%s", why.text);
	if (plain.len < head || memcmp(plain.data + SALT_LEN, LIST_HEAD, strlen(LIST_HEAD)) != 0)
		return 0; // that of another event
	one->index = (uint64_t)row->seq;
	memcpy(one->subject, row->subject, HASH_LEN);
	f->count++;
	if (ledger_walk(v, one->index, one->index + 1, take_time, &m->now, e) != 0)
		return -1;
	for (size_t i = head; i < plain.len && (uint8_t)plain.data[i] < plain.len - i; i += 1 + (size_t)(uint8_t)plain.data[i])
		marker_add(m, plain.data + i + 1, (uint8_t)plain.data[i]);
	return m->failed ? err_set(e, ERR_MEMORY, "no memory") : 0;
}

// For who is alone: deletes the rows of the log that a crash left, and forgets the markers of those that are later.
static int finish_log(struct vault *v, struct markers *m, struct err *e)
{
	struct log_day *days;
	const int count = v->b->log->days(v->store, &days, e);
	struct log_erasure *list = calloc(count > 0 ? (size_t)count : 1, sizeof *list);
	size_t left = 0;
	int ret = list == NULL ? err_set(e, ERR_MEMORY, "no memory") : count < 0 ? -1 : 0;

	for (size_t i = 0; list != NULL && i < m->count && ret == 0; i++) {
		const uint8_t *hash = m->list[i].bytes;
		uint64_t later = 0;
		for (int pass = 0; pass < 2 && m->list[i].len == LOG_HASH_LEN && ret == 0; pass++) {
			for (int d = 0; d < count; d++)
				list[d] = (struct log_erasure){.day = days[d].day, .address = hash, .receipt = hash};
			v->b->log->erase(v->store, list, (size_t)count, pass == 0 ? m->list[i].at : INT64_MAX, pass > 0);
			for (int d = 0; d < count && ret == 0; d++) {
				if (commit_outcome(v, list[d].err.code == ERR_NONE ? 0 : -1, &list[d].err) != 0)
					ret = err_set(e, list[d].err.code, "%s", list[d].err.text);
				later += pass > 0 ? list[d].rows : 0;
			}
		}
		if (later == 0)
			m->list[left++] = m->list[i];
	}
	if (ret == 0)
		m->count = left;
	free(list);
	free(days);
	return ret;
}

// For who is alone. 1: there is something to search for.
static int take_up_all(struct vault *v, struct finish *f, struct markers *m, struct err *e)
{
	struct payload_row row;
	int64_t from;
	int there = 1, ret = v->b->upkeep->number_get(v->store, segment_number_unsearched, &from, e);

	if (ret != 0 || from == 0)
		return ret;
	for (from--; ret == 0 && f->count < FINISH_MAX && (there = v->b->ledger->payload_get(v->store, NULL, from, &row, e)) > 0;
	     from = row.seq + 1) {
		ret = take_up(v, &row, f, m, e);
		buf_free(&row.body);
	}
	if (ret != 0 || there < 0 || v->b->upkeep->sanitise(v->store, SANITISE_SMALL, e) != 0)
		return -1;
	markers_drop_used(v, m);
	return 1;
}

// Found is what a crash left or whoever erases has not come to yet (a row of the log, a key, a file), what was stored later, or a trace of what is gone.
static int clear_what_was_found(struct vault *v, struct markers *m, struct err *e)
{
	struct found_bytes found = {0};
	struct commit_alone alone ALONE_AUTO = {0};

	if (commit_alone(v, &alone, e) != 0)
		return -1;
	int ret = finish_log(v, m, e) != 0 || key_reap(v, e) != 0 || v->b->upkeep->sanitise(v->store, SANITISE_ALL, e) != 0 ? -1 : 0;
	markers_drop_used(v, m);
	marked_files(v, m, true);
	if (ret != 0 || markers_search(v, m, &found, e) != 0)
		return -1;
	return found.hits == 0
		   ? 0
		   : err_set(e, ERR_CORRUPT, "something that was erased is still found in a store file, though all were rewritten");
}

int erase_finish(struct vault *v, struct err *e)
{
	struct finish f = {.tell = true, .complete = true, .first = true};
	struct markers m = {0};
	struct found_bytes found;
	struct commit_alone alone ALONE_AUTO = {0};
	struct err why = {0};
	int ret = commit_alone(v, &alone, &why) != 0 ? -1 : take_up_all(v, &f, &m, &why);

	commit_release(&alone);
	if (ret > 0) {
		ret = markers_search(v, &m, &found, &why) != 0 || (found.hits > 0 && clear_what_was_found(v, &m, &why) != 0) ||
			      commit_records(v, run_finish, &f, &why) != 0
			  ? -1
			  : 0;
	}
	markers_free(&m);
	return ret != 0 && why.code != ERR_BUSY ? err_set(e, why.code, "%s", why.text) : 0; // a reader in the way: the next time
}

// Looks again, by what led there.
static void erase_verify(struct erasure *x)
{
	struct erase_store *s = x->out->stores;
	const uint64_t log_found = s[STORE_REQUEST_LOG].found;
	const bool complete = x->out->complete;
	struct record_list records = {0};
	uint64_t payloads = 0, files = 0;
	char path[PATH_MAX];
	struct err why = {0};

	x->verifies = true;
	x->out->complete = true;
	s[STORE_REQUEST_LOG].found = 0;
	erase_log(x, true);
	for (size_t i = 0; i < x->records.count; i++)
		files += x->records.rows[i].has_file && !is_kept(x, &x->records.rows[i]) &&
			 vault_spool_path(x->v, x->records.rows[i].id, path, sizeof path, NULL) == 0 && access(path, F_OK) == 0;
	const bool gone[ERASE_STORES] = {
	    [STORE_RECORDS] = erase_records(x, &records, &why) == 0 && records.count <= s[STORE_RECORDS].kept,
	    [STORE_SPOOL] = files == 0,
	    [STORE_REQUEST_LOG] = x->out->complete && s[STORE_REQUEST_LOG].found == 0,
	    [STORE_PAYLOADS] = payloads_end(x, true, &payloads, &why) == 0 && payloads == 0,
	};
	for (size_t i = 0; i < ERASE_STORES; i++)
		s[i].verified = gone[i] ? when_now() : 0;
	s[STORE_REQUEST_LOG].found = log_found;
	x->out->complete = complete;
	free(records.rows);
}

static int erase_all(struct erasure *x, struct err *e)
{
	struct erase_result *out = x->out;
	struct vault *v = x->v;

	*out = (struct erase_result){
	    .stores = {{.name = "records"}, {.name = "spool"}, {.name = "request-log"}, {.name = "ledger-payloads"}},
	    .store_count = ERASE_STORES,
	    .complete = true,
	};
	int ret = x->value[0] == '\0' && x->again == NULL ? err_set(e, ERR_INPUT, "nothing was named to be erased") : erase_alone(x, e);
	if (ret == 0 && !x->dry_run && !x->later)
		scan_for_residue(x);
	if (ret == 0 && !x->dry_run && x->again == NULL)
		erase_verify(x);
	if (ret == 0 && out->recorded && (!x->later || !out->complete)) {
		struct finish f = {.count = 1,
				   .tell = vault_erase_pending(out) || !out->complete,
				   .complete = out->complete,
				   .list[0].index = out->ledger_index};
		key_lookup_hash(v, f.list[0].subject, "subject", x->list_subject);
		commit_records(v, run_finish, &f, NULL); // else it stays outstanding
	}
	out->searched_later = x->later && out->recorded;
	if (x->reserve_released)
		space_reserve(v->state, true);
	markers_free(&x->markers);
	free(x->records.rows);
	wipe(x, sizeof *x);
	return ret;
}

int vault_erase_next(struct vault *v, const struct erase_selector *list, size_t count, bool dry_run, struct erase_result *out,
		     struct err *e)
{
	struct erasure x = {.v = v,
			    .now = when_now(),
			    .by = list[count - 1].by,
			    .value = list[count - 1].value,
			    .dry_run = dry_run,
			    .out = out,
			    .before = list,
			    .before_count = count - 1};

	if (erase_all(&x, e) != 0)
		return -1;
	if (!dry_run) // what fails here, pruning does
		(void)tombstone_settle(v, x.now, NULL);
	return 0;
}

int vault_erase(struct vault *v, enum erase_by by, const char *value, bool dry_run, struct erase_result *out, struct err *e)
{
	return vault_erase_next(v, &(struct erase_selector){by, value}, 1, dry_run, out, e);
}

void erase_result_add(struct erase_result *sum, const struct erase_result *one)
{
	if (sum->store_count == 0) {
		*sum = *one;
		return;
	}
	for (size_t i = 0; i < one->store_count; i++) {
		struct erase_store *s = &sum->stores[i];
		s->found += one->stores[i].found;
		s->erased += one->stores[i].erased;
		s->kept += one->stores[i].kept;
		s->verified = s->verified == 0 ? 0 : one->stores[i].verified;
	}
	for (size_t i = 0; i < one->kept_count; i++)
		erase_kept_add(sum, &one->kept[i]);
	if (one->newest != 0) {
		sum->oldest = sum->oldest == 0 || one->oldest < sum->oldest ? one->oldest : sum->oldest;
		sum->newest = one->newest > sum->newest ? one->newest : sum->newest;
	}
	sum->requests += one->requests;
	sum->settled += one->settled;
	sum->held = sum->held || one->held;
	if (sum->complete && !one->complete)
		memcpy(sum->reason, one->reason, sizeof sum->reason);
	sum->complete = sum->complete && one->complete;
	sum->residue_files = one->residue_files > sum->residue_files ? one->residue_files : sum->residue_files;
	sum->residue_bytes = one->residue_bytes > sum->residue_bytes ? one->residue_bytes : sum->residue_bytes;
	sum->residue_hits += one->residue_hits;
	sum->searched_later = sum->searched_later || one->searched_later;
	sum->backups = one->backups.tombstone != 0 ? one->backups : sum->backups;
	if (one->recorded) {
		sum->recorded = true;
		sum->ledger_index = one->ledger_index;
	}
}

static int run_applied(struct vault *v, void *tombstone, struct err *e)
{
	return tombstone_applied(v, tombstone, e);
}

static int erase_again(void *arg, struct tombstone *t, struct err *e)
{
	static int (*const runs[TOMBSTONE_ACTS])(struct vault *, void *tombstone, struct err *) = {
	    [TOMBSTONE_ERASED] = run_applied,
	    [TOMBSTONE_RESTRICTED] = restrict_again,
	    [TOMBSTONE_RESTRICTED_KEPT] = restrict_again,
	    [TOMBSTONE_LIFTED] = restrict_again,
	    [TOMBSTONE_WITHDRAWN] = record_facts_again,
	    [TOMBSTONE_HELD] = record_facts_again,
	    [TOMBSTONE_RELEASED] = record_facts_again,
	    [TOMBSTONE_CARRIED] = record_carried_again,
	    [TOMBSTONE_VOID] = run_applied,
	};
	struct vault *v = arg;
	struct erase_result result = {0};
	struct erasure x = {.v = v, .now = when_now(), .by = t->by, .value = "", .out = &result, .again = t};

	x.tombstone.number = t->number;
	x.tombstone.until = t->until;
	if (t->act == TOMBSTONE_ERASED && erase_all(&x, e) != 0)
		return -1;
	if (t->act == TOMBSTONE_ERASED && !result.complete)
		return err_set(e, ERR_UNAVAILABLE, "an erasure cannot be done again: %s", result.reason);
	return commit_records(v, runs[t->act], t, e);
}

int erase_again_all(struct vault *v, struct err *e)
{
	return tombstone_each_new(v, erase_again, v, e);
}
