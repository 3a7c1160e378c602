// SPDX-License-Identifier: ISC
// Ten years of a ledger: so many events a day, pruned each hour and signed as `lethe prune` and the daily timer sign, under a policy by which entries end
// after so many days (0: never). Prints a JSON object for each year: what is on disk, and what appending, pruning, signing, publishing, opening and
// verifying cost then.
//
//	years_bench FOLDER EVENTS_A_DAY LIFE_DAYS SIGNED_A_DAY YEARS
#define BENCH "years_bench"
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/base/when.h"
#include "policy/vault/commit.h"
#include "policy/vault/ledger.h"
#include "policy/vault/tiles.h"
#include "tests/bench/place.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { START = 1795305600 /* 2026-11-22 */, HOURS = 24, HOUR = 3600, DAYS = 365, ROUNDS = 21 };

static time_t now = START;

// The program's own, which every part of it calls.
time_t time(time_t *out)
{
	if (out != NULL)
		*out = now;
	return now;
}

time_t when_up(void)
{
	return now - START + DAYS * HOURS * HOUR;
}

// ---- a site's hour ----

// As fcgi/generate/ writes them, and of twenty an erasure with its certificate.
static void append_hour(struct vault *v, long events)
{
	static const char *const names[] = {"generation", "archive", "prune", "certificate"};
	static const char *const details[] = {"{\"input\":\"description\",\"count\":4,\"size\":\"1024x1024\",\"style\":\"photo\","
					      "\"prompts\":\"azure-openai\",\"images\":\"azure-"
					      "openai\"}",
					      NULL, "{\"kind\":\"archive\",\"records\":1,\"files\":1,\"anonymised\":0}", NULL};
	struct commit_alone alone;
	struct err e = {0};
	char text[160], hash[2 * HASH_LEN + 1];
	uint8_t bytes[HASH_LEN];

	if (commit_alone(v, &alone, &e) != 0)
		die("append", e.text);
	for (long i = 0; i < events; i++) {
		const size_t which = random() % 20 == 0 ? 3 : (size_t)(random() % 3);
		const struct ledger_event event = {.name = names[which], .details = details[which] != NULL ? details[which] : text};
		random_bytes(bytes, sizeof bytes);
		hex_encode(hash, bytes, sizeof bytes);
		if (which == 3)
			snprintf(text, sizeof text, "{\"id\":\"%.32s\",\"sha256\":\"%s\"}", hash, hash);
		else
			snprintf(text, sizeof text, "{\"bytes\":%ld,\"pictures\":%ld}", 1000000 + random() % 15000000, 1 + random() % 8);
		if (ledger_write(v, &event, NULL, &e) != 0)
			die("append", e.text);
	}
	if (transaction_commit(v, LANE_RECORDS, &e) != 0)
		die("append", e.text);
	commit_release(&alone);
}

static void prune(struct vault *v)
{
	struct prune_result r;
	struct err e = {0};

	if (vault_prune(v, (struct duration){0}, false, &r, &e) != 0)
		die("prune", e.text);
}

static void sign_and_publish(struct vault *v)
{
	struct buf note BUF_AUTO = BUF_INIT(65536);
	struct err e = {0};
	char folder[192];

	snprintf(folder, sizeof folder, "%s/publish", root);
	if (ledger_checkpoint(v, &note, &e) != 0 || tiles_publish(v, folder, &e) != 0)
		die("sign", e.text);
}

// ---- measuring ----

static double cpu_ms(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e3 + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e3;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *list, size_t count)
{
	qsort(list, count, sizeof *list, by_size);
	return list[count / 2];
}

static struct {
	uint64_t store, segments, tiles, files;
} disk;

static int add_file(const char *path, const struct stat *s, int type, struct FTW *walk)
{
	if (type != FTW_F || strcmp(path + walk->base, "space-reserve") == 0)
		return 0;
	const uint64_t bytes = (uint64_t)s->st_blocks * 512;
	*(strstr(path, "/publish/") != NULL ? &disk.tiles : strstr(path, "/ledger/") != NULL ? &disk.segments : &disk.store) += bytes;
	disk.files++;
	return 0;
}

