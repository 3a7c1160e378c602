// SPDX-License-Identifier: ISC
// Signed checkpoints (C2SP tlog-checkpoint in a C2SP signed note):
//
//	<origin>\n<size, decimal>\n<root, base64>\n[authorities <year> …\n …]\n— <origin> <base64 of 4 bytes of key id and the Ed25519 signature>\n
//
// The keys: ledger_key.h. A checkpoint is signed only after its tree and that of
// the last one were recomputed from the events, those of closed segments when they were closed.
#include "policy/vault/checkpoint.h"
#include "policy/base/base64.h"
#include "policy/base/file.h"
#include "policy/vault/authority_count.h"
#include "policy/vault/commit.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_key.h"
#include "policy/vault/ledger_walk.h"
#include "policy/vault/segment.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

bool checkpoint_verify(const struct ledger_keys *keys, const char *note, uint64_t size, const uint8_t root[HASH_LEN])
{
	struct checkpoint signed_there;
	struct err none = {0};

	return ledger_keys_open(keys, note, strlen(note), &signed_there, &none) == 0 && signed_there.size == size &&
	       memcmp(signed_there.root, root, HASH_LEN) == 0;
}

// ---- signing the current tree ----

struct growth {
	struct merkle tree;
	bool broken;
};

static int grow_by(void *arg, const struct ledger_row *row)
{
	struct growth *g = arg;
	uint8_t leaf[HASH_LEN];

	g->broken = row->commitment == NULL || (uint64_t)row->seq != g->tree.size;
	if (g->broken)
		return -1;
	ledger_leaf(row, leaf);
	merkle_append(&g->tree, leaf);
	return 0;
}

// The root at a size, out of the last closed segment before it and the events after that. `kept`: false when those are kept no more.
static int grown_root(const struct vault *v, uint64_t size, uint8_t root[HASH_LEN], bool *kept, struct err *e)
{
	struct growth g = {0};
	struct err why = {0};

	*kept = true;
	if (segment_tree(v, size, &g.tree, e) != 0)
		return -1;
	if (ledger_walk(v, g.tree.size, size, grow_by, &g, &why) != 0) {
		*kept = why.code != ERR_NOT_FOUND;
		return *kept ? err_set(e, why.code, "%s", why.text) : 0;
	}
	if (g.broken || g.tree.size != size)
		return err_set(e, ERR_CORRUPT, "event %llu is missing or damaged; run: lethe audit verify",
			       (unsigned long long)g.tree.size);
	merkle_root(&g.tree, root);
	return 0;
}

int checkpoint_compare(const struct vault *v, uint64_t size, const uint8_t root[HASH_LEN], enum ledger_result *out, struct err *e)
{
	struct mark_row row;
	struct merkle head;
	uint8_t grown[HASH_LEN];
	bool kept;

	if (ledger_head(v, VIEW_COMMITTED, &head, NULL, e) != 0)
		return -1;
	*out = LEDGER_TRUNCATED;
	if (size > head.size)
		return 0;
	if (grown_root(v, size, grown, &kept, e) != 0)
		return -1;
	if (!kept) {
		const int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, size, &row, e);
		if (there < 0)
			return -1;
		if (there == 0 || row.size != size)
			return err_set(e, ERR_NOT_FOUND,
				       "the events that the checkpoint of size %llu could be compared with are kept no longer",
				       (unsigned long long)size);
		memcpy(grown, row.root, HASH_LEN);
	}
	*out = memcmp(grown, root, HASH_LEN) == 0 ? LEDGER_INTACT : LEDGER_FORKED;
	return 0;
}

int checkpoint_newest(const struct vault *v, uint64_t *size, struct err *e)
{
	struct mark_row last;
	const int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &last, e);

	*size = there > 0 ? last.size : 0;
	return there < 0 ? -1 : 0;
}

static int count_one(void *arg, const struct ledger_row *row)
{
	authority_count_event(arg, row);
	return 0;
}

