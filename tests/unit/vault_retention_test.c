// SPDX-License-Identifier: ISC
// Retention: what is due ends, what is not stays, and a clock that leaps ends nothing.
#include "tests/unit/vault_fixture.h"
#include <errno.h>
#include <pthread.h>
#include <utime.h>

static const struct duration at_once;
enum { DAY = 24 * 3600 };

static struct prune_result prune(struct fixture *f, struct duration ahead, bool dry_run)
{
	struct prune_result result;
	struct err e = {0};

	if (vault_prune(f->vault, ahead, dry_run, &result, &e) != 0)
		fail_msg("vault_prune: %s", e.text);
	return result;
}

static bool segment_exists(struct fixture *f, const char *day)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	char path[PATH_MAX];
	bool any = false;

	for (size_t i = 0; i < 3; i++)
		any = any || (snprintf(path, sizeof path, "%s/log/%s.db%s", f->state, day, suffixes[i]) > 0 && access(path, F_OK) == 0);
	return any;
}

static bool day_has_key(struct fixture *f, const char *day)
{
	struct data_key key;
	struct err e = {0};

	return key_find(f->vault, VIEW_COMMITTED, "request-log", day, &key, &e) == 0;
}

static void archives_end_with_their_files(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], path[PATH_MAX];

	fixture_archive(f, "receipt", "token", id);
	vault_spool_path(f->vault, id, path, sizeof path, NULL);
	fixture_time += 3599;
	assert_int_equal(prune(f, at_once, false).records, 0);
	assert_int_equal(access(path, F_OK), 0);
	fixture_time += 1;
	struct prune_result dry = prune(f, at_once, true);
	assert_int_equal(dry.records, 1);
	assert_int_equal(dry.files, 1);
	assert_int_equal(access(path, F_OK), 0);
	struct prune_result done = prune(f, at_once, false);
	assert_int_equal(done.records, 1);
	assert_int_equal(done.files, 1);
	assert_int_equal(done.orphans, 0); // what an ended record leaves is not left to the search for such files
	assert_int_not_equal(access(path, F_OK), 0);
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 0);
}

// At random times: what is not due is in some file by its hashes, what is due is in none after a pruning, also not in what the files have free.
static void no_byte_of_what_is_due_is_left(void **state)
{
	enum { MANY = 30, LIFE = 3600 };
	struct fixture *f = *state;
	struct {
		uint8_t token[HASH_LEN], subject[HASH_LEN];
		time_t made;
	} all[MANY];
	unsigned seed = trust_seed(20261128);
	const int rounds = (int)trust_size(20, 1000);
	char name[32], id[RECORD_ID_LEN + 1];
	size_t ended = 0;

	for (int round = 0; round < rounds; round++) {
		size_t count = 0;
		while (count < MANY) {
			snprintf(name, sizeof name, "visitor-%d-%zu", round, count);
			fixture_archive(f, name, name, id);
			key_lookup_hash(f->vault, all[count].token, "token", name);
			key_lookup_hash(f->vault, all[count].subject, "subject", name);
			all[count++].made = fixture_time;
			fixture_time += rand_r(&seed) % 600;
			if (rand_r(&seed) % 8 != 0)
				continue;
			prune(f, at_once, false);
			const size_t i = (size_t)rand_r(&seed) % count; // each of them would take long
			const bool due = fixture_time >= all[i].made + LIFE;
			if (fixture_in_a_file(f, all[i].token) == due || fixture_in_a_file(f, all[i].subject) == due)
				fail_msg("round %d: %s", round, due ? "what is due is in a file" : "what is not due is in none");
			ended += due;
		}
		fixture_time += LIFE;
		prune(f, at_once, false);
		assert_false(fixture_in_a_file(f, all[MANY - 1].token));
	}
	print_message("%d rounds of %d archives, %zu of them looked for when they were due\n", rounds, MANY, ended + (size_t)rounds);
	assert_true(ended > 0);
}

static void ahead_ends_what_will_be_due(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt", "token", id);
	fixture_time += 3500;
	assert_int_equal(prune(f, (struct duration){.seconds = 99}, false).records, 0);
	assert_int_equal(prune(f, (struct duration){.seconds = 100}, false).records, 1);
}

