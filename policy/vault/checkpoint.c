// SPDX-License-Identifier: ISC
// Signed checkpoints (C2SP tlog-checkpoint in a C2SP signed note):
//
//	<origin>\n<size, decimal>\n<root, base64>\n[authorities <year> …\n …]\n— <origin> <base64 of 4 bytes of key id and the Ed25519 signature>\n
//
// keys/ledger.key holds the 32-byte Ed25519 seed as hex (0600; only the officer's command reads it), keys/ledger.pub the verifier key in
// the C2SP form <origin>+<key id, hex>+<base64 of 0x01 and the public key>. A checkpoint is signed only after its tree and that of
// the last one were recomputed from the events, those of closed segments when they were closed.
#include "policy/vault/checkpoint.h"
#include "policy/base/base64.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/authority_count.h"
#include "policy/vault/commit.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_walk.h"
#include "policy/vault/segment.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void pkey_free(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}
static void sign_free(EVP_MD_CTX **c)
{
	EVP_MD_CTX_free(*c);
}
#define PKEY_AUTO __attribute__((cleanup(pkey_free)))
#define SIGN_AUTO __attribute__((cleanup(sign_free)))

static void origin_of(const struct vault *v, char out[NOTE_NAME_MAX])
{
	snprintf(out, NOTE_NAME_MAX, "%s.lethe.invalid/ledger", v->policy->site);
}

// ---- the key ----

static int publish_key(struct vault *v, EVP_PKEY *key, struct err *e)
{
	struct buf text BUF_AUTO = BUF_INIT(CHECKPOINT_NOTE_MAX);
	char origin[NOTE_NAME_MAX], hint_hex[2 * NOTE_KEY_ID_LEN + 1], path[PATH_MAX];
	uint8_t hint[NOTE_KEY_ID_LEN], typed[1 + ED25519_LEN] = {0x01};
	size_t len = ED25519_LEN;

	if (key == NULL || EVP_PKEY_get_raw_public_key(key, typed + 1, &len) != 1)
		return err_set(e, ERR_IO, "libcrypto makes no Ed25519 key");
	origin_of(v, origin);
	signed_note_key_id(origin, typed + 1, hint);
	hex_encode(hint_hex, hint, NOTE_KEY_ID_LEN);
	buf_printf(&text, "%s+%s+", origin, hint_hex);
	base64_add(&text, typed, sizeof typed);
	if (buf_addc(&text, '\n') != 0 || path_join(path, sizeof path, v->state, "keys/ledger.pub", e) != 0 ||
	    file_write(path, text.data, text.len, 0644, NULL, e) != 0)
		return -1;
	file_own_like(path, v->state);
	return 0;
}

static bool key_file_exists(const struct vault *v, const char *name)
{
	char path[PATH_MAX];

	return path_join(path, sizeof path, v->state, name, NULL) == 0 && access(path, F_OK) == 0;
}

static EVP_PKEY *read_private(const struct vault *v, struct err *e)
{
	BUF_AUTO_WIPE struct buf text = BUF_INIT(256);
	uint8_t seed[ED25519_LEN];
	char path[PATH_MAX];

	if (path_join(path, sizeof path, v->state, "keys/ledger.key", e) != 0)
		return NULL;
	if (!key_file_exists(v, "keys/ledger.key")) {
		err_set(e, ERR_NOT_FOUND, "%s is missing: bring back the copy of it; without it no checkpoint can be signed", path);
		return NULL;
	}
	if (file_read(path, &text, e) != 0)
		return NULL;
	if (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	if (hex_decode(seed, sizeof seed, buf_text(&text)) != 0) {
		err_set(e, ERR_INPUT, "%s must hold 64 hex digits", path);
		return NULL;
	}
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	wipe(seed, sizeof seed);
	if (key == NULL)
		err_set(e, ERR_INPUT, "%s holds no Ed25519 key", path);
	return key;
}

int checkpoint_key_make(struct vault *v, struct err *e)
{
	bool private = key_file_exists(v, "keys/ledger.key"), public = key_file_exists(v, "keys/ledger.pub");
	char path[PATH_MAX], hex[2 * ED25519_LEN + 2];
	uint8_t bytes[ED25519_LEN];

	if (public) // a private key that is not here is kept elsewhere or lost: another would make all that was signed look altered
		return 0;
	if (private) {
		EVP_PKEY *there PKEY_AUTO = read_private(v, e);
		return there == NULL ? -1 : publish_key(v, there, e);
	}
	if (path_join(path, sizeof path, v->state, "keys/ledger.key", e) != 0)
		return -1;
	random_bytes(bytes, sizeof bytes);
	EVP_PKEY *key PKEY_AUTO = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes, sizeof bytes);
	hex_encode(hex, bytes, sizeof bytes);
	wipe(bytes, sizeof bytes);
	hex[2 * ED25519_LEN] = '\n';
	int ret = file_write(path, hex, 2 * ED25519_LEN + 1, 0600, NULL, e);
	wipe(hex, sizeof hex);
	file_own_like(path, v->state);
	return ret ? -1 : publish_key(v, key, e);
}

