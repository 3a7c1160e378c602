// SPDX-License-Identifier: ISC
// The store after 10^n sets: each left two events in the ledger, and the last ones have their archive and their rows in the request log. Prints one
// JSON object with what starting, a visitor's Delete, an officer's erasure, looking the ledger over and verifying all of it cost, in milliseconds,
// and what stays on disk for each set.
//
//	growth_bench FOLDER SETS
#define BENCH "growth_bench"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/ledger.h"
#include "policy/vault/ledger_walk.h"
#include "policy/vault/segment.h"
#include "tests/bench/place.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EVENTS_PER_COMMIT = 2048, LIVE = 1000, ROUNDS = 5 };

// ---- filling ----

// As fcgi/generate/ writes them.
static void write_set(struct vault *v, uint64_t i)
{
	char details[160];
	struct err e = {0};
	const struct ledger_event events[] = {
	    {.name = "generation",
	     .details =
		 i % 3 ? "{\"input\":\"description\",\"count\":4,\"size\":\"1024x1024\",\"style\":\"photo\",\"prompts\":\"azure-openai\","
			 "\"images\":\"azure-openai\"}"
		       : "{\"input\":\"url\",\"count\":8,\"size\":\"1024x1024\",\"style\":\"flat\",\"prompts\":\"azure-openai\","
			 "\"images\":\"azure-openai\"}"},
	    {.name = "archive", .details = details}};

	snprintf(details, sizeof details, "{\"bytes\":%ld,\"pictures\":%llu}", 1000000 + random() % 15000000,
		 (unsigned long long)(1 + i % 8));
	for (size_t k = 0; k < ARRAY_LEN(events); k++)
		if (ledger_write(v, &events[k], NULL, &e) != 0)
			die("fill", e.text);
}

static void prune(struct vault *v)
{
	struct prune_result r;
	struct err e = {0};

	if (vault_prune(v, (struct duration){0}, false, &r, &e) != 0)
		die("prune", e.text);
}

// Closed as they come, by the pruning of every minute.
static void fill(struct vault *v, uint64_t sets)
{
	struct commit_alone alone;
	struct err e = {0};

	for (uint64_t i = 0; i < sets;) {
		if (commit_alone(v, &alone, &e) != 0)
			die("fill", e.text);
		for (uint64_t end = i + EVENTS_PER_COMMIT / 2; i < end && i < sets; i++)
			write_set(v, i);
		if (transaction_commit(v, LANE_RECORDS, &e) != 0)
			die("fill", e.text);
		commit_release(&alone);
		if (i % (32 * EVENTS_PER_COMMIT) == 0) {
			prune(v);
			fprintf(stderr, "\r%llu sets", (unsigned long long)i);
		}
	}
	fputc('\n', stderr);
	prune(v);
}

static char ids[LIVE][RECORD_ID_LEN + 1];

static void fill_live(struct vault *v)
{
	struct err e = {0};
	char receipt[32], file[256];

	for (int i = 0; i < LIVE; i++) {
		snprintf(receipt, sizeof receipt, "visitor-%d", i);
		snprintf(file, sizeof file, "%s/run/spool/%d.tmp", root, i);
		const struct vault_tag tags[] = {{"token", receipt}, {"receipt", receipt}, {NULL, NULL}};
		const struct vault_new archive = {.kind = KIND_ARCHIVE, .subject = receipt, .tags = tags, .file = file};
		const struct request_log_row row = {"198.51.100.77", "Mozilla/5.0", receipt};
		if (file_write(file, "PK", 2, 0600, NULL, &e) != 0 || vault_put(v, &archive, NULL, ids[i], &e) != 0 ||
		    request_log_append(v, &row, &e) != 0)
			die("live", e.text);
	}
}

// ---- measuring ----

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

static uint64_t disk_bytes;
static int add_file(const char *path, const struct stat *s, int type, struct FTW *walk)
{
	if (type == FTW_F && strcmp(path + walk->base, "space-reserve") != 0)
		disk_bytes += (uint64_t)s->st_blocks * 512;
	return 0;
}

static int ignore(void *arg, const struct ledger_entry *entry)
{
	(void)arg;
	(void)entry;
	return 0;
}

struct measured {
	double start, start_cpu, unclean, census, verify_open, erase, erase_cpu, end, end_cpu, whole, stall;
};

// The longest that a commit of another waits while the officer erases and prunes.
static atomic_bool writing;
static void *write_events(void *arg)
{
	struct vault *v = arg;
	double *longest = malloc(sizeof *longest);
	struct err e = {0};

	*longest = 0;
	while (writing) {
		double start = now_ms();
		if (ledger_append(v, &(struct ledger_event){.name = "generation"}, &e) != 0)
			die("append", e.text);
		if (now_ms() - start > *longest)
			*longest = now_ms() - start;
		usleep(1000);
	}
	return longest;
}

static double longest_wait(const struct policy *p, struct vault *v)
{
	struct erase_result erased;
	struct err e = {0};
	struct vault *other = open_vault(p, VAULT_PROGRAM); // as another process has it
	pthread_t thread;
	void *longest;

	writing = true;
	pthread_create(&thread, NULL, write_events, other);
	for (int i = 0; i < ROUNDS; i++)
		if (vault_erase(v, ERASE_RECORD, ids[LIVE - 1 - i], false, &erased, &e) != 0 || !erased.complete)
			die("erase", e.text);
	prune(v);
	writing = false;
	pthread_join(thread, &longest);
	double ms = *(double *)longest;
	free(longest);
	vault_close(other);
	return ms;
}