static void log_rows_stay_fourteen_days_and_no_second_more(void **state)
{
	struct fixture *f = *state;
	struct census_row row = {0};

	fixture_log(f, "198.51.100.1", NULL);
	fixture_time += 14 * DAY - 1; // 13 d 23:59:59
	assert_int_equal(prune(f, at_once, false).log_segments, 0);
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, &row), 1);
	assert_false(row.late);
	fixture_time += 1; // due at this second, and gone by the next
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, &row), 1);
	assert_true(row.late);
	struct prune_result dry = prune(f, at_once, true);
	assert_int_equal(dry.log_segments, 1);
	assert_int_equal(dry.log_rows, 1);
	assert_true(segment_exists(f, "2026-11-22"));
	struct prune_result done = prune(f, at_once, false);
	assert_int_equal(done.log_segments, 1);
	assert_int_equal(done.log_rows, 1);
	assert_int_equal(done.oldest_left, 0);
	assert_false(segment_exists(f, "2026-11-22"));
	assert_false(day_has_key(f, "2026-11-22"));
}

static void a_segment_goes_when_its_oldest_row_is_due(void **state)
{
	struct fixture *f = *state;

	fixture_time = FIXTURE_START + 10;
	fixture_log(f, "198.51.100.1", NULL);
	fixture_time = FIXTURE_START + DAY - 1;
	fixture_log(f, "198.51.100.2", NULL);
	fixture_time = FIXTURE_START + DAY + 5; // the next day: a file and a key of its own
	fixture_log(f, "198.51.100.3", NULL);
	assert_true(segment_exists(f, "2026-11-23"));
	fixture_time = FIXTURE_START + 14 * DAY + 9;
	assert_int_equal(prune(f, at_once, false).log_segments, 0);
	fixture_time = FIXTURE_START + 14 * DAY + 10;
	struct prune_result r = prune(f, at_once, false);
	assert_int_equal(r.log_segments, 1);
	assert_int_equal(r.log_rows, 2);
	assert_int_equal(r.oldest_left, FIXTURE_START + DAY + 5);
	assert_true(day_has_key(f, "2026-11-23"));
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), 1);
}

// A wrong clock, of 30 days ahead: what was stored then is dated in the future when the clock is right again, and holds up nothing else.
static void what_is_dated_in_the_future_is_left_and_all_else_ends(void **state)
{
	struct fixture *f = *state;
	char right[RECORD_ID_LEN + 1], ahead[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt", "token", right);
	fixture_log(f, "198.51.100.1", NULL);
	fixture_time += 3650 * DAY;
	fixture_log(f, "198.51.100.2", NULL);
	fixture_archive(f, "receipt-b", "token-b", ahead);
	const time_t newest = fixture_time;
	fixture_time -= 3649 * DAY;
	struct prune_result r = prune(f, at_once, false);
	assert_int_equal(r.records, 1);
	assert_false(fixture_has(f, right));
	assert_int_equal(r.clock.ahead, newest);
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 1);
	fixture_time += 13 * DAY;
	assert_int_equal(prune(f, at_once, false).log_segments, 1);
	assert_false(segment_exists(f, "2026-11-22"));
	assert_true(segment_exists(f, "2036-11-19"));
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 1);
}

