// SPDX-License-Identifier: ISC
// The ledger's static files: written step by step they are those that are written at once; what is kept no longer goes from them, and the rest holds.
#include "policy/base/array.h"
#include "policy/vault/segment.h"
#include "policy/vault/tiles.h"
#include "tests/unit/vault_fixture.h"

static void grow_and_sign(struct fixture *f, int count)
{
	struct buf note BUF_AUTO = BUF_INIT(4096);
	struct err e = {0};

	for (int i = 0; i < count; i++)
		assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "generation"}, &e), 0);
	if (ledger_checkpoint(f->vault, &note, &e) != 0)
		fail_msg("%s", e.text);
}

static void publish_to(struct fixture *f, const char *name)
{
	struct err e = {0};
	char folder[256];

	snprintf(folder, sizeof folder, "%s/%s", f->root, name);
	assert_return_code(folder_make(folder, 0755, &e), 0);
	if (tiles_publish(f->vault, folder, &e) != 0)
		fail_msg("%s: %s", name, e.text);
}

static int shell(const struct fixture *f, const char *command)
{
	char whole[1024];

	snprintf(whole, sizeof whole, "cd '%s' && %s", f->root, command);
	return system(whole);
}

// Whoever has a checkpoint that was signed a while ago can still verify it.
static void partial_tiles_of_signed_sizes_stay_until_the_full_one_is_there(void **state)
{
	struct fixture *f = *state;
	struct prune_result r;
	struct err e = {0};

	grow_and_sign(f, 61);
	publish_to(f, "site");
	assert_int_equal(shell(f, "cp site/tile/0/000.p/61 first"), 0);
	grow_and_sign(f, 72);
	publish_to(f, "site");
	assert_int_equal(
	    shell(f, "cmp first site/tile/0/000.p/61 && test -e site/tile/entries/000.p/61.gz && test -e site/tile/0/000.p/133"), 0);
	grow_and_sign(f, 200);
	publish_to(f, "site");
	assert_int_equal(shell(f, "test -e site/tile/0/000 && test ! -e site/tile/0/000.p && test ! -e site/tile/entries/000.p"), 0);
	assert_int_equal(shell(f, "test -e site/tile/0/001.p/77 && test -e site/tile/1/000.p/1"), 0);
	// But what has ended is in none.
	fixture_lives[KIND_LEDGER][0] = (struct policy_life){.length.days = 10, .has_length = true};
	fixture_time += 6 * 86400;
	grow_and_sign(f, 10);
	publish_to(f, "site");
	fixture_time += 5 * 86400;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
	assert_int_equal(r.ledger_events, 333);
	publish_to(f, "site");
	assert_int_equal(shell(f, "test ! -e site/tile/entries/001.p/77.gz && test -e site/tile/entries/001.p/87.gz"), 0);
}

static void step_by_step_is_as_at_once(void **state)
{
	struct fixture *f = *state;
	static const int steps[] = {1, 99, 155, 1, 1, 43, 212, 300};

	publish_to(f, "steps"); // nothing is signed: nothing is written
	assert_int_equal(shell(f, "test -z \"$(ls -A steps)\""), 0);
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		grow_and_sign(f, steps[i]);
		publish_to(f, "steps");
		publish_to(f, "steps");
	}
	publish_to(f, "once");
	assert_int_equal(shell(f, "diff -r -x '*.p' steps once && diff -r steps/tile/0/003.p/44 once/tile/0/003.p/44 && test $(find "
				  "once/tile -type f | wc -l) = 9"),
			 0);
	assert_int_equal(shell(f, "test $(stat -c %s once/tile/0/002) = 8192 && test $(stat -c %s once/tile/1/000.p/3) = 96"), 0);
	assert_int_equal(shell(f, "grep -q '\"minimum_index\":0,\"size\":812,' once/.well-known/ledger.json"), 0);
	// A tile that was lost or altered shows in the root, and is made anew.
	assert_int_equal(shell(f, "printf x >steps/tile/1/000.p/3"), 0);
	grow_and_sign(f, 3);
	publish_to(f, "steps");
	publish_to(f, "again");
	assert_int_equal(shell(f, "diff -r -x '*.p' steps again && cmp steps/tile/1/000.p/3 again/tile/1/000.p/3"), 0);
}

static void what_is_kept_no_longer_is_not_published(void **state)
{
	struct fixture *f = *state;
	struct prune_result r;
	struct err e = {0};

	fixture_lives[KIND_LEDGER][0] = (struct policy_life){.length.days = 10, .has_length = true};
	f->vault->segment_level = 9; // 512
	grow_and_sign(f, 1100);
	publish_to(f, "site");
	assert_return_code(segment_close_all(f->vault, &e), 0);
	fixture_time += 11 * 86400;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
	assert_int_equal(r.ledger_events, 1100);
	grow_and_sign(f, 5);
	publish_to(f, "site");
	assert_int_equal(shell(f, "test ! -e site/tile/0/003 && test ! -e site/tile/entries/000.gz && test -e site/tile/1/000.p/4"), 0);
	assert_int_equal(shell(f, "grep -q '\"minimum_index\":1100,' site/.well-known/ledger.json"), 0);
	publish_to(f, "anew"); // as after a restore, which brings no tiles back
	assert_int_equal(shell(f, "diff -r -x '*.p' site anew"), 0);
}

