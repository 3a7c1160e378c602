// SPDX-License-Identifier: ISC
#include "policy/vault/archive_token.h"
#include "policy/vault/seal.h"

void archive_token_zip(char out[TOKEN_LEN + 1], const char *receipt)
{
	seal_token(out, "lethe download ", receipt);
}

void archive_token_pictures(char out[TOKEN_LEN + 1], const char *zip_token)
{
	seal_token(out, "lethe pictures ", zip_token);
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
