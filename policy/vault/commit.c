// SPDX-License-Identifier: ISC
// Every write is an operation in the queue of its lane. The thread that waits and finds nobody leading becomes the leader: it enters the lane,
// runs what waits in one transaction, commits, wakes the owners, and hands the lead to another that waits. Nobody is told of success before the
// commit returned. Who needs both lanes takes that of the log first.
//
// Where one operation fails, the others are run again without it: that is rare, and cheaper than a savepoint around each, which copies every
// page that it changes. Where the engine gives the whole transaction up (no space, no memory, an I/O error), every operation is run once more
// in a transaction of its own.
#include "policy/vault/commit.h"
#include <sched.h>
#include <string.h>

enum {
	BATCH_MAX = 512, // operations of one commit
	GATHER_YIELDS = 8,
	TOGETHER_TRIES = 8, // then each by itself
};

// ---- transactions ----

int commit_outcome(struct vault *v, int ret, const struct err *e)
{
	if (ret != 0 && e->code == ERR_UNKNOWN)
		atomic_store(&v->broken, true);
	return ret;
}

static int transaction_prepare(struct vault *v, const struct op *op, struct err *e)
{
	const struct commit_hooks *hooks = v->lanes[op->lane].hooks;

	return hooks->prepare != NULL ? hooks->prepare(v, op->day, e) : 0;
}

void transaction_recall(struct vault *v)
{
	struct records_known *k = &v->known;
	struct store_stamp now;

	if (!k->recalled && (!v->b->upkeep->stamp(v->store, &now) || memcmp(&now, &k->stamp, sizeof now) != 0))
		*k = (struct records_known){0};
	k->recalled = true;
}

static void transaction_forget(struct vault *v, enum lane lane, bool committed)
{
	struct records_known *k = &v->known;

	if (lane != LANE_RECORDS)
		return;
	wipe(&k->key, sizeof k->key);
	k->key_kind[0] = '\0';
	if (!committed || !k->recalled || !v->b->upkeep->stamp(v->store, &k->stamp))
		*k = (struct records_known){0}; // what is known is of another state than the one of now
	k->recalled = false;
}

int transaction_commit(struct vault *v, enum lane lane, struct err *e)
{
	const struct commit_hooks *hooks = v->lanes[lane].hooks;
	struct err why = {0};
	int ret = hooks->closing != NULL ? hooks->closing(v, &why) : 0;

	if (ret == 0)
		ret = commit_outcome(v, v->b->upkeep->end(v->store, lane, true, &why), &why);
	else
		(void)v->b->upkeep->end(v->store, lane, false, NULL);
	transaction_forget(v, lane, ret == 0);
	return ret == 0 ? 0 : err_set(e, why.code, "%s", why.text);
}

static void transaction_rollback(struct vault *v, enum lane lane)
{
	(void)v->b->upkeep->end(v->store, lane, false, NULL);
	transaction_forget(v, lane, false);
}

int transaction_end(struct vault *v, enum lane lane, int ret, struct err *e)
{
	if (ret == 0)
		return transaction_commit(v, lane, e);
	transaction_rollback(v, lane);
	return -1;
}

static int lane_enter(struct vault *v, enum lane lane, struct err *e)
{
	if (v->b->upkeep->enter(v->store, lane, e) != 0)
		return -1;
	if (lane == LANE_RECORDS && v->known.recalled) // a transaction that was not ended, as nothing was written in it
		transaction_forget(v, lane, false);
	return 0;
}

// ---- a batch ----

static int op_attempt(struct vault *v, struct op *op)
{
	op->err = (struct err){0};
	op->result = op->run(v, op->arg, &op->err);
	op->ran = op->result == 0;
	return op->result;
}

// Nobody was told yet. Where the outcome is unknown, what was done beside the stores stays: it may belong to what is there at the next start, and else
// pruning ends it.
static void batch_roll_back(struct vault *v, struct op *batch)
{
	transaction_rollback(v, batch->lane);
	for (struct op *op = batch; op != NULL; op = op->next) {
		if (op->ran && op->undo != NULL && !atomic_load(&v->broken))
			op->undo(v, op->arg);
		op->ran = false;
	}
}

