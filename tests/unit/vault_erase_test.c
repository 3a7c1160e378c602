// SPDX-License-Identifier: ISC
// Erasure: everything that hangs on a receipt, an address or a record goes, nothing else does, and no trace is left in any file.
#include "policy/base/array.h"
#include "policy/base/file.h"
#include "policy/vault/erase.h"
#include "policy/vault/sqlite/db.h"
#include "tests/unit/vault_fixture.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

static struct erase_result erase(struct fixture *f, enum erase_by by, const char *value, bool dry_run)
{
	struct erase_result result;
	struct err e = {0};

	if (vault_erase(f->vault, by, value, dry_run, &result, &e) != 0)
		fail_msg("vault_erase: %s", e.text);
	return result;
}

static void assert_counts(const struct erase_result *r, const uint64_t expected[4], bool erased)
{
	static const char *const names[] = {"records", "spool", "request-log", "ledger-payloads"};

	assert_int_equal(r->store_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(r->stores[i].name, names[i]);
		assert_int_equal(r->stores[i].found, expected[i]);
		assert_int_equal(r->stores[i].erased, erased ? expected[i] : 0);
	}
}

static void put_payload(struct fixture *f, const char *subject)
{
	const struct ledger_event event = {.name = "generation", .payload = "what was asked", .payload_len = 14, .subject = subject};
	struct err e = {0};

	assert_return_code(ledger_append(f->vault, &event, &e), 0);
}

static void a_receipt_takes_all_its_stores_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	char mine[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1], path[PATH_MAX];
	struct ledger_report report;
	struct err e = {0};

	fixture_archive(f, "receipt-mine", "token-mine", mine);
	fixture_archive(f, "receipt-other", "token-other", other);
	fixture_log(f, "198.51.100.1", "receipt-mine");
	fixture_log(f, "198.51.100.1", "receipt-other");
	fixture_log(f, "198.51.100.1", NULL);
	fixture_time += 24 * 3600 - 13 * 3600; // the same evening
	fixture_log(f, "198.51.100.2", "receipt-mine");
	fixture_time -= 11 * 3600;
	put_payload(f, "receipt-mine");
	put_payload(f, "receipt-other");
	fixture_time += 60;
	const uint64_t expected[] = {1, 1, 2, 1};
	struct erase_result r = erase(f, ERASE_RECEIPT, "receipt-mine", true);
	assert_counts(&r, expected, false);
	assert_true(fixture_has(f, mine));
	r = erase(f, ERASE_RECEIPT, "receipt-mine", false);
	assert_counts(&r, expected, true);
	if (!r.complete)
		fail_msg("partial: %s", r.reason);
	assert_int_equal(r.residue_hits, 0);
	assert_true(r.residue_files >= 3 && r.residue_bytes > 0);
	assert_int_equal(r.ledger_index, 4);
	assert_false(fixture_has(f, mine));
	assert_true(fixture_has(f, other));
	vault_spool_path(f->vault, mine, path, sizeof path, &e);
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), 2);
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	if (!report.intact)
		fail_msg("%s", report.finding);
	const uint64_t none[] = {0, 0, 0, 0};
	r = erase(f, ERASE_RECEIPT, "receipt-mine", false);
	assert_counts(&r, none, true);
	assert_true(r.complete);
}

static int count_entry(void *arg, const struct ledger_entry *entry)
{
	(void)entry;
	++*(int *)arg;
	return 0;
}

static int ledger_entries(struct fixture *f)
{
	struct err e = {0};
	int count = 0;

	assert_return_code(ledger_each(f->vault, 0, count_entry, &count, &e), 0);
	return count;
}

