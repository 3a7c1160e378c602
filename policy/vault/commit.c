// SPDX-License-Identifier: ISC
// Group commit. Every write is an operation in the queue of its lane. The thread that waits and finds nobody leading becomes the leader: it
// takes the lane's flock, runs what waits in one transaction, commits, wakes the owners, and hands the lead to another that waits. Nobody is
// told of success before COMMIT returned. The flock is what other processes wait on: it is fair where SQLite's busy handler starves, and it
// keeps two processes from checkpointing and writing the same file at once (see sqlite.c).
//
// vault.db and keys.db have one lane, the request log has another, so that their commits run side by side. Who needs both takes that of the
// log first.
//
// Where one operation fails, the others are run again without it: that is rare, and cheaper than a savepoint around each, which copies every
// page that it changes. Where the engine gives the whole transaction up (no space, no memory, an I/O error), every operation is run once more
// in a transaction of its own.
#include "policy/vault/internal.h"
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>

enum {
	GATHER_YIELDS = 8,
	TOGETHER_TRIES = 8, // then each by itself
};

static int lock_take(const struct lane *l, struct err *e)
{
	while (flock(l->lock_fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return err_system(e, ERR_IO, errno, "the vault's lock cannot be taken");
	return 0;
}

static void lock_drop(const struct lane *l)
{
	flock(l->lock_fd, LOCK_UN);
}

// ---- transactions ----

int write_begin(struct vault *v, struct err *e)
{
	v->write.head = (struct head){0};
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
	bool keys_first = s == v->write.vault && store_in_transaction(v->write.keys);

	if ((s == v->write.vault && ledger_head_write(v, e) != 0) || (keys_first && commit_one(v, v->write.keys, e) != 0) ||
	    commit_one(v, s, e) != 0) {
		write_rollback(v, s);
		return -1;
	}
	return 0;
}

void write_rollback(struct vault *v, struct store *s)
{
	store_rollback(s);
	if (s == v->write.vault) // the leader of the log has no business with the keys
		store_rollback(v->write.keys);
}

// ---- a batch ----

// The store that the batch writes, with a transaction begun.
static struct store *begin_batch(struct vault *v, const struct op *op, struct err *e)
{
	if (op->target != OP_LOG)
		return write_begin(v, e) != 0 ? NULL : v->write.vault;
	if (log_segment_write(v, op->at, e) != 0 || store_begin(v->write.segment.store, e) != 0)
		return NULL;
	return v->write.segment.store;
}

// False when the engine has given up the whole transaction, or that of the keys, which seal what the neighbours wrote.
static bool attempt(struct vault *v, struct store *s, struct op *op)
{
	bool keys = s == v->write.vault && store_in_transaction(v->write.keys);

	op->err = (struct err){0};
	op->result = op->run(v, op->arg, &op->err);
	op->ran = op->result == 0;
	return store_in_transaction(s) && (!keys || store_in_transaction(v->write.keys));
}

static void undo(struct vault *v, struct op *op)
{
	if (op->ran && op->undo != NULL)
		op->undo(v, op->arg);
	op->ran = false;
}

// What was run comes to nothing, and nobody was told yet.
static void give_up(struct vault *v, struct store *s, struct op *batch)
{
	write_rollback(v, s);
	for (struct op *op = batch; op != NULL; op = op->next)
		undo(v, op);
}

static void fail_all(struct op *batch, const struct err *why)
{
	for (struct op *op = batch; op != NULL; op = op->next) {
		if (op->out)
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
	op->result = -1;
	write_rollback(v, s);
	undo(v, op);
}

enum ran { RAN_ALL, RAN_WITHOUT_ONE, RAN_NONE };

// One that fails by itself, as when what it should end is gone, is out, and the others are to run again without it.
static enum ran run_all(struct vault *v, struct store *s, struct op *batch)
{
	for (struct op *op = batch; op != NULL; op = op->next) {
		if (op->out)
			continue;
		if (!attempt(v, s, op))
			return RAN_NONE;
		op->out = op->result != 0;
		if (op->out)
			return RAN_WITHOUT_ONE;
	}
	return RAN_ALL;
}

// True: every operation has its outcome. False: nothing is committed, and those that are not out should run each by itself.
static bool run_together(struct vault *v, struct op *batch)
{
	struct err why = {0};

	for (int tries = 0; tries < TOGETHER_TRIES; tries++) {
		struct store *s = begin_batch(v, batch, &why);
		if (s == NULL) {
			fail_all(batch, &why);
			return true;
		}
		enum ran ran = run_all(v, s, batch);
		if (ran == RAN_ALL && write_commit(v, s, &why) == 0)
			return true;
		give_up(v, s, batch);
		if (why.code == ERR_UNKNOWN) {
			fail_all(batch, &why);
			return true;
		}
		if (ran != RAN_WITHOUT_ONE)
			return false;
	}
	return false;
}

static void run_batch(struct vault *v, struct op *batch)
{
	for (struct op *op = batch; op != NULL; op = op->next)
		op->out = op->ran = false;
	if (run_together(v, batch))
		return;
	for (struct op *op = batch; op != NULL; op = op->next) {
		if (op->out)
			continue;
		if (atomic_load(&v->broken))
			op->result = err_set(&op->err, ERR_UNAVAILABLE, "an earlier commit's outcome is unknown");
		else
			run_single(v, op);
	}
}

// ---- the queue ----

static struct lane *lane_of(struct vault *v, const struct op *op)
{
	return &v->lanes[op->target == OP_LOG ? LANE_LOG : LANE_RECORDS];
}

static void same_day(char out[WHEN_DATE], const struct op *op)
{
	when_date(out, op->target == OP_LOG ? op->at : 0);
}

// Takes the head and every later operation that fits the same transaction, up to one that must be alone. Under the mutex.
static struct op *take_batch(struct lane *l)
{
	struct op *batch = l->head, *last = batch, **link = &l->head;
	char day[WHEN_DATE], other[WHEN_DATE];
	int count = 1;

	l->head = batch->next;
	batch->next = NULL;
	same_day(day, batch);
	while (*link != NULL && count < BATCH_MAX && (*link)->target != OP_ALONE) {
		struct op *op = *link;
		same_day(other, op);
		if (strcmp(day, other) != 0) {
			link = &op->next;
			continue;
		}
		*link = op->next;
		op->next = NULL;
		last = last->next = op;
		count++;
	}
	for (l->tail = l->head; l->tail != NULL && l->tail->next != NULL;)
		l->tail = l->tail->next;
	return batch;
}

// To the first in the queue whose owner waits; an owner who does not will find nobody leading when he does. Before an operation that must be
// alone stands nobody but its owner. Under the mutex.
static void hand_over(struct lane *l)
{
	struct op *op = l->head;

	while (op != NULL && !op->waits)
		op = op->next;
	l->busy = op != NULL;
	if (op == NULL)
		return;
	op->leads = true;
	sem_post(&op->wake);
}

static void enqueue(struct lane *l, struct op *op)
{
	op->next = NULL;
	op->leads = op->ran = false;
	op->waits = op->target == OP_ALONE; // nobody else may take it
	sem_init(&op->wake, 0, 0);
	pthread_mutex_lock(&l->mutex);
	if (l->tail != NULL)
		l->tail->next = op;
	else
		l->head = op;
	l->tail = op;
	l->waiting++;
	pthread_mutex_unlock(&l->mutex);
}

static void wait_begin(struct lane *l, struct op *op)
{
	pthread_mutex_lock(&l->mutex);
	op->waits = true;
	if (!l->busy)
		hand_over(l);
	pthread_mutex_unlock(&l->mutex);
}

// True: the caller leads. False: the operation is done, and nobody else knows of it any more.
static bool await(struct op *op)
{
	while (sem_wait(&op->wake) != 0)
		;
	bool leads = op->leads;
	op->leads = false;
	return leads;
}

// The owners of the last batch have just been woken and are about to come back: without a moment for them, batches of one and of all the
// others would take turns. Under the mutex, which it lets go.
static void gather(struct lane *l)
{
	for (int i = 0; i < GATHER_YIELDS && l->waiting < l->last_batch; i++) {
		pthread_mutex_unlock(&l->mutex);
		sched_yield();
		pthread_mutex_lock(&l->mutex);
	}
}

static struct op *next_batch(struct lane *l)
{
	pthread_mutex_lock(&l->mutex);
	gather(l);
	struct op *batch = take_batch(l);
	l->last_batch = 0;
	for (const struct op *op = batch; op != NULL; op = op->next)
		l->last_batch++;
	pthread_mutex_unlock(&l->mutex);
	return batch;
}

// Each owner is woken once for his operation, by its own semaphore: woken by a condition, all of them would queue for the lane's mutex.
// Whoever is woken may be gone with his operation at once.
static void lead(struct vault *v, struct lane *l)
{
	struct err why = {0};
	struct op *batch = next_batch(l);

	if (lock_take(l, &why) == 0) {
		run_batch(v, batch);
		lock_drop(l);
	} else {
		fail_all(batch, &why);
	}
	pthread_mutex_lock(&l->mutex);
	l->waiting -= l->last_batch;
	hand_over(l);
	pthread_mutex_unlock(&l->mutex);
	for (struct op *op = batch, *next; op != NULL; op = next) {
		next = op->next;
		sem_post(&op->wake);
	}
}

static int refuse_broken(const struct vault *v, struct err *e)
{
	return atomic_load(&v->broken)
		   ? err_set(e, ERR_UNAVAILABLE, "an earlier commit's outcome is unknown; this program must be started again")
		   : 0;
}

int commit_begin(struct vault *v, struct op *op, struct err *e)
{
	if (refuse_broken(v, e) != 0)
		return -1;
	enqueue(lane_of(v, op), op);
	return 0;
}

int commit_wait(struct vault *v, struct op *op, struct err *e)
{
	struct lane *l = lane_of(v, op);

	wait_begin(l, op);
	while (await(op))
		lead(v, l);
	sem_destroy(&op->wake);
	return op->result == 0 ? 0 : err_set(e, op->err.code, "%s", op->err.text);
}

int commit_run(struct vault *v, struct op *op, struct err *e)
{
	return commit_begin(v, op, e) != 0 || commit_wait(v, op, e) != 0 ? -1 : 0;
}

// ---- alone ----

static void lane_leave(struct lane *l, struct op *op)
{
	lock_drop(l);
	pthread_mutex_lock(&l->mutex);
	hand_over(l);
	pthread_mutex_unlock(&l->mutex);
	sem_destroy(&op->wake);
}

// True: nothing stands before it any more, and it is taken off the queue.
static bool has_turn(struct lane *l, const struct op *op)
{
	pthread_mutex_lock(&l->mutex);
	bool first = l->head == op;
	if (first) {
		l->head = op->next;
		if (l->head == NULL)
			l->tail = NULL;
		l->waiting--;
	}
	pthread_mutex_unlock(&l->mutex);
	return first;
}

static int lane_enter(struct vault *v, struct lane *l, struct op *op, struct err *e)
{
	*op = (struct op){.target = OP_ALONE};
	enqueue(l, op);
	wait_begin(l, op);
	while (await(op) && !has_turn(l, op))
		lead(v, l);
	if (lock_take(l, e) == 0)
		return 0;
	lane_leave(l, op);
	return -1;
}

int commit_records_alone(struct vault *v, struct op *op, struct err *e)
{
	return lane_enter(v, &v->lanes[LANE_RECORDS], op, e);
}

void commit_records_release(struct vault *v, struct op *op)
{
	lane_leave(&v->lanes[LANE_RECORDS], op);
}

int commit_alone(struct vault *v, struct alone *a, struct err *e)
{
	if (refuse_broken(v, e) != 0 || lane_enter(v, &v->lanes[LANE_LOG], &a->log, e) != 0)
		return -1;
	if (commit_records_alone(v, &a->records, e) == 0)
		return 0;
	lane_leave(&v->lanes[LANE_LOG], &a->log);
	return -1;
}

void commit_release(struct vault *v, struct alone *a)
{
	commit_records_release(v, &a->records);
	lane_leave(&v->lanes[LANE_LOG], &a->log);
}
