// SPDX-License-Identifier: ISC
// Verifying the ledger: every leaf is computed anew from its row. A row's seal finds one that was altered, swapped or put in; a gap in the
// numbers finds one that was taken out; the head and the signed checkpoints find a tail that was cut off, and a whole that was rewritten.
#include "policy/base/text.h"
#include "policy/vault/checkpoint.h"
#include "policy/vault/ledger.h"
#include "policy/vault/state.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct verification {
	struct vault *v;
	struct ledger_report *out;
	struct merkle tree;
	uint64_t end;               // size that the head states
	uint64_t next;              // size of tree at which to ask for a checkpoint again
	struct payload_row payload; // the next one; its number is INT64_MAX when there is none
	bool done;
};

__attribute__((format(printf, 3, 4))) static void verify_found(struct verification *w, uint64_t index, const char *format, ...)
{
	va_list args;

	w->done = true;
	if (!w->out->intact)
		return;
	w->out->intact = false;
	w->out->bad_index = index;
	va_start(args, format);
	vsnprintf(w->out->finding, sizeof w->out->finding, format, args);
	va_end(args);
}

// Compares the tree with the checkpoint that was signed at its present size, if there is one.
static int verify_checkpoint(struct verification *w, struct err *e)
{
	struct checkpoint_row row;
	uint8_t root[HASH_LEN];
	int there = w->v->b->ledger->checkpoint_get(w->v->store, CHECKPOINT_FROM, w->tree.size, &row, e);

	w->next = there > 0 ? row.size : UINT64_MAX;
	if (there <= 0 || row.size != w->tree.size)
		return there < 0 ? -1 : 0;
	merkle_root(&w->tree, root);
	enum signature signature = checkpoint_verify(w->v, row.note, w->tree.size, root);
	if (memcmp(row.root, root, HASH_LEN) != 0)
		verify_found(w, w->tree.size, "the events before %llu do not lead to the root of the checkpoint signed there",
			     (unsigned long long)w->tree.size);
	else if (signature == SIGNATURE_BAD)
		verify_found(w, w->tree.size, "the signature of the checkpoint of size %llu does not hold",
			     (unsigned long long)w->tree.size);
	else if (signature == SIGNATURE_NO_KEY)
		verify_found(w, w->tree.size, "checkpoints are there, but keys/ledger.pub to check them with is missing");
	w->next = 0;
	return 0;
}

static int verify_row(struct verification *w, const struct ledger_row *row, struct err *e)
{
	uint8_t leaf[HASH_LEN], expected[HASH_LEN];
	bool good = row->commitment != NULL && row->seal != NULL;
	uint64_t want = w->tree.size;

	if (row->seq < 0 || (uint64_t)row->seq < want)
		verify_found(w, want, "an event was put in before event %llu", (unsigned long long)want);
	else if ((uint64_t)row->seq > want)
		verify_found(w, want, "event %llu is missing", (unsigned long long)want);
	if (w->done)
		return 0;
	if (good) {
		ledger_leaf(row, leaf);
		ledger_row_seal(w->v, leaf, expected);
		good = equal_secret(expected, row->seal, HASH_LEN);
	}
	if (!good) {
		verify_found(w, want, "event %llu was altered, swapped or put in", (unsigned long long)want);
		return 0;
	}
	if (w->payload.seq < row->seq) {
		buf_free(&w->payload.body);
		int there = w->v->b->ledger->payload_get(w->v->store, row->seq, &w->payload, e);
		if (there < 0)
			return -1;
		if (there == 0)
			w->payload.seq = INT64_MAX;
	}
	if (w->payload.seq == row->seq && ledger_payload_check(w->v, &w->payload, row, &good, e) != 0)
		return -1;
	if (!good)
		verify_found(w, want, "the payload of event %llu was altered", (unsigned long long)want);
	merkle_append(&w->tree, leaf);
	return !w->done && w->tree.size >= w->next ? verify_checkpoint(w, e) : 0;
}

