// SPDX-License-Identifier: ISC
// Retention: ends what is due. Each batch is one transaction of its own, its ledger event first, so that writers never wait long.
//
// A policy that has become stricter holds for what is already stored: where the lives of the policy are others than those by which the ends
// were reckoned, all are reckoned anew first.
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/vault/clock_guard.h"
#include "policy/vault/commit.h"
#include "policy/vault/erase.h"
#include "policy/vault/key.h"
#include "policy/vault/ledger.h"
#include "policy/vault/record.h"
#include "policy/vault/request_log.h"
#include "policy/vault/segment.h"
#include "policy/vault/space_reserve.h"
#include "policy/vault/tombstone.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SPOOL_ORPHAN_SECONDS = 3600 };

struct pruning {
	struct vault *v;
	struct duration ahead;
	bool dry_run;
	time_t now, horizon;
	struct prune_result *out;
	struct err failed; // ERR_NONE: no step did
};

// Tells of a step that failed, after those before it. False when none can succeed any more.
static bool prune_failed(struct pruning *p, const char *step, const struct err *why)
{
	const char *said = p->failed.text;

	if (strstr(said, why->text) == NULL) {
		size_t len = strlen(said);
		snprintf(p->failed.text + len, sizeof p->failed.text - len, "%s%s%s%s", len > 0 ? "; " : "", step, *step ? ": " : "",
			 why->text);
	}
	if (p->failed.code == ERR_NONE || why->code == ERR_FULL)
		p->failed.code = why->code;
	return !vault_broken(p->v);
}

// ---- records ----

// Each page in one transaction.
static int stamp_kind(struct vault *v, enum kind kind, struct err *e)
{
	struct record_pages pages PAGES_AUTO = {0};
	int more = 1, ret = 0;

	while (more > 0 && ret == 0) {
		struct commit_alone alone ALONE_AUTO = {0};
		if (commit_alone(v, &alone, e) != 0)
			return -1;
		more = record_pages_next(v, &pages, (struct record_query){.by = RECORDS_OF_KIND, .kind = kind}, e);
		ret = more < 0 ? -1 : 0;
		for (size_t i = 0; i < pages.list.count && ret == 0; i++) {
			struct record_row *row = &pages.list.rows[i];
			const time_t before = row->due;
			row->due = record_due(row, record_life(v, row).end);
			ret = row->due != before ? v->b->records->update(v->store, row, e) : 0;
		}
		ret = transaction_end(v, LANE_RECORDS, ret, e);
	}
	return ret;
}

static int stamp_all(struct vault *v, struct err *e)
{
	for (unsigned k = 0; k < KIND_COUNT; k++)
		if (stamp_kind(v, (enum kind)k, e) != 0)
			return -1;
	return ledger_append_noting(v, NULL, "lives", (int64_t)life_fingerprint(v->policy), e);
}

// One batch: one transaction, and then the files.
static int end_batch(struct pruning *p, const char *kind, const struct record_list *list, struct err *e)
{
	struct vault *v = p->v;
	size_t files = 0, anonymised = 0;
	char details[160];

	for (size_t i = 0; i < list->count; i++) {
		const struct record_row *r = &list->rows[i];
		files += r->has_file;
		anonymised += record_life(v, r).then == END_ANONYMISE;
	}
	snprintf(details, sizeof details, "{\"kind\":\"%s\",\"records\":%zu,\"files\":%zu,\"anonymised\":%zu}", kind, list->count, files,
		 anonymised);
	const struct ledger_event event = {.name = "prune", .details = details};
	int ret = ledger_write(v, &event, NULL, e);
	for (size_t i = 0; i < list->count && ret == 0; i++) {
		const struct record_row *r = &list->rows[i];
		bool anonymise = record_life(v, r).then == END_ANONYMISE;
		ret = anonymise ? record_anonymise(v, r, e) : v->b->records->end(v->store, r->id, e);
	}
	if (transaction_end(v, LANE_RECORDS, ret, e) != 0)
		return -1;
	for (size_t i = 0; i < list->count; i++)
		record_unlink(v, &list->rows[i]);
	p->out->records += list->count;
	p->out->files += files;
	p->out->anonymised += anonymised;
	return 0;
}

