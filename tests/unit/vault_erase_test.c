// SPDX-License-Identifier: ISC
// Erasure: everything that hangs on a receipt, an address or a record goes, nothing else does, and no trace is left in any file.
#include "policy/vault/sqlite/db.h"
#include "tests/unit/vault_fixture.h"
#include <pthread.h>
#include <stdatomic.h>

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

static struct erase_result erase_held(struct fixture *f, const char *receipt)
{
	struct erase_result result;
	struct err e = {0};

	if (vault_erase_held(f->vault, receipt, &result, &e) != 0)
		fail_msg("vault_erase_held: %s", e.text);
	if (!result.complete)
		fail_msg("partial: %s", result.reason);
	return result;
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
		struct erase_result r = erase_held(f, "receipt-guessed");
		assert_counts(&r, none, true);
		assert_false(r.recorded);
		assert_true(r.residue_files >= 3); // and the files were looked through
	}
	assert_int_equal(ledger_entries(f), before);
	assert_true(fixture_has(f, id));
	struct erase_result r = erase_held(f, "receipt-mine");
	assert_counts(&r, mine, true);
	assert_true(r.recorded);
	assert_int_equal(r.ledger_index, before);
	assert_int_equal(ledger_entries(f), before + 2); // itself and its outcome
	assert_false(erase_held(f, "receipt-mine").recorded);
	assert_int_equal(ledger_entries(f), before + 2);
	assert_true(erase(f, ERASE_RECEIPT, "receipt-guessed", false).recorded); // the officer's is
	assert_int_equal(ledger_entries(f), before + 3);
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
	assert_return_code(transaction_begin(f->vault, LANE_RECORDS, NULL, &e), 0);
	assert_return_code(key_obtain(f->vault, "subject", scope, &key, &e), 0);
	assert_return_code(transaction_commit(f->vault, LANE_RECORDS, &e), 0);
	struct erase_result r = erase_held(f, "receipt-mine");
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

static void an_address_takes_records_tagged_with_it(void **state)
{
	struct fixture *f = *state;
	const struct vault_tag tags[] = {{"ip", "198.51.100.1"}, {NULL, NULL}}, others[] = {{"ip", "198.51.100.2"}, {NULL, NULL}};
	const struct vault_new mine = {.kind = KIND_TICKET, .tags = tags, .body = "x", .body_len = 1};
	const struct vault_new other = {.kind = KIND_TICKET, .tags = others, .body = "x", .body_len = 1};
	struct err e = {0};
	char a[RECORD_ID_LEN + 1], b[RECORD_ID_LEN + 1];

	assert_return_code(vault_put(f->vault, &mine, NULL, a, &e), 0);
	assert_return_code(vault_put(f->vault, &other, NULL, b, &e), 0);
	struct erase_result r = erase(f, ERASE_ADDRESS, "198.51.100.1", false);
	const uint64_t one[] = {1, 0, 0, 0};
	assert_counts(&r, one, true);
	assert_false(fixture_has(f, a));
	assert_true(fixture_has(f, b));
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
	const struct vault_tag tags[] = {{"ip", "198.51.100.1"}, {NULL, NULL}};
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

// Without secure_delete, checkpoint and rewriting, erased bytes stay: what the scan is for.
static void random_histories_leave_nothing(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	char ids[40][RECORD_ID_LEN + 1], body[6000], receipt[32], id[RECORD_ID_LEN + 1];

	srandom(20261122);
	memset(body, 'b', sizeof body);
	for (int round = 0; round < 15; round++) {
		for (int i = 0; i < 40; i++) {
			snprintf(receipt, sizeof receipt, "receipt-%d-%ld", round, i % 4 == 0 ? 0 : random() % 20);
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
		snprintf(id, sizeof id, "receipt-%d-0", round);
		struct erase_result r = erase(f, ERASE_RECEIPT, id, false);
		if (!r.complete || r.residue_hits != 0)
			fail_msg("round %d: %s", round, r.reason);
		assert_true(r.stores[0].found > 0 && r.stores[2].found > 0);
	}
}

// Another process's open reader keeps the write-ahead log alive: the erasure says that it is partial, and completes when run again.
static void a_reader_makes_it_partial(void **state)
{
	struct fixture *f = *state;
	struct db *reader DB_AUTO = NULL;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], path[PATH_MAX];

	fixture_archive(f, "receipt-read", "token", id);
	snprintf(path, sizeof path, "%s/vault.db", f->state);
	assert_return_code(db_open(&reader, DB_VAULT, path, DB_READ, &e), 0);
	struct cursor *c = db_query(reader, SQL_LEDGER_PAGE, VALUES(V_INT(0), V_INT(10)), &e);
	assert_int_equal(cursor_next(c, &e), 1);
	struct erase_result r = erase(f, ERASE_RECEIPT, "receipt-read", false);
	assert_false(r.complete);
	assert_non_null(strstr(r.reason, "reader"));
	cursor_end(&c);
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
	assert_return_code(vault_erase_held(f->vault, "receipt-read", &r, &e), 0);
	assert_false(r.complete);
	cursor_end(&c);
	r = erase_held(f, "receipt-read");
	assert_true(r.recorded);
	assert_int_equal(r.residue_hits, 0);
	assert_false(erase_held(f, "receipt-read").recorded);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(a_receipt_takes_all_its_stores_and_nothing_else),
	    T(a_guessed_receipt_leaves_no_entry),
	    T(what_only_the_scan_finds_is_erased_and_recorded),
	    T(an_address_is_found_however_it_is_written),
	    T(an_address_that_goes_on_visiting_is_erased_whole),
	    T(an_address_takes_records_tagged_with_it),
	    T(a_record_takes_its_whole_subject_and_its_key),
	    T(a_shared_tag_is_not_taken_for_residue),
	    T(the_scan_sees_what_is_left),
	    T(random_histories_leave_nothing),
	    T(a_reader_makes_it_partial),
	    T(what_a_reader_kept_is_found_by_its_receipt),
	    T(the_erasure_stands_in_the_ledger_without_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
