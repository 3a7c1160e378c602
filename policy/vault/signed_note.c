// SPDX-License-Identifier: ISC
#include "policy/vault/signed_note.h"
#include "policy/base/base64.h"
#include "policy/base/text.h"
#include "policy/vault/merkle.h"
#include <openssl/evp.h>
#include <string.h>

const char signed_note_line[] = "\xe2\x80\x94 ";

void signed_note_key_id(const char *name, const uint8_t public[ED25519_LEN], uint8_t out[NOTE_KEY_ID_LEN])
{
	static const uint8_t separator_and_type[] = {0x0a, 0x01};
	const struct bytes parts[] = {{name, strlen(name)}, {separator_and_type, 2}, {public, ED25519_LEN}};
	uint8_t hash[HASH_LEN];

	plain_hash(hash, parts, 3);
	memcpy(out, hash, NOTE_KEY_ID_LEN);
}

int signed_note_key_parse(struct signed_note_key *out, const char *line, struct err *e)
{
	struct buf typed BUF_AUTO = BUF_INIT(64);
	char hex[2 * NOTE_KEY_ID_LEN + 1] = "";
	uint8_t id[NOTE_KEY_ID_LEN];
	// <name>+<key id, hex>+<base64>: only the last may hold a '+' itself.
	const size_t name = strcspn(line, "+\n");
	const char *at = line + name;

	*out = (struct signed_note_key){0};
	if (name == 0 || name >= NOTE_NAME_MAX || *at != '+' || strnlen(at, sizeof hex + 1) <= sizeof hex || at[sizeof hex] != '+')
		return err_set(e, ERR_INPUT, "it is no verifier key: NAME+ID+KEY");
	memcpy(out->name, line, name);
	memcpy(hex, at + 1, sizeof hex - 1);
	at += sizeof hex + 1;
	if (hex_decode(out->id, NOTE_KEY_ID_LEN, hex) != 0 || base64_decode(&typed, at, strcspn(at, "\r\n")) != 0 ||
	    typed.len != 1 + ED25519_LEN || typed.data[0] != 0x01)
		return err_set(e, ERR_INPUT, "it is no verifier key of an Ed25519 signature");
	memcpy(out->public, typed.data + 1, ED25519_LEN);
	signed_note_key_id(out->name, out->public, id);
	return memcmp(id, out->id, NOTE_KEY_ID_LEN) == 0 ? 0 : err_set(e, ERR_INPUT, "the verifier key and its id do not belong together");
}

static bool ed25519_verify(const uint8_t public[ED25519_LEN], const void *signature, const char *text, size_t len)
{
	EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, ED25519_LEN);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good = key != NULL && c != NULL && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(c, signature, ED25519_SIGNATURE_LEN, (const uint8_t *)text, len) == 1;

	EVP_MD_CTX_free(c);
	EVP_PKEY_free(key);
	return good;
}

bool signed_note_verify(const struct signed_note_key *key, const char *note, size_t len, size_t *text_len)
{
	const char *end = note + len, *line = len > 0 ? memmem(note, len, "\n\n", 2) : NULL;
	const size_t name = strlen(key->name), dash = strlen(signed_note_line);

	for (const char *next; line != NULL && (next = memmem(line + 2, (size_t)(end - line) - 2, "\n\n", 2)) != NULL;)
		line = next; // the last one: a text may have empty lines itself
	if (line == NULL || note[len - 1] != '\n' || !utf8_valid(note, len))
		return false;
	*text_len = (size_t)(line + 1 - note);
	for (const char *at = line + 2, *stop; at < end; at = stop + 1) {
		struct buf blob BUF_AUTO = BUF_INIT(1024);
		stop = memchr(at, '\n', (size_t)(end - at));
		if ((size_t)(stop - at) < dash + name + 1 || memcmp(at, signed_note_line, dash) != 0)
			return false;
		const char *base = at + dash + name + 1;
		if (memcmp(at + dash, key->name, name) == 0 && base[-1] == ' ' && base64_decode(&blob, base, (size_t)(stop - base)) == 0 &&
		    blob.len == NOTE_KEY_ID_LEN + ED25519_SIGNATURE_LEN && memcmp(blob.data, key->id, NOTE_KEY_ID_LEN) == 0)
			return ed25519_verify(key->public, blob.data + NOTE_KEY_ID_LEN, note, *text_len);
	}
	return false;
}

