// SPDX-License-Identifier: ISC
// Verifying the ledger: every leaf is computed anew from its event. A row's seal finds one that was altered, swapped or put in; a gap in the
// numbers finds one that was taken out; the root in a closed segment's sealed row finds what was done to its file; the head and the signed
// checkpoints find a tail that was cut off, and a whole that was rewritten.
//
// How far all was well is remembered in ledger/verified: "<size> <compact range, hex> <HMAC by the ledger's key, hex>\n", of the last end of a segment
// before. What is not sealed so counts for nothing, and an older copy only makes more be read. As the head's tree must follow from that range,
// what stands before cannot be exchanged for another; that its files are still what they were, only the whole verification tells.
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/authority_count.h"
#include "policy/vault/checkpoint.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_key.h"
#include "policy/vault/segment.h"
#include "policy/vault/state.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct verification {
	struct vault *v;
	struct ledger_report *out;
	struct merkle tree, part;            // up to the closed segment that is looked at, if any; of what was seen of that one
	struct merkle remembered;            // at the last end of a segment
	struct ledger_keys keys;             // that sign checkpoints, as last read
	const struct checkpoint *against;    // that was kept elsewhere; NULL: none, or it was compared
	uint64_t end;                        // size that the head states
	uint64_t closed;                     // number of the first event that is not
	uint64_t next;                       // size of tree at which to ask for a checkpoint again
	struct payload_row payload;          // the next one; its number is INT64_MAX when there is none
	struct authority_years years;        // that the events tell of which were looked at
	struct authority_years signed_years; // that the last checkpoint tells of
	bool counts_all;                     // all events up to here were looked at
	bool done, failed;
	struct err why;
};

__attribute__((format(printf, 3, 4))) static void verify_found(struct verification *w, uint64_t index, const char *format, ...)
{
	va_list args;

	w->done = true;
	if (!w->out->intact)
		return;
	w->out->intact = false;
	w->out->result = LEDGER_ALTERED;
	w->out->bad_index = index;
	va_start(args, format);
	vsnprintf(w->out->finding, sizeof w->out->finding, format, args);
	va_end(args);
}

static uint64_t verify_size(const struct verification *w)
{
	return w->tree.size + w->part.size;
}

// The part is of a complete subtree that begins where the tree ends. Where it is whole, it may complete a larger one.
static void verify_root(const struct verification *w, uint8_t root[HASH_LEN])
{
	struct merkle both = w->tree;

	for (unsigned level = MERKLE_LEVELS; level-- > 0;)
		if ((w->part.size >> level & 1) != 0)
			merkle_append_subtree(&both, level, w->part.node[level]);
	merkle_root(&both, root);
}

static void verify_against(struct verification *w)
{
	uint8_t root[HASH_LEN];

	if (w->against == NULL || w->against->size != verify_size(w))
		return;
	verify_root(w, root);
	if (memcmp(root, w->against->root, HASH_LEN) != 0) {
		verify_found(w, w->against->size, "the first %llu events are others than those that the checkpoint was signed for",
			     (unsigned long long)w->against->size);
		w->out->result = LEDGER_FORKED;
	}
	w->against = NULL;
}

// What a checkpoint says of requests of authorities is what the events say, where all since the beginning were looked at; it is never less than
// the one before said.
static void verify_authorities(struct verification *w, uint64_t size, const char *note)
{
	struct authority_years years;

	if (authority_count_read(&years, note) != 0)
		verify_found(w, size, "the checkpoint of size %llu has a line that is none", (unsigned long long)size);
	else if (authority_count_lowered(&w->signed_years, &years))
		verify_found(w, size, "the checkpoint of size %llu tells of fewer requests of authorities than the one before",
			     (unsigned long long)size);
	else if (w->counts_all && (authority_count_lowered(&years, &w->years) || authority_count_lowered(&w->years, &years)))
		verify_found(w, size, "the checkpoint of size %llu tells of other requests of authorities than the events",
			     (unsigned long long)size);
	w->signed_years = years;
}