static void a_guessed_receipt_leaves_no_entry(void **state)
{
	struct fixture *f = *state;
	const uint64_t mine[] = {1, 1, 1, 0}, none[] = {0, 0, 0, 0};
	char id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt-mine", "token", id);
	fixture_log(f, "198.51.100.1", "receipt-mine");
	fixture_time += 60;
	int before = ledger_entries(f);
	for (int i = 0; i < 3; i++) {
		struct erase_result r = erase(f, ERASE_RECEIPT, "receipt-guessed", false);
		assert_counts(&r, none, true);
		assert_false(r.recorded);
		assert_true(r.residue_files >= 3); // and the files were looked through
	}
	assert_int_equal(ledger_entries(f), before);
	assert_true(fixture_has(f, id));
	struct erase_result r = erase(f, ERASE_RECEIPT, "receipt-mine", false);
	assert_counts(&r, mine, true);
	assert_true(r.recorded);
	assert_int_equal(r.ledger_index, before);
	assert_int_equal(ledger_entries(f), before + 2); // itself and its outcome
	assert_false(erase(f, ERASE_RECEIPT, "receipt-mine", false).recorded);
	assert_int_equal(ledger_entries(f), before + 2);
	const enum erase_by others[] = {ERASE_ADDRESS, ERASE_RECORD}; // one rule for all
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		r = erase(f, others[i], "192.0.2.200", false);
		assert_counts(&r, none, true);
		assert_false(r.recorded);
	}
	assert_int_equal(ledger_entries(f), before + 2);
}

