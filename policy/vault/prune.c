// SPDX-License-Identifier: ISC
// Retention: ends what is due. Each batch is one transaction of its own, its ledger event first, so that writers never wait long.
//
// A policy that has become stricter holds for what is already stored: where the lives of the policy are others than those by which the ends
// were reckoned, all are reckoned anew first.
#include "policy/base/file.h"
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
#include <sys/stat.h>
#include <unistd.h>

enum { SPOOL_ORPHAN_SECONDS = 3600 };

struct pruning {
	struct vault *v;
	struct duration ahead;
	bool dry_run, stale; // stale: the ends in the store are not reckoned by the policy of now
	bool telling;        // a dry run was asked for
	time_t now, horizon; // of survey(): while it holds all locks, nothing can be stored later than now
	struct prune_result *out;
};

// ---- records ----

// One page, in one transaction.
static int stamp_page(struct vault *v, enum kind kind, struct record_list *page, struct err *e)
{
	struct commit_alone alone;

	if (commit_alone(v, &alone, e) != 0)
		return -1;
	int ret = record_page(v, (struct record_query){.by = RECORDS_OF_KIND, .kind = kind}, page, e) != 0 ||
			  transaction_begin(v, LANE_RECORDS, NULL, e) != 0
		      ? -1
		      : 0;
	if (ret == 0) {
		for (size_t i = 0; i < page->count && ret == 0; i++) {
			struct record_row *row = &page->rows[i];
			time_t due = record_life(v, row).end;
			bool other = due != row->due;
			row->due = due;
			if (other)
				ret = v->b->records->update(v->store, row, e);
		}
		ret = transaction_end(v, LANE_RECORDS, ret, e);
	}
	commit_release(v, &alone);
	return ret;
}

static int set_number(struct vault *v, const char *name, int64_t value, struct err *e)
{
	if (transaction_begin(v, LANE_RECORDS, NULL, e) != 0)
		return -1;
	return transaction_end(v, LANE_RECORDS, v->b->upkeep->number_set(v->store, name, value, e), e);
}

