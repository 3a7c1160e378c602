// SPDX-License-Identifier: ISC
// Inside the vault: the ledger's arithmetic.
#ifndef LETHE_VAULT_LEDGER_H
#define LETHE_VAULT_LEDGER_H

#include "policy/vault/backend.h"
#include "policy/vault/state.h"
#include "policy/vault/vault.h"

extern const struct commit_hooks ledger_hooks; // of the lane that it is written in

int ledger_check(const struct ledger_event *event, struct err *e);
// Inside a transaction. `event` NULL: nothing.
int ledger_write(struct vault *v, const struct ledger_event *event, uint64_t *index, struct err *e);
// The tree and time of the head; the empty tree when there is none. ERR_CORRUPT when it was altered.
int ledger_head(const struct vault *v, enum view view, struct merkle *m, time_t *at, struct err *e);
void ledger_leaf(const struct ledger_row *row, uint8_t leaf[HASH_LEN]);
void ledger_row_seal(const struct vault *v, const uint8_t leaf[HASH_LEN], uint8_t out[HASH_LEN]);
// Whether the event committed to it.
int ledger_payload_check(const struct vault *v, const struct payload_row *payload, const struct ledger_row *row, bool *good, struct err *e);

struct ledger_page { // copied out, so that the vault may be used meanwhile
	struct ledger_row rows[PAGE_ROWS];
	size_t count;
};
// At most PAGE_ROWS committed events from a number on.
int ledger_page_read(const struct vault *v, int64_t from, bool notable, struct ledger_page *out, struct err *e);
void ledger_page_free(struct ledger_page *p);

#endif
