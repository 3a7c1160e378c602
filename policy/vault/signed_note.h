// SPDX-License-Identifier: ISC
// What was signed with the ledger's key, for whoever has nothing but the key to verify with: C2SP signed notes, checkpoints and proofs.
//
//	note        <text, lines that end with "\n">\n— <name> <base64 of 4 bytes of key id and the Ed25519 signature>\n	one such line or several
//	checkpoint  a note whose text is <origin>\n<size, decimal>\n<root, base64>\n, and further lines that others may pass over
//	proof       c2sp.org/tlog-proof@v1\nindex <number>\n<hash, base64>\n …\n\n<checkpoint>
//	key         <name>+<key id, 8 hex digits>+<base64 of 0x01 and the 32 bytes of the public key>
#ifndef LETHE_VAULT_SIGNED_NOTE_H
#define LETHE_VAULT_SIGNED_NOTE_H

#include "policy/base/err.h"
#include "policy/vault/limits.h"
#include "policy/vault/seal.h"
#include <stdbool.h>

enum {
	ED25519_LEN = 32,
	ED25519_SIGNATURE_LEN = 64,
	NOTE_KEY_ID_LEN = 4,
	NOTE_NAME_MAX = 128,
	NOTE_KEY_MAX = NOTE_NAME_MAX + 64, // of its line
	PROOF_BYTES_MAX = 8192,
};
#define PROOF_FIRST_LINE "c2sp.org/tlog-proof@v1\n"
extern const char signed_note_line[]; // what begins a line with a signature: an em dash and a space

struct signed_note_key {
	char name[NOTE_NAME_MAX];
	uint8_t id[NOTE_KEY_ID_LEN];
	uint8_t public[ED25519_LEN];
};
void signed_note_key_id(const char *name, const uint8_t public[ED25519_LEN], uint8_t out[NOTE_KEY_ID_LEN]);
// A line, with or without its end. ERR_INPUT.
int signed_note_key_parse(struct signed_note_key *out, const char *line, struct err *e);
// Whether the key signed the note. *text_len: how much of it is its text.
bool signed_note_verify(const struct signed_note_key *key, const char *note, size_t len, size_t *text_len);

struct checkpoint {
	uint64_t size;
	uint8_t root[HASH_LEN];
};
// ERR_INPUT: it is none. ERR_REFUSED: the key did not sign it, or it is of another log.
int signed_note_checkpoint(struct checkpoint *out, const struct signed_note_key *key, const char *note, size_t len, struct err *e);

struct proof_text {
	uint64_t index;
	struct checkpoint checkpoint;
};
// That the leaf is under the signed checkpoint that the proof ends with. ERR_INPUT, ERR_REFUSED as above; ERR_CORRUPT: the leaf does not lead to
// its root.
int signed_note_proof(struct proof_text *out, const struct signed_note_key *key, const char *proof, size_t len,
		      const uint8_t leaf[HASH_LEN], struct err *e);

#endif