// No record, no row, and still something in a file: the key that a crash left alone.
static void what_only_the_scan_finds_is_erased_and_recorded(void **state)
{
	struct fixture *f = *state;
	struct data_key key;
	struct err e = {0};
	char scope[2 * HASH_LEN + 1];
	uint8_t subject[HASH_LEN];

	key_lookup_hash(f->vault, subject, "subject", "receipt-mine");
	hex_encode(scope, subject, HASH_LEN);
	assert_return_code(key_obtain(f->vault, "subject", scope, &key, &e), 0);
	assert_return_code(transaction_commit(f->vault, LANE_RECORDS, &e), 0);
	struct erase_result r = erase(f, ERASE_RECEIPT, "receipt-mine", false);
	assert_true(r.recorded);
	assert_int_equal(r.residue_hits, 0);
	assert_int_equal(key_find(f->vault, VIEW_COMMITTED, "subject", scope, &key, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

static void an_address_is_found_however_it_is_written(void **state)
{
	struct fixture *f = *state;

	fixture_log(f, "2001:db8::1", NULL);
	fixture_log(f, "2001:0db8:0:0::0001", NULL);
	fixture_log(f, "198.51.100.1", NULL);
	fixture_log(f, "::ffff:198.51.100.1", NULL);
	fixture_time += 24 * 3600;
	fixture_log(f, "2001:DB8::1", NULL);
	fixture_time += 60;
	struct erase_result r = erase(f, ERASE_ADDRESS, "2001:db8:0::1", false);
	const uint64_t six[] = {0, 0, 3, 0}, four[] = {0, 0, 2, 0};
	assert_counts(&r, six, true);
	assert_true(r.complete);
	r = erase(f, ERASE_ADDRESS, "198.51.100.1", false);
	assert_counts(&r, four, true);
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), 0);
}

static atomic_bool visiting;
static atomic_uint visits;

static void *visit(void *state)
{
	const struct fixture *f = state;
	const struct request_log_row row = {"198.51.100.1", "Example/1.0", NULL};

	for (; visiting; visits++) {
		if (request_log_append(f->vault, &row, NULL) != 0)
			return state;
	}
	return NULL;
}

// Who goes on visiting while the address is erased does not make the erasure a failed one.
static void an_address_that_goes_on_visiting_is_erased_whole(void **state)
{
	struct fixture *f = *state;
	pthread_t thread;
	void *failed = NULL;

	visiting = true;
	visits = 0;
	assert_int_equal(pthread_create(&thread, NULL, visit, f), 0);
	while (visits < 3)
		usleep(100);
	struct erase_result r = erase(f, ERASE_ADDRESS, "198.51.100.1", false);
	visiting = false;
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	assert_true(r.complete);
	assert_true(r.stores[2].erased >= 3 && r.stores[2].erased == r.stores[2].found);
}

static void a_record_takes_its_whole_subject_and_its_key(void **state)
{
	struct fixture *f = *state;
	const struct vault_new ticket = {.kind = KIND_TICKET, .subject = "receipt-mine", .body = "x", .body_len = 1};
	struct data_key key;
	struct err e = {0};
	char a[RECORD_ID_LEN + 1], b[RECORD_ID_LEN + 1], archive[RECORD_ID_LEN + 1], scope[2 * HASH_LEN + 1];
	uint8_t subject[HASH_LEN];

	assert_return_code(vault_put(f->vault, &ticket, NULL, a, &e), 0);
	assert_return_code(vault_put(f->vault, &ticket, NULL, b, &e), 0);
	fixture_archive(f, "receipt-mine", "token", archive);
	fixture_log(f, "198.51.100.1", "receipt-mine");
	key_lookup_hash(f->vault, subject, "subject", "receipt-mine");
	hex_encode(scope, subject, HASH_LEN);
	assert_return_code(key_find(f->vault, VIEW_COMMITTED, "subject", scope, &key, &e), 0);
	struct erase_result r = erase(f, ERASE_RECORD, a, false);
	const uint64_t expected[] = {3, 1, 1, 0};
	assert_counts(&r, expected, true);
	if (!r.complete)
		fail_msg("partial: %s", r.reason);
	assert_int_equal(key_find(f->vault, VIEW_COMMITTED, "subject", scope, &key, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	r = erase(f, ERASE_RECORD, "ffffffffffffffffffffffffffffffff", false);
	const uint64_t none[] = {0, 0, 0, 0};
	assert_counts(&r, none, true);
}

// A tag that others bear too is no residue of this one.
static void a_shared_tag_is_not_taken_for_residue(void **state)
{
	struct fixture *f = *state;
	const struct vault_tag tags[] = {{"group", "of both"}, {NULL, NULL}};
	const struct vault_new a = {.kind = KIND_TICKET, .subject = "a", .tags = tags},
			       b = {.kind = KIND_TICKET, .subject = "b", .tags = tags};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	assert_return_code(vault_put(f->vault, &a, NULL, id, &e), 0);
	assert_return_code(vault_put(f->vault, &b, NULL, id, &e), 0);
	struct erase_result r = erase(f, ERASE_RECEIPT, "a", false);
	assert_true(r.complete);
	assert_int_equal(r.residue_hits, 0);
	assert_int_equal(r.stores[0].erased, 1);
}

static void the_scan_sees_what_is_left(void **state)
{
	struct fixture *f = *state;
	struct marker token = {.len = HASH_LEN};
	struct found_bytes found = {0};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt", "token-seen", id);
	key_lookup_hash(f->vault, token.bytes, "token", "token-seen");
	assert_return_code(f->vault->b->upkeep->find_bytes(f->vault->store, &token, 1, &found, &e), 0);
	assert_true(found.hits >= 2); // table, index
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { HISTORIES = 15, HISTORIES_FULL = HISTORIES };
#else
enum { HISTORIES = 200, HISTORIES_FULL = 10000 };
#endif
enum { HISTORIES_OF_ONE = 16 };

// Without secure_delete, checkpoint and rewriting, erased bytes stay: what the scan is for.
static void random_histories_leave_nothing(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	char ids[40][RECORD_ID_LEN + 1], body[6000], receipt[32], id[RECORD_ID_LEN + 1];
	uint8_t subject[HASH_LEN], token[HASH_LEN];

	srandom(trust_seed(20261122));
	memset(body, 'b', sizeof body);
	const int rounds = (int)trust_size(HISTORIES, HISTORIES_FULL);
	for (int round = 0; round < rounds; round++) {
		if (round % HISTORIES_OF_ONE == HISTORIES_OF_ONE - 1) { // or the store would grow for ever
			fixture_teardown(state);
			fixture_setup(state);
		}
		for (int i = 0; i < 40; i++) {
			snprintf(receipt, sizeof receipt, "visitor-%d-%ld", round, i % 4 == 0 ? 0 : random() % 20);
			const struct vault_tag tags[] = {{"receipt", receipt}, {"token", receipt}, {NULL, NULL}};
			const struct vault_new record = {.kind = i % 3 ? KIND_ARCHIVE : KIND_TICKET,
							 .subject = receipt,
							 .tags = tags,
							 .body = body,
							 .body_len = (size_t)(random() % (long)sizeof body)};
			assert_return_code(vault_put(f->vault, &record, NULL, ids[i], &e), 0);
			fixture_log(f, "198.51.100.1", receipt);
			if (random() % 3 == 0)
				vault_end(f->vault, ids[random() % (i + 1)], NULL, &e);
		}
		if (round % 4 == 3)
			fixture_reopen(f, round % 8 == 3 ? VAULT_PROGRAM : VAULT_ADMIN);
		snprintf(id, sizeof id, "visitor-%d-0", round);
		key_lookup_hash(f->vault, subject, "subject", id);
		key_lookup_hash(f->vault, token, "token", id);
		assert_true(round % 8 != 0 || fixture_in_a_file(f, token)); // so who looks can see
		struct erase_result r = erase(f, ERASE_RECEIPT, id, false);
		if (!r.complete || r.residue_hits != 0)
			fail_msg("round %d: %s", round, r.reason);
		assert_true(r.stores[0].found > 0 && r.stores[2].found > 0);
		if (fixture_in_a_file(f, subject) || fixture_in_a_file(f, token))
			fail_msg("round %d: what the erasure did not find is in a file", round);
	}
	print_message("%d histories\n", rounds);
}

// Open readers keep the write-ahead log alive: the erasure says that it is partial, and completes when run again.
static void a_reader_makes_it_partial(void **state)
{
	enum { READERS = 4 };
	struct fixture *f = *state;
	struct db *readers[READERS];
	struct cursor *reads[READERS];
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], path[PATH_MAX];

	fixture_archive(f, "receipt-read", "token", id);
	snprintf(path, sizeof path, "%s/vault.db", f->state);
	for (int i = 0; i < READERS; i++) {
		assert_return_code(db_open(&readers[i], DB_VAULT, path, DB_READ, &e), 0);
		reads[i] = db_query(readers[i], SQL_LEDGER_PAGE, VALUES(V_INT(0), V_INT(10)), &e);
		assert_int_equal(cursor_next(reads[i], &e), 1);
	}
	struct erase_result r = erase(f, ERASE_RECEIPT, "receipt-read", false);
	assert_false(r.complete);
	assert_non_null(strstr(r.reason, "reader"));
	for (int i = 0; i < READERS; i++) {
		cursor_end(&reads[i]);
		db_close(&readers[i]);
	}
	r = erase(f, ERASE_RECEIPT, "receipt-read", false);
	if (!r.complete)
		fail_msg("partial: %s", r.reason);
}

// The same where only what is found counts: the write-ahead log still has it, and the scan sees it there.
static void what_a_reader_kept_is_found_by_its_receipt(void **state)
{
	struct fixture *f = *state;
	struct db *reader DB_AUTO = NULL;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], path[PATH_MAX];
	struct erase_result r;

	fixture_archive(f, "receipt-read", "token", id);
	snprintf(path, sizeof path, "%s/vault.db", f->state);
	assert_return_code(db_open(&reader, DB_VAULT, path, DB_READ, &e), 0);
	struct cursor *c = db_query(reader, SQL_LEDGER_PAGE, VALUES(V_INT(0), V_INT(10)), &e);
	assert_int_equal(cursor_next(c, &e), 1);
	assert_return_code(vault_erase(f->vault, ERASE_RECEIPT, "receipt-read", false, &r, &e), 0);
	assert_false(r.complete);
	cursor_end(&c);
	r = erase(f, ERASE_RECEIPT, "receipt-read", false);
	assert_true(r.recorded);
	assert_int_equal(r.residue_hits, 0);
	assert_false(erase(f, ERASE_RECEIPT, "receipt-read", false).recorded);
}

static void the_erasure_stands_in_the_ledger_without_a_name(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], command[256];

	fixture_archive(f, "receipt-CANARY", "token", id);
	erase(f, ERASE_RECEIPT, "receipt-CANARY", false);
	fixture_reopen(f, VAULT_ADMIN);
	snprintf(command, sizeof command, "sqlite3 '%s/vault.db' 'SELECT name, details FROM ledger' | grep -c '^erasure' >/dev/null",
		 f->state);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof command, "grep -rqa CANARY '%s'", f->root);
	assert_int_not_equal(system(command), 0);
	struct erase_result result;
	struct err e = {0};
	assert_int_equal(vault_erase(f->vault, ERASE_RECEIPT, "", false, &result, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
}

// ---- what is left to do ----

static void prune_now(struct fixture *f)
{
	struct prune_result r;
	struct err e = {0};

	if (vault_prune(f->vault, (struct duration){0}, false, &r, &e) != 0)
		fail_msg("vault_prune: %s", e.text);
}

static time_t unsearched(struct fixture *f)
{
	struct census census;
	struct err e = {0};

	assert_return_code(vault_census(f->vault, &census, &e), 0);
	return census.unsearched;
}

static int find_outcome(void *arg, const struct ledger_entry *entry)
{
	if (strcmp(entry->name, "erasure-outcome") == 0)
		snprintf(arg, 64, "%s", entry->details);
	return 0;
}

// Where the files are large: it is erased when the call returns, and nobody waited for the search.
static void large_files_are_searched_by_the_next_pruning(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1], outcome[64] = "", expected[64];
	struct payload_row left;
	struct err e = {0};
	uint8_t hash[HASH_LEN];

	fixture_archive(f, "receipt-mine", "token-mine", id);
	key_lookup_hash(f->vault, hash, "token", "token-mine");
	assert_true(fixture_in_a_file(f, hash));
	fixture_log(f, "198.51.100.1", "receipt-mine");
	fixture_log(f, "198.51.100.1", NULL);
	f->vault->scan_at_once = 0;
	struct erase_result r = erase(f, ERASE_RECEIPT, "receipt-mine", false);
	const uint64_t counts[] = {1, 1, 1, 0};
	assert_counts(&r, counts, true);
	assert_true(r.complete && r.recorded);
	assert_int_equal(r.residue_files, 0);
	assert_true(r.searched_later);
	assert_false(fixture_has(f, id));
	assert_int_equal(unsearched(f), fixture_time);
	fixture_time += 60;
	fixture_log(f, "198.51.100.1", "receipt-mine"); // it comes again, and is another matter
	fixture_archive(f, "receipt-mine", "token-mine-2", other);
	fixture_reopen(f, VAULT_ADMIN);
	assert_false(fixture_in_a_file(f, hash));
	prune_now(f);
	assert_int_equal(unsearched(f), 0);
	assert_return_code(ledger_each(f->vault, 0, find_outcome, outcome, &e), 0);
	snprintf(expected, sizeof expected, "{\"event\":%llu,\"complete\":true}", (unsigned long long)r.ledger_index);
	assert_string_equal(outcome, expected);
	assert_int_equal(f->vault->b->ledger->payload_get(f->vault->store, NULL, 0, &left, &e), 0); // the list is gone
	assert_true(fixture_has(f, other));
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), 2);
	int entries = ledger_entries(f);
	prune_now(f);
	assert_int_equal(ledger_entries(f), entries); // once
}

