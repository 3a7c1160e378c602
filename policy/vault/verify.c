// SPDX-License-Identifier: ISC
// Verifying the ledger: every leaf is computed anew from its row. A row's seal finds one that was altered, swapped or put in; a gap in the
// numbers finds one that was taken out; the head and the signed checkpoints find a tail that was cut off, and a whole that was rewritten.
#include "policy/base/text.h"
#include "policy/vault/internal.h"
#include "policy/vault/merkle.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct walk {
	struct vault *v;
	struct ledger_report *out;
	struct merkle tree;
	uint64_t end; // size that the head states
	bool done;
};

__attribute__((format(printf, 3, 4))) static void found(struct walk *w, uint64_t index, const char *format, ...)
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

// Compares the tree with the checkpoint that was signed at its present size, if there is one. *next says when to ask again.
static int check_checkpoint(struct walk *w, uint64_t *next, struct err *e)
{
	struct cursor *c CURSOR_AUTO = store_query(w->v->read.vault, SQL_CHECKPOINT_NEXT, VALUES(V_INT(w->tree.size)), e);
	int got = c == NULL ? -1 : cursor_next(c, e);
	uint8_t root[HASH_LEN];
	size_t len;

	*next = UINT64_MAX;
	if (got <= 0)
		return got;
	*next = (uint64_t)cursor_int(c, 0);
	if (*next != w->tree.size)
		return 0;
	const void *stored = cursor_blob(c, 1, &len);
	merkle_root(&w->tree, root);
	if (len != HASH_LEN || memcmp(stored, root, HASH_LEN) != 0)
		found(w, w->tree.size, "the events before %llu do not lead to the root of the checkpoint signed there",
		      (unsigned long long)w->tree.size);
	else if (checkpoint_verify(w->v, cursor_text(c, 3), w->tree.size, root) == SIGNATURE_BAD)
		found(w, w->tree.size, "the signature of the checkpoint of size %llu does not hold", (unsigned long long)w->tree.size);
	else if (checkpoint_verify(w->v, cursor_text(c, 3), w->tree.size, root) == SIGNATURE_NO_KEY)
		found(w, w->tree.size, "checkpoints are there, but keys/ledger.pub to check them with is missing");
	*next = 0;
	return 0;
}

static int check_row(struct walk *w, struct cursor *c, struct err *e)
{
	struct ledger_row row;
	const uint8_t *sealed;
	uint8_t leaf[HASH_LEN], expected[HASH_LEN];
	bool good;
	int shape = ledger_row_read(c, &row, &sealed);
	uint64_t want = w->tree.size;

	if (row.seq < 0 || (uint64_t)row.seq < want)
		found(w, want, "an event was put in before event %llu", (unsigned long long)want);
	else if ((uint64_t)row.seq > want)
		found(w, want, "event %llu is missing", (unsigned long long)want);
	if (w->done)
		return 0;
	if (shape == 0) {
		ledger_leaf(&row, leaf);
		ledger_row_seal(w->v, leaf, expected);
	}
	if (shape != 0 || !equal_secret(expected, sealed, HASH_LEN)) {
		found(w, want, "event %llu was altered, swapped or put in", (unsigned long long)want);
		return 0;
	}
	if (ledger_payload_check(w->v, &row, &good, e) != 0)
		return -1;
	if (!good)
		found(w, want, "the payload of event %llu was altered", (unsigned long long)want);
	merkle_append(&w->tree, leaf);
	return 0;
}

// One page of rows, in one short read.
static int walk_page(struct walk *w, uint64_t *next, struct err *e)
{
	int64_t from = w->tree.size == 0 ? INT64_MIN : (int64_t)w->tree.size;
	struct cursor *c CURSOR_AUTO = store_query(w->v->read.vault, SQL_LEDGER_PAGE, VALUES(V_INT(from), V_INT(PAGE_ROWS)), e);
	uint64_t start = w->tree.size;
	int got = c == NULL ? -1 : 0;

	while (!w->done && w->tree.size < w->end && c != NULL && (got = cursor_next(c, e)) > 0) {
		if (check_row(w, c, e) != 0)
			return -1;
		if (!w->done && w->tree.size >= *next && check_checkpoint(w, next, e) != 0)
			return -1;
	}
	if (!w->done && w->tree.size == start && w->tree.size < w->end && got == 0)
		found(w, start, "event %llu is missing", (unsigned long long)start);
	return got < 0 ? -1 : 0;
}

