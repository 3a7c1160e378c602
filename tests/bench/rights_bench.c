// SPDX-License-Identifier: ISC
// What a data-subject request costs in a store of so many records of 10,000 subjects and 14 days of the request log: finding one subject, exporting
// and erasing one, and the mix of GDPRbench's customer and regulator. The subjects that are asked for have 10 records and 14 log rows each, whatever
// the size, so that only the size differs; the other records are filled through the back end and never opened. They are filled in the order of every
// index, as time alone is of no interest there.
//
// The plain tables are what an application would have instead: as many rows in clear, an index on the user, prepared statements, WAL with
// synchronous=FULL and secure_delete, and a row in a table of the audit in the transaction of each change, and for each time that a user's data are
// read. What is erased has left the write-ahead log, too, when it is answered. They seal nothing, sign nothing, destroy no keys, search for no
// residue and keep the log in one table, from which a day is pruned row by row (vault_bench).
// Prints one JSON object.
//
//	rights_bench POLICY FOLDER RECORDS LOG_ROWS
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/base/text.h"
#include "policy/rights/export.h"
#include "policy/rules/load.h"
#include "policy/vault/commit.h"
#include "policy/vault/request_log.h"
#include <endian.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SUBJECTS = 10000, ASKED = 21, OWN = 10, DAYS = 14, DAY = 24 * 3600, PER_COMMIT = 20000, BODY = 72 };

static atomic_ulong syncs; // of this program and its libraries

int fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

__attribute__((noreturn)) static void die(const char *what, const char *why)
{
	fprintf(stderr, "rights_bench: %s: %s\n", what, why);
	exit(1);
}

// ---- filling ----

static char receipts[ASKED][32], ids[ASKED][OWN][RECORD_ID_LEN + 1];
static time_t first_day;

static void fill_bytes(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 4) {
		const uint32_t word = (uint32_t)random();
		memcpy(bytes + i, &word, len - i < 4 ? len - i : 4);
	}
}

// The n-th of `count` that are spread evenly over all that may be.
static void fill_hash(uint8_t *hash, size_t len, long n, long count)
{
	const uint64_t first = htobe64((uint64_t)n * (UINT64_MAX / (uint64_t)count));

	fill_bytes(hash, len);
	memcpy(hash, &first, sizeof first);
}

// As nobody's key opens it: only its place in the store counts.
static void fill_records(struct vault *v, long count)
{
	struct commit_alone alone;
	struct err e = {0};
	uint8_t id[RECORD_ID_LEN / 2], body[BODY], subject[HASH_LEN];
	const time_t now = when_now();
	const long each = (count + SUBJECTS - 1) / SUBJECTS;

	if (commit_alone(v, &alone, &e) != 0)
		die("fill", e.text);
	for (long i = 0; i < count; i++) {
		struct record_row row = {.kind = KIND_ARCHIVE, .facts.made = now, .due = now + DAY, .has_subject = true};
		struct tag_row tag = {.name = "receipt"};
		if (i % each == 0)
			fill_hash(subject, sizeof subject, i / each, SUBJECTS);
		fill_hash(id, sizeof id, i, count);
		fill_bytes(body, sizeof body);
		hex_encode(row.id, id, sizeof id);
		memcpy(row.subject, subject, HASH_LEN);
		memcpy(tag.hash, subject, HASH_LEN);
		row.body = BUF_INIT(sizeof body);
		buf_add(&row.body, body, sizeof body);
		if (v->b->records->put(v->store, &row, &tag, 1, &e) != 0 ||
		    ((i % PER_COMMIT == 0 || i + 1 == count) && transaction_commit(v, LANE_RECORDS, &e) != 0))
			die("fill", e.text);
		buf_free(&row.body);
	}
	commit_release(&alone);
}

static void fill_day(struct vault *v, time_t day, long rows)
{
	struct commit_alone alone;
	struct err e = {0};
	uint8_t body[BODY];
	char name[WHEN_DATE];

	for (int i = 0; i < ASKED; i++) {
		const struct request_log_row row = {"198.51.100.77", "Mozilla/5.0", receipts[i]};
		if (request_log_append_at(v, &row, day, &e) != 0)
			die("log", e.text);
	}
	if (commit_alone(v, &alone, &e) != 0)
		die("log", e.text);
	when_date(name, day);
	for (long i = 0; i < rows; i++) {
		struct log_row row = {.day = name, .at = day, .has_receipt = true, .body = body, .body_len = BODY};
		fill_bytes(body, sizeof body);
		fill_hash(row.address, sizeof row.address, i, rows);
		fill_hash(row.receipt, sizeof row.receipt, i, rows);
		if (v->b->log->append(v->store, &row, &e) != 0 ||
		    ((i % PER_COMMIT == 0 || i + 1 == rows) && v->b->upkeep->end(v->store, LANE_LOG, true, &e) != 0))
			die("log", e.text);
	}
	commit_release(&alone);
}