// What is still found, though all files were rewritten, is said, and stays to be done.
static void a_trace_that_stays_is_not_hidden(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], sql[512], hex[2 * HASH_LEN + 1];
	struct prune_result pruned;
	struct err e = {0};
	uint8_t hash[HASH_LEN];

	fixture_archive(f, "receipt-mine", "token-mine", id);
	f->vault->scan_at_once = 0;
	assert_true(erase(f, ERASE_RECEIPT, "receipt-mine", false).complete);
	key_lookup_hash(f->vault, hash, "token", "token-mine");
	hex_encode(hex, hash, HASH_LEN);
	vault_close(f->vault);
	f->vault = NULL;
	snprintf(sql, sizeof sql, "CREATE TABLE left(bytes BLOB); INSERT INTO left VALUES(x'%s')", hex);
	fixture_sql(f, "vault.db", sql);
	fixture_reopen(f, VAULT_ADMIN);
	assert_int_equal(vault_prune(f->vault, (struct duration){0}, false, &pruned, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_true(unsearched(f) != 0);
	vault_close(f->vault);
	f->vault = NULL;
	fixture_sql(f, "vault.db", "PRAGMA secure_delete=ON; DROP TABLE left; PRAGMA wal_checkpoint(TRUNCATE)");
	fixture_reopen(f, VAULT_ADMIN);
	prune_now(f);
	assert_int_equal(unsearched(f), 0);
}

// kill -9 at any moment of an erasure: either nothing of it happened, or the next pruning completes it in every store.
static void a_killed_erasure_is_completed(void **state)
{
	struct fixture *f = *state;
	char receipt[32], id[RECORD_ID_LEN + 1], path[PATH_MAX];
	struct err e = {0};
	unsigned seed = trust_seed(20261127), completed = 0, cut = 0;
	const int rounds = (int)trust_size(40, 2000);
	uint8_t subject[HASH_LEN], token[HASH_LEN];

	for (int round = 0; round < rounds; round++) {
		// Not "receipt-…": the tag of that name stands before a hash, which may happen to begin with the rest.
		snprintf(receipt, sizeof receipt, "visitor-%d", round);
		fixture_archive(f, receipt, receipt, id);
		fixture_log(f, "198.51.100.1", receipt);
		put_payload(f, receipt);
		key_lookup_hash(f->vault, subject, "subject", receipt);
		key_lookup_hash(f->vault, token, "token", receipt);
		vault_close(f->vault);
		f->vault = NULL;
		int ready[2];
		char byte;
		assert_int_equal(pipe(ready), 0);
		pid_t child = fork();
		if (child == 0) {
			fixture_reopen(f, VAULT_ADMIN);
			f->vault->scan_at_once = round % 2 ? 0 : SCAN_AT_ONCE_MAX;
			assert_int_equal(write(ready[1], "x", 1), 1);
			erase(f, ERASE_RECEIPT, receipt, false);
			_exit(0);
		}
		close(ready[1]);
		assert_int_equal(read(ready[0], &byte, 1), 1);
		close(ready[0]);
		usleep((useconds_t)(rand_r(&seed) % 8000));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		fixture_reopen(f, VAULT_ADMIN);
		if (fixture_has(f, id)) { // nothing of it happened
			assert_int_equal(unsearched(f), 0);
			assert_true(erase(f, ERASE_RECEIPT, receipt, false).complete);
			continue;
		}
		cut += unsearched(f) != 0;
		fixture_time += 2 * 3600; // an orphan in the spool goes after its hour
		prune_now(f);
		completed++;
		assert_int_equal(unsearched(f), 0);
		assert_return_code(vault_spool_path(f->vault, id, path, sizeof path, &e), 0);
		assert_int_not_equal(access(path, F_OK), 0);
		assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), 0);
		assert_false(fixture_in_a_file(f, subject));
		assert_false(fixture_in_a_file(f, token));
		const struct erase_result again = erase(f, ERASE_RECEIPT, receipt, true);
		const uint64_t none[] = {0, 0, 0, 0};
		assert_counts(&again, none, false);
	}
	print_message("%u erasures were committed before the kill, %u of them not finished\n", completed, cut);
}