static int read_head(struct walk *w, struct merkle *head, struct err *e)
{
	struct err why = {0};
	int64_t last;
	time_t at;

	if (ledger_head(w->v, w->v->read.vault, head, &at, &why) == 0) {
		w->end = head->size;
		return 0;
	}
	if (why.code != ERR_CORRUPT || store_number(w->v->read.vault, SQL_LEDGER_LAST, NULL, -1, &last, e) != 0)
		return err_set(e, why.code, "%s", why.text);
	w->end = (uint64_t)(last + 1);
	return 1;
}

// What the rows alone cannot tell.
static int check_whole(struct walk *w, const struct merkle *head, bool head_altered, struct err *e)
{
	struct merkle now;
	uint8_t root[HASH_LEN], expected[HASH_LEN];
	int64_t last, signed_size;
	time_t at;

	merkle_root(&w->tree, root);
	merkle_root(head, expected);
	if (head_altered || memcmp(root, expected, HASH_LEN) != 0)
		found(w, w->end, "the ledger's head (size and range) was altered, or events at its end were cut off");
	if (w->done)
		return 0;
	if (store_number(w->v->read.vault, SQL_CHECKPOINT_LAST, NULL, 0, &signed_size, e) != 0)
		return -1;
	if ((uint64_t)signed_size > w->tree.size)
		found(w, w->tree.size, "the ledger ends at %llu, before a checkpoint signed at %lld", (unsigned long long)w->tree.size,
		      (long long)signed_size);
	// Appended while we read is fine; beyond what the head knows now is not. The rows are asked first, as they only grow.
	if (store_number(w->v->read.vault, SQL_LEDGER_LAST, NULL, -1, &last, e) != 0 ||
	    ledger_head(w->v, w->v->read.vault, &now, &at, e) != 0)
		return -1;
	if (!w->done && last >= 0 && (uint64_t)last >= now.size)
		found(w, now.size, "an event was put in after the last one");
	return 0;
}

static int locked(struct vault *v, int (*step)(struct walk *, uint64_t *, struct err *), struct walk *w, uint64_t *next, struct err *e)
{
	pthread_mutex_lock(&v->read.mutex);
	int ret = step(w, next, e);
	pthread_mutex_unlock(&v->read.mutex);
	return ret;
}

// The tree as it was at the newest signed checkpoint that has `least` events after it; the empty tree when there is none.
static int start_at(struct walk *w, uint64_t least, struct err *e)
{
	struct cursor *c CURSOR_AUTO = NULL;
	struct merkle tree;
	uint8_t root[HASH_LEN];
	size_t len;

	if (w->end <= least)
		return 0;
	c = store_query(w->v->read.vault, SQL_CHECKPOINT_UP_TO, VALUES(V_INT(w->end - least)), e);
	int got = c == NULL ? -1 : cursor_next(c, e);
	if (got <= 0)
		return got;
	uint64_t size = (uint64_t)cursor_int(c, 0);
	const void *range = cursor_blob(c, 2, &len);
	if (merkle_unpack(&tree, size, range, len) == 0)
		merkle_root(&tree, root);
	else
		size = 0;
	if (size == 0 || checkpoint_verify(w->v, cursor_text(c, 3), size, root) != SIGNATURE_GOOD)
		return 0; // not to be trusted: everything is looked at, which finds out
	w->tree = tree;
	w->out->from = size;
	return 0;
}

static int verify_from(struct vault *v, uint64_t least, struct ledger_report *out, struct err *e)
{
	struct walk w = {.v = v, .out = out};
	struct merkle head;
	uint8_t root[HASH_LEN];
	uint64_t next = 0;

	*out = (struct ledger_report){.intact = true};
	pthread_mutex_lock(&v->read.mutex);
	int altered = read_head(&w, &head, e);
	if (altered == 0 && start_at(&w, least, e) != 0)
		altered = -1;
	pthread_mutex_unlock(&v->read.mutex);
	if (altered < 0)
		return -1;
	while (!w.done && w.tree.size < w.end)
		if (locked(v, walk_page, &w, &next, e) != 0)
			return -1;
	pthread_mutex_lock(&v->read.mutex);
	int ret = w.done ? 0 : check_whole(&w, &head, altered == 1, e);
	pthread_mutex_unlock(&v->read.mutex);
	out->size = w.tree.size;
	merkle_root(&w.tree, root);
	hex_encode(out->root, root, HASH_LEN);
	return ret;
}

int ledger_verify(struct vault *v, struct ledger_report *out, struct err *e)
{
	return verify_from(v, UINT64_MAX, out, e);
}

int ledger_verify_recent(struct vault *v, uint64_t least, struct ledger_report *out, struct err *e)
{
	return verify_from(v, least, out, e);
}
