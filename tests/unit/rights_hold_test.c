// SPDX-License-Identifier: ISC
// Legal holds: exactly what a hold covers stays, everything else goes at once; lifting it or its end completes what it held back, through kill -9,
// a restart and a clock that leaps.
#include "policy/rights/at_once.h"
#include "policy/rights/erase.h"
#include "policy/rights/hold_end.h"
#include "policy/rights/hold_parts.h"
#include "tests/unit/rights_text.h"
#include "tests/unit/vault_fixture.h"
#include <signal.h>
#include <sys/wait.h>

#define RECEIPT "rJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU"
#define OTHER   "oJ2vT0c4yWkqC9mB7nZ1xL5sD3fG6hJ8kQ0wE2rT4yU"
enum { DAY = 86400, KILLS = 24 };

static const struct policy_right rights[] = {{.id = RIGHT_ERASURE, .statutory = true, .name = "Erasure", .self_service = true}};

static int hold_setup(void **state)
{
	if (fixture_setup(state) != 0)
		return -1;
	struct fixture *f = *state;
	fixture_lives[KIND_ARCHIVE][0].hold = true;
	fixture_lives[KIND_ARCHIVE][0].length = (struct duration){.days = 3};
	fixture_lives[KIND_REQUEST_LOG][0].hold = true;
	fixture_keeps(&f->policy, KIND_HOLD, (struct policy_life){.length.months = 36, .start = START_CLOSING})->ends_on_erasure = false;
	fixture_keeps(&f->policy, KIND_HOLD, (struct policy_life){.length.months = 120, .unless = CONDITION_CLOSED})->ends_on_erasure =
	    false;
	fixture_lives[KIND_RIGHTS_REQUEST][0].ends_on_erasure = false;
	f->policy.rights = rights;
	f->policy.right_count = 1;
	fixture_reopen(f, VAULT_ADMIN);
	return 0;
}

static int hold_teardown(void **state)
{
	memset(fixture_lives, 0, sizeof fixture_lives);
	return fixture_teardown(state);
}

static struct hold_new hold_of(enum hold_by by, const char *value)
{
	return (struct hold_new){.by = by,
				 .value = value,
				 .ground = "legal-claims",
				 .citation = "LG Hamburg 324 O 17/26",
				 .owner = "anna",
				 .officer = "anna",
				 .review = fixture_time + 30 * DAY,
				 .expires = fixture_time + 90 * DAY};
}

static struct hold_placed placed(struct fixture *f, const struct hold_new *hold)
{
	struct hold_placed out;
	struct err e = {0};

	if (hold_place(f->vault, hold, false, &out, &e) != 0)
		fail_msg("hold_place: %s", e.text);
	return out;
}

static struct erase_result erased(struct fixture *f, const char *receipt)
{
	struct erase_result out;
	struct err e = {0};

	if (rights_erase_everywhere(f->vault, ERASE_RECEIPT, receipt, false, &out, &e) != 0)
		fail_msg("erase: %s", e.text);
	assert_true(out.complete);
	return out;
}

static struct hold_run ran(struct fixture *f)
{
	struct hold_run run;
	struct prune_result pruned;
	struct err e = {0};

	if (hold_run_all(f->vault, &run, &e) != 0)
		fail_msg("hold_run_all: %s", e.text);
	(void)vault_prune(f->vault, (struct duration){0}, false, &pruned, &e);
	return run;
}

static void three_sets(struct fixture *f, char id[3][RECORD_ID_LEN + 1])
{
	for (int i = 0; i < 3; i++) {
		char token[16];
		snprintf(token, sizeof token, "t%d", i);
		fixture_archive(f, RECEIPT, token, id[i]);
	}
}