// Of a ledger that never filled a segment: what has ended is in no file, and all can be published anew.
static void entries_of_a_small_site_end_in_its_files_too(void **state)
{
	struct fixture *f = *state;
	struct prune_result r;
	struct err e = {0};

	fixture_lives[KIND_LEDGER][0] = (struct policy_life){.length.days = 10, .has_length = true};
	assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "generation", .details = "{\"old\":1}"}, &e), 0);
	grow_and_sign(f, 299);
	publish_to(f, "site");
	fixture_time += 6 * 86400;
	assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "generation", .details = "{\"new\":1}"}, &e), 0);
	grow_and_sign(f, 300);
	publish_to(f, "site");
	assert_int_equal(shell(f, "zcat site/tile/entries/000.gz | grep -qa old"), 0);
	fixture_time += 5 * 86400;
	assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
	assert_int_equal(r.ledger_events, 300);
	publish_to(f, "site"); // before the next checkpoint, too
	assert_int_equal(shell(f, "test ! -e site/tile/entries/000.gz && test ! -e site/tile/0/000 && grep -q '\"minimum_index\":300,' "
				  "site/.well-known/ledger.json"),
			 0);
	assert_int_equal(shell(f, "test $(zcat site/tile/entries/001.gz | head -c 88 | tr -d '\\0' | wc -c) = 0 && "
				  "zcat site/tile/entries/001.gz | tail -c +91 | grep -qam1 new"),
			 0);
	grow_and_sign(f, 5);
	publish_to(f, "site");
	publish_to(f, "anew");
	assert_int_equal(shell(f, "diff -r -x '*.p' site anew"), 0);
}

static int64_t number_of(const struct fixture *f, const char *sql)
{
	char command[512], text[32] = "";

	snprintf(command, sizeof command, "sqlite3 '%s/vault.db' \"%s\"", f->state, sql);
	FILE *out = popen(command, "r");
	assert_non_null(out);
	assert_non_null(fgets(text, sizeof text, out));
	pclose(out);
	return strtoll(text, NULL, 10);
}

static int64_t rows_left(const struct fixture *f)
{
	return number_of(f, "SELECT count(*) FROM segment");
}

// Each entry ends by itself, for years: what is left of them hardly grows, and is what others need who verify.
static void what_ends_one_by_one_leaves_little(void **state)
{
	enum { DAY = 86400, EACH_DAY = 20, ENDED_A_BLOCK = 255 };
	struct fixture *f = *state;
	struct buf note BUF_AUTO = BUF_INIT(4096), proof BUF_AUTO = BUF_INIT(16384);
	struct prune_result r;
	struct ledger_report report;
	struct err e = {0};
	uint64_t size, first;
	const int days = (int)trust_size(40, 1000);

	fixture_lives[KIND_LEDGER][0] = (struct policy_life){.length.days = 10, .has_length = true};
	for (int i = 0; i < days * EACH_DAY; i++) {
		assert_return_code(ledger_append(f->vault, &(struct ledger_event){.name = "generation"}, &e), 0);
		fixture_time += DAY / EACH_DAY;
		assert_return_code(vault_prune(f->vault, (struct duration){0}, false, &r, &e), 0);
		assert_true(r.ledger_events <= 2); // an entry, and one that tells of another's end
		buf_reset(&note);
		assert_return_code(ledger_checkpoint(f->vault, &note, &e), 0);
		if (i == 300)
			publish_to(f, "site");
	}
	publish_to(f, "site");
	publish_to(f, "anew");
	assert_int_equal(shell(f, "diff -r site/.well-known anew/.well-known && diff -r site/tile/0 anew/tile/0"), 0);
	assert_return_code(ledger_size(f->vault, &size, &e), 0);
	assert_return_code(ledger_first(f->vault, &first, &e), 0);
	assert_true(size <= (uint64_t)(2 * days * EACH_DAY) && size - first <= 2 * 11 * EACH_DAY && first > 2 * ENDED_A_BLOCK);
	assert_true(rows_left(f) <= 2 * ENDED_A_BLOCK + (int64_t)(first >> 16) &&
		    rows_left(f) == (int64_t)(first % 256 + first / 256 % 256 + (first >> 16)));
	// One signed checkpoint a day, of those up to there.
	char sql[160];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM checkpoint WHERE size <= %llu", (unsigned long long)first);
	assert_in_range(number_of(f, sql), days - 12, days - 9);
	snprintf(sql, sizeof sql, "SELECT count(*) FROM checkpoint WHERE size > %llu", (unsigned long long)first);
	assert_in_range(number_of(f, sql), 9 * EACH_DAY, 11 * EACH_DAY);
	fixture_reopen(f, VAULT_ADMIN);
	assert_return_code(ledger_verify(f->vault, LEDGER_WHOLE, &report, &e), 0);
	if (!report.intact || report.missing != first)
		fail_msg("%s", report.finding);
	assert_return_code(ledger_proof(f->vault, PROOF_OF_EVENT, first, &proof, &e), 0);
	print_message("%d days, %llu of %llu entries kept, %lld rows for the rest\n", days, (unsigned long long)(size - first),
		      (unsigned long long)size, (long long)rows_left(f));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	    T(step_by_step_is_as_at_once), T(partial_tiles_of_signed_sizes_stay_until_the_full_one_is_there),
	    T(what_is_kept_no_longer_is_not_published), T(entries_of_a_small_site_end_in_its_files_too),
	    T(what_ends_one_by_one_leaves_little)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