static void batch_fail(struct op *batch, const struct err *why)
{
	for (struct op *op = batch; op != NULL; op = op->next) {
		if (op->out)
			continue;
		op->result = -1;
		op->err = *why;
	}
}

static void op_run_single(struct vault *v, struct op *op)
{
	struct op *next = op->next;

	if (atomic_load(&v->broken)) {
		op->result = err_set(&op->err, ERR_UNAVAILABLE, "an earlier commit's outcome is unknown");
		return;
	}
	op->result = transaction_prepare(v, op, &op->err);
	if (op->result != 0)
		return;
	if (op_attempt(v, op) == 0 && transaction_commit(v, op->lane, &op->err) == 0)
		return;
	op->result = -1;
	op->next = NULL; // it alone is rolled back
	batch_roll_back(v, op);
	op->next = next;
}

// True: every operation has its outcome. False: nothing is committed, and those that are not out should run each by itself.
static bool batch_run_together(struct vault *v, struct op *batch)
{
	for (int tries = 0; tries < TOGETHER_TRIES; tries++) {
		struct err why = {0};
		struct op *op = batch;
		if (transaction_prepare(v, batch, &why) != 0) {
			batch_fail(batch, &why);
			return true;
		}
		while (op != NULL && (op->out || op_attempt(v, op) == 0))
			op = op->next;
		if (op == NULL && transaction_commit(v, batch->lane, &why) == 0)
			return true;
		batch_roll_back(v, batch);
		if (why.code == ERR_UNKNOWN) {
			batch_fail(batch, &why);
			return true;
		}
		// One that fails by itself, as when what it should end is gone, is out. Else the engine may have given up the whole transaction.
		if (op == NULL || (op->err.code != ERR_NOT_FOUND && op->err.code != ERR_REFUSED && op->err.code != ERR_INPUT))
			return false;
		op->out = true;
	}
	return false;
}

// ---- the queue ----

// Takes the head and every later operation that fits the same transaction, up to one that must be alone. Under the mutex.
static struct op *queue_take(struct commit_lane *l)
{
	struct op *batch = l->head, *last = batch, **link = &l->head;

	l->head = batch->next;
	batch->next = NULL;
	l->last_batch = 1;
	while (*link != NULL && l->last_batch < BATCH_MAX && !(*link)->alone) {
		struct op *op = *link;
		if (strcmp(batch->day, op->day) != 0) {
			link = &op->next;
			continue;
		}
		*link = op->next;
		op->next = NULL;
		last = last->next = op;
		l->last_batch++;
	}
	for (l->tail = l->head; l->tail != NULL && l->tail->next != NULL;)
		l->tail = l->tail->next;
	return batch;
}

// To the first in the queue whose owner waits; an owner who does not will find nobody leading when he does. Before an operation that must be
// alone stands nobody but its owner. Under the mutex.
static void queue_hand_over(struct commit_lane *l)
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

