// SPDX-License-Identifier: ISC
// Inside the vault: the ledger's arithmetic.
#ifndef LETHE_VAULT_LEDGER_H
#define LETHE_VAULT_LEDGER_H

#include "policy/vault/backend.h"
#include "policy/vault/state.h"
#include "policy/vault/vault.h"

extern const struct commit_hooks ledger_hooks; // of the lane that it is written in

#define LEDGER_CLOCK "clock" // the event after which the ledger's time may be earlier

int ledger_check(const struct ledger_event *event, struct err *e);
// As ledger_append, with a number of the back end in the same transaction; `value` 0: how many events there are with this one. `event` NULL: none.
int ledger_append_noting(struct vault *v, const struct ledger_event *event, const char *number, int64_t value, struct err *e);
// Inside a transaction. `event` NULL: nothing.
int ledger_write(struct vault *v, const struct ledger_event *event, uint64_t *index, struct err *e);
// The tree and time (`at` NULL: not asked for) of the head; the empty tree when there is none. ERR_CORRUPT when it was altered.
int ledger_head(const struct vault *v, enum view view, struct merkle *m, time_t *at, struct err *e);
// Adds what its leaf is the hash of: its metadata, then its commitment. -1: no memory.
int ledger_row_bytes(const struct ledger_row *row, struct buf *out);
void ledger_leaf(const struct ledger_row *row, uint8_t leaf[HASH_LEN]);
void ledger_row_seal(const struct vault *v, const uint8_t leaf[HASH_LEN], uint8_t out[HASH_LEN]);
enum { SALT_LEN = 32 };
// Its salt, and then what was given as payload. ERR_NOT_FOUND when its key is destroyed.
int ledger_payload_open(const struct vault *v, const struct payload_row *payload, struct buf *out, struct err *e);
// Whether the event committed to it.
int ledger_payload_check(const struct vault *v, const struct payload_row *payload, const struct ledger_row *row, bool *good, struct err *e);

// Calls for the committed events of the table from a number up to another, until `each` returns non-zero: 1 then. Nothing is locked meanwhile, and
// no read is open, so it may call the vault.
int ledger_walk_rows(const struct vault *v, int64_t from, int64_t to, bool notable, int (*each)(void *, const struct ledger_row *),
		     void *arg, struct err *e);

#endif
