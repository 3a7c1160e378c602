// SPDX-License-Identifier: ISC
// Many threads and several processes write at once: nothing is lost, one that fails does not fail its neighbours, and the day changes
// under way.
#include "tests/unit/vault_fixture.h"
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { THREADS = 12, EACH = 60 };

struct worker {
	struct fixture *f;
	int number;
	size_t put, refused, logged;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], receipt[32];

	for (int i = 0; i < EACH; i++) {
		snprintf(receipt, sizeof receipt, "receipt-%d-%d", w->number, i);
		// Every fifth is one that the store itself refuses, inside the shared transaction.
		const struct vault_tag bad[] = {{"", "x"}, {NULL, NULL}}, good[] = {{"receipt", receipt}, {NULL, NULL}};
		const struct ledger_event event = {.name = "generation"};
		const struct vault_new record = {.kind = i % 2 ? KIND_ARCHIVE : KIND_TICKET,
						 .subject = receipt,
						 .tags = i % 5 == 0 ? bad : good,
						 .body = "body",
						 .body_len = 4};
		if (vault_put(w->f->vault, &record, &event, id, &e) == 0) {
			struct vault_record r;
			w->put++;
			if (vault_find(w->f->vault, record.kind, "receipt", receipt, &r, &e) == 0)
				vault_record_free(&r);
			else
				w->put += 1000; // acknowledged, and not to be found
		} else {
			w->refused++;
		}
		const struct request_log_row row = {"198.51.100.1", "Example/1.0", receipt};
		w->logged += request_log_append(w->f->vault, &row, &e) == 0;
		if (w->number == 0 && i == EACH / 2)
			fixture_time = FIXTURE_START + 24 * 3600; // midnight
	}
	return NULL;
}

static void run_workers(struct fixture *f, struct worker *w)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		w[i] = (struct worker){.f = f, .number = i};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &w[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void threads_share_commits_but_not_failures(void **state)
{
	struct fixture *f = *state;
	struct worker w[THREADS];
	struct ledger_report report;
	struct err e = {0};

	fixture_time = FIXTURE_START + 24 * 3600 - 1;
	run_workers(f, w);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(w[i].put, EACH * 4 / 5);
		assert_int_equal(w[i].refused, EACH / 5);
		assert_int_equal(w[i].logged, EACH);
	}
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL) + fixture_census(f, KIND_TICKET, NULL), THREADS * EACH * 4 / 5);
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
	assert_int_equal(report.size, THREADS * EACH * 4 / 5);
	const struct log_day before = fixture_day(f, "2026-11-22"), after = fixture_day(f, "2026-11-23");
	assert_int_equal(before.lines + after.lines, THREADS * EACH);
	assert_true(before.lines > 0 && before.newest == FIXTURE_START + 24 * 3600 - 1);
	assert_true(after.lines > 0 && after.oldest == FIXTURE_START + 24 * 3600);
}

struct busy {
	struct fixture *f;
	atomic_bool stop;
	size_t reads;
};
static int count_one(void *arg, const struct vault_record *r)
{
	(void)r;
	++*(size_t *)arg;
	return 0;
}
static void *read_and_erase(void *arg)
{
	struct busy *b = arg;
	struct erase_result result;
	struct prune_result pruned;
	struct census census;
	struct err e = {0};
	size_t seen = 0;

	while (!atomic_load(&b->stop)) {
		b->reads++;
		if (vault_census(b->f->vault, &census, &e) != 0 || vault_each(b->f->vault, KIND_TICKET, NULL, count_one, &seen, &e) != 0 ||
		    vault_erase(b->f->vault, ERASE_RECEIPT, "receipt-3-1", false, &result, &e) != 0 ||
		    (vault_prune(b->f->vault, (struct duration){0}, false, &pruned, &e) != 0 && e.code != ERR_REFUSED)) {
			fprintf(stderr, "%s\n", e.text);
			return arg;
		}
	}
	return NULL;
}

static void erasing_and_pruning_go_on_beside_writers(void **state)
{
	struct fixture *f = *state;
	struct worker w[THREADS];
	struct busy b = {.f = f};
	struct ledger_report report;
	struct err e = {0};
	pthread_t busy;
	void *failed;

	assert_int_equal(pthread_create(&busy, NULL, read_and_erase, &b), 0);
	run_workers(f, w);
	atomic_store(&b.stop, true);
	pthread_join(busy, &failed);
	assert_null(failed);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(w[i].logged, EACH);
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	if (!report.intact)
		fail_msg("%s", report.finding);
}