static void queue_add(struct commit_lane *l, struct op *op)
{
	op->next = NULL;
	op->leads = op->ran = op->out = false;
	op->waits = op->alone; // nobody else may take it
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

static void queue_wait(struct commit_lane *l, struct op *op)
{
	pthread_mutex_lock(&l->mutex);
	op->waits = true;
	if (!l->busy)
		queue_hand_over(l);
	pthread_mutex_unlock(&l->mutex);
}

// True: the caller leads. False: the operation is done, and nobody else knows of it any more.
static bool queue_woken(struct op *op)
{
	while (sem_wait(&op->wake) != 0)
		;
	bool leads = op->leads;
	op->leads = false;
	return leads;
}

static void queue_lead(struct vault *v, struct commit_lane *l)
{
	struct err why = {0};

	pthread_mutex_lock(&l->mutex);
	// The owners of the last batch have just been woken and are about to come back: without a moment for them, batches of one and of all
	// the others would take turns.
	for (int i = 0; i < GATHER_YIELDS && l->waiting < l->last_batch; i++) {
		pthread_mutex_unlock(&l->mutex);
		sched_yield();
		pthread_mutex_lock(&l->mutex);
	}
	struct op *batch = queue_take(l);
	enum lane lane = batch->lane;
	pthread_mutex_unlock(&l->mutex);
	if (lane_enter(v, lane, &why) == 0) {
		if (!batch_run_together(v, batch))
			for (struct op *op = batch; op != NULL; op = op->next)
				if (!op->out)
					op_run_single(v, op);
		v->b->upkeep->leave(v->store, lane);
	} else {
		batch_fail(batch, &why);
	}
	pthread_mutex_lock(&l->mutex);
	l->waiting -= l->last_batch;
	queue_hand_over(l);
	pthread_mutex_unlock(&l->mutex);
	// Each owner is woken once for his operation, by its own semaphore: woken by a condition, all of them would queue for the lane's mutex.
	// Whoever is woken may be gone with his operation at once.
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
	queue_add(&v->lanes[op->lane], op);
	return 0;
}

int commit_wait(struct vault *v, struct op *op, struct err *e)
{
	struct commit_lane *l = &v->lanes[op->lane];

	queue_wait(l, op);
	while (queue_woken(op))
		queue_lead(v, l);
	sem_destroy(&op->wake);
	return op->result == 0 ? 0 : err_set(e, op->err.code, "%s", op->err.text);
}

int commit_run(struct vault *v, struct op *op, struct err *e)
{
	return commit_begin(v, op, e) != 0 || commit_wait(v, op, e) != 0 ? -1 : 0;
}

int commit_records(struct vault *v, int (*run)(struct vault *v, void *arg, struct err *e), void *arg, struct err *e)
{
	return commit_run(v, &(struct op){.lane = LANE_RECORDS, .run = run, .arg = arg}, e);
}

// ---- alone ----

// True: nothing stands before it any more, and it is taken off the queue.
static bool queue_has_turn(struct commit_lane *l, const struct op *op)
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

void commit_release_in(struct vault *v, struct op *op)
{
	struct commit_lane *l = &v->lanes[op->lane];

	v->b->upkeep->leave(v->store, op->lane);
	pthread_mutex_lock(&l->mutex);
	queue_hand_over(l);
	pthread_mutex_unlock(&l->mutex);
	sem_destroy(&op->wake);
}

int commit_alone_in(struct vault *v, enum lane lane, struct op *op, struct err *e)
{
	struct commit_lane *l = &v->lanes[lane];

	*op = (struct op){.lane = lane, .alone = true};
	queue_add(l, op);
	queue_wait(l, op);
	while (queue_woken(op) && !queue_has_turn(l, op))
		queue_lead(v, l);
	if (lane_enter(v, lane, e) == 0)
		return 0;
	commit_release_in(v, op);
	return -1;
}

int commit_alone(struct vault *v, struct commit_alone *a, struct err *e)
{
	if (refuse_broken(v, e) != 0 || commit_alone_in(v, LANE_LOG, &a->ops[LANE_LOG], e) != 0)
		return -1;
	if (commit_alone_in(v, LANE_RECORDS, &a->ops[LANE_RECORDS], e) == 0) {
		a->v = v;
		return 0;
	}
	commit_release_in(v, &a->ops[LANE_LOG]);
	return -1;
}

int commit_sanitise(struct vault *v, enum sanitise how, struct err *e)
{
	struct err why = {0};
	struct op op;
	int more = 1;

	while (more > 0) {
		if (commit_alone_in(v, LANE_RECORDS, &op, e) != 0)
			return -1;
		more = commit_outcome(v, v->b->upkeep->sanitise(v->store, how, &why), &why);
		commit_release_in(v, &op);
	}
	return more == 0 ? 0 : err_set(e, why.code, "%s", why.text);
}

void commit_release(struct commit_alone *a)
{
	if (a->v == NULL)
		return;
	commit_release_in(a->v, &a->ops[LANE_RECORDS]);
	commit_release_in(a->v, &a->ops[LANE_LOG]);
	a->v = NULL;
}