// Those that are due; or `ahead`, dated in the future: what an officer has confirmed since ends them before the time that is stored with them.
static int prune_kind(struct pruning *p, enum kind k, bool ahead, struct err *e)
{
	const struct record_query query = {.by = ahead ? RECORDS_OF_KIND : RECORDS_DUE, .kind = k, .horizon = p->horizon};
	struct record_pages pages PAGES_AUTO = {.since = p->out->clock.now};
	struct record_list *due = &pages.list;
	int more = 1;

	while (more > 0) {
		struct commit_alone alone ALONE_AUTO = {0};
		if (commit_alone(p->v, &alone, e) != 0 || (more = record_pages_next(p->v, &pages, query, e)) < 0)
			return -1;
		const size_t seen = due->count;
		due->count = 0;
		for (size_t i = 0; i < seen; i++) {
			const time_t end = ahead ? record_life(p->v, &due->rows[i]).end : p->horizon;
			if (end != 0 && end <= p->horizon)
				due->rows[due->count++] = due->rows[i];
		}
		if (due->count > 0 && end_batch(p, kind_row(k)->name, due, e) != 0)
			return -1;
	}
	return 0;
}

// ---- whole days of the request log ----

static int prune_day(struct pruning *p, struct log_day *d, struct err *e)
{
	struct vault *v = p->v;
	struct data_key DATA_KEY_AUTO key;
	struct err why = {0};
	time_t start = 0;
	char details[128];
	const struct ledger_event event = {.name = "prune", .details = details};

	when_parse(&start, d->day);
	time_t due = request_log_due(v, start);
	const bool keyless =
	    key_find(v, VIEW_WRITER, kind_row(KIND_REQUEST_LOG)->name, d->day, &key, &why) != 0 && why.code == ERR_NOT_FOUND;
	// No row of a day is older than its first second: where that is not due yet, the day need not be read, which costs more than all else.
	if ((keyless || p->out->oldest_left == 0 || (due != 0 && due <= p->horizon)) && v->b->log->read(v->store, d, e) != 0)
		return -1;
	due = d->oldest == 0 ? due : request_log_due(v, d->oldest);
	if (due == 0 || due > p->horizon) {
		if (p->out->oldest_left == 0)
			p->out->oldest_left = d->oldest;
		bool garbage = !p->dry_run && d->state == LOG_DAY_VOID && !d->set_aside && keyless; // that a crash left
		return garbage ? v->b->log->end_day(v->store, d->day, e) : 0;
	}
	p->out->log_segments++;
	p->out->log_rows += d->lines;
	if (p->dry_run)
		return 0;
	// The event is durable, and that the key is to be ended, before the day goes; a crash in between leaves a day that is still due.
	snprintf(details, sizeof details, "{\"kind\":\"request-log\",\"day\":\"%s\",\"rows\":%llu}", d->day, (unsigned long long)d->lines);
	int ret = ledger_write(v, &event, NULL, e) != 0 || key_end_later_of(v, kind_row(KIND_REQUEST_LOG)->name, d->day, e) != 0 ? -1 : 0;
	return transaction_end(v, LANE_RECORDS, ret, e) != 0 || v->b->log->end_day(v->store, d->day, e) != 0 ? -1 : 0;
}

static int prune_log(struct pruning *p, struct err *e)
{
	struct log_day *days;
	int count = p->v->b->log->days(p->v->store, &days, e);

	for (int i = 0; i < count; i++) {
		struct err why = {0};
		if (prune_day(p, &days[i], &why) != 0)
			prune_failed(p, days[i].day, &why);
	}
	free(days);
	return count < 0 ? -1 : 0;
}

// ---- files and records that have lost each other ----

static int prune_missing(struct pruning *p, struct err *e)
{
	struct record_pages pages PAGES_AUTO = {0};
	struct record_list *lost = &pages.list;
	char path[PATH_MAX];
	int more;

	while ((more = record_pages_next(p->v, &pages, (struct record_query){.by = RECORDS_WITH_FILE}, e)) > 0) {
		const size_t seen = lost->count;
		lost->count = 0;
		for (size_t i = 0; i < seen; i++) {
			struct record_row row = lost->rows[i];
			row.has_file = false;
			if (vault_spool_path(p->v, row.id, path, sizeof path, NULL) == 0 && access(path, F_OK) != 0 && errno == ENOENT)
				lost->rows[lost->count++] = row;
		}
		if (p->dry_run)
			p->out->records += lost->count;
		else if (lost->count > 0 && end_batch(p, "without file", lost, e) != 0)
			return -1;
	}
	return more;
}