// One of a person's three sets; the other two go at once, and the third when the hold is lifted.
static void exactly_what_a_hold_covers_stays(void **state)
{
	struct fixture *f = *state;
	char id[3][RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1];
	struct hold_run run;
	struct err e = {0};

	three_sets(f, id);
	fixture_archive(f, OTHER, "other", other);
	const struct hold_new hold = hold_of(HOLD_BY_RECORD, id[1]);
	const struct hold_placed p = placed(f, &hold);
	assert_int_equal(p.records, 1);
	struct erase_result r = erased(f, RECEIPT);
	assert_true(r.held);
	assert_int_equal(r.stores[0].erased, 2);
	assert_false(fixture_has(f, id[0]));
	assert_true(fixture_has(f, id[1]));
	assert_false(fixture_has(f, id[2]));
	assert_true(fixture_has(f, p.id)); // the hold is found as theirs, and stays
	fixture_reopen(f, VAULT_ADMIN);
	fixture_time += 10 * DAY; // far beyond its life
	ran(f);
	assert_true(fixture_has(f, id[1]));
	assert_false(fixture_has(f, other)); // which nobody holds
	if (hold_lift(f->vault, p.id, "anna", "settled", &run, &e) != 0)
		fail_msg("%s", e.text);
	assert_int_equal(run.ended, 1);
	assert_int_equal(run.released, 1);
	ran(f);
	assert_false(fixture_has(f, id[1]));
	assert_int_not_equal(hold_lift(f->vault, p.id, "anna", "again", &run, &e), 0);
	assert_int_equal(e.code, ERR_REFUSED);
}

// What is made later is not held, or is, as the hold says.
static void later_ones_are_held_only_where_it_says_so(void **state)
{
	struct fixture *f = *state;
	char before[RECORD_ID_LEN + 1], after[RECORD_ID_LEN + 1];

	for (int later = 0; later < 2; later++) {
		const char *receipt = later ? OTHER : RECEIPT;
		struct hold_new hold = hold_of(HOLD_BY_RECEIPT, receipt);
		hold.later = later;
		fixture_archive(f, receipt, later ? "l1" : "e1", before);
		assert_int_equal(placed(f, &hold).records, 1);
		fixture_time += 60;
		fixture_archive(f, receipt, later ? "l2" : "e2", after);
		erased(f, receipt);
		assert_true(fixture_has(f, before));
		assert_int_equal(fixture_has(f, after), later);
	}
}

static struct rights_facts facts_of(struct fixture *f, const char *id, cJSON **certificate)
{
	struct vault_record record;
	struct rights_facts facts;
	struct err e = {0};

	assert_int_equal(vault_get(f->vault, id, &record, &e), 0);
	JSON_AUTO cJSON *body = json_parse(buf_text(&record.body), record.body.len, &e);
	rights_facts_read(&facts, body, record.state, record.made, when_now());
	*certificate = cJSON_Duplicate(json_get(body, "certificate"), true);
	vault_record_free(&record);
	return facts;
}

// A request waits, told and not late, and is answered with a certificate when the hold expires by itself.
static void expiry_completes_the_request(void **state)
{
	struct fixture *f = *state;
	char id[3][RECORD_ID_LEN + 1];
	struct rights_receipt receipt;
	struct err e = {0};
	const struct rights_new request = {.right = "erasure", .receipt = RECEIPT};

	three_sets(f, id);
	const struct hold_new hold = hold_of(HOLD_BY_RECORD, id[0]);
	placed(f, &hold);
	if (rights_record(f->vault, &request, &receipt, &e) != 0)
		fail_msg("%s", e.text);
	JSON_AUTO cJSON *first = NULL;
	struct rights_facts facts = facts_of(f, receipt.id, &first);
	assert_int_equal(facts.state, STATE_PARTIAL);
	assert_true(facts.held);
	assert_int_not_equal(facts.clock.ended, 0); // it was told in time
	const cJSON *kept = cJSON_GetArrayItem(json_get(first, "kept"), 0);
	assert_string_equal(json_string(kept, "ground"), "legal hold: legal-claims (Art. 17(3)(e))");
	assert_int_equal(json_time(kept, "until"), hold.expires);
	assert_int_equal(facts.held_until, hold.expires);
	fixture_time += 89 * DAY;
	assert_int_equal(ran(f).ended, 0);
	assert_true(fixture_has(f, id[0]));
	fixture_time += 2 * DAY;
	struct hold_run run = ran(f);
	assert_int_equal(run.ended, 1);
	assert_int_equal(run.answered, 1);
	assert_false(fixture_has(f, id[0]));
	JSON_AUTO cJSON *second = NULL;
	facts = facts_of(f, receipt.id, &second);
	assert_int_equal(facts.state, STATE_FULFILLED);
	assert_int_equal(json_number(cJSON_GetArrayItem(json_get(second, "stores"), 0), "erased", 0), 1);
	assert_string_not_equal(json_string(first, "cert_id"), json_string(second, "cert_id"));
}