// What is dated in the future counts as made when the clock was confirmed: it ends in its time from then on.
static void confirming_the_clock_ends_what_is_dated_in_the_future(void **state)
{
	struct fixture *f = *state;
	struct clock_state was;
	struct ledger_report report;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];
	uint64_t size;

	fixture_time += 3650 * DAY;
	fixture_log(f, "198.51.100.2", NULL);
	fixture_archive(f, "receipt", "token", id);
	prune(f, at_once, false); // a first run, which knows no better
	fixture_time -= 3650 * DAY;
	assert_return_code(vault_clock(f->vault, &was, &e), 0);
	assert_true(was.ahead > fixture_time && was.known > fixture_time && !was.leapt);
	assert_return_code(vault_clock_confirm(f->vault, "the battery was changed", &was, &e), 0);
	assert_return_code(vault_clock(f->vault, &was, &e), 0);
	assert_true(was.ahead == 0 && was.known == fixture_time);
	assert_return_code(ledger_size(f->vault, &size, &e), 0);
	fixture_time += 3599;
	assert_int_equal(prune(f, at_once, false).records, 0);
	fixture_time += 1;
	struct prune_result r = prune(f, at_once, false);
	assert_int_equal(r.records, 1);
	assert_int_equal(r.files, 1);
	assert_int_equal(r.clock.ahead, 0);
	assert_int_equal(r.log_segments, 0);
	fixture_time += 14 * DAY - 3601;
	assert_int_equal(prune(f, at_once, false).log_segments, 0);
	fixture_time += 1;
	assert_int_equal(prune(f, at_once, false).log_segments, 1);
	// The ledger's own time went back with the confirmation, and only with it.
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
	struct merkle head;
	time_t at;
	assert_return_code(ledger_head(f->vault, VIEW_COMMITTED, &head, &at, &e), 0);
	assert_int_equal(at, fixture_time);
}

static int count_event(void *arg, const struct ledger_entry *entry)
{
	const char **wanted = arg;

	if (strcmp(entry->name, wanted[0]) == 0 && strstr(entry->details, wanted[1]) != NULL)
		wanted[0] = "found";
	return 0;
}

static void prune_leapt(struct fixture *f, struct prune_result *out)
{
	struct err e = {0};

	assert_int_equal(vault_prune(f->vault, at_once, false, out, &e), -1);
	assert_int_equal(e.code, ERR_REFUSED);
	assert_non_null(strstr(e.text, "the clock leapt to"));
	assert_non_null(strstr(e.text, "lethe clock confirm"));
}

// 400 days ahead while the machine runs: nothing ends that the leap alone makes due, and what comes due meanwhile does.
static void a_leap_of_the_clock_deletes_nothing(void **state)
{
	struct fixture *f = *state;
	struct prune_result r;
	struct clock_state was;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], later[RECORD_ID_LEN + 1];
	const char *event[] = {"clock", "\"reason\":\"it was off\""};

	fixture_archive(f, "receipt", "token", id);
	fixture_log(f, "198.51.100.1", NULL);
	prune(f, at_once, false);
	fixture_time += 400 * DAY;
	fixture_off = 400 * DAY;
	prune_leapt(f, &r);
	assert_int_equal(r.records + r.files + r.log_segments, 0);
	fixture_archive(f, "receipt-b", "token-b", later); // stored while the clock is wrong
	fixture_time += 3599;
	prune_leapt(f, &r);
	assert_int_equal(r.records, 0);
	fixture_time += 1; // an hour of the machine's
	prune_leapt(f, &r);
	assert_int_equal(r.records, 1);
	fixture_reopen(f, VAULT_ADMIN);
	fixture_off += 5 * DAY; // a restart: its uptime is short, and what is known is not forgotten
	fixture_time += 5 * DAY;
	prune_leapt(f, &r);
	assert_true(segment_exists(f, "2026-11-22"));
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 1);
	// The clock comes back: all goes on without anybody's doing.
	const time_t wrong = fixture_time, off = fixture_off;
	fixture_time -= 400 * DAY;
	fixture_off -= 400 * DAY;
	assert_int_equal(prune(f, at_once, false).records, 0);
	// Or it was right, and the site switched off for so long.
	fixture_time = wrong + 60;
	fixture_off = off;
	prune_leapt(f, &r);
	assert_return_code(vault_clock_confirm(f->vault, "it was off", &was, &e), 0);
	assert_true(was.leapt);
	assert_int_equal(prune(f, at_once, false).log_segments, 1);
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 0);
	assert_return_code(ledger_each(f->vault, 0, count_event, event, &e), 0);
	assert_string_equal(event[0], "found");
}