static bool is_orphan(const struct pruning *p, const char *name, const char *path)
{
	struct record_row row;
	struct stat file;
	struct err why = {0};
	char id[RECORD_ID_LEN + 1];

	if (lstat(path, &file) != 0 || !S_ISREG(file.st_mode) || file.st_mtime + SPOOL_ORPHAN_SECONDS > p->now)
		return false;
	if (strlen(name) != RECORD_ID_LEN + 4 || strcmp(name + RECORD_ID_LEN, ".zip") != 0)
		return true;
	snprintf(id, sizeof id, "%.*s", RECORD_ID_LEN, name);
	bool owned = record_read(p->v, VIEW_WRITER, id, &row, &why) == 0;
	buf_free(&row.body);
	return !owned && why.code == ERR_NOT_FOUND;
}

// Not when a spool is not there at all: then the run folder is another one, or not yet made.
static int prune_spool(struct pruning *p, struct err *e)
{
	char path[PATH_MAX];

	if (access(p->v->spools[SPOOL_MEMORY], F_OK) != 0 || access(p->v->spool, F_OK) != 0)
		return 0;
	if (prune_missing(p, e) != 0)
		return -1;
	for (int i = 0; i < SPOOLS; i++) {
		DIR *d = opendir(p->v->spools[i]);
		for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;)
			if (path_join(path, sizeof path, p->v->spools[i], entry->d_name, NULL) == 0 && is_orphan(p, entry->d_name, path) &&
			    (p->dry_run || unlink(path) == 0))
				p->out->orphans++;
		if (d != NULL)
			closedir(d);
	}
	return 0;
}

// ---- the whole ----

// By the ends that the policy of now gives, each record by itself.
static int count_due(struct pruning *p, enum kind k, struct err *e)
{
	struct record_pages pages PAGES_AUTO = {0};
	int more;

	while ((more = record_pages_next(p->v, &pages, (struct record_query){.by = RECORDS_OF_KIND, .kind = k}, e)) > 0)
		for (size_t i = 0; i < pages.list.count; i++) {
			const struct life life = record_life(p->v, &pages.list.rows[i]);
			const bool due = life.end != 0 && life.end <= p->horizon;
			p->out->records += due;
			p->out->anonymised += due && life.then == END_ANONYMISE;
			p->out->files += due && pages.list.rows[i].has_file;
		}
	return more;
}

// What a dry run tells: `stale`: the ends in the store are not reckoned by the policy of now.
static int count_all(struct pruning *p, bool stale, struct err *e)
{
	struct store_survey held;

	if (p->v->b->upkeep->survey(p->v->store, &held, e) != 0)
		return -1;
	for (unsigned k = 0; k < KIND_COUNT; k++)
		if ((stale || (held.kinds[k].due != 0 && held.kinds[k].due <= p->horizon)) && count_due(p, (enum kind)k, e) != 0)
			return -1;
	return prune_spool(p, e) != 0 || prune_log(p, e) != 0 || segment_prune(p->v, p->horizon, true, &p->out->ledger_events, e) != 0 ? -1
																       : 0;
}

static int prune_payloads(struct pruning *p, struct err *e)
{
	struct vault *v = p->v;
	uint64_t payloads = PAGE_ROWS;
	int ret = 0;

	while (ret == 0 && payloads == PAGE_ROWS)
		ret = transaction_end(v, LANE_RECORDS, v->b->ledger->payload_end(v->store, NULL, p->horizon, PAGE_ROWS, &payloads, e), e);
	return ret;
}

static int prune_tombstones(struct pruning *p, struct err *e)
{
	return tombstone_prune(p->v, p->now, e);
}

static int prune_segments(struct pruning *p, struct err *e)
{
	return segment_prune(p->v, p->horizon, false, &p->out->ledger_events, e);
}

static int shrink_store(struct pruning *p, struct err *e)
{
	return commit_sanitise(p->v, SANITISE_SHRINK, e);
}

// The clock is noted by a run that could judge it, and when the last one was only by a run of which every step was done.
static int note_run(struct pruning *p, struct err *e)
{
	struct vault *v = p->v;
	int ret = clock_guard_note(v, &p->out->clock, e);

	if (ret == 0 && p->failed.code == ERR_NONE)
		ret = v->b->upkeep->number_set(v->store, "last_prune", p->now, e);
	if (transaction_end(v, LANE_RECORDS, ret, e) != 0)
		return -1;
	// What was sealed should not wait in the write-ahead log; a reader may hold it up, the next time does it.
	if (p->out->records + p->out->log_segments > 0)
		v->b->upkeep->sanitise(v->store, SANITISE_LOGS, NULL);
	return 0;
}

