// SPDX-License-Identifier: ISC
#include "policy/vault/seal.h"
#include "policy/base/array.h"
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FORMAT = 1, NONCE_LEN = 12, TAG_LEN = 16, HMAC_BLOCK = 64, MEMORY_TRIES = 100, MEMORY_WAIT_NS = 10 * 1000 * 1000 };

// Looked up once: the look-up costs more than sealing a small body.
static EVP_CIPHER *cipher;
static EVP_MD *digest;
static pthread_key_t digest_context; // one for each thread: making one costs as much as hashing a line
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void digest_free(void *c)
{
	EVP_MD_CTX_free(c);
}

static void fetch(void)
{
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	digest = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (cipher == NULL || digest == NULL || pthread_key_create(&digest_context, digest_free) != 0) {
		fputs("libcrypto offers no AES-256-GCM or SHA-256\n", stderr);
		abort();
	}
}

static void context_free(EVP_CIPHER_CTX **c)
{
	EVP_CIPHER_CTX_free(*c);
}
#define CIPHER_AUTO __attribute__((cleanup(context_free)))

int seal(const uint8_t key[KEY_LEN], const char *context, const void *plain, size_t len, struct buf *out, struct err *e)
{
	EVP_CIPHER_CTX *c CIPHER_AUTO = EVP_CIPHER_CTX_new();
	uint8_t *to = len > INT_MAX - SEAL_OVERHEAD ? NULL : (uint8_t *)buf_reserve(out, len + SEAL_OVERHEAD);
	int part = 0, last = 0;

	pthread_once(&fetched, fetch);
	if (c == NULL || to == NULL)
		return err_set(e, ERR_MEMORY, "no memory to seal %zu bytes", len);
	uint8_t *nonce = to + 1, *text = nonce + NONCE_LEN;
	to[0] = FORMAT;
	random_bytes(nonce, NONCE_LEN);
	if (EVP_EncryptInit_ex2(c, cipher, key, nonce, NULL) != 1 ||
	    EVP_EncryptUpdate(c, NULL, &part, (const uint8_t *)context, (int)strlen(context)) != 1 ||
	    (len > 0 && EVP_EncryptUpdate(c, text, &part, plain, (int)len) != 1) || EVP_EncryptFinal_ex(c, text + len, &last) != 1 ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG_LEN, text + len) != 1)
		return err_set(e, ERR_IO, "sealing failed");
	buf_took(out, len + SEAL_OVERHEAD);
	return 0;
}

int unseal(const uint8_t key[KEY_LEN], const char *context, const void *sealed, size_t len, struct buf *out, struct err *e)
{
	EVP_CIPHER_CTX *c CIPHER_AUTO = EVP_CIPHER_CTX_new();
	uint8_t tag[TAG_LEN];
	int part = 0, last = 0;

	pthread_once(&fetched, fetch);
	if (len < SEAL_OVERHEAD || len > INT_MAX || *(const uint8_t *)sealed != FORMAT)
		return err_set(e, ERR_CORRUPT, "a sealed body is damaged");
	const uint8_t *nonce = (const uint8_t *)sealed + 1, *text = nonce + NONCE_LEN;
	size_t plain_len = len - SEAL_OVERHEAD;
	uint8_t *to = (uint8_t *)buf_reserve(out, plain_len + 1);
	if (c == NULL || to == NULL)
		return err_set(e, ERR_MEMORY, "no memory to open %zu bytes", plain_len);
	memcpy(tag, text + plain_len, TAG_LEN);
	if (EVP_DecryptInit_ex2(c, cipher, key, nonce, NULL) != 1)
		return err_set(e, ERR_MEMORY, "no memory to open %zu bytes", plain_len);
	if (EVP_DecryptUpdate(c, NULL, &part, (const uint8_t *)context, (int)strlen(context)) != 1 ||
	    (plain_len > 0 && EVP_DecryptUpdate(c, to, &part, text, (int)plain_len) != 1) ||
	    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG_LEN, tag) != 1 || EVP_DecryptFinal_ex(c, to + plain_len, &last) != 1) {
		wipe(to, plain_len);
		return err_set(e, ERR_CORRUPT, "a sealed body was altered, or its key is another");
	}
	buf_took(out, plain_len);
	return 0;
}

