// SPDX-License-Identifier: ISC
// Proofs of RFC 6962 §2.1 over the tree of the newest signed checkpoint. Whole closed segments count by the roots in their rows, so that a proof
// reads one or two files, whatever the ledger's size.
#include "policy/base/base64.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_walk.h"
#include "policy/vault/segment.h"
#include <string.h>

struct proof {
	struct vault *v;
	struct buf *out;
	struct err *e;
};

static int grow_tree(void *arg, const struct ledger_row *row)
{
	uint8_t leaf[HASH_LEN];

	if (row->commitment == NULL)
		return -1;
	ledger_leaf(row, leaf);
	merkle_append(arg, leaf);
	return 0;
}

// Adds the root over the events from `from` to before `to`, a line of base64. As RFC 6962 divides the tree, `from` is a multiple of the power of two
// that is not smaller than their number: a segment among them is a complete subtree.
static int proof_node(const struct proof *p, uint64_t from, uint64_t to)
{
	struct merkle tree = {0};
	struct mark_row row;
	uint8_t root[HASH_LEN];

	for (uint64_t at = from; at < to; at = from + tree.size) {
		int there = segment_row_get(p->v, MARK_FROM, at + 1, &row, p->e);
		if (there < 0)
			return -1;
		const uint64_t end = there > 0 && row.size < to ? row.size : to;
		if (there > 0 && row.start == at && row.size <= to)
			merkle_append_subtree(&tree, (unsigned)__builtin_ctzll(row.size - row.start), row.root);
		else if (ledger_walk(p->v, at, end, grow_tree, &tree, p->e) != 0)
			return -1;
		else if (from + tree.size != end)
			return err_set(p->e, ERR_CORRUPT, "an event after %llu is missing or damaged; run: lethe audit verify",
				       (unsigned long long)at);
	}
	merkle_root(&tree, root);
	base64_add(p->out, root, HASH_LEN);
	return buf_addc(p->out, '\n');
}

static uint64_t largest_power_below(uint64_t n)
{
	return 1ULL << (63 - __builtin_clzll(n - 1));
}

// PATH of RFC 6962 §2.1.1: of the event, in the tree of those from `lo` to before `hi`.
static int add_path(const struct proof *p, uint64_t event, uint64_t lo, uint64_t hi)
{
	if (hi - lo == 1)
		return 0;
	const uint64_t middle = lo + largest_power_below(hi - lo);
	if (event < middle)
		return add_path(p, event, lo, middle) != 0 ? -1 : proof_node(p, middle, hi);
	return add_path(p, event, middle, hi) != 0 ? -1 : proof_node(p, lo, middle);
}

// SUBPROOF of §2.1.2: that the tree up to `size` is the beginning. `whole`: `lo` is 0 still, and who verifies knows that root.
static int add_subproof(const struct proof *p, uint64_t size, uint64_t lo, uint64_t hi, bool whole)
{
	if (size == hi)
		return whole ? 0 : proof_node(p, lo, hi);
	const uint64_t middle = lo + largest_power_below(hi - lo);
	if (size <= middle)
		return add_subproof(p, size, lo, middle, whole) != 0 ? -1 : proof_node(p, middle, hi);
	return add_subproof(p, size, middle, hi, false) != 0 ? -1 : proof_node(p, lo, middle);
}

int ledger_proof(struct vault *v, enum ledger_proof which, uint64_t number, struct buf *out, struct err *e)
{
	const struct proof p = {v, out, e};
	struct mark_row last;
	int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &last, e);

	if (there < 0)
		return -1;
	if (there == 0)
		return err_set(e, ERR_NOT_FOUND, "no checkpoint is signed yet; run: lethe audit checkpoint");
	if (which == PROOF_OF_EVENT ? number >= last.size : number == 0 || number > last.size)
		return err_set(e, ERR_INPUT, "the last signed checkpoint is of %llu events; run: lethe audit checkpoint",
			       (unsigned long long)last.size);
	buf_printf(out, which == PROOF_OF_EVENT ? "c2sp.org/tlog-proof@v1\nindex %llu\n" : "consistency with %llu\n",
		   (unsigned long long)number);
	if ((which == PROOF_OF_EVENT ? add_path(&p, number, 0, last.size) : add_subproof(&p, number, 0, last.size, true)) != 0)
		return out->failed ? err_set(e, ERR_MEMORY, "no memory") : -1;
	buf_addc(out, '\n');
	return buf_adds(out, last.note) != 0 ? err_set(e, ERR_MEMORY, "no memory") : 0;
}