// A plan names the end and the ground of the hold that ends last of those that cover something of it.
static void a_plan_tells_when_the_last_hold_ends(void **state)
{
	struct fixture *f = *state;
	char id[3][RECORD_ID_LEN + 1], other[RECORD_ID_LEN + 1];
	struct erase_result plan = {0};
	struct err e = {0};

	three_sets(f, id);
	fixture_archive(f, OTHER, "other", other);
	struct hold_new hold = hold_of(HOLD_BY_RECORD, id[0]);
	placed(f, &hold);
	hold = hold_of(HOLD_BY_RECORD, id[1]);
	hold.ground = "statute";
	hold.expires += 5 * DAY;
	placed(f, &hold);
	struct hold_new longer = hold_of(HOLD_BY_RECORD, other); // of somebody else
	longer.expires += 9 * DAY;
	placed(f, &longer);
	assert_int_equal(rights_erase_everywhere(f->vault, ERASE_RECEIPT, RECEIPT, true, &plan, &e), 0);
	assert_int_equal(plan.kept[0].kind, KIND_ARCHIVE);
	assert_int_equal(plan.kept[0].count, 2);
	assert_int_equal(plan.kept[0].until, hold.expires);
	assert_string_equal(certificate_ground(&plan.kept[0]), "legal hold: statute (the statute cited)");
}

// Two holds on one set: it goes when the last one does.
static void a_second_hold_keeps_it(void **state)
{
	struct fixture *f = *state;
	char id[3][RECORD_ID_LEN + 1];
	struct hold_run run;
	struct err e = {0};

	three_sets(f, id);
	const struct hold_new one = hold_of(HOLD_BY_RECORD, id[0]), all = hold_of(HOLD_BY_RECEIPT, RECEIPT);
	const struct hold_placed a = placed(f, &one), b = placed(f, &all);
	assert_int_equal(b.records, 3);
	erased(f, RECEIPT);
	assert_int_equal(hold_lift(f->vault, b.id, "anna", "over", &run, &e), 0);
	assert_int_equal(run.released, 2);
	ran(f);
	assert_true(fixture_has(f, id[0]));
	assert_false(fixture_has(f, id[1]));
	assert_int_equal(hold_lift(f->vault, a.id, "anna", "over", &run, &e), 0);
	ran(f);
	assert_false(fixture_has(f, id[0]));
}

// Of a day of the log, the rows of the address and no others.
static int rows_count(void *arg, const struct hold_row *row)
{
	*(size_t *)arg += row->log_rows;
	return 0;
}