// Compares the tree with the checkpoint that was signed at its present size, if there is one.
static int verify_checkpoint(struct verification *w, struct err *e)
{
	const uint64_t size = verify_size(w);
	struct mark_row row;
	uint8_t root[HASH_LEN];
	int there = w->v->b->ledger->mark_get(w->v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_FROM, size, &row, e);

	w->next = there > 0 ? row.size : UINT64_MAX;
	if (there <= 0 || row.size != size)
		return there < 0 ? -1 : 0;
	verify_root(w, root);
	// A key may have been changed since they were read.
	bool good = checkpoint_verify(&w->keys, row.note, size, root);
	if (!good) {
		if (ledger_keys_read(w->v->state, &w->keys, e) != 0)
			return -1;
		good = checkpoint_verify(&w->keys, row.note, size, root);
	}
	if (memcmp(row.root, root, HASH_LEN) != 0)
		verify_found(w, size, "the events before %llu do not lead to the root of the checkpoint signed there",
			     (unsigned long long)size);
	else if (!good)
		verify_found(w, size, "the signature of the checkpoint of size %llu does not hold", (unsigned long long)size);
	else
		verify_authorities(w, size, row.note);
	w->next = 0;
	return 0;
}

// One that is closed has no seal: its segment's root is compared at the end.
static int verify_event(void *arg, const struct ledger_row *row)
{
	struct verification *w = arg;
	uint8_t leaf[HASH_LEN], expected[HASH_LEN];
	bool closed = (uint64_t)row->seq < w->closed, good = row->commitment != NULL && (closed || row->seal != NULL);
	uint64_t want = verify_size(w);

	if (row->seq < 0 || (uint64_t)row->seq < want)
		verify_found(w, want, "an event was put in before event %llu", (unsigned long long)want);
	else if ((uint64_t)row->seq > want)
		verify_found(w, want, "event %llu is missing", (unsigned long long)want);
	if (w->done)
		return 1;
	if (good)
		ledger_leaf(row, leaf);
	if (good && !closed) {
		ledger_row_seal(w->v, leaf, expected);
		good = equal_secret(expected, row->seal, HASH_LEN);
	}
	if (!good) {
		verify_found(w, want, "event %llu was altered, swapped or put in", (unsigned long long)want);
		return 1;
	}
	if (w->payload.seq < row->seq) {
		buf_free(&w->payload.body);
		int there = w->v->b->ledger->payload_get(w->v->store, NULL, row->seq, &w->payload, &w->why);
		w->failed = there < 0;
		if (there == 0)
			w->payload.seq = INT64_MAX;
	}
	if (w->payload.seq == row->seq && !w->failed)
		w->failed = ledger_payload_check(w->v, &w->payload, row, &good, &w->why) != 0;
	if (!good)
		verify_found(w, want, "the payload of event %llu was altered, or its key is missing", (unsigned long long)want);
	merkle_append(closed ? &w->part : &w->tree, leaf);
	authority_count_event(&w->years, row);
	if (!w->done && !w->failed && verify_size(w) >= w->next)
		w->failed = verify_checkpoint(w, &w->why) != 0;
	if (!w->done)
		verify_against(w);
	return w->done || w->failed || verify_size(w) >= w->end;
}

// The events of the segment are kept no longer: inside it, only what was signed here can be compared with what was kept elsewhere.
static int verify_missing(struct verification *w, const struct mark_row *row, struct err *e)
{
	struct mark_row signed_here;

	verify_against(w);
	if (w->against == NULL || w->against->size <= row->start || w->against->size > row->size)
		return 0;
	int there = w->v->b->ledger->mark_get(w->v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_FROM, w->against->size, &signed_here, e);
	if (there < 0)
		return -1;
	if (there == 0 || signed_here.size != w->against->size)
		return err_set(e, ERR_INPUT, "the events that the checkpoint of size %llu could be compared with are kept no longer",
			       (unsigned long long)w->against->size);
	if (memcmp(signed_here.root, w->against->root, HASH_LEN) != 0) {
		verify_found(w, w->against->size, "another checkpoint of %llu events was signed here",
			     (unsigned long long)w->against->size);
		w->out->result = LEDGER_FORKED;
	}
	w->against = NULL;
	return 0;
}

