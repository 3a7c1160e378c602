// SPDX-License-Identifier: ISC
#include "policy/vault/archive_token.h"
#include "policy/base/array.h"
#include "policy/base/base64.h"
#include "policy/vault/seal.h"
#include <stdlib.h>
#include <string.h>

static void token_derive(char out[TOKEN_LEN + 1], const char *purpose, const char *secret)
{
	const struct bytes parts[] = {{purpose, strlen(purpose)}, {secret, strlen(secret)}};
	BUF_AUTO_WIPE struct buf text = BUF_INIT(64);
	uint8_t hash[HASH_LEN];

	plain_hash(hash, parts, ARRAY_LEN(parts));
	if (base64_url_add(&text, hash, sizeof hash) != 0)
		abort();
	memcpy(out, text.data, TOKEN_LEN + 1);
}

void archive_token_zip(char out[TOKEN_LEN + 1], const char *receipt)
{
	token_derive(out, "lethe download ", receipt);
}

void archive_token_pictures(char out[TOKEN_LEN + 1], const char *zip_token)
{
	token_derive(out, "lethe pictures ", zip_token);
}

void archive_token_both(char zip[TOKEN_LEN + 1], char pictures[TOKEN_LEN + 1], const char *receipt)
{
	archive_token_zip(zip, receipt);
	archive_token_pictures(pictures, zip);
}

int archive_token_find(struct vault *v, const char *zip_token, struct vault_record *out, struct err *e)
{
	char pictures[TOKEN_LEN + 1];

	archive_token_pictures(pictures, zip_token);
	return vault_find(v, KIND_ARCHIVE, ARCHIVE_TOKEN_TAG, pictures, out, e);
}

int archive_token_find_head(struct vault *v, const char *zip_token, struct vault_record *out, struct err *e)
{
	char pictures[TOKEN_LEN + 1];

	archive_token_pictures(pictures, zip_token);
	return vault_find_head(v, KIND_ARCHIVE, ARCHIVE_TOKEN_TAG, pictures, out, e);
}

int archive_token_find_for_rights(struct vault *v, const char *zip_token, struct vault_record *out, struct err *e)
{
	char pictures[TOKEN_LEN + 1];

	archive_token_pictures(pictures, zip_token);
	return vault_find_head_for_rights(v, KIND_ARCHIVE, ARCHIVE_TOKEN_TAG, pictures, out, e);
}

int archive_token_find_receipt(struct vault *v, const char *receipt, struct vault_record *out, struct err *e)
{
	char zip[TOKEN_LEN + 1];

	archive_token_zip(zip, receipt);
	return archive_token_find(v, zip, out, e);
}
