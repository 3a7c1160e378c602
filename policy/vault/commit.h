// SPDX-License-Identifier: ISC
// Group commit: operations of many threads in one transaction. One writer of a lane at a time, in this process and among all.
#ifndef LETHE_VAULT_COMMIT_H
#define LETHE_VAULT_COMMIT_H

#include "policy/vault/state.h"
#include <semaphore.h>

struct op {
	enum lane lane;
	int (*run)(struct vault *v, void *arg, struct err *e); // inside the transaction; may run again when another of its batch failed
	void (*undo)(struct vault *v, void *arg);              // it ran, but was not committed; NULL: nothing to undo
	void *arg;
	char day[WHEN_DATE]; // LANE_LOG: which day's log it writes
	// of commit.c
	struct op *next;
	sem_t wake; // for the owner: it is done, or he leads
	bool alone, leads, ran, waits;
	bool out; // it failed by itself
	int result;
	struct err err;
};

// Runs the operation in a transaction that it may share with others; returns after the commit.
int commit_run(struct vault *v, struct op *op, struct err *e);
// The same of one that writes records and leaves nothing to undo.
int commit_records(struct vault *v, int (*run)(struct vault *v, void *arg, struct err *e), void *arg, struct err *e);
// The same in two steps. What was begun must be waited for; it may be done by another thread before.
int commit_begin(struct vault *v, struct op *op, struct err *e);
int commit_wait(struct vault *v, struct op *op, struct err *e);

struct commit_alone {
	struct vault *v; // NULL: not yet, or no more
	struct op ops[LANE_COUNT];
};
// From here to commit_release the caller alone writes, in this process and among all, in every lane; it begins and commits by itself.
int commit_alone(struct vault *v, struct commit_alone *a, struct err *e);
void commit_release(struct commit_alone *a); // nothing where it is not
#define ALONE_AUTO __attribute__((cleanup(commit_release)))
// The same for one lane: that of the records, for who leads in that of the log.
int commit_alone_in(struct vault *v, enum lane lane, struct op *op, struct err *e);
void commit_release_in(struct vault *v, struct op *op);

// For who is alone. The back end begins a transaction with the first thing that is written.
int transaction_commit(struct vault *v, enum lane lane, struct err *e);
// Before v->known is looked into: forgets what is known of the records where others have committed any since.
void transaction_recall(struct vault *v);
// Commits when `ret` is 0, else rolls back. Returns 0, or -1 with *e.
int transaction_end(struct vault *v, enum lane lane, int ret, struct err *e);
// SANITISE_TRIM or _SHRINK of the records to its end, some milliseconds at a time: others write in between.
int commit_sanitise(struct vault *v, enum sanitise how, struct err *e);
// What the back end commits by itself passes here, so that an unknown outcome stops the vault: returns `ret`.
int commit_outcome(struct vault *v, int ret, const struct err *e);

#endif
