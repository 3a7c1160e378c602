// SPDX-License-Identifier: ISC
#include "policy/vault/ledger_walk.h"
#include "policy/vault/ledger.h"
#include "policy/vault/segment.h"

int ledger_walk(const struct vault *v, uint64_t from, uint64_t to, int (*each)(void *, const struct ledger_row *), void *arg, struct err *e)
{
	struct segment_row row;
	int there = 1, ret = 0;

	while (ret == 0 && from < to && (there = segment_row_get(v, MARK_FROM, from + 1, &row, e)) > 0) {
		ret = segment_each(v, &row, from, to, each, arg, e);
		from = row.size;
	}
	if (there < 0)
		return -1;
	if (ret == 0 && from < to)
		ret = ledger_walk_rows(v, (int64_t)from, to > INT64_MAX ? INT64_MAX : (int64_t)to, false, each, arg, e);
	return ret < 0 ? -1 : 0;
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
	struct ledger_head_row head;
	int there = v->b->ledger->head(v->store, VIEW_COMMITTED, &head, e);

	*out = head.size;
	return there < 0 ? -1 : 0;
}
