// SPDX-License-Identifier: ISC
// Every life that a policy may give a kind is obeyed by what is stored: facts change a record's end, holds and the law keep it, and what is
// anonymised says nothing about anybody any more.
#include "policy/base/array.h"
#include "tests/unit/vault_fixture.h"
#include <signal.h>
#include <sys/wait.h>

static const struct duration at_once;
enum { DAY = 24 * 3600 };

static void keep(struct fixture *f, enum kind kind, const struct policy_life *lives, size_t count)
{
	f->policy.kinds[kind].life_count = 0;
	for (size_t i = 0; i < count; i++)
		fixture_keeps(&f->policy, kind, lives[i])->ends_on_erasure = lives[i].ends_on_erasure;
}
#define KEEP(f, kind, ...) keep(f, kind, (const struct policy_life[]){__VA_ARGS__}, ARRAY_LEN(((const struct policy_life[]){__VA_ARGS__})))

static struct prune_result prune(struct fixture *f)
{
	struct prune_result result;
	struct err e = {0};

	if (vault_prune(f->vault, at_once, false, &result, &e) != 0)
		fail_msg("vault_prune: %s", e.text);
	return result;
}

static const char *put(struct fixture *f, enum kind kind, const char *subject, const char *body)
{
	static char ids[8][RECORD_ID_LEN + 1];
	static unsigned next;
	char *id = ids[next++ % ARRAY_LEN(ids)];
	const struct vault_tag tags[] = {{"receipt", subject}, {NULL, NULL}};
	const struct vault_new record = {.kind = kind, .subject = subject, .tags = tags, .body = body, .body_len = strlen(body)};
	struct err e = {0};

	if (vault_put(f->vault, &record, &(struct ledger_event){.name = "put"}, id, &e) != 0)
		fail_msg("vault_put: %s", e.text);
	return id;
}

static void change(struct fixture *f, const char *id, unsigned set, unsigned clear)
{
	struct err e = {0};

	if (vault_update(f->vault, id, &(struct vault_change){.set = set, .clear = clear}, &(struct ledger_event){.name = "facts"}, &e) !=
	    0)
		fail_msg("vault_update: %s", e.text);
}

static time_t due(struct fixture *f, const char *id)
{
	struct vault_record r;
	struct err e = {0};

	if (vault_get(f->vault, id, &r, &e) != 0)
		fail_msg("vault_get: %s", e.text);
	vault_record_free(&r);
	return r.due;
}

static struct erase_result erase(struct fixture *f, const char *receipt)
{
	struct erase_result r;
	struct err e = {0};

	if (vault_erase(f->vault, ERASE_RECEIPT, receipt, false, &r, &e) != 0)
		fail_msg("vault_erase: %s", e.text);
	if (!r.complete)
		fail_msg("partial: %s", r.reason);
	return r;
}

static void ninety_days_unless_saved(void **state)
{
	struct fixture *f = *state;
	struct census_row row = {0};

	KEEP(f, KIND_GALLERY, {.length.days = 90, .unless = CONDITION_SAVED, .ends_on_erasure = true},
	     {.lasts_while = CONDITION_SAVED, .ends_on_erasure = true});
	const char *left = put(f, KIND_GALLERY, "left", "picture"), *saved = put(f, KIND_GALLERY, "saved", "picture");
	assert_int_equal(due(f, saved), fixture_time + 90 * DAY);
	change(f, saved, LIFE_BIT(LIFE_SAVED), 0);
	assert_int_equal(due(f, saved), 0);
	fixture_time += 90 * DAY;
	fixture_census(f, KIND_GALLERY, &row);
	assert_true(row.late);
	assert_int_equal(prune(f).records, 1);
	assert_false(fixture_has(f, left));
	assert_true(fixture_has(f, saved));
	fixture_census(f, KIND_GALLERY, &row);
	assert_false(row.late); // older than ninety days, and saved
	change(f, saved, 0, LIFE_BIT(LIFE_SAVED));
	assert_false(fixture_has(f, saved));
	assert_int_equal(prune(f).records, 1);
}

