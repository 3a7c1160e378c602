// SPDX-License-Identifier: ISC
// The request log: rows per second, each durable before it is acknowledged, and what it costs to prune one day out of fifteen, beside the
// DELETE of the same rows from one plain SQLite table. Prints one JSON object.
//
//	vault_bench FOLDER [ROWS]	works below FOLDER; ROWS over fifteen days, 5,000,000 when not given
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/vault/commit.h"
#include "policy/vault/request_log.h"
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DAYS = 15, DAY = 24 * 3600, APPEND_MS = 2000, THREADS_MAX = 8, BODY = 72, ROWS_PER_COMMIT = 20000, SMALL_ROWS = 15000 };

static char root[128];

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *walk)
{
	(void)s;
	(void)type;
	(void)walk;
	return remove(path);
}

static void clean(void)
{
	if (root[0] != '\0')
		nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "vault_bench: %s: %s\n", what, why);
	clean();
	exit(1);
}

static struct vault *open_vault(const struct policy *p, const char *name)
{
	struct vault *v;
	struct err e = {0};
	char state[192], run[192];

	snprintf(state, sizeof state, "%s/%s", root, name);
	snprintf(run, sizeof run, "%s/run", root);
	if (folder_make(run, 0700, &e) != 0 || vault_open(&v, state, run, p, VAULT_ADMIN, &e) != 0)
		die("open", e.text);
	return v;
}

// ---- appending ----

struct appender {
	struct vault *v;
	uint64_t until, rows;
};

static void *append(void *arg)
{
	struct appender *a = arg;
	const struct request_log_row row = {"198.51.100.77", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
					    NULL};
	struct err e = {0};

	for (; monotonic_ms() < a->until; a->rows++)
		if (request_log_append(a->v, &row, &e) != 0)
			die("append", e.text);
	return NULL;
}

static double rows_per_second(struct vault *v, int threads)
{
	struct appender a[THREADS_MAX];
	pthread_t ids[THREADS_MAX];
	uint64_t start = monotonic_ms(), rows = 0;

	for (int i = 0; i < threads; i++) {
		a[i] = (struct appender){.v = v, .until = start + APPEND_MS};
		if (pthread_create(&ids[i], NULL, append, &a[i]) != 0)
			die("thread", "cannot be started");
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		rows += a[i].rows;
	}
	return (double)rows * 1000 / (double)(monotonic_ms() - start);
}

// ---- fifteen days of rows ----

static void fill_row(uint8_t *bytes)
{
	for (size_t i = 0; i < LOG_HASH_LEN + BODY; i += 4) {
		uint32_t word = (uint32_t)random();
		memcpy(bytes + i, &word, 4);
	}
}

// The first row as programs write it, which makes the day's segment and key; the others many at a time.
static void fill_day(struct vault *v, time_t day, uint64_t rows)
{
	const struct request_log_row first = {"198.51.100.77", "Mozilla/5.0", NULL};
	struct err e = {0};
	struct commit_alone alone;
	uint8_t bytes[LOG_HASH_LEN + BODY];

	if (request_log_append_at(v, &first, day, &e) != 0 || commit_alone(v, &alone, &e) != 0)
		die("fill", e.text);
	char name[WHEN_DATE];
	when_date(name, day);
	for (uint64_t i = 1; i < rows; i++) {
		fill_row(bytes);
		struct log_row row = {.day = name, .at = day + (time_t)(i * DAY / rows), .body = bytes + LOG_HASH_LEN, .body_len = BODY};
		memcpy(row.address, bytes, LOG_HASH_LEN);
		if (v->b->log->append(v->store, &row, &e) != 0)
			die("fill", e.text);
		bool last = i + 1 == rows;
		if ((last || i % ROWS_PER_COMMIT == 0) && v->b->upkeep->end(v->store, LANE_LOG, true, &e) != 0)
			die("fill", e.text);
	}
	commit_release(&alone);
}

static time_t first_day(void)
{
	time_t now = when_now();

	return now - now % DAY - (DAYS - 1) * DAY;
}

static double prune_ms(const struct policy *p, const char *name, uint64_t rows, size_t *pruned)
{
	struct vault *v = open_vault(p, name);
	struct prune_result result;
	struct err e = {0};
	struct timespec a, b;

	// Today's row is of its first second: no row may be newer than the clock.
	for (int d = 0; d < DAYS; d++) {
		fill_day(v, first_day() + d * DAY, d == DAYS - 1 ? 1 : rows / DAYS);
		fprintf(stderr, "\rrequest log: day %d of %d", d + 1, DAYS);
	}
	fputc('\n', stderr);
	clock_gettime(CLOCK_MONOTONIC, &a);
	if (vault_prune(v, (struct duration){0}, false, &result, &e) != 0)
		die("prune", e.text);
	clock_gettime(CLOCK_MONOTONIC, &b);
	if (result.log_segments != 1)
		die("prune", "not exactly one day was due");
	*pruned = result.log_rows;
	vault_close(v);
	return (double)(b.tv_sec - a.tv_sec) * 1000 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

// ---- the same in one plain table ----

static void plain(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sql, sqlite3_errmsg(db));
}