static int stamp_all(struct vault *v, struct err *e)
{
	struct record_list page = {0};
	struct commit_alone alone;
	int ret = 0;

	for (unsigned k = 0; k < KIND_COUNT && ret == 0; k++) {
		page.count = 0;
		do
			ret = stamp_page(v, (enum kind)k, &page, e);
		while (ret == 0 && page.count == PAGE_ROWS);
	}
	free(page.rows);
	if (ret != 0 || commit_alone(v, &alone, e) != 0)
		return -1;
	ret = set_number(v, "lives", (int64_t)life_fingerprint(v->policy), e);
	commit_release(v, &alone);
	return ret;
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
	if (transaction_begin(v, LANE_RECORDS, NULL, e) != 0)
		return -1;
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

static int prune_kind(struct pruning *p, enum kind k, struct err *e)
{
	struct vault *v = p->v;
	const struct record_query due = {.by = RECORDS_DUE, .kind = k, .horizon = p->horizon, .limit = PAGE_ROWS};
	struct record_list list = {0};
	struct commit_alone alone;
	bool more = true;
	int ret = 0;

	while (more && ret == 0) {
		list.count = 0;
		if (commit_alone(v, &alone, e) != 0) {
			ret = -1;
			break;
		}
		ret = v->b->records->list(v->store, &due, &list, e);
		if (ret == 0 && list.count > 0)
			ret = end_batch(p, kind_row(k)->name, &list, e);
		commit_release(v, &alone);
		more = list.count == PAGE_ROWS;
	}
	free(list.rows);
	return ret;
}

// ---- whole days of the request log ----

static int prune_day(struct pruning *p, const char *day, struct err *e)
{
	struct vault *v = p->v;
	struct data_key DATA_KEY_AUTO key = {0};
	struct log_summary s = {0};
	struct err why = {0};
	time_t start = 0;
	char details[128];
	const struct ledger_event event = {.name = "prune", .details = details};

	when_parse(&start, day);
	time_t due = request_log_due(v, start);
	bool may_be_due = due != 0 && due <= p->horizon;
	if (may_be_due || p->out->oldest_left == 0)
		v->b->log->summary(v->store, day, &s, NULL);
	// The oldest time that the day may hold: its first second when it cannot tell.
	if (!may_be_due || request_log_due(v, s.oldest == 0 ? start : s.oldest) > p->horizon) {
		if (p->out->oldest_left == 0)
			p->out->oldest_left = s.oldest;
		if (!p->dry_run && key_find(v, VIEW_WRITER, kind_row(KIND_REQUEST_LOG)->name, day, &key, &why) != 0 &&
		    why.code == ERR_NOT_FOUND)
			v->b->log->end_day(v->store, day); // garbage that a crash left
		return 0;
	}
	p->out->log_segments++;
	p->out->log_rows += s.lines;
	if (p->dry_run)
		return 0;
	// The event is durable, and that the key is to be ended, before the day goes; a crash in between leaves a day that is still due.
	snprintf(details, sizeof details, "{\"kind\":\"request-log\",\"day\":\"%s\",\"rows\":%llu}", day, (unsigned long long)s.lines);
	if (transaction_begin(v, LANE_RECORDS, NULL, e) != 0)
		return -1;
	int ret = ledger_write(v, &event, NULL, e) != 0 || key_end_later_of(v, kind_row(KIND_REQUEST_LOG)->name, day, e) != 0 ? -1 : 0;
	if (transaction_end(v, LANE_RECORDS, ret, e) != 0)
		return -1;
	v->b->log->end_day(v->store, day);
	return 0;
}

static int prune_log(struct pruning *p, struct err *e)
{
	struct vault *v = p->v;
	char(*days)[WHEN_DATE];
	int count = v->b->log->days(v->store, &days, e), ret = count < 0 ? -1 : 0;

	for (int i = 0; i < count && ret == 0; i++)
		ret = prune_day(p, days[i], e);
	free(days);
	return ret == 0 && !p->dry_run ? v->b->log->sync(v->store, e) : ret;
}

// ---- files and records that have lost each other ----

static int prune_missing(struct pruning *p, struct err *e)
{
	struct record_list list = {0};
	char last[RECORD_ID_LEN + 1] = "", path[PATH_MAX];
	const struct record_query with_file = {.by = RECORDS_WITH_FILE, .after = last, .limit = PAGE_ROWS};
	size_t seen;
	int ret = 0;

	do {
		list.count = 0;
		ret = p->v->b->records->list(p->v->store, &with_file, &list, e);
		seen = list.count;
		if (seen > 0)
			memcpy(last, list.rows[seen - 1].id, sizeof last);
		list.count = 0;
		for (size_t i = 0; i < seen; i++) {
			struct record_row row = list.rows[i];
			row.has_file = false;
			if (vault_spool_path(p->v, row.id, path, sizeof path, NULL) == 0 && access(path, F_OK) != 0 && errno == ENOENT)
				list.rows[list.count++] = row;
		}
		if (ret == 0 && p->dry_run)
			p->out->records += list.count;
		else if (ret == 0 && list.count > 0)
			ret = end_batch(p, "without file", &list, e);
	} while (ret == 0 && seen == PAGE_ROWS);
	free(list.rows);
	return ret;
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
	bool owned = p->v->b->records->get(p->v->store, VIEW_WRITER, id, &row, &why) == 0;
	buf_free(&row.body);
	return !owned && why.code == ERR_NOT_FOUND;
}

// Not when the spool is not there at all: then the run folder is another one, or not yet made.
static int prune_spool(struct pruning *p, struct err *e)
{
	char path[PATH_MAX];

	if (access(p->v->spool, F_OK) != 0)
		return 0;
	if (prune_missing(p, e) != 0)
		return -1;
	DIR *d = opendir(p->v->spool);
	if (d == NULL)
		return 0;
	for (const struct dirent *entry; (entry = readdir(d)) != NULL;)
		if (path_join(path, sizeof path, p->v->spool, entry->d_name, NULL) == 0 && is_orphan(p, entry->d_name, path) &&
		    (p->dry_run || unlink(path) == 0))
			p->out->orphans++;
	closedir(d);
	return 0;
}

// ---- the whole ----

// A clock that stands before something stored has gone back: what it calls due may not be due.
static int check_clock(const struct pruning *p, struct err *e)
{
	struct vault *v = p->v;
	struct ledger_span span;
	struct kind_summary all;
	time_t newest;
	char text[WHEN_TEXT];

	if (v->b->ledger->span(v->store, &span, e) != 0 || request_log_newest(v, &newest, e) != 0)
		return -1;
	newest = span.newest > newest ? span.newest : newest;
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		if (v->b->records->summary(v->store, (enum kind)k, &all, e) != 0)
			return -1;
		newest = all.newest > newest ? all.newest : newest;
	}
	if (p->now >= newest)
		return 0;
	when_text(text, newest);
	return err_set(e, ERR_REFUSED, "the clock went back: something was stored at %s; nothing is deleted until the clock is right",
		       text);
}