// Opened after the fork, as every process must.
static void child_writes(struct fixture *f, int number, int each)
{
	struct err e = {0};
	struct vault *v;
	char receipt[32], id[RECORD_ID_LEN + 1];

	if (vault_open(&v, f->state, f->run, &f->policy, VAULT_PROGRAM, &e) != 0)
		_exit(2);
	for (int i = 0; i < each; i++) {
		snprintf(receipt, sizeof receipt, "process-%d-%d", number, i % 100);
		const struct ledger_event event = {.name = "generation"};
		const struct vault_new record = {.kind = KIND_TICKET, .subject = receipt, .body = "x", .body_len = 1};
		const struct request_log_row row = {"198.51.100.1", "Example/1.0", NULL};
		if (vault_put(v, &record, &event, id, &e) != 0 || request_log_append(v, &row, &e) != 0)
			_exit(3);
	}
	vault_close(v);
	_exit(0);
}

// Empties the write-ahead logs again and again, and opens the stores anew, as the officer's commands do. Ends when the pipe says so; tells how often.
static void child_checkpoints(struct fixture *f, int until, int to)
{
	struct prune_result pruned;
	struct err e = {0};
	struct vault *v;
	struct pollfd ended = {.fd = until, .events = POLLIN};
	uint64_t count = 0;

	fixture_time++; // what is of this second is looked at by each pruning, as it may be dated ahead
	for (; poll(&ended, 1, 0) == 0; count++) {
		if (vault_open(&v, f->state, f->run, &f->policy, VAULT_ADMIN, &e) != 0)
			_exit(2);
		if ((vault_prune(v, (struct duration){0}, false, &pruned, &e) != 0 && e.code != ERR_BUSY && e.code != ERR_REFUSED) ||
		    (commit_sanitise(v, SANITISE_LOGS, &e) != 0 && e.code != ERR_BUSY)) {
			fprintf(stderr, "%s\n", e.text);
			_exit(3);
		}
		e = (struct err){0};
		vault_close(v);
	}
	_exit(write(to, &count, sizeof count) == sizeof count ? 0 : 4);
}

enum { WRITERS = 8 };

// Of a vault that is new; how often its logs were emptied meanwhile.
static uint64_t take_turns(struct fixture *f, int each)
{
	pid_t children[WRITERS], officer;
	struct ledger_report report;
	struct err e = {0};
	uint64_t checkpoints = 0;
	int status, until[2], told[2];

	vault_close(f->vault);
	f->vault = NULL;
	assert_int_equal(pipe2(until, O_CLOEXEC) | pipe2(told, O_CLOEXEC), 0);
	officer = fork();
	if (officer == 0)
		child_checkpoints(f, until[0], told[1]);
	for (int i = 0; i < WRITERS; i++) {
		children[i] = fork();
		if (children[i] == 0)
			child_writes(f, i, each);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(write(until[1], "x", 1), 1);
	assert_int_equal(waitpid(officer, &status, 0), officer);
	assert_int_equal(status, 0);
	assert_int_equal(read(told[0], &checkpoints, sizeof checkpoints), sizeof checkpoints);
	for (int i = 0; i < 2; i++) {
		close(until[i]);
		close(told[i]);
	}
	fixture_reopen(f, VAULT_ADMIN);
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
	assert_int_equal(report.size, WRITERS * each);
	assert_int_equal(fixture_census(f, KIND_TICKET, NULL), WRITERS * each);
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), WRITERS * each);
	return checkpoints;
}

// At full size for eight hours, with a new vault after some minutes of each, which is looked at as a whole.
static void processes_take_turns(void **state)
{
	enum { EACH_FULL = 20000 };
	const uint64_t begun = monotonic_ms(), end = begun + trust_size(0, 8 * 3600 * 1000);
	const int each = trust_full() ? EACH_FULL : EACH;
	uint64_t vaults = 0, checkpoints = 0;

	do {
		if (vaults++ > 0) {
			fixture_teardown(state);
			fixture_setup(state);
		}
		checkpoints += take_turns(*state, each);
	} while (monotonic_ms() < end);
	print_message("for %llu s: %d writers, %llu vaults with %d records of each, the logs were emptied %llu times beside them\n",
		      (unsigned long long)(monotonic_ms() - begun) / 1000, WRITERS, (unsigned long long)vaults, each,
		      (unsigned long long)checkpoints);
	assert_true(checkpoints > 0);
}