static void an_account_and_a_consent_end(void **state)
{
	struct fixture *f = *state;

	KEEP(f, KIND_PREFERENCE, {.lasts_while = CONDITION_ACCOUNT, .ends_on_erasure = true},
	     {.lasts_while = CONDITION_CONSENT, .length.days = 30});
	const char *id = put(f, KIND_PREFERENCE, "person", "dark");
	assert_int_equal(due(f, id), 0);
	time_t month = fixture_time + 30 * DAY;
	change(f, id, LIFE_BIT(LIFE_ACCOUNT_ENDED), 0);
	assert_int_equal(due(f, id), month);
	change(f, id, LIFE_BIT(LIFE_CONSENT_WITHDRAWN), 0);
	assert_false(fixture_has(f, id));
	assert_int_equal(prune(f).records, 1);
}

static void seven_years_despite_erasure(void **state)
{
	struct fixture *f = *state;
	struct data_key key;
	struct err e = {0};
	char scope[2 * HASH_LEN + 1];
	uint8_t subject[HASH_LEN];

	KEEP(f, KIND_PAYMENT, {.length.months = 84});
	KEEP(f, KIND_ACCOUNT, {.lasts_while = CONDITION_ACCOUNT, .ends_on_erasure = true});
	time_t years = duration_after(fixture_time, (struct duration){.months = 84});
	const char *payment = put(f, KIND_PAYMENT, "person", "paid"), *account = put(f, KIND_ACCOUNT, "person", "name");
	struct erase_result r = erase(f, "person");
	assert_int_equal(r.stores[0].found, 2);
	assert_int_equal(r.stores[0].erased, 1);
	assert_int_equal(r.stores[0].kept, 1);
	assert_int_equal(r.kept_count, 1);
	assert_int_equal(r.kept[0].kind, KIND_PAYMENT);
	assert_int_equal(r.kept[0].count, 1);
	assert_false(r.kept[0].held);
	assert_int_equal(r.kept[0].until, years);
	assert_int_equal(r.residue_hits, 0);
	assert_false(fixture_has(f, account));
	assert_int_equal(due(f, payment), years); // readable still, with a key of its own: that of the person is destroyed
	key_lookup_hash(f->vault, subject, "subject", "person");
	hex_encode(scope, subject, HASH_LEN);
	assert_int_equal(key_find(f->vault, VIEW_COMMITTED, "subject", scope, &key, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(vault_end(f->vault, payment, NULL, &e), -1); // nor by its id
	assert_int_equal(e.code, ERR_REFUSED);
	assert_int_equal(erase(f, "person").stores[0].kept, 1); // again, and nothing else happens
	fixture_time = years;
	assert_int_equal(prune(f).records, 1);
	assert_int_equal(erase(f, "person").stores[0].found, 0);
}

static void a_reason_that_ends_on_erasure_leaves_the_other(void **state)
{
	struct fixture *f = *state;

	KEEP(f, KIND_TICKET, {.lasts_while = CONDITION_ACCOUNT, .ends_on_erasure = true}, {.length.days = 30});
	const char *id = put(f, KIND_TICKET, "person", "help");
	assert_int_equal(due(f, id), 0);
	time_t month = fixture_time + 30 * DAY;
	assert_int_equal(erase(f, "person").stores[0].kept, 1);
	assert_int_equal(due(f, id), month);
}

static void a_hold_keeps_and_a_hold_lifted_lets_go(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};

	KEEP(f, KIND_TICKET, {.length.days = 30, .hold = true, .ends_on_erasure = true});
	const char *held = put(f, KIND_TICKET, "person", "help"), *archive = put(f, KIND_ARCHIVE, "other", "set");
	assert_int_equal(vault_update(f->vault, archive, &(struct vault_change){.set = LIFE_BIT(LIFE_HELD)}, NULL, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED); // the policy does not say that it may be held
	change(f, held, LIFE_BIT(LIFE_HELD), 0);
	fixture_time += 40 * DAY;
	assert_int_equal(prune(f).records, 1); // the archive
	assert_true(fixture_has(f, held));
	struct erase_result r = erase(f, "person");
	assert_int_equal(r.stores[0].kept, 1);
	assert_true(r.kept[0].held);
	assert_int_equal(r.kept[0].until, 0);
	assert_int_equal(vault_end(f->vault, held, NULL, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	change(f, held, 0, LIFE_BIT(LIFE_HELD));
	assert_false(fixture_has(f, held)); // what was asked for meanwhile is done
	assert_int_equal(prune(f).records, 1);
}

static void anonymised_instead_of_deleted(void **state)
{
	struct fixture *f = *state;
	struct vault_record r;
	struct err e = {0};
	char command[512];

	KEEP(f, KIND_USAGE, {.length.months = 24, .ending = END_ANONYMISE, .ends_on_erasure = true});
	const char *id = put(f, KIND_USAGE, "CANARY-person",
			     "{\"function\":\"generate\",\"images\":4,\"mail\":\"CANARY@example.org\",\"agent\":\"CANARY\"}");
	char before[RECORD_ID_LEN + 1];
	memcpy(before, id, sizeof before);
	time_t made = fixture_time;
	fixture_time = duration_after(made, (struct duration){.months = 24});
	struct prune_result done;
	assert_return_code(vault_prune(f->vault, at_once, true, &done, &e), 0);
	assert_int_equal(done.anonymised, 1);
	done = prune(f);
	assert_int_equal(done.records, 1);
	assert_int_equal(done.anonymised, 1);
	assert_false(fixture_has(f, before));
	assert_int_equal(fixture_census(f, KIND_USAGE, NULL), 1);

	// What stays: two members, the day, no way back to the person.
	struct record_query query = {.by = RECORDS_OF_KIND, .kind = KIND_USAGE, .after = "", .after_made = INT64_MIN, .limit = 2};
	struct record_list list = {0};
	assert_return_code(f->vault->b->records->find(f->vault->store, VIEW_COMMITTED, &query, &list, &e), 0);
	assert_int_equal(list.count, 1);
	assert_false(list.rows[0].has_subject);
	assert_int_equal(list.rows[0].facts.made, made - made % DAY);
	assert_int_equal(list.rows[0].due, 0);
	assert_return_code(vault_get(f->vault, list.rows[0].id, &r, &e), 0);
	assert_string_equal(buf_text(&r.body), "{\"function\":\"generate\",\"images\":4}");
	vault_record_free(&r);
	free(list.rows);
	assert_int_equal(vault_find(f->vault, KIND_USAGE, "receipt", "CANARY-person", &r, &e), -1);

	struct marker markers[] = {{.len = HASH_LEN}, {.len = HASH_LEN}, {.len = RECORD_ID_LEN}};
	struct found_bytes found = {0};
	key_lookup_hash(f->vault, markers[0].bytes, "subject", "CANARY-person");
	key_lookup_hash(f->vault, markers[1].bytes, "receipt", "CANARY-person");
	memcpy(markers[2].bytes, before, RECORD_ID_LEN);
	assert_return_code(f->vault->b->upkeep->find_bytes(f->vault->store, markers, ARRAY_LEN(markers), &found, &e), 0);
	assert_int_equal(found.hits, 0);
	snprintf(command, sizeof command, "grep -rla CANARY '%s' '%s'", f->state, f->run);
	assert_int_not_equal(system(command), 0);
	fixture_time += 3650L * DAY;
	assert_int_equal(prune(f).records, 0);          // and it is not looked at again
	fixture_lives[KIND_USAGE]->ending = END_DELETE; // nor is it late by a policy that would have deleted it
	struct census_row row = {0};
	assert_int_equal(fixture_census(f, KIND_USAGE, &row), 1);
	assert_false(row.late);
}

static void an_erasure_deletes_what_would_be_anonymised(void **state)
{
	struct fixture *f = *state;

	KEEP(f, KIND_USAGE, {.length.months = 24, .ending = END_ANONYMISE, .ends_on_erasure = true});
	put(f, KIND_USAGE, "person", "{\"function\":\"generate\"}");
	assert_int_equal(erase(f, "person").stores[0].erased, 1);
	assert_int_equal(fixture_census(f, KIND_USAGE, NULL), 0);
}

// What is past its end, or does not open, is neither read nor changed.
static void only_what_can_be_read_can_be_changed(void **state)
{
	struct fixture *f = *state;
	const struct vault_change change_state = {.state = "changed"};
	struct err e = {0};
	char sql[256];

	const char *ended = put(f, KIND_ARCHIVE, "receipt-a", "set"), *damaged = put(f, KIND_TICKET, "receipt-b", "help");
	fixture_time += 600;
	fixture_lives[KIND_ARCHIVE]->length = (struct duration){.seconds = 600}; // stricter than when it was stored
	assert_false(fixture_has(f, ended));
	assert_int_equal(vault_update(f->vault, ended, &change_state, NULL, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(vault_end(f->vault, ended, NULL, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	snprintf(sql, sizeof sql, "UPDATE record SET body=zeroblob(40) WHERE id='%s'", damaged);
	fixture_sql(f, "vault.db", sql);
	assert_int_equal(vault_update(f->vault, damaged, &change_state, NULL, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_int_equal(fixture_census(f, KIND_TICKET, NULL), 1);
	assert_return_code(vault_end(f->vault, damaged, NULL, &e), 0); // it can be got rid of
}

static void another_policy_reckons_every_end_anew(void **state)
{
	struct fixture *f = *state;
	struct prune_result dry;
	struct err e = {0};

	KEEP(f, KIND_TICKET, {.length.days = 30, .ends_on_erasure = true});
	for (int i = 0; i < PAGE_ROWS + 3; i++)
		put(f, KIND_TICKET, "person", "help");
	const char *id = put(f, KIND_TICKET, "person", "help");
	prune(f);
	fixture_lives[KIND_TICKET]->length.days = 10;
	fixture_time += 10 * DAY;
	assert_return_code(vault_prune(f->vault, at_once, true, &dry, &e), 0);
	assert_int_equal(dry.records, PAGE_ROWS + 4);
	fixture_time -= 1;
	assert_int_equal(prune(f).records, 0);
	assert_int_equal(due(f, id), fixture_time + 1);
	fixture_time += 1;
	assert_int_equal(prune(f).records, PAGE_ROWS + 4);
}

// A program that still runs on the policy before, when pruning already obeys the stricter one.
static void what_an_older_policy_stored_meanwhile_is_reckoned_anew(void **state)
{
	struct fixture *f = *state;
	static const struct policy_life days = {.length.days = 10, .has_length = true, .ends_on_erasure = true};
	struct policy stricter = f->policy;
	struct vault *before = f->vault;
	struct prune_result done;
	struct err e = {0};

	stricter.kinds[KIND_TICKET].lives = &days;
	assert_return_code(vault_open(&f->vault, f->state, f->run, &stricter, VAULT_ADMIN, &e), 0);
	prune(f);
	assert_return_code(vault_put(before, &(struct vault_new){.kind = KIND_TICKET}, NULL, (char[RECORD_ID_LEN + 1]){0}, &e), 0);
	fixture_time += 10 * DAY;
	int ret = vault_prune(f->vault, at_once, false, &done, &e);
	vault_close(f->vault);
	f->vault = before;
	assert_return_code(ret, 0);
	assert_int_equal(done.records, 1);
}

static void count_drift(void *arg, const char *finding)
{
	(void)finding;
	++*(int *)arg;
}

// tests/unit/stores holds what an earlier version wrote: an archive, a ticket, an open request and one that was closed at 12:00, and the
// key of an archive to be destroyed.
static void yesterdays_store_opens(void **state)
{
	struct fixture *f = *state;
	struct ledger_report report;
	struct vault_record r;
	struct err e = {0};
	char command[1024];
	int drift = 0;

	vault_close(f->vault);
	f->vault = NULL;
	snprintf(command, sizeof command,
		 "cd '%s' && rm -rf vault.db* keys && mkdir keys && sqlite3 vault.db < \"$OLDPWD/tests/unit/stores/vault-2.sql\" && "
		 "sqlite3 keys/keys.db < \"$OLDPWD/tests/unit/stores/keys-1.sql\" && cp \"$OLDPWD/tests/unit/stores/master.key\" keys/",
		 f->state);
	assert_int_equal(system(command), 0);
	assert_int_equal(vault_open(&f->vault, f->state, f->run, &f->policy, VAULT_PROGRAM, &e), -1);
	assert_int_equal(e.code, ERR_INPUT); // who may only use a store does not change its schema
	fixture_reopen(f, VAULT_ADMIN);
	assert_return_code(vault_drift(f->vault, count_drift, &drift, &e), 0);
	assert_int_equal(drift, 0);
	assert_return_code(vault_find(f->vault, KIND_ARCHIVE, "token", "token-old", &r, &e), 0);
	assert_int_equal(r.due, FIXTURE_START + 13 * 3600);
	assert_string_equal(buf_text(&r.body), "{\"name\":\"set\"}");
	vault_record_free(&r);
	assert_int_equal(due(f, "6b02d9402fbb472995caf6efbcdb646f"), 0);
	assert_int_equal(due(f, "6b02d9406fade4c997cd24cbe85f2ba5"),
			 duration_after(FIXTURE_START + 12 * 3600, (struct duration){.months = 24}));
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact && report.size == 2);
	fixture_time += 2 * DAY;
	prune(f);
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 0);
	assert_int_equal(fixture_census(f, KIND_RIGHTS_REQUEST, NULL), 2);
	assert_int_equal(due(f, "6b02d9406fade4c997cd24cbe85f2ba5"),
			 duration_after(FIXTURE_START + 12 * 3600, (struct duration){.months = 24}));
	struct data_key key;
	assert_int_equal(key_find(f->vault, VIEW_COMMITTED, "archive", "2026-11-22", &key, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
	assert_int_equal(erase(f, "receipt-old").stores[0].erased, 1);
}

// The store of the version before, with 41 events, payloads of eight of them, and a checkpoint signed at 26.
static void lay_store_3(struct fixture *f)
{
	char command[1024];

	vault_close(f->vault);
	f->vault = NULL;
	snprintf(command, sizeof command,
		 "cd '%s' && rm -rf vault.db* keys ledger && mkdir keys && S=\"$OLDPWD/tests/unit/stores\" && sqlite3 vault.db "
		 "<$S/vault-3.sql && "
		 "sqlite3 vault.db 'PRAGMA journal_mode=wal' >/dev/null && sqlite3 keys/keys.db <$S/keys-of-3.sql && cp $S/master-of-3.key "
		 "keys/master.key && cp $S/ledger-of-3.pub keys/ledger.pub",
		 f->state);
	assert_int_equal(system(command), 0);
}

static void check_store_3(struct fixture *f, uint64_t size)
{
	struct ledger_report report;
	struct vault_record r;
	struct err e = {0};

	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	if (!report.intact)
		fail_msg("%s", report.finding);
	assert_true(report.size >= size);
	assert_return_code(vault_get(f->vault, "6b02d968407aa3c6073ced050d517e9d", &r, &e), 0);
	assert_string_equal(buf_text(&r.body), "{\"help\":1}");
	vault_record_free(&r);
}

static void a_ledger_of_rows_becomes_one_of_segments(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};
	struct erase_result erased;
	int drift = 0;

	lay_store_3(f);
	assert_int_equal(vault_open(&f->vault, f->state, f->run, &f->policy, VAULT_PROGRAM, &e), -1);
	assert_int_equal(e.code, ERR_INPUT);
	fixture_segment_level = 3;
	fixture_reopen(f, VAULT_ADMIN);
	check_store_3(f, 41);
	assert_return_code(vault_drift(f->vault, count_drift, &drift, &e), 0);
	assert_int_equal(drift, 0);
	fixture_time += 3600;
	prune(f);
	check_store_3(f, 41);
	char command[512];
	snprintf(command, sizeof command,
		 "test $(ls '%s/ledger' | grep -vcx verified) = 5 && test \"$(sqlite3 '%s/vault.db' 'PRAGMA quick_check')\" = ok", f->state,
		 f->state);
	assert_int_equal(system(command), 0);
	// Payloads of closed events are found by their subject, and verifying goes on without them.
	assert_return_code(vault_erase(f->vault, ERASE_RECEIPT, "receipt-old", false, &erased, &e), 0);
	assert_true(erased.complete && erased.stores[0].erased == 1 && erased.stores[3].erased >= 2);
	struct ledger_report report;
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
	fixture_segment_level = 0;
}

// Killed at any moment of the change of schema and of the first closing: it is of one version or the other, and goes on.
static void a_killed_migration_can_be_repeated(void **state)
{
	struct fixture *f = *state;
	unsigned seed = trust_seed(20261127), again = 0;
	const int rounds = (int)trust_size(25, 1000);

	fixture_segment_level = 2;
	fixture_time += 3600;
	for (int round = 0; round < rounds; round++) {
		lay_store_3(f);
		pid_t child = fork();
		if (child == 0) {
			fixture_reopen(f, VAULT_ADMIN);
			prune(f);
			_exit(0);
		}
		usleep((useconds_t)(rand_r(&seed) % 12000));
		kill(child, SIGKILL);
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		again += WIFSIGNALED(status);
		fixture_reopen(f, VAULT_ADMIN);
		check_store_3(f, 41);
		prune(f);
		check_store_3(f, 41);
		fixture_reopen(f, VAULT_PROGRAM); // reads everything through
	}
	print_message("%u of %d were killed in the middle\n", again, rounds);
	fixture_segment_level = 0;
}

// ---- restriction ----

static struct restrict_result restriction(struct fixture *f, enum restrict_how how)
{
	struct restrict_result r;
	struct err e = {0};

	if (vault_restrict(f->vault, ERASE_RECEIPT, "person", how, "0123456789abcdef0123456789abcdef", &r, &e) != 0)
		fail_msg("vault_restrict: %s", e.text);
	return r;
}

static int count_each(void *arg, const struct vault_record *r)
{
	(void)r;
	(*(size_t *)arg)++;
	return 0;
}

static size_t found_by_each(struct fixture *f, bool rights)
{
	size_t n = 0;
	struct err e = {0};

	assert_int_equal((rights ? vault_each_for_rights : vault_each)(f->vault, KIND_GALLERY, NULL, count_each, &n, &e), 0);
	return n;
}

// What every way of reading says of the record.
static void assert_reads(struct fixture *f, const char *id, enum err_code code)
{
	struct vault_record r;
	struct err e = {0};

	for (int i = 0; i < 4; i++) { // twice the head: the second time it is remembered
		e = (struct err){0};
		int ret = i == 0   ? vault_get(f->vault, id, &r, &e)
			  : i == 1 ? vault_find(f->vault, KIND_GALLERY, "receipt", "person", &r, &e)
				   : vault_find_head(f->vault, KIND_GALLERY, "receipt", "person", &r, &e);
		if (ret == 0)
			vault_record_free(&r);
		assert_int_equal(e.code, code);
	}
	assert_int_equal(found_by_each(f, false), code == ERR_NONE);
	e = (struct err){0};
	(void)vault_update(f->vault, id, &(struct vault_change){.state = "used"}, NULL, &e);
	assert_int_equal(e.code, code);
	if (code != ERR_NOT_FOUND) {
		assert_int_equal(vault_find_head_for_rights(f->vault, KIND_GALLERY, "receipt", "person", &r, &e), 0);
		assert_int_equal(found_by_each(f, true), 1);
		change(f, id, LIFE_BIT(LIFE_COMPLETED), 0);
	}
}

static void what_is_restricted_is_found_for_rights_alone(void **state)
{
	struct fixture *f = *state;

	KEEP(f, KIND_GALLERY, {.length.days = 90, .ends_on_erasure = true});
	KEEP(f, KIND_RIGHTS_REQUEST, {.length.days = 90});
	const char *id = put(f, KIND_GALLERY, "person", "picture"), *request = put(f, KIND_RIGHTS_REQUEST, "person", "asked");
	assert_reads(f, id, ERR_NONE);
	assert_int_equal(restriction(f, RESTRICT_WOULD).records, 1);
	assert_reads(f, id, ERR_NONE);
	for (int again = 0; again < 2; again++) {
		struct restrict_result r = restriction(f, RESTRICT);
		assert_int_equal(r.records, 1);
		assert_string_equal(r.first, id);
		assert_reads(f, id, ERR_RESTRICTED);
	}
	assert_true(fixture_has(f, request));
	fixture_reopen(f, VAULT_PROGRAM);
	assert_reads(f, id, ERR_RESTRICTED);
	assert_int_equal(restriction(f, RESTRICT_COUNT).records, 1);
	assert_int_equal(restriction(f, RESTRICT_LIFT).records, 1);
	assert_reads(f, id, ERR_NONE);
	assert_int_equal(restriction(f, RESTRICT_LIFT).records, 0);
	// It ends when the policy says, restricted or not.
	restriction(f, RESTRICT);
	fixture_time += 90 * DAY;
	assert_reads(f, id, ERR_NOT_FOUND);
	assert_int_equal(restriction(f, RESTRICT_KEEP).records, 0); // too late
	fixture_reopen(f, VAULT_ADMIN);
	assert_int_equal(prune(f).records, 2);
}

static void what_the_person_wants_kept_stays_until_it_is_lifted_or_erased(void **state)
{
	struct fixture *f = *state;
	struct census_row row = {0};

	KEEP(f, KIND_GALLERY, {.length.days = 90, .ends_on_erasure = true});
	const char *id = put(f, KIND_GALLERY, "person", "picture");
	restriction(f, RESTRICT_KEEP);
	fixture_time += 900 * DAY;
	assert_int_equal(prune(f).records, 0);
	fixture_census(f, KIND_GALLERY, &row);
	assert_false(row.late);
	assert_reads(f, id, ERR_RESTRICTED);
	restriction(f, RESTRICT_LIFT);
	assert_reads(f, id, ERR_NOT_FOUND);
	assert_int_equal(prune(f).records, 1);

	put(f, KIND_GALLERY, "person", "another");
	restriction(f, RESTRICT_KEEP);
	assert_int_equal(erase(f, "person").stores[0].erased, 1);
	// A law that keeps it longer keeps it restricted.
	KEEP(f, KIND_GALLERY, {.length.days = 90});
	id = put(f, KIND_GALLERY, "person", "bill");
	restriction(f, RESTRICT_KEEP);
	assert_int_equal(erase(f, "person").stores[0].kept, 1);
	assert_reads(f, id, ERR_RESTRICTED);
	fixture_time += 90 * DAY;
	assert_int_equal(prune(f).records, 1);
}

// Whenever it is killed, all of a subject is restricted, or nothing.
static void a_killed_restriction_is_whole_or_none(void **state)
{
	struct fixture *f = *state;
	unsigned killed = 0, seed = 7, whole = 0;

	KEEP(f, KIND_GALLERY, {.length.days = 90});
	for (int i = 0; i < 200; i++)
		put(f, KIND_GALLERY, "person", "picture");
	for (int i = 0; i < 25; i++) {
		pid_t child = fork();
		if (child == 0) {
			fixture_reopen(f, VAULT_PROGRAM);
			restriction(f, RESTRICT);
			_exit(0);
		}
		usleep((useconds_t)(rand_r(&seed) % 12000));
		kill(child, SIGKILL);
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		killed += WIFSIGNALED(status);
		fixture_reopen(f, VAULT_PROGRAM);
		uint64_t n = restriction(f, RESTRICT_COUNT).records;
		assert_true(n == 0 || n == 200);
		whole += n == 200;
		restriction(f, RESTRICT_LIFT);
	}
	print_message("%u of 25 were killed, %u restrictions were whole\n", killed, whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(ninety_days_unless_saved),
	    T(an_account_and_a_consent_end),
	    T(seven_years_despite_erasure),
	    T(a_reason_that_ends_on_erasure_leaves_the_other),
	    T(a_hold_keeps_and_a_hold_lifted_lets_go),
	    T(anonymised_instead_of_deleted),
	    T(an_erasure_deletes_what_would_be_anonymised),
	    T(only_what_can_be_read_can_be_changed),
	    T(another_policy_reckons_every_end_anew),
	    T(what_an_older_policy_stored_meanwhile_is_reckoned_anew),
	    T(yesterdays_store_opens),
	    T(a_ledger_of_rows_becomes_one_of_segments),
	    T(a_killed_migration_can_be_repeated),
	    T(what_is_restricted_is_found_for_rights_alone),
	    T(what_the_person_wants_kept_stays_until_it_is_lifted_or_erased),
	    T(a_killed_restriction_is_whole_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