static void fill_asked(struct vault *v)
{
	struct err e = {0};

	for (int i = 0; i < ASKED; i++)
		for (int k = 0; k < OWN; k++) {
			const struct vault_tag tags[] = {{"receipt", receipts[i]}, {NULL, NULL}};
			const struct vault_new record = {
			    .kind = KIND_ARCHIVE, .subject = receipts[i], .tags = tags, .body = "{\"name\":\"example\"}", .body_len = 18};
			if (vault_put(v, &record, NULL, ids[i][k], &e) != 0)
				die("put", e.text);
		}
}

// ---- measuring ----

static double clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct cost { // medians for one subject
	double wall, cpu, syncs;
};

static void print_cost(const char *name, struct cost c)
{
	printf(",\"%s\":{\"ms\":%.3f,\"cpu_ms\":%.3f,\"syncs\":%.1f}", name, c.wall, c.cpu, c.syncs);
}

struct contender {
	const char *name;
	void (*one)(void *store, int subject);
	void *store;
};

// Those up to one without a name, in turn for each subject, so that what else the machine does hits each of them.
static void measure(const struct contender *contenders)
{
	static double wall[2][ASKED], cpu[2][ASKED];
	unsigned long synced[2] = {0};

	for (int i = 0; i < ASKED; i++)
		for (int c = 0; contenders[c].name != NULL; c++) {
			unsigned long before = syncs;
			double start = clock_ms(CLOCK_MONOTONIC), start_cpu = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
			contenders[c].one(contenders[c].store, i);
			wall[c][i] = clock_ms(CLOCK_MONOTONIC) - start;
			cpu[c][i] = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - start_cpu;
			synced[c] += syncs - before;
		}
	for (int c = 0; contenders[c].name != NULL; c++) {
		qsort(wall[c], ASKED, sizeof *wall[c], by_size);
		qsort(cpu[c], ASKED, sizeof *cpu[c], by_size);
		print_cost(contenders[c].name, (struct cost){wall[c][ASKED / 2], cpu[c][ASKED / 2], (double)synced[c] / ASKED});
	}
}

struct seen {
	int records, rows;
};

static void see_record(void *arg, const struct vault_record *r)
{
	(void)r;
	((struct seen *)arg)->records++;
}

static int see_row(void *arg, const struct subject_log_row *row)
{
	(void)row;
	((struct seen *)arg)->rows++;
	return 0;
}

static int see_event(void *arg, const struct subject_event *event)
{
	(void)arg;
	(void)event;
	return 0;
}

static int see_head(void *arg, const struct vault_record *r)
{
	see_record(arg, r);
	return 0;
}

static const struct policy *policy;

static void subject_find_one(void *store, int i)
{
	const struct subject_walk walk = {see_record, see_row, see_event};
	struct subject_result result;
	struct seen seen = {0};
	struct err e = {0};

	if (vault_subject(store, ERASE_RECEIPT, receipts[i], &walk, &seen, &result, &e) != 0)
		die("find", e.text);
	if (seen.records < OWN - 1 || seen.rows != DAYS || result.reason[0] != '\0')
		die("find", "not everything was found");
}

static int count_bytes(void *arg, const void *bytes, size_t len)
{
	(void)bytes;
	*(size_t *)arg += len;
	return 0;
}

static void subject_export_one(void *store, int i)
{
	const struct export_selector selector = {.by = ERASE_RECEIPT, .value = receipts[i]};
	struct export *x;
	struct err e = {0};
	size_t bytes = 0;

	if (export_gather(&x, store, policy, &selector, 1, &e) != 0 || export_record(x, "bench", "bench", NULL, &e) != 0 ||
	    export_write(x, NULL, count_bytes, &bytes, &e) != 0 || export_missed(x) != NULL)
		die("export", e.text);
	export_free(x);
}