static int count_due(struct pruning *p, struct err *e)
{
	struct record_list page = {0};
	int ret = 0;

	for (unsigned k = 0; k < KIND_COUNT && ret == 0; k++) {
		const struct policy_kind *kind = &p->v->policy->kinds[k];
		size_t records = 0, files = 0;
		bool each = p->stale; // each record by itself, or all by the ends that are stored
		for (size_t i = 0; i < kind->life_count; i++)
			each = each || (p->telling && kind->lives[i].ending == END_ANONYMISE);
		page.count = 0;
		if (!each)
			ret = p->v->b->records->count_due(p->v->store, (enum kind)k, p->horizon, &records, &files, e);
		else
			do {
				ret = record_page(p->v, (struct record_query){.by = RECORDS_OF_KIND, .kind = (enum kind)k}, &page, e);
				for (size_t i = 0; i < page.count; i++) {
					struct life life = record_life(p->v, &page.rows[i]);
					bool due = life.end != 0 && life.end <= p->horizon;
					records += due;
					p->out->anonymised += due && life.then == END_ANONYMISE;
					files += due && page.rows[i].has_file;
				}
			} while (ret == 0 && page.count == PAGE_ROWS);
		p->out->records += records;
		p->out->files += files;
	}
	free(page.rows);
	return ret;
}

static int survey(struct pruning *p, struct err *e)
{
	struct commit_alone alone;

	if (commit_alone(p->v, &alone, e) != 0)
		return -1;
	p->dry_run = true;
	p->now = when_now();
	p->horizon = duration_after(p->now, p->ahead);
	int ret = check_clock(p, e) != 0 || count_due(p, e) != 0 || prune_spool(p, e) != 0 || prune_log(p, e) != 0 ? -1 : 0;
	p->dry_run = false;
	commit_release(p->v, &alone);
	return ret;
}

static int prune_all(struct pruning *p, bool any, struct err *e)
{
	struct vault *v = p->v;
	struct commit_alone alone;

	for (unsigned k = 0; k < KIND_COUNT; k++)
		if (prune_kind(p, (enum kind)k, e) != 0)
			return -1;
	if (commit_alone(v, &alone, e) != 0)
		return -1;
	uint64_t payloads = PAGE_ROWS;
	int ret = prune_spool(p, e) != 0 || prune_log(p, e) != 0 ? -1 : 0;
	while (ret == 0 && payloads == PAGE_ROWS) {
		ret = transaction_begin(v, LANE_RECORDS, NULL, e);
		if (ret == 0)
			ret = transaction_end(v, LANE_RECORDS,
					      v->b->ledger->payload_end(v->store, NULL, p->horizon, PAGE_ROWS, &payloads, e), e);
	}
	if (ret == 0)
		ret = key_reap(v, e);
	// What was sealed should not wait in the write-ahead log; a reader may hold it up, the next time does it.
	if (ret == 0 && any)
		v->b->upkeep->sanitise(v->store, PART_RECORDS, NULL, SANITISE_LOGS, NULL);
	if (ret == 0)
		ret = set_number(v, "last_prune", p->now, e);
	commit_release(v, &alone);
	return ret;
}

int vault_prune(struct vault *v, struct duration ahead, bool dry_run, struct prune_result *out, struct err *e)
{
	struct prune_result due = {0};
	struct pruning p = {.v = v, .ahead = ahead, .telling = dry_run, .out = &due};
	struct err why = {0};
	int64_t stamped_by;

	*out = (struct prune_result){0};
	if (v->b->upkeep->number_get(v->store, "lives", &stamped_by, e) != 0)
		return -1;
	p.stale = stamped_by != (int64_t)life_fingerprint(v->policy);
	if (p.stale && !dry_run) {
		if (stamp_all(v, e) != 0)
			return -1;
		p.stale = false;
	}
	if (survey(&p, e) != 0)
		return -1;
	if (dry_run) {
		*out = due;
		return 0;
	}
	p.out = out;
	bool any = due.records + due.log_segments > 0;
	if (prune_all(&p, any, &why) == 0)
		return 0;
	// On a full disk even deleting fails; what the first attempt has ended stays ended.
	if (why.code != ERR_FULL || !v->b->upkeep->reserve_release(v->store))
		return err_set(e, why.code, "%s", why.text);
	int ret = prune_all(&p, any, e);
	v->b->upkeep->reserve_fill(v->store);
	return ret;
}
