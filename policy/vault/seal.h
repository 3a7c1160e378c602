// SPDX-License-Identifier: ISC
// Sealing and hashing, on OpenSSL.
#ifndef LETHE_VAULT_SEAL_H
#define LETHE_VAULT_SEAL_H

#include "policy/base/buf.h"
#include "policy/base/err.h"
#include "policy/base/text.h"
#include <stdint.h>

enum { KEY_LEN = 32, HASH_LEN = 32, SEAL_OVERHEAD = 1 + 12 + 16 };

// AES-256-GCM: one byte of format, 12 random bytes of nonce, the ciphertext, 16 bytes of tag. `context` is authenticated with it, so
// that a sealed body cannot be moved to another place. Appends to *out.
int seal(const uint8_t key[KEY_LEN], const char *context, const void *plain, size_t len, struct buf *out, struct err *e);
// ERR_CORRUPT when it was altered, moved, or sealed with another key.
int unseal(const uint8_t key[KEY_LEN], const char *context, const void *sealed, size_t len, struct buf *out, struct err *e);

struct bytes {
	const void *at;
	size_t len;
};
// HMAC-SHA-256 over the label (with its NUL, so that labels cannot run into values) and the bytes. Ends the process when libcrypto fails.
void keyed_hash(uint8_t out[HASH_LEN], const uint8_t key[KEY_LEN], const char *label, const void *bytes, size_t len);
// SHA-256 over the parts.
void plain_hash(uint8_t out[HASH_LEN], const struct bytes *parts, size_t count);
// Of what is left to read of an open file, in pieces. ERR_IO.
int plain_hash_file(uint8_t out[HASH_LEN], int fd, const char *path, struct err *e);
// A token that follows from a secret, and from which nobody finds the secret.
void seal_token(char out[TOKEN_LEN + 1], const char *purpose, const char *secret);
void wipe(void *at, size_t len);

#endif