enum { RACERS_MAX = 32, TURNS = 20 };
struct race {
	atomic_int ready;
	_Atomic uint64_t counts[RACERS_MAX], longest[RACERS_MAX]; // records, and the ms that one of them took
};

// Stores as fast as it can: until a moment that all share (0: until each has had its turns, or the others so many that this one starves).
static void child_races(struct fixture *f, struct race *r, int number, int racers, uint64_t duration)
{
	struct err e = {0};
	struct vault *v;
	char id[RECORD_ID_LEN + 1];

	if (vault_open(&v, f->state, f->run, &f->policy, VAULT_PROGRAM, &e) != 0)
		_exit(2);
	for (r->ready++; r->ready < racers;)
		usleep(1000);
	for (uint64_t now = monotonic_ms(), end = now + duration, least = 0, sum = 0;
	     duration != 0 ? now < end : least < TURNS && sum < 100 * TURNS * (uint64_t)racers;) {
		const struct vault_new record = {.kind = KIND_TICKET, .subject = "racer", .body = "x", .body_len = 1};
		if (vault_put(v, &record, NULL, id, &e) != 0) {
			fprintf(stderr, "%s\n", e.text);
			_exit(3);
		}
		const uint64_t then = monotonic_ms();
		if (then - now > r->longest[number])
			r->longest[number] = then - now;
		now = then;
		r->counts[number]++;
		sum = 0;
		least = UINT64_MAX;
		for (int i = 0; i < racers; i++) {
			sum += r->counts[i];
			least = r->counts[i] < least ? r->counts[i] : least;
		}
	}
	vault_close(v);
	_exit(0);
}

// Whether nobody else has work for the machine at this moment.
static bool machine_is_quiet(void)
{
	FILE *file = fopen("/proc/loadavg", "r");
	int running = 2;

	if (file != NULL) {
		(void)!fscanf(file, "%*s %*s %*s %d", &running);
		fclose(file);
	}
	return running <= 1;
}

// Nobody is told that the store is busy, and everybody gets a turn. How even the turns are is asked by `make trust` alone, and how long one waits only
// on a machine that has nothing else to do.
static void race_for_turns(void **state, int racers)
{
	enum { WAIT_MAX = 500 };
	struct fixture *f = *state;
	pid_t children[RACERS_MAX];
	struct race *r = mmap(NULL, sizeof *r, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const bool quiet = machine_is_quiet();
	uint64_t sum = 0, least = UINT64_MAX, longest = 0;
	int status;

	assert_ptr_not_equal(r, MAP_FAILED);
	vault_close(f->vault);
	f->vault = NULL;
	for (int i = 0; i < racers; i++) {
		children[i] = fork();
		if (children[i] == 0)
			child_races(f, r, i, racers, trust_size(0, 60000));
	}
	for (int i = 0; i < racers; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
		sum += r->counts[i];
		least = r->counts[i] < least ? r->counts[i] : least;
		longest = r->longest[i] > longest ? r->longest[i] : longest;
	}
	munmap(r, sizeof *r);
	print_message("%d processes stored %llu records, the slowest %llu; the longest wait was %llu ms%s\n", racers,
		      (unsigned long long)sum, (unsigned long long)least, (unsigned long long)longest, quiet ? "" : ", beside other work");
	assert_true(least >= TURNS);
	assert_true(!trust_full() || 2 * least * (uint64_t)racers >= sum);
	assert_true(!trust_full() || !quiet || longest <= WAIT_MAX);
	fixture_reopen(f, VAULT_ADMIN);
	assert_int_equal(fixture_census(f, KIND_TICKET, NULL), sum);
}

static void every_process_gets_its_turn(void **state)
{
	race_for_turns(state, 8);
}

static void every_one_of_thirty_two_gets_its_turn(void **state)
{
	race_for_turns(state, 32);
}

// A row that was begun is written by whoever writes next, or when it is waited for; and never in the way of the records.
static void a_row_begun_is_a_row_kept(void **state)
{
	struct fixture *f = *state;
	const struct request_log_row row = {"198.51.100.1", "Example/1.0", "receipt-begun"};
	const struct ledger_event event = {.name = "generation"};
	struct request_log_pending *rows[3];
	struct erase_result erased;
	struct err e = {0};

	for (int i = 0; i < 3; i++) {
		rows[i] = request_log_begin(f->vault, &row, &e);
		assert_non_null(rows[i]);
	}
	assert_return_code(ledger_append(f->vault, &event, &e), 0);
	// An erasure comes after what was begun before it, though nobody waits for that yet.
	assert_return_code(vault_erase(f->vault, ERASE_RECEIPT, "receipt-begun", false, &erased, &e), 0);
	assert_true(erased.complete);
	assert_int_equal(erased.stores[2].erased, 3);
	for (int i = 2; i >= 0; i--)
		assert_return_code(request_log_wait(f->vault, rows[i], &e), 0);
	rows[0] = request_log_begin(f->vault, &row, &e);
	assert_non_null(rows[0]);
	assert_return_code(request_log_wait(f->vault, rows[0], &e), 0);
	fixture_reopen(f, VAULT_PROGRAM);
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), 1);
}