static void subject_erase_one(void *store, int i)
{
	struct erase_result r;
	struct err e = {0};

	if (vault_erase(store, ERASE_RECEIPT, receipts[i], false, &r, &e) != 0 || !r.complete)
		die("erase", e.text[0] != '\0' ? e.text : r.reason);
}

// Customer: read, update, delete by key. Regulator: the metadata of a user. Then the user's data and log rows are read, which is entered.
static void mix_one(void *store, int i)
{
	const struct vault_change change = {.body = "{\"name\":\"another\"}", .body_len = 18};
	struct vault_record r;
	struct seen seen = {0};
	struct err e = {0};

	if (vault_get(store, ids[i][0], &r, &e) != 0)
		die("get", e.text);
	vault_record_free(&r);
	if (vault_update(store, ids[i][0], &change, &(struct ledger_event){.name = "update"}, &e) != 0 ||
	    vault_end(store, ids[i][0], &(struct ledger_event){.name = "erasure"}, &e) != 0 ||
	    vault_subject_heads(store, ERASE_RECEIPT, receipts[i], see_head, &seen, &e) != 0)
		die("mix", e.text);
	subject_find_one(store, i);
	if (vault_subject_note(store, ERASE_RECEIPT, receipts[i], &(struct ledger_event){.name = "access"}, &e) != 0)
		die("note", e.text);
}

// ---- the same in plain tables ----

static const char *const plain_texts[] = {"BEGIN IMMEDIATE",
					  "COMMIT",
					  "SELECT * FROM record WHERE id=?",
					  "UPDATE record SET body=randomblob(72) WHERE id=?",
					  "DELETE FROM record WHERE id=?",
					  "SELECT id, made FROM record WHERE user=?",
					  "SELECT * FROM record WHERE user=?",
					  "SELECT * FROM log WHERE user=?",
					  "DELETE FROM record WHERE user=?",
					  "DELETE FROM log WHERE user=?",
					  "INSERT INTO audit(at, what, who) VALUES(unixepoch(), 'what was done', ?)",
					  "PRAGMA wal_checkpoint(TRUNCATE)"};
enum plain {
	PLAIN_BEGIN,
	PLAIN_COMMIT,
	PLAIN_GET,
	PLAIN_UPDATE,
	PLAIN_DELETE,
	PLAIN_HEADS,
	PLAIN_RECORDS,
	PLAIN_LOG,
	PLAIN_ERASE,
	PLAIN_ERASE_LOG,
	PLAIN_AUDIT,
	PLAIN_FLUSH
};
static sqlite3_stmt *plain_statements[ARRAY_LEN(plain_texts)];

static void plain_sql(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		die(sql, sqlite3_errmsg(db));
}

static void plain_do(sqlite3 *db, enum plain what, int value)
{
	sqlite3_stmt *one = plain_statements[what];

	sqlite3_bind_int(one, 1, value);
	while (sqlite3_step(one) == SQLITE_ROW)
		;
	if (sqlite3_reset(one) != SQLITE_OK)
		die(plain_texts[what], sqlite3_errmsg(db));
}

static sqlite3 *plain_fill(const char *path, long records, long log_rows)
{
	sqlite3 *db;
	char sql[512];

	if (sqlite3_open(path, &db) != SQLITE_OK)
		die(path, "cannot be opened");
	plain_sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;"
		      "CREATE TABLE record(id INTEGER PRIMARY KEY, user INTEGER, made INTEGER, body BLOB); CREATE TABLE log(at INTEGER, "
		      "user INTEGER, body BLOB); CREATE TABLE audit(at INTEGER, what TEXT, who INTEGER)");
	// The users that are asked for: 1 to ASKED.
	snprintf(sql, sizeof sql,
		 "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<%ld) INSERT INTO record SELECT i, CASE WHEN i<%d "
		 "THEN 1+i/%d ELSE 1000+i%%%d END, i, randomblob(72) FROM n",
		 records - 1, ASKED * OWN, OWN, SUBJECTS);
	plain_sql(db, sql);
	snprintf(sql, sizeof sql,
		 "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<%ld) INSERT INTO log SELECT i, CASE WHEN i<%d "
		 "THEN 1+i/%d ELSE 1000+i END, randomblob(72) FROM n",
		 log_rows - 1, ASKED * DAYS, DAYS);
	plain_sql(db, sql);
	plain_sql(db, "CREATE INDEX record_user ON record(user); CREATE INDEX log_user ON log(user); PRAGMA wal_checkpoint(TRUNCATE)");
	for (size_t i = 0; i < ARRAY_LEN(plain_texts); i++)
		if (sqlite3_prepare_v3(db, plain_texts[i], -1, SQLITE_PREPARE_PERSISTENT, &plain_statements[i], NULL) != SQLITE_OK)
			die(plain_texts[i], sqlite3_errmsg(db));
	return db;
}