// The last checkpoint's signature must hold, and both its root and that of now follow from the events.
static int checkpoint_alone(struct vault *v, struct buf *out, struct err *e)
{
	struct mark_row last;
	struct merkle head;
	uint8_t root[HASH_LEN], grown[HASH_LEN];
	char origin[NOTE_NAME_MAX];
	bool kept;
	int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &last, e);

	if (there < 0 || ledger_head(v, VIEW_WRITER, &head, NULL, e) != 0)
		return -1;
	if (there > 0) {
		struct ledger_keys keys;
		if (ledger_keys_read(v->state, &keys, e) != 0)
			return -1;
		if (!checkpoint_verify(&keys, last.note, last.size, last.root))
			return err_set(e, ERR_CORRUPT, "the last checkpoint's signature does not hold; run: lethe audit verify");
		if (head.size < last.size)
			return err_set(e, ERR_CORRUPT, "the ledger is shorter than its last checkpoint; run: lethe audit verify");
		if (grown_root(v, last.size, grown, &kept, e) != 0)
			return -1;
		if (kept && memcmp(grown, last.root, HASH_LEN) != 0)
			return err_set(e, ERR_CORRUPT,
				       "the ledger does not grow out of its last checkpoint: nothing is signed; run: lethe audit verify");
		if (head.size == last.size)
			return buf_adds(out, last.note) != 0 ? err_set(e, ERR_MEMORY, "no memory") : 0;
	}
	merkle_root(&head, root);
	if (grown_root(v, head.size, grown, &kept, e) != 0)
		return -1;
	if (memcmp(grown, root, HASH_LEN) != 0)
		return err_set(e, ERR_CORRUPT, "the ledger's events do not lead to its head: nothing is signed; run: lethe audit verify");
	// What was signed before, and what came since.
	struct authority_years years = {0};
	struct err why = {0};
	if (there > 0 && authority_count_read(&years, last.note) != 0)
		return err_set(e, ERR_CORRUPT, "the last checkpoint has a line that is none; run: lethe audit verify");
	int64_t from;
	if (segment_minimum(v, &from, e) != 0)
		return -1;
	if (there > 0 && (uint64_t)from < last.size)
		from = (int64_t)last.size;
	if (ledger_walk(v, (uint64_t)from, head.size, count_one, &years, &why) != 0 && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	struct mark_row row = {.mark = MARK_CHECKPOINT, .size = head.size, .at = when_now()};
	memcpy(row.root, root, HASH_LEN);
	ledger_key_origin(v, origin);
	buf_printf(out, "%s\n%llu\n", origin, (unsigned long long)row.size);
	base64_add(out, root, HASH_LEN);
	buf_addc(out, '\n');
	authority_count_lines(&years, out);
	if (ledger_key_sign(v, out, e) != 0)
		return -1;
	snprintf(row.note, sizeof row.note, "%s", buf_text(out));
	return transaction_end(v, LANE_RECORDS, v->b->ledger->append(v->store, NULL, NULL, &row, e), e);
}

int ledger_authorities(struct vault *v, struct authority_years *out, struct err *e)
{
	struct mark_row last;
	int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &last, e);

	*out = (struct authority_years){0};
	if (there <= 0)
		return there;
	return authority_count_read(out, last.note) != 0 ? err_set(e, ERR_CORRUPT, "the last checkpoint has a line that is none") : 0;
}

int ledger_checkpoint(struct vault *v, struct buf *out, struct err *e)
{
	struct commit_alone alone ALONE_AUTO = {0};

	if (v->mode != VAULT_ADMIN)
		return err_set(e, ERR_REFUSED, "only the officer's command signs checkpoints");
	return commit_alone(v, &alone, e) != 0 ? -1 : checkpoint_alone(v, out, e);
}

// ---- another key ----

int checkpoint_key_change(struct vault *v, struct ledger_keys *out, struct err *e)
{
	struct buf note BUF_AUTO = BUF_INIT(CHECKPOINT_NOTE_MAX);
	char folder[PATH_MAX];

	if (path_join(folder, sizeof folder, v->state, "keys", e) != 0)
		return -1;
	FD_AUTO int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0)
		return err_system(e, errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO, errno, "%s", folder);
	if (ledger_keys_read(v->state, out, e) != 0)
		return -1;
	if (out->count > LEDGER_KEYS_PAST_MAX)
		return err_set(e, ERR_REFUSED, "the key was changed %d times: no more", LEDGER_KEYS_PAST_MAX);
	// What is there is signed by the present key alone, which looks the ledger over and shows that this key is here.
	if (ledger_checkpoint(v, &note, e) != 0 || ledger_key_announce(v, e) != 0)
		return -1;
	buf_reset(&note);
	return ledger_checkpoint(v, &note, e) != 0 || ledger_key_finish(v, e) != 0 ? -1 : ledger_keys_read(v->state, out, e);
}