// One that fails keeps none of the others from running.
static void prune_all(struct pruning *p)
{
	static const struct {
		const char *name;
		bool alone; // it must be
		int (*run)(struct pruning *p, struct err *e);
		int (*of_vault)(struct vault *v, struct err *e); // in its place
	} steps[] = {{"files", true, prune_spool, NULL},
		     {"request log", true, prune_log, NULL},
		     {"ledger entries", true, prune_payloads, NULL},
		     {"keys", true, NULL, key_reap},
		     {"erasures", false, NULL, erase_finish},
		     {"tombstones", true, prune_tombstones, NULL},
		     {"closing the ledger", false, NULL, segment_close_all},
		     {"closed parts of the ledger", false, prune_segments, NULL},
		     {"free space", false, shrink_store, NULL},
		     {"the note of this run", true, note_run, NULL}};
	bool more = true;

	struct store_survey held;
	struct err failed = {0};
	if (p->v->b->upkeep->survey(p->v->store, &held, &failed) != 0)
		more = prune_failed(p, "records", &failed);
	for (unsigned k = 0; k < KIND_COUNT && more && failed.code == ERR_NONE; k++) {
		const struct kind_summary *all = &held.kinds[k];
		struct err why = {0};
		if ((all->due != 0 && all->due <= p->horizon && prune_kind(p, (enum kind)k, false, &why) != 0) ||
		    (all->newest >= p->out->clock.now && prune_kind(p, (enum kind)k, true, &why) != 0))
			more = prune_failed(p, kind_row((enum kind)k)->name, &why);
	}
	for (size_t i = 0; i < ARRAY_LEN(steps) && more; i++) {
		struct commit_alone alone ALONE_AUTO = {0};
		struct err why = {0};
		const bool done = (!steps[i].alone || commit_alone(p->v, &alone, &why) == 0) &&
				  (steps[i].run != NULL ? steps[i].run(p, &why) : steps[i].of_vault(p->v, &why)) == 0;
		more = done || prune_failed(p, steps[i].name, &why);
	}
}

static int prune_once(struct pruning *p, struct err *e)
{
	struct vault *v = p->v;
	struct clock_state *clock = &p->out->clock;
	struct commit_alone alone ALONE_AUTO = {0};
	struct err leapt = {0};
	int64_t stamped_by;
	char now[WHEN_TEXT], known[WHEN_TEXT];

	if (v->b->upkeep->number_get(v->store, "lives", &stamped_by, e) != 0)
		return -1;
	bool stale = stamped_by != (int64_t)life_fingerprint(v->policy);
	if ((stale && !p->dry_run && stamp_all(v, e) != 0) || commit_alone(v, &alone, e) != 0)
		return -1;
	// All that is due is judged at one time: while all locks are held, nothing can be stored later than that.
	int ret = vault_clock(v, clock, e);
	if (ret == 0) {
		p->now = clock->judged;
		p->out->horizon = p->horizon = duration_after(p->now, p->ahead);
	}
	if (ret == 0 && p->dry_run)
		ret = count_all(p, stale, e);
	commit_release(&alone);
	if (ret != 0)
		return -1;
	if (clock->leapt) {
		when_text(now, clock->now);
		when_text(known, clock->known);
		err_set(&leapt, ERR_REFUSED,
			"the clock leapt to %s, and what is due is judged by %s; if it is right, run: lethe clock confirm", now, known);
		prune_failed(p, "", &leapt);
	}
	if (!p->dry_run)
		prune_all(p);
	return p->failed.code == ERR_NONE ? 0 : err_set(e, p->failed.code, "%s", p->failed.text);
}

int vault_prune(struct vault *v, struct duration ahead, bool dry_run, struct prune_result *out, struct err *e)
{
	struct pruning p = {.v = v, .ahead = ahead, .dry_run = dry_run, .out = out};
	struct err why = {0};

	*out = (struct prune_result){0};
	if (prune_once(&p, &why) == 0)
		return 0;
	// On a full disk even deleting fails; what the first attempt has ended stays ended.
	if (why.code != ERR_FULL || !space_reserve(v->state, false))
		return err_set(e, why.code, "%s", why.text);
	p.failed = (struct err){0};
	int ret = prune_once(&p, e);
	space_reserve(v->state, true);
	return ret;
}
