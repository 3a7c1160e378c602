// SPDX-License-Identifier: ISC
// The census: what is held at this moment, at a cost that depends on the number of kinds and of log segments, not of records.
#include "policy/base/file.h"
#include "policy/model/life.h"
#include "policy/vault/backup.h"
#include "policy/vault/clock_guard.h"
#include "policy/vault/erase.h"
#include "policy/vault/record.h"
#include "policy/vault/request_log.h"
#include "policy/vault/segment.h"
#include "policy/vault/state.h"
#include <stdio.h>
#include <stdlib.h>

static int count_log(struct vault *v, struct census_row *row, struct err *e)
{
	struct log_day *days;
	int count = request_log_days(v, &days, e);

	for (int i = 0; i < count; i++) {
		const struct log_day *d = &days[i];
		if (d->state == LOG_DAY_DAMAGED || d->set_aside)
			snprintf(row->damaged, sizeof row->damaged, "%s", d->day);
		row->count += d->lines;
		if (row->oldest == 0 || (d->oldest != 0 && d->oldest < row->oldest))
			row->oldest = d->oldest;
	}
	free(days);
	return count < 0 ? -1 : 0;
}

enum { PRUNE_SOON = 10 * 60 }; // seconds since the last run, in which the next one is not missed

// The ledger's oldest entries end each by its own time. `until`: what ended by then is late.
static int census_ledger(const struct vault *v, time_t until, struct census_row *row, struct err *e)
{
	struct mark_row closed;
	int64_t from;

	if (segment_minimum(v, &from, e) != 0)
		return -1;
	struct err why = {0};
	const int there = segment_row_get(v, MARK_FROM, (uint64_t)from + 1, &closed, &why);
	const time_t end = there < 0 || row->oldest == 0
			       ? 0
			       : life_end(v->policy, KIND_LEDGER, clock_guard_date(v, there > 0 ? closed.first_at : row->oldest));
	row->count -= (uint64_t)from;
	row->late = row->late || (row->keep == KEEP_STORED && end != 0 && end <= until);
	// That a row was altered, verifying tells.
	return there >= 0 || why.code == ERR_CORRUPT ? 0 : err_set(e, why.code, "%s", why.text);
}

// Whether anything of the kind is past its end. Its oldest record may be one that was anonymised, when the policy still said so: it stays.
static int find_late(const struct vault *v, enum kind kind, time_t now, bool *late, struct err *e)
{
	struct record_pages pages PAGES_AUTO = {0};
	int more = 0;

	*late = false;
	while (!*late && (more = record_pages_next(v, &pages, (struct record_query){.by = RECORDS_OF_KIND, .kind = kind}, e)) > 0)
		for (size_t i = 0; i < pages.list.count && !*late; i++) {
			const time_t end = record_life(v, &pages.list.rows[i]).end;
			*late = end != 0 && end <= now;
		}
	return more < 0 ? -1 : 0;
}

int vault_census(struct vault *v, struct census *out, struct err *e)
{
	struct store_survey held;
	int64_t last_prune, backups, oldest_backup;
	time_t now = when_now();

	*out = (struct census){0};
	if (v->b->upkeep->survey(v->store, &held, e) != 0 || v->b->upkeep->number_get(v->store, "last_prune", &last_prune, e) != 0 ||
	    v->b->upkeep->number_get(v->store, backup_number_count, &backups, e) != 0 ||
	    v->b->upkeep->number_get(v->store, backup_number_oldest, &oldest_backup, e) != 0)
		return -1;
	const bool pruned = last_prune != 0 && now - last_prune <= PRUNE_SOON;
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		const struct kind_summary *all = &held.kinds[k];
		struct census_row row = {
		    .kind = (enum kind)k, .keep = v->policy->kinds[k].keep, .count = all->count, .oldest = all->oldest};
		// What ends at once, as a consent that is withdrawn, ends with the next run, also where the last one was in the same second.
		row.late = all->due != 0 && all->due <= now && !(pruned && all->due >= last_prune);
		if (k == KIND_LEDGER) {
			row.count = (uint64_t)(held.ledger.last + 1);
			row.oldest = held.ledger.oldest;
			if (census_ledger(v, pruned && last_prune < now ? last_prune : now, &row, e) != 0)
				return -1;
		}
		if (k == KIND_REQUEST_LOG && count_log(v, &row, e) != 0)
			return -1;
		if (k == KIND_BACKUP) { // as they were noted when they were last looked at: who takes the census need not reach them
			row.count = (uint64_t)backups;
			row.oldest = oldest_backup;
		}
		// The ledger itself holds no personal data; what the policy says about its life is said of payloads.
		bool judged = row.kind != KIND_LEDGER || row.keep == KEEP_STORED;
		// Where lives depend on more than the time of making, the ends that are stamped on the records tell.
		time_t from = row.oldest == 0 ? now : row.oldest;
		bool fixed = row.kind != KIND_LEDGER && life_is_fixed(&v->policy->kinds[k]);
		time_t end = fixed ? life_end(v->policy, row.kind, from) : 0;
		if (row.keep == KEEP_STORED && end != 0)
			row.limit_seconds = (uint64_t)(end - from);
		bool late = row.late, old = end != 0 && end <= now;
		if (judged && row.count > 0 && (row.keep != KEEP_STORED || old))
			row.late = true;
		if (!late && old && row.late && row.keep == KEEP_STORED && row.kind != KIND_REQUEST_LOG && row.kind != KIND_BACKUP &&
		    find_late(v, row.kind, now, &row.late, e) != 0)
			return -1;
		if (row.keep != KEEP_UNDECLARED || row.count > 0)
			out->rows[out->row_count++] = row;
	}
	if (erase_outstanding(v, &out->unsearched, e) != 0)
		return -1;
	out->last_prune = last_prune;
	out->database_bytes = held.database_bytes;
	out->wal_bytes = held.pending_bytes;
	out->log_bytes = held.log_bytes;
	out->spool_bytes = folder_bytes(v->spools[SPOOL_MEMORY]) + folder_bytes(v->spools[SPOOL_DISK]);
	return 0;
}

int vault_drift(struct vault *v, void (*each)(void *arg, const char *finding), void *arg, struct err *e)
{
	return v->b->upkeep->drift(v->store, each, arg, e);
}
