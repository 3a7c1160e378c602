// SPDX-License-Identifier: ISC
// The key that signs the ledger's checkpoints, those that did before, and how one follows another.
//
//	keys/signer/ledger.key       the 32-byte Ed25519 seed as hex (0600; only the officer's command reads it: no program's sandbox has its folder)
//	keys/ledger.pub              the verifier key in the C2SP form <origin>+<key id, hex>+<base64 of 0x01 and the public key>
//	keys/ledger.past             JSON, oldest first: [{"key", "until_size", "until", "handover"}, …], those that signed before
//	keys/signer/ledger.key.next  while the key is changed: the one that follows
//
// The key is changed in steps, each durable before the next, which whoever opens the stores finishes: the next key is made; an entry of the ledger
// names it ({"rotated":"ledger","old","new","new_sha256"}); a checkpoint over that entry bears the signatures of both, and is kept as the
// "handover"; then the next key is published and takes the place of the one before. Whoever knows the old key so follows to the new one, and
// takes nothing that the old one signs beyond the size of the handover.
#ifndef LETHE_VAULT_LEDGER_KEY_H
#define LETHE_VAULT_LEDGER_KEY_H

#include "policy/base/json.h"
#include "policy/vault/signed_note.h"
#include "policy/vault/vault.h"

enum { LEDGER_KEYS_PAST_MAX = 16 };
struct ledger_keys { // oldest first; the last is the present one
	struct ledger_key {
		struct signed_note_key key;
		uint64_t until;                     // the largest size that it signs; the present one: UINT64_MAX
		char handover[CHECKPOINT_NOTE_MAX]; // signed by it and the next; the present one: ""
	} list[LEDGER_KEYS_PAST_MAX + 1];
	size_t count;
};

void ledger_key_origin(const struct vault *v, char out[NOTE_NAME_MAX]);
// Makes it where there is none, and finishes a change that was begun. For who is alone.
int ledger_key_make(struct vault *v, struct err *e);
// Adds a line with the ledger's signature to a text, which ends with a line's end; while the key is changed two. ERR_NOT_FOUND: the key is not here.
int ledger_key_sign(const struct vault *v, struct buf *note, struct err *e);
// The steps of a change: makes the next key and names it in the ledger; puts it in the place of the present one, once the newest checkpoint bears
// the signatures of both. checkpoint_key_change() takes them.
int ledger_key_announce(struct vault *v, struct err *e);
int ledger_key_finish(struct vault *v, struct err *e);

int ledger_keys_of(const char *keys, struct ledger_keys *out, struct err *e); // of the folder that they are in
int ledger_keys_read(const char *state, struct ledger_keys *out, struct err *e);
// The past ones and the present one ({"key", "from_size", "since"}), to be published.
int ledger_keys_json(const char *state, cJSON **out, struct err *e);
// A checkpoint that one of them signed while it was in use. ERR_INPUT, ERR_REFUSED.
int ledger_keys_open(const struct ledger_keys *keys, const char *note, size_t len, struct checkpoint *out, struct err *e);
// Leaves those that whoever trusts `from` is led to: it, and what its handovers lead to.
void ledger_keys_follow(struct ledger_keys *keys, const struct signed_note_key *from);

#endif