static void log_rows_are_kept_one_by_one(void **state)
{
	struct fixture *f = *state;
	struct erase_result r;
	struct err e = {0};
	size_t kept = 0;

	for (int i = 0; i < 6; i++) {
		const struct request_log_row row = {i % 3 == 0 ? "198.51.100.7" : "203.0.113.9", "Example/1.0", NULL};
		assert_int_equal(request_log_append(f->vault, &row, &e), 0);
	}
	const struct hold_new hold = hold_of(HOLD_BY_ADDRESS, "198.51.100.7");
	const struct hold_placed p = placed(f, &hold);
	assert_int_equal(p.log_rows, 2);
	assert_int_equal(rights_erase_everywhere(f->vault, ERASE_ADDRESS, "198.51.100.7", false, &r, &e), 0);
	assert_int_equal(r.kept_count, 1); // the hold is told of
	fixture_time += 20 * DAY;
	ran(f);
	struct log_day *days;
	assert_int_equal(f->vault->b->log->days(f->vault->store, &days, &e), 0); // the day is gone, everybody's
	free(days);
	assert_int_equal(hold_each(f->vault, rows_count, &kept, &e), 0);
	assert_int_equal(kept, 2);
	JSON_AUTO cJSON *shown = hold_show(f->vault, p.id, false, &e), *whole = hold_show(f->vault, p.id, true, &e);
	assert_null(json_get(shown, "rows"));
	assert_string_equal(json_string(cJSON_GetArrayItem(json_get(whole, "rows"), 1), "address"), "198.51.100.7");
	struct hold_run run;
	assert_int_equal(hold_lift(f->vault, p.id, "anna", "over", &run, &e), 0);
	JSON_AUTO cJSON *after = hold_show(f->vault, p.id, true, &e);
	assert_null(json_get(after, "rows"));
	assert_null(json_get(after, "value"));
}

// A clock that leaps ahead ends no hold.
static void a_clock_that_leaps_ends_no_hold(void **state)
{
	struct fixture *f = *state;
	char id[3][RECORD_ID_LEN + 1];

	three_sets(f, id);
	const struct hold_new hold = hold_of(HOLD_BY_RECEIPT, RECEIPT);
	placed(f, &hold);
	ran(f);
	erased(f, RECEIPT);
	const time_t before = fixture_time;
	fixture_time += 400 * DAY;
	fixture_off += 400 * DAY; // the machine was not up for it
	assert_int_equal(ran(f).ended, 0);
	for (int i = 0; i < 3; i++)
		assert_true(fixture_has(f, id[i]));
	fixture_time = before;
	fixture_off = 0;
}

static int hold_seen(void *arg, const struct hold_row *row)
{
	struct hold_row *out = arg;

	out->active = row->active;
	out->overdue = row->overdue;
	out->placed = row->placed;
	out->records = row->records;
	out->kinds++; // how many there are
	return 0;
}

static struct hold_row listed(struct fixture *f)
{
	struct hold_row out = {0};
	struct err e = {0};

	assert_int_equal(hold_each(f->vault, hold_seen, &out, &e), 0);
	return out;
}

// Wherever the clock stands, every hold is listed, with the state that it has by the time that pruning judges by, and can be worked with.
static void a_wrong_clock_hides_no_hold(void **state)
{
	struct fixture *f = *state;
	char id[3][RECORD_ID_LEN + 1];
	struct hold_run run;
	struct err e = {0};

	three_sets(f, id);
	const struct hold_new hold = hold_of(HOLD_BY_RECEIPT, RECEIPT);
	const struct hold_placed p = placed(f, &hold);
	ran(f);
	for (int years = -30; years <= 30; years += 12) { // longer than any hold may last
		fixture_time += years * 365L * DAY;
		fixture_off += years * 365L * DAY;
		const struct hold_row row = listed(f);
		assert_int_equal(row.kinds, 1);
		assert_true(row.active && !row.overdue);
		assert_int_equal(row.records, 3);
		JSON_AUTO cJSON *shown = hold_show(f->vault, p.id, false, &e);
		assert_string_equal(json_string(shown, "state"), "active");
		erased(f, RECEIPT);
		assert_int_equal(ran(f).ended, 0);
		assert_true(fixture_has(f, id[0]) && fixture_has(f, id[1]) && fixture_has(f, id[2]));
		fixture_time -= years * 365L * DAY;
		fixture_off -= years * 365L * DAY;
	}
	// The time that the machine was up for counts, however wrong its clock is.
	fixture_time += 20 * 365L * DAY + 91 * DAY;
	fixture_off += 20 * 365L * DAY;
	run = ran(f);
	assert_int_equal(run.ended, 1);
	assert_int_equal(run.released, 3);
	fixture_time -= 20 * 365L * DAY;
	fixture_off -= 20 * 365L * DAY;
	ran(f);
	assert_false(fixture_has(f, id[0]));
}