static struct measured measure(const struct policy *p)
{
	struct measured m = {0};
	struct ledger_report report;
	struct erase_result erased;
	struct census census;
	struct err e = {0};

	for (int i = 0; i < ROUNDS; i++) {
		double start = now_ms(), cpu = cpu_ms();
		struct vault *v = open_vault(p, VAULT_PROGRAM);
		m.start = i == 0 || now_ms() - start > m.start ? now_ms() - start : m.start;
		m.start_cpu = cpu_ms() - cpu;
		vault_close(v);
	}
	struct vault *v = open_vault(p, VAULT_ADMIN);
	double start = now_ms();
	if (vault_census(v, &census, &e) != 0 || ledger_each_notable(v, ignore, NULL, &e) != 0)
		die("census", e.text);
	m.census = now_ms() - start;
	start = now_ms();
	if (ledger_verify(v, LEDGER_OPEN, &report, &e) != 0 || !report.intact)
		die("verify", report.finding);
	m.verify_open = now_ms() - start;
	for (int i = 0; i < ROUNDS; i++) {
		double cpu = cpu_ms();
		start = now_ms();
		if (vault_end(v, ids[i], &(struct ledger_event){.name = "erasure"}, &e) != 0)
			die("end", e.text);
		m.end = now_ms() - start > m.end ? now_ms() - start : m.end;
		m.end_cpu = cpu_ms() - cpu;
	}
	for (int i = ROUNDS; i < 2 * ROUNDS; i++) {
		char receipt[32];
		snprintf(receipt, sizeof receipt, "visitor-%d", i);
		double cpu = cpu_ms();
		start = now_ms();
		if (vault_erase(v, ERASE_RECEIPT, receipt, false, &erased, &e) != 0 || !erased.complete)
			die("erase", erased.reason);
		m.erase = now_ms() - start > m.erase ? now_ms() - start : m.erase;
		m.erase_cpu = cpu_ms() - cpu;
	}
	m.stall = longest_wait(p, v);
	start = now_ms();
	if (ledger_verify(v, LEDGER_WHOLE, &report, &e) != 0 || !report.intact)
		die("verify", report.finding);
	m.whole = now_ms() - start;
	vault_close(v);
	// As after a kill: the number in vault.lock says so.
	char path[256];
	snprintf(path, sizeof path, "%s/state/vault.lock", root);
	if (file_write(path, "1", 1, 0600, NULL, &e) != 0)
		die(path, e.text);
	start = now_ms();
	v = open_vault(p, VAULT_PROGRAM);
	m.unclean = now_ms() - start;
	vault_close(v);
	return m;
}

int main(int argc, char **argv)
{
	static struct policy p = {.file = "bench", .site = "bench", .shown_as = "Bench", .version = "2026-11-27"};
	static const struct policy_life hour = {.length.seconds = 3600, .has_length = true, .ends_on_erasure = true},
					days = {.length.days = 14, .has_length = true, .ends_on_erasure = true},
					service = {.lasts_while = CONDITION_SERVICE};
	uint64_t sets = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;

	if (sets < 1)
		die("usage", "growth_bench FOLDER SETS");
	for (unsigned k = 0; k < KIND_COUNT; k++)
		p.kinds[k].kind = (enum kind)k;
	p.kinds[KIND_ARCHIVE] = (struct policy_kind){.kind = KIND_ARCHIVE, .keep = KEEP_STORED, .lives = &hour, .life_count = 1};
	p.kinds[KIND_REQUEST_LOG] = (struct policy_kind){.kind = KIND_REQUEST_LOG, .keep = KEEP_STORED, .lives = &days, .life_count = 1};
	p.kinds[KIND_LEDGER] = (struct policy_kind){.kind = KIND_LEDGER, .keep = KEEP_STORED, .lives = &service, .life_count = 1};
	snprintf(root, sizeof root, "%.100s/lethe-growth-XXXXXX", argv[1]);
	if (mkdtemp(root) == NULL)
		die(root, "cannot be made");
	vault_close(open_vault(&p, VAULT_ADMIN));
	vault_close(open_vault(&p, VAULT_PROGRAM)); // makes the spool
	struct vault *v = open_vault(&p, VAULT_ADMIN);
	double start = now_ms();
	fill(v, sets);
	double fill_ms = now_ms() - start;
	struct err e = {0};
	if (v->b->upkeep->sanitise(v->store, SANITISE_LOGS, &e) != 0)
		die("flush", e.text);
	nftw(root, add_file, 16, FTW_PHYS);
	double per_set = (double)disk_bytes / (double)sets;
	fill_live(v);
	vault_close(v);
	struct measured m = measure(&p);
	printf(
	    "{\"sets\":%llu,\"fill_s\":%.0f,\"disk_bytes_per_set\":%.1f,\"start_ms\":%.2f,\"start_cpu_ms\":%.2f,\"start_unclean_ms\":%.1f,"
	    "\"census_ms\":%.2f,\"verify_open_ms\":%.1f,\"visitor_delete_ms\":%.2f,\"visitor_delete_cpu_ms\":%.2f,\"officer_erase_ms\":%."
	    "1f,"
	    "\"officer_erase_cpu_ms\":%.1f,\"longest_wait_ms\":%.1f,\"verify_whole_s\":%.2f}\n",
	    (unsigned long long)sets, fill_ms / 1e3, per_set, m.start, m.start_cpu, m.unclean, m.census, m.verify_open, m.end, m.end_cpu,
	    m.erase, m.erase_cpu, m.stall, m.whole / 1e3);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
