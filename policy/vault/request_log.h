// SPDX-License-Identifier: ISC
// Inside the vault: the request log.
#ifndef LETHE_VAULT_REQUEST_LOG_H
#define LETHE_VAULT_REQUEST_LOG_H

#include "policy/vault/backend.h"
#include "policy/vault/key.h"
#include "policy/vault/state.h"
#include "policy/vault/vault.h"

extern const struct commit_hooks request_log_hooks; // of the lane that it is written in

int request_log_append_at(struct vault *v, const struct request_log_row *row, time_t at, struct err *e);
// What the rows of a day are found by, and the day's key, which seals them (`key` NULL: not asked for). ERR_NOT_FOUND when that was destroyed. `address`
// and `subject` (a look-up hash) may be NULL. Days are asked for oldest first; of the first, *keys is zeroed.
struct request_log_hashes {
	uint8_t address[HASH_LEN], receipt[HASH_LEN]; // their first LOG_HASH_LEN bytes are stored
};
int request_log_hashes_of(const struct vault *v, struct key_page *keys, const char *day, const char *address, const uint8_t *subject,
			  struct request_log_hashes *out, struct data_key *key, struct err *e);
enum { LOG_CONTEXT_MAX = 128 };
void request_log_context(char out[LOG_CONTEXT_MAX], const char *day, const struct log_row *row); // that its body is sealed with
// All days, read: their number, or -1; oldest first; the caller frees *out.
int request_log_days(const struct vault *v, struct log_day **out, struct err *e);
time_t request_log_due(const struct vault *v, time_t oldest);

#endif