// The ledger cannot be closed: what comes before and after that is done all the same, and the failure is told.
static void a_step_that_fails_keeps_none_of_the_others_from_running(void **state)
{
	struct fixture *f = *state;
	struct prune_result r;
	struct clock_state clock;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1], ledger[PATH_MAX], away[PATH_MAX];

	fixture_archive(f, "receipt", "token", id);
	prune(f, at_once, false);
	snprintf(ledger, sizeof ledger, "%s/ledger", f->state);
	snprintf(away, sizeof away, "%s/away", f->state);
	assert_return_code(rename(ledger, away), errno);
	assert_return_code(file_write(ledger, "x", 1, 0600, NULL, &e), 0);
	fixture_time += 3600;
	fixture_off += 3600;
	assert_int_equal(vault_prune(f->vault, at_once, false, &r, &e), -1);
	assert_non_null(strstr(e.text, "closing the ledger: "));
	assert_int_equal(r.records, 1);
	assert_return_code(vault_clock(f->vault, &clock, &e), 0);
	assert_int_equal(clock.known, fixture_time); // which the last step notes
	unlink(ledger);
	assert_return_code(rename(away, ledger), errno);
	prune(f, at_once, false);
}

// Whoever switches a site off for less than that, or lets its machine run and prunes nothing, is asked for nothing.
static void a_site_that_was_off_for_a_month_prunes(void **state)
{
	struct fixture *f = *state;

	fixture_log(f, "198.51.100.1", NULL);
	prune(f, at_once, false);
	fixture_time += 31 * DAY;
	fixture_off += 31 * DAY;
	assert_int_equal(prune(f, at_once, false).log_segments, 1);
	fixture_log(f, "198.51.100.1", NULL);
	fixture_time += 800 * DAY;
	assert_int_equal(prune(f, at_once, false).log_segments, 1);
}

// A machine whose clock stands in 1970 until the network tells the time: that is no leap.
static void a_start_before_the_time_is_known_is_no_leap(void **state)
{
	struct fixture *f = *state;

	fixture_log(f, "198.51.100.1", NULL);
	prune(f, at_once, false);
	const time_t now = fixture_time;
	fixture_time = 60;
	fixture_off = 60 - (FIXTURE_START - 86400 * 365 * 10); // up for 0 seconds
	prune(f, at_once, false);
	assert_true(segment_exists(f, "2026-11-22"));
	fixture_time = now + 120;
	fixture_off = now + 120 - 60 - (FIXTURE_START - 86400 * 365 * 10);
	prune(f, at_once, false);
	assert_true(segment_exists(f, "2026-11-22"));
}

static void *prune_in_thread(void *state)
{
	const struct fixture *f = state;
	struct prune_result result;

	return vault_prune(f->vault, at_once, false, &result, NULL) == 0 ? state : NULL;
}

// While a prune waits for its turn others store, and the clock goes on.
static void what_is_stored_meanwhile_is_no_clock_gone_back(void **state)
{
	struct fixture *f = *state;
	static const struct ledger_event event = {.name = "prune", .details = "{}"};
	struct commit_alone alone;
	struct err e = {0};
	pthread_t thread;
	void *pruned = NULL;

	assert_int_equal(commit_alone(f->vault, &alone, &e), 0);
	assert_int_equal(pthread_create(&thread, NULL, prune_in_thread, f), 0);
	usleep(50 * 1000); // it waits now
	fixture_time += 2;
	assert_int_equal(ledger_write(f->vault, &event, NULL, &e), 0);
	assert_int_equal(transaction_commit(f->vault, LANE_RECORDS, &e), 0);
	commit_release(&alone);
	assert_int_equal(pthread_join(thread, &pruned), 0);
	assert_non_null(pruned);
}

static void a_writer_survives_the_end_of_its_segment(void **state)
{
	struct fixture *f = *state, other = *f;

	fixture_log(f, "198.51.100.1", NULL); // keeps the segment open
	other.vault = NULL;
	fixture_reopen(&other, VAULT_ADMIN);
	fixture_time += 14 * DAY;
	assert_int_equal(prune(&other, at_once, false).log_segments, 1);
	assert_false(segment_exists(f, "2026-11-22"));
	// The same day again, as after a wrong clock: a new file under a new key, not the unlinked one.
	const struct request_log_row row = {"198.51.100.9", "Example/1.0", NULL};
	struct err e = {0};
	assert_return_code(request_log_append_at(f->vault, &row, FIXTURE_START + 12 * 3600, &e), 0);
	assert_true(day_has_key(f, "2026-11-22"));
	assert_int_equal(fixture_day(f, "2026-11-22").lines, 1);
	vault_close(other.vault);
}