static void plain_fill(sqlite3 *db, uint64_t rows)
{
	sqlite3_stmt *put;
	uint8_t bytes[LOG_HASH_LEN + BODY];

	plain(db, "CREATE TABLE line(at INTEGER NOT NULL, address_hash BLOB NOT NULL, body BLOB NOT NULL) STRICT; CREATE INDEX line_at ON "
		  "line(at); "
		  "CREATE INDEX line_address ON line(address_hash)");
	if (sqlite3_prepare_v2(db, "INSERT INTO line VALUES(?,?,?)", -1, &put, NULL) != SQLITE_OK)
		die("prepare", sqlite3_errmsg(db));
	for (uint64_t i = 0; i < rows; i++) {
		if (i % ROWS_PER_COMMIT == 0)
			plain(db, "BEGIN IMMEDIATE");
		fill_row(bytes);
		sqlite3_bind_int64(put, 1, first_day() + (time_t)(i * DAYS * DAY / rows));
		sqlite3_bind_blob(put, 2, bytes, LOG_HASH_LEN, SQLITE_STATIC);
		sqlite3_bind_blob(put, 3, bytes + LOG_HASH_LEN, BODY, SQLITE_STATIC);
		if (sqlite3_step(put) != SQLITE_DONE)
			die("insert", sqlite3_errmsg(db));
		sqlite3_reset(put);
		if (i + 1 == rows || (i + 1) % ROWS_PER_COMMIT == 0)
			plain(db, "COMMIT");
	}
	sqlite3_finalize(put);
}

static double plain_delete_ms(uint64_t rows, uint64_t *deleted)
{
	sqlite3 *db;
	struct timespec a, b;
	char path[192], sql[128];

	snprintf(path, sizeof path, "%s/plain.db", root);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		die(path, "cannot be opened");
	plain(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY; PRAGMA "
		  "cache_size=-65536");
	fputs("plain table\n", stderr);
	plain_fill(db, rows);
	plain(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	snprintf(sql, sizeof sql, "DELETE FROM line WHERE at < %lld", (long long)(first_day() + DAY));
	clock_gettime(CLOCK_MONOTONIC, &a);
	plain(db, sql);
	plain(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	clock_gettime(CLOCK_MONOTONIC, &b);
	*deleted = (uint64_t)sqlite3_total_changes64(db) - rows;
	sqlite3_close(db);
	return (double)(b.tv_sec - a.tv_sec) * 1000 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

int main(int argc, char **argv)
{
	static struct policy p = {.file = "bench", .site = "bench", .shown_as = "Bench", .version = "bench"};
	uint64_t rows = argc > 2 ? strtoull(argv[2], NULL, 10) : 5000000, deleted;
	size_t pruned, few;

	if (argc < 2 || rows < DAYS * 10)
		die("usage", "vault_bench FOLDER [ROWS], at least 150 rows");
	for (unsigned k = 0; k < KIND_COUNT; k++)
		p.kinds[k].kind = (enum kind)k;
	static const struct policy_life life = {.length.days = DAYS - 1, .has_length = true, .ends_on_erasure = true};
	p.kinds[KIND_REQUEST_LOG] = (struct policy_kind){.kind = KIND_REQUEST_LOG, .keep = KEEP_STORED, .lives = &life, .life_count = 1};
	snprintf(root, sizeof root, "%s/lethe-vault-bench-XXXXXX", argv[1]);
	if (mkdtemp(root) == NULL)
		die(root, "cannot be made");
	struct vault *v = open_vault(&p, "append");
	double one = rows_per_second(v, 1), eight = rows_per_second(v, THREADS_MAX);
	vault_close(v);
	double small = prune_ms(&p, "small", SMALL_ROWS, &few), large = prune_ms(&p, "large", rows, &pruned);
	double delete = plain_delete_ms(rows, &deleted);
	printf("{\"rows\":%llu,\"log_rows_per_second_1_thread\":%.0f,\"log_rows_per_second_8_threads\":%.0f,"
	       "\"prune_ms\":%.2f,\"pruned_rows\":%zu,\"prune_small_ms\":%.2f,\"pruned_small_rows\":%zu,"
	       "\"plain_delete_ms\":%.2f,\"plain_deleted_rows\":%llu,\"prune_ratio\":%.1f}\n",
	       (unsigned long long)rows, one, eight, large, pruned, small, few, delete, (unsigned long long)deleted, delete / large);
	clean();
	return 0;
}
