// SPDX-License-Identifier: ISC
// The tokens in the addresses of a set. Each is a hash of the one before: the receipt, the token of the ZIP, the token of its pictures. Nothing
// more has to be remembered, who is given one has none of those before it, and one tag of the record serves them all.
#ifndef LETHE_VAULT_ARCHIVE_TOKEN_H
#define LETHE_VAULT_ARCHIVE_TOKEN_H

#include "policy/base/text.h"
#include "policy/vault/vault.h"

#define ARCHIVE_TOKEN_TAG "pictures" // of the record; its value is the token of the pictures
void archive_token_zip(char out[TOKEN_LEN + 1], const char *receipt);
void archive_token_pictures(char out[TOKEN_LEN + 1], const char *zip_token);
void archive_token_both(char zip[TOKEN_LEN + 1], char pictures[TOKEN_LEN + 1], const char *receipt);
// As vault_find() and vault_find_head(): the archive whose ZIP has the token, and the one of the receipt.
int archive_token_find(struct vault *v, const char *zip_token, struct vault_record *out, struct err *e);
int archive_token_find_head(struct vault *v, const char *zip_token, struct vault_record *out, struct err *e);
int archive_token_find_for_rights(struct vault *v, const char *zip_token, struct vault_record *out,
				  struct err *e); // as the head; restricted, too
int archive_token_find_receipt(struct vault *v, const char *receipt, struct vault_record *out, struct err *e);

#endif