// One closed segment; `w->tree` ends where it begins.
static int verify_segment(struct verification *w, struct mark_row *row, struct err *e)
{
	const unsigned long long first = row->start, last = row->size - 1;
	struct err why = {0};
	uint8_t root[HASH_LEN], range[MERKLE_PACKED_MAX];
	unsigned level = (unsigned)__builtin_ctzll(row->size - row->start);

	w->part = (struct merkle){0};
	w->closed = row->size;
	if (!row->there) {
		w->counts_all = false;
		w->out->missing += row->size - row->start;
		memcpy(w->part.node[level], row->root, HASH_LEN);
		w->part.size = row->size - row->start;
		w->next = 0; // ask again for the next checkpoint
		if (verify_missing(w, row, e) != 0)
			return -1;
	} else if (segment_each(w->v, row, row->start, row->size, verify_event, w, &why) < 0) {
		if (why.code != ERR_CORRUPT)
			return err_set(e, why.code, "%s", why.text);
		verify_found(w, row->start, "%s", why.text);
	}
	if (w->done || w->failed)
		return 0;
	merkle_root(&w->part, root);
	w->part = (struct merkle){0};
	merkle_append_subtree(&w->tree, level, root);
	w->remembered = w->tree;
	if ((row->there && memcmp(root, row->root, HASH_LEN) != 0) || merkle_pack(&w->tree, range) != row->range_len ||
	    memcmp(range, row->range, row->range_len) != 0)
		verify_found(w, row->start, "among the closed events %llu to %llu one was altered, swapped, put in or taken out", first,
			     last);
	return 0;
}

static int verify_events(struct verification *w, struct err *e)
{
	struct mark_row row;
	struct err why = {0};
	int there = 0, ret = 0;

	while (ret == 0 && !w->done && !w->failed && w->tree.size < w->end &&
	       (there = segment_row_get(w->v, MARK_FROM, w->tree.size + 1, &row, &why)) > 0) {
		if (row.start != w->tree.size || row.size > w->end || ((row.size - row.start) & (row.size - row.start - 1)) != 0 ||
		    row.start % (row.size - row.start) != 0)
			verify_found(w, w->tree.size, "the closed segment with event %llu is missing", (unsigned long long)w->tree.size);
		else
			ret = verify_segment(w, &row, e);
	}
	if (there < 0 && why.code != ERR_CORRUPT)
		return err_set(e, why.code, "%s", why.text);
	if (there < 0)
		verify_found(w, w->tree.size, "%s", why.text);
	if (ret == 0 && !w->done && !w->failed && w->tree.size < w->end) {
		w->closed = w->tree.size;
		ret = ledger_walk_rows(w->v, w->closed == 0 ? INT64_MIN : (int64_t)w->closed, INT64_MAX, false, verify_event, w, e);
	}
	if (ret < 0 || w->failed)
		return w->failed ? err_set(e, w->why.code, "%s", w->why.text) : -1;
	if (!w->done && w->tree.size < w->end)
		verify_found(w, w->tree.size, "event %llu is missing", (unsigned long long)w->tree.size);
	return 0;
}

// Of the closed segments that were not read: whether as many files are there as rows tell of. One more can be at work: it is written before its row.
static int verify_files(struct verification *w, uint64_t told, struct err *e)
{
	struct mark_row row = {0};
	int64_t there = segment_files(w->v);
	int more = 1;

	if (there < 0 || ((uint64_t)there >= told && (uint64_t)there <= told + 1))
		return 0;
	while ((uint64_t)there < told && (more = segment_row_get(w->v, MARK_FROM, row.size + 1, &row, e)) > 0 &&
	       (!row.there || segment_file_there(w->v, &row)))
		;
	if (more < 0)
		return -1;
	if ((uint64_t)there < told)
		verify_found(w, row.start, "the file of the closed events from %llu on is missing", (unsigned long long)row.start);
	else
		verify_found(w, w->end, "there are %llu files of closed segments more than were written",
			     (unsigned long long)there - (unsigned long long)told);
	return 0;
}