static void must(int ok)
{
	if (ok == 1)
		return;
	fputs("libcrypto failed to hash\n", stderr);
	abort();
}

// What begins a hash takes memory, and no hash can be refused: so it waits for some.
static void digest_restart(EVP_MD_CTX **c)
{
	for (int tries = 0; *c == NULL || EVP_DigestInit_ex2(*c, digest, NULL) != 1; tries++) {
		must(tries < MEMORY_TRIES);
		nanosleep(&(struct timespec){.tv_nsec = tries == 0 ? 0 : MEMORY_WAIT_NS}, NULL);
		if (*c == NULL)
			*c = EVP_MD_CTX_new();
	}
}

static EVP_MD_CTX *digest_begin(void)
{
	pthread_once(&fetched, fetch);
	EVP_MD_CTX *known = pthread_getspecific(digest_context), *c = known;
	digest_restart(&c);
	for (int tries = 0; known == NULL && pthread_setspecific(digest_context, c) != 0; tries++)
		must(tries < MEMORY_TRIES);
	return c;
}

void plain_hash(uint8_t out[HASH_LEN], const struct bytes *parts, size_t count)
{
	EVP_MD_CTX *c = digest_begin();

	for (size_t i = 0; i < count; i++)
		must(EVP_DigestUpdate(c, parts[i].at, parts[i].len));
	must(EVP_DigestFinal_ex(c, out, NULL));
}

int plain_hash_file(uint8_t out[HASH_LEN], int fd, const char *path, struct err *e)
{
	EVP_MD_CTX *c = digest_begin();
	uint8_t piece[65536];
	ssize_t n;

	while ((n = read(fd, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			must(EVP_DigestUpdate(c, piece, (size_t)n));
	if (n < 0)
		return err_system(e, ERR_IO, errno, "%s", path);
	must(EVP_DigestFinal_ex(c, out, NULL));
	return 0;
}

// RFC 2104 over the fetched digest: EVP_MAC looks its parts up anew for every message, and the request log makes three per row.
void keyed_hash(uint8_t out[HASH_LEN], const uint8_t key[KEY_LEN], const char *label, const void *bytes, size_t len)
{
	EVP_MD_CTX *c = digest_begin();
	uint8_t pad[HMAC_BLOCK], inner[HASH_LEN];

	for (size_t i = 0; i < HMAC_BLOCK; i++)
		pad[i] = (uint8_t)((i < KEY_LEN ? key[i] : 0) ^ 0x36);
	must(EVP_DigestUpdate(c, pad, sizeof pad));
	must(EVP_DigestUpdate(c, label, strlen(label) + 1));
	must(EVP_DigestUpdate(c, bytes, len));
	must(EVP_DigestFinal_ex(c, inner, NULL));
	for (size_t i = 0; i < HMAC_BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	digest_restart(&c);
	must(EVP_DigestUpdate(c, pad, sizeof pad));
	must(EVP_DigestUpdate(c, inner, sizeof inner));
	must(EVP_DigestFinal_ex(c, out, NULL));
	wipe(pad, sizeof pad);
}

void seal_token(char out[TOKEN_LEN + 1], const char *purpose, const char *secret)
{
	const struct bytes parts[] = {{purpose, strlen(purpose)}, {secret, strlen(secret)}};
	uint8_t hash[HASH_LEN];

	plain_hash(hash, parts, ARRAY_LEN(parts));
	token_write(out, hash);
}

void wipe(void *at, size_t len)
{
	OPENSSL_cleanse(at, len);
}