// What is there when a hold is placed is covered, also where the clock is behind it; what is made later is not.
static void a_clock_that_is_behind_holds_what_is_there(void **state)
{
	struct fixture *f = *state;
	char id[RECORD_ID_LEN + 1], later[RECORD_ID_LEN + 1];

	fixture_archive(f, RECEIPT, "one", id);
	ran(f);
	fixture_time -= 3 * 365L * DAY;
	fixture_off -= 3 * 365L * DAY;
	const struct hold_new hold = hold_of(HOLD_BY_RECEIPT, RECEIPT);
	assert_int_equal(placed(f, &hold).records, 1);
	assert_int_equal(listed(f).records, 1);
	fixture_time += 3 * 365L * DAY + 60;
	fixture_off += 3 * 365L * DAY;
	fixture_archive(f, RECEIPT, "two", later);
	erased(f, RECEIPT);
	assert_true(fixture_has(f, id));
	assert_false(fixture_has(f, later));
}

// Each kind that an erasure can meet: it stays, the certificate says why, and it goes by itself when the hold ends; by whichever way the erasure came.
static void each_kind_stays_with_its_ground_and_goes_by_itself(void **state)
{
	struct fixture *f = *state;
	static const struct policy_life month = {.length.days = 30};
	const kind_set apart = KIND_BIT(KIND_REQUEST_LOG) | KIND_BIT(KIND_ERROR_LOG) | KIND_BIT(KIND_HOLD) | KIND_BIT(KIND_LEDGER) |
			       KIND_BIT(KIND_BACKUP) | KIND_BIT(KIND_RIGHTS_REQUEST); // no records, or what is never ended by an erasure
	size_t kinds = 0;

	for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
		if ((KIND_BIT(kind) & apart) != 0)
			continue;
		f->policy.kinds[kind].life_count = 0;
		fixture_keeps(&f->policy, kind, month)->hold = true;
		kinds++;
	}
	assert_true(kinds >= 15);
	fixture_reopen(f, VAULT_ADMIN);
	for (int way = 0; way < 3; way++) { // by an officer, by the person, by a request
		char first[RECORD_ID_LEN + 1] = "";
		struct hold_run run;
		struct erase_result result = {0};
		struct err e = {0};
		char receipt[TOKEN_LEN + 1];
		token_new(receipt);
		for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
			char id[RECORD_ID_LEN + 1];
			const bool file = kind == KIND_ARCHIVE || kind == KIND_GALLERY;
			const struct vault_new record = {.kind = kind,
							 .subject = receipt,
							 .body = "{\"a\":1}",
							 .body_len = 7,
							 .file = file ? fixture_spool_file(f, kind_row(kind)->name) : NULL};
			if ((KIND_BIT(kind) & apart) != 0)
				continue;
			if (vault_put(f->vault, &record, NULL, id, &e) != 0)
				fail_msg("%s: %s", kind_row(kind)->name, e.text);
			if (*first == '\0')
				memcpy(first, id, sizeof first);
		}
		struct hold_new hold = hold_of(HOLD_BY_RECEIPT, receipt);
		const struct hold_placed p = placed(f, &hold);
		assert_int_equal(p.records, kinds);
		BUF_AUTO struct buf certificate = BUF_INIT(CERTIFICATE_FILE_MAX);
		struct rights_receipt asked = {0};
		JSON_AUTO cJSON *told = NULL;
		if (way == 0) {
			result = erased(f, receipt);
			assert_int_equal(result.stores[0].kept, kinds + 1); // and the hold itself
		} else if (way == 1) {
			assert_int_equal(rights_text(&certificate, rights_erase(f->vault, receipt, &e)), 0);
			told = json_parse(buf_text(&certificate), certificate.len, &e);
		} else {
			const struct rights_new request = {.right = "erasure", .receipt = receipt};
			assert_int_equal(rights_record(f->vault, &request, &asked, &e), 0);
			assert_true(facts_of(f, asked.id, &told).held);
		}
		if (way != 0)
			assert_string_equal(json_string(told, "outcome"), "held");
		for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
			const cJSON *kept, *found = NULL;
			if ((KIND_BIT(kind) & apart) != 0)
				continue;
			assert_int_equal(fixture_census(f, kind, NULL), 1);
			cJSON_ArrayForEach(kept, json_get(told, "kept"))
			{
				found = strcmp(json_string(kept, "kind"), kind_row(kind)->name) == 0 ? kept : found;
			}
			if (way != 0)
				assert_memory_equal(json_string(found, "ground"), "legal hold", strlen("legal hold"));
		}
		if (hold_lift(f->vault, p.id, "anna", "settled", &run, &e) != 0)
			fail_msg("%s", e.text);
		assert_int_equal(run.released, kinds);
		assert_int_equal(run.answered, way == 2);
		ran(f);
		for (enum kind kind = 0; kind < KIND_COUNT; kind++)
			if ((KIND_BIT(kind) & apart) == 0)
				assert_int_equal(fixture_census(f, kind, NULL), 0);
		if (way == 2) {
			cJSON_Delete(told);
			told = NULL;
			assert_int_equal(facts_of(f, asked.id, &told).state, STATE_FULFILLED);
			assert_string_equal(json_string(told, "outcome"), "erased");
		}
		struct census census;
		assert_int_equal(vault_census(f->vault, &census, &e), 0);
		assert_int_equal(census.spool_bytes, 0);
	}
}