// What the rows alone cannot tell.
static int verify_whole(struct verification *w, const struct merkle *head, bool head_altered, struct err *e)
{
	struct mark_row last;
	struct store_survey held;
	struct merkle now;
	uint8_t root[HASH_LEN], expected[HASH_LEN];

	merkle_root(&w->tree, root);
	merkle_root(head, expected);
	if (head_altered || memcmp(root, expected, HASH_LEN) != 0)
		verify_found(w, w->end, "the ledger's head (size and range) was altered, or events at its end were cut off");
	if (w->done)
		return 0;
	// Appended and signed while we read is fine; beyond what the head knows now is not. The head is asked last, as all only grow.
	int there = w->v->b->ledger->mark_get(w->v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &last, e);
	if (there < 0 || w->v->b->upkeep->survey(w->v->store, &held, e) != 0 || ledger_head(w->v, VIEW_COMMITTED, &now, NULL, e) != 0)
		return -1;
	if (there > 0 && last.size > now.size)
		verify_found(w, now.size, "the ledger ends at %llu, before a checkpoint signed at %llu", (unsigned long long)now.size,
			     (unsigned long long)last.size);
	else if (held.ledger.last >= 0 && (uint64_t)held.ledger.last >= now.size)
		verify_found(w, now.size, "an event was put in after the last one");
	return w->done ? 0 : verify_files(w, held.ledger.files, e);
}

// ---- what is remembered ----

static void verified_seal(const struct vault *v, const char *text, char out[2 * HASH_LEN + 1])
{
	uint8_t hash[HASH_LEN];

	keyed_hash(hash, v->ledger_key, "verified", text, strlen(text));
	hex_encode(out, hash, HASH_LEN);
}

static const char verified_file[] = "ledger/verified";

// The empty tree where nothing is remembered.
static void verified_read(const struct vault *v, uint64_t end, struct merkle *out)
{
	struct buf text BUF_AUTO = BUF_INIT(4 * MERKLE_PACKED_MAX);
	uint8_t range[MERKLE_PACKED_MAX];
	char path[PATH_MAX], expected[2 * HASH_LEN + 1];
	struct err none = {0};

	*out = (struct merkle){0};
	if (path_join(path, sizeof path, v->state, verified_file, &none) != 0 || file_read(path, &text, &none) != 0)
		return;
	char *packed = strchr(text.data, ' '), *given = packed != NULL ? strchr(packed + 1, ' ') : NULL;
	if (given == NULL || strlen(given) != 2 * HASH_LEN + 2)
		return;
	*given++ = '\0';
	verified_seal(v, text.data, expected);
	const uint64_t size = strtoull(text.data, NULL, 10);
	const size_t len = strlen(packed + 1) / 2;
	if (!equal_secret(expected, given, 2 * HASH_LEN) || size > end || len > sizeof range || hex_decode(range, len, packed + 1) != 0 ||
	    merkle_unpack(out, size, range, len) != 0)
		*out = (struct merkle){0};
}

// Only makes the next verification shorter: that it cannot be written, as on a copy that nobody may write, is no failure.
static void verified_write(const struct vault *v, const struct merkle *tree)
{
	struct buf text BUF_AUTO = BUF_INIT(4 * MERKLE_PACKED_MAX);
	uint8_t range[MERKLE_PACKED_MAX];
	char path[PATH_MAX], hex[2 * MERKLE_PACKED_MAX + 1], seal_text[2 * HASH_LEN + 1];
	struct err none = {0};

	hex_encode(hex, range, merkle_pack(tree, range));
	buf_printf(&text, "%llu %s", (unsigned long long)tree->size, hex);
	verified_seal(v, buf_text(&text), seal_text);
	buf_printf(&text, " %s\n", seal_text);
	if (tree->size > 0 && path_join(path, sizeof path, v->state, verified_file, &none) == 0 &&
	    file_write(path, buf_text(&text), text.len, 0600, NULL, &none) == 0)
		file_own_like(path, v->state);
}