// While an officer holds the lock of the records, the log goes on: its lock is another.
static void the_log_does_not_wait_for_the_records(void **state)
{
	struct fixture *f = *state;
	const struct request_log_row row = {"198.51.100.1", "Example/1.0", NULL};
	struct err e = {0};
	char path[PATH_MAX];

	assert_return_code(request_log_append(f->vault, &row, &e), 0); // its segment and key are made
	snprintf(path, sizeof path, "%s/vault.lock", f->state);
	int other = open(path, O_RDWR | O_CLOEXEC);
	assert_return_code(flock(other, LOCK_EX), 0);
	assert_return_code(request_log_append(f->vault, &row, &e), 0);
	close(other);
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), 2);
}

static int run_event(struct vault *v, void *arg, struct err *e)
{
	const struct ledger_event event = {.name = "event"};

	return arg != NULL ? err_set(e, ERR_NOT_FOUND, "what it should end is gone") : ledger_write(v, &event, NULL, e);
}

// One that fails is left out and the others run again; more than can be left out one by one, and each runs by itself.
static void failures_in_one_batch_cost_nobody_else(void **state)
{
	enum { MANY = 40 };
	struct fixture *f = *state;
	struct ledger_report report;
	struct op ops[MANY];
	struct err e = {0};

	for (int i = 0; i < MANY; i++) {
		ops[i] = (struct op){.lane = LANE_RECORDS, .run = run_event, .arg = i % 2 ? f : NULL};
		assert_return_code(commit_begin(f->vault, &ops[i], &e), 0);
	}
	for (int i = 0; i < MANY; i++) {
		e = (struct err){0};
		assert_int_equal(commit_wait(f->vault, &ops[i], &e), i % 2 ? -1 : 0);
		assert_int_equal(e.code, i % 2 ? ERR_NOT_FOUND : ERR_NONE);
	}
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
	assert_int_equal(report.size, MANY / 2);
}

struct waiter {
	struct vault *v;
	atomic_bool done;
};

static void *put_one(void *arg)
{
	struct waiter *w = arg;
	const struct vault_new record = {.kind = KIND_TICKET, .subject = "waiter", .body = "x", .body_len = 1};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];
	void *failed = vault_put(w->v, &record, NULL, id, &e) == 0 ? NULL : w;

	atomic_store(&w->done, true);
	return failed;
}

// SQLite's own locks keep transactions apart, but not checkpoints: so no run of writers shows that ours is gone.
static void nothing_is_written_without_the_lock(void **state)
{
	struct fixture *f = *state;
	struct waiter w = {.v = f->vault};
	char path[PATH_MAX];
	pthread_t thread;
	void *failed;

	snprintf(path, sizeof path, "%s/vault.lock", f->state);
	FD_AUTO int other = open(path, O_RDWR | O_CLOEXEC);
	assert_true(other >= 0);
	assert_int_equal(flock(other, LOCK_EX), 0);
	assert_int_equal(pthread_create(&thread, NULL, put_one, &w), 0);
	usleep(300000); // in which a writer that does not wait would be done
	assert_false(atomic_load(&w.done));
	assert_int_equal(flock(other, LOCK_UN), 0);
	pthread_join(thread, &failed);
	assert_null(failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(threads_share_commits_but_not_failures),
	    T(failures_in_one_batch_cost_nobody_else),
	    T(erasing_and_pruning_go_on_beside_writers),
	    T(nothing_is_written_without_the_lock),
	    T(processes_take_turns),
	    T(every_process_gets_its_turn),
	    T(every_one_of_thirty_two_gets_its_turn),
	    T(a_row_begun_is_a_row_kept),
	    T(the_log_does_not_wait_for_the_records),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
