// SPDX-License-Identifier: ISC
// Group commit. Every write is an operation in a queue. The thread that finds nobody leading becomes the leader: it takes the vault's
// flock, runs what waits in one transaction, commits, wakes the owners, and hands the lead to the next in the queue. Nobody is told of
// success before COMMIT returned. The flock is what other processes wait on: it is fair where SQLite's busy handler starves, and it
// keeps two processes from checkpointing and writing at once (see sqlite.c).
//
// An operation runs within a savepoint, so one that fails leaves its neighbours alone. Where the engine gives the whole transaction up
// (no space, no memory, an I/O error), every operation is run once more in a transaction of its own.
#include "policy/vault/internal.h"
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>

enum { GATHER_YIELDS = 8 };

static int lock_take(struct vault *v, struct err *e)
{
	while (flock(v->lock_fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return err_system(e, ERR_IO, errno, "the vault's lock cannot be taken");
	return 0;
}

static void lock_drop(struct vault *v)
{
	flock(v->lock_fd, LOCK_UN);
}

// ---- transactions ----

int write_begin(struct vault *v, struct err *e)
{
	return store_begin(v->write.vault, e);
}

static int commit_one(struct vault *v, struct store *s, struct err *e)
{
	struct err why = {0};

	if (store_commit(s, &why) == 0)
		return 0;
	if (why.code == ERR_UNKNOWN)
		atomic_store(&v->broken, true);
	return err_set(e, why.code, "%s", why.text);
}

int write_commit(struct vault *v, struct store *s, struct err *e)
{
	bool keys_first = s != v->write.keys && store_in_transaction(v->write.keys);

	if ((keys_first && commit_one(v, v->write.keys, e)) || commit_one(v, s, e)) {
		write_rollback(v, s);
		return -1;
	}
	return 0;
}

void write_rollback(struct vault *v, struct store *s)
{
	store_rollback(s);
	store_rollback(v->write.keys);
}

// ---- a batch ----

// The store that the batch writes, with a transaction begun.
static struct store *begin_batch(struct vault *v, const struct op *op, struct err *e)
{
	struct store *s = v->write.vault;

	if (op->target == OP_LOG) {
		if (log_segment_write(v, op->at, e))
			return NULL;
		s = v->write.segment.store;
	}
	return store_begin(s, e) ? NULL : s;
}

// False when the engine has given up the whole transaction, or that of the keys, which seal what the neighbours wrote.
static bool attempt(struct vault *v, struct store *s, struct op *op)
{
	bool keys = store_in_transaction(v->write.keys);

	op->err = (struct err){0};
	op->ran = false;
	op->result = store_savepoint(s, &op->err);
	if (op->result == 0) {
		op->result = op->run(v, op->arg, &op->err);
		op->ran = op->result == 0;
		if (op->ran)
			op->result = store_release(s, &op->err);
		else
			store_undo(s);
	}
	return store_in_transaction(s) && (!keys || store_in_transaction(v->write.keys));
}

static void undo(struct vault *v, struct op *op)
{
	if (op->ran && op->undo != NULL)
		op->undo(v, op->arg);
	op->ran = false;
}

static void fail_all(struct vault *v, struct op *batch, const struct err *why)
{
	for (struct op *op = batch; op != NULL; op = op->next) {
		undo(v, op);
		if (op->result != 0)
			continue;
		op->result = -1;
		op->err = *why;
	}
}

static void run_single(struct vault *v, struct op *op)
{
	struct store *s = begin_batch(v, op, &op->err);

	op->result = -1;
	if (s == NULL)
		return;
	bool alive = attempt(v, s, op);
	if (op->result == 0 && alive && write_commit(v, s, &op->err) == 0)
		return;
	if (op->result == 0) {
		op->result = -1;
		undo(v, op);
	}
	write_rollback(v, s);
}

static void run_batch(struct vault *v, struct op *batch)
{
	struct err why = {0};
	struct store *s = begin_batch(v, batch, &why);
	bool alive = s != NULL;

	for (struct op *op = batch; op != NULL; op = op->next)
		op->result = 0;
	if (!alive) {
		fail_all(v, batch, &why);
		return;
	}
	for (struct op *op = batch; op != NULL && alive; op = op->next)
		alive = attempt(v, s, op);
	if (alive && write_commit(v, s, &why) == 0)
		return;
	write_rollback(v, s);
	if (why.code == ERR_UNKNOWN) {
		fail_all(v, batch, &why);
		return;
	}
	for (struct op *op = batch; op != NULL; op = op->next)
		undo(v, op);
	for (struct op *op = batch; op != NULL; op = op->next) {
		if (atomic_load(&v->broken)) {
			op->result = err_set(&op->err, ERR_UNAVAILABLE, "an earlier commit's outcome is unknown");
			continue;
		}
		run_single(v, op);
	}
}

// ---- the queue ----

static void same_day(char out[WHEN_DATE], const struct op *op)
{
	when_date(out, op->target == OP_LOG ? op->at : 0);
}

// Takes the head and every later operation that fits the same transaction, up to one that must be alone. Under the mutex.
static struct op *take_batch(struct vault *v)
{
	struct op *batch = v->head, *last = batch, **link = &v->head;
	char day[WHEN_DATE], other[WHEN_DATE];
	int count = 1;

	v->head = batch->next;
	batch->next = NULL;
	same_day(day, batch);
	while (*link != NULL && count < BATCH_MAX && (*link)->target != OP_ALONE) {
		struct op *op = *link;
		same_day(other, op);
		if (op->target != batch->target || strcmp(day, other) != 0) {
			link = &op->next;
			continue;
		}
		*link = op->next;
		op->next = NULL;
		last = last->next = op;
		count++;
	}
	for (v->tail = v->head; v->tail != NULL && v->tail->next != NULL;)
		v->tail = v->tail->next;
	return batch;
}

// Under the mutex: an owner that is woken cannot leave, and its operation cannot vanish, before the mutex is free.
static void hand_over(struct vault *v)
{
	if (v->head == NULL) {
		v->busy = false;
		return;
	}
	v->head->leads = true;
	pthread_cond_signal(&v->head->wake);
}

// Returns true when the caller leads and its operation is the head of the queue; false when another leader has done it.
static bool enqueue(struct vault *v, struct op *op)
{
	op->next = NULL;
	op->done = op->leads = op->ran = false;
	pthread_cond_init(&op->wake, NULL);
	pthread_mutex_lock(&v->queue_mutex);
	if (v->tail != NULL)
		v->tail->next = op;
	else
		v->head = op;
	v->tail = op;
	v->waiting++;
	if (!v->busy)
		v->busy = op->leads = true;
	while (!op->done && !op->leads)
		pthread_cond_wait(&op->wake, &v->queue_mutex);
	return op->leads;
}

// The owners of the last batch have just been woken and are about to come back: without a moment for them, batches of one and of all the
// others would take turns. Under the mutex, which it lets go.
static void gather(struct vault *v)
{
	for (int i = 0; i < GATHER_YIELDS && v->waiting < v->last_batch; i++) {
		pthread_mutex_unlock(&v->queue_mutex);
		sched_yield();
		pthread_mutex_lock(&v->queue_mutex);
	}
}

static void lead(struct vault *v)
{
	struct err why = {0};

	gather(v);
	struct op *batch = take_batch(v);
	pthread_mutex_unlock(&v->queue_mutex);
	if (lock_take(v, &why) == 0) {
		run_batch(v, batch);
		lock_drop(v);
	} else {
		fail_all(v, batch, &why);
	}
	pthread_mutex_lock(&v->queue_mutex);
	v->last_batch = 0;
	for (const struct op *op = batch; op != NULL; op = op->next)
		v->last_batch++;
	v->waiting -= v->last_batch;
	for (struct op *op = batch, *next; op != NULL; op = next) {
		next = op->next;
		op->done = true;
		pthread_cond_signal(&op->wake);
	}
	hand_over(v);
}

int commit_run(struct vault *v, struct op *op, struct err *e)
{
	if (atomic_load(&v->broken))
		return err_set(e, ERR_UNAVAILABLE, "an earlier commit's outcome is unknown; this program must be started again");
	if (enqueue(v, op))
		lead(v);
	pthread_mutex_unlock(&v->queue_mutex);
	pthread_cond_destroy(&op->wake);
	return op->result == 0 ? 0 : err_set(e, op->err.code, "%s", op->err.text);
}

int commit_alone(struct vault *v, struct op *op, struct err *e)
{
	if (atomic_load(&v->broken))
		return err_set(e, ERR_UNAVAILABLE, "an earlier commit's outcome is unknown; this program must be started again");
	*op = (struct op){.target = OP_ALONE};
	enqueue(v, op);
	v->head = op->next;
	if (v->head == NULL)
		v->tail = NULL;
	v->waiting--;
	pthread_mutex_unlock(&v->queue_mutex);
	if (lock_take(v, e) == 0)
		return 0;
	commit_release(v, op);
	return -1;
}

void commit_release(struct vault *v, struct op *op)
{
	lock_drop(v);
	pthread_mutex_lock(&v->queue_mutex);
	hand_over(v);
	pthread_mutex_unlock(&v->queue_mutex);
	pthread_cond_destroy(&op->wake);
}