// Nobody erased it: what cannot be read stays until the day's end. A day that a crash left without its tables is garbage.
static void a_day_without_its_key_stays_to_its_end(void **state)
{
	struct fixture *f = *state;
	char path[256];
	struct err e = {0};

	fixture_log(f, "198.51.100.1", NULL);
	snprintf(path, sizeof path, "%s/log/2026-11-21.db", f->state);
	assert_return_code(file_begin(path, 0600, &(bool){false}, &e), 0);
	fixture_reopen(f, VAULT_ADMIN);
	fixture_sql(f, "keys/keys.db", "DELETE FROM key WHERE kind='request-log'");
	prune(f, at_once, false);
	assert_true(segment_exists(f, "2026-11-22"));
	assert_false(segment_exists(f, "2026-11-21"));
	fixture_log(f, "198.51.100.2", NULL);
	assert_int_equal(fixture_day(f, "2026-11-22").lines, 2);
	fixture_time += 15 * 86400;
	prune(f, at_once, false);
	assert_false(segment_exists(f, "2026-11-22"));
}

static void day_keys_die_with_the_last_record_of_their_day(void **state)
{
	struct fixture *f = *state;
	struct data_key key;
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt", "token", id);
	fixture_time += 3600;
	assert_int_equal(prune(f, at_once, false).records, 1);
	assert_return_code(key_find(f->vault, VIEW_COMMITTED, "archive", "2026-11-22", &key, &e), 0); // its day is not over
	fixture_time += DAY;
	prune(f, at_once, false);
	assert_int_equal(key_find(f->vault, VIEW_COMMITTED, "archive", "2026-11-22", &key, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

static void age(const char *path, time_t by)
{
	const struct utimbuf times = {fixture_time - by, fixture_time - by};

	assert_int_equal(utime(path, &times), 0);
}

static void orphans_go_after_an_hour_and_records_without_file_at_once(void **state)
{
	struct fixture *f = *state;
	char kept[RECORD_ID_LEN + 1], lost[RECORD_ID_LEN + 1], path[PATH_MAX], fresh[PATH_MAX], old[PATH_MAX];

	fixture_archive(f, "receipt-a", "token-a", kept);
	fixture_archive(f, "receipt-b", "token-b", lost);
	vault_spool_path(f->vault, kept, path, sizeof path, NULL);
	age(path, 7200);
	vault_spool_path(f->vault, lost, path, sizeof path, NULL);
	unlink(path);
	snprintf(fresh, sizeof fresh, "%s", fixture_spool_file(f, "fresh.tmp"));
	age(fresh, 3599);
	snprintf(old, sizeof old, "%s", fixture_spool_file(f, "00000000000000000000000000000000.zip"));
	age(old, 3600);
	assert_int_equal(prune(f, at_once, true).orphans, 1);
	struct prune_result r = prune(f, at_once, false);
	assert_int_equal(r.orphans, 1);
	assert_int_equal(r.records, 1);
	assert_int_equal(access(fresh, F_OK), 0);
	assert_int_not_equal(access(old, F_OK), 0);
	assert_true(fixture_has(f, kept));
	assert_false(fixture_has(f, lost));
}

static void a_missing_spool_ends_nothing(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt", "token", id);
	snprintf(f->run, sizeof f->run, "%s/elsewhere", f->root);
	fixture_reopen(f, VAULT_ADMIN);
	assert_int_equal(prune(f, at_once, false).records, 0);
	assert_true(fixture_has(f, id));
}

static void many_records_end_in_batches(void **state)
{
	struct fixture *f = *state;
	const struct vault_new record = {.kind = KIND_ARCHIVE, .body = "x", .body_len = 1};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	for (int i = 0; i < 2 * PAGE_ROWS + 7; i++)
		assert_return_code(vault_put(f->vault, &record, NULL, id, &e), 0);
	fixture_time += 3600;
	assert_int_equal(prune(f, at_once, true).records, 2 * PAGE_ROWS + 7);
	assert_int_equal(prune(f, at_once, false).records, 2 * PAGE_ROWS + 7);
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 0);
	struct ledger_report report;
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
	assert_int_equal(report.size, 3);
}

static void ledger_payloads_end_when_the_policy_says(void **state)
{
	struct fixture *f = *state;
	const struct ledger_event event = {.name = "request", .payload = "personal", .payload_len = 8, .subject = "s"};
	struct ledger_report report;
	struct err e = {0};
	struct payload_row left;

	fixture_lives[KIND_LEDGER][0] = (struct policy_life){.length.days = 10, .has_length = true};
	assert_return_code(ledger_append(f->vault, &event, &e), 0);
	fixture_time += 10 * DAY;
	prune(f, at_once, false);
	assert_int_equal(f->vault->b->ledger->payload_get(f->vault->store, NULL, 0, &left, &e), 0);
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	assert_true(report.intact);
}

static void the_census_tells_count_age_and_limit(void **state)
{
	struct fixture *f = *state;
	struct census census;
	struct census_row row = {0};
	struct err e = {0};
	char id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt-a", "token-a", id);
	fixture_time += 100;
	fixture_archive(f, "receipt-b", "token-b", id);
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, &row), 2);
	assert_int_equal(row.oldest, fixture_time - 100);
	assert_int_equal(row.limit_seconds, 3600);
	assert_false(row.late);
	fixture_time += 3500;
	fixture_census(f, KIND_ARCHIVE, &row);
	assert_true(row.late);
	prune(f, at_once, false);
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, &row), 1);
	assert_false(row.late);
	assert_return_code(vault_census(f->vault, &census, &e), 0);
	assert_int_equal(census.last_prune, fixture_time);
	assert_true(census.database_bytes > 0 && census.spool_bytes == 10);
	f->policy.kinds[KIND_ARCHIVE].keep = KEEP_UNDECLARED; // held though the policy no longer says so
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, &row), 1);
	assert_true(row.late);
}