static int verify_rows(struct verification *w, struct err *e)
{
	struct ledger_page page;
	int ret = 0;

	while (!w->done && w->tree.size < w->end && ret == 0) {
		uint64_t start = w->tree.size;
		ret = ledger_page_read(w->v, start == 0 ? INT64_MIN : (int64_t)start, false, &page, e);
		for (size_t i = 0; i < page.count && ret == 0 && !w->done && w->tree.size < w->end; i++)
			ret = verify_row(w, &page.rows[i], e);
		ledger_page_free(&page);
		if (ret == 0 && !w->done && w->tree.size == start)
			verify_found(w, start, "event %llu is missing", (unsigned long long)start);
	}
	return ret;
}

// What the rows alone cannot tell.
static int verify_whole(struct verification *w, const struct merkle *head, bool head_altered, struct err *e)
{
	struct checkpoint_row last;
	struct store_survey held;
	struct merkle now;
	uint8_t root[HASH_LEN], expected[HASH_LEN];
	time_t at;

	merkle_root(&w->tree, root);
	merkle_root(head, expected);
	if (head_altered || memcmp(root, expected, HASH_LEN) != 0)
		verify_found(w, w->end, "the ledger's head (size and range) was altered, or events at its end were cut off");
	if (w->done)
		return 0;
	// Appended and signed while we read is fine; beyond what the head knows now is not. The head is asked last, as all only grow.
	int there = w->v->b->ledger->checkpoint_get(w->v->store, CHECKPOINT_UP_TO, UINT64_MAX, &last, e);
	if (there < 0 || w->v->b->upkeep->survey(w->v->store, &held, e) != 0 || ledger_head(w->v, VIEW_COMMITTED, &now, &at, e) != 0)
		return -1;
	if (there > 0 && last.size > now.size)
		verify_found(w, now.size, "the ledger ends at %llu, before a checkpoint signed at %llu", (unsigned long long)now.size,
			     (unsigned long long)last.size);
	else if (held.ledger.last >= 0 && (uint64_t)held.ledger.last >= now.size)
		verify_found(w, now.size, "an event was put in after the last one");
	return 0;
}

// Begins with the tree as it was at the newest signed checkpoint that has `least` events after it; with the empty tree when there is none.
static int verify_start(struct verification *w, uint64_t least, struct err *e)
{
	struct checkpoint_row row;
	struct merkle tree;
	uint8_t root[HASH_LEN];

	if (w->end <= least)
		return 0;
	int there = w->v->b->ledger->checkpoint_get(w->v->store, CHECKPOINT_UP_TO, w->end - least, &row, e);
	if (there <= 0 || merkle_unpack(&tree, row.size, row.range, row.range_len) != 0)
		return there < 0 ? -1 : 0;
	merkle_root(&tree, root);
	if (row.size == 0 || checkpoint_verify(w->v, row.note, row.size, root) != SIGNATURE_GOOD)
		return 0; // not to be trusted: everything is looked at, which finds out
	w->tree = tree;
	w->out->from = row.size;
	return 0;
}

int ledger_verify_recent(struct vault *v, uint64_t least, struct ledger_report *out, struct err *e)
{
	struct verification w = {.v = v, .out = out, .payload.seq = -1};
	struct store_survey held;
	struct merkle head;
	struct err why = {0};
	uint8_t root[HASH_LEN];
	time_t at;

	*out = (struct ledger_report){.intact = true};
	bool altered = ledger_head(v, VIEW_COMMITTED, &head, &at, &why) != 0;
	if (altered && (why.code != ERR_CORRUPT || v->b->upkeep->survey(v->store, &held, e) != 0))
		return err_set(e, why.code, "%s", why.text);
	w.end = altered ? (uint64_t)(held.ledger.last + 1) : head.size;
	if (!altered && verify_start(&w, least, e) != 0)
		return -1;
	int ret = verify_rows(&w, e) != 0 || (!w.done && verify_whole(&w, &head, altered, e) != 0) ? -1 : 0;
	buf_free(&w.payload.body);
	if (ret != 0)
		return -1;
	out->size = w.tree.size;
	merkle_root(&w.tree, root);
	hex_encode(out->root, root, HASH_LEN);
	return 0;
}

int ledger_verify(struct vault *v, struct ledger_report *out, struct err *e)
{
	return ledger_verify_recent(v, UINT64_MAX, out, e);
}
