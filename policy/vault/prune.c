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
	time_t now, horizon; // of survey(): while it holds all locks, nothing can be stored later than now
	struct prune_result *out;
	struct err first; // of a callback
};

// ---- records ----

struct stamping {
	struct vault *v;
	struct record_list list; // those whose end is another now
	struct record_row last;
	size_t seen;
};

static int add_stamped(void *arg, const struct record_row *row)
{
	struct stamping *s = arg;
	struct record_row stamped = *row;

	s->seen++;
	s->last = *row;
	stamped.due = record_life(s->v, row).end;
	return stamped.due == row->due ? 0 : record_list_add(&s->list, &stamped);
}

// One page, in one transaction.
static int stamp_page(struct stamping *s, enum kind kind, struct err *e)
{
	struct vault *v = s->v;
	const struct record_row last = s->last;
	const struct record_query page = {
	    .by = RECORDS_OF_KIND, .kind = kind, .after = last.id, .after_made = last.facts.made, .limit = PAGE_ROWS};
	struct commit_alone alone;

	s->seen = s->list.count = 0;
	if (commit_alone(v, &alone, e) != 0)
		return -1;
	int ret = v->b->records->each(v->store, VIEW_WRITER, &page, add_stamped, s, e);
	if (ret == 0 && s->list.failed)
		ret = err_set(e, ERR_MEMORY, "no memory");
	if (ret == 0 && s->list.count > 0) {
		ret = transaction_begin(v, LANE_RECORDS, NULL, e);
		if (ret == 0) {
			for (size_t i = 0; i < s->list.count && ret == 0; i++)
				ret = v->b->records->update(v->store, &s->list.rows[i], e);
			ret = transaction_end(v, LANE_RECORDS, ret, e);
		}
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
	struct stamping s = {.v = v};
	struct commit_alone alone;
	int ret = 0;

	for (unsigned k = 0; k < KIND_COUNT && ret == 0; k++) {
		s.last = (struct record_row){.facts.made = INT64_MIN};
		do
			ret = stamp_page(&s, (enum kind)k, e);
		while (ret == 0 && s.seen == PAGE_ROWS);
	}
	record_list_free(&s.list);
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
		ret = anonymise ? record_anonymise(v, r, e) : record_end(v, r, e);
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
		ret = v->b->records->each(v->store, VIEW_WRITER, &due, record_list_add, &list, e);
		if (ret == 0 && list.failed)
			ret = err_set(e, ERR_MEMORY, "no memory");
		if (ret == 0 && list.count > 0)
			ret = end_batch(p, kind_row(k)->name, &list, e);
		commit_release(v, &alone);
		more = list.count == PAGE_ROWS;
	}
	record_list_free(&list);
	return ret;
}

struct payload_pruning {
	struct vault *v;
	size_t count;
	int ret;
	struct err *e;
};

static int prune_payload(void *arg, const struct payload_row *row)
{
	struct payload_pruning *p = arg;

	p->count++;
	p->ret = key_end_later(p->v, row->key, p->e) != 0 || p->v->b->ledger->payload_end(p->v->store, row->seq, p->e) != 0 ? -1 : 0;
	return p->ret;
}

static int prune_payloads(struct vault *v, time_t horizon, struct err *e)
{
	const struct payload_query due = {.due = horizon, .limit = PAGE_ROWS};
	struct payload_pruning p = {.v = v, .e = e};

	do {
		p.count = 0;
		if (transaction_begin(v, LANE_RECORDS, NULL, e) != 0)
			return -1;
		int ret = v->b->ledger->payloads(v->store, &due, prune_payload, &p, e);
		if (transaction_end(v, LANE_RECORDS, ret != 0 || p.ret != 0 ? -1 : 0, e) != 0)
			return -1;
	} while (p.count == PAGE_ROWS);
	return 0;
}

// ---- whole days of the request log ----

// The event is durable, and that the key is to be ended, before the day goes; a crash in between leaves a day that is still due.
static int record_day_end(struct vault *v, const char *day, uint64_t lines, struct err *e)
{
	char details[128];
	const struct ledger_event event = {.name = "prune", .details = details};

	snprintf(details, sizeof details, "{\"kind\":\"request-log\",\"day\":\"%s\",\"rows\":%llu}", day, (unsigned long long)lines);
	if (transaction_begin(v, LANE_RECORDS, NULL, e) != 0)
		return -1;
	int ret = ledger_write(v, &event, NULL, e) != 0 || key_end_later_of(v, kind_row(KIND_REQUEST_LOG)->name, day, e) != 0 ? -1 : 0;
	return transaction_end(v, LANE_RECORDS, ret, e);
}

