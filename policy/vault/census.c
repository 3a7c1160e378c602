// SPDX-License-Identifier: ISC
// The census: what is held at this moment, at a cost that depends on the number of kinds and of log segments, not of records.
#include "policy/base/file.h"
#include "policy/vault/record.h"
#include "policy/vault/state.h"
#include <stdlib.h>

static int count_log(struct vault *v, struct census_row *row, time_t *newest, struct err *e)
{
	char(*days)[WHEN_DATE];
	int count = v->b->log->days(v->store, &days, e), ret = count < 0 ? -1 : 0;

	for (int i = 0; i < count && ret == 0; i++) {
		struct log_summary s;
		struct err why = {0};
		if (v->b->log->summary(v->store, days[i], &s, &why) != 0) {
			if (why.code != ERR_NOT_FOUND) // pruned in this moment
				ret = err_set(e, why.code, "%s", why.text);
			continue;
		}
		row->count += s.lines;
		if (row->oldest == 0 || (s.oldest != 0 && s.oldest < row->oldest))
			row->oldest = s.oldest;
		if (s.newest > *newest)
			*newest = s.newest;
	}
	free(days);
	return ret;
}

static int count_kind(struct vault *v, struct census_row *row, time_t now, time_t *newest, struct err *e)
{
	struct ledger_span span;
	struct kind_summary all;

	switch (row->kind) {
	case KIND_REQUEST_LOG:
		return count_log(v, row, newest, e);
	case KIND_LEDGER:
		if (v->b->ledger->span(v->store, &span, e) != 0)
			return -1;
		row->count = (uint64_t)(span.last + 1);
		row->oldest = span.oldest;
		// Every record comes with an event, and the ledger's time never runs back.
		if (span.newest > *newest)
			*newest = span.newest;
		return 0;
	default:
		if (v->b->records->summary(v->store, row->kind, &all, e) != 0)
			return -1;
		row->count = all.count;
		row->oldest = all.oldest;
		row->late = all.due != 0 && all.due <= now;
		return 0;
	}
}

// Whether anything of the kind is past its end. Its oldest record may be one that was anonymised, when the policy still said so: it stays.
static int find_late(const struct vault *v, enum kind kind, time_t now, bool *late, struct err *e)
{
	struct record_list page = {0};
	int ret;

	*late = false;
	do {
		ret = record_page(v, (struct record_query){.by = RECORDS_OF_KIND, .kind = kind}, &page, e);
		for (size_t i = 0; i < page.count && !*late; i++) {
			time_t end = record_life(v, &page.rows[i]).end;
			*late = end != 0 && end <= now;
		}
	} while (ret == 0 && !*late && page.count == PAGE_ROWS);
	free(page.rows);
	return ret;
}

int vault_census(struct vault *v, struct census *out, struct err *e)
{
	struct store_sizes sizes;
	int64_t last_prune;
	time_t now = when_now();

	*out = (struct census){0};
	for (unsigned k = 0; k < KIND_COUNT; k++) {
		struct census_row row = {.kind = (enum kind)k, .keep = v->policy->kinds[k].keep};
		if (count_kind(v, &row, now, &out->newest, e) != 0)
			return -1;
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
		if (!late && old && row.late && row.keep == KEEP_STORED && row.kind != KIND_REQUEST_LOG &&
		    find_late(v, row.kind, now, &row.late, e) != 0)
			return -1;
		if (row.keep != KEEP_UNDECLARED || row.count > 0)
			out->rows[out->row_count++] = row;
	}
	if (v->b->upkeep->number_get(v->store, "last_prune", &last_prune, e) != 0)
		return -1;
	out->last_prune = last_prune;
	v->b->upkeep->sizes(v->store, &sizes);
	out->database_bytes = sizes.database_bytes;
	out->wal_bytes = sizes.pending_bytes;
	out->log_bytes = sizes.log_bytes;
	out->spool_bytes = folder_bytes(v->spool);
	return 0;
}

int vault_drift(struct vault *v, void (*each)(void *arg, const char *finding), void *arg, struct err *e)
{
	return v->b->upkeep->drift(v->store, each, arg, e);
}