static void measure_year(const struct policy *p, struct vault **v, int year, long each_hour)
{
	double append[ROUNDS], pruned[ROUNDS], sign[ROUNDS], opened[ROUNDS], proof[ROUNDS], whole, since;
	struct ledger_report report;
	struct err e = {0};
	uint64_t size, first;

	for (int i = 0; i < ROUNDS; i++) {
		double start = cpu_ms();
		append_hour(*v, 1);
		append[i] = cpu_ms() - start;
		now += HOUR / 60;
		start = cpu_ms();
		prune(*v);
		pruned[i] = cpu_ms() - start;
		start = cpu_ms();
		sign_and_publish(*v);
		sign[i] = cpu_ms() - start;
	}
	if (ledger_size(*v, &size, &e) != 0 || ledger_first(*v, &first, &e) != 0)
		die("size", e.text);
	for (int i = 0; i < ROUNDS; i++) {
		struct buf out BUF_AUTO = BUF_INIT(65536);
		const double start = cpu_ms();
		if (ledger_proof(*v, PROOF_OF_EVENT, first + (size - first) / ROUNDS * (uint64_t)i, &out, &e) != 0)
			die("proof", e.text);
		proof[i] = cpu_ms() - start;
	}
	vault_close(*v);
	for (int i = 0; i < ROUNDS; i++) {
		const double start = cpu_ms();
		vault_close(open_vault(p, VAULT_PROGRAM));
		opened[i] = cpu_ms() - start;
	}
	*v = open_vault(p, VAULT_ADMIN);
	double start = cpu_ms();
	if (ledger_verify(*v, LEDGER_WHOLE, &report, &e) != 0 || !report.intact)
		die("verify", e.code != ERR_NONE ? e.text : report.finding);
	whole = cpu_ms() - start;
	append_hour(*v, each_hour);
	start = cpu_ms();
	if (ledger_verify(*v, LEDGER_SINCE, &report, &e) != 0 || !report.intact)
		die("verify", e.code != ERR_NONE ? e.text : report.finding);
	since = cpu_ms() - start;
	disk.store = disk.segments = disk.tiles = disk.files = 0;
	nftw(root, add_file, 16, FTW_PHYS);
	printf(
	    "{\"year\":%d,\"entries\":%llu,\"kept\":%llu,\"store_kb\":%llu,\"segments_kb\":%llu,\"tiles_kb\":%llu,\"files\":%llu,\"append_"
	    "ms\":%.2f,\"prune_ms\":%.2f,\"sign_ms\":%.2f,\"proof_ms\":%.2f,\"open_ms\":%.2f,\"verify_whole_ms\":%.0f,\"verify_since_"
	    "ms\":%.1f}\n",
	    year, (unsigned long long)size, (unsigned long long)(size - first), (unsigned long long)disk.store / 1024,
	    (unsigned long long)disk.segments / 1024, (unsigned long long)disk.tiles / 1024, (unsigned long long)disk.files,
	    median(append, ROUNDS), median(pruned, ROUNDS), median(sign, ROUNDS), median(proof, ROUNDS), median(opened, ROUNDS), whole,
	    since);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct policy p = {.file = "bench", .site = "bench", .shown_as = "Bench", .version = "2026-11-27"};
	static struct policy_life life = {.has_length = true, .ends_on_erasure = true};
	long args[4];

	for (int i = 0; i < 4; i++)
		args[i] = argc > i + 2 ? strtol(argv[i + 2], NULL, 10) : 0;
	const long a_day = args[0], signed_a_day = args[2], years = args[3];
	if (a_day < 1 || signed_a_day < 1 || signed_a_day > HOURS || years < 1)
		die("usage", "years_bench FOLDER EVENTS_A_DAY LIFE_DAYS SIGNED_A_DAY YEARS");
	for (unsigned k = 0; k < KIND_COUNT; k++)
		p.kinds[k].kind = (enum kind)k;
	life.length.days = (unsigned)args[1];
	if (args[1] == 0)
		life = (struct policy_life){.lasts_while = CONDITION_SERVICE};
	p.kinds[KIND_LEDGER] = (struct policy_kind){.kind = KIND_LEDGER, .keep = KEEP_STORED, .lives = &life, .life_count = 1};
	snprintf(root, sizeof root, "%.100s/lethe-years-XXXXXX", argv[1]);
	if (mkdtemp(root) == NULL)
		die(root, "cannot be made");
	char folder[192];
	snprintf(folder, sizeof folder, "%s/publish", root);
	if (mkdir(folder, 0755) != 0)
		die(folder, "cannot be made");
	vault_close(open_vault(&p, VAULT_ADMIN));
	vault_close(open_vault(&p, VAULT_PROGRAM)); // makes the spool
	struct vault *v = open_vault(&p, VAULT_ADMIN);
	for (int year = 1; year <= years; year++) {
		for (int day = 0; day < DAYS; day++)
			for (int hour = 0; hour < HOURS; hour++) {
				const long done = a_day * hour / HOURS, until = a_day * (hour + 1) / HOURS;
				if (until > done)
					append_hour(v, until - done);
				now += HOUR;
				prune(v);
				if (hour % (HOURS / signed_a_day) == 0)
					sign_and_publish(v);
			}
		measure_year(&p, &v, year, a_day / HOURS + 1);
	}
	vault_close(v);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return 0;
}