static int verify_once(struct vault *v, enum ledger_extent extent, const struct checkpoint *against, struct ledger_report *out,
		       struct err *e)
{
	struct verification w = {.v = v, .out = out, .payload.seq = -1, .against = against};
	struct store_survey held;
	struct merkle head;
	struct err why = {0};
	uint8_t root[HASH_LEN];

	*out = (struct ledger_report){.intact = true};
	bool altered = ledger_head(v, VIEW_COMMITTED, &head, NULL, &why) != 0;
	if (altered && (why.code != ERR_CORRUPT || v->b->upkeep->survey(v->store, &held, e) != 0))
		return err_set(e, why.code, "%s", why.text);
	w.end = altered ? (uint64_t)(held.ledger.last + 1) : head.size;
	// A seal that does not hold vouches for nothing: then everything is looked at, which finds out.
	if (extent == LEDGER_OPEN && !altered)
		(void)segment_tree(v, w.end, &w.tree, &why);
	if (extent == LEDGER_SINCE && !altered) {
		verified_read(v, w.end, &w.tree);
		w.remembered = w.tree;
	}
	out->from = w.tree.size;
	w.counts_all = out->from == 0;
	if (against != NULL && against->size > w.end) {
		verify_found(&w, w.end, "the ledger ends at %llu, and a checkpoint was signed for %llu events", (unsigned long long)w.end,
			     (unsigned long long)against->size);
		out->result = LEDGER_TRUNCATED;
	}
	int ret = (!w.done && verify_events(&w, e) != 0) || (!w.done && verify_whole(&w, &head, altered, e) != 0) ? -1 : 0;
	buf_free(&w.payload.body);
	if (ret != 0)
		return -1;
	if (out->intact && extent != LEDGER_OPEN)
		verified_write(v, &w.remembered);
	out->size = w.tree.size;
	merkle_root(&w.tree, root);
	hex_encode(out->root, root, HASH_LEN);
	return 0;
}

// Pruning closes segments and ends files while it is read: rows that went into a file look as if they were missing. What is really missing stays so.
static int verify_again(struct vault *v, enum ledger_extent extent, const struct checkpoint *against, struct ledger_report *out,
			struct err *e)
{
	enum { ATTEMPTS = 3 };
	int ret = verify_once(v, extent, against, out, e);

	for (int i = 1; i < ATTEMPTS && ret == 0 && !out->intact; i++)
		ret = verify_once(v, extent, against, out, e);
	return ret;
}

int ledger_verify(struct vault *v, enum ledger_extent extent, struct ledger_report *out, struct err *e)
{
	return verify_again(v, extent, NULL, out, e);
}

int ledger_verify_against(struct vault *v, const char *note, size_t len, const char *key_line, struct ledger_report *out, struct err *e)
{
	struct ledger_keys keys;
	struct signed_note_key key;
	struct checkpoint against, by_given;
	struct err none = {0};

	if (ledger_keys_read(v->state, &keys, e) != 0 || (key_line != NULL && signed_note_key_parse(&key, key_line, e) != 0))
		return -1;
	if (key_line != NULL)
		ledger_keys_follow(&keys, &key);
	if (ledger_keys_open(&keys, note, len, &against, e) != 0)
		return e->code = ERR_INPUT, -1;
	const int ret = verify_again(v, LEDGER_WHOLE, &against, out, e);
	out->followed = key_line != NULL && signed_note_checkpoint(&by_given, &key, note, len, &none) != 0;
	return ret;
}