static int prune_day(void *arg, const char *day)
{
	struct pruning *p = arg;
	struct vault *v = p->v;
	struct data_key DATA_KEY_AUTO key = {0};
	struct log_summary s = {0};
	struct err why = {0};
	time_t start = 0;

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
	if (record_day_end(v, day, s.lines, &p->first) != 0)
		return -1;
	v->b->log->end_day(v->store, day);
	return 0;
}

static int prune_log(struct pruning *p, struct err *e)
{
	struct vault *v = p->v;

	p->first = (struct err){0};
	if (v->b->log->days(v->store, prune_day, p, e) != 0)
		return -1;
	if (p->first.code != ERR_NONE)
		return err_set(e, p->first.code, "%s", p->first.text);
	return p->dry_run ? 0 : v->b->log->sync(v->store, e);
}

// ---- files and records that have lost each other ----

struct missing {
	struct pruning *p;
	struct record_list list;
	char last[RECORD_ID_LEN + 1];
	size_t seen;
};

static int add_missing(void *arg, const struct record_row *row)
{
	struct missing *m = arg;
	struct record_row gone = *row;
	char path[PATH_MAX];

	m->seen++;
	memcpy(m->last, row->id, sizeof m->last);
	if (vault_spool_path(m->p->v, row->id, path, sizeof path, NULL) != 0 || access(path, F_OK) == 0 || errno != ENOENT)
		return 0;
	gone.has_file = false;
	return record_list_add(&m->list, &gone);
}

static int prune_missing(struct pruning *p, struct err *e)
{
	struct missing m = {.p = p};
	const struct record_query with_file = {.by = RECORDS_WITH_FILE, .after = m.last, .limit = PAGE_ROWS};
	int ret = 0;

	do {
		char after[RECORD_ID_LEN + 1];
		struct record_query page = with_file;
		m.list.count = m.seen = 0;
		memcpy(after, m.last, sizeof after);
		page.after = after;
		ret = p->v->b->records->each(p->v->store, VIEW_WRITER, &page, add_missing, &m, e);
		if (ret == 0 && m.list.failed)
			ret = err_set(e, ERR_MEMORY, "no memory");
		if (ret == 0 && p->dry_run)
			p->out->records += m.list.count;
		else if (ret == 0 && m.list.count > 0)
			ret = end_batch(p, "without file", &m.list, e);
	} while (ret == 0 && m.seen == PAGE_ROWS);
	record_list_free(&m.list);
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

	if (v->b->ledger->span(v->store, VIEW_WRITER, &span, e) != 0 || request_log_newest(v, &newest, e) != 0)
		return -1;
	newest = span.newest > newest ? span.newest : newest;
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		if (v->b->records->summary(v->store, VIEW_WRITER, (enum kind)k, &all, e) != 0)
			return -1;
		newest = all.newest > newest ? all.newest : newest;
	}
	if (p->now >= newest)
		return 0;
	when_text(text, newest);
	return err_set(e, ERR_REFUSED, "the clock went back: something was stored at %s; nothing is deleted until the clock is right",
		       text);
}

static int count_if_due(void *arg, const struct record_row *row)
{
	struct pruning *p = arg;
	time_t end = record_life(p->v, row).end;

	if (end != 0 && end <= p->horizon) {
		p->out->records++;
		p->out->files += row->has_file;
	}
	return 0;
}

static int count_due(struct pruning *p, struct err *e)
{
	const struct backend_records *records = p->v->b->records;

	for (unsigned k = 0; k < KIND_COUNT; k++) {
		const struct record_query all = {
		    .by = RECORDS_OF_KIND, .kind = (enum kind)k, .after = "", .after_made = INT64_MIN, .limit = INT32_MAX};
		size_t count = 0, files = 0;
		if (p->stale ? records->each(p->v->store, VIEW_WRITER, &all, count_if_due, p, e) != 0
			     : records->count_due(p->v->store, (enum kind)k, p->horizon, &count, &files, e) != 0)
			return -1;
		p->out->records += count;
		p->out->files += files;
	}
	return 0;
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
	int ret = prune_spool(p, e) != 0 || prune_log(p, e) != 0 || prune_payloads(v, p->horizon, e) != 0 || key_reap(v, e) != 0 ? -1 : 0;
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
	struct pruning p = {.v = v, .ahead = ahead, .out = &due};
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