static void what_the_policy_no_longer_lets_be_stored_ends_at_once(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1];

	fixture_archive(f, "receipt", "token", id);
	fixture_log(f, "198.51.100.1", NULL);
	assert_int_equal(prune(f, at_once, false).records, 0);
	assert_true(segment_exists(f, "2026-11-22"));
	f->policy.kinds[KIND_ARCHIVE].keep = KEEP_MEMORY;
	f->policy.kinds[KIND_REQUEST_LOG].keep = KEEP_UNDECLARED;
	struct prune_result done = prune(f, at_once, false);
	assert_int_equal(done.records, 1);
	assert_int_equal(done.files, 1);
	assert_int_equal(done.log_segments, 1);
	assert_int_equal(done.log_rows, 1);
	assert_false(segment_exists(f, "2026-11-22"));
	assert_int_equal(fixture_census(f, KIND_ARCHIVE, NULL), 0);
	assert_int_equal(fixture_census(f, KIND_REQUEST_LOG, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(archives_end_with_their_files),
	    T(no_byte_of_what_is_due_is_left),
	    T(ahead_ends_what_will_be_due),
	    T(log_rows_stay_fourteen_days_and_no_second_more),
	    T(a_segment_goes_when_its_oldest_row_is_due),
	    T(what_is_dated_in_the_future_is_left_and_all_else_ends),
	    T(confirming_the_clock_ends_what_is_dated_in_the_future),
	    T(a_leap_of_the_clock_deletes_nothing),
	    T(a_site_that_was_off_for_a_month_prunes),
	    T(a_step_that_fails_keeps_none_of_the_others_from_running),
	    T(a_start_before_the_time_is_known_is_no_leap),
	    T(what_is_stored_meanwhile_is_no_clock_gone_back),
	    T(a_writer_survives_the_end_of_its_segment),
	    T(a_day_without_its_key_stays_to_its_end),
	    T(day_keys_die_with_the_last_record_of_their_day),
	    T(orphans_go_after_an_hour_and_records_without_file_at_once),
	    T(a_missing_spool_ends_nothing),
	    T(many_records_end_in_batches),
	    T(ledger_payloads_end_when_the_policy_says),
	    T(what_the_policy_no_longer_lets_be_stored_ends_at_once),
	    T(the_census_tells_count_age_and_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