// A number as it is written: no sign, no zero before it, at most 2^62. What follows it, or NULL.
static const char *plain_number(uint64_t *out, const char *at, const char *end, char stop)
{
	const char *from = at;

	*out = 0;
	for (; at < end && *at >= '0' && *at <= '9' && *out < 1ULL << 58; at++)
		*out = *out * 10 + (uint64_t)(*at - '0');
	return at == from || at == end || *at != stop || (*from == '0' && at - from > 1) ? NULL : at + 1;
}

// A line that is the base64 of one hash. What follows it, or NULL.
static const char *hash_line(uint8_t out[HASH_LEN], const char *at, const char *end)
{
	struct buf bytes BUF_AUTO = BUF_INIT(64);
	const char *stop = memchr(at, '\n', (size_t)(end - at));

	if (stop == NULL || base64_decode(&bytes, at, (size_t)(stop - at)) != 0 || bytes.len != HASH_LEN)
		return NULL;
	memcpy(out, bytes.data, HASH_LEN);
	return stop + 1;
}

int signed_note_checkpoint(struct checkpoint *out, const struct signed_note_key *key, const char *note, size_t len, struct err *e)
{
	const size_t name = strlen(key->name);
	size_t text_len = 0;
	const char *at = note + name + 1, *end = note + len;

	*out = (struct checkpoint){0};
	if (len < name + 1 || memcmp(note, key->name, name) != 0 || note[name] != '\n')
		return err_set(e, ERR_REFUSED, "the checkpoint is not one of %s", key->name);
	at = plain_number(&out->size, at, end, '\n');
	at = at != NULL ? hash_line(out->root, at, end) : NULL;
	if (at == NULL)
		return err_set(e, ERR_INPUT, "it is no checkpoint");
	return signed_note_verify(key, note, len, &text_len) && text_len >= (size_t)(at - note)
		   ? 0
		   : err_set(e, ERR_REFUSED, "the signature of the checkpoint does not hold under the key of %s", key->name);
}

int signed_note_proof(struct proof_text *out, const struct signed_note_key *key, const char *proof, size_t len,
		      const uint8_t leaf[HASH_LEN], struct err *e)
{
	static const char first[] = PROOF_FIRST_LINE, index[] = "index ";
	uint8_t path[MERKLE_LEVELS][HASH_LEN], hash[HASH_LEN];
	const char *at = proof + strlen(first), *end = proof + len;
	size_t count = 0, used = 0;

	*out = (struct proof_text){0};
	if (len < strlen(first) || memcmp(proof, first, strlen(first)) != 0)
		return err_set(e, ERR_INPUT, "it is no tlog-proof");
	if ((size_t)(end - at) > 6 && memcmp(at, "extra ", 6) == 0) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		at = stop != NULL ? stop + 1 : end;
	}
	at = (size_t)(end - at) > strlen(index) && memcmp(at, index, strlen(index)) == 0
		 ? plain_number(&out->index, at + strlen(index), end, '\n')
		 : NULL;
	while (at != NULL && at < end && *at != '\n') {
		at = count < MERKLE_LEVELS ? hash_line(path[count], at, end) : NULL;
		count++;
	}
	if (at == NULL || at == end)
		return err_set(e, ERR_INPUT, "it is no tlog-proof");
	at++;
	if (signed_note_checkpoint(&out->checkpoint, key, at, (size_t)(end - at), e) != 0)
		return -1;
	// RFC 9162 §2.1.3.2
	memcpy(hash, leaf, HASH_LEN);
	uint64_t node = out->index, last = out->checkpoint.size - 1;
	bool good = out->index < out->checkpoint.size;
	for (; good && last > 0; node >>= 1, last >>= 1) {
		if ((node & 1) == 0 && node == last)
			continue; // it has no sibling on this level
		good = used < count;
		if (good && (node & 1) != 0)
			merkle_join(hash, path[used], hash);
		else if (good)
			merkle_join(hash, hash, path[used]);
		used++;
	}
	return good && used == count && memcmp(hash, out->checkpoint.root, HASH_LEN) == 0
		   ? 0
		   : err_set(e, ERR_CORRUPT, "the entry is not the one that the signed checkpoint covers");
}