// ---- two at once: what the other one does comes in the middle of a search ----

static struct {
	struct backend backend;
	struct backend_keys keys;
	struct backend_upkeep upkeep;
	struct fixture *f;
	void (*once)(struct fixture *f); // in a process of its own
} meanwhile;

static _Noreturn int destroy_never(struct store *s, enum key_end (*judge)(void *arg, const uint8_t id[KEY_ID_LEN]), void *arg,
				   struct err *e)
{
	(void)s, (void)judge, (void)arg, (void)e;
	_exit(0);
}

static int find_bytes_meanwhile(struct store *s, const struct marker *markers, size_t count, struct found_bytes *out, struct err *e)
{
	void (*const once)(struct fixture * f) = meanwhile.once;
	int status;

	meanwhile.once = NULL;
	const pid_t child = once == NULL ? 0 : fork();
	if (once != NULL && child == 0) {
		meanwhile.f->vault = NULL;
		fixture_reopen(meanwhile.f, VAULT_ADMIN);
		once(meanwhile.f);
		vault_close(meanwhile.f->vault);
		_exit(0);
	}
	if (once != NULL) {
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
	return sqlite_backend.upkeep->find_bytes(s, markers, count, out, e);
}

static void hook(struct fixture *f, bool dies, void (*once)(struct fixture *f))
{
	meanwhile.backend = sqlite_backend;
	meanwhile.keys = *sqlite_backend.keys;
	meanwhile.upkeep = *sqlite_backend.upkeep;
	meanwhile.keys.destroy = dies ? destroy_never : meanwhile.keys.destroy;
	meanwhile.upkeep.find_bytes = find_bytes_meanwhile;
	meanwhile.backend.keys = &meanwhile.keys;
	meanwhile.backend.upkeep = &meanwhile.upkeep;
	meanwhile.f = f;
	meanwhile.once = once;
	f->vault->b = &meanwhile.backend;
	f->vault->scan_at_once = 0;
}

// Its rows are gone, its key and its file are not: whoever finishes it does the rest, and calls nothing a trace that stays.
static void what_the_eraser_has_not_come_to_is_no_trace(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], path[PATH_MAX], file[RECORD_ID_LEN + 8];
	struct err e = {0};
	int status;

	fixture_archive(f, "receipt-mine", "token-mine", id);
	put_payload(f, "receipt-mine"); // sealed by the subject's key
	fixture_log(f, "198.51.100.1", "receipt-mine");
	vault_close(f->vault);
	f->vault = NULL;
	const pid_t child = fork();
	if (child == 0) {
		fixture_reopen(f, VAULT_ADMIN);
		hook(f, true, NULL);
		erase(f, ERASE_RECEIPT, "receipt-mine", false);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	snprintf(file, sizeof file, "%s.zip", id);
	fixture_spool_file(f, file);
	fixture_reopen(f, VAULT_ADMIN);
	assert_true(unsearched(f) != 0);
	if (erase_finish(f->vault, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(unsearched(f), 0);
	assert_return_code(vault_spool_path(f->vault, id, path, sizeof path, &e), 0);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void come_again(struct fixture *f)
{
	char id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt-mine", "token-mine", id);
	fixture_log(f, "198.51.100.1", "receipt-mine");
}

// Once where it is searched by the next pruning, and once at the end of the erasure itself.
static void what_comes_during_the_search_is_no_trace(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};

	for (int later = 0; later <= 1; later++) {
		come_again(f);
		hook(f, false, later ? NULL : come_again);
		f->vault->scan_at_once = later ? 0 : SCAN_AT_ONCE_MAX;
		const struct erase_result r = erase(f, ERASE_RECEIPT, "receipt-mine", false);
		if (!r.complete)
			fail_msg("%s", r.reason);
		meanwhile.once = later ? come_again : NULL;
		if (later && erase_finish(f->vault, &e) != 0)
			fail_msg("%s", e.text);
		assert_int_equal(unsearched(f), 0);
		assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 1);
	}
}

static void finish_it(struct fixture *f)
{
	struct err e = {0};

	assert_return_code(erase_finish(f->vault, &e), 0);
}

static int count_outcome(void *arg, const struct ledger_entry *entry)
{
	*(int *)arg += strcmp(entry->name, "erasure-outcome") == 0;
	return 0;
}

static void two_who_finish_tell_of_it_once(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];
	struct err e = {0};

	for (int later = 0; later <= 1; later++) { // two prunings; an erasure that searches at once, and a pruning
		int outcomes = 0;
		fixture_archive(f, "receipt-mine", "token-mine", id);
		hook(f, false, later ? NULL : finish_it);
		f->vault->scan_at_once = later ? 0 : SCAN_AT_ONCE_MAX;
		assert_true(erase(f, ERASE_RECEIPT, "receipt-mine", false).complete);
		meanwhile.once = later ? finish_it : NULL;
		if (later)
			assert_return_code(erase_finish(f->vault, &e), 0);
		assert_return_code(ledger_each(f->vault, 0, count_outcome, &outcomes, &e), 0);
		assert_int_equal(outcomes, later + 1);
		assert_int_equal(unsearched(f), 0);
	}
}

// A copy of the store from before the erasure opens nothing of what was erased: its key is nowhere. Of others it does.
static void an_old_copy_does_not_bring_it_back(void **state)
{
	struct fixture *f = *state;
	char mine[RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1], command[512];
	const struct vault_new a = {.kind = KIND_TICKET, .subject = "receipt-mine", .body = "CANARY", .body_len = 6},
			       b = {.kind = KIND_TICKET, .subject = "receipt-other", .body = "other", .body_len = 5};
	struct vault_record record;
	struct err e = {0};

	assert_return_code(vault_put(f->vault, &a, NULL, mine, &e), 0);
	assert_return_code(vault_put(f->vault, &b, NULL, other, &e), 0);
	vault_close(f->vault);
	f->vault = NULL;
	snprintf(command, sizeof command, "cd '%s' && mkdir ../copy && cp vault.db* vault.lock ../copy/", f->state);
	assert_int_equal(system(command), 0);
	fixture_reopen(f, VAULT_ADMIN);
	f->vault->scan_at_once = 0;
	assert_true(erase(f, ERASE_RECEIPT, "receipt-mine", false).complete);
	vault_close(f->vault);
	f->vault = NULL;
	snprintf(command, sizeof command, "cd '%s' && rm -f vault.db* && cp ../copy/* . ", f->state);
	assert_int_equal(system(command), 0);
	fixture_reopen(f, VAULT_ADMIN);
	assert_int_equal(vault_get(f->vault, mine, &record, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT); // this ledger does not say that it was erased
	assert_return_code(vault_get(f->vault, other, &record, &e), 0);
	assert_string_equal(buf_text(&record.body), "other");
	vault_record_free(&record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(a_receipt_takes_all_its_stores_and_nothing_else),
	    T(a_guessed_receipt_leaves_no_entry),
	    T(what_only_the_scan_finds_is_erased_and_recorded),
	    T(an_address_is_found_however_it_is_written),
	    T(an_address_that_goes_on_visiting_is_erased_whole),
	    T(a_record_takes_its_whole_subject_and_its_key),
	    T(a_shared_tag_is_not_taken_for_residue),
	    T(the_scan_sees_what_is_left),
	    T(random_histories_leave_nothing),
	    T(a_reader_makes_it_partial),
	    T(what_a_reader_kept_is_found_by_its_receipt),
	    T(the_erasure_stands_in_the_ledger_without_a_name),
	    T(large_files_are_searched_by_the_next_pruning),
	    T(a_trace_that_stays_is_not_hidden),
	    T(a_killed_erasure_is_completed),
	    T(what_the_eraser_has_not_come_to_is_no_trace),
	    T(what_comes_during_the_search_is_no_trace),
	    T(two_who_finish_tell_of_it_once),
	    T(an_old_copy_does_not_bring_it_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