static void plain_close(sqlite3 *db)
{
	for (size_t i = 0; i < ARRAY_LEN(plain_texts); i++)
		sqlite3_finalize(plain_statements[i]);
	sqlite3_close(db);
}

static void plain_change(sqlite3 *db, enum plain what, int value, int user)
{
	plain_do(db, PLAIN_BEGIN, 0);
	plain_do(db, what, value);
	if (what == PLAIN_ERASE)
		plain_do(db, PLAIN_ERASE_LOG, value);
	plain_do(db, PLAIN_AUDIT, user);
	plain_do(db, PLAIN_COMMIT, 0);
}

static void plain_mix_one(void *db, int i)
{
	plain_do(db, PLAIN_GET, i * OWN);
	plain_change(db, PLAIN_UPDATE, i * OWN, i + 1);
	plain_change(db, PLAIN_DELETE, i * OWN, i + 1);
	plain_do(db, PLAIN_HEADS, i + 1);
	plain_do(db, PLAIN_RECORDS, i + 1);
	plain_do(db, PLAIN_LOG, i + 1);
	plain_do(db, PLAIN_AUDIT, i + 1);
}

static void plain_erase_one(void *db, int i)
{
	plain_change(db, PLAIN_ERASE, i + 1, i + 1);
	plain_do(db, PLAIN_FLUSH, 0);
}

int main(int argc, char **argv)
{
	BUF_AUTO struct buf messages = BUF_INIT(1024 * 1024);
	long records = argc > 4 ? strtol(argv[3], NULL, 10) : 0, log_rows = argc > 4 ? strtol(argv[4], NULL, 10) : 0;
	char state[4096], run[4096], spool[4096], plain[4096];
	struct vault *v;
	struct err e = {0};

	if (records <= ASKED * OWN || log_rows <= (ASKED + 1) * DAYS)
		die("usage", "rights_bench POLICY FOLDER RECORDS LOG_ROWS, at least 211 and 309");
	POLICY_AUTO struct policy *p = policy_load(argv[1], &messages);
	if (p == NULL)
		die(argv[1], buf_text(&messages));
	policy = p;
	if (path_join(state, sizeof state, argv[2], "state", &e) != 0 || path_join(run, sizeof run, argv[2], "run", &e) != 0 ||
	    path_join(spool, sizeof spool, run, "spool", &e) != 0 || path_join(plain, sizeof plain, argv[2], "plain.db", &e) != 0 ||
	    folder_make(spool, 0700, &e) != 0 || vault_open(&v, state, run, p, VAULT_ADMIN, &e) != 0)
		die("open", e.text);
	for (int i = 0; i < ASKED; i++)
		snprintf(receipts[i], sizeof receipts[i], "visitor-%d", i);
	time_t now = when_now();
	first_day = now - now % DAY - (DAYS - 1) * DAY;
	for (int d = 0; d < DAYS; d++)
		fill_day(v, first_day + d * DAY, log_rows / DAYS - ASKED);
	fill_records(v, records - ASKED * OWN);
	fill_asked(v);
	if (v->b->upkeep->sanitise(v->store, SANITISE_LOGS, &e) != 0)
		die("flush", e.text);
	printf("{\"records\":%ld,\"log_rows\":%ld", records, log_rows);
	sqlite3 *db = plain_fill(plain, records, log_rows);
	measure((const struct contender[]){{"find", subject_find_one, v}, {.name = NULL}});
	measure((const struct contender[]){{"export", subject_export_one, v}, {.name = NULL}});
	measure((const struct contender[]){{"mix", mix_one, v}, {"plain_mix", plain_mix_one, db}, {.name = NULL}});
	measure((const struct contender[]){{"erase", subject_erase_one, v}, {"plain_erase", plain_erase_one, db}, {.name = NULL}});
	vault_close(v);
	plain_close(db);
	puts("}");
	return 0;
}
