// SPDX-License-Identifier: ISC
#include "policy/vault/ledger_walk.h"
#include "policy/vault/ledger.h"
#include "policy/vault/segment.h"

struct walking {
	int (*each)(void *, const struct ledger_row *);
	void *arg;
	uint64_t next;
	bool stopped, gap, pass; // the caller ended it; rows are not there; and are in no file either
};

static int walk_row(void *arg, const struct ledger_row *row)
{
	struct walking *w = arg;

	w->gap = !w->pass && (uint64_t)row->seq != w->next;
	if (w->gap)
		return 1;
	w->next = (uint64_t)row->seq + 1;
	w->stopped = w->each(w->arg, row) != 0;
	return w->stopped;
}

// Rows can go into a file while they are walked over: then that is read on.
int ledger_walk(const struct vault *v, uint64_t from, uint64_t to, int (*each)(void *, const struct ledger_row *), void *arg, struct err *e)
{
	struct walking w = {.each = each, .arg = arg, .next = from};
	struct mark_row row;
	int there;

	do {
		while ((there = segment_row_get(v, MARK_FROM, w.next + 1, &row, e)) > 0 && w.next < to) {
			w.gap = false;
			int ret = segment_each(v, &row, w.next, to, walk_row, &w, e);
			if (ret != 0)
				return ret < 0 ? -1 : 0;
			w.next = row.size;
		}
		if (there < 0)
			return -1;
		w.pass = w.gap;
		w.gap = false;
		if (w.next < to &&
		    ledger_walk_rows(v, (int64_t)w.next, to > INT64_MAX ? INT64_MAX : (int64_t)to, false, walk_row, &w, e) < 0)
			return -1;
		there = w.stopped || w.next >= to ? 0 : segment_row_get(v, MARK_FROM, w.next + 1, &row, e);
	} while (there > 0 || w.gap);
	return there < 0 ? -1 : 0;
}

struct entries {
	int (*each)(void *, const struct ledger_entry *);
	void *arg;
};

static int show_entry(void *arg, const struct ledger_row *row)
{
	const struct entries *x = arg;
	const struct ledger_entry entry = {(uint64_t)row->seq, row->at, row->name, row->policy, row->details};

	return x->each(x->arg, &entry);
}

int ledger_each(struct vault *v, uint64_t from, int (*each)(void *, const struct ledger_entry *), void *arg, struct err *e)
{
	return ledger_walk(v, from, UINT64_MAX, show_entry, &(struct entries){each, arg}, e);
}

int ledger_each_notable(struct vault *v, int (*each)(void *, const struct ledger_entry *), void *arg, struct err *e)
{
	return ledger_walk_rows(v, 0, INT64_MAX, true, show_entry, &(struct entries){each, arg}, e) < 0 ? -1 : 0;
}

int ledger_size(struct vault *v, uint64_t *out, struct err *e)
{
	struct mark_row head;
	int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_HEAD, MARK_UP_TO, UINT64_MAX, &head, e);

	*out = head.size;
	return there < 0 ? -1 : 0;
}

int ledger_first(struct vault *v, uint64_t *out, struct err *e)
{
	int64_t first;
	const int ret = segment_minimum(v, &first, e);

	*out = ret == 0 ? (uint64_t)first : 0;
	return ret;
}