static void what_is_refused_says_why(void **state)
{
	struct fixture *f = *state;
	char id[3][RECORD_ID_LEN + 1];
	struct hold_placed out;
	struct err e = {0};

	three_sets(f, id);
	f->policy.kinds[KIND_TICKET].line = 77;
	for (int i = 0; i < 10; i++) {
		struct hold_new hold = hold_of(HOLD_BY_RECEIPT, RECEIPT);
		static const char *const says[] = {"a ground is needed, one of: legally-required",
						   "a citation is needed",
						   "needs a review date to come",
						   "needs a review date to come",
						   "lets no hold last beyond",
						   "line 77, <kind id=\"ticket\">, has no life with hold=\"yes\"",
						   "nothing of it is kept",
						   "cannot be held: place another hold",
						   "no such record",
						   "there is no such request"};
		hold.ground = i == 0 ? "because" : hold.ground;
		hold.citation = i == 1 ? "" : hold.citation;
		hold.review = i == 2 ? fixture_time : hold.review;
		hold.expires = i == 3 ? fixture_time + DAY : i == 4 ? fixture_time + 4000L * DAY : hold.expires;
		hold.kinds = i == 5 ? KIND_BIT(KIND_ARCHIVE) | KIND_BIT(KIND_TICKET) : 0;
		hold.value = i == 6 ? OTHER : i == 7 ? "198.51.100.7" : hold.value;
		hold.by = i == 7 ? HOLD_BY_ADDRESS : i == 8 ? HOLD_BY_RECORD : i == 9 ? HOLD_BY_REQUEST : hold.by;
		hold.value = i >= 8 ? "0123456789abcdef0123456789abcdef" : hold.value;
		hold.later = i == 7;
		assert_int_equal(hold_place(f->vault, &hold, false, &out, &e), -1);
		if (strstr(e.text, says[i]) == NULL)
			fail_msg("%d: \"%s\" does not say \"%s\"", i, e.text, says[i]);
	}
	for (const struct hold_ground *g = hold_grounds; g->name != NULL; g++) { // each of the list is taken
		struct hold_new hold = hold_of(HOLD_BY_RECEIPT, RECEIPT);
		hold.ground = g->name;
		placed(f, &hold);
	}
	f->policy.kinds[KIND_HOLD].keep = KEEP_UNDECLARED;
	const struct hold_new hold = hold_of(HOLD_BY_RECEIPT, RECEIPT);
	assert_int_equal(hold_place(f->vault, &hold, false, &out, &e), -1);
	assert_non_null(strstr(e.text, "no <kind id=\"hold\">"));
	f->policy.kinds[KIND_HOLD].keep = KEEP_STORED;
}