int checkpoint_key(const struct vault *v, struct buf *line, struct signed_note_key *out, struct err *e)
{
	char path[PATH_MAX];

	if (path_join(path, sizeof path, v->state, "keys/ledger.pub", e) != 0 || file_read(path, line, e) != 0)
		return -1;
	return signed_note_key_parse(out, buf_text(line), e) != 0 ? err_prefix(e, "%s", path) : 0;
}

static bool read_public(const struct vault *v, struct signed_note_key *out)
{
	struct buf line BUF_AUTO = BUF_INIT(CHECKPOINT_NOTE_MAX);
	struct err none = {0};

	return checkpoint_key(v, &line, out, &none) == 0;
}

// ---- the note ----

static void note_body(const struct vault *v, uint64_t size, const uint8_t root[HASH_LEN], const struct authority_years *years,
		      struct buf *out)
{
	char origin[NOTE_NAME_MAX];

	origin_of(v, origin);
	buf_printf(out, "%s\n%llu\n", origin, (unsigned long long)size);
	base64_add(out, root, HASH_LEN);
	buf_addc(out, '\n');
	authority_count_lines(years, out);
}

int checkpoint_sign(const struct vault *v, struct buf *note, struct err *e)
{
	EVP_PKEY *key PKEY_AUTO = read_private(v, e);
	EVP_MD_CTX *c SIGN_AUTO = EVP_MD_CTX_new();
	uint8_t public[ED25519_LEN], blob[NOTE_KEY_ID_LEN + ED25519_SIGNATURE_LEN];
	struct signed_note_key published;
	size_t public_len = sizeof public, len = ED25519_SIGNATURE_LEN;
	char origin[NOTE_NAME_MAX];

	if (key == NULL)
		return -1;
	origin_of(v, origin);
	if (EVP_PKEY_get_raw_public_key(key, public, &public_len) != 1 || !read_public(v, &published) ||
	    memcmp(public, published.public, sizeof public) != 0)
		return err_set(e, ERR_INPUT,
			       "keys/ledger.key is not the key of keys/ledger.pub, which others verify with: nothing is signed");
	if (c == NULL || EVP_DigestSignInit(c, NULL, NULL, NULL, key) != 1 ||
	    EVP_DigestSign(c, blob + NOTE_KEY_ID_LEN, &len, (const uint8_t *)note->data, note->len) != 1)
		return err_set(e, ERR_IO, "the checkpoint cannot be signed");
	signed_note_key_id(origin, public, blob);
	buf_printf(note, "\n%s%s ", signed_note_line, origin);
	base64_add(note, blob, sizeof blob);
	return buf_addc(note, '\n') != 0 ? err_set(e, ERR_MEMORY, "no memory") : 0;
}

enum signature checkpoint_verify(const struct vault *v, const char *note, uint64_t size, const uint8_t root[HASH_LEN])
{
	struct signed_note_key key;
	struct checkpoint signed_there;
	struct err none = {0};

	if (!read_public(v, &key))
		return SIGNATURE_NO_KEY;
	return signed_note_checkpoint(&signed_there, &key, note, strlen(note), &none) == 0 && signed_there.size == size &&
		       memcmp(signed_there.root, root, HASH_LEN) == 0
		   ? SIGNATURE_GOOD
		   : SIGNATURE_BAD;
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
	struct mark_row row;
	struct err why = {0};
	int there = segment_row_get(v, MARK_UP_TO, size, &row, e);

	*kept = true;
	if (there < 0 || (there > 0 && segment_tree(&row, &g.tree, e) != 0))
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
	time_t at;
	bool kept;
	int there = v->b->ledger->mark_get(v->store, VIEW_COMMITTED, MARK_CHECKPOINT, MARK_UP_TO, UINT64_MAX, &last, e);

	if (there < 0 || ledger_head(v, VIEW_WRITER, &head, &at, e) != 0)
		return -1;
	if (there > 0) {
		if (checkpoint_verify(v, last.note, last.size, last.root) != SIGNATURE_GOOD)
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
	if (ledger_walk(v, there > 0 ? last.size : 0, head.size, count_one, &years, &why) != 0 && why.code != ERR_NOT_FOUND)
		return err_set(e, why.code, "%s", why.text);
	struct mark_row row = {.mark = MARK_CHECKPOINT, .size = head.size, .at = when_now()};
	row.range_len = merkle_pack(&head, row.range);
	memcpy(row.root, root, HASH_LEN);
	note_body(v, row.size, root, &years, out);
	if (checkpoint_sign(v, out, e) != 0)
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
	struct commit_alone alone;

	if (v->mode != VAULT_ADMIN)
		return err_set(e, ERR_REFUSED, "only the officer's command signs checkpoints");
	if (commit_alone(v, &alone, e) != 0)
		return -1;
	int ret = checkpoint_alone(v, out, e);
	commit_release(v, &alone);
	return ret;
}
