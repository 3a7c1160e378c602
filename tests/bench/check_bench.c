// SPDX-License-Identifier: ISC
// What `lethe check` reads of a store, by the number of records: fills one through the vault, as the programs do, and measures each part.
// Prints one JSON object; the store stays for `lethe check` itself to be run on it. `put_cpu_ms`: of the processors, for each record while 256
// threads put; `put_alone_ms`: from the call until it is durable, one at a time.
//
//	check_bench POLICY FOLDER [RECORDS]	makes FOLDER/state and FOLDER/run; 1,000,000 records when not given
#include "policy/base/file.h"
#include "policy/rules/load.h"
#include "policy/vault/vault.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 256, SINCE_CHECKPOINT = 5000, ROUNDS = 5, ALONE = 101, LEAST = 10000 };

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "check_bench: %s: %s\n", what, why);
	exit(1);
}

// ---- filling ----

struct filling {
	struct vault *v;
	atomic_long left;
};

static void *fill(void *arg)
{
	struct filling *f = arg;
	const struct ledger_event event = {.name = "archive", .details = "{\"images\":4}"};
	const struct vault_new record = {.kind = KIND_ARCHIVE, .body = "{\"name\":\"example\"}", .body_len = 18};
	char id[RECORD_ID_LEN + 1];
	struct err e;

	while (atomic_fetch_sub(&f->left, 1) > 0)
		if (vault_put(f->v, &record, &event, id, &e) != 0)
			die("vault_put", e.text);
	return NULL;
}

// The commits are shared among the threads, so many of them make few commits.
static void fill_with(struct vault *v, long records)
{
	struct filling f = {.v = v, .left = records};
	pthread_attr_t attributes;
	pthread_t threads[THREADS];

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 256 * 1024);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], &attributes, fill, &f) != 0)
			die("thread", "cannot be started");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	pthread_attr_destroy(&attributes);
}

// ---- measuring ----

static double now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

// One after the other: each waits for its own commit.
static void put_alone(struct vault *v)
{
	struct filling f = {.v = v, .left = 1};

	fill(&f);
}

static void census(struct vault *v)
{
	struct census c;
	struct err e;

	if (vault_census(v, &c, &e) != 0)
		die("census", e.text);
}

static void ignore(void *arg, const char *finding)
{
	(void)arg;
	die("drift", finding);
}

static void drift(struct vault *v)
{
	struct err e;

	if (vault_drift(v, ignore, NULL, &e) != 0)
		die("drift", e.text);
}

static int no_entry(void *arg, const struct ledger_entry *entry)
{
	(void)arg;
	(void)entry;
	return 0;
}

static void notable(struct vault *v)
{
	struct err e;

	if (ledger_each_notable(v, no_entry, NULL, &e) != 0)
		die("notable", e.text);
}

static void recent(struct vault *v)
{
	struct ledger_report r;
	struct err e;

	if (ledger_verify(v, LEDGER_OPEN, &r, &e) != 0 || !r.intact)
		die("recent", r.finding);
}

static void whole(struct vault *v)
{
	struct ledger_report r;
	struct err e;

	if (ledger_verify(v, LEDGER_WHOLE, &r, &e) != 0 || !r.intact)
		die("whole", r.finding);
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double milliseconds(void (*part)(struct vault *), struct vault *v, int rounds)
{
	double took[ALONE];

	for (int i = 0; i < rounds; i++) {
		double start = now_ms(CLOCK_MONOTONIC);
		part(v);
		took[i] = now_ms(CLOCK_MONOTONIC) - start;
	}
	qsort(took, (size_t)rounds, sizeof took[0], by_size);
	return took[rounds / 2];
}

static struct vault *open_vault(const struct policy *p, const char *folder, enum vault_mode mode)
{
	char state[4096], run[4096], spool[4096];
	struct vault *v;
	struct err e;

	if (path_join(state, sizeof state, folder, "state", &e) != 0 || path_join(run, sizeof run, folder, "run", &e) != 0 ||
	    path_join(spool, sizeof spool, run, "spool", &e) != 0 || folder_make(spool, 0700, &e) != 0 ||
	    vault_open(&v, state, run, p, mode, &e) != 0)
		die("open", e.text);
	return v;
}

int main(int argc, char **argv)
{
	BUF_AUTO struct buf messages = BUF_INIT(1024 * 1024), note = BUF_INIT(4096);
	long records = argc > 3 ? strtol(argv[3], NULL, 10) : 1000000;
	struct prune_result pruned;
	struct err e;

	if (argc < 3 || records <= SINCE_CHECKPOINT)
		die("usage", "check_bench POLICY FOLDER [RECORDS]");
	POLICY_AUTO struct policy *p = policy_load(argv[1], &messages);
	if (p == NULL)
		die(argv[1], buf_text(&messages));
	struct vault *v = open_vault(p, argv[2], VAULT_ADMIN);
	fill_with(v, records - LEAST - SINCE_CHECKPOINT);
	if (vault_prune(v, (struct duration){0}, false, &pruned, &e) != 0 || ledger_checkpoint(v, &note, &e) != 0) // as each day
		die("prune", e.text);
	double start = now_ms(CLOCK_PROCESS_CPUTIME_ID);
	fill_with(v, LEAST + SINCE_CHECKPOINT);
	double put = (now_ms(CLOCK_PROCESS_CPUTIME_ID) - start) / (LEAST + SINCE_CHECKPOINT), alone = milliseconds(put_alone, v, ALONE);
	vault_close(v);
	v = open_vault(p, argv[2], VAULT_LOOK);
	printf("{\"records\":%ld,\"put_cpu_ms\":%.4f,\"put_alone_ms\":%.3f,\"census_ms\":%.3f,\"drift_ms\":%.3f,\"notable_ms\":%.3f,"
	       "\"ledger_recent_ms\":%.3f,\"ledger_whole_"
	       "ms\":%.0f}\n",
	       records, put, alone, milliseconds(census, v, ROUNDS), milliseconds(drift, v, ROUNDS), milliseconds(notable, v, ROUNDS),
	       milliseconds(recent, v, ROUNDS), milliseconds(whole, v, 1));
	vault_close(v);
	return 0;
}