static int overdue_count(void *arg, const struct hold_row *row)
{
	*(size_t *)arg += row->overdue;
	return 0;
}

static void a_review_that_is_overdue_is_seen(void **state)
{
	struct fixture *f = *state;
	char id[3][RECORD_ID_LEN + 1];
	struct err e = {0};
	size_t overdue = 0;

	three_sets(f, id);
	const struct hold_new hold = hold_of(HOLD_BY_RECEIPT, RECEIPT);
	const struct hold_placed p = placed(f, &hold);
	fixture_time += 31 * DAY;
	assert_int_equal(hold_each(f->vault, overdue_count, &overdue, &e), 0);
	assert_int_equal(overdue, 1);
	assert_int_not_equal(hold_review(f->vault, p.id, "anna", NULL, fixture_time + DAY, 0, &e), 0); // without a reason
	assert_int_not_equal(hold_review(f->vault, p.id, "anna", "still", fixture_time + 4000L * DAY, 0, &e), 0);
	assert_int_equal(hold_review(f->vault, p.id, "anna", "the case is still open", fixture_time + 20 * DAY, 0, &e), 0);
	overdue = 0;
	assert_int_equal(hold_each(f->vault, overdue_count, &overdue, &e), 0);
	assert_int_equal(overdue, 0);
}

static int active_count(void *arg, const struct hold_row *row)
{
	*(size_t *)arg += row->active;
	return 0;
}

// Whenever the process is killed: what a hold covers is there, and once none covers it, the next run completes the erasure.
static void kill_at_any_moment_loses_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned seed = 20261128;

	for (int round = 0; round < KILLS; round++) {
		char id[3][RECORD_ID_LEN + 1];
		struct err e = {0};
		size_t active = 0;
		int to[2], status;
		char told = 0;
		three_sets(f, id);
		vault_close(f->vault);
		f->vault = NULL;
		assert_int_equal(pipe(to), 0);
		pid_t child = fork();
		if (child == 0) {
			struct hold_run run;
			fixture_reopen(f, VAULT_ADMIN);
			const struct hold_new hold = hold_of(HOLD_BY_RECORD, id[1]);
			const struct hold_placed p = placed(f, &hold);
			(void)!write(to[1], "p", 1);
			erased(f, RECEIPT);
			(void)!write(to[1], "e", 1);
			(void)hold_lift(f->vault, p.id, "anna", "over", &run, &e);
			(void)!write(to[1], "l", 1);
			pause();
		}
		close(to[1]);
		usleep((useconds_t)(1000 + rand_r(&seed) % 40000));
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		for (char one; read(to[0], &one, 1) == 1;)
			told = one;
		close(to[0]);
		fixture_reopen(f, VAULT_ADMIN);
		ran(f);
		assert_int_equal(hold_each(f->vault, active_count, &active, &e), 0);
		if (active > 0)
			assert_true(fixture_has(f, id[1]));
		if (told == 'p' || told == 'e')
			assert_true(active > 0 || told == 'e');
		if (told == 'l' || (told == 'e' && active == 0))
			assert_false(fixture_has(f, id[1]));
		if (told == 'e' || told == 'l')
			assert_true(!fixture_has(f, id[0]) && !fixture_has(f, id[2]));
		fixture_time += 100 * DAY; // what is left ends by itself
		ran(f);
		ran(f);
		assert_false(fixture_has(f, id[1]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(exactly_what_a_hold_covers_stays, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(later_ones_are_held_only_where_it_says_so, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(expiry_completes_the_request, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(a_plan_tells_when_the_last_hold_ends, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(a_second_hold_keeps_it, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(log_rows_are_kept_one_by_one, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(a_clock_that_leaps_ends_no_hold, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(a_wrong_clock_hides_no_hold, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(a_clock_that_is_behind_holds_what_is_there, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(each_kind_stays_with_its_ground_and_goes_by_itself, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(what_is_refused_says_why, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(a_review_that_is_overdue_is_seen, hold_setup, hold_teardown),
	    cmocka_unit_test_setup_teardown(kill_at_any_moment_loses_nothing, hold_setup, hold_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
